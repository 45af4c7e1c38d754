// SPDX-License-Identifier: MIT
/*
 * 16550-compatible UARTs, QEMU virt's among them. Registers: National Semiconductor PC16550D data
 * sheet (1995), section 8. Speed and format stay as the firmware set them.
 */
#include "arch/riscv/cpu/mmio.h"
#include "drivers/base/device.h"
#include "drivers/serial/serial.h"
#include "lib/abi/errno.h"
#include "mm/pmm/slab.h"

/* Registers, in units of 1 << reg-shift bytes. */
#define RBR       0 /* read: received byte, and on to the next */
#define THR       0 /* write: byte to send */
#define IER       1
#define FCR       2 /* write */
#define IIR       2 /* read */
#define LCR       3
#define MCR       4
#define LSR       5
#define REGISTERS 8

#define IER_RECEIVED  BIT(0)
#define IER_THR_EMPTY BIT(1)
#define FCR_ENABLE    BIT(0)
#define FCR_LEVEL_8   (2U << 6) /* ask at 8 bytes, or when they have waited for four more */
#define IIR_FIFOS     (3U << 6) /* both set: the FIFOs work */
#define LCR_DIVISOR   BIT(7)    /* registers 0 and 1 are the divisor */
#define MCR_DTR_RTS   3U
#define MCR_OUT2      BIT(3) /* on a PC it lets the interrupt through */
#define LSR_RECEIVED  BIT(0)
#define LSR_BREAK     BIT(4) /* the byte is none: the line was held low; reading clears it */
#define LSR_THR_EMPTY BIT(5)
#define LSR_IDLE      BIT(6)

#define FIFO_BYTES 16

struct ns16550 {
	struct serial_port port;

	/* set once by probe */
	u32 shift;    /* of register numbers */
	bool is_wide; /* registers want 32-bit accesses */
	u32 fifo_bytes;

	/* under port.lock */
	u8 ier;              /* what IER holds */
	bool break_is_first; /* the next byte to get is a BREAK */
};

static u8 get_register(const struct ns16550 *u, u32 number)
{
	const u8 *at = u->port.base + ((size_t)number << u->shift);
	return u->is_wide ? (u8)read32(at) : read8(at);
}

static void set_register(struct ns16550 *u, u32 number, u8 value)
{
	u8 *at = u->port.base + ((size_t)number << u->shift);
	if (u->is_wide)
		write32(at, value);
	else
		write8(at, value);
}

static struct ns16550 *ns16550_of(struct serial_port *p)
{
	return container_of(p, struct ns16550, port);
}

/* Reading the register clears the BREAK in it, whoever reads. */
static u8 line_status(struct ns16550 *u)
{
	const u8 status = get_register(u, LSR);
	if ((status & LSR_BREAK) != 0)
		u->break_is_first = true;
	return status;
}

/* An empty transmitter takes a FIFO's worth; how full it is otherwise, the device does not tell. */
static size_t ns16550_put(struct serial_port *p, const u8 *bytes, size_t count)
{
	struct ns16550 *u = ns16550_of(p);
	if ((line_status(u) & LSR_THR_EMPTY) == 0)
		return 0;
	const size_t fits = MIN(count, (size_t)u->fifo_bytes);
	for (size_t i = 0; i < fits; i++)
		set_register(u, THR, bytes[i]);
	return fits;
}

static bool ns16550_get(struct serial_port *p, u8 *byte)
{
	struct ns16550 *u = ns16550_of(p);
	if ((line_status(u) & LSR_RECEIVED) == 0)
		return false;
	*byte = get_register(u, RBR);
	p->saw_break = u->break_is_first && *byte == 0;
	u->break_is_first = false;
	return true;
}

static void set_interrupt(struct ns16550 *u, u8 which, bool on)
{
	const u8 ier = on ? u->ier | which : u->ier & (u8)~which;
	if (ier == u->ier)
		return;
	u->ier = ier;
	set_register(u, IER, ier);
}

static void ns16550_set_transmit_interrupt(struct serial_port *p, bool on)
{
	set_interrupt(ns16550_of(p), IER_THR_EMPTY, on);
}

static void ns16550_set_receive_interrupt(struct serial_port *p, bool on)
{
	set_interrupt(ns16550_of(p), IER_RECEIVED, on);
}

static bool ns16550_is_idle(struct serial_port *p)
{
	return (line_status(ns16550_of(p)) & LSR_IDLE) != 0;
}

static const struct serial_ops ns16550_ops = {
	.put = ns16550_put,
	.get = ns16550_get,
	.set_transmit_interrupt = ns16550_set_transmit_interrupt,
	.set_receive_interrupt = ns16550_set_receive_interrupt,
	.is_idle = ns16550_is_idle,
};

static const struct serial_family ns16550_family = { .prefix = "ttyS",
						     .major = 4,
						     .first_minor = 64 };

static void ns16550_start(struct ns16550 *u)
{
	set_register(u, LCR, get_register(u, LCR) & (u8)~LCR_DIVISOR);
	set_register(u, IER, 0);
	/* The FIFOs are not cleared: the firmware's last words may still be in there. */
	set_register(u, FCR, FCR_ENABLE | FCR_LEVEL_8);
	set_register(u, MCR, MCR_DTR_RTS | MCR_OUT2);
	u->fifo_bytes = (get_register(u, IIR) & IIR_FIFOS) == IIR_FIFOS ? FIFO_BYTES : 1;
}

static int ns16550_probe(const struct device *dev)
{
	const u32 shift = device_u32(dev, "reg-shift", 0);
	const u32 width = device_u32(dev, "reg-io-width", 1);
	if (shift > 4 || (width != 1 && width != 4) || (width == 4 && shift < 2)) {
		device_error(dev, "reg-shift %u with reg-io-width %u", shift, width);
		return -EINVAL;
	}
	struct ns16550 *u = kzalloc(sizeof(*u));
	if (u == NULL) {
		device_error(dev, "no memory");
		return -ENOMEM;
	}
	u->shift = shift;
	u->is_wide = width == 4;
	u->port.ops = &ns16550_ops;
	u->port.node = dev->node;
	int error = device_map(dev, 0, (size_t)REGISTERS << shift, &u->port.base);
	if (error == 0) {
		ns16550_start(u);
		error = serial_register(&u->port, &ns16550_family, dev);
	}
	if (error != 0)
		kfree(u);
	return error;
}

static const char *const ns16550_compatible[] = { "ns16550a", "ns16550", NULL };

static const struct driver ns16550_driver = {
	.name = "ns16550",
	.stage = DRIVER_DEVICE,
	.compatible = ns16550_compatible,
	.probe = ns16550_probe,
};
DRIVER_REGISTER(ns16550_driver);
