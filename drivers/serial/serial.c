// SPDX-License-Identifier: MIT
/*
 * What all serial ports have in common (serial.h): rings, interrupts, the list of ports.
 *
 * The transmit interrupt is on exactly while bytes wait in the ring: on level-triggered devices an
 * idle transmitter asks for ever. Bytes that fit into the device at once never need it.
 *
 * A full receive ring turns the receive interrupt off and leaves the rest in the device, where flow
 * control, if there is any, sees it; taking bytes out turns it on again.
 */
#include "drivers/serial/serial.h"

#include "arch/riscv/cpu/barrier.h"
#include "drivers/base/device.h"
#include "drivers/serial/stdout_path.h"
#include "kernel/core/panic.h"
#include "lib/abi/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#define PORTS_MAX     8
#define ATTENTION_KEY 0x0f /* Ctrl-O */

/* Filled while one hart boots, then only read. */
static struct serial_port *ports[PORTS_MAX];
static u32 port_count;

static_assert((SERIAL_TX_BYTES & (SERIAL_TX_BYTES - 1)) == 0, "counts are masked");
static_assert((SERIAL_RX_BYTES & (SERIAL_RX_BYTES - 1)) == 0, "counts are masked");
static_assert(SERIAL_PIECE_BYTES <= SERIAL_TX_BYTES / 2, "room is reported at half empty");

/* What was written to the device reaches it before whoever locks next asks it. */
static void port_unlock(struct serial_port *p, u64 flags)
{
	barrier_device_unlock();
	spin_unlock_irq(&p->lock, flags);
}

/* Rings. Caller holds port->lock. */

static u32 tx_waiting(const struct serial_port *p)
{
	return p->tx_head - p->tx_tail;
}

static u32 tx_room(const struct serial_port *p)
{
	return SERIAL_TX_BYTES - tx_waiting(p);
}

static void tx_push(struct serial_port *p, u8 byte)
{
	p->tx[p->tx_head++ % SERIAL_TX_BYTES] = byte;
}

/* Move bytes from the ring to the device, as many as it takes now. Returns how many. */
static u32 tx_feed(struct serial_port *p)
{
	u32 moved = 0;
	while (tx_waiting(p) != 0) {
		const u32 at = p->tx_tail % SERIAL_TX_BYTES;
		const u32 piece = MIN(tx_waiting(p), SERIAL_TX_BYTES - at);
		const u32 taken = (u32)p->ops->put(p, p->tx + at, piece);
		p->tx_tail += taken;
		moved += taken;
		if (taken < piece)
			break;
	}
	return moved;
}

/* After a push: send what the device takes, and have it ask for the rest. */
static void tx_start(struct serial_port *p)
{
	(void)tx_feed(p); /* how much does not matter: the interrupt does the rest */
	if (tx_waiting(p) != 0)
		p->ops->set_transmit_interrupt(p, true);
}

/*
 * Is @byte for the attention handler? Its key is the beginning, a letter behind it the end; the key
 * itself behind the key is not.
 */
static bool attention_takes(struct serial_port *p, u8 byte)
{
	const bool is_break = p->saw_break;
	const bool was_attentive = p->is_attentive;
	p->saw_break = false;
	if (p->attention == NULL)
		return false;
	p->is_attentive = is_break || (byte == ATTENTION_KEY && !was_attentive);
	if (p->is_attentive)
		return true;
	if (!was_attentive || byte == ATTENTION_KEY)
		return false;
	p->letter = byte;
	return true;
}

static void rx_collect(struct serial_port *p)
{
	u8 byte;
	while (ring_free(&p->received) > 0) {
		/* One letter at a time; the device goes on asking for the rest. */
		if (p->letter != 0 || !p->ops->get(p, &byte))
			return;
		if (attention_takes(p, byte))
			continue;
		(void)ring_put(&p->received, byte); /* there is room */
		p->rx_unreported = true;
	}
	p->rx_held = true;
	p->ops->set_receive_interrupt(p, false);
}

