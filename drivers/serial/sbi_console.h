/* SPDX-License-Identifier: MIT */
/* The firmware's console as a serial port: the last resort, so that a shell works without any
 * driver. */
#pragma once

#include "drivers/serial/serial.h"

/* Make it a port called hvc0, as Linux does. It is looked at 50 times a second, since it has no
 * interrupt. NULL: no memory. */
struct serial_port *sbi_console_create(void);
