// SPDX-License-Identifier: MIT
/*
 * AF_UNIX sockets: making, naming and connecting them (socket_core.h has records and locks).
 *
 * connect() makes the other end at once and leaves it in the listener's queue, so it can write
 * before anybody accepts, as in Linux. Who finds the queue full sleeps on the listener's
 * write_wait.
 */
#include "fs/socket.h"

#include "fs/socket_core.h"
#include "fs/socket_io.h"
#include "lib/abi/errno.h"
#include "lib/abi/fcntl.h"
#include "lib/format.h"
#include "lib/string.h"

#define BACKLOG_MAX 4096U
/* Names that bind() without one chooses: a NUL and five hexadecimal digits. */
#define CHOSEN_NAMES    (1U << 20)
#define CHOSEN_NAME_LEN 6

int socket_init(void)
{
	return socket_core_init();
}

bool file_is_socket(const struct file *f)
{
	return f->ops == &socket_file_ops;
}

bool socket_raises_sigpipe(const struct file *f)
{
	return socket_is_stream(socket_of(f));
}

static bool is_nonblocking(const struct file *f)
{
	return (READ_ONCE(f->flags) & O_NONBLOCK) != 0;
}

/* ---- making ----------------------------------------------------------------------------- */

/* A file for @s, whose reference is consumed. False: no memory, and it is not. */
static bool open_file(struct socket *s, u32 flags, struct file **out)
{
	socket_get(s); /* beyond file_create()'s failure */
	*out = file_create(&socket_file_ops, &s->inode, (flags & O_NONBLOCK) | O_RDWR, s);
	if (*out != NULL)
		socket_put(s);
	return *out != NULL;
}

int socket_create(u32 type, u32 flags, struct file **out)
{
	struct socket *s = socket_alloc(type);
	if (s != NULL && open_file(s, flags, out))
		return 0;
	socket_put(s);
	return -ENOMEM;
}

int socket_create_pair(u32 type, u32 flags, const struct kucred *who, struct file *out[2])
{
	int err = socket_create(type, flags, &out[0]);
	if (err < 0)
		return err;
	err = socket_create(type, flags, &out[1]);
	if (err < 0) {
		file_put(out[0]);
		return err;
	}
	struct socket *a = socket_of(out[0]), *b = socket_of(out[1]);
	spin_lock(&socket_lock);
	a->cred = b->cred = *who;
	a->peer_cred = b->peer_cred = *who;
	socket_link_locked(a, b);
	spin_unlock(&socket_lock);
	return 0;
}

/* ---- naming ----------------------------------------------------------------------------- */

static int bind_path(struct socket *s, const struct path_ctx *ctx,
		     const struct socket_address *address)
{
	struct inode *inode = NULL;
	int err = socket_claim_name(s);
	if (err < 0) {
		/* As Linux, which looks at the path first. */
		const int lookup = path_lookup(ctx, NULL, address->path, false, &inode);
		inode_put(inode);
		return lookup == 0 ? -EADDRINUSE : lookup == -ENOENT ? err : lookup;
	}
	err = path_create_inode(ctx, NULL, address->path, S_IFSOCK | S_IRWXUGO, 0, &inode);
	socket_set_claimed_name(s, err == 0 ? address : NULL, inode);
	return err == -EEXIST ? -EADDRINUSE : err;
}

static int bind_chosen(struct socket *s)
{
	static u32 last; /* atomic; where to begin is all it says */
	spin_lock(&socket_lock);
	const bool has_name = s->address.len != 0;
	spin_unlock(&socket_lock);
	if (has_name)
		return 0;
	for (u32 i = 0; i < CHOSEN_NAMES; i++) {
		struct socket_address a = { .len = CHOSEN_NAME_LEN };
		const u32 number = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
		(void)snprintf(a.path + 1, sizeof(a.path) - 1, "%05x", number % CHOSEN_NAMES);
		const int err = socket_set_name(s, &a);
		if (err != -EADDRINUSE)
			return err;
		(void)uio_breathe(); /* others may have chosen many */
	}
	return -ENOSPC;
}

int socket_bind(struct file *f, const struct path_ctx *ctx, const struct socket_address *address)
{
	struct socket *s = socket_of(f);
	if (address->len == 0)
		return bind_chosen(s);
	if (address->path[0] == '\0')
		return socket_set_name(s, address);
	return bind_path(s, ctx, address);
}

void socket_name(struct file *f, struct socket_address *out)
{
	spin_lock(&socket_lock);
	*out = socket_of(f)->address;
	spin_unlock(&socket_lock);
}

int socket_peer_name(struct file *f, struct socket_address *out)
{
	spin_lock(&socket_lock);
	const struct socket *peer = socket_of(f)->peer;
	if (peer != NULL)
		*out = peer->address;
	spin_unlock(&socket_lock);
	return peer != NULL ? 0 : -ENOTCONN;
}

