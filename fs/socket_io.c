// SPDX-License-Identifier: MIT
/*
 * AF_UNIX sockets: sending, receiving, poll (socket_core.h has records and locks).
 *
 * A sender waits for room first, then fills a message without any lock, and queues it after another
 * look at the other end: so a queue may exceed its limit by a message for each thread that sends,
 * and what is copied is sent.
 */
#include "fs/socket_io.h"

#include "arch/riscv/cpu/usercopy.h"
#include "lib/abi/errno.h"
#include "lib/abi/fcntl.h"
#include "lib/abi/ioctl.h"
#include "lib/abi/poll.h"
#include "mm/pmm/slab.h"

/* A stream goes in pieces of this size, so that a message fits into two pages. */
#define STREAM_PIECE_BYTES (8192 - sizeof(struct socket_message))
/* As Linux: the buffer less what its own headers want. */
#define DATAGRAM_MAX (SOCKET_BUFFER_BYTES - 32)

static ssize_t socket_read(struct file *f, struct uio u, u64 *pos);
static ssize_t socket_write(struct file *f, struct uio u, u64 *pos);
static s64 socket_ioctl(struct file *f, u32 command, u64 arg);
static u32 socket_poll(struct file *f, struct poll_table *t);
static void socket_release(struct file *f);

const struct file_ops socket_file_ops = {
	.read = socket_read,
	.write = socket_write,
	.ioctl = socket_ioctl,
	.poll = socket_poll,
	.release = socket_release,
};

static bool is_nonblocking(const struct file *f, u32 flags)
{
	return (READ_ONCE(f->flags) & O_NONBLOCK) != 0 || (flags & MSG_DONTWAIT) != 0;
}

/* ---- sending ---------------------------------------------------------------------------- */

/* May @s send to @to, its peer or another? Caller holds socket_lock. */
static int check_way_locked(struct socket *s, const struct socket *to)
{
	const bool is_connected_type = socket_is_connected_type(s);
	const bool is_shut = (s->shut & SHUT_BIT_WRITE) != 0;
	/* Who sends packets is told first what went wrong. */
	if (s->error != 0 && !(is_shut && socket_is_stream(s))) {
		const int error = s->error;
		WRITE_ONCE(s->error, 0);
		return error;
	}
	if (is_shut)
		return -EPIPE;
	if (to->is_dead)
		return is_connected_type ? -EPIPE : -ECONNREFUSED;
	if (to->type != s->type)
		return -EPROTOTYPE;
	if (!is_connected_type && to->peer != NULL && to->peer != s)
		return -EPERM; /* it listens to another only */
	return (to->shut & SHUT_BIT_READ) != 0 ? -EPIPE : 0;
}

/* Without the lock, too: then a hint. */
static bool has_room(const struct socket *s, const struct socket *to)
{
	/* A pair of datagram sockets may fill each other; strangers get a few messages each. */
	if (!socket_is_connected_type(to) && READ_ONCE(to->peer) != s && to != s &&
	    READ_ONCE(to->message_count) > SOCKET_DATAGRAMS_MAX)
		return false;
	return READ_ONCE(to->queued_bytes) < SOCKET_BUFFER_BYTES;
}

static bool way_has_changed(const struct socket *s, const struct socket *to)
{
	return has_room(s, to) || READ_ONCE(to->is_dead) ||
	       (READ_ONCE(to->shut) & SHUT_BIT_READ) != 0 ||
	       (READ_ONCE(s->shut) & SHUT_BIT_WRITE) != 0;
}

/* Until @to, counted by the caller, has room. 0, -EAGAIN, -EINTR, or why @s may not send there. */
static int wait_for_room(struct socket *s, struct socket *to, bool nonblocking)
{
	for (;;) {
		spin_lock(&socket_lock);
		int err = check_way_locked(s, to);
		const bool is_full = !has_room(s, to);
		spin_unlock(&socket_lock);
		if (err < 0 || !is_full)
			return err;
		if (nonblocking)
			return -EAGAIN;
		err = wait_event_interruptible(&to->write_wait, way_has_changed(s, to));
		if (err < 0)
			return err;
	}
}

/* @m goes to @to, unless that has become impossible; then it is the caller's still. */
static int deliver(struct socket *s, struct socket *to, struct socket_message *m)
{
	spin_lock(&socket_lock);
	const int err = check_way_locked(s, to);
	if (err == 0) {
		m->from = s->address;
		socket_queue_locked(to, m);
	}
	spin_unlock(&socket_lock);
	return err;
}

/* A message of @len bytes from @u. Bytes sent; -errno. */
static ssize_t send_piece(struct socket *s, struct socket *to, struct uio *u, size_t len)
{
	struct socket_message *m = socket_message_alloc(len);
	if (m == NULL)
		return -ENOMEM;
	ssize_t result = -EFAULT;
	const size_t got = uio_copy_out(u, m->data, len);
	if (got == len || (got != 0 && socket_is_stream(s))) {
		m->len = got;
		result = deliver(s, to, m);
	}
	if (result < 0) {
		kfree(m);
		return result;
	}
	return (ssize_t)got;
}

