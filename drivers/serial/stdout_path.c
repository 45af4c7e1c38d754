// SPDX-License-Identifier: MIT
#include "drivers/serial/stdout_path.h"

#include "lib/abi/errno.h"
#include "lib/string.h"

#define ALIASES_MAX 10 /* serial0 .. serial9 */

int stdout_node(const struct fdt *tree, u32 *node)
{
	const char *text = fdt_prop_string(tree, fdt_find_path(tree, "/chosen"), "stdout-path");
	if (text == NULL)
		return -ENOENT;
	const char *colon = strchr(text, ':');
	const size_t length = colon != NULL ? (size_t)(colon - text) : strlen(text);
	const u32 found = fdt_find_path_len(tree, text, length);
	if (found == FDT_NONE)
		return -ENOENT;
	*node = found;
	return 0;
}

int stdout_alias_number(const struct fdt *tree, u32 node, u32 *number)
{
	const u32 aliases = fdt_find_path(tree, "/aliases");
	char alias[] = "serialN";
	for (u32 i = 0; i < ALIASES_MAX; i++) {
		alias[sizeof(alias) - 2] = (char)('0' + i);
		const char *path = fdt_prop_string(tree, aliases, alias);
		if (path != NULL && *path == '/' && fdt_find_path(tree, path) == node) {
			*number = i;
			return 0;
		}
	}
	return -ENOENT;
}