/* ---- connecting ------------------------------------------------------------------------- */

static bool is_full(const struct socket *listener)
{
	return READ_ONCE(listener->pending_count) > READ_ONCE(listener->backlog);
}

int socket_listen(struct file *f, s32 backlog, const struct kucred *who)
{
	struct socket *s = socket_of(f);
	int err = 0;
	if (!socket_is_connected_type(s))
		return -EOPNOTSUPP;
	spin_lock(&socket_lock);
	if (s->address.len == 0 || s->state == SOCKET_CONNECTED) {
		err = -EINVAL;
	} else {
		WRITE_ONCE(s->backlog, MIN((u32)backlog, BACKLOG_MAX));
		WRITE_ONCE(s->state, SOCKET_LISTENING);
		s->cred = *who;
		waitq_wake_all(&s->write_wait);
	}
	spin_unlock(&socket_lock);
	return err;
}

/* May @s be connected to @listener now? Caller holds socket_lock. */
static int check_connect_locked(const struct socket *s, const struct socket *listener)
{
	if (listener->type != s->type)
		return -EPROTOTYPE;
	if (listener->state != SOCKET_LISTENING || listener->is_dead ||
	    (listener->shut & SHUT_BIT_READ) != 0)
		return -ECONNREFUSED;
	if (is_full(listener))
		return -EAGAIN;
	if (s->state == SOCKET_CONNECTED)
		return -EISCONN;
	return s->state == SOCKET_LISTENING ? -EINVAL : 0;
}

/* @other, unknown yet, becomes the end that the listener's accept() gets; its reference is
 * consumed on success. */
static int try_connect(struct socket *s, struct socket *listener, struct socket *other,
		       const struct kucred *who)
{
	spin_lock(&socket_lock);
	const int err = check_connect_locked(s, listener);
	if (err == 0) {
		s->cred = *who;
		other->cred = listener->cred;
		other->address = listener->address;
		socket_link_locked(s, other);
		list_push_back(&listener->pending, &other->pending_node);
		WRITE_ONCE(listener->pending_count, listener->pending_count + 1);
		waitq_wake_all(&listener->read_wait);
		waitq_wake_all(&listener->poll_wait);
	}
	spin_unlock(&socket_lock);
	return err;
}

static int connect_stream(struct file *f, const struct path_ctx *ctx,
			  const struct socket_address *address, const struct kucred *who)
{
	struct socket *s = socket_of(f);
	struct socket *other = socket_alloc(s->type);
	if (other == NULL)
		return -ENOMEM;
	int err;
	do {
		struct socket *listener;
		err = socket_find(ctx, address, &listener);
		if (err < 0)
			break;
		err = try_connect(s, listener, other, who);
		bool has_waited = false;
		if (err == -EAGAIN && !is_nonblocking(f)) {
			err = wait_event_interruptible(&listener->write_wait,
						       !is_full(listener) ||
							       READ_ONCE(listener->is_dead) ||
							       READ_ONCE(listener->shut) != 0);
			has_waited = err == 0;
		}
		socket_put(listener);
		if (!has_waited)
			break;
	} while (true);
	if (err < 0)
		socket_put(other);
	return err;
}

static int connect_datagram(struct socket *s, const struct path_ctx *ctx,
			    const struct socket_address *address)
{
	struct socket *to = NULL;
	int err = address != NULL ? socket_find(ctx, address, &to) : 0;
	if (err < 0)
		return err;
	struct list messages = LIST_INIT(messages);
	mutex_lock(&s->read_lock); /* nobody reads of the first message */
	spin_lock(&socket_lock);
	if (to != NULL && to->type != s->type)
		err = -EPROTOTYPE;
	else if (to != NULL && to->peer != NULL && to->peer != s)
		err = -EPERM;
	struct socket *unused = to;
	if (err == 0) {
		unused = s->peer;
		WRITE_ONCE(s->peer, to);
		if (unused != NULL && unused != to)
			socket_forget_locked(s, unused, &messages);
	}
	spin_unlock(&socket_lock);
	mutex_unlock(&s->read_lock);
	socket_free_messages(&messages);
	socket_put(unused);
	return err;
}

int socket_connect(struct file *f, const struct path_ctx *ctx, const struct socket_address *address,
		   const struct kucred *who)
{
	if (!socket_is_connected_type(socket_of(f)))
		return connect_datagram(socket_of(f), ctx, address);
	return address != NULL ? connect_stream(f, ctx, address, who) : -EINVAL;
}

