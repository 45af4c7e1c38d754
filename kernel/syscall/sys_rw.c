/* SPDX-License-Identifier: MIT */
/* System calls that move bytes: read and write in all forms, sendfile, getdents64. */
#include "generated/syscall_protos.h"

#include "arch/riscv/cpu/usercopy.h"
#include "fs/socket.h"
#include "kernel/proc/signal.h"
#include "kernel/syscall/sys_fs.h"
#include "kernel/syscall/user_iov.h"
#include "lib/abi/dirent.h"
#include "lib/abi/limits.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

#define SENDFILE_CHUNK (16UL << 10)

/* What a write to @f gives back: who writes where nobody reads, or more than RLIMIT_FSIZE allows,
 * is told by a signal too. */
static ssize_t write_result(const struct file *f, ssize_t result)
{
	if (result == -EPIPE && (!file_is_socket(f) || socket_raises_sigpipe(f)))
		(void)signal_send_task(task_current(), SIGPIPE, NULL);
	if (result == -EFBIG && file_size_limit() != RLIM_INFINITY)
		(void)signal_send_task(task_current(), SIGXFSZ, NULL);
	return result;
}

/* What holds for every write to @f, with @u. */
static void prepare_write(const struct file *f, struct uio *u)
{
	u->file_end_max = file_size_limit();
	if (f->writable && f->inode != NULL)
		inode_drop_set_id(f->inode, cred_current());
}

/* How a call reads or writes, once its buffers are known. */
typedef ssize_t transfer_fn(struct file *f, struct uio *u, u64 pos);

static ssize_t at_offset_read(struct file *f, struct uio *u, u64 pos)
{
	return file_read(f, u);
}

static ssize_t at_offset_write(struct file *f, struct uio *u, u64 pos)
{
	prepare_write(f, u);
	return write_result(f, file_write(f, u));
}

static ssize_t at_position_write(struct file *f, struct uio *u, u64 pos)
{
	prepare_write(f, u);
	return write_result(f, file_pwrite(f, u, pos));
}

/* One buffer. */
static s64 transfer_one(u64 fd, uaddr_t buf, u64 count, u64 pos, transfer_fn *transfer)
{
	struct file *f = file_of(fd);
	if (f == NULL)
		return -EBADF;
	s64 result = -EFAULT; /* a negative count, too, says Linux */
	if (user_range_is_possible(buf, count)) {
		const struct user_iovec iov = { buf, MIN(count, RW_BYTES_MAX) };
		struct uio u;
		uio_init_user(&u, &iov, 1, iov.len_bytes);
		result = transfer(f, &u, pos);
	}
	file_put(f);
	return result;
}

s64 sys_read(u64 fd, u64 buf, u64 count)
{
	return restartable(transfer_one(fd, buf, count, 0, at_offset_read));
}

s64 sys_write(u64 fd, u64 buf, u64 count)
{
	return restartable(transfer_one(fd, buf, count, 0, at_offset_write));
}

s64 sys_pread64(u64 fd, u64 buf, u64 count, u64 offset)
{
	if ((s64)offset < 0)
		return -EINVAL;
	return restartable(transfer_one(fd, buf, count, offset, file_pread));
}

s64 sys_pwrite64(u64 fd, u64 buf, u64 count, u64 offset)
{
	if ((s64)offset < 0)
		return -EINVAL;
	return restartable(transfer_one(fd, buf, count, offset, at_position_write));
}

/* ---- lists of buffers ------------------------------------------------------------------------ */

static s64 transfer_list(u64 fd, uaddr_t iov, u64 count, u64 pos, transfer_fn *transfer)
{
	struct file *f = file_of(fd);
	if (f == NULL)
		return -EBADF;
	struct user_iov_list list;
	s64 result = user_iov_get(&list, iov, count);
	if (result == 0) {
		struct uio u;
		uio_init_user(&u, list.iov, list.count, list.total_bytes);
		result = transfer(f, &u, pos);
		user_iov_put(&list);
	}
	file_put(f);
	return result;
}

s64 sys_readv(u64 fd, u64 iov, u64 iov_count)
{
	return restartable(transfer_list(fd, iov, iov_count, 0, at_offset_read));
}

s64 sys_writev(u64 fd, u64 iov, u64 iov_count)
{
	return restartable(transfer_list(fd, iov, iov_count, 0, at_offset_write));
}

s64 sys_preadv(u64 fd, u64 iov, u64 iov_count, u64 offset)
{
	if ((s64)offset < 0)
		return -EINVAL;
	return restartable(transfer_list(fd, iov, iov_count, offset, file_pread));
}

s64 sys_pwritev(u64 fd, u64 iov, u64 iov_count, u64 offset)
{
	if ((s64)offset < 0)
		return -EINVAL;
	return restartable(transfer_list(fd, iov, iov_count, offset, at_position_write));
}

