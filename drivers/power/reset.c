// SPDX-License-Identifier: MIT
/* Power off and reboot by the firmware (SBI specification 1.0, chapter 10), in the order of rule
 * T40. */
#include "drivers/power/reset.h"

#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/cpu.h"
#include "arch/riscv/cpu/sbi.h"
#include "arch/riscv/cpu/smp.h"
#include "drivers/serial/console.h"
#include "kernel/core/printk.h"
#include "lib/string.h"

/* The byte being shifted out when the port calls itself idle: a byte at 9600 baud takes about a
 * millisecond. */
#define LAST_BYTE_NS 1100000

/* Whatever the log's level: somebody stands before the machine and waits for these words. */
static void say(const char *text)
{
	struct serial_port *p = serial_console();
	if (p == NULL) {
		sbi_console_write(text, strlen(text));
		return;
	}
	serial_send_polled(p, text, strlen(text));
	serial_drain_polled(p);
	clock_spin(LAST_BYTE_NS);
}

static void fall_silent(void)
{
	irq_disable();
	smp_stop_others();
	console_set_polled();
}

static __noreturn void wait_for_ever(void)
{
	for (;;)
		cpu_wait_for_interrupt();
}

void power_off(void)
{
	fall_silent();
	say("System halted. It is safe to switch off.\n");
	sbi_system_reset(SBI_SHUTDOWN);
	wait_for_ever();
}

void power_reboot(void)
{
	fall_silent();
	say("Rebooting.\n");
	sbi_system_reset(SBI_COLD_REBOOT);
	say("The firmware cannot reboot this machine. It is safe to switch off.\n");
	wait_for_ever();
}

void power_halt(void)
{
	fall_silent();
	say("System halted. It is safe to switch off.\n");
	wait_for_ever();
}
