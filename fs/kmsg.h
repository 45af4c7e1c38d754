/* SPDX-License-Identifier: MIT */
/* /dev/kmsg, which fs/devfs.c registers. */
#pragma once

#include "fs/file.h"

extern const struct file_ops kmsg_ops;
