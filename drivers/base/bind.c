// SPDX-License-Identifier: MIT
/* Walk the tree and probe (bind.h). Which drivers there are is the caller's to say, so the tests
 * can. */
#include "drivers/base/bind.h"

#include "lib/fdt.h"

const struct driver *driver_match(const struct fdt *tree, u32 node,
				  const struct driver *const *drivers, size_t count)
{
	u32 len_bytes;
	const char *list = fdt_prop(tree, node, "compatible", &len_bytes);
	for (size_t i = 0; i < count && list != NULL; i++) {
		for (const char *const *wanted = drivers[i]->compatible; *wanted != NULL;
		     wanted++) {
			if (fdt_list_has(list, len_bytes, *wanted))
				return drivers[i];
		}
	}
	return NULL;
}

/* The next node in preorder that is neither disabled nor below one that is; @depth as
 * fdt_next_node() moves it. */
static u32 next_enabled(const struct fdt *tree, u32 node, int *depth)
{
	u32 next = fdt_next_node(tree, node, depth);
	while (next != FDT_NONE && !fdt_node_is_enabled(tree, next)) {
		const int level = *depth;
		do
			next = fdt_next_node(tree, next, depth);
		while (next != FDT_NONE && *depth > level);
	}
	return next;
}

static bool probe(const struct fdt *tree, u32 node, const struct driver *driver)
{
	struct device dev = { .tree = tree, .node = node, .driver = driver };
	(void)fdt_path_of(tree, node, dev.path, sizeof(dev.path));
	if (driver->probe(&dev) != 0) /* the driver has said why */
		return false;
	pr_info("%s: serves %s\n", driver->name, dev.path);
	return true;
}

u32 drivers_bind(const struct fdt *tree, const struct driver *const *drivers, size_t count)
{
	u32 bound = 0;
	for (enum driver_stage stage = 0; stage < DRIVER_STAGES; stage++) {
		int depth = 0;
		for (u32 node = fdt_root(tree); node != FDT_NONE;
		     node = next_enabled(tree, node, &depth)) {
			const struct driver *driver = driver_match(tree, node, drivers, count);
			if (driver != NULL && driver->stage == stage)
				bound += probe(tree, node, driver);
		}
	}
	return bound;
}
