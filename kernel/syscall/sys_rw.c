/* SPDX-License-Identifier: MIT */
/* System calls that move bytes: read and write in all forms, sendfile, copy_file_range,
 * getdents64. */
#include "generated/syscall_protos.h"

#include "arch/riscv/cpu/usercopy.h"
#include "fs/name.h"
#include "fs/socket.h"
#include "kernel/proc/signal.h"
#include "kernel/syscall/sys_fs.h"
#include "kernel/syscall/user_iov.h"
#include "lib/abi/dirent.h"
#include "lib/abi/limits.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

#define SENDFILE_CHUNK (16UL << 10)

/*
 * A write to @f that brought an error: who writes where nobody reads, or more than RLIMIT_FSIZE
 * allows, is told by a signal too. Returns what the call does.
 */
static __noinline s64 write_failed(const struct file *f, s64 error)
{
	if (error == -EPIPE && (!file_is_socket(f) || socket_raises_sigpipe(f)))
		(void)signal_send_task(task_current(), SIGPIPE, NULL);
	if (error == -EFBIG && file_size_limit() != RLIM_INFINITY)
		(void)signal_send_task(task_current(), SIGXFSZ, NULL);
	return restartable(error);
}

static inline s64 write_result(const struct file *f, s64 result)
{
	return likely(result >= 0) ? result : write_failed(f, result);
}

/* At *@pos, or NULL: where @f is. */
static __always_inline s64 read_from(struct file *f, struct uio u, const u64 *pos)
{
	const s64 result = pos != NULL ? file_pread(f, u, *pos) : file_read(f, u);
	return likely(result >= 0) ? result : restartable(result);
}

/* The same, where bytes have places. */
static __noinline s64 write_placed(struct file *f, struct uio u, const u64 *pos)
{
	struct uio_parts parts;
	const u64 end_max = file_size_limit();
	if (f->inode != NULL)
		inode_drop_set_id(f->inode, cred_current());
	if (unlikely(end_max != RLIM_INFINITY))
		u = uio_with_end(u, &parts, end_max);
	return pos != NULL ? file_pwrite(f, u, *pos) : file_write(f, u);
}

static __always_inline s64 write_to(struct file *f, struct uio u, const u64 *pos)
{
	if (f->has_offset)
		return write_placed(f, u, pos);
	return pos != NULL ? file_pwrite(f, u, *pos) : file_write(f, u);
}

/* ---- one buffer ------------------------------------------------------------------------------ */

static __always_inline s64 move_buffer(struct file *f, uaddr_t buf, u64 count, const u64 *pos,
				       bool writes)
{
	if (!(writes ? f->writable : f->readable))
		return -EBADF;
	if (unlikely(!user_range_is_valid(buf, count)))
		return -EFAULT; /* of a negative count, too, says Linux */
	const struct uio u = uio_of_user(buf, MIN(count, RW_BYTES_MAX));
	return writes ? write_result(f, write_to(f, u, pos)) : read_from(f, u, pos);
}

/* Of descriptors that others use, too: what @fd names is to be put. */
static __noinline s64 move_shared(u64 fd, uaddr_t buf, u64 count, bool writes)
{
	struct file *f = file_of_any(fd);
	if (f == NULL)
		return -EBADF;
	const s64 result = move_buffer(f, buf, count, NULL, writes);
	file_done(f);
	return result;
}

static __always_inline s64 read_or_write(u64 fd, uaddr_t buf, u64 count, bool writes)
{
	struct file *f = file_of_own(fd);
	return likely(f != NULL) ? move_buffer(f, buf, count, NULL, writes) :
				   move_shared(fd, buf, count, writes);
}

s64 sys_read(u64 fd, u64 buf, u64 count)
{
	return read_or_write(fd, buf, count, false);
}

s64 sys_write(u64 fd, u64 buf, u64 count)
{
	return read_or_write(fd, buf, count, true);
}

/* What @fd names, till file_done(), for a call that says where. 0; -EINVAL, -EBADF, -ESPIPE: before
 * anything else is wrong. */
static s64 file_with_positions(u64 fd, u64 offset, struct file **out)
{
	if ((s64)offset < 0)
		return -EINVAL;
	struct file *f = file_of(fd);
	if (f == NULL)
		return -EBADF;
	if (!file_takes_positions(f)) {
		file_done(f);
		return -ESPIPE;
	}
	*out = f;
	return 0;
}

static s64 read_or_write_at(u64 fd, uaddr_t buf, u64 count, u64 offset, bool writes)
{
	struct file *f;
	const s64 err = file_with_positions(fd, offset, &f);
	if (err < 0)
		return err;
	const s64 result = move_buffer(f, buf, count, &offset, writes);
	file_done(f);
	return result;
}

