/* SPDX-License-Identifier: MIT */
/* sources: drivers/serial/serial.c drivers/serial/ns16550.c drivers/serial/sifive_uart.c
 * drivers/serial/stdout_path.c drivers/base/device.c drivers/base/bind.c lib/fdt.c lib/fdt_bus.c
 * lib/string.c tests/host/shim/devices.c tests/host/shim/tree.c tests/host/shim/heap.c
 * tests/host/shim/machine.c tests/host/shim/panic.c */
/*
 * Serial ports on models of both UARTs that forgive as little as the hardware does: a byte written
 * into a full FIFO is lost, reading takes bytes away, the SiFive's transmit interrupt needs its
 * watermark (T46 to T49). Every test runs on both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "drivers/base/bind.h"
#include "drivers/base/irq.h"
#include "drivers/serial/serial.h"
#include "lib/abi/errno.h"
#include "tests/host/shim/devices.h"
#include "tests/host/shim/machine.h"

extern const struct driver *const __start_drivers_table[], *const __stop_drivers_table[];

bool shim_should_fail(void)
{
	return false;
}

void console_register(struct console *c)
{
}

/* ---- the wire, common to both models ---- */

#define FIFO_MAX 16

static struct {
	unsigned depth;
	u8 tx[FIFO_MAX], rx[FIFO_MAX];
	unsigned tx_count, rx_count;
	unsigned tx_lost, rx_lost, strays;
	u8 *sent; /* what arrived at the other end */
	size_t sent_count;
	irq_handler_t handler;
	void *handler_arg;
	/* registers */
	u32 ie, txctrl, rxctrl, div, fcr, lcr;
	unsigned rxdata_reads, div_writes;
	bool is_break;
	bool (*asserts)(void);
} uart;

#define SENT_MAX (1 << 20)

static void push_tx(u8 byte)
{
	if (uart.tx_count == uart.depth)
		uart.tx_lost++;
	else
		uart.tx[uart.tx_count++] = byte;
}

static u8 pop_rx(void)
{
	const u8 byte = uart.rx[0];
	memmove(uart.rx, uart.rx + 1, --uart.rx_count);
	return byte;
}

static void run_interrupts(void)
{
	for (unsigned i = 0; uart.asserts(); i++) {
		assert_true(i < 1000); /* or the handler does not content the device */
		uart.handler(uart.handler_arg);
	}
}

/* The line sends one byte. */
static bool shift_out(void)
{
	if (uart.tx_count == 0)
		return false;
	assert_true(uart.sent_count < SENT_MAX);
	uart.sent[uart.sent_count++] = uart.tx[0];
	memmove(uart.tx, uart.tx + 1, --uart.tx_count);
	return true;
}

/* Let time pass until all is sent. */
static void run_wire(void)
{
	do
		run_interrupts();
	while (shift_out());
}

/* Somebody types. */
static void receive(const u8 *bytes, size_t count, bool with_interrupts)
{
	for (size_t i = 0; i < count; i++) {
		if (uart.rx_count == uart.depth)
			uart.rx_lost++;
		else
			uart.rx[uart.rx_count++] = bytes[i];
		if (with_interrupts)
			run_interrupts();
	}
}

/* ---- SiFive ---- */

#define SIFIVE_BASE 0x10010000UL

static bool sifive_asserts(void)
{
	const unsigned level = (uart.txctrl >> 16) & 7;
	const bool txwm = uart.tx_count < level;
	const bool rxwm = uart.rx_count > ((uart.rxctrl >> 16) & 7);
	return ((uart.ie & 1) != 0 && txwm) || ((uart.ie & 2) != 0 && rxwm);
}

static u64 sifive_read(paddr_t pa, unsigned width)
{
	if (width != 4)
		uart.strays++;
	switch (pa - SIFIVE_BASE) {
	case 0x00:
		/* A polling writer waits for the line. */
		if (uart.tx_count == uart.depth && rand() % 4 == 0)
			shift_out();
		return uart.tx_count == uart.depth ? 0x80000000 : 0;
	case 0x04:
		uart.rxdata_reads++;
		return uart.rx_count == 0 ? 0x80000000 : pop_rx();
	case 0x08:
		return uart.txctrl;
	case 0x0c:
		return uart.rxctrl;
	case 0x10:
		return uart.ie;
	case 0x14:
		shift_out();
		return (uart.tx_count < ((uart.txctrl >> 16) & 7) ? 1 : 0) |
		       (uart.rx_count > 0 ? 2 : 0);
	}
	uart.strays++;
	return 0;
}

