// SPDX-License-Identifier: MIT
/* What drivers ask of their node (device.h). The messages name the node, so that a wrong tree
 * can be mended. */
#include "drivers/base/device.h"

#include "lib/abi/errno.h"
#include "lib/fdt.h"
#include "mm/pmm/kmap.h"

int device_registers(const struct device *dev, u32 index, size_t least_bytes, paddr_t *pa)
{
	u64 size_bytes;
	if (fdt_reg(dev->tree, dev->node, index, pa, &size_bytes) != 0) {
		device_error(dev, "no usable entry %u in its reg", index);
		return -EINVAL;
	}
	if (size_bytes < least_bytes) {
		device_error(dev, "entry %u of its reg has %lu bytes, not %lu", index,
			     (unsigned long)size_bytes, (unsigned long)least_bytes);
		return -EINVAL;
	}
	return 0;
}

int device_map(const struct device *dev, u32 index, size_t least_bytes, u8 **base)
{
	paddr_t pa;
	const int error = device_registers(dev, index, least_bytes, &pa);
	if (error != 0)
		return error;
	u8 *const mapped = kmap_device(pa, least_bytes);
	if (mapped == NULL) {
		device_error(dev, "no memory to map its registers");
		return -ENOMEM;
	}
	*base = mapped;
	return 0;
}

int device_irq(const struct device *dev, u32 index, struct irq_line *line)
{
	if (fdt_interrupt(dev->tree, dev->node, index, &line->number, &line->controller) != 0) {
		device_error(dev, "no usable entry %u in its interrupts", index);
		return -EINVAL;
	}
	return 0;
}

u32 device_u32(const struct device *dev, const char *name, u32 otherwise)
{
	u32 value;
	return fdt_prop_u32(dev->tree, dev->node, name, &value) == 0 ? value : otherwise;
}