/* The connection that waits longest; NULL: none. */
static struct socket *take_pending(struct socket *listener)
{
	struct socket *s = NULL;
	spin_lock(&socket_lock);
	if (!list_is_empty(&listener->pending)) {
		s = list_first(&listener->pending, struct socket, pending_node);
		list_remove(&s->pending_node);
		WRITE_ONCE(listener->pending_count, listener->pending_count - 1);
		waitq_wake_all(&listener->write_wait);
	}
	spin_unlock(&socket_lock);
	return s;
}

/* There is no memory for the file of @s: whoever accepts next gets it. Consumes the reference. */
static void put_back(struct socket *listener, struct socket *s)
{
	spin_lock(&socket_lock);
	list_push_front(&listener->pending, &s->pending_node);
	WRITE_ONCE(listener->pending_count, listener->pending_count + 1);
	waitq_wake_all(&listener->read_wait);
	waitq_wake_all(&listener->poll_wait);
	spin_unlock(&socket_lock);
}

int socket_accept(struct file *f, u32 flags, struct file **out)
{
	struct socket *s = socket_of(f);
	if (!socket_is_connected_type(s))
		return -EOPNOTSUPP;
	for (;;) {
		if (READ_ONCE(s->state) != SOCKET_LISTENING)
			return -EINVAL;
		struct socket *other = take_pending(s);
		if (other != NULL && !open_file(other, flags, out)) {
			put_back(s, other);
			return -ENOMEM;
		}
		if (other != NULL)
			return 0;
		if ((READ_ONCE(s->shut) & SHUT_BIT_READ) != 0)
			return -EINVAL;
		if (is_nonblocking(f))
			return -EAGAIN;
		const int err = wait_event_interruptible(
			&s->read_wait, READ_ONCE(s->pending_count) != 0 ||
					       (READ_ONCE(s->shut) & SHUT_BIT_READ) != 0);
		if (err < 0)
			return err;
	}
}

/* Caller holds socket_lock. */
static void shut_locked(struct socket *s, u32 bits)
{
	WRITE_ONCE(s->shut, s->shut | bits);
	waitq_wake_all(&s->read_wait);
	waitq_wake_all(&s->write_wait);
	waitq_wake_all(&s->poll_wait);
}

int socket_shutdown(struct file *f, int how)
{
	struct socket *s = socket_of(f);
	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	static const u32 bits[] = { SHUT_BIT_READ, SHUT_BIT_WRITE, SHUT_BIT_READ | SHUT_BIT_WRITE };
	static const u32 peers[] = { SHUT_BIT_WRITE, SHUT_BIT_READ,
				     SHUT_BIT_READ | SHUT_BIT_WRITE };
	spin_lock(&socket_lock);
	shut_locked(s, bits[how]);
	if (s->peer != NULL && socket_is_connected_type(s))
		shut_locked(s->peer, peers[how]);
	else if (s->peer != NULL)
		waitq_wake_all(&s->peer->write_wait); /* our own senders sleep there */
	spin_unlock(&socket_lock);
	return 0;
}

/* ---- options ---------------------------------------------------------------------------- */

/* Kept and told, without an effect on sockets of this family: nor have they in Linux. */
#define KEPT_OPTIONS (BIT(SO_DEBUG) | BIT(SO_REUSEADDR) | BIT(SO_BROADCAST) | BIT(SO_KEEPALIVE))

static bool is_kept(u32 option)
{
	return option < 32 && (KEPT_OPTIONS & BIT(option)) != 0;
}

int socket_get_option(struct file *f, u32 option, s32 *value)
{
	struct socket *s = socket_of(f);
	int err = 0;
	spin_lock(&socket_lock);
	switch (option) {
	case SO_TYPE:
		*value = (s32)s->type;
		break;
	case SO_DOMAIN:
		*value = AF_UNIX;
		break;
	case SO_PROTOCOL:
		*value = 0;
		break;
	case SO_ERROR:
		*value = -s->error;
		WRITE_ONCE(s->error, 0);
		break;
	case SO_ACCEPTCONN:
		*value = s->state == SOCKET_LISTENING;
		break;
	case SO_SNDBUF:
	case SO_RCVBUF:
		*value = SOCKET_BUFFER_BYTES;
		break;
	default:
		if (is_kept(option))
			*value = (s->options & BIT(option)) != 0;
		else
			err = -ENOPROTOOPT;
	}
	spin_unlock(&socket_lock);
	return err;
}

int socket_set_option(struct file *f, u32 option, s32 value)
{
	struct socket *s = socket_of(f);
	if (!is_kept(option))
		return -ENOPROTOOPT;
	spin_lock(&socket_lock);
	if (value != 0)
		s->options |= (u32)BIT(option);
	else
		s->options &= ~(u32)BIT(option);
	spin_unlock(&socket_lock);
	return 0;
}

void socket_peer_cred(struct file *f, struct kucred *out)
{
	spin_lock(&socket_lock);
	*out = socket_of(f)->peer_cred;
	spin_unlock(&socket_lock);
}
