/* SPDX-License-Identifier: MIT */
#pragma once

#include "fs/file.h"

/* ioctl(2) on a terminal (ioctl_tty(2)). -ENOTTY for what is not known, -EIO after a hang-up. */
s64 tty_ioctl(struct file *f, u32 command, u64 arg);
