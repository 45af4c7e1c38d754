/* SPDX-License-Identifier: MIT */
/*
 * Serial ports. A driver supplies the few register accesses (struct serial_ops); what is common
 * stands in serial.c: a ring in each direction, filled and drained by interrupts. Two parties send
 * through one port without knowing each other, the kernel's log (console.c) and a terminal
 * (kernel/tty/tty.c); each hands over whole pieces, so what they send does not mix within one.
 *
 * Nothing handed over is lost, and nobody waits with interrupts off for longer than the device
 * takes to accept what fits into it. The exception is the log, which must not sleep: with the ring
 * full it drives the device by hand for as many bytes as it has to send.
 */
#pragma once

#include "kernel/core/printk.h"
#include "kernel/core/spinlock.h"
#include "lib/compiler.h"
#include "lib/ring.h"
#include "lib/types.h"

struct serial_port;
struct device;

/* All are called with port->lock held, or by polling with every other hart stopped. They never
 * wait. */
struct serial_ops {
	/* Give the device as many of @bytes as it takes now. Returns how many. */
	size_t (*put)(struct serial_port *p, const u8 *bytes, size_t count);
	/* Take the oldest byte received. False: there is none. */
	bool (*get)(struct serial_port *p, u8 *byte);
	/* Interrupt when the device takes bytes, or has received some. */
	void (*set_transmit_interrupt)(struct serial_port *p, bool on);
	void (*set_receive_interrupt)(struct serial_port *p, bool on);
	/* Everything put has left the wire. */
	bool (*is_idle)(struct serial_port *p);
};

#define SERIAL_TX_BYTES 8192
#define SERIAL_RX_BYTES 8192
/* The longest piece serial_send() takes. */
#define SERIAL_PIECE_BYTES 512

struct serial_client {
	/* Both in interrupt context without locks: bytes came; there is room again after
	 * serial_send() refused. */
	void (*received)(struct serial_port *p);
	void (*has_room)(struct serial_port *p);
};

struct serial_port {
	/* set once by the driver, before serial_register() */
	const struct serial_ops *ops;
	u8 *base; /* registers */
	u32 node; /* in the device tree, SERIAL_NODE_NONE if it is not there */

	/* set once by serial_register() */
	char name[16]; /* as under /dev */
	u32 number;    /* the last part of it */
	u32 major, minor;
	struct console console;

	/* set once by serial_open() */
	const struct serial_client *client; /* atomic: published after client_data */
	void *client_data;

	struct spinlock lock; /* RANK_SERIAL: the device and all below */

	/* under lock */
	/* Bytes to send: a ring that can also be shortened at its head. Counts that run freely. */
	u32 tx_head, tx_tail;
	u32 tx_keep; /* the log's bytes end here: what comes before is never discarded */
	void (*attention)(u8 letter); /* see serial_set_attention() */
	bool is_attentive;            /* the next byte is a letter for it */
	bool saw_break;               /* set by the driver's get(): the byte is a BREAK */
	u8 letter;                    /* to be handed over by the next interrupt; 0: none */
	struct ring received;
	bool tx_refused;    /* somebody waits for room */
	bool rx_unreported; /* bytes were received that the client was not told of */
	bool rx_held;       /* the ring is full, so the receive interrupt is off */
	u8 tx[SERIAL_TX_BYTES];
	u8 rx[SERIAL_RX_BYTES];
};

#define SERIAL_NODE_NONE UINT32_MAX /* FDT_NONE */

/* For drivers. */

/* A family of names, as Linux numbers it. */
struct serial_family {
	const char *prefix; /* "ttyS" */
	u32 major, first_minor;
};

/*
 * Add a port, with base, ops and node set and its interrupts off; and serve the interrupt of @dev
 * (NULL: it has none, its driver calls serial_interrupt() by itself). Its number is that of the
 * tree's alias serialN, or the lowest free one. Context: boot. Returns 0; or -ENOSPC, or what
 * device_irq() and irq_register() return: then nothing of it is kept, and if there is a device, the
 * error was reported.
 */
__must_check int serial_register(struct serial_port *p, const struct serial_family *family,
				 const struct device *dev);
/* What the device has to tell. Interrupts off. */
void serial_interrupt(struct serial_port *p);

/* For clients. */

/* The port called @name, or described by @node; NULL: none. */
struct serial_port *serial_find_name(const char *name);
struct serial_port *serial_find_node(u32 node);
/* The first one; NULL: none was bound. */
struct serial_port *serial_first(void);

/* Attach the one client, and begin to receive. */
void serial_open(struct serial_port *p, const struct serial_client *client, void *client_data);
/*
 * Send a piece of at most SERIAL_PIECE_BYTES, all of it or nothing. False: no room, has_room() will
 * be called. Context: any.
 */
__must_check bool serial_send(struct serial_port *p, const u8 *bytes, size_t count);
/* Whether a piece of the longest kind would be taken now; if not, has_room() will be called. */
bool serial_has_room(struct serial_port *p);
/*
 * Ctrl-O or a BREAK, and a letter, go to @attention instead of the client: in the interrupt,
 * without locks, whatever the client is doing. Ctrl-O twice is one Ctrl-O for the client. (Linux
 * has the same key on its hypervisor consoles.)
 */
void serial_set_attention(struct serial_port *p, void (*attention)(u8 letter));
/* Take received bytes. Returns how many. Context: any. */
size_t serial_receive(struct serial_port *p, u8 *bytes, size_t size);
/* Bytes handed over that the device has not taken. */
u32 serial_queued(struct serial_port *p);
/* Everything handed over has left the wire. */
bool serial_is_drained(struct serial_port *p);
/* Drop what clients sent and the device has not taken. The log's text stays, and what came before
 * it. */
void serial_discard(struct serial_port *p);

/* For the log: any context, cannot fail, does not sleep. The second form takes no lock. */
void serial_send_log(struct serial_port *p, const char *text, size_t len_bytes);
void serial_send_polled(struct serial_port *p, const char *text, size_t len_bytes);
/* Wait by polling until all has left the wire. */
void serial_drain_polled(struct serial_port *p);