static ssize_t send_stream(struct socket *s, struct socket *to, struct uio *u, bool nonblocking)
{
	ssize_t sent = 0;
	ssize_t n = 0;
	while (u->left > 0 && n >= 0) {
		n = wait_for_room(s, to, nonblocking);
		if (n == 0)
			n = send_piece(s, to, u, MIN(u->left, STREAM_PIECE_BYTES));
		if (n > 0)
			sent += n;
		/* A reader may make room as fast as this fills it. */
		(void)uio_breathe();
	}
	return sent != 0 ? sent : n;
}

static ssize_t send_datagram(struct socket *s, struct socket *to, struct uio *u, bool nonblocking)
{
	if (u->left > DATAGRAM_MAX)
		return -EMSGSIZE;
	const int err = wait_for_room(s, to, nonblocking);
	return err < 0 ? err : send_piece(s, to, u, u->left);
}

/* Whom @s sends to, counted. */
static int find_receiver(struct socket *s, const struct socket_send *how, struct socket **out)
{
	const bool is_connected_type = socket_is_connected_type(s);
	if (how->to != NULL && !is_connected_type)
		return socket_find(how->ctx, how->to, out);
	int err = 0;
	spin_lock(&socket_lock);
	const bool is_connected = is_connected_type ? s->state == SOCKET_CONNECTED :
						      s->peer != NULL;
	if (how->to != NULL && socket_is_stream(s))
		err = is_connected ? -EISCONN : -EOPNOTSUPP;
	else if (!is_connected)
		err = -ENOTCONN;
	if (err == 0) {
		*out = s->peer;
		socket_get(*out);
	}
	spin_unlock(&socket_lock);
	return err;
}

ssize_t socket_send(struct file *f, struct uio u, const struct socket_send *how)
{
	struct socket *s = socket_of(f);
	struct socket *to;
	if ((how->flags & MSG_OOB) != 0)
		return -EOPNOTSUPP;
	const int err = find_receiver(s, how, &to);
	if (err < 0)
		return err;
	const bool nonblocking = is_nonblocking(f, how->flags);
	const ssize_t n = socket_is_stream(s) ? send_stream(s, to, &u, nonblocking) :
						send_datagram(s, to, &u, nonblocking);
	socket_put(to);
	return n;
}

static ssize_t socket_write(struct file *f, struct uio u, u64 *pos)
{
	const struct socket_send how = { .flags = 0 };
	return socket_send(f, u, &how);
}

/* ---- receiving: all of it with s->read_lock held ------------------------------------------ */

/* The message behind @m, or the first; NULL: none. */
static struct socket_message *next_message(struct socket *s, const struct socket_message *m)
{
	spin_lock(&socket_lock);
	struct list *node = m != NULL ? m->node.next : s->messages.next;
	spin_unlock(&socket_lock);
	return node != &s->messages ? list_entry(node, struct socket_message, node) : NULL;
}

static void drop_message(struct socket *s, struct socket_message *m)
{
	spin_lock(&socket_lock);
	socket_dequeue_locked(s, m);
	spin_unlock(&socket_lock);
	kfree(m);
}

static bool is_worth_a_look(const struct socket *s)
{
	return READ_ONCE(s->message_count) != 0 || READ_ONCE(s->error) != 0 ||
	       (READ_ONCE(s->shut) & SHUT_BIT_READ) != 0;
}

/* 1: there is a message; 0: none, and none will come; -EAGAIN, -EINTR, -ECONNRESET, which goes
 * before the messages unless they are a stream. Lets go of the lock to sleep. */
static int wait_for_message(struct socket *s, bool nonblocking)
{
	for (;;) {
		spin_lock(&socket_lock);
		const bool has_any = !list_is_empty(&s->messages);
		int err = has_any && socket_is_stream(s) ? 0 : s->error;
		if (err != 0)
			WRITE_ONCE(s->error, 0);
		const bool is_over = (s->shut & SHUT_BIT_READ) != 0;
		spin_unlock(&socket_lock);
		if (has_any || err != 0)
			return err != 0 ? err : 1;
		if (is_over && (!nonblocking || socket_is_connected_type(s)))
			return 0;
		if (nonblocking)
			return -EAGAIN;
		mutex_unlock(&s->read_lock);
		err = wait_event_interruptible(&s->read_wait, is_worth_a_look(s));
		mutex_lock(&s->read_lock);
		if (err < 0)
			return err;
	}
}

/* What there is, up to what is wanted, looking only. */
static ssize_t peek_stream(struct socket *s, struct uio *u)
{
	ssize_t total = 0;
	const struct socket_message *m = NULL;
	while (u->left > 0 && (m = next_message(s, m)) != NULL) {
		const size_t len = MIN(m->len - m->used, u->left);
		const size_t moved = uio_copy_in(u, m->data + m->used, len);
		total += (ssize_t)moved;
		if (moved < len)
			return total != 0 ? total : -EFAULT;
	}
	return total;
}