void serial_interrupt(struct serial_port *p)
{
	const struct serial_client *client = __atomic_load_n(&p->client, __ATOMIC_ACQUIRE);

	spin_lock(&p->lock);
	if (client != NULL && !p->rx_held)
		rx_collect(p);
	(void)tx_feed(p); /* the interrupt stays on for the rest */
	if (tx_waiting(p) == 0)
		p->ops->set_transmit_interrupt(p, false);
	void (*attention)(u8 letter) = p->attention;
	const u8 letter = p->letter;
	p->letter = 0;
	const bool received = p->rx_unreported;
	const bool has_room = p->tx_refused && tx_room(p) >= SERIAL_TX_BYTES / 2;
	p->rx_unreported = false;
	if (has_room)
		p->tx_refused = false;
	barrier_device_unlock();
	spin_unlock(&p->lock);

	if (client == NULL)
		return;
	if (unlikely(letter != 0))
		attention(letter);
	if (received)
		client->received(p);
	if (has_room)
		client->has_room(p);
}

/* Clients. */

void serial_open(struct serial_port *p, const struct serial_client *client, void *client_data)
{
	ASSERT(p->client == NULL);
	p->client_data = client_data;
	__atomic_store_n(&p->client, client, __ATOMIC_RELEASE);
	const u64 flags = spin_lock_irq(&p->lock);
	p->ops->set_receive_interrupt(p, true);
	port_unlock(p, flags);
}

bool serial_send(struct serial_port *p, const u8 *bytes, size_t count)
{
	ASSERT(count <= SERIAL_PIECE_BYTES);
	const u64 flags = spin_lock_irq(&p->lock);
	const bool fits = count <= tx_room(p);
	if (fits) {
		for (size_t i = 0; i < count; i++)
			tx_push(p, bytes[i]);
		tx_start(p);
	} else {
		p->tx_refused = true;
	}
	port_unlock(p, flags);
	return fits;
}

bool serial_has_room(struct serial_port *p)
{
	const u64 flags = spin_lock_irq(&p->lock);
	const bool room = tx_room(p) >= SERIAL_PIECE_BYTES;
	if (!room)
		p->tx_refused = true;
	port_unlock(p, flags);
	return room;
}

void serial_set_attention(struct serial_port *p, void (*attention)(u8 letter))
{
	const u64 flags = spin_lock_irq(&p->lock);
	p->attention = attention;
	port_unlock(p, flags);
}

size_t serial_receive(struct serial_port *p, u8 *bytes, size_t size)
{
	const u64 flags = spin_lock_irq(&p->lock);
	const size_t count =
		ring_read(&p->received, bytes, (u32)MIN(size, (size_t)SERIAL_RX_BYTES));
	if (p->rx_held && ring_used(&p->received) <= SERIAL_RX_BYTES / 2) {
		p->rx_held = false;
		p->ops->set_receive_interrupt(p, true);
	}
	port_unlock(p, flags);
	return count;
}

u32 serial_queued(struct serial_port *p)
{
	const u64 flags = spin_lock_irq(&p->lock);
	const u32 count = tx_waiting(p);
	port_unlock(p, flags);
	return count;
}

bool serial_is_drained(struct serial_port *p)
{
	const u64 flags = spin_lock_irq(&p->lock);
	const bool drained = tx_waiting(p) == 0 && p->ops->is_idle(p);
	port_unlock(p, flags);
	return drained;
}

void serial_discard(struct serial_port *p)
{
	const u64 flags = spin_lock_irq(&p->lock);
	/* What the log sent last may have left the ring long ago. */
	const u32 kept = p->tx_keep - p->tx_tail;
	p->tx_head = p->tx_tail + (kept <= tx_waiting(p) ? kept : 0);
	port_unlock(p, flags);
	/* Room is reported by the transmit interrupt, which is on if anybody was refused. */
}

/* The log. */

static void log_push(struct serial_port *p, u8 byte)
{
	while (tx_room(p) == 0) {
		/* Nobody else serves the device now, and its receive FIFO is short (rule T48). */
		if (p->client != NULL && !p->rx_held)
			rx_collect(p);
		if (tx_feed(p) == 0)
			cpu_relax();
	}
	tx_push(p, byte);
}

