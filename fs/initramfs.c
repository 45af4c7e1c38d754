/* SPDX-License-Identifier: MIT */
/*
 * Filling the root file system from a cpio archive: built into the kernel or handed over by the
 * boot loader. Later entries replace earlier ones of the same name, so a second archive may overlay
 * the first. An entry whose directory is missing is skipped with a warning; what is damaged ends
 * the unpacking.
 */
#include "fs/fs.h"

#include "fs/path.h"
#include "kernel/core/printk.h"
#include "lib/abi/errno.h"
#include "lib/abi/time.h"
#include "lib/cpio.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

/* A file of several names, of which more may come. */
struct hard_link {
	struct list node;
	u32 archive, ino;
	struct inode *inode; /* counted */
};

struct unpack {
	struct path_ctx ctx;
	struct cred cred;
	struct list hard_links;
};

static struct hard_link *find_hard_link(struct unpack *u, const struct cpio_entry *e)
{
	list_for_each(h, &u->hard_links, struct hard_link, node)
		if (h->archive == e->archive && h->ino == e->ino)
			return h;
	return NULL;
}

static int remember_hard_link(struct unpack *u, const struct cpio_entry *e, struct inode *inode)
{
	struct hard_link *h = kmalloc(sizeof(*h));
	if (h == NULL)
		return -ENOMEM;
	inode_get(inode);
	*h = (struct hard_link){ .archive = e->archive, .ino = e->ino, .inode = inode };
	list_push_front(&u->hard_links, &h->node);
	return 0;
}

static void forget_hard_links(struct unpack *u)
{
	list_for_each_safe(h, &u->hard_links, struct hard_link, node) {
		list_remove(&h->node);
		inode_put(h->inode);
		kfree(h);
	}
}

static void set_attributes(struct inode *inode, const struct cpio_entry *e)
{
	mutex_lock(&inode->lock);
	inode->mode = (inode->mode & S_IFMT) | (e->mode & S_IALLUGO);
	inode->uid = e->uid;
	inode->gid = e->gid;
	inode->mtime = (u64)e->mtime * NSEC_PER_SEC;
	inode->ctime = inode->atime = inode->mtime;
	mutex_unlock(&inode->lock);
}

/* Make way for an entry that replaces something of another type. */
static void remove_present(struct unpack *u, const char *name)
{
	if (path_unlink(&u->ctx, NULL, name, false) == -EISDIR)
		(void)path_unlink(&u->ctx, NULL, name, true); /* not empty: making the entry fails
							       */
}

/* Opening what is there must not lead elsewhere: along a link, into a device, or to a FIFO whose
 * other end nobody will ever open. */
static void remove_other_type(struct unpack *u, const struct cpio_entry *e, const char *name)
{
	struct inode *inode;
	if (path_lookup(&u->ctx, NULL, name, false, &inode) != 0)
		return;
	const bool is_other = (inode->mode & S_IFMT) != (e->mode & S_IFMT);
	inode_put(inode);
	if (is_other)
		remove_present(u, name);
}

static int write_content(struct file *f, const struct cpio_entry *e)
{
	struct uio_parts parts;
	const struct uio u = uio_of_kernel(&parts, (void *)e->data, e->data_len);
	const ssize_t n = e->data_len == 0 ? 0 : file_write(f, u);
	if (n >= 0 && (size_t)n < e->data_len)
		return -ENOSPC;
	return n < 0 ? (int)n : 0;
}

static int unpack_file(struct unpack *u, const struct cpio_entry *e, const char *name)
{
	const bool has_links = e->nlink > 1;
	const struct hard_link *first = has_links ? find_hard_link(u, e) : NULL;
	u32 flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_TRUNC;
	if (first != NULL) {
		/* Another name; the content comes with any one of them. */
		remove_present(u, name);
		const int err = path_link(&u->ctx, first->inode, NULL, name);
		if (err < 0 || e->data_len == 0)
			return err;
		flags = O_WRONLY | O_NOFOLLOW;
	}
	remove_other_type(u, e, name);
	struct file *f;
	int err = path_open(&u->ctx, NULL, name, flags, S_IRUSR | S_IWUSR, &f);
	if (err < 0)
		return err;
	err = write_content(f, e);
	if (err == 0 && has_links && first == NULL)
		err = remember_hard_link(u, e, f->inode);
	set_attributes(f->inode, e);
	file_put(f);
	return err;
}

static int unpack_link(struct unpack *u, const struct cpio_entry *e, const char *name)
{
	char *target = kmalloc((size_t)e->data_len + 1);
	if (target == NULL)
		return -ENOMEM;
	memcpy(target, e->data, e->data_len);
	target[e->data_len] = '\0';
	int err = path_symlink(&u->ctx, target, NULL, name);
	if (err == -EEXIST) {
		remove_present(u, name);
		err = path_symlink(&u->ctx, target, NULL, name);
	}
	kfree(target);
	return err;
}

static int unpack_node(struct unpack *u, const struct cpio_entry *e, const char *name)
{
	const u64 rdev = dev_make(e->rdev_major, e->rdev_minor);
	int err = path_create(&u->ctx, NULL, name, e->mode, rdev);
	if (err == -EEXIST && !S_ISDIR(e->mode)) {
		remove_present(u, name);
		err = path_create(&u->ctx, NULL, name, e->mode, rdev);
	}
	return err == -EEXIST ? 0 : err; /* a directory that is there gets the new attributes */
}

static int unpack_entry(struct unpack *u, const struct cpio_entry *e)
{
	const char *name = e->name;
	while (*name == '/')
		name++;
	if (*name == '\0')
		name = ".";
	int err;
	if (S_ISREG(e->mode))
		return unpack_file(u, e, name);
	if (S_ISLNK(e->mode))
		err = unpack_link(u, e, name);
	else
		err = unpack_node(u, e, name);
	if (err < 0)
		return err;
	struct inode *inode;
	err = path_lookup(&u->ctx, NULL, name, false, &inode);
	if (err == 0) {
		set_attributes(inode, e);
		inode_put(inode);
	}
	return err;
}

int initramfs_unpack(const void *archive, size_t len_bytes)
{
	struct unpack u = { .hard_links = LIST_INIT(u.hard_links) };
	u.ctx = (struct path_ctx){ .root = fs_root(), .cwd = fs_root(), .cred = &u.cred };
	struct cpio_reader reader;
	struct cpio_entry entry;
	cpio_init(&reader, archive, len_bytes);
	int err = cpio_next(&reader, &entry);
	while (err == 1) {
		const int result = unpack_entry(&u, &entry);
		if (result == -ENOMEM || result == -ENOSPC) {
			pr_err("initramfs: no memory for %s of %u bytes", entry.name,
			       entry.data_len);
			err = result;
			break;
		}
		if (result < 0)
			pr_warn("initramfs: %s is left out: error %d", entry.name, -result);
		err = cpio_next(&reader, &entry);
	}
	forget_hard_links(&u);
	if (err == -EINVAL)
		pr_err("initramfs: archive is damaged at offset %lu of %lu", reader.offset,
		       len_bytes);
	return err;
}
