/* SPDX-License-Identifier: MIT */
/*
 * procfs: /proc/N. Who the processes are is known to whoever called procfs_set_process_ops(); a
 *directory holds no process, only its number, and finds out at each use whether it is still there.
 *
 *	/proc/N         exe cwd root (links), fd/, mounts, and the texts that were registered
 *	/proc/N/fd      a link for each open descriptor
 */
#include "fs/procfs.h"

#include "fs/tree.h"
#include "lib/abi/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#define NUMBER_DIR    1
#define NUMBER_FD_DIR 2
#define NUMBER_MOUNTS 3
#define NUMBER_LINK   8          /* + index */
#define NUMBER_TEXT   32         /* + index */
#define NUMBER_FD     (1U << 20) /* + descriptor */
#define DIR_MODE      (S_IFDIR | 0555)
#define FD_DIR_MODE   (S_IFDIR | 0500)
#define TEXT_MODE     (S_IFREG | 0444)
#define LINK_MODE     (S_IFLNK | 0777)
#define FD_LINK_MODE  (S_IFLNK | 0700)
#define LINK_TEXT_MAX 64

static int pid_lookup(struct inode *dir, const char *name, size_t len, struct inode **out);
static int pid_iterate(struct inode *dir, u64 *pos, struct dir_emitter *e);
static int fd_dir_lookup(struct inode *dir, const char *name, size_t len, struct inode **out);
static int fd_dir_iterate(struct inode *dir, u64 *pos, struct dir_emitter *e);
static ssize_t link_readlink(struct inode *inode, char *buf, size_t size);
static int link_follow(struct inode *inode, struct inode **out);
static ssize_t fd_readlink(struct inode *inode, char *buf, size_t size);
static int fd_follow(struct inode *inode, struct inode **out);

static const struct inode_ops pid_dir_ops = {
	.lookup = pid_lookup,
	.iterate = pid_iterate,
	.destroy = proc_inode_destroy,
};
static const struct inode_ops fd_dir_ops = {
	.lookup = fd_dir_lookup,
	.iterate = fd_dir_iterate,
	.destroy = proc_inode_destroy,
};
static const struct inode_ops link_ops = {
	.readlink = link_readlink,
	.follow = link_follow,
	.destroy = proc_inode_destroy,
};
static const struct inode_ops fd_link_ops = {
	.readlink = fd_readlink,
	.follow = fd_follow,
	.destroy = proc_inode_destroy,
};

static const char *const link_names[] = { "exe", "cwd", "root" };

static const struct procfs_process_ops *process_ops; /* set once at boot */
static int (*mounts_show)(struct seq *s);            /* set once at boot */

void procfs_set_process_ops(const struct procfs_process_ops *ops)
{
	process_ops = ops;
}

void procfs_set_mounts(int (*show)(struct seq *s))
{
	mounts_show = show;
}

u32 proc_self_pid(void)
{
	return process_ops != NULL ? process_ops->self_pid() : 0;
}

static bool name_is(const char *name, size_t len, const char *wanted)
{
	return strlen(wanted) == len && memcmp(name, wanted, len) == 0;
}

/* An inode of process @pid in @dir, which may be /proc itself. NULL: no memory. */
static struct proc_inode *make_inode(struct inode *dir, const struct inode_ops *ops, u32 pid,
				     u32 mode, u32 number)
{
	struct procfs *fs = container_of(dir->fs, struct procfs, fs);
	struct proc_inode *i = proc_inode_create(fs, ops, mode, PROC_NUMBER(pid, number));
	if (i == NULL)
		return NULL;
	i->pid = pid;
	if (process_ops->owner != NULL && !process_ops->owner(pid, &i->inode.uid, &i->inode.gid))
		i->inode.uid = i->inode.gid = 0; /* gone: whoever uses it will notice */
	return i;
}

