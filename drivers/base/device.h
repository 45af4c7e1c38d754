/* SPDX-License-Identifier: MIT */
/*
 * Devices and the drivers that serve them. A device is a node of the device tree; a driver says
 * which `compatible` strings it serves; binding (bind.c) brings them together. Nothing about a
 * board is compiled in.
 */
#pragma once

#include "drivers/base/irq.h"
#include "kernel/core/printk.h"
#include "lib/compiler.h"
#include "lib/fdt.h"
#include "lib/types.h"

struct driver;

/* A node while its driver looks at it; a driver keeps what it needs, not this. */
struct device {
	const struct fdt *tree;
	u32 node;
	const struct driver *driver;
	char path[96]; /* the node's, for messages */
};

/* Stages run one after the other, whatever the order in the tree. */
enum driver_stage {
	DRIVER_INTERRUPTS, /* controllers: the others register lines with them */
	DRIVER_DEVICE,
	DRIVER_STAGES
};

struct driver {
	const char *name;
	enum driver_stage stage;
	const char *const *compatible; /* ends with NULL */
	/* Bring the device into service. An error has been reported with device_error() by then,
	 * and the system goes on without the device. */
	int (*probe)(const struct device *dev);
};

/* One per driver file; the linker gathers them in no particular order: between drivers_start and
 * drivers_end in the kernel, and in host tests where it marks any section whose name could be C's.
 */
#ifdef HOST_TEST
#define DRIVER_SECTION "drivers_table"
#else
#define DRIVER_SECTION ".drivers"
#endif
#define DRIVER_REGISTER(name)                                                                    \
	static const struct driver *const name##_registration __used __section(DRIVER_SECTION) = \
		&(name)

#define device_error(dev, format, ...) \
	pr_err("%s: %s: " format "\n", (dev)->driver->name, (dev)->path, ##__VA_ARGS__)

/*
 * What the node says, with an error that names the node where it is missing or wrong.
 * device_registers: where in physical memory; -EINVAL if missing or shorter than @least_bytes.
 * device_map: the same, mapped; -ENOMEM.
 * device_irq: the interrupt line at @index; -EINVAL.
 */
__must_check int device_registers(const struct device *dev, u32 index, size_t least_bytes,
				  paddr_t *pa);
__must_check int device_map(const struct device *dev, u32 index, size_t least_bytes, u8 **base);
__must_check int device_irq(const struct device *dev, u32 index, struct irq_line *line);

/* The number property @name, @otherwise if the node has none. */
u32 device_u32(const struct device *dev, const char *name, u32 otherwise);
