/* SPDX-License-Identifier: MIT */
/*
 * AF_UNIX sockets as open files, for the system calls (kernel/syscall/sys_socket.c). What is not
 * here: other families, and descriptors in messages (SCM_RIGHTS), which are refused.
 *
 * The functions that take a struct file want one of which file_is_socket() says yes. Context: all
 * may sleep.
 */
#pragma once

#include "fs/file.h"
#include "fs/path.h"
#include "lib/abi/socket.h"

/* A name: @len bytes of @path, 0 of a socket without one. A name that begins with a NUL is
 * "abstract" and stands in no file system; the others are paths and end with one, counted. */
struct socket_address {
	u32 len;
	char path[UNIX_PATH_MAX + 1]; /* always terminated */
};

/* Once. 0 or -ENOMEM. */
int socket_init(void);

/* SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET; @flags: O_NONBLOCK. -ENOMEM. */
int socket_create(u32 type, u32 flags, struct file **out);
/* Two that are connected with each other; @who made them. */
int socket_create_pair(u32 type, u32 flags, const struct kucred *who, struct file *out[2]);
bool file_is_socket(const struct file *f);
/* Is a send that nobody can receive told by SIGPIPE? Byte streams only. */
bool socket_raises_sigpipe(const struct file *f);

/* Linux's errnos in all of these; what may wait returns -EINTR. */
int socket_bind(struct file *f, const struct path_ctx *ctx, const struct socket_address *address);
int socket_listen(struct file *f, s32 backlog, const struct kucred *who);
/* @address NULL: AF_UNSPEC, which takes a datagram socket's peer away. */
int socket_connect(struct file *f, const struct path_ctx *ctx, const struct socket_address *address,
		   const struct kucred *who);
int socket_accept(struct file *f, u32 flags, struct file **out);
int socket_shutdown(struct file *f, int how);
void socket_name(struct file *f, struct socket_address *out);
int socket_peer_name(struct file *f, struct socket_address *out);

struct socket_send {
	const struct path_ctx *ctx;
	const struct socket_address *to; /* NULL: the peer */
	u32 flags;                       /* MSG_* */
};
ssize_t socket_send(struct file *f, struct uio u, const struct socket_send *how);
struct socket_receive {
	u32 flags; /* MSG_*; on return those of msg_flags */
	struct socket_address from;
};
/* Bytes; with MSG_TRUNC of a datagram all it had. */
ssize_t socket_receive(struct file *f, struct uio u, struct socket_receive *how);

/* An SO_* whose value is a number. -ENOPROTOOPT. */
int socket_get_option(struct file *f, u32 option, s32 *value);
int socket_set_option(struct file *f, u32 option, s32 value);
void socket_peer_cred(struct file *f, struct kucred *out);