s64 sys_pread64(u64 fd, u64 buf, u64 count, u64 offset)
{
	return read_or_write_at(fd, buf, count, offset, false);
}

s64 sys_pwrite64(u64 fd, u64 buf, u64 count, u64 offset)
{
	return read_or_write_at(fd, buf, count, offset, true);
}

/* ---- lists of buffers ------------------------------------------------------------------------ */

static s64 move_list(struct file *f, uaddr_t iov, u64 count, const u64 *pos, bool writes)
{
	struct user_iov_list list;
	if (!(writes ? f->writable : f->readable))
		return -EBADF;
	s64 result = user_iov_get(&list, iov, count);
	if (result == 0) {
		struct uio_parts parts;
		const struct uio u = uio_of_list(&parts, list.iov, list.total_bytes);
		result = writes ? write_result(f, write_to(f, u, pos)) : read_from(f, u, pos);
		user_iov_put(&list);
	}
	return result;
}

static s64 read_or_write_list(u64 fd, uaddr_t iov, u64 count, bool writes)
{
	struct file *f = file_of_any(fd);
	if (f == NULL)
		return -EBADF;
	const s64 result = move_list(f, iov, count, NULL, writes);
	file_done(f);
	return result;
}

static s64 read_or_write_list_at(u64 fd, uaddr_t iov, u64 count, u64 offset, bool writes)
{
	struct file *f;
	const s64 err = file_with_positions(fd, offset, &f);
	if (err < 0)
		return err;
	const s64 result = move_list(f, iov, count, &offset, writes);
	file_done(f);
	return result;
}

s64 sys_readv(u64 fd, u64 iov, u64 iov_count)
{
	return read_or_write_list(fd, iov, iov_count, false);
}

s64 sys_writev(u64 fd, u64 iov, u64 iov_count)
{
	return read_or_write_list(fd, iov, iov_count, true);
}

s64 sys_preadv(u64 fd, u64 iov, u64 iov_count, u64 offset)
{
	return read_or_write_list_at(fd, iov, iov_count, offset, false);
}

s64 sys_pwritev(u64 fd, u64 iov, u64 iov_count, u64 offset)
{
	return read_or_write_list_at(fd, iov, iov_count, offset, true);
}

/* ---- from file to file --------------------------------------------------------------------- */

/* Copy from *@pos on to *@out_pos (NULL: where @out is), which move. Bytes, or -errno if there are
 * none. */
static s64 send_bytes(struct file *out, u64 *out_pos, struct file *in, u64 *pos, u64 count,
		      char *chunk)
{
	u64 sent = 0;
	ssize_t n = 0;
	while (sent < count) {
		struct uio_parts parts;
		n = file_read_kernel(in, chunk, MIN(count - sent, SENDFILE_CHUNK), *pos);
		if (n <= 0)
			break;
		const size_t got = (size_t)n;
		n = write_to(out, uio_of_kernel(&parts, chunk, got), out_pos);
		if (n <= 0)
			break;
		*pos += (u64)n;
		if (out_pos != NULL)
			*out_pos += (u64)n;
		sent += (u64)n;
		if ((size_t)n < got || !uio_breathe())
			break;
	}
	return sent != 0 ? (s64)sent : n;
}

/* Where to begin: at *@user_pos or, if that is 0, where @f is. 0 or -EFAULT. */
static int position_get(const struct file *f, uaddr_t user_pos, u64 *pos)
{
	*pos = READ_ONCE(f->offset);
	return user_pos == 0 || copy_from_user(pos, user_pos, sizeof(*pos)) == 0 ? 0 : -EFAULT;
}

/* The same place, after what was moved. */
static int position_put(struct file *f, uaddr_t user_pos, u64 pos)
{
	if (user_pos != 0)
		return copy_to_user(user_pos, &pos, sizeof(pos)) == 0 ? 0 : -EFAULT;
	mutex_lock(&f->lock);
	f->offset = pos;
	mutex_unlock(&f->lock);
	return 0;
}

static s64 send_file(struct file *out, struct file *in, uaddr_t user_pos, u64 count)
{
	u64 pos;
	if (position_get(in, user_pos, &pos) != 0)
		return -EFAULT;
	if ((s64)pos < 0)
		return -EINVAL;
	char *chunk = kmalloc(SENDFILE_CHUNK);
	if (chunk == NULL)
		return -ENOMEM;
	const s64 result = send_bytes(out, NULL, in, &pos, MIN(count, RW_BYTES_MAX), chunk);
	kfree(chunk);
	return position_put(in, user_pos, pos) == 0 ? result : -EFAULT;
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
		file_done(from);
	if (to != NULL)
		file_done(to);
	return restartable(result);
}

