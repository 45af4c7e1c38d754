/* SPDX-License-Identifier: MIT */
/* procfs: inodes, and files whose text is made when it is read. */
#include "fs/procfs.h"

#include "lib/abi/errno.h"
#include "mm/pmm/slab.h"

/* The text of one open file. */
struct proc_text {
	struct mutex lock; /* RANK_INODE: pread comes without the offset's lock */
	/* under lock */
	struct seq seq;
	bool is_made;
};

static int text_open(struct inode *inode, struct file *f);
static int text_truncate(struct inode *inode, u64 size);
static ssize_t text_read(struct file *f, struct uio u, u64 *pos);
static ssize_t text_write(struct file *f, struct uio u, u64 *pos);
static s64 text_seek(struct file *f, s64 offset, int whence);
static void text_release(struct file *f);

const struct inode_ops proc_text_ops = {
	.open = text_open,
	.truncate = text_truncate,
	.destroy = proc_inode_destroy,
};

static const struct file_ops text_file_ops = {
	.read = text_read,
	.write = text_write,
	.seek = text_seek,
	.release = text_release,
};

static struct slab_cache *proc_inode_cache;

int proc_inode_init(void)
{
	if (proc_inode_cache == NULL)
		proc_inode_cache = slab_create("proc inode", sizeof(struct proc_inode),
					       _Alignof(struct proc_inode));
	return proc_inode_cache == NULL ? -ENOMEM : 0;
}

struct proc_inode *proc_inode_create(struct procfs *fs, const struct inode_ops *ops, u32 mode,
				     u64 number)
{
	struct proc_inode *i = slab_alloc(proc_inode_cache);
	if (i == NULL)
		return NULL;
	inode_init(&i->inode, ops, &fs->fs, number, mode);
	memset(&i->show, 0, sizeof(*i) - offsetof(struct proc_inode, show));
	return i;
}

void proc_inode_destroy(struct inode *inode)
{
	slab_free(proc_inode_cache, proc_inode_of(inode));
}

static int text_open(struct inode *inode, struct file *f)
{
	const struct proc_inode *i = proc_inode_of(inode);
	const int err = i->check_open != NULL ? i->check_open(i) : 0;
	if (err < 0)
		return err;
	struct proc_text *t = kmalloc(sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	*t = (struct proc_text){ 0 };
	mutex_init(&t->lock, "proc text", RANK_INODE);
	f->private = t;
	f->ops = &text_file_ops;
	f->has_offset = true;
	return 0;
}

/* A shell's `>` truncates what it opens; there is nothing here to cut. */
static int text_truncate(struct inode *inode, u64 size)
{
	(void)inode, (void)size;
	return 0;
}

/* Caller holds t->lock. */
static int make_text(struct proc_text *t, struct proc_inode *i)
{
	t->seq.len = 0;
	t->seq.failed = false;
	t->is_made = false;
	const int err = i->show != NULL ? i->show(i, &t->seq) : -EIO;
	if (err < 0)
		return err;
	if (t->seq.failed)
		return -ENOMEM;
	t->is_made = true;
	return 0;
}

static ssize_t text_read(struct file *f, struct uio u, u64 *pos)
{
	struct proc_text *t = f->private;
	ssize_t n = 0;
	mutex_lock(&t->lock);
	if (*pos == 0 || !t->is_made)
		n = make_text(t, proc_inode_of(f->inode));
	if (n == 0 && *pos < t->seq.len && u.left > 0) {
		n = (ssize_t)uio_copy_in(&u, t->seq.buf + *pos, t->seq.len - *pos);
		if (n == 0)
			n = -EFAULT;
	}
	mutex_unlock(&t->lock);
	if (n > 0)
		*pos += (u64)n;
	return n;
}

static ssize_t text_write(struct file *f, struct uio u, u64 *pos)
{
	const struct proc_inode *i = proc_inode_of(f->inode);
	char text[PROCFS_STORE_BYTES + 1];
	(void)pos;
	if (i->store == NULL)
		return -EIO;
	const size_t wanted = u.left;
	if (wanted > PROCFS_STORE_BYTES)
		return -EINVAL;
	if (uio_copy_out(&u, text, wanted) != wanted)
		return -EFAULT;
	text[wanted] = '\0';
	const int err = i->store(text, wanted);
	return err < 0 ? err : (ssize_t)wanted;
}

static s64 text_seek(struct file *f, s64 offset, int whence)
{
	if (whence != SEEK_SET && whence != SEEK_CUR)
		return -EINVAL;
	return file_seek_to(f, offset, whence, 0);
}

static void text_release(struct file *f)
{
	struct proc_text *t = f->private;
	kfree(t->seq.buf);
	kfree(t);
}

bool proc_parse_number(const struct name *name, u32 *value)
{
	const size_t digits_max = 9; /* fits 32 bits, and no pid or descriptor has more */
	u32 number = 0;
	if (name->len > digits_max || (name->text[0] == '0' && name->len > 1))
		return false;
	for (size_t i = 0; i < name->len; i++) {
		const char digit = name->text[i];
		if (digit < '0' || digit > '9')
			return false;
		number = number * 10 + (u32)(digit - '0');
	}
	*value = number;
	return true;
}
