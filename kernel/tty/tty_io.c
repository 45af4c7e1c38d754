// SPDX-License-Identifier: MIT
/* Reading, writing and polling a terminal (tty_io.h). */
#include "kernel/tty/tty_io.h"

#include "kernel/tty/tty_core.h"
#include "kernel/tty/tty_job.h"
#include "lib/abi/errno.h"
#include "lib/abi/fcntl.h"
#include "lib/abi/poll.h"
#include "lib/abi/signal.h"

#define CHUNK_BYTES 256 /* between user memory and the terminal at once, on the stack */
#define TENTH_NS    100000000UL

static bool is_nonblocking(const struct file *f)
{
	return (READ_ONCE(f->flags) & O_NONBLOCK) != 0;
}

/*
 * When a read that has some or no bytes is over, and how long it waits otherwise
 *(POSIX.1-2017, 11.1.7):
 *
 *	canonical         at the end of a line; waits for one
 *	VMIN 0, VTIME 0   at once
 *	VMIN 0, VTIME t   with one byte, or t after it began
 *	VMIN n, VTIME 0   with n bytes
 *	VMIN n, VTIME t   with n bytes, or t after the last one; waits for the first
 */
struct read_rule {
	size_t least;    /* enough */
	nsec_t pause;    /* the deadline starts again this long after each byte; 0: it does not */
	nsec_t deadline; /* CLOCK_NEVER: none yet */
};

static struct read_rule read_rule_of(struct tty *t)
{
	u32 min, tenths;
	if (tty_read_mode(t, &min, &tenths))
		return (struct read_rule){ .least = 1, .deadline = CLOCK_NEVER };
	const nsec_t time = tenths * TENTH_NS;
	if (min > 0)
		return (struct read_rule){ .least = min, .pause = time, .deadline = CLOCK_NEVER };
	return (struct read_rule){ .least = 1, .deadline = clock_now() + time };
}

/* Wait for input. 0: look again. -ETIMEDOUT, -EAGAIN, -ERESTARTSYS. */
static int wait_for_input(const struct file *f, const struct tty_file *tf, nsec_t deadline)
{
	struct tty *t = tf->tty;
	if (deadline != CLOCK_NEVER && clock_now() >= deadline)
		return -ETIMEDOUT;
	if (is_nonblocking(f))
		return -EAGAIN;
	const int error = wait_event_until(
		&t->read_wait, tty_has_input(t, 1) || tty_file_is_dead(tf), true, deadline);
	return error == -EINTR ? -ERESTARTSYS : error;
}

/* With the read claim. */
static ssize_t read_claimed(const struct file *f, const struct tty_file *tf, struct uio *u)
{
	struct read_rule rule = read_rule_of(tf->tty);
	const size_t all = u->left;
	int error = 0;
	bool line_done = false;

	while (u->left > 0 && !line_done) {
		u8 chunk[CHUNK_BYTES];
		const size_t wanted = MIN(u->left, sizeof(chunk));
		const size_t count = tty_take_input(tf->tty, chunk, wanted, &line_done);
		if (count > 0) {
			if (uio_copy_in(u, chunk, count) < count) {
				error = -EFAULT;
				break;
			}
			if (rule.pause != 0)
				rule.deadline = clock_now() + rule.pause;
		} else if (!line_done) {
			if (all - u->left >= rule.least || tty_file_is_dead(tf))
				break;
			error = wait_for_input(f, tf, rule.deadline);
			if (error != 0)
				break;
		}
	}
	if (u->left != all)
		return (ssize_t)(all - u->left);
	return error == -ETIMEDOUT ? 0 : error;
}

ssize_t tty_read(struct file *f, struct uio u, u64 *pos)
{
	const struct tty_file *tf = f->private;
	struct tty *t = tf->tty;

	if (tty_file_is_dead(tf))
		return 0;
	int error = tty_check_foreground(t, SIGTTIN);
	if (error == 0)
		error = tty_claim_take(&t->read_claim, is_nonblocking(f));
	if (error != 0)
		return error;
	const ssize_t result = read_claimed(f, tf, &u);
	tty_claim_release(&t->read_claim);
	return result;
}

/* Send all of @bytes, sleeping as the port fills up. *@sent: how many went, also on error. */
static int send_chunk(const struct file *f, const struct tty_file *tf, const u8 *bytes,
		      size_t count, size_t *sent)
{
	struct tty *t = tf->tty;
	*sent = 0;
	while (*sent < count) {
		size_t used = 0;
		if (!tty_send_piece(t, bytes + *sent, count - *sent, &used)) {
			if (is_nonblocking(f))
				return -EAGAIN;
			const int error = wait_event_interruptible(
				&t->write_wait,
				tty_file_is_dead(tf) ||
					tty_send_piece(t, bytes + *sent, count - *sent, &used));
			if (error != 0)
				return -ERESTARTSYS;
		}
		if (tty_file_is_dead(tf))
			return -EIO;
		*sent += used;
	}
	return 0;
}

/* With the write claim. */
static ssize_t write_claimed(const struct file *f, const struct tty_file *tf, struct uio *u)
{
	size_t total = 0;
	int error = 0;

	while (u->left > 0 && error == 0) {
		u8 chunk[CHUNK_BYTES];
		size_t sent;
		const size_t count = uio_copy_out(u, chunk, MIN(u->left, sizeof(chunk)));
		if (count == 0) {
			error = -EFAULT;
			break;
		}
		error = send_chunk(f, tf, chunk, count, &sent);
		total += sent;
	}
	return total > 0 ? (ssize_t)total : error;
}

ssize_t tty_write(struct file *f, struct uio u, u64 *pos)
{
	const struct tty_file *tf = f->private;
	struct tty *t = tf->tty;

	if (tty_file_is_dead(tf))
		return -EIO;
	int error = tty_check_write(t);
	if (error == 0)
		error = tty_claim_take(&t->write_claim, is_nonblocking(f));
	if (error != 0)
		return error;
	const ssize_t result = write_claimed(f, tf, &u);
	tty_claim_release(&t->write_claim);
	return result;
}

u32 tty_poll(struct file *f, struct poll_table *table)
{
	const struct tty_file *tf = f->private;
	struct tty *t = tf->tty;
	u32 min, tenths, events = 0;

	poll_wait(table, &t->read_wait);
	poll_wait(table, &t->write_wait);
	if (tty_file_is_dead(tf))
		return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR | POLLHUP;
	const bool counts = !tty_read_mode(t, &min, &tenths) && min > 0 && tenths == 0;
	if (tty_has_input(t, counts ? min : 1))
		events |= POLLIN | POLLRDNORM;
	if (tty_can_send(t))
		events |= POLLOUT | POLLWRNORM;
	return events;
}
