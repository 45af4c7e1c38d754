/* SPDX-License-Identifier: MIT */
#include "fs/chrdev.h"

#include "lib/abi/errno.h"
#include "lib/string.h"

#define DEVICES_MAX 64

/* Entries below device_count are complete and never change, so readers need no lock: the count is
 * stored with release after the entry, and loaded with acquire. */
static struct chrdev devices[DEVICES_MAX];
static size_t device_count;
static struct spinlock register_lock = SPINLOCK_INIT("character devices", RANK_DEVICE);

const struct chrdev *chrdev_at(size_t index)
{
	return index < __atomic_load_n(&device_count, __ATOMIC_ACQUIRE) ? &devices[index] : NULL;
}

int chrdev_register(const struct chrdev *d)
{
	int err = 0;
	spin_lock(&register_lock);
	for (size_t i = 0; i < device_count; i++)
		if (devices[i].rdev == d->rdev || strcmp(devices[i].name, d->name) == 0)
			err = -EEXIST;
	if (device_count == DEVICES_MAX)
		err = -ENOSPC;
	if (err == 0) {
		devices[device_count] = *d;
		__atomic_store_n(&device_count, device_count + 1, __ATOMIC_RELEASE);
	}
	spin_unlock(&register_lock);
	return err;
}

int chrdev_open(struct file *f, u64 rdev)
{
	const struct chrdev *d = NULL;
	for (size_t i = 0; (d = chrdev_at(i)) != NULL && d->rdev != rdev;)
		i++;
	if (d == NULL)
		return -ENXIO;
	f->ops = d->ops;
	f->private = d->private;
	return d->ops->open != NULL ? d->ops->open(f) : 0;
}
