/* SPDX-License-Identifier: MIT */
/*
 * The line discipline: what happens between the bytes typed and the bytes a program reads, and
 * between the bytes a program writes and those the port sends. Linux's N_TTY in meaning.
 *
 * A pure state machine. It calls nobody: input leaves behind bytes to read, bytes to echo and a
 * signal to send, and whoever embeds it (kernel/tty/tty.c) carries them on. Locks: the embedder's.
 */
#pragma once

#include "lib/abi/termios.h"
#include "lib/types.h"

#define LDISC_INPUT_BYTES 4096 /* a line of 4095 bytes and its end, as Linux promises */
#define LDISC_ECHO_BYTES  4096

struct ldisc {
	struct ktermios termios;

	/* Bytes to be read, a ring under counts that run freely; tail <= ready <= head. In
	 * canonical mode what lies below ready is whole lines and the rest is being edited. */
	u32 tail, ready, head;
	u8 input[LDISC_INPUT_BYTES];
	u64 line_end[LDISC_INPUT_BYTES / 64]; /* the byte at that place ends a line */

	bool literal_next; /* VLNEXT was typed */
	bool is_stopped;   /* VSTOP was typed */
	u32 column;        /* the cursor's, as far as what passed here tells */
	u32 line_column;   /* where it stood when the line being edited began */

	/* Bytes to be sent because they were typed: a ring. */
	u32 echo_tail, echo_head;
	u8 echo[LDISC_ECHO_BYTES];
};

/* What a byte typed asks for beyond reading and echo. */
struct ldisc_event {
	int signal;        /* for the foreground group; 0 = none */
	bool flush_output; /* what was written but not yet sent is to go, before the echo */
};

/* Linux's defaults: canonical, echo, signals, CR to NL and back. */
void ldisc_init(struct ldisc *l);

/*
 * Take typed bytes. Stops after one that raises an event, and when ldisc_accepts() no longer holds.
 * Returns how many were taken; *@event is always set.
 */
size_t ldisc_input(struct ldisc *l, const u8 *bytes, size_t count, struct ldisc_event *event);
/* Whether another byte may be given: there is room for it and for its echo. */
bool ldisc_accepts(const struct ldisc *l);

/* Whether a read would find something: a line (or an end of file) in canonical mode, @least bytes
 * otherwise. */
bool ldisc_is_readable(const struct ldisc *l, u32 least);
/* For FIONREAD. */
u32 ldisc_readable_bytes(const struct ldisc *l);
/*
 * Move at most @size bytes out, in canonical mode of one line. *@line_done: that line ended here,
 * so the read is complete even if it has 0 bytes (end of file).
 */
size_t ldisc_read(struct ldisc *l, u8 *out, size_t size, bool *line_done);
/* Forget what was typed and not read. */
void ldisc_flush_input(struct ldisc *l);

/* Take the oldest bytes to be echoed: look, then drop those that were sent. */
size_t ldisc_echo_peek(const struct ldisc *l, u8 *out, size_t size);
void ldisc_echo_drop(struct ldisc *l, size_t count);

/*
 * Turn written bytes into bytes to send. Uses as many of @in as fit (*@used) into @size, at
 * least 8. Returns the number of bytes in @out.
 */
size_t ldisc_output(struct ldisc *l, const u8 *in, size_t count, u8 *out, size_t size,
		    size_t *used);

void ldisc_set_termios(struct ldisc *l, const struct ktermios *termios);
static inline bool ldisc_is_canonical(const struct ldisc *l)
{
	return (l->termios.c_lflag & ICANON) != 0;
}