static void sifive_write(paddr_t pa, u64 value, unsigned width)
{
	if (width != 4)
		uart.strays++;
	switch (pa - SIFIVE_BASE) {
	case 0x00:
		push_tx((u8)value);
		break;
	case 0x08:
		uart.txctrl = (u32)value;
		break;
	case 0x0c:
		uart.rxctrl = (u32)value;
		break;
	case 0x10:
		uart.ie = (u32)value;
		break;
	case 0x18:
		uart.div_writes++;
		break;
	default:
		uart.strays++;
	}
}

/* ---- 16550 ---- */

#define NS_BASE 0x10000000UL

static bool ns_asserts(void)
{
	return ((uart.ie & 1) != 0 && uart.rx_count > 0) ||
	       ((uart.ie & 2) != 0 && uart.tx_count == 0);
}

static u64 ns_read(paddr_t pa, unsigned width)
{
	if (width != 1)
		uart.strays++;
	switch (pa - NS_BASE) {
	case 0:
		uart.rxdata_reads++;
		return uart.rx_count > 0 ? pop_rx() : 0;
	case 1:
		return uart.ie;
	case 2:
		return (uart.fcr & 1) != 0 ? 0xc1 : 0x01;
	case 3:
		return uart.lcr;
	case 5: {
		const u8 status = (uart.rx_count > 0 ? 1 : 0) | (uart.tx_count == 0 ? 0x60 : 0) |
				  (uart.is_break ? 0x10 : 0);
		uart.is_break = false;
		if (uart.tx_count > 0 && rand() % 4 == 0)
			shift_out();
		return status;
	}
	}
	uart.strays++;
	return 0;
}

static void ns_write(paddr_t pa, u64 value, unsigned width)
{
	if (width != 1)
		uart.strays++;
	switch (pa - NS_BASE) {
	case 0:
		if ((uart.lcr & 0x80) != 0)
			uart.div_writes++;
		push_tx((u8)value);
		break;
	case 1:
		if ((uart.lcr & 0x80) != 0)
			uart.div_writes++;
		uart.ie = (u32)value;
		break;
	case 2:
		uart.fcr = (u32)value;
		break;
	case 3:
		uart.lcr = (u32)value;
		break;
	case 4:
		break;
	default:
		uart.strays++;
	}
}

/* ---- bringing a port up ---- */

static unsigned received_calls, has_room_calls;

static void on_received(struct serial_port *p)
{
	received_calls++;
}

static void on_has_room(struct serial_port *p)
{
	has_room_calls++;
}

static const struct serial_client client = { .received = on_received, .has_room = on_has_room };

int irq_register(const struct irq_line *line, irq_handler_t handler, void *arg)
{
	uart.handler = handler;
	uart.handler_arg = arg;
	return 0;
}

static struct serial_port *ports[2]; /* kept from one test to the next, as in the kernel */

/* The port of the machine whose tree is @name, with everything that waited in it gone. */
static struct serial_port *fresh_port(size_t which)
{
	static const char *const trees[] = { "virt.dtb", "sifive_u.dtb" };
	static const char *const names[] = { "ttyS0", "ttySIF0" };
	static u8 *sent;
	static irq_handler_t handlers[2];
	static void *args[2];

