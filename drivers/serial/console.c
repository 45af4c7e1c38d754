// SPDX-License-Identifier: MIT
/* The choice of the console (console.h). */
#include "drivers/serial/console.h"

#include "drivers/serial/sbi_console.h"
#include "drivers/serial/stdout_path.h"
#include "kernel/core/cmdline.h"
#include "lib/string.h"

static struct serial_port *chosen; /* set once, at boot */

struct serial_port *serial_console(void)
{
	return chosen;
}

/* console=ttyS0,115200n8: the options are the firmware's business, which has set the line up
 * already. */
static struct serial_port *named_on_command_line(void)
{
	char name[32];
	if (!cmdline_get("console", name, sizeof(name)))
		return NULL;
	char *options = strchr(name, ',');
	if (options != NULL)
		*options = '\0';
	struct serial_port *p = serial_find_name(name);
	if (p == NULL)
		pr_warn("console: there is no %s, as console= wants\n", name);
	return p;
}

static struct serial_port *named_by_tree(const struct fdt *tree)
{
	u32 node;
	if (stdout_node(tree, &node) != 0)
		return NULL;
	return serial_find_node(node);
}

void serial_console_init(const struct fdt *tree)
{
	struct serial_port *p = named_on_command_line();
	if (p == NULL)
		p = named_by_tree(tree);
	if (p == NULL)
		p = serial_first();
	if (p == NULL) {
		pr_warn("console: no serial port was bound, the firmware's serves\n");
		p = sbi_console_create();
	}
	if (p == NULL)
		return; /* the log stays with the firmware */
	pr_info("console: %s\n", p->name);
	console_register(&p->console);
	chosen = p;
}
