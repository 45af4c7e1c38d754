// SPDX-License-Identifier: MIT
/*
 * Between the port and the line discipline (tty_core.h): the worker that digests what was typed,
 * the way of bytes to the port, and who sleeps for what.
 *
 * Input that nothing has room for stays where it is, in tty->typed and in the port's ring, and the
 * worker stops. It goes on when a reader makes room, when the port has room for echo, or when more
 * is typed.
 */
#include "kernel/tty/tty_core.h"

#include "kernel/proc/jobctl.h"
#include "kernel/proc/process.h"
#include "lib/abi/errno.h"
#include "lib/string.h"

#define ECHO_PIECE_BYTES 128
/* How often a drain looks: a byte takes 87 us at 115200 baud. */
#define DRAIN_INTERVAL_NS 2000000

struct tty console_tty;

/* Sending. Caller holds tty->lock. */

static bool output_stands(const struct tty *t)
{
	return t->ldisc.is_stopped || t->is_held;
}

static void send_echo(struct tty *t)
{
	u8 piece[ECHO_PIECE_BYTES];
	while (!output_stands(t)) {
		const size_t count = ldisc_echo_peek(&t->ldisc, piece, sizeof(piece));
		if (count == 0 || !serial_send(t->port, piece, count))
			return;
		ldisc_echo_drop(&t->ldisc, count);
	}
}

bool tty_send_piece(struct tty *t, const u8 *bytes, size_t count, size_t *used)
{
	u8 piece[SERIAL_PIECE_BYTES];
	bool sent = false;

	spin_lock(&t->lock);
	send_echo(t);
	if (!output_stands(t)) {
		const u32 column = t->ldisc.column;
		const u32 line_column = t->ldisc.line_column;
		const size_t made =
			ldisc_output(&t->ldisc, bytes, count, piece, sizeof(piece), used);
		sent = serial_send(t->port, piece, made);
		if (!sent) {
			t->ldisc.column = column;
			t->ldisc.line_column = line_column;
		}
	}
	spin_unlock(&t->lock);
	return sent;
}

bool tty_can_send(struct tty *t)
{
	spin_lock(&t->lock);
	const bool can = !output_stands(t) && serial_has_room(t->port);
	spin_unlock(&t->lock);
	return can;
}

/* The worker. */

/* What a step of digest() leaves to be done without the lock. */
struct digested {
	struct ldisc_event event;
	bool took_any; /* there may be more to do */
	bool is_readable;
	bool restarted; /* output no longer stands */
};

/* Digest what was typed until an event, the end, or no room. */
static struct digested digest(struct tty *t)
{
	struct digested d;

	spin_lock(&t->lock);
	if (t->typed_at == t->typed_count) {
		t->typed_at = 0;
		t->typed_count = (u32)serial_receive(t->port, t->typed, sizeof(t->typed));
	}
	const bool stood = output_stands(t);
	const size_t wanted = t->typed_count - t->typed_at;
	const size_t taken = ldisc_input(&t->ldisc, t->typed + t->typed_at, wanted, &d.event);
	t->typed_at += (u32)taken;
	d.took_any = taken > 0;
	d.is_readable = ldisc_is_readable(&t->ldisc, 1);
	d.restarted = stood && !output_stands(t);
	if (d.event.flush_output)
		serial_discard(t->port);
	send_echo(t);
	spin_unlock(&t->lock);
	return d;
}

void tty_signal(struct tty *t, int sig)
{
	spin_lock(&process_tree_lock);
	if (t->foreground != 0)
		(void)signal_send_group_locked(t->foreground, sig, NULL); /* it may be gone */
	spin_unlock(&process_tree_lock);
}

static void tty_work(struct work *w)
{
	struct tty *t = container_of(w, struct tty, work);

	for (;;) {
		const struct digested d = digest(t);
		if (d.is_readable)
			waitq_wake_all(&t->read_wait);
		if (d.event.flush_output || d.restarted)
			waitq_wake_all(&t->write_wait);
		if (d.event.signal != 0)
			tty_signal(t, d.event.signal);
		if (!d.took_any)
			return;
	}
}

static void tty_received(struct serial_port *p)
{
	struct tty *t = p->client_data;
	work_queue(&t->work);
}

static void tty_has_room(struct serial_port *p)
{
	struct tty *t = p->client_data;
	waitq_wake_all(&t->write_wait);
	work_queue(&t->work); /* echo may be waiting, and input behind it */
}

