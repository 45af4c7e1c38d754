/* SPDX-License-Identifier: MIT */
/*
 * Devices for host tests of drivers: registers that are functions of the test, the log as a text to
 * look at, device trees from the fixtures or made by hand.
 */
#pragma once

#include "lib/fdt.h"
#include "lib/types.h"

/* ---- shim/devices.c ---- */

/* What stands behind the physical address @pa. The test sets both before a driver is probed. */
extern u64 (*shim_device_read)(paddr_t pa, unsigned width_bytes);
extern void (*shim_device_write)(paddr_t pa, u64 value, unsigned width_bytes);

/* What was printed since the last call of shim_log_clear(). */
extern char shim_log[4096];
void shim_log_clear(void);

/* ---- shim/tree.c ---- */

/* Open build/fixtures/@name. It lives until the next tree_load(). */
void tree_load(const char *name, struct fdt *tree);

/*
 * A tree made by hand, in order:
 *	tree_begin(); tree_node(""); tree_prop_cells("#address-cells", 1, 1u); …; tree_end();
 *tree_finish(&tree); One at a time; it lives until the next tree_begin().
 */
void tree_begin(void);
void tree_node(const char *name);
void tree_end(void);
void tree_prop(const char *name, const void *value, u32 len_bytes);
void tree_prop_string(const char *name, const char *value);
void tree_prop_cells(const char *name, unsigned count, ...); /* u32 each */
void tree_finish(struct fdt *tree);