	if (sent == NULL)
		sent = malloc(SENT_MAX);
	memset(&uart, 0, sizeof(uart));
	uart.sent = sent;
	uart.depth = which == 0 ? 16 : 8;
	uart.asserts = which == 0 ? ns_asserts : sifive_asserts;
	shim_device_read = which == 0 ? ns_read : sifive_read;
	shim_device_write = which == 0 ? ns_write : sifive_write;
	uart.txctrl = uart.rxctrl = 1; /* as firmware leaves them */
	uart.lcr = 3;
	if (ports[which] == NULL) {
		struct fdt tree;
		tree_load(trees[which], &tree);
		/* sifive_u has two; the model is of the first, so the second is not probed on it.
		 */
		shim_log_clear();
		u32 node = FDT_NONE;
		for (const struct driver *const *d = __start_drivers_table;
		     d < __stop_drivers_table; d++) {
			node = fdt_find_compatible(&tree, FDT_NONE, (*d)->compatible[0]);
			if (node == FDT_NONE)
				continue;
			struct device dev = { .tree = &tree, .node = node, .driver = *d };
			assert_int_equal((*d)->probe(&dev), 0);
		}
		ports[which] = serial_find_name(names[which]);
		assert_non_null(ports[which]);
		assert_ptr_equal(serial_find_node(ports[which]->node), ports[which]);
		handlers[which] = uart.handler;
		args[which] = uart.handler_arg;
		serial_open(ports[which], &client, NULL);
	} else {
		/* The device was reset behind the driver's back: put back what probe and open had
		 * set. */
		uart.txctrl = 1 | 1 << 16;
		uart.fcr = 1;
		uart.ie = which == 0 ? 1 : 2;
		u8 byte;
		while (serial_receive(ports[which], &byte, 1) == 1)
			;
	}
	uart.handler = handlers[which];
	uart.handler_arg = args[which];
	received_calls = has_room_calls = 0;
	return ports[which];
}

#define for_both_ports(port)              \
	for (size_t i_ = 0; i_ < 2; i_++) \
		for (struct serial_port *port = fresh_port(i_); port != NULL; port = NULL)

static void fill(u8 *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bytes[i] = (u8)(i * 7 + i / 251);
}

static void assert_nothing_went_wrong(void)
{
	assert_int_equal(uart.tx_lost, 0);
	assert_int_equal(uart.rx_lost, 0);
	assert_int_equal(uart.strays, 0);
	assert_int_equal(uart.div_writes, 0);
}

/* ---- tests ---- */

static void probe_sets_watermark_and_leaves_the_divisor(void **state)
{
	(void)fresh_port(1);
	assert_int_equal((uart.txctrl >> 16) & 7, 1); /* T47 */
	assert_int_equal(uart.txctrl & 1, 1);
	assert_int_equal((uart.rxctrl >> 16) & 7, 0); /* T48 */
	assert_int_equal(uart.rxctrl & 1, 1);
	assert_int_equal(uart.ie, 2); /* receive only, now that a client is there */
	assert_nothing_went_wrong();
	(void)fresh_port(0);
	assert_int_equal(uart.fcr & 1, 1);
	assert_int_equal(uart.ie, 1);
	assert_nothing_went_wrong();
}

static void what_fits_is_sent_without_an_interrupt(void **state)
{
	for_both_ports(p)
	{
		const u32 ie = uart.ie;
		assert_true(serial_send(p, (const u8 *)"hello", 5));
		assert_int_equal(uart.tx_count, 5);
		assert_int_equal(uart.ie, ie);
		run_wire();
		assert_memory_equal(uart.sent, "hello", 5);
	}
}

static void every_byte_arrives_however_much_is_sent(void **state)
{
	for_both_ports(p)
	{
		u8 bytes[65536];
		size_t done = 0;
		fill(bytes, sizeof(bytes));
		while (done < sizeof(bytes)) {
			const size_t piece = MIN((size_t)(1 + rand() % SERIAL_PIECE_BYTES),
						 sizeof(bytes) - done);
			if (serial_send(p, bytes + done, piece)) {
				done += piece;
				continue;
			}
			const unsigned before = has_room_calls;
			while (has_room_calls == before) { /* the sleeper's wake-up comes */
				assert_true(shift_out());
				run_interrupts();
			}
		}
		run_wire();
		assert_int_equal(uart.sent_count, sizeof(bytes));
		assert_memory_equal(uart.sent, bytes, sizeof(bytes));
		assert_int_equal(uart.ie, i_ == 0 ? 1 : 2); /* transmit interrupt off when idle */
		assert_true(serial_is_drained(p));
		assert_nothing_went_wrong();
	}
}

