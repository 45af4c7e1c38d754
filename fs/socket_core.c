// SPDX-License-Identifier: MIT
/* AF_UNIX sockets: their life, their names, their messages (socket_core.h). */
#include "fs/socket_core.h"

#include "fs/filesystem.h"
#include "lib/abi/errno.h"
#include "lib/abi/fcntl.h"
#include "lib/abi/magic.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

static void socket_inode_destroy(struct inode *inode);
static void sockfs_statfs(struct filesystem *fs, struct kstatfs *out);

static const struct inode_ops socket_inode_ops = {
	.destroy = socket_inode_destroy,
};

struct spinlock socket_lock = SPINLOCK_INIT("sockets", RANK_SOCKET);
struct waitq socket_room_wait = WAITQ_INIT(socket_room_wait, "socket poll");

#define BOUND_BUCKETS 256                /* a power of two */
static struct list bound[BOUND_BUCKETS]; /* under socket_lock: struct socket.bound_node */
static struct filesystem sockfs = { .type = "sockfs", .statfs = sockfs_statfs };
static struct slab_cache *socket_cache;
static u64 next_number; /* atomic */

int socket_core_init(void)
{
	if (socket_cache != NULL)
		return 0;
	for (u32 i = 0; i < BOUND_BUCKETS; i++)
		list_init(&bound[i]);
	sockfs.device = fs_new_device();
	socket_cache = slab_create("socket", sizeof(struct socket), _Alignof(struct socket));
	return socket_cache == NULL ? -ENOMEM : 0;
}

static void sockfs_statfs(struct filesystem *fs, struct kstatfs *out)
{
	out->f_type = SOCKFS_MAGIC;
}

/* ---- life ------------------------------------------------------------------------------- */

struct socket *socket_alloc(u32 type)
{
	struct socket *s = slab_alloc_zeroed(socket_cache);
	if (s == NULL)
		return NULL;
	const u64 number = __atomic_add_fetch(&next_number, 1, __ATOMIC_RELAXED);
	inode_init(&s->inode, &socket_inode_ops, &sockfs, number, S_IFSOCK | S_IRWXUGO);
	s->type = type;
	s->peer_cred = (struct kucred){ 0, ~0U, ~0U }; /* nobody */
	mutex_init(&s->read_lock, "socket reader", RANK_PIPE);
	list_init(&s->messages);
	list_init(&s->pending);
	list_init(&s->pending_node);
	list_init(&s->bound_node);
	waitq_init(&s->read_wait, "socket read");
	waitq_init(&s->write_wait, "socket write");
	waitq_init(&s->poll_wait, "socket poll");
	return s;
}

static void socket_inode_destroy(struct inode *inode)
{
	slab_free(socket_cache, container_of(inode, struct socket, inode));
}

void socket_link_locked(struct socket *a, struct socket *b)
{
	socket_get(a);
	socket_get(b);
	a->peer = b;
	b->peer = a;
	if (!socket_is_connected_type(a))
		return;
	WRITE_ONCE(a->state, SOCKET_CONNECTED);
	WRITE_ONCE(b->state, SOCKET_CONNECTED);
	a->peer_cred = b->cred;
	b->peer_cred = a->cred;
}

/* The other end learns that @s is gone; what it had sent and nobody read is lost, which is an error
 * of its own. Caller holds socket_lock. */
static void hang_up_locked(struct socket *s, bool was_never_accepted)
{
	struct socket *peer = s->peer;
	WRITE_ONCE(peer->shut, SHUT_BIT_READ | SHUT_BIT_WRITE);
	if (was_never_accepted || !list_is_empty(&s->messages))
		WRITE_ONCE(peer->error, -ECONNRESET);
	waitq_wake_all(&peer->read_wait);
	waitq_wake_all(&peer->poll_wait);
}

/* All that waits in @s, which whoever waits for room there learns of. Caller holds socket_lock. */
static void take_messages_locked(struct socket *s, struct list *messages)
{
	list_splice_back(messages, &s->messages);
	WRITE_ONCE(s->message_count, 0);
	WRITE_ONCE(s->queued_bytes, 0);
	waitq_wake_all(&s->write_wait);
	waitq_wake_all(&socket_room_wait);
}

/* Of @s: what it held is on @messages and @pending afterwards. The peer and the inode it was bound
 * to are the caller's to put. */
static void close_locked(struct socket *s, bool was_never_accepted, struct list *messages,
			 struct list *pending)
{
	WRITE_ONCE(s->is_dead, true);
	if (s->peer != NULL && s->state == SOCKET_CONNECTED)
		hang_up_locked(s, was_never_accepted);
	list_remove(&s->bound_node);
	list_splice_back(pending, &s->pending);
	take_messages_locked(s, messages);
}

static void close_one(struct socket *s, bool was_never_accepted, struct list *pending)
{
	struct list messages = LIST_INIT(messages);
	spin_lock(&socket_lock);
	close_locked(s, was_never_accepted, &messages, pending);
	struct socket *peer = s->peer;
	struct inode *bound_inode = s->bound_inode;
	s->peer = NULL;
	s->bound_inode = NULL;
	spin_unlock(&socket_lock);
	socket_free_messages(&messages);
	socket_put(peer);
	inode_put(bound_inode);
}

void socket_close(struct socket *s)
{
	struct list pending = LIST_INIT(pending);
	struct list none = LIST_INIT(none);
	close_one(s, false, &pending);
	list_for_each_safe(waiting, &pending, struct socket, pending_node) {
		list_remove(&waiting->pending_node);
		close_one(waiting, true, &none); /* one that never listened */
		socket_put(waiting);
	}
}

