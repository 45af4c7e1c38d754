// SPDX-License-Identifier: MIT
/*
 * The console behind SBI calls (sbi_console.h; SBI specification 1.0, chapters 5 and 12). Output is
 * taken at once, in M-mode; input is asked for by a timer. Never used next to a driver for the same
 * device: M-mode polls it (rule T37).
 */
#include "drivers/serial/sbi_console.h"

#include "arch/riscv/cpu/sbi.h"
#include "kernel/sched/timer.h"
#include "mm/pmm/slab.h"

#define POLL_INTERVAL_NS 20000000

struct sbi_console {
	struct serial_port port;
	struct timer timer; /* only its own handler, once started */
};

/* OpenSBI puts a CR before each LF of its own, so ours before one is left out. */
static size_t sbi_console_put(struct serial_port *p, const u8 *bytes, size_t count)
{
	size_t from = 0;
	for (size_t i = 0; i + 1 < count; i++) {
		if (bytes[i] == '\r' && bytes[i + 1] == '\n') {
			sbi_console_write((const char *)bytes + from, i - from);
			from = i + 1;
		}
	}
	sbi_console_write((const char *)bytes + from, count - from);
	return count;
}

static bool sbi_console_get(struct serial_port *p, u8 *byte)
{
	const int c = sbi_console_getc();
	if (c < 0)
		return false;
	*byte = (u8)c;
	return true;
}

static void sbi_console_set_transmit_interrupt(struct serial_port *p, bool on)
{
	/* put() takes everything, so nobody ever waits. */
}

static void sbi_console_set_receive_interrupt(struct serial_port *p, bool on)
{
	/* The timer always runs; serial_interrupt() takes bytes only when they are wanted. */
}

static bool sbi_console_is_idle(struct serial_port *p)
{
	return true;
}

static const struct serial_ops sbi_console_ops = {
	.put = sbi_console_put,
	.get = sbi_console_get,
	.set_transmit_interrupt = sbi_console_set_transmit_interrupt,
	.set_receive_interrupt = sbi_console_set_receive_interrupt,
	.is_idle = sbi_console_is_idle,
};

static void sbi_console_poll(struct timer *t)
{
	struct sbi_console *c = container_of(t, struct sbi_console, timer);
	serial_interrupt(&c->port);
	timer_start(&c->timer, clock_now() + POLL_INTERVAL_NS);
}

static const struct serial_family sbi_console_family = { .prefix = "hvc", .major = 229 };

struct serial_port *sbi_console_create(void)
{
	struct sbi_console *c = kzalloc(sizeof(*c));
	if (c == NULL)
		return NULL;
	c->port.ops = &sbi_console_ops;
	c->port.node = SERIAL_NODE_NONE;
	timer_init(&c->timer, sbi_console_poll);
	if (serial_register(&c->port, &sbi_console_family, NULL) != 0) {
		kfree(c);
		return NULL;
	}
	timer_start(&c->timer, clock_now() + POLL_INTERVAL_NS);
	return &c->port;
}