/* ---- sendfile -------------------------------------------------------------------------------- */

/* Copy from *@pos on, which moves. Bytes, or -errno if there are none. */
static s64 send_bytes(struct file *out, struct file *in, u64 *pos, u64 count, char *chunk)
{
	u64 sent = 0;
	ssize_t n = 0;
	while (sent < count) {
		struct uio u;
		n = file_read_kernel(in, chunk, MIN(count - sent, SENDFILE_CHUNK), *pos);
		if (n <= 0)
			break;
		const size_t got = (size_t)n;
		uio_init_kernel(&u, chunk, got);
		prepare_write(out, &u);
		n = file_write(out, &u);
		if (n <= 0)
			break;
		*pos += (u64)n;
		sent += (u64)n;
		if ((size_t)n < got || !uio_breathe())
			break;
	}
	return sent != 0 ? (s64)sent : n;
}

static s64 send_file(struct file *out, struct file *in, uaddr_t user_pos, u64 count)
{
	u64 pos = READ_ONCE(in->offset);
	if (user_pos != 0) {
		if (copy_from_user(&pos, user_pos, sizeof(pos)) != 0)
			return -EFAULT;
		if ((s64)pos < 0)
			return -EINVAL;
	}
	char *chunk = kmalloc(SENDFILE_CHUNK);
	if (chunk == NULL)
		return -ENOMEM;
	const s64 result = send_bytes(out, in, &pos, MIN(count, RW_BYTES_MAX), chunk);
	kfree(chunk);
	if (user_pos != 0)
		return copy_to_user(user_pos, &pos, sizeof(pos)) == 0 ? result : -EFAULT;
	mutex_lock(&in->lock);
	in->offset = pos;
	mutex_unlock(&in->lock);
	return result;
}

/* Linux wants an input that can be read again from a place: what could not be written must not be
 * lost. */
static int check_sendfile(const struct file *out, const struct file *in)
{
	if (!in->readable || !out->writable)
		return -EBADF;
	if ((!in->has_offset && in->ops->seek == NULL) || inode_is_dir(in->inode))
		return -EINVAL;
	return (READ_ONCE(out->flags) & O_APPEND) != 0 ? -EINVAL : 0;
}

s64 sys_sendfile(u64 out, u64 in, u64 offset, u64 count)
{
	s64 result = -EBADF;
	struct file *from = file_of(in);
	struct file *to = file_of(out);
	if (from != NULL && to != NULL) {
		result = check_sendfile(to, from);
		if (result == 0)
			result = write_result(to, send_file(to, from, offset, count));
	}
	if (from != NULL)
		file_put(from);
	if (to != NULL)
		file_put(to);
	return restartable(result);
}

/* ---- getdents64 ------------------------------------------------------------------------------ */

struct dirent_emitter {
	struct dir_emitter emitter;
	uaddr_t at;
	size_t left, done;
	int err;
};

static bool emit_dirent(struct dir_emitter *e, const char *name, size_t len, u64 inode_number,
			u32 mode, u64 next_pos)
{
	struct dirent_emitter *d = container_of(e, struct dirent_emitter, emitter);
	union {
		struct linux_dirent64 entry;
		char bytes[offsetof(struct linux_dirent64, d_name) + NAME_MAX + 1 + sizeof(u64)];
	} u;
	const size_t size = offsetof(struct linux_dirent64, d_name) + len + 1;
	const size_t padded = ALIGN_UP(size, sizeof(u64));
	if (padded > d->left) {
		d->err = -EINVAL; /* counts only if nothing at all fits */
		return false;
	}
	u.entry = (struct linux_dirent64){
		.d_ino = inode_number,
		.d_off = (s64)next_pos,
		.d_reclen = (u16)padded,
		.d_type = MODE_TO_DT(mode),
	};
	char *text = u.bytes + offsetof(struct linux_dirent64, d_name);
	memcpy(text, name, len);
	memset(text + len, 0, padded - size + 1);
	if (copy_to_user(d->at, &u, padded) != 0) {
		d->err = -EFAULT;
		return false;
	}
	d->at += padded;
	d->left -= padded;
	d->done += padded;
	return true;
}

s64 sys_getdents64(u64 fd, u64 buf, u64 count)
{
	struct file *f = file_of(fd);
	if (f == NULL)
		return -EBADF;
	struct dirent_emitter d = {
		.emitter.emit = emit_dirent,
		.at = buf,
		.left = MIN(count, RW_BYTES_MAX),
	};
	const int err = file_iterate(f, &d.emitter);
	file_put(f);
	if (d.done != 0)
		return (s64)d.done;
	return err < 0 ? err : d.err;
}
