/* SPDX-License-Identifier: MIT */
/* wait4 and waitid, and the status they report. */
#pragma once

#include "lib/types.h"

#define WNOHANG    0x00000001
#define WUNTRACED  0x00000002
#define WSTOPPED   WUNTRACED
#define WEXITED    0x00000004
#define WCONTINUED 0x00000008
#define WNOWAIT    0x01000000

#define __WNOTHREAD 0x20000000
#define __WALL      0x40000000
#define __WCLONE    0x80000000

#define P_ALL   0
#define P_PID   1
#define P_PGID  2
#define P_PIDFD 3

/* The status of wait4. The core flag goes with a signal's number. */
#define WAIT_STATUS_CORE      0x80U
#define WAIT_STATUS_CONTINUED 0xffffU

static inline u32 wait_status_exited(u32 code)
{
	return (code & 0xffU) << 8;
}
static inline u32 wait_status_signaled(u32 sig, bool core)
{
	return sig | (core ? WAIT_STATUS_CORE : 0);
}
static inline u32 wait_status_stopped(u32 sig)
{
	return (sig << 8) | 0x7fU;
}