static void a_piece_is_taken_whole_or_not_at_all(void **state)
{
	for_both_ports(p)
	{
		u8 piece[SERIAL_PIECE_BYTES] = { 0 };
		while (serial_has_room(p))
			assert_true(serial_send(p, piece, sizeof(piece)));
		const u32 queued = serial_queued(p);
		while (serial_send(p, piece, 1))
			;
		assert_true(serial_queued(p) > queued);
		const u32 full = serial_queued(p);
		assert_false(serial_send(p, piece, 2));
		assert_int_equal(serial_queued(p), full);
		run_wire();
		assert_nothing_went_wrong();
	}
}

static void the_log_never_waits_for_an_interrupt_and_loses_nothing(void **state)
{
	for_both_ports(p)
	{
		char text[20000];
		memset(text, 'x', sizeof(text));
		text[10] = '\n';
		serial_send_log(p, text, sizeof(text)); /* more than the ring: sent by hand */
		run_wire();
		assert_int_equal(uart.sent_count, sizeof(text) + 1);
		assert_memory_equal(uart.sent + 9, "x\r\nx", 4);
		assert_nothing_went_wrong();
	}
}

static void bytes_typed_while_the_log_sends_by_hand_are_kept(void **state)
{
	for_both_ports(p)
	{
		char text[SERIAL_TX_BYTES + 500];
		u8 got[16];
		memset(text, 'x', sizeof(text));
		receive((const u8 *)"typed", 5, false);
		serial_send_log(p, text, sizeof(text));
		assert_int_equal(uart.rx_count, 0);
		run_wire();
		assert_int_equal(received_calls, 1);
		assert_int_equal(serial_receive(p, got, sizeof(got)), 5);
		assert_memory_equal(got, "typed", 5);
	}
}

static void polled_text_comes_after_what_waited(void **state)
{
	for_both_ports(p)
	{
		u8 piece[400];
		memset(piece, 'a', sizeof(piece));
		assert_true(serial_send(p, piece, sizeof(piece)));
		serial_send_polled(p, "panic\n", 6);
		serial_drain_polled(p);
		while (shift_out())
			;
		assert_int_equal(uart.sent_count, 407);
		assert_memory_equal(uart.sent + 400, "panic\r\n", 7);
		assert_int_equal(serial_queued(p), 0);
		assert_nothing_went_wrong();
		run_interrupts();
	}
}

static void discarding_output_keeps_the_log(void **state)
{
	for_both_ports(p)
	{
		u8 piece[100];
		memset(piece, 'a', sizeof(piece));
		assert_true(serial_send(p, piece, sizeof(piece)));
		serial_send_log(p, "log\n", 4);
		memset(piece, 'b', sizeof(piece));
		assert_true(serial_send(p, piece, sizeof(piece)));
		serial_discard(p);
		run_wire();
		assert_int_equal(uart.sent_count, 105);
		assert_memory_equal(uart.sent + 99, "alog\r\n", 6);
		/* Without a log in it, everything not yet in the device goes. */
		assert_true(serial_send(p, piece, sizeof(piece)));
		serial_discard(p);
		run_wire();
		assert_int_equal(uart.sent_count, 105 + uart.depth);
	}
}

static void typed_bytes_come_in_order_and_are_reported(void **state)
{
	for_both_ports(p)
	{
		u8 bytes[3000], got[3000];
		fill(bytes, sizeof(bytes));
		receive(bytes, sizeof(bytes), true);
		assert_true(received_calls > 0);
		assert_int_equal(serial_receive(p, got, sizeof(got)), sizeof(got));
		assert_memory_equal(got, bytes, sizeof(got));
		assert_nothing_went_wrong();
	}
}

static void each_received_byte_is_one_read_of_the_data_register(void **state)
{
	(void)fresh_port(1);
	receive((const u8 *)"abc", 3, false);
	uart.rxdata_reads = 0;
	run_interrupts();
	assert_int_equal(uart.rxdata_reads, 4); /* three bytes, and the one that says empty (T48) */
}

