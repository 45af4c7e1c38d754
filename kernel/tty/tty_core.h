/* SPDX-License-Identifier: MIT */
/*
 * A terminal: a serial port with a line discipline on it, and a session that it controls. This
 * header is for the files of kernel/tty alone.
 *
 *	port --received()--> work_queue --> tty_work: ldisc_input --> readers, echo, signal
 *	write --> ldisc_output --> serial_send --> port; refused: sleep until has_room()
 *
 * Locks: process_tree_lock covers who is controlled; tty->lock (RANK_LDISC) the line and everything
 * that is sent, so echo and output come out in the order in which they were decided. Nothing sleeps
 * under either. One reader and one writer at a time hold a claim, for which others wait
 * interruptibly.
 */
#pragma once

#include "drivers/serial/serial.h"
#include "kernel/core/spinlock.h"
#include "kernel/sched/waitq.h"
#include "kernel/sched/workqueue.h"
#include "kernel/tty/ldisc.h"
#include "lib/types.h"

/* The right to be the one reader or the one writer. */
struct tty_claim {
	u32 is_taken; /* atomic */
	struct waitq wait;
};

struct tty {
	/* set once */
	struct serial_port *port;
	struct work work; /* input waits, or room for echo came */

	/* under process_tree_lock; 0 = none */
	u32 session;
	u32 foreground; /* the group that may read, and that ^C goes to */

	/* atomic; files opened before the last one are dead; changed under process_tree_lock, in
	 * the same moment as session */
	u32 hangups;

	struct tty_claim read_claim, write_claim;
	struct waitq read_wait;  /* input, hang-up */
	struct waitq write_wait; /* room, restart, hang-up */

	struct spinlock lock; /* RANK_LDISC */

	/* under lock */
	struct ldisc ldisc;
	struct winsize winsize;
	bool is_held;  /* TCOOFF */
	u8 typed[128]; /* taken from the port, not yet taken by the line discipline */
	u32 typed_at, typed_count;
};

/* An open file of a terminal. */
struct tty_file {
	struct tty *tty;
	u32 hangups;     /* as of the open */
	bool is_console; /* opened as /dev/console: survives hang-ups, as in Linux */
};

/* The only terminal so far. */
extern struct tty console_tty;

void tty_core_init(struct tty *t, struct serial_port *port);

static inline bool tty_file_is_dead(const struct tty_file *f)
{
	return !f->is_console && READ_ONCE(f->tty->hangups) != f->hangups;
}

/*
 * Process @count written bytes and hand as many to the port as make one piece. True: *@used of them
 * are on their way; false: none now, write_wait will be woken. Context: any but interrupt; takes
 * tty->lock.
 */
bool tty_send_piece(struct tty *t, const u8 *bytes, size_t count, size_t *used);
/* Whether tty_send_piece() would succeed. */
bool tty_can_send(struct tty *t);
/* At most @size bytes of input as ldisc_read() has it. */
size_t tty_take_input(struct tty *t, u8 *out, size_t size, bool *line_done);
bool tty_has_input(struct tty *t, u32 least);
/* Canonical mode? If not, VMIN and VTIME. */
bool tty_read_mode(struct tty *t, u32 *min, u32 *time_tenths);

/* To the foreground group, if there is one. Context: any but interrupt. */
void tty_signal(struct tty *t, int sig);
void tty_flush_input(struct tty *t);
void tty_flush_output(struct tty *t);
/* Until everything written is on the wire. 0 or -ERESTARTSYS. Context: may sleep. */
__must_check int tty_drain(struct tty *t);
/* TCXONC. */
void tty_hold_output(struct tty *t, bool hold);
/* Make the files open now dead, and wake who sleeps in them. Caller holds process_tree_lock. */
void tty_kill_files(struct tty *t);
/* Wake whoever waits for a change of termios or state. */
void tty_wake_all(struct tty *t);

/* 0 or -ERESTARTSYS; -EAGAIN if it is taken and @nonblocking. Context: may sleep. */
__must_check int tty_claim_take(struct tty_claim *claim, bool nonblocking);
void tty_claim_release(struct tty_claim *claim);