/* ---- names ------------------------------------------------------------------------------ */

static bool is_abstract(const struct socket_address *a)
{
	return a->path[0] == '\0';
}

/* Where a socket with this name stands. @inode NULL: by the abstract @address. */
static struct list *bucket_of(const struct inode *inode, const struct socket_address *address)
{
	u64 hash = (u64)inode;
	for (u32 i = 0; inode == NULL && i < address->len; i++)
		hash = hash * 31 + (u8)address->path[i];
	/* 2^64 / the golden ratio: the upper bits of the product depend on all bits of the hash */
	return &bound[hash * 0x9e3779b97f4a7c15 >> 32 & (BOUND_BUCKETS - 1)];
}

/* Caller holds socket_lock. @inode and @address as above. */
static struct socket *find_bound_locked(const struct inode *inode,
					const struct socket_address *address)
{
	list_for_each(s, bucket_of(inode, address), struct socket, bound_node) {
		const struct socket_address *a = &s->address;
		if (inode != NULL ? s->bound_inode == inode :
				    is_abstract(a) && a->len == address->len &&
					    memcmp(a->path, address->path, a->len) == 0)
			return s;
	}
	return NULL;
}

/* The inode that @address, a path, names. */
static int find_inode(const struct path_ctx *ctx, const struct socket_address *address,
		      struct inode **out)
{
	int err = path_lookup(ctx, NULL, address->path, true, out);
	if (err < 0)
		return err;
	err = inode_permission(*out, ctx->cred, W_OK);
	if (err == 0 && !S_ISSOCK((*out)->mode))
		err = -ECONNREFUSED;
	if (err < 0)
		inode_put(*out);
	return err;
}

int socket_find(const struct path_ctx *ctx, const struct socket_address *address,
		struct socket **out)
{
	struct inode *inode = NULL;
	int err = is_abstract(address) ? 0 : find_inode(ctx, address, &inode);
	if (err < 0)
		return err;
	spin_lock(&socket_lock);
	struct socket *s = find_bound_locked(inode, address);
	if (s != NULL)
		socket_get(s);
	spin_unlock(&socket_lock);
	inode_put(inode);
	*out = s;
	return s != NULL ? 0 : -ECONNREFUSED;
}

/* Caller holds socket_lock. */
static bool may_be_named_locked(const struct socket *s)
{
	return s->address.len == 0 && !s->is_being_named;
}

static void set_name_locked(struct socket *s, const struct socket_address *address,
			    struct inode *inode)
{
	s->address = *address;
	s->bound_inode = inode;
	list_push_back(bucket_of(inode, address), &s->bound_node);
}

int socket_set_name(struct socket *s, const struct socket_address *address)
{
	int err = 0;
	spin_lock(&socket_lock);
	if (!may_be_named_locked(s))
		err = -EINVAL;
	else if (find_bound_locked(NULL, address) != NULL)
		err = -EADDRINUSE;
	else
		set_name_locked(s, address, NULL);
	spin_unlock(&socket_lock);
	return err;
}

int socket_claim_name(struct socket *s)
{
	spin_lock(&socket_lock);
	const bool may = may_be_named_locked(s);
	if (may)
		s->is_being_named = true;
	spin_unlock(&socket_lock);
	return may ? 0 : -EINVAL;
}

void socket_set_claimed_name(struct socket *s, const struct socket_address *address,
			     struct inode *inode)
{
	spin_lock(&socket_lock);
	s->is_being_named = false;
	if (address != NULL)
		set_name_locked(s, address, inode);
	spin_unlock(&socket_lock);
}

/* ---- messages --------------------------------------------------------------------------- */

struct socket_message *socket_message_alloc(size_t len)
{
	struct socket_message *m = kmalloc(sizeof(*m) + len);
	if (m == NULL)
		return NULL;
	list_init(&m->node);
	m->len = len;
	m->used = 0;
	m->from.len = 0;
	return m;
}

void socket_queue_locked(struct socket *to, struct socket_message *m)
{
	list_push_back(&to->messages, &m->node);
	WRITE_ONCE(to->message_count, to->message_count + 1);
	WRITE_ONCE(to->queued_bytes, to->queued_bytes + socket_message_bytes(m->len));
	/* All: one that a signal takes away would leave the message lying. */
	waitq_wake_all(&to->read_wait);
	waitq_wake_all(&to->poll_wait);
}

void socket_dequeue_locked(struct socket *s, struct socket_message *m)
{
	list_remove(&m->node);
	WRITE_ONCE(s->message_count, s->message_count - 1);
	WRITE_ONCE(s->queued_bytes, s->queued_bytes - socket_message_bytes(m->len));
	waitq_wake_all(&s->write_wait);
	if (!socket_is_connected_type(s))
		waitq_wake_all(&socket_room_wait);
	else if (s->peer != NULL)
		waitq_wake_all(&s->peer->poll_wait);
}

void socket_forget_locked(struct socket *s, struct socket *old, struct list *messages)
{
	if (list_is_empty(&s->messages))
		return;
	take_messages_locked(s, messages);
	if (old->peer != s || old->is_dead)
		return;
	WRITE_ONCE(old->error, -ECONNRESET);
	waitq_wake_all(&old->read_wait);
	waitq_wake_all(&old->poll_wait);
}

void socket_free_messages(struct list *messages)
{
	list_for_each_safe(m, messages, struct socket_message, node) {
		list_remove(&m->node);
		kfree(m);
	}
}