static const struct serial_client tty_client = {
	.received = tty_received,
	.has_room = tty_has_room,
};

/* Reading. */

size_t tty_take_input(struct tty *t, u8 *out, size_t size, bool *line_done)
{
	spin_lock(&t->lock);
	const size_t count = ldisc_read(&t->ldisc, out, size, line_done);
	const bool input_waits = t->typed_at != t->typed_count;
	spin_unlock(&t->lock);
	if (input_waits && (count > 0 || *line_done))
		work_queue(&t->work);
	return count;
}

bool tty_has_input(struct tty *t, u32 least)
{
	spin_lock(&t->lock);
	const bool has = ldisc_is_readable(&t->ldisc, least);
	spin_unlock(&t->lock);
	return has;
}

bool tty_read_mode(struct tty *t, u32 *min, u32 *time_tenths)
{
	spin_lock(&t->lock);
	const bool canonical = ldisc_is_canonical(&t->ldisc);
	*min = t->ldisc.termios.c_cc[VMIN];
	*time_tenths = t->ldisc.termios.c_cc[VTIME];
	spin_unlock(&t->lock);
	return canonical;
}

/* State. */

void tty_flush_input(struct tty *t)
{
	spin_lock(&t->lock);
	do
		t->typed_count = (u32)serial_receive(t->port, t->typed, sizeof(t->typed));
	while (t->typed_count != 0);
	t->typed_at = 0;
	ldisc_flush_input(&t->ldisc);
	spin_unlock(&t->lock);
}

void tty_flush_output(struct tty *t)
{
	serial_discard(t->port);
	waitq_wake_all(&t->write_wait);
}

static bool is_drained(struct tty *t)
{
	u8 byte;
	spin_lock(&t->lock);
	const bool echo_waits = ldisc_echo_peek(&t->ldisc, &byte, 1) != 0;
	const bool drained = !echo_waits && serial_is_drained(t->port);
	spin_unlock(&t->lock);
	return drained;
}

int tty_drain(struct tty *t)
{
	while (!is_drained(t)) {
		if (sleep_until(clock_now() + DRAIN_INTERVAL_NS) != 0)
			return -ERESTARTSYS;
	}
	return 0;
}

void tty_wake_all(struct tty *t)
{
	waitq_wake_all(&t->read_wait);
	waitq_wake_all(&t->write_wait);
	work_queue(&t->work);
}

void tty_hold_output(struct tty *t, bool hold)
{
	spin_lock(&t->lock);
	t->is_held = hold;
	send_echo(t);
	spin_unlock(&t->lock);
	tty_wake_all(t); /* what was typed may have waited for room for its echo */
}

void tty_kill_files(struct tty *t)
{
	WRITE_ONCE(t->hangups, t->hangups + 1);
	spin_lock(&t->lock);
	t->is_held = false;
	t->ldisc.is_stopped = false;
	spin_unlock(&t->lock);
	tty_wake_all(t);
}

static bool try_claim(struct tty_claim *claim)
{
	return __atomic_exchange_n(&claim->is_taken, 1, __ATOMIC_ACQUIRE) == 0;
}

int tty_claim_take(struct tty_claim *claim, bool nonblocking)
{
	if (likely(try_claim(claim)))
		return 0;
	if (nonblocking)
		return -EAGAIN;
	if (wait_event_interruptible(&claim->wait, try_claim(claim)) == 0)
		return 0;
	waitq_wake_one(&claim->wait); /* what woke this one may have been its turn */
	return -ERESTARTSYS;
}

/* One at a time: behind a script run wild there may be a thousand. */
void tty_claim_release(struct tty_claim *claim)
{
	__atomic_store_n(&claim->is_taken, 0, __ATOMIC_RELEASE);
	waitq_wake_one(&claim->wait);
}

void tty_core_init(struct tty *t, struct serial_port *port)
{
	t->port = port;
	work_init(&t->work, tty_work);
	waitq_init(&t->read_claim.wait, "tty read turn");
	waitq_init(&t->write_claim.wait, "tty write turn");
	waitq_init(&t->read_wait, "tty read");
	waitq_init(&t->write_wait, "tty write");
	spin_init(&t->lock, "tty", RANK_LDISC);
	ldisc_init(&t->ldisc);
	t->winsize = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	serial_open(port, &tty_client, t);
}
