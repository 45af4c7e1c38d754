/* SPDX-License-Identifier: MIT */
/* Bringing drivers and nodes of the device tree together. */
#pragma once

#include "drivers/base/device.h"

/* The first of @drivers that serves @node; NULL: none. */
const struct driver *driver_match(const struct fdt *tree, u32 node,
				  const struct driver *const *drivers, size_t count);

/*
 * Probe every enabled node that one of @drivers serves, stage after stage; a node below a disabled
 * one is disabled. A line in the log for each that was bound. Returns how many were.
 */
u32 drivers_bind(const struct fdt *tree, const struct driver *const *drivers, size_t count);
