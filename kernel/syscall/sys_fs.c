/* SPDX-License-Identifier: MIT */
#include "kernel/syscall/sys_fs.h"

#include "arch/riscv/cpu/usercopy.h"
#include "kernel/proc/signal.h"
#include "lib/abi/fcntl.h"
#include "lib/abi/resource.h"
#include "mm/pmm/slab.h"

s64 file_check_size(const struct inode *inode, u64 size_bytes)
{
	if (size_bytes <= inode->size_bytes || size_bytes <= file_size_limit())
		return 0;
	(void)signal_send_task(task_current(), SIGXFSZ, NULL);
	return -EFBIG;
}

/* Into memory of its own. Its length, not 0, or as user_path_get(). */
static __cold ssize_t get_long_path(struct user_path *p, uaddr_t from)
{
	p->text = kmalloc(PATH_MAX_BYTES);
	if (p->text == NULL)
		return -ENOMEM;
	const ssize_t len = strncpy_from_user(p->text, from, PATH_MAX_BYTES);
	if (len <= 0)
		kfree(p->text);
	return len != 0 ? len : -ENOENT; /* another thread has made it empty since */
}

static inline int get_path(struct user_path *p, uaddr_t from, bool may_be_empty)
{
	p->text = p->small;
	ssize_t len = strncpy_from_user(p->small, from, sizeof(p->small));
	if (unlikely(len == -ENAMETOOLONG))
		len = get_long_path(p, from);
	return len != 0 || may_be_empty ? (int)len : -ENOENT;
}

int user_path_get(struct user_path *p, uaddr_t from, bool may_be_empty)
{
	return get_path(p, from, may_be_empty);
}

/* What @dirfd names, counted. */
static int inode_of_fd(u64 dirfd, struct inode **out)
{
	struct file *f = file_of_any(dirfd);
	if (f == NULL)
		return -EBADF;
	struct inode *inode = f->inode;
	if (inode != NULL)
		inode_get(inode);
	file_done(f);
	*out = inode;
	return inode == NULL ? -EBADF : 0;
}

/* Where @path starts, counted; NULL as in struct at_path. */
static inline int start_of(u64 dirfd, const char *path, struct inode **out)
{
	*out = NULL;
	if (likely(*path == '/' || (int)dirfd == AT_FDCWD))
		return 0;
	return inode_of_fd(dirfd, out);
}

int at_path_get(struct at_path *p, u64 dirfd, uaddr_t from)
{
	int err = get_path(&p->path, from, false);
	if (err < 0)
		return err;
	err = start_of(dirfd, p->path.text, &p->start);
	if (err < 0)
		user_path_put(&p->path);
	return err;
}

static int lookup_empty(u64 dirfd, struct inode **out)
{
	if ((int)dirfd != AT_FDCWD)
		return inode_of_fd(dirfd, out);
	*out = process_inode_lookup(process_current(), PROCESS_CWD);
	return 0;
}

int user_path_is_empty(uaddr_t path)
{
	u64 word;
	if (path == 0)
		return 1;
	/* The whole word that the first byte is in, which is as good to read as that. */
	if (get_user_u64(&word, ALIGN_DOWN(path, sizeof(word))) != 0)
		return -EFAULT;
	return (u8)(word >> 8 * (path % sizeof(word))) == 0;
}

int at_lookup(u64 dirfd, uaddr_t path, u32 flags, const struct cred *cred, struct inode **out)
{
	struct at_path p;
	int err = (flags & AT_EMPTY_PATH) != 0 ? user_path_is_empty(path) : 0;
	if (err != 0)
		return err < 0 ? err : lookup_empty(dirfd, out);
	err = at_path_get(&p, dirfd, path);
	if (err < 0)
		return err;
	struct path_ctx ctx = task_paths();
	ctx.cred = cred;
	err = path_lookup(&ctx, p.start, p.path.text, (flags & AT_SYMLINK_NOFOLLOW) == 0, out);
	at_path_put(&p);
	return err;
}
