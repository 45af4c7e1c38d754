/* SPDX-License-Identifier: MIT */
/* readv, writev and their relatives. struct iovec is struct user_iovec of fs/uio.h. */
#pragma once

#define UIO_FASTIOV 8
#define UIO_MAXIOV  1024

#define RWF_HIPRI  0x00000001
#define RWF_DSYNC  0x00000002
#define RWF_SYNC   0x00000004
#define RWF_NOWAIT 0x00000008
#define RWF_APPEND 0x00000010
