/* SPDX-License-Identifier: MIT */
/*
 * Character devices by number. A device node anywhere opens what is registered under its number;
 * /dev is filled from the same list (fs/devfs.c). Devices are never unregistered.
 */
#pragma once

#include "fs/file.h"

struct chrdev {
	const char *name; /* below /dev */
	u64 rdev;
	u32 permissions;
	const struct file_ops *ops;
	void *private;
};

/* @d is copied; what it points to lives forever. -EEXIST: the name or number is taken; -ENOSPC. */
int chrdev_register(const struct chrdev *d);
/* What @f, newly made on an inode of number @rdev, does. -ENXIO: no such device. Context: may
 * sleep. */
int chrdev_open(struct file *f, u64 rdev);
/* The @index-th device; NULL: no more. */
const struct chrdev *chrdev_at(size_t index);
