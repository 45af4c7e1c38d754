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

int user_path_get(struct user_path *p, uaddr_t from, bool may_be_empty)
{
	p->text = p->small;
	ssize_t len = strncpy_from_user(p->small, from, sizeof(p->small));
	if (len == -ENAMETOOLONG) {
		p->text = kmalloc(PATH_MAX_BYTES);
		if (p->text == NULL)
			return -ENOMEM;
		len = strncpy_from_user(p->text, from, PATH_MAX_BYTES);
	}
	if (len == 0 && !may_be_empty)
		len = -ENOENT;
	if (len < 0)
		user_path_put(p);
	return len < 0 ? (int)len : 0;
}

void user_path_put(struct user_path *p)
{
	if (p->text != p->small)
		kfree(p->text);
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
static int start_of(u64 dirfd, const char *path, struct inode **out)
{
	*out = NULL;
	if (*path == '/' || (int)dirfd == AT_FDCWD)
		return 0;
	return inode_of_fd(dirfd, out);
}

int at_path_get(struct at_path *p, u64 dirfd, uaddr_t from)
{
	int err = user_path_get(&p->path, from, false);
	if (err < 0)
		return err;
	err = start_of(dirfd, p->path.text, &p->start);
	if (err < 0)
		user_path_put(&p->path);
	return err;
}

void at_path_put(struct at_path *p)
{
	inode_put(p->start);
	user_path_put(&p->path);
}

static int lookup_empty(u64 dirfd, struct inode **out)
{
	if ((int)dirfd != AT_FDCWD)
		return inode_of_fd(dirfd, out);
	*out = process_inode_lookup(process_current(), PROCESS_CWD);
	return 0;
}

int at_lookup(u64 dirfd, uaddr_t path, u32 flags, const struct cred *cred, struct inode **out)
{
	const bool may_be_empty = (flags & AT_EMPTY_PATH) != 0;
	struct user_path text;
	if (may_be_empty && path == 0)
		return lookup_empty(dirfd, out);
	int err = user_path_get(&text, path, may_be_empty);
	if (err < 0)
		return err;
	struct inode *start = NULL;
	if (text.text[0] == '\0') {
		err = lookup_empty(dirfd, out);
	} else {
		err = start_of(dirfd, text.text, &start);
		struct path_ctx ctx = task_paths();
		ctx.cred = cred;
		if (err == 0)
			err = path_lookup(&ctx, start, text.text,
					  (flags & AT_SYMLINK_NOFOLLOW) == 0, out);
	}
	inode_put(start);
	user_path_put(&text);
	return err;
}
