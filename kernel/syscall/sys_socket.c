/* SPDX-License-Identifier: MIT */
/*
 * System calls about sockets: addresses and messages of user memory become those of fs/socket.h,
 * which does the work. AF_UNIX is all there is.
 */
#include "generated/syscall_protos.h"

#include "arch/riscv/cpu/usercopy.h"
#include "fs/socket.h"
#include "kernel/proc/signal.h"
#include "kernel/syscall/sys_fs.h"
#include "kernel/syscall/user_iov.h"
#include "lib/string.h"

/* Of any family; what is longer is refused before it is looked at. */
#define ADDRESS_BYTES_MAX 128
#define FAMILY_BYTES      sizeof(u16)

/* The socket that @fd names, until file_done(). 0, -EBADF, -ENOTSOCK. */
static int socket_get_file(u64 fd, struct file **out)
{
	struct file *f = file_of(fd);
	if (f == NULL)
		return -EBADF;
	if (!file_is_socket(f)) {
		file_done(f);
		return -ENOTSOCK;
	}
	*out = f;
	return 0;
}

static struct kucred who_am_i(void)
{
	const struct cred *c = cred_current();
	return (struct kucred){ .pid = process_current()->pid, .uid = c->euid, .gid = c->egid };
}

/* ---- addresses -------------------------------------------------------------------------- */

/*
 * The address of @length bytes at @from. 0, -EINVAL, -EFAULT. A family alone has length 0. @family:
 * its family; another than AF_UNIX is the caller's affair.
 */
static int address_get(struct socket_address *out, u16 *family, uaddr_t from, u64 length)
{
	const s32 bytes = (s32)length;
	char raw[ADDRESS_BYTES_MAX] = { 0 };
	if (bytes < 0 || bytes > ADDRESS_BYTES_MAX)
		return -EINVAL;
	if (copy_from_user(raw, from, (size_t)bytes) != 0)
		return -EFAULT;
	if ((size_t)bytes < FAMILY_BYTES)
		return -EINVAL;
	memcpy(family, raw, FAMILY_BYTES);
	const size_t path_bytes = (size_t)bytes - FAMILY_BYTES;
	if (*family != AF_UNIX)
		return 0;
	if (path_bytes > UNIX_PATH_MAX)
		return -EINVAL;
	*out = (struct socket_address){ .len = (u32)path_bytes };
	memcpy(out->path, raw + FAMILY_BYTES, path_bytes);
	if (path_bytes != 0 && out->path[0] != '\0')
		out->len = (u32)strlen(out->path) + 1;
	return 0;
}

/* For connect and send: an address of AF_UNIX that names something. */
static int address_get_named(struct socket_address *out, uaddr_t from, u64 length)
{
	u16 family;
	const int err = address_get(out, &family, from, length);
	if (err < 0)
		return err;
	return family == AF_UNIX && out->len != 0 ? 0 : -EINVAL;
}

/* Tell @address: what there is room for, and how long it is. */
static int address_put(const struct socket_address *address, uaddr_t to, uaddr_t length)
{
	u32 room;
	if (copy_from_user(&room, length, sizeof(room)) != 0)
		return -EFAULT;
	if ((s32)room < 0)
		return -EINVAL;
	char raw[FAMILY_BYTES + sizeof(address->path)] = { 0 };
	const u16 family = AF_UNIX;
	const u32 bytes = (u32)FAMILY_BYTES + address->len;
	memcpy(raw, &family, FAMILY_BYTES);
	memcpy(raw + FAMILY_BYTES, address->path, address->len);
	if (copy_to_user(to, raw, MIN(room, bytes)) != 0)
		return -EFAULT;
	return put_user_u32(length, bytes);
}

/* ---- making ----------------------------------------------------------------------------- */