/* There is a message. */
static ssize_t take_stream(struct socket *s, struct uio *u, bool nonblocking, bool wants_all)
{
	ssize_t total = 0;
	int n = 1;
	while (u->left > 0 && n > 0) {
		struct socket_message *m = next_message(s, NULL);
		if (m == NULL) {
			/* An error that waits is for the next call: this one has bytes to tell. */
			n = wants_all ? wait_for_message(s, nonblocking) : 0;
			continue;
		}
		const size_t len = MIN(m->len - m->used, u->left);
		const size_t moved = uio_copy_in(u, m->data + m->used, len);
		total += (ssize_t)moved;
		m->used += moved;
		if (m->used == m->len)
			drop_message(s, m);
		if (moved < len)
			n = -EFAULT;
		(void)uio_breathe();
	}
	return total != 0 ? total : MIN(n, 0);
}

static ssize_t receive_stream(struct socket *s, struct uio *u, struct socket_receive *how,
			      bool nonblocking)
{
	if (READ_ONCE(s->state) != SOCKET_CONNECTED)
		return -EINVAL;
	if (u->left == 0)
		return 0;
	const int n = wait_for_message(s, nonblocking);
	if (n <= 0)
		return n;
	how->from = next_message(s, NULL)->from;
	if ((how->flags & MSG_PEEK) != 0)
		return peek_stream(s, u);
	return take_stream(s, u, nonblocking, (how->flags & MSG_WAITALL) != 0);
}

static ssize_t receive_datagram(struct socket *s, struct uio *u, struct socket_receive *how,
				bool nonblocking)
{
	if (socket_is_connected_type(s) && READ_ONCE(s->state) != SOCKET_CONNECTED)
		return -ENOTCONN;
	const int n = wait_for_message(s, nonblocking);
	if (n <= 0)
		return n;
	struct socket_message *m = next_message(s, NULL);
	const size_t len = m->len;
	const size_t wanted = MIN(len, u->left);
	const bool is_copied = uio_copy_in(u, m->data, wanted) == wanted;
	how->from = m->from;
	if ((how->flags & MSG_PEEK) == 0)
		drop_message(s, m);
	if (!is_copied)
		return -EFAULT;
	const bool is_all_told = (how->flags & MSG_TRUNC) != 0;
	how->flags = wanted < len ? MSG_TRUNC : 0;
	return (ssize_t)(is_all_told ? len : wanted);
}

ssize_t socket_receive(struct file *f, struct uio u, struct socket_receive *how)
{
	struct socket *s = socket_of(f);
	const bool nonblocking = is_nonblocking(f, how->flags);
	how->from.len = 0;
	if ((how->flags & MSG_OOB) != 0)
		return -EOPNOTSUPP;
	mutex_lock(&s->read_lock);
	ssize_t n;
	if (socket_is_stream(s)) {
		n = receive_stream(s, &u, how, nonblocking);
		how->flags = 0;
	} else {
		n = receive_datagram(s, &u, how, nonblocking);
	}
	mutex_unlock(&s->read_lock);
	return n;
}

static ssize_t socket_read(struct file *f, struct uio u, u64 *pos)
{
	struct socket_receive how = { .flags = 0 };
	if (u.left == 0)
		return 0;
	return socket_receive(f, u, &how);
}

/* ---- the rest of an open file ------------------------------------------------------------- */

static u32 readable_bytes(struct socket *s)
{
	size_t total = 0;
	spin_lock(&socket_lock);
	list_for_each(m, &s->messages, struct socket_message, node) {
		total += m->len - m->used;
		if (!socket_is_connected_type(s))
			break; /* a read gets no more than one */
	}
	spin_unlock(&socket_lock);
	return (u32)total;
}

static s64 socket_ioctl(struct file *f, u32 command, u64 arg)
{
	struct socket *s = socket_of(f);
	if (command != FIONREAD)
		return -ENOTTY;
	if (READ_ONCE(s->state) == SOCKET_LISTENING)
		return -EINVAL;
	return put_user_u32(arg, readable_bytes(s));
}

static bool is_writable_locked(const struct socket *s)
{
	return s->state != SOCKET_LISTENING && (s->peer == NULL || has_room(s, s->peer));
}

static u32 socket_poll(struct file *f, struct poll_table *t)
{
	struct socket *s = socket_of(f);
	u32 events = 0;
	poll_wait(t, &s->poll_wait);
	if (!socket_is_connected_type(s))
		poll_wait(t, &socket_room_wait);
	spin_lock(&socket_lock);
	if (s->error != 0)
		events |= POLLERR;
	if (s->shut == (SHUT_BIT_READ | SHUT_BIT_WRITE))
		events |= POLLHUP;
	if ((s->shut & SHUT_BIT_READ) != 0)
		events |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (!list_is_empty(&s->messages) || !list_is_empty(&s->pending))
		events |= POLLIN | POLLRDNORM;
	if (socket_is_connected_type(s) && s->state == SOCKET_UNCONNECTED)
		events |= POLLHUP;
	if (is_writable_locked(s))
		events |= POLLOUT | POLLWRNORM | POLLWRBAND;
	spin_unlock(&socket_lock);
	return events;
}

static void socket_release(struct file *f)
{
	socket_close(socket_of(f));
}