void serial_send_log(struct serial_port *p, const char *text, size_t len_bytes)
{
	const u64 flags = spin_lock_irq(&p->lock);
	for (size_t i = 0; i < len_bytes; i++) {
		if (text[i] == '\n')
			log_push(p, '\r');
		log_push(p, (u8)text[i]);
	}
	p->tx_keep = p->tx_head;
	tx_start(p);
	port_unlock(p, flags);
}

static void put_polled(struct serial_port *p, u8 byte)
{
	while (p->ops->put(p, &byte, 1) == 0)
		cpu_relax();
}

static void feed_polled(struct serial_port *p)
{
	while (tx_waiting(p) != 0) {
		if (tx_feed(p) == 0)
			cpu_relax();
	}
}

void serial_send_polled(struct serial_port *p, const char *text, size_t len_bytes)
{
	/* The hart that was stopped within tx_feed() may have left a count out of step, but never
	 * by more than the ring holds. */
	if (tx_waiting(p) > SERIAL_TX_BYTES)
		p->tx_tail = p->tx_head;
	feed_polled(p);
	for (size_t i = 0; i < len_bytes; i++) {
		if (text[i] == '\n')
			put_polled(p, '\r');
		put_polled(p, (u8)text[i]);
	}
}

void serial_drain_polled(struct serial_port *p)
{
	feed_polled(p);
	while (!p->ops->is_idle(p))
		cpu_relax();
}

/* The list of ports. */

struct serial_port *serial_find_name(const char *name)
{
	for (u32 i = 0; i < port_count; i++) {
		if (strcmp(ports[i]->name, name) == 0)
			return ports[i];
	}
	return NULL;
}

struct serial_port *serial_find_node(u32 node)
{
	for (u32 i = 0; i < port_count; i++) {
		if (ports[i]->node == node)
			return ports[i];
	}
	return NULL;
}

struct serial_port *serial_first(void)
{
	return port_count > 0 ? ports[0] : NULL;
}

static void console_write(struct console *c, const char *text, size_t len_bytes)
{
	serial_send_log(container_of(c, struct serial_port, console), text, len_bytes);
}

static void console_write_polled(struct console *c, const char *text, size_t len_bytes)
{
	serial_send_polled(container_of(c, struct serial_port, console), text, len_bytes);
}

/* Number @number of its family, unless that is taken. */
static bool try_number(struct serial_port *p, const struct serial_family *family, u32 number)
{
	(void)snprintf(p->name, sizeof(p->name), "%s%u", family->prefix, number);
	p->number = number;
	p->major = family->major;
	p->minor = family->first_minor + number;
	return serial_find_name(p->name) == NULL;
}

static void on_interrupt(void *port)
{
	serial_interrupt(port);
}

static int serve_interrupt(struct serial_port *p, const struct device *dev)
{
	struct irq_line line;
	int error = device_irq(dev, 0, &line);
	if (error != 0)
		return error;
	error = irq_register(&line, on_interrupt, p);
	if (error != 0)
		device_error(dev, "interrupt %u: error %d", line.number, error);
	return error;
}

int serial_register(struct serial_port *p, const struct serial_family *family,
		    const struct device *dev)
{
	if (port_count == PORTS_MAX) {
		if (dev != NULL)
			device_error(dev, "too many serial ports");
		return -ENOSPC;
	}
	u32 number;
	if (dev == NULL || stdout_alias_number(dev->tree, dev->node, &number) != 0 ||
	    !try_number(p, family, number)) {
		number = 0;
		while (!try_number(p, family, number))
			number++;
	}
	spin_init(&p->lock, p->name, RANK_SERIAL);
	ring_init(&p->received, p->rx, sizeof(p->rx));
	p->console = (struct console){
		.name = p->name,
		.write = console_write,
		.write_polled = console_write_polled,
	};
	const int error = dev != NULL ? serve_interrupt(p, dev) : 0;
	if (error == 0)
		ports[port_count++] = p;
	return error;
}
