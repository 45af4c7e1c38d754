/* SPDX-License-Identifier: MIT */
/* Which serial port the tree means (Devicetree Specification 0.4, section 3.6 and 3.3). Pure. */
#pragma once

#include "lib/compiler.h"
#include "lib/fdt.h"
#include "lib/types.h"

/*
 * The node that /chosen/stdout-path names: a path or an alias, options ("115200n8") cut off at the
 * colon. Returns 0; -ENOENT if there is no such property, or no such node.
 */
__must_check int stdout_node(const struct fdt *tree, u32 *node);

/* N of the alias serialN that leads to @node. Returns 0 or -ENOENT. */
__must_check int stdout_alias_number(const struct fdt *tree, u32 node, u32 *number);