int proc_process_lookup(struct inode *root, u32 pid, struct inode **out)
{
	if (process_ops == NULL || pid == 0 || process_ops->next_pid(pid) != pid)
		return -ENOENT;
	struct proc_inode *i = make_inode(root, &pid_dir_ops, pid, DIR_MODE, NUMBER_DIR);
	if (i == NULL)
		return -ENOMEM;
	(void)snprintf(i->name, sizeof(i->name), "%u", pid);
	inode_put(tree_attach(&i->inode, root, i->name)); /* it had no parent */
	*out = &i->inode;
	return 0;
}

void proc_process_iterate(u32 pid, u64 base, u64 *pos, struct dir_emitter *e)
{
	if (process_ops == NULL)
		return;
	for (pid = process_ops->next_pid(pid); pid != 0; pid = process_ops->next_pid(pid + 1)) {
		char name[12];
		const int len = snprintf(name, sizeof(name), "%u", pid);
		if (!e->emit(e, name, (size_t)len, PROC_NUMBER(pid, NUMBER_DIR), DIR_MODE,
			     base + pid + 1))
			break;
		*pos = base + pid + 1;
	}
}

static int show_file(struct proc_inode *i, struct seq *s)
{
	return ((const struct procfs_process_file *)i->what)->show(i->pid, s);
}

static int show_mounts(struct proc_inode *i, struct seq *s)
{
	return mounts_show(s);
}

/*
 * What /proc/N has, in one order for lookup and listing: the entries before the registered texts,
 * and then those. False: no more.
 */
struct pid_entry {
	const char *name;
	const struct inode_ops *ops;
	int (*show)(struct proc_inode *i, struct seq *s);
	const void *what;
	u32 mode, number;
};

#define FIXED_ENTRIES (ARRAY_SIZE(link_names) + 2)

static bool entry_at(size_t index, struct pid_entry *e)
{
	*e = (struct pid_entry){ 0 };
	if (index < ARRAY_SIZE(link_names)) {
		e->name = link_names[index];
		e->ops = &link_ops;
		e->what = link_names[index];
		e->mode = LINK_MODE;
		e->number = NUMBER_LINK + (u32)index;
		return true;
	}
	if (index == ARRAY_SIZE(link_names)) {
		e->name = "fd";
		e->ops = &fd_dir_ops;
		e->mode = FD_DIR_MODE;
		e->number = NUMBER_FD_DIR;
		return true;
	}
	if (index == ARRAY_SIZE(link_names) + 1) {
		e->name = "mounts";
		e->ops = &proc_text_ops;
		e->show = show_mounts;
		e->mode = TEXT_MODE;
		e->number = NUMBER_MOUNTS;
		return true;
	}
	index -= FIXED_ENTRIES;
	const struct procfs_process_file *file = &process_ops->files[index];
	e->name = file->name;
	e->ops = &proc_text_ops;
	e->show = show_file;
	e->what = file;
	e->mode = TEXT_MODE;
	e->number = NUMBER_TEXT + (u32)index;
	return file->name != NULL;
}

static bool process_exists(u32 pid)
{
	return process_ops->next_pid(pid) == pid;
}

static int pid_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	const u32 pid = proc_inode_of(dir)->pid;
	struct pid_entry e;
	size_t index = 0;
	while (entry_at(index, &e) && !name_is(name, len, e.name))
		index++;
	if (e.name == NULL || !process_exists(pid))
		return -ENOENT;
	struct proc_inode *i = make_inode(dir, e.ops, pid, e.mode, e.number);
	if (i == NULL)
		return -ENOMEM;
	i->show = e.show;
	i->what = e.what;
	if (S_ISDIR(e.mode))
		inode_put(tree_attach(&i->inode, dir, e.name)); /* it had no parent */
	*out = &i->inode;
	return 0;
}

static int pid_iterate(struct inode *dir, u64 *pos, struct dir_emitter *e)
{
	const u32 pid = proc_inode_of(dir)->pid;
	struct pid_entry entry;
	if (!process_exists(pid))
		return -ENOENT;
	if (!dir_emit_dots(dir, pos, e))
		return 0;
	for (u64 index = *pos - DIR_POS_FIRST; entry_at(index, &entry); index++) {
		if (!e->emit(e, entry.name, strlen(entry.name), PROC_NUMBER(pid, entry.number),
			     entry.mode, *pos + 1))
			break;
		*pos += 1;
	}
	return 0;
}

