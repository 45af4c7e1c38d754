/* SPDX-License-Identifier: MIT */
/*
 * Reader of flattened device trees (Devicetree Specification 0.4, chapter 5), the description of
 * the machine that the firmware hands over. It only reads, allocates nothing, and works on the blob
 * where it lies, at any address and before the MMU is on.
 *
 * A tree may be damaged or hostile: fdt_open() checks it from end to end, every later function
 * checks its bounds again, and nothing recurses. The blob must stay where it is and unchanged while
 * struct fdt is in use; after moving or remapping it, open it again.
 *
 * A node is the u32 offset of its beginning in the structure block, or FDT_NONE. Strings and
 * property values that are returned point into the blob; values are big-endian and may be
 * misaligned: read them with fdt_prop_u32() and fdt_prop_cells().
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

#define FDT_NONE         UINT32_MAX
#define FDT_DEPTH_MAX    16 /* levels of nodes; deeper trees are refused */
#define FDT_HEADER_BYTES 40

struct fdt {
	/* set once by fdt_open() */
	const u8 *blob;
	u32 total_bytes;
	const u8 *structure;
	u32 structure_bytes;
	const char *strings;
	u32 strings_bytes;
	u32 reserve_offset;
	const char *error; /* what fdt_open() did not like */
};

/*
 * Read the header at @blob, of which at most @max_bytes may be touched, and check the whole tree.
 * Returns: 0; -EINVAL and the reason in out->error (never NULL then).
 */
__must_check int fdt_open(const void *blob, size_t max_bytes, struct fdt *out);
/* Size of the blob by its own header: what to reserve and to copy. */
static inline u32 fdt_total_size(const struct fdt *f)
{
	return f->total_bytes;
}
/* Memory reservation block. 0; -ENOENT past the last entry. */
int fdt_reserve_entry(const struct fdt *f, u32 index, u64 *addr, u64 *size_bytes);

/* Walking. Each returns FDT_NONE if there is no such node, and for FDT_NONE. */
u32 fdt_root(const struct fdt *f);
u32 fdt_first_child(const struct fdt *f, u32 node);
u32 fdt_next_sibling(const struct fdt *f, u32 node);
u32 fdt_parent(const struct fdt *f, u32 node); /* scans from the root */
/* The next in preorder, through the whole tree. @depth (may be NULL) is moved by the levels gone up
 * or down. */
u32 fdt_next_node(const struct fdt *f, u32 node, int *depth);

#define fdt_for_each_node(f, node) \
	for (u32 node = fdt_root(f); node != FDT_NONE; node = fdt_next_node(f, node, NULL))
#define fdt_for_each_child(f, child, parent)                            \
	for (u32 child = fdt_first_child(f, parent); child != FDT_NONE; \
	     child = fdt_next_sibling(f, child))

/* Finding. FDT_NONE if there is none. */
/* "/soc/serial@10010000"; a component without @unit matches the first of that name. A path that
 * does not begin with a slash begins with an alias ("serial0"). */
u32 fdt_find_path(const struct fdt *f, const char *path);
u32 fdt_find_path_len(const struct fdt *f, const char *path, size_t path_len);
/* The first in preorder after @from (FDT_NONE: from the root on). */
u32 fdt_find_compatible(const struct fdt *f, u32 from, const char *compatible);
u32 fdt_by_phandle(const struct fdt *f, u32 phandle);

/* About a node. */
const char *fdt_node_name(const struct fdt *f, u32 node); /* with @unit; "" for the root */
bool fdt_is_compatible(const struct fdt *f, u32 node, const char *compatible);
/* Is @wanted one of the strings of a property's value (compatible, asked for several)? */
bool fdt_list_has(const char *list, u32 len_bytes, const char *wanted);
bool fdt_node_is_enabled(const struct fdt *f, u32 node); /* status is absent, "okay" or "ok" */
/* Full path into @buf, cut off if need be; returns @buf. For messages. */
const char *fdt_path_of(const struct fdt *f, u32 node, char *buf, size_t size_bytes);

/* Properties. The int ones return 0, -ENOENT (no such property) or -EINVAL (not of that form). */
/* Value and its length in bytes (@len_bytes may be NULL); NULL if absent. */
const void *fdt_prop(const struct fdt *f, u32 node, const char *name, u32 *len_bytes);
int fdt_prop_u32(const struct fdt *f, u32 node, const char *name, u32 *value);
/* One or two cells, whatever its length says: linux,initrd-start and its like. */
int fdt_prop_u64(const struct fdt *f, u32 node, const char *name, u64 *value);
/* @cells (0 to 2) cells from cell number @index on. */
int fdt_prop_cells(const struct fdt *f, u32 node, const char *name, u32 index, u32 cells,
		   u64 *value);
/* The string, or number @index of a list of strings; NULL if absent or not terminated. */
const char *fdt_prop_string(const struct fdt *f, u32 node, const char *name);
const char *fdt_prop_string_at(const struct fdt *f, u32 node, const char *name, u32 index);

/* Addresses. */
/* Cells of an address and of a size in the reg of @bus's children. */
u32 fdt_address_cells(const struct fdt *f, u32 bus);
u32 fdt_size_cells(const struct fdt *f, u32 bus);
/*
 * Entry @index of @node's reg as a physical address: translated through the ranges of every bus
 * above. Returns: 0; -ENOENT (no reg, or no such entry); -EINVAL (malformed, more than 64 bits, or
 * a bus above gives no access to this address).
 */
int fdt_reg(const struct fdt *f, u32 node, u32 index, u64 *addr, u64 *size_bytes);
/* The same as it stands, without translation: hart ids, chip selects. */
int fdt_reg_raw(const struct fdt *f, u32 node, u32 index, u64 *addr, u64 *size_bytes);

/* Interrupts. */
/*
 * Interrupt @index of @node, from interrupts-extended or else from interrupts: its first cell,
 * which is the source's number, and the controller's node. Returns: 0; -ENOENT (none, or no such
 * entry); -EINVAL.
 */
int fdt_interrupt(const struct fdt *f, u32 node, u32 index, u32 *irq, u32 *controller);
/* The same from interrupts-extended only: a PLIC's contexts. */
int fdt_interrupt_extended(const struct fdt *f, u32 node, u32 index, u32 *controller, u32 *cell0);
