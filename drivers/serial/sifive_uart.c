// SPDX-License-Identifier: MIT
/*
 * SiFive's UART, of the FU540 and FU740. Registers: SiFive FU540-C000 Manual v1p4, chapter 13.
 * FIFOs of 8 bytes each way, words of 32 bits only. What the hardware does not forgive (rules T46
 * to T49):
 *  - a byte written while TXDATA says full is lost, so the flag is read before every byte;
 *  - with a transmit watermark of 0, which firmware leaves, the transmit interrupt never comes;
 *  - reading RXDATA takes the byte away, so "empty" and the byte come from one read;
 *  - the divisor depends on a clock we do not know, and the firmware has set it already.
 */
#include "arch/riscv/cpu/mmio.h"
#include "drivers/base/device.h"
#include "drivers/serial/serial.h"
#include "lib/abi/errno.h"
#include "mm/pmm/slab.h"

#define TXDATA         0x00
#define RXDATA         0x04
#define TXCTRL         0x08
#define RXCTRL         0x0c
#define IE             0x10
#define IP             0x14
#define REGISTER_BYTES 0x1c

#define TXDATA_FULL      (1U << 31)
#define RXDATA_EMPTY     (1U << 31)
#define TXCTRL_ENABLE    (1U << 0)
#define TXCTRL_TWO_STOPS (1U << 1)
#define TXCTRL_LEVEL_1   (1U << 16) /* interrupt when less than one byte waits */
#define RXCTRL_ENABLE    (1U << 0)  /* and the level 0: interrupt on the first byte */
#define INTERRUPT_TX     (1U << 0)
#define INTERRUPT_RX     (1U << 1)

struct sifive_uart {
	struct serial_port port;
	u32 ie; /* under port.lock: what IE holds */
};

static struct sifive_uart *sifive_uart_of(struct serial_port *p)
{
	return container_of(p, struct sifive_uart, port);
}

static size_t sifive_uart_put(struct serial_port *p, const u8 *bytes, size_t count)
{
	size_t i = 0;
	while (i < count && (read32(p->base + TXDATA) & TXDATA_FULL) == 0)
		write32(p->base + TXDATA, bytes[i++]);
	return i;
}

static bool sifive_uart_get(struct serial_port *p, u8 *byte)
{
	const u32 data = read32(p->base + RXDATA);
	if ((data & RXDATA_EMPTY) != 0)
		return false;
	*byte = (u8)data;
	return true;
}

static void set_interrupt(struct sifive_uart *u, u32 which, bool on)
{
	const u32 ie = on ? u->ie | which : u->ie & ~which;
	if (ie == u->ie)
		return;
	u->ie = ie;
	write32(u->port.base + IE, ie);
}

static void sifive_uart_set_transmit_interrupt(struct serial_port *p, bool on)
{
	set_interrupt(sifive_uart_of(p), INTERRUPT_TX, on);
}

static void sifive_uart_set_receive_interrupt(struct serial_port *p, bool on)
{
	set_interrupt(sifive_uart_of(p), INTERRUPT_RX, on);
}

/* The FIFO is empty; the byte in the shift register nobody reports, see LAST_BYTE_NS in
 * drivers/power/reset.c. */
static bool sifive_uart_is_idle(struct serial_port *p)
{
	return (read32(p->base + IP) & INTERRUPT_TX) != 0;
}

static const struct serial_ops sifive_uart_ops = {
	.put = sifive_uart_put,
	.get = sifive_uart_get,
	.set_transmit_interrupt = sifive_uart_set_transmit_interrupt,
	.set_receive_interrupt = sifive_uart_set_receive_interrupt,
	.is_idle = sifive_uart_is_idle,
};

/* Linux gives it a major number of the moment; this one is from the range for local use. */
static const struct serial_family sifive_uart_family = { .prefix = "ttySIF", .major = 240 };

static void sifive_uart_start(struct sifive_uart *u)
{
	u8 *base = u->port.base;
	const u32 stops = read32(base + TXCTRL) & TXCTRL_TWO_STOPS;
	write32(base + IE, 0);
	write32(base + TXCTRL, TXCTRL_ENABLE | stops | TXCTRL_LEVEL_1);
	write32(base + RXCTRL, RXCTRL_ENABLE);
}

static int sifive_uart_probe(const struct device *dev)
{
	struct sifive_uart *u = kzalloc(sizeof(*u));
	if (u == NULL) {
		device_error(dev, "no memory");
		return -ENOMEM;
	}
	u->port.ops = &sifive_uart_ops;
	u->port.node = dev->node;
	int error = device_map(dev, 0, REGISTER_BYTES, &u->port.base);
	if (error == 0) {
		sifive_uart_start(u);
		error = serial_register(&u->port, &sifive_uart_family, dev);
	}
	if (error != 0)
		kfree(u);
	return error;
}

static const char *const sifive_uart_compatible[] = { "sifive,uart0", NULL };

static const struct driver sifive_uart_driver = {
	.name = "sifive_uart",
	.stage = DRIVER_DEVICE,
	.compatible = sifive_uart_compatible,
	.probe = sifive_uart_probe,
};
DRIVER_REGISTER(sifive_uart_driver);
