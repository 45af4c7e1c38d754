// SPDX-License-Identifier: MIT
/* The image's drivers (drivers.h): the linker script gathers what DRIVER_REGISTER() left. */
#include "drivers/drivers.h"

#include "drivers/base/bind.h"
#include "drivers/serial/console.h"

extern const struct driver *const drivers_start[], *const drivers_end[];

void drivers_init(const struct fdt *tree)
{
	(void)drivers_bind(tree, drivers_start, (size_t)(drivers_end - drivers_start)); /* logged */
	serial_console_init(tree);
}
