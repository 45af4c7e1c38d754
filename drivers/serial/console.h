/* SPDX-License-Identifier: MIT */
/* The serial port that is the console: where the log goes, and where the first terminal is. */
#pragma once

#include "drivers/serial/serial.h"

struct fdt;

/*
 * Choose among the ports that were bound: the one `console=` names, else the tree's stdout-path,
 * else the first. With none at all it is the firmware's console, made a port. From here on the log
 * goes there.
 */
void serial_console_init(const struct fdt *tree);
/* The choice; NULL before it was made, or without memory for even the last resort. */
struct serial_port *serial_console(void);