/* Between regular files of one file system, to a place of their own, and not onto themselves. */
static int check_copy(const struct file *out, u64 out_pos, const struct file *in, u64 pos,
		      u64 *count)
{
	const struct inode *from = in->inode, *to = out->inode;
	if (from == NULL || to == NULL)
		return -EINVAL;
	if (inode_is_dir(from) || inode_is_dir(to))
		return -EISDIR;
	if (!S_ISREG(from->mode) || !S_ISREG(to->mode))
		return -EINVAL;
	if (!in->readable || !out->writable || (READ_ONCE(out->flags) & O_APPEND) != 0)
		return -EBADF;
	if (from->fs != to->fs)
		return -EXDEV;
	u64 end;
	if (__builtin_add_overflow(pos, *count, &end) ||
	    __builtin_add_overflow(out_pos, *count, &end))
		return -EOVERFLOW;
	if ((s64)pos < 0 || (s64)out_pos < 0)
		return -EINVAL;
	const u64 size = READ_ONCE(from->size_bytes);
	*count = pos < size ? MIN(MIN(*count, size - pos), RW_BYTES_MAX) : 0;
	return from == to && pos < out_pos + *count && out_pos < pos + *count ? -EINVAL : 0;
}

static s64 copy_file(struct file *out, uaddr_t out_at, struct file *in, uaddr_t in_at, u64 count)
{
	u64 pos, out_pos;
	if (position_get(in, in_at, &pos) != 0 || position_get(out, out_at, &out_pos) != 0)
		return -EFAULT;
	const int err = check_copy(out, out_pos, in, pos, &count);
	if (err < 0 || count == 0)
		return err;
	char *chunk = kmalloc(SENDFILE_CHUNK);
	if (chunk == NULL)
		return -ENOMEM;
	const s64 result = send_bytes(out, &out_pos, in, &pos, count, chunk);
	kfree(chunk);
	if (result <= 0)
		return result;
	const int in_err = position_put(in, in_at, pos);
	const int out_err = position_put(out, out_at, out_pos);
	return in_err != 0 || out_err != 0 ? -EFAULT : result;
}

s64 sys_copy_file_range(u64 in, u64 in_offset, u64 out, u64 out_offset, u64 size, u64 flags)
{
	s64 result = -EBADF;
	struct file *from = file_of(in);
	struct file *to = file_of(out);
	if (from != NULL && to != NULL)
		result = (u32)flags != 0 ?
				 -EINVAL :
				 write_result(to, copy_file(to, out_offset, from, in_offset, size));
	if (from != NULL)
		file_done(from);
	if (to != NULL)
		file_done(to);
	return restartable(result);
}

/* ---- getdents64 ------------------------------------------------------------------------------ */

#define DIRENT_BYTES(name_len) \
	ALIGN_UP(offsetof(struct linux_dirent64, d_name) + (name_len) + 1, sizeof(u64))

#define DIRENT_WORDS(name_len) (DIRENT_BYTES(name_len) / sizeof(u64))

struct dirent_emitter {
	struct dir_emitter emitter;
	uaddr_t at, end;
	int err;
};

/*
 * A struct linux_dirent64 is built by words. The one that begins with d_reclen and d_type has room
 * for the first bytes of the name, so that all of the name is shifted by what is before it there.
 */
#define NAME_SHIFT (8 * (offsetof(struct linux_dirent64, d_name) % sizeof(u64)))
static_assert(offsetof(struct linux_dirent64, d_reclen) == 2 * sizeof(u64), "begins a word");

static bool emit_dirent(struct dir_emitter *e, const char *name, size_t len, u64 inode_number,
			u32 mode, u64 next_pos)
{
	struct dirent_emitter *d = container_of(e, struct dirent_emitter, emitter);
	const size_t bytes = DIRENT_BYTES(len);
	if (bytes > d->end - d->at) {
		d->err = -EINVAL; /* counts only if nothing at all fits */
		return false;
	}
	/* One more than needed is written if a whole word of the name is zeros. */
	u64 words[DIRENT_WORDS(NAME_MAX) + 1];
	const name_word_t *from = (const name_word_t *)name;
	u64 *to = words, before = bytes | (u64)MODE_TO_DT(mode) << 16;
	*to++ = inode_number;
	*to++ = next_pos;
	for (const char *end = name + len; (const char *)from <= end; from++) {
		*to++ = before | *from << NAME_SHIFT;
		before = *from >> (64 - NAME_SHIFT);
	}
	*to = before;
	if (copy_to_user(d->at, words, bytes) != 0) {
		d->err = -EFAULT;
		return false;
	}
	d->at += bytes;
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
		.end = buf + MIN(count, RW_BYTES_MAX),
	};
	const int err = file_iterate(f, &d.emitter);
	file_done(f);
	if (d.at != buf)
		return (s64)(d.at - buf);
	return err < 0 ? err : d.err;
}
