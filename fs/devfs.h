/* SPDX-License-Identifier: MIT */
/* devtmpfs: a tmpfs that begins with a node for every registered device. */
#pragma once

#include "fs/fs.h"

/* null zero full random urandom. Once. */
int devfs_init(void);
/* NULL: no memory. */
struct filesystem *devfs_create(void);
