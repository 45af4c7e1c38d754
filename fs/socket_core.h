/* SPDX-License-Identifier: MIT */
/*
 * A socket's record, for the three files of AF_UNIX alone: socket_core.c has life, names and
 * messages, socket_io.c moves bytes, socket.c does the rest; each calls only those before it.
 *
 * Locks: socket_lock (RANK_SOCKET, spinning), one for all sockets, covers every link between them,
 * their queues and flags. Bytes are copied outside it: a sender fills its message before it queues
 * it, and the one reader of a byte stream (read_lock, RANK_PIPE) copies from the first message,
 * which nobody else takes.
 *
 * References: a socket is its inode, whose count is its. A file holds one; so does a peer's link, a
 * listener's queue on those that wait in it, and whoever sleeps on another's queue. Each link is
 * cut by the release of the one that holds it, so a pair that names each other is no leak.
 */
#pragma once

#include "fs/socket.h"

/* What may wait in one socket, message headers included: Linux's default. */
#define SOCKET_BUFFER_BYTES 212992U
/* Datagrams that wait from others than the peer. */
#define SOCKET_DATAGRAMS_MAX 10U

enum socket_state { SOCKET_UNCONNECTED, SOCKET_LISTENING, SOCKET_CONNECTED };

/* Bits of struct socket.shut. */
#define SHUT_BIT_READ  1U
#define SHUT_BIT_WRITE 2U

struct socket {
	struct inode inode;

	/* set once at creation */
	u32 type;

	struct mutex read_lock; /* of streams: one reader at a time; RANK_PIPE */

	/* under socket_lock; words that poll and sleepers look at without it change by WRITE_ONCE
	 */
	enum socket_state state; /* datagram sockets stay unconnected and have a peer or none */
	struct socket *peer;     /* counted */
	bool is_dead;            /* its file is closed */
	bool is_being_named;     /* by the thread that makes the inode */
	u32 shut;                /* SHUT_BIT_* */
	int error;               /* to be told once: -ECONNRESET, 0 */
	struct list messages;    /* struct socket_message.node */
	u32 message_count, queued_bytes;
	struct list pending; /* of a listener: struct socket.pending_node, counted */
	struct list pending_node;
	u32 pending_count, backlog;
	struct list bound_node;    /* in a list of names, if address.len != 0 */
	struct inode *bound_inode; /* counted; NULL: the name is abstract, or there is none */
	struct socket_address address;
	struct kucred cred, peer_cred; /* who listens or connects; who does at the other end */
	u32 options;                   /* BIT(SO_*) of those that are on */

	struct waitq read_wait;  /* for messages or connections */
	struct waitq write_wait; /* for room here, of those that send to this socket */
	struct waitq poll_wait;
};

struct socket_message {
	struct list node;
	size_t len, used; /* bytes of data; already read */
	struct socket_address from;
	char data[];
};

extern struct spinlock socket_lock;
/* Pollers that wait for room in somebody else's datagram queue: never freed, as that may be. */
extern struct waitq socket_room_wait;

int socket_core_init(void);
/* One reference. NULL: no memory. */
struct socket *socket_alloc(u32 type);
static inline void socket_get(struct socket *s)
{
	inode_get(&s->inode);
}
/* Not under socket_lock. NULL is welcome. */
static inline void socket_put(struct socket *s)
{
	if (s != NULL)
		inode_put(&s->inode);
}
static inline struct socket *socket_of(const struct file *f)
{
	return f->private;
}
static inline bool socket_is_stream(const struct socket *s)
{
	return s->type == SOCK_STREAM;
}
static inline bool socket_is_connected_type(const struct socket *s)
{
	return s->type != SOCK_DGRAM;
}

/* The end of @s, whose file is gone, or which nobody accepted. */
void socket_close(struct socket *s);
/* Link two that know nobody. Caller holds socket_lock. */
void socket_link_locked(struct socket *a, struct socket *b);

/* 0 and a counted socket; -ECONNREFUSED, -EACCES and what a path lookup gives. */
int socket_find(const struct path_ctx *ctx, const struct socket_address *address,
		struct socket **out);
/* Give @s its abstract name. -EINVAL: it has one; -EADDRINUSE. */
int socket_set_name(struct socket *s, const struct socket_address *address);
/*
 * The same for a path, whose inode is made between the two: first nobody else may name @s, -EINVAL:
 * it has a name. Then it gets it, and the reference to @inode; @address NULL: there is none.
 */
int socket_claim_name(struct socket *s);
void socket_set_claimed_name(struct socket *s, const struct socket_address *address,
			     struct inode *inode);

static inline u32 socket_message_bytes(size_t len)
{
	return (u32)(sizeof(struct socket_message) + len);
}
struct socket_message *socket_message_alloc(size_t len);
/* Behind the others in @to, and wake who waits for it. Caller holds socket_lock. */
void socket_queue_locked(struct socket *to, struct socket_message *m);
/*
 * The datagram socket @s has another peer than @old now: what waits in it moves to @messages, for
 * socket_free_messages(); the old one learns of that. Caller holds s->read_lock and socket_lock.
 */
void socket_forget_locked(struct socket *s, struct socket *old, struct list *messages);
void socket_free_messages(struct list *messages);
/* Take @m out of @s and wake who waits for room. Caller holds socket_lock and frees it. */
void socket_dequeue_locked(struct socket *s, struct socket_message *m);
