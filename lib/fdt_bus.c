/* SPDX-License-Identifier: MIT */
/*
 * What a node's numbers mean depends on the nodes around it: the bus above says how many cells an
 * address has and how it maps to its own parent, the interrupt controller how many cells an
 * interrupt has. Here that is resolved. Like fdt.c, this runs before the kernel's own addresses are
 * valid.
 */
#include "lib/abi/errno.h"
#include "lib/fdt.h"

/* Devicetree Specification 0.4, 2.3.5: what holds where a bus does not say. */
#define DEFAULT_ADDRESS_CELLS 2
#define DEFAULT_SIZE_CELLS    1

#define CELL_BYTES 4U
#define CELLS_MAX  4 /* of one number; a PCI address has 3 */

static u32 cells_of(const struct fdt *f, u32 node, const char *name, u32 otherwise)
{
	u32 cells;

	return fdt_prop_u32(f, node, name, &cells) == 0 ? cells : otherwise;
}

u32 fdt_address_cells(const struct fdt *f, u32 bus)
{
	return cells_of(f, bus, "#address-cells", DEFAULT_ADDRESS_CELLS);
}

u32 fdt_size_cells(const struct fdt *f, u32 bus)
{
	return cells_of(f, bus, "#size-cells", DEFAULT_SIZE_CELLS);
}

/* Entry @index of @node's reg, in the address space of @bus, its parent. */
static int reg_on_bus(const struct fdt *f, u32 node, u32 bus, u32 index, u64 *addr, u64 *size_bytes)
{
	const u32 address_cells = fdt_address_cells(f, bus);
	const u32 size_cells = fdt_size_cells(f, bus);
	u32 len, entry_cells, first;
	u64 a, s;

	if (fdt_prop(f, node, "reg", &len) == NULL)
		return -ENOENT;
	if (address_cells == 0 || address_cells > 2 || size_cells > 2)
		return -EINVAL;
	entry_cells = address_cells + size_cells;
	if (len % (entry_cells * CELL_BYTES) != 0)
		return -EINVAL;
	if (index >= len / (entry_cells * CELL_BYTES))
		return -ENOENT;
	first = index * entry_cells;
	if (fdt_prop_cells(f, node, "reg", first, address_cells, &a) != 0 ||
	    fdt_prop_cells(f, node, "reg", first + address_cells, size_cells, &s) != 0)
		return -EINVAL;
	*addr = a;
	*size_bytes = s;
	return 0;
}

int fdt_reg_raw(const struct fdt *f, u32 node, u32 index, u64 *addr, u64 *size_bytes)
{
	return reg_on_bus(f, node, fdt_parent(f, node), index, addr, size_bytes);
}

/*
 * Translate [@addr, @addr + @size_bytes) from @bus's address space to that of @parent, the bus
 * above. No ranges: the children cannot be reached from above; empty: the addresses are the same.
 */
static int translate(const struct fdt *f, u32 bus, u32 parent, u64 *addr, u64 size_bytes)
{
	const u32 child_cells = fdt_address_cells(f, bus);
	const u32 parent_cells = fdt_address_cells(f, parent);
	const u32 size_cells = fdt_size_cells(f, bus);
	u32 len, entry_cells;

	if (fdt_prop(f, bus, "ranges", &len) == NULL)
		return -EINVAL;
	if (len == 0)
		return 0;
	if (child_cells > 2 || parent_cells > 2 || size_cells > 2)
		return -EINVAL;
	entry_cells = child_cells + parent_cells + size_cells;
	if (entry_cells == 0)
		return -EINVAL;
	for (u32 i = 0; i < len / (entry_cells * CELL_BYTES); i++) {
		const u32 first = i * entry_cells;
		u64 from, to, window;

		if (fdt_prop_cells(f, bus, "ranges", first, child_cells, &from) != 0 ||
		    fdt_prop_cells(f, bus, "ranges", first + child_cells, parent_cells, &to) != 0 ||
		    fdt_prop_cells(f, bus, "ranges", first + child_cells + parent_cells, size_cells,
				   &window) != 0)
			return -EINVAL;
		if (*addr >= from && *addr - from < window &&
		    size_bytes <= window - (*addr - from)) {
			*addr = to + (*addr - from);
			return 0;
		}
	}
	return -EINVAL;
}

int fdt_reg(const struct fdt *f, u32 node, u32 index, u64 *addr, u64 *size_bytes)
{
	u32 bus = fdt_parent(f, node);
	u64 a, s;
	int err = reg_on_bus(f, node, bus, index, &a, &s);

	if (err != 0)
		return err;
	/* The root is the processors' own address space. */
	for (u32 above = fdt_parent(f, bus); above != FDT_NONE; above = fdt_parent(f, bus)) {
		err = translate(f, bus, above, &a, s);
		if (err != 0)
			return err;
		bus = above;
	}
	*addr = a;
	*size_bytes = s;
	return 0;
}

/* Cells of an interrupt at @controller; 0 if that is no controller. */
static u32 interrupt_cells(const struct fdt *f, u32 controller)
{
	const u32 cells = cells_of(f, controller, "#interrupt-cells", 0);

	return cells <= CELLS_MAX ? cells : 0;
}

int fdt_interrupt_extended(const struct fdt *f, u32 node, u32 index, u32 *controller, u32 *cell0)
{
	const char *const name = "interrupts-extended";
	u32 at = 0;
	u32 len;

	if (fdt_prop(f, node, name, &len) == NULL)
		return -ENOENT;
	/* Entries differ in length, so those before @index have to be looked at too. */
	for (u32 i = 0; at < len / CELL_BYTES; i++) {
		u64 phandle, cell;
		u32 cells, found;

		if (fdt_prop_cells(f, node, name, at, 1, &phandle) != 0)
			return -EINVAL;
		found = fdt_by_phandle(f, (u32)phandle);
		cells = interrupt_cells(f, found);
		if (cells == 0 || fdt_prop_cells(f, node, name, at + cells, 1, &cell) != 0)
			return -EINVAL; /* no controller, or the entry is cut off */
		if (i == index && fdt_prop_cells(f, node, name, at + 1, 1, &cell) == 0) {
			*controller = found;
			*cell0 = (u32)cell;
			return 0;
		}
		at += 1 + cells;
	}
	return -ENOENT;
}

/* 2.4: the nearest interrupt-parent, of the node itself or above, says who the controller is. */
static u32 interrupt_parent(const struct fdt *f, u32 node)
{
	while (node != FDT_NONE) {
		u32 phandle;

		if (fdt_prop_u32(f, node, "interrupt-parent", &phandle) == 0)
			return fdt_by_phandle(f, phandle);
		node = fdt_parent(f, node);
		if (interrupt_cells(f, node) != 0)
			return node;
	}
	return FDT_NONE;
}

int fdt_interrupt(const struct fdt *f, u32 node, u32 index, u32 *irq, u32 *controller)
{
	int err = fdt_interrupt_extended(f, node, index, controller, irq);
	u32 parent, cells, len;
	u64 cell;

	if (err != -ENOENT || fdt_prop(f, node, "interrupts", &len) == NULL)
		return err;
	parent = interrupt_parent(f, node);
	cells = interrupt_cells(f, parent);
	if (cells == 0 || len % (cells * CELL_BYTES) != 0)
		return -EINVAL;
	if (index >= len / (cells * CELL_BYTES))
		return -ENOENT;
	err = fdt_prop_cells(f, node, "interrupts", index * cells, 1, &cell);
	if (err != 0)
		return err;
	*irq = (u32)cell;
	*controller = parent;
	return 0;
}