static void a_full_ring_leaves_the_rest_in_the_device(void **state)
{
	for_both_ports(p)
	{
		u8 bytes[SERIAL_RX_BYTES], got[SERIAL_RX_BYTES];
		fill(bytes, sizeof(bytes));
		receive(bytes, sizeof(bytes), true);
		receive((const u8 *)"1234567", 7, true);
		assert_int_equal(uart.rx_count, 7);
		assert_int_equal(uart.ie, 0); /* held back */
		assert_int_equal(serial_receive(p, got, sizeof(got)), sizeof(got));
		assert_memory_equal(got, bytes, sizeof(got));
		run_interrupts();
		assert_int_equal(serial_receive(p, got, sizeof(got)), 7);
		assert_memory_equal(got, "1234567", 7);
		assert_nothing_went_wrong();
	}
}

static void a_stray_interrupt_does_no_harm(void **state)
{
	for_both_ports(p)
	{
		uart.handler(uart.handler_arg);
		assert_int_equal(received_calls + has_room_calls, 0);
		assert_int_equal(serial_queued(p), 0);
	}
}

static u8 letters[8];
static unsigned letter_count;

static void note_letter(u8 letter)
{
	letters[letter_count++] = letter;
}

static void the_attention_key_takes_a_letter_from_the_client(void **state)
{
	static const u8 typed[] = "ab\x0fhc\x0ft\x0f\x0f\x0fx!";
	for_both_ports(p)
	{
		u8 got[32];
		letter_count = 0;
		/* Without a handler it is a byte like any other. */
		receive((const u8 *)"\x0fh", 2, true);
		assert_int_equal(serial_receive(p, got, sizeof(got)), 2);
		serial_set_attention(p, note_letter);
		for (u32 with_interrupts = 0; with_interrupts < 2; with_interrupts++) {
			letter_count = 0;
			receive(typed, 8, with_interrupts != 0);
			run_interrupts();
			receive(typed + 8, sizeof(typed) - 1 - 8, with_interrupts != 0);
			run_interrupts();
			assert_int_equal(serial_receive(p, got, sizeof(got)), 5);
			assert_memory_equal(got, "abc\x0f!", 5);
			assert_int_equal(letter_count, 3);
			assert_memory_equal(letters, "htx", 3);
		}
		assert_nothing_went_wrong();
	}
}

static void a_break_is_the_attention_key_too(void **state)
{
	struct serial_port *p = fresh_port(0);
	u8 got[8];
	letter_count = 0;
	serial_set_attention(p, note_letter);
	uart.is_break = true;
	receive((const u8 *)"", 1, true);
	receive((const u8 *)"ha", 2, true);
	assert_int_equal(letter_count, 1);
	assert_int_equal(letters[0], 'h');
	assert_int_equal(serial_receive(p, got, sizeof(got)), 1);
	/* A NUL that is typed is none. */
	receive((const u8 *)"", 1, true);
	receive((const u8 *)"h", 1, true);
	assert_int_equal(serial_receive(p, got, sizeof(got)), 2);
	assert_int_equal(letter_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probe_sets_watermark_and_leaves_the_divisor),
		cmocka_unit_test(what_fits_is_sent_without_an_interrupt),
		cmocka_unit_test(every_byte_arrives_however_much_is_sent),
		cmocka_unit_test(a_piece_is_taken_whole_or_not_at_all),
		cmocka_unit_test(the_log_never_waits_for_an_interrupt_and_loses_nothing),
		cmocka_unit_test(bytes_typed_while_the_log_sends_by_hand_are_kept),
		cmocka_unit_test(polled_text_comes_after_what_waited),
		cmocka_unit_test(discarding_output_keeps_the_log),
		cmocka_unit_test(typed_bytes_come_in_order_and_are_reported),
		cmocka_unit_test(each_received_byte_is_one_read_of_the_data_register),
		cmocka_unit_test(a_full_ring_leaves_the_rest_in_the_device),
		cmocka_unit_test(a_stray_interrupt_does_no_harm),
		cmocka_unit_test(the_attention_key_takes_a_letter_from_the_client),
		cmocka_unit_test(a_break_is_the_attention_key_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