static ssize_t link_readlink(struct inode *inode, char *buf, size_t size)
{
	const struct proc_inode *i = proc_inode_of(inode);
	return process_ops->link_text(i->pid, i->what, buf, size);
}

static int link_follow(struct inode *inode, struct inode **out)
{
	const struct proc_inode *i = proc_inode_of(inode);
	return process_ops->link_inode(i->pid, i->what, out);
}

/* The open file, counted; NULL: the process or the descriptor is gone. */
static struct file *lookup_file(u32 pid, u32 fd)
{
	struct fd_table *table = process_ops->fds(pid);
	if (table == NULL)
		return NULL;
	struct file *f = fd_lookup(table, (int)fd);
	fd_table_put(table);
	return f;
}

static int fd_dir_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	const u32 pid = proc_inode_of(dir)->pid;
	u32 fd;
	if (!proc_parse_number(name, len, &fd))
		return -ENOENT;
	struct file *f = lookup_file(pid, fd);
	if (f == NULL)
		return -ENOENT;
	file_put(f);
	struct proc_inode *i = make_inode(dir, &fd_link_ops, pid, FD_LINK_MODE, NUMBER_FD + fd);
	if (i == NULL)
		return -ENOMEM;
	i->fd = fd;
	*out = &i->inode;
	return 0;
}

static int fd_dir_iterate(struct inode *dir, u64 *pos, struct dir_emitter *e)
{
	const u32 pid = proc_inode_of(dir)->pid;
	if (!dir_emit_dots(dir, pos, e))
		return 0;
	struct fd_table *table = process_ops->fds(pid);
	if (table == NULL)
		return -ENOENT;
	int fd = (int)(*pos - DIR_POS_FIRST);
	while ((fd = fd_next(table, fd)) >= 0) {
		char name[12];
		const int len = snprintf(name, sizeof(name), "%d", fd);
		const u64 next = DIR_POS_FIRST + (u64)fd + 1;
		if (!e->emit(e, name, (size_t)len, PROC_NUMBER(pid, NUMBER_FD + (u32)fd),
			     FD_LINK_MODE, next))
			break;
		*pos = next;
		fd++;
	}
	fd_table_put(table);
	return 0;
}

static ssize_t describe_file(const struct file *f, char *buf, size_t size)
{
	char text[LINK_TEXT_MAX];
	const struct inode *inode = f->inode;
	if (f->path != NULL) {
		const size_t len = strnlen(f->path, size);
		memcpy(buf, f->path, len);
		return (ssize_t)len;
	}
	const u32 mode = inode != NULL ? inode->mode : 0;
	const char *kind = S_ISFIFO(mode) ? "pipe" : S_ISSOCK(mode) ? "socket" : "file";
	(void)snprintf(text, sizeof(text), "%s:[%lu]", kind, inode != NULL ? inode->number : 0);
	const size_t len = strnlen(text, size);
	memcpy(buf, text, len);
	return (ssize_t)len;
}

static ssize_t fd_readlink(struct inode *inode, char *buf, size_t size)
{
	const struct proc_inode *i = proc_inode_of(inode);
	struct file *f = lookup_file(i->pid, i->fd);
	if (f == NULL)
		return -ENOENT;
	const ssize_t len = describe_file(f, buf, size);
	file_put(f);
	return len;
}

static int fd_follow(struct inode *inode, struct inode **out)
{
	const struct proc_inode *i = proc_inode_of(inode);
	struct file *f = lookup_file(i->pid, i->fd);
	if (f == NULL)
		return -ENOENT;
	struct inode *target = f->inode;
	if (target != NULL) {
		inode_get(target);
		*out = target;
	}
	file_put(f);
	return target != NULL ? 0 : -ENXIO;
}