/* 0 and the flags a file is opened with. */
static int check_kind(u64 family, u64 type_and_flags, u64 protocol, u32 *type, u32 *flags)
{
	*flags = (u32)type_and_flags & ~(u32)SOCK_TYPE_MASK;
	*type = (u32)type_and_flags & SOCK_TYPE_MASK;
	if ((*flags & ~(u32)(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0)
		return -EINVAL;
	if ((s32)family < 0 || (s32)family >= AF_MAX)
		return -EAFNOSUPPORT;
	if (*type >= SOCK_TYPE_MAX)
		return -EINVAL;
	if ((s32)family != AF_UNIX)
		return -EAFNOSUPPORT;
	if ((s32)protocol != 0 && (s32)protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	if (*type == SOCK_RAW)
		*type = SOCK_DGRAM; /* an old spelling that Linux takes */
	if (*type != SOCK_STREAM && *type != SOCK_DGRAM && *type != SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	return 0;
}

/* A descriptor for @f, whose reference is consumed. */
static s64 install(struct file *f, u32 flags)
{
	return fd_install(task_current()->files, f, 0, (flags & SOCK_CLOEXEC) != 0, fd_limit());
}

s64 sys_socket(u64 family, u64 type_and_flags, u64 protocol)
{
	u32 type, flags;
	struct file *f;
	int err = check_kind(family, type_and_flags, protocol, &type, &flags);
	if (err == 0)
		err = socket_create(type, flags, &f);
	return err < 0 ? err : install(f, flags);
}

s64 sys_socketpair(u64 family, u64 type_and_flags, u64 protocol, u64 fds)
{
	u32 type, flags;
	struct file *pair[2];
	const struct kucred who = who_am_i();
	int err = check_kind(family, type_and_flags, protocol, &type, &flags);
	if (err == 0)
		err = socket_create_pair(type, flags, &who, pair);
	if (err < 0)
		return err;
	return install_pair(pair, (flags & SOCK_CLOEXEC) != 0, fds);
}

s64 sys_bind(u64 fd, u64 address, u64 length)
{
	struct socket_address a;
	u16 family;
	struct file *f;
	int err = socket_get_file(fd, &f);
	if (err < 0)
		return err;
	err = address_get(&a, &family, address, length);
	if (err == 0 && family != AF_UNIX)
		err = -EINVAL;
	const struct path_ctx ctx = task_paths();
	if (err == 0)
		err = socket_bind(f, &ctx, &a);
	file_done(f);
	return err;
}

s64 sys_listen(u64 fd, u64 backlog)
{
	const struct kucred who = who_am_i();
	struct file *f;
	int err = socket_get_file(fd, &f);
	if (err < 0)
		return err;
	err = socket_listen(f, (s32)backlog, &who);
	file_done(f);
	return err;
}

s64 sys_connect(u64 fd, u64 address, u64 length)
{
	const struct kucred who = who_am_i();
	struct socket_address a;
	u16 family;
	struct file *f;
	int err = socket_get_file(fd, &f);
	if (err < 0)
		return err;
	err = address_get(&a, &family, address, length);
	if (err == 0 && family != AF_UNSPEC && (family != AF_UNIX || a.len == 0))
		err = -EINVAL;
	const struct path_ctx ctx = task_paths();
	if (err == 0)
		err = socket_connect(f, &ctx, family == AF_UNIX ? &a : NULL, &who);
	file_done(f);
	return restartable(err);
}

/* A connection of the listener @f, and, unless @address is 0, whose it is. */
static int accept_told(struct file *f, uaddr_t address, uaddr_t length, u32 flags,
		       struct file **out)
{
	struct socket_address a = { .len = 0 };
	int err = socket_accept(f, flags, out);
	if (err < 0 || address == 0)
		return err;
	err = socket_peer_name(*out, &a);
	if (err == 0)
		err = address_put(&a, address, length);
	if (err < 0)
		file_put(*out);
	return err == -ENOTCONN ? -ECONNABORTED : err;
}

s64 sys_accept4(u64 fd, u64 address, u64 length, u64 flags)
{
	struct file *f, *made;
	if ((flags & ~(u64)(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0)
		return -EINVAL;
	int err = socket_get_file(fd, &f);
	if (err < 0)
		return err;
	struct fd_table *t = task_current()->files;
	/* Before a connection is taken, which cannot be put back. */
	const int number = fd_reserve(t, fd_limit());
	err = number < 0 ? number : accept_told(f, address, length, (u32)flags, &made);
	file_done(f);
	if (err == 0)
		fd_install_reserved(t, number, made, (flags & SOCK_CLOEXEC) != 0);
	else if (number >= 0)
		fd_release(t, number);
	return err == 0 ? number : restartable(err);
}

s64 sys_accept(u64 fd, u64 address, u64 length)
{
	return sys_accept4(fd, address, length, 0);
}

s64 sys_shutdown(u64 fd, u64 how)
{
	struct file *f;
	int err = socket_get_file(fd, &f);
	if (err < 0)
		return err;
	err = socket_shutdown(f, (s32)how);
	file_done(f);
	return err;
}

s64 sys_getsockname(u64 fd, u64 address, u64 length)
{
	struct socket_address a;
	struct file *f;
	const int err = socket_get_file(fd, &f);
	if (err < 0)
		return err;
	socket_name(f, &a);
	file_done(f);
	return address_put(&a, address, length);
}

s64 sys_getpeername(u64 fd, u64 address, u64 length)
{
	struct socket_address a;
	struct file *f;
	int err = socket_get_file(fd, &f);
	if (err < 0)
		return err;
	err = socket_peer_name(f, &a);
	file_done(f);
	return err < 0 ? err : address_put(&a, address, length);
}

/* ---- sending and receiving -------------------------------------------------------------- */

static s64 send_result(const struct file *f, u32 flags, s64 result)
{
	if (result == -EPIPE && (flags & MSG_NOSIGNAL) == 0 && socket_raises_sigpipe(f))
		(void)signal_send_task(task_current(), SIGPIPE, NULL);
	return restartable(result);
}

/* @to: where the address is; 0: none was given. */
static s64 send_from(struct file *f, struct uio u, u32 flags, uaddr_t to, u64 to_length)
{
	const struct path_ctx ctx = task_paths();
	struct socket_send how = { .ctx = &ctx, .flags = flags };
	struct socket_address a;
	if (to != 0) {
		const int err = address_get_named(&a, to, to_length);
		if (err < 0)
			return err;
		how.to = &a;
	}
	return send_result(f, flags, socket_send(f, u, &how));
}

s64 sys_sendto(u64 fd, u64 buf, u64 length, u64 flags, u64 address, u64 address_length)
{
	struct file *f;
	if (!user_range_is_valid(buf, length))
		return -EFAULT;
	const int err = socket_get_file(fd, &f);
	if (err < 0)
		return err;
	const struct uio u = uio_of_user(buf, MIN(length, RW_BYTES_MAX));
	const s64 result = send_from(f, u, (u32)flags, address, address_length);
	file_done(f);
	return result;
}

s64 sys_recvfrom(u64 fd, u64 buf, u64 length, u64 flags, u64 address, u64 address_length)
{
	struct file *f;
	if (!user_range_is_valid(buf, length))
		return -EFAULT;
	const int err = socket_get_file(fd, &f);
	if (err < 0)
		return err;
	const struct uio u = uio_of_user(buf, MIN(length, RW_BYTES_MAX));
	struct socket_receive how = { .flags = (u32)flags };
	s64 result = socket_receive(f, u, &how);
	file_done(f);
	if (result < 0 || address == 0)
		return restartable(result);
	/* A sender without a name has not even a family. */
	const int told = how.from.len != 0 ? address_put(&how.from, address, address_length) :
					     put_user_u32(address_length, 0);
	return told < 0 ? told : result;
}

/* A message header and its buffers. On 0 the caller calls user_iov_put(). */
static int message_get(struct kmsghdr *m, struct user_iov_list *l, uaddr_t from)
{
	if (copy_from_user(m, from, sizeof(*m)) != 0)
		return -EFAULT;
	if (m->name_len < 0)
		return -EINVAL;
	if (m->iov_len > UIO_MAXIOV)
		return -EMSGSIZE;
	return user_iov_get(l, m->iov, m->iov_len);
}

s64 sys_sendmsg(u64 fd, u64 message, u64 flags)
{
	struct user_iov_list l;
	struct kmsghdr m;
	struct file *f;
	int err = socket_get_file(fd, &f);
	if (err < 0)
		return err;
	s64 result = message_get(&m, &l, message);
	if (result == 0) {
		struct uio_parts parts;
		const struct uio u = uio_of_list(&parts, l.iov, l.total_bytes);
		/* Descriptors and credentials do not travel here. */
		if (m.control_len != 0)
			result = -EOPNOTSUPP;
		else
			result = send_from(f, u, (u32)flags, m.name_len != 0 ? m.name : 0,
					   (u64)MIN(m.name_len, ADDRESS_BYTES_MAX));
		user_iov_put(&l);
	}
	file_done(f);
	return result;
}

/* What recvmsg tells besides the bytes. */
static int message_put(const struct kmsghdr *m, const struct socket_receive *how, uaddr_t to)
{
	struct kmsghdr told = *m;
	told.flags = how->flags;
	told.control_len = 0;
	told.name_len = 0;
	if (copy_to_user(to, &told, sizeof(told)) != 0)
		return -EFAULT;
	if (m->name == 0 || how->from.len == 0)
		return 0;
	const uaddr_t length = to + offsetof(struct kmsghdr, name_len);
	const int err = put_user_u32(length, (u32)m->name_len);
	return err < 0 ? err : address_put(&how->from, m->name, length);
}

s64 sys_recvmsg(u64 fd, u64 message, u64 flags)
{
	struct user_iov_list l;
	struct kmsghdr m;
	struct file *f;
	const int err = socket_get_file(fd, &f);
	if (err < 0)
		return err;
	s64 result = message_get(&m, &l, message);
	if (result == 0) {
		struct uio_parts parts;
		const struct uio u = uio_of_list(&parts, l.iov, l.total_bytes);
		struct socket_receive how = { .flags = (u32)flags };
		result = socket_receive(f, u, &how);
		user_iov_put(&l);
		const int told = result >= 0 ? message_put(&m, &how, message) : 0;
		if (told < 0)
			result = told;
	}
	file_done(f);
	return restartable(result);
}

/* ---- options ---------------------------------------------------------------------------- */

s64 sys_setsockopt(u64 fd, u64 level, u64 option, u64 value, u64 length)
{
	struct file *f;
	int err = socket_get_file(fd, &f);
	if (err < 0)
		return err;
	s32 number;
	if ((s32)level != SOL_SOCKET)
		err = -EOPNOTSUPP;
	else if ((s32)length < (s32)sizeof(number))
		err = -EINVAL;
	else if (copy_from_user(&number, value, sizeof(number)) != 0)
		err = -EFAULT;
	else
		err = socket_set_option(f, (u32)option, number);
	file_done(f);
	return err;
}

/* @size bytes at @from go to @to, as far as the length there allows, which is told. */
static int option_put(const void *from, u32 size, uaddr_t to, uaddr_t length)
{
	u32 room;
	if (copy_from_user(&room, length, sizeof(room)) != 0)
		return -EFAULT;
	if ((s32)room < 0)
		return -EINVAL;
	const u32 bytes = MIN(room, size);
	if (copy_to_user(to, from, bytes) != 0)
		return -EFAULT;
	return put_user_u32(length, bytes);
}

s64 sys_getsockopt(u64 fd, u64 level, u64 option, u64 value, u64 length)
{
	struct file *f;
	int err = socket_get_file(fd, &f);
	if (err < 0)
		return err;
	if ((s32)level != SOL_SOCKET) {
		err = -EOPNOTSUPP;
	} else if ((u32)option == SO_PEERCRED) {
		struct kucred cred;
		socket_peer_cred(f, &cred);
		err = option_put(&cred, sizeof(cred), value, length);
	} else {
		s32 number;
		err = socket_get_option(f, (u32)option, &number);
		if (err == 0)
			err = option_put(&number, sizeof(number), value, length);
	}
	file_done(f);
	return err;
}
