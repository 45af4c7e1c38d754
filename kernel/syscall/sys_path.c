/* SPDX-License-Identifier: MIT */
/* System calls about names: making, removing and renaming them, the working directory, mounts. */
#include "generated/syscall_protos.h"

#include "arch/riscv/cpu/usercopy.h"
#include "fs/fs.h"
#include "kernel/syscall/sys_fs.h"
#include "lib/abi/limits.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

#define FS_TYPE_BYTES_MAX 32
#define OPTION_BYTES_MAX  256
#define PROPAGATION_FLAGS (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

s64 sys_umask(u64 mode)
{
	return __atomic_exchange_n(&process_current()->umask, (u32)mode & S_IRWXUGO,
				   __ATOMIC_RELAXED);
}

/* ---- names ----------------------------------------------------------------------------------- */

s64 sys_mkdirat(u64 dir, u64 path, u64 mode)
{
	struct at_path p;
	s64 err = at_path_get(&p, dir, path);
	if (err < 0)
		return err;
	const struct path_ctx ctx = task_paths();
	err = path_create(&ctx, p.start, p.path.text, S_IFDIR | ((u32)mode & ~(u32)S_IFMT), 0);
	at_path_put(&p);
	return err;
}

s64 sys_mknodat(u64 dir, u64 path, u64 mode, u64 device)
{
	u32 type = (u32)mode & S_IFMT;
	switch (type) {
	case 0:
		type = S_IFREG;
		break;
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	const bool is_device = type == S_IFCHR || type == S_IFBLK;
	struct at_path p;
	s64 err = at_path_get(&p, dir, path);
	if (err < 0)
		return err;
	const struct path_ctx ctx = task_paths();
	err = path_create(&ctx, p.start, p.path.text, type | ((u32)mode & ~(u32)S_IFMT),
			  is_device ? (u32)device : 0);
	at_path_put(&p);
	return err;
}

s64 sys_unlinkat(u64 dir, u64 path, u64 flags)
{
	if ((flags & ~(u64)AT_REMOVEDIR) != 0)
		return -EINVAL;
	struct at_path p;
	s64 err = at_path_get(&p, dir, path);
	if (err < 0)
		return err;
	const struct path_ctx ctx = task_paths();
	err = path_unlink(&ctx, p.start, p.path.text, (flags & AT_REMOVEDIR) != 0);
	at_path_put(&p);
	return err;
}

s64 sys_symlinkat(u64 target, u64 dir, u64 path)
{
	struct user_path text;
	struct at_path p;
	s64 err = user_path_get(&text, target, false);
	if (err < 0)
		return err;
	err = at_path_get(&p, dir, path);
	if (err == 0) {
		const struct path_ctx ctx = task_paths();
		err = path_symlink(&ctx, text.text, p.start, p.path.text);
		at_path_put(&p);
	}
	user_path_put(&text);
	return err;
}

s64 sys_linkat(u64 old_dir, u64 old_path, u64 new_dir, u64 new_path, u64 flags)
{
	if ((flags & ~(u64)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0)
		return -EINVAL;
	const struct cred *cred = cred_current();
	if ((flags & AT_EMPTY_PATH) != 0 && cred->euid != 0)
		return -ENOENT;
	u32 lookup_flags = (u32)flags & AT_EMPTY_PATH;
	if ((flags & AT_SYMLINK_FOLLOW) == 0)
		lookup_flags |= AT_SYMLINK_NOFOLLOW;
	struct inode *from;
	s64 err = at_lookup(old_dir, old_path, lookup_flags, cred, &from);
	if (err < 0)
		return err;
	struct at_path p;
	err = at_path_get(&p, new_dir, new_path);
	if (err == 0) {
		const struct path_ctx ctx = task_paths();
		err = path_link(&ctx, from, p.start, p.path.text);
		at_path_put(&p);
	}
	inode_put(from);
	return err;
}

s64 sys_renameat2(u64 old_dir, u64 old_path, u64 new_dir, u64 new_path, u64 flags)
{
	struct at_path from, to;
	s64 err = at_path_get(&from, old_dir, old_path);
	if (err < 0)
		return err;
	err = at_path_get(&to, new_dir, new_path);
	if (err == 0) {
		const struct path_ctx ctx = task_paths();
		err = path_rename(&ctx, from.start, from.path.text, to.start, to.path.text,
				  (u32)flags);
		at_path_put(&to);
	}
	at_path_put(&from);
	return err;
}

static s64 read_link(struct inode *inode, uaddr_t buf, size_t size)
{
	size = MIN(size, (size_t)PATH_MAX);
	char *text = kmalloc(size);
	if (text == NULL)
		return -ENOMEM;
	ssize_t len = inode->ops->readlink(inode, text, size);
	if (len > 0 && copy_to_user(buf, text, (size_t)len) != 0)
		len = -EFAULT;
	kfree(text);
	return len;
}

s64 sys_readlinkat(u64 dir, u64 path, u64 buf, u64 size)
{
	struct user_path text;
	struct inode *inode;
	if ((s32)size <= 0)
		return -EINVAL;
	s64 err = user_path_get(&text, path, true);
	if (err < 0)
		return err;
	const bool is_empty = text.text[0] == '\0';
	user_path_put(&text);
	err = at_lookup(dir, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, cred_current(), &inode);
	if (err < 0)
		return err;
	if (S_ISLNK(inode->mode))
		err = read_link(inode, buf, size & INT32_MAX);
	else
		err = is_empty ? -ENOENT : -EINVAL;
	inode_put(inode);
	return err;
}

s64 sys_truncate(u64 path, u64 length)
{
	if ((s64)length < 0)
		return -EINVAL;
	const struct cred *cred = cred_current();
	struct inode *inode;
	s64 err = at_lookup((u64)AT_FDCWD, path, 0, cred, &inode);
	if (err < 0)
		return err;
	if (S_ISDIR(inode->mode))
		err = -EISDIR;
	else if (!S_ISREG(inode->mode))
		err = -EINVAL;
	if (err == 0)
		err = inode_permission(inode, cred, W_OK);
	if (err == 0)
		err = file_check_size(inode, length);
	if (err == 0)
		err = inode_truncate(inode, length);
	if (err == 0)
		inode_drop_set_id(inode, cred);
	inode_put(inode);
	return err;
}

/* ---- working directory and root -------------------------------------------------------------- */

/* May the running process make @inode its working directory? */
static s64 check_enter(const struct inode *inode)
{
	if (!inode_is_dir(inode))
		return -ENOTDIR;
	return inode_permission(inode, cred_current(), X_OK);
}

s64 sys_chdir(u64 path)
{
	struct inode *inode;
	s64 err = at_lookup((u64)AT_FDCWD, path, 0, cred_current(), &inode);
	if (err < 0)
		return err;
	err = check_enter(inode);
	if (err == 0)
		process_set_inode(PROCESS_CWD, inode);
	else
		inode_put(inode);
	return err;
}

s64 sys_fchdir(u64 fd)
{
	struct file *f = file_of_any(fd);
	if (f == NULL)
		return -EBADF;
	s64 err = f->inode == NULL ? -ENOTDIR : check_enter(f->inode);
	if (err == 0) {
		inode_get(f->inode);
		process_set_inode(PROCESS_CWD, f->inode);
	}
	file_done(f);
	return err;
}

s64 sys_chroot(u64 path)
{
	const struct cred *cred = cred_current();
	struct inode *inode;
	s64 err = at_lookup((u64)AT_FDCWD, path, 0, cred, &inode);
	if (err < 0)
		return err;
	err = check_enter(inode);
	if (err == 0 && cred->euid != 0)
		err = -EPERM;
	if (err == 0)
		process_set_inode(PROCESS_ROOT, inode);
	else
		inode_put(inode);
	return err;
}

s64 sys_getcwd(u64 buf, u64 size)
{
	const struct path_ctx ctx = task_paths();
	char *text = kmalloc(PATH_MAX);
	if (text == NULL)
		return -ENOMEM;
	s64 len = path_of_directory(&ctx, ctx.cwd, text, PATH_MAX);
	if (len == -ERANGE)
		len = -ENAMETOOLONG;
	else if (len > 0 && (u64)len > size)
		len = -ERANGE;
	if (len > 0 && copy_to_user(buf, text, (size_t)len) != 0)
		len = -EFAULT;
	kfree(text);
	return len;
}

/* ---- mounts ---------------------------------------------------------------------------------- */

/* A text of at most @size bytes with its NUL; @absent if there is none. */
static s64 get_text(char *text, size_t size, uaddr_t from, const char *absent)
{
	if (from == 0) {
		(void)strlcpy(text, absent, size); /* they are short */
		return 0;
	}
	const ssize_t len = strncpy_from_user(text, from, size);
	if (len == -ENAMETOOLONG)
		return -EINVAL;
	return len < 0 ? len : 0;
}

static s64 mount_new(struct inode *at, const char *source, uaddr_t type, u32 flags, uaddr_t data)
{
	char type_name[FS_TYPE_BYTES_MAX];
	char options[OPTION_BYTES_MAX];
	if (type == 0)
		return -EINVAL;
	s64 err = get_text(type_name, sizeof(type_name), type, "");
	if (err == -EINVAL)
		return -ENODEV; /* no type has so long a name */
	if (err == 0)
		err = get_text(options, sizeof(options), data, "");
	if (err < 0)
		return err;
	if (!inode_is_dir(at))
		return -ENOTDIR;
	char *path = kmalloc(PATH_MAX);
	if (path == NULL)
		return -ENOMEM;
	const struct path_ctx ctx = task_paths();
	const ssize_t len = path_of_directory(&ctx, at, path, PATH_MAX);
	err = len < 0 ? len : fs_mount_options(type_name, source, at, path, flags, options);
	kfree(path);
	return err;
}

static s64 mount_at(struct inode *at, const char *source, uaddr_t type, u32 flags, uaddr_t data)
{
	if ((flags & MS_REMOUNT) != 0)
		return fs_remount(at, flags);
	if ((flags & (MS_BIND | MS_MOVE)) != 0)
		return -EINVAL;
	if ((flags & PROPAGATION_FLAGS) != 0)
		/* There is one name space of mounts, so nothing is passed on anyhow. */
		return at->fs != NULL && at->fs->root == at ? 0 : -EINVAL;
	return mount_new(at, source, type, flags, data);
}

s64 sys_mount(u64 source, u64 path, u64 type, u64 flags, u64 data)
{
	const struct cred *cred = cred_current();
	struct user_path text;
	struct inode *at;
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~(u64)MS_MGC_MSK;
	s64 err = user_path_get(&text, source != 0 ? source : path, true);
	if (err < 0)
		return err;
	err = at_lookup((u64)AT_FDCWD, path, 0, cred, &at);
	if (err == 0) {
		err = cred->euid != 0 ? -EPERM :
					mount_at(at, source != 0 ? text.text : "none", type,
						 (u32)flags, data);
		inode_put(at);
	}
	user_path_put(&text);
	return err;
}

s64 sys_umount2(u64 path, u64 flags)
{
	const struct cred *cred = cred_current();
	if ((flags & ~(u64)(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW)) != 0)
		return -EINVAL;
	struct inode *at;
	const s64 err = at_lookup((u64)AT_FDCWD, path,
				  (flags & UMOUNT_NOFOLLOW) != 0 ? AT_SYMLINK_NOFOLLOW : 0, cred,
				  &at);
	if (err < 0)
		return err;
	if (cred->euid != 0) {
		inode_put(at);
		return -EPERM;
	}
	return fs_unmount(at, (u32)flags);
}
