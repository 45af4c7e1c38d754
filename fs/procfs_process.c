/* SPDX-License-Identifier: MIT */
/*
 * procfs: /proc/N. Who the processes are is known to whoever called procfs_set_process_ops(); a
 * directory holds no process, only its number, and finds out at each use whether it is still there.
 *
 *	/proc/N         exe cwd root (links), fd/, task/, mem, mounts, mountinfo, and the texts that
 *	                were registered
 *	/proc/N/fd      a link for each open descriptor
 *	/proc/N/task/T  the same as /proc/N, but task/; its texts are about that task
 */
#include "fs/procfs.h"

#include "fs/fd_table.h"
#include "fs/tree.h"
#include "lib/abi/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab.h"

#define NUMBER_DIR       1
#define NUMBER_FD_DIR    2
#define NUMBER_MOUNTS    3
#define NUMBER_MOUNTINFO 8
#define NUMBER_TASKS     4
#define NUMBER_EXE       5
#define NUMBER_CWD       6
#define NUMBER_ROOT      7
#define NUMBER_MEM       9
#define NUMBER_TEXT      32         /* + index */
#define NUMBER_FD        (1U << 20) /* + descriptor */
#define TASK_RANGE       (1U << 24) /* past all pids: inode numbers of tasks */
#define DIR_MODE         (S_IFDIR | 0555)
#define FD_DIR_MODE      (S_IFDIR | 0500)
#define TEXT_MODE        (S_IFREG | 0444)
#define MEM_MODE         (S_IFREG | 0600)
#define LINK_MODE        (S_IFLNK | 0777)
#define FD_LINK_MODE     (S_IFLNK | 0700)
#define LINK_TEXT_MAX    64

static int pid_lookup(struct inode *dir, const struct name *name, struct inode **out);
static int pid_iterate(struct inode *dir, u64 *pos, struct dir_emitter *e);
static int task_dir_lookup(struct inode *dir, const struct name *name, struct inode **out);
static int task_dir_iterate(struct inode *dir, u64 *pos, struct dir_emitter *e);
static int fd_dir_lookup(struct inode *dir, const struct name *name, struct inode **out);
static int fd_dir_iterate(struct inode *dir, u64 *pos, struct dir_emitter *e);
static ssize_t link_readlink(struct inode *inode, char *buf, size_t size);
static int link_follow(struct inode *inode, struct inode **out);
static ssize_t fd_readlink(struct inode *inode, char *buf, size_t size);
static int fd_follow(struct inode *inode, struct inode **out);
static int mem_open(struct inode *inode, struct file *f);
static ssize_t mem_read(struct file *f, struct uio u, u64 *pos);
static ssize_t mem_write(struct file *f, struct uio u, u64 *pos);
static s64 mem_seek(struct file *f, s64 offset, int whence);

static const struct inode_ops pid_dir_ops = {
	.lookup = pid_lookup,
	.iterate = pid_iterate,
	.destroy = proc_inode_destroy,
};
static const struct inode_ops task_dir_ops = {
	.lookup = task_dir_lookup,
	.iterate = task_dir_iterate,
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

static const struct inode_ops mem_ops = {
	.open = mem_open,
	.destroy = proc_inode_destroy,
};
static const struct file_ops mem_file_ops = {
	.read = mem_read,
	.write = mem_write,
	.seek = mem_seek,
};

static const struct procfs_process_ops *process_ops; /* set once at boot */
static int (*mounts_show)(struct seq *s);            /* set once at boot */
static int (*mountinfo_show)(struct seq *s);         /* set once at boot */

void procfs_set_process_ops(const struct procfs_process_ops *ops)
{
	process_ops = ops;
}

void procfs_set_mounts(int (*mounts)(struct seq *s), int (*mountinfo)(struct seq *s))
{
	mounts_show = mounts;
	mountinfo_show = mountinfo;
}

u32 proc_self_pid(void)
{
	return process_ops != NULL ? process_ops->self_pid() : 0;
}

/* @tid: 0 outside of /proc/N/task. */
static u64 inode_number(u32 pid, u32 tid, u32 number)
{
	return PROC_NUMBER(tid != 0 ? TASK_RANGE + tid : pid, number);
}

/*
 * An inode of process @pid, or its task @tid, in @dir, which may be /proc itself, to *@out.
 * -ENOENT: no such process; -ENOMEM.
 */
static int make_inode(struct inode *dir, const struct inode_ops *ops, u32 pid, u32 tid, u32 mode,
		      u32 number, struct proc_inode **out)
{
	struct procfs *fs = container_of(dir->fs, struct procfs, fs);
	u32 uid, gid;
	if (!process_ops->owner(pid, &uid, &gid))
		return -ENOENT;
	struct proc_inode *i = proc_inode_create(fs, ops, mode, inode_number(pid, tid, number));
	if (i == NULL)
		return -ENOMEM;
	i->inode.uid = uid;
	i->inode.gid = gid;
	i->pid = pid;
	i->tid = tid;
	*out = i;
	return 0;
}

/* Directories called by a number are made by every program that looks for itself, so this is not
 * snprintf()'s. */
static void write_number(char *at, u32 number)
{
	u32 unit = 1;
	while (number / unit >= 10)
		unit *= 10;
	for (; unit != 0; unit /= 10)
		*at++ = (char)('0' + number / unit % 10);
	*at = '\0';
}

/* /proc/N or, with @tid, /proc/N/task/T. */
static int make_numbered(struct inode *parent, u32 pid, u32 tid, struct inode **out)
{
	struct proc_inode *i;
	const int err = make_inode(parent, &pid_dir_ops, pid, tid, DIR_MODE, NUMBER_DIR, &i);
	if (err != 0)
		return err;
	write_number(i->name, tid != 0 ? tid : pid);
	tree_attach(&i->inode, parent, i->name);
	*out = &i->inode;
	return 0;
}

int proc_process_lookup(struct inode *root, u32 pid, struct inode **out)
{
	if (process_ops == NULL || pid == 0)
		return -ENOENT;
	return make_numbered(root, pid, 0, out);
}

void proc_process_iterate(u32 pid, u64 base, u64 *pos, struct dir_emitter *e)
{
	if (process_ops == NULL)
		return;
	for (pid = process_ops->next_pid(pid); pid != 0; pid = process_ops->next_pid(pid + 1)) {
		char name[12];
		(void)snprintf(name, sizeof(name), "%u", pid);
		if (!dir_emit(e, name, PROC_NUMBER(pid, NUMBER_DIR), DIR_MODE, base + pid + 1))
			break;
		*pos = base + pid + 1;
	}
}

static int show_file(struct proc_inode *i, struct seq *s)
{
	return ((const struct procfs_process_file *)i->what)->show(i->pid, i->tid, s);
}

static int show_mounts(struct proc_inode *i, struct seq *s)
{
	return mounts_show(s);
}

static int show_mountinfo(struct proc_inode *i, struct seq *s)
{
	return mountinfo_show(s);
}

static int check_look_at(const struct proc_inode *i)
{
	return process_ops->may_look_at(i->pid) ? 0 : -EACCES;
}

struct pid_entry {
	const char *name;
	const struct inode_ops *ops;
	int (*show)(struct proc_inode *i, struct seq *s);
	int (*check_open)(const struct proc_inode *i);
	const void *what;
	u32 mode, number;
};

static const struct pid_entry fixed_entries[] = {
	{ .name = "task", .ops = &task_dir_ops, .mode = DIR_MODE, .number = NUMBER_TASKS },
	{ .name = "fd", .ops = &fd_dir_ops, .mode = FD_DIR_MODE, .number = NUMBER_FD_DIR },
	{ .name = "exe", .ops = &link_ops, .what = "exe", .mode = LINK_MODE, .number = NUMBER_EXE },
	{ .name = "cwd", .ops = &link_ops, .what = "cwd", .mode = LINK_MODE, .number = NUMBER_CWD },
	{ .name = "root",
	  .ops = &link_ops,
	  .what = "root",
	  .mode = LINK_MODE,
	  .number = NUMBER_ROOT },
	{ .name = "mem", .ops = &mem_ops, .mode = MEM_MODE, .number = NUMBER_MEM },
	{ .name = "mounts",
	  .ops = &proc_text_ops,
	  .show = show_mounts,
	  .mode = TEXT_MODE,
	  .number = NUMBER_MOUNTS },
	{ .name = "mountinfo",
	  .ops = &proc_text_ops,
	  .show = show_mountinfo,
	  .mode = TEXT_MODE,
	  .number = NUMBER_MOUNTINFO },
};

/*
 * What /proc/N has, in one order for lookup and listing: the entries above, of which a task's
 * directory lacks the first, and then the registered texts. False: no more.
 */
static bool entry_at(const struct proc_inode *dir, u64 index, struct pid_entry *e)
{
	if (dir->tid != 0)
		index++;
	if (index < ARRAY_SIZE(fixed_entries)) {
		*e = fixed_entries[index];
		return true;
	}
	index -= ARRAY_SIZE(fixed_entries);
	*e = (struct pid_entry){ .name = NULL };
	/* From the beginning: programs may seek past the end. */
	const struct procfs_process_file *file = process_ops->files;
	for (u64 i = 0; i < index && file->name != NULL; i++)
		file++;
	if (file->name == NULL)
		return false;
	*e = (struct pid_entry){
		.name = file->name,
		.ops = &proc_text_ops,
		.show = show_file,
		.check_open = file->is_private ? check_look_at : NULL,
		.what = file,
		.mode = S_IFREG | file->permissions,
		.number = NUMBER_TEXT + (u32)index,
	};
	return true;
}

/* The task that @dir is about, if it is about one. */
static bool task_still_exists(const struct proc_inode *dir)
{
	return dir->tid == 0 || process_ops->next_tid(dir->pid, dir->tid) == dir->tid;
}

/* The process or task that @dir is about. */
static bool still_exists(const struct proc_inode *dir)
{
	return process_ops->next_pid(dir->pid) == dir->pid && task_still_exists(dir);
}

static int pid_lookup(struct inode *dir, const struct name *name, struct inode **out)
{
	const struct proc_inode *of = proc_inode_of(dir);
	struct pid_entry e;
	size_t index = 0;
	while (entry_at(of, index, &e) && !name_is(name, e.name))
		index++;
	if (e.name == NULL || !task_still_exists(of))
		return -ENOENT;
	struct proc_inode *i;
	const int err = make_inode(dir, e.ops, of->pid, of->tid, e.mode, e.number, &i);
	if (err != 0)
		return err;
	i->show = e.show;
	i->check_open = e.check_open;
	i->what = e.what;
	if (S_ISDIR(e.mode))
		tree_attach(&i->inode, dir, e.name);
	*out = &i->inode;
	return 0;
}

static int pid_iterate(struct inode *dir, u64 *pos, struct dir_emitter *e)
{
	const struct proc_inode *of = proc_inode_of(dir);
	struct pid_entry entry;
	if (!still_exists(of))
		return -ENOENT;
	if (!dir_emit_dots(dir, pos, e))
		return 0;
	for (u64 index = *pos - DIR_POS_FIRST; entry_at(of, index, &entry); index++) {
		if (!dir_emit(e, entry.name, inode_number(of->pid, of->tid, entry.number),
			      entry.mode, *pos + 1))
			break;
		*pos += 1;
	}
	return 0;
}

static int task_dir_lookup(struct inode *dir, const struct name *name, struct inode **out)
{
	const u32 pid = proc_inode_of(dir)->pid;
	u32 tid;
	if (!proc_parse_number(name, &tid) || tid == 0 || process_ops->next_tid(pid, tid) != tid)
		return -ENOENT;
	return make_numbered(dir, pid, tid, out);
}

static int task_dir_iterate(struct inode *dir, u64 *pos, struct dir_emitter *e)
{
	const u32 pid = proc_inode_of(dir)->pid;
	if (!still_exists(proc_inode_of(dir)))
		return -ENOENT;
	if (!dir_emit_dots(dir, pos, e))
		return 0;
	u32 tid = (u32)(*pos - DIR_POS_FIRST);
	while ((tid = process_ops->next_tid(pid, tid)) != 0) {
		char name[12];
		(void)snprintf(name, sizeof(name), "%u", tid);
		const u64 next = DIR_POS_FIRST + (u64)tid + 1;
		if (!dir_emit(e, name, inode_number(pid, tid, NUMBER_DIR), DIR_MODE, next))
			break;
		*pos = next;
		tid++;
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

static int fd_dir_lookup(struct inode *dir, const struct name *name, struct inode **out)
{
	const u32 pid = proc_inode_of(dir)->pid, tid = proc_inode_of(dir)->tid;
	u32 fd;
	if (!proc_parse_number(name, &fd))
		return -ENOENT;
	struct file *f = lookup_file(pid, fd);
	if (f == NULL)
		return -ENOENT;
	file_put(f);
	struct proc_inode *i;
	const int err = make_inode(dir, &fd_link_ops, pid, tid, FD_LINK_MODE, NUMBER_FD + fd, &i);
	if (err != 0)
		return err;
	i->fd = fd;
	*out = &i->inode;
	return 0;
}

static int fd_dir_iterate(struct inode *dir, u64 *pos, struct dir_emitter *e)
{
	const u32 pid = proc_inode_of(dir)->pid, tid = proc_inode_of(dir)->tid;
	if (!dir_emit_dots(dir, pos, e))
		return 0;
	struct fd_table *table = process_ops->fds(pid);
	if (table == NULL)
		return -ENOENT;
	int fd = (int)(*pos - DIR_POS_FIRST);
	while ((fd = fd_next(table, fd)) >= 0) {
		char name[12];
		(void)snprintf(name, sizeof(name), "%d", fd);
		const u64 next = DIR_POS_FIRST + (u64)fd + 1;
		if (!dir_emit(e, name, inode_number(pid, tid, NUMBER_FD + (u32)fd), FD_LINK_MODE,
			      next))
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
	struct inode *root = process_ops->own_root();
	char *path = file_path_alloc(f, root);
	inode_put(root);
	if (path == NULL) {
		const u32 mode = inode != NULL ? inode->mode : 0;
		const char *kind = S_ISFIFO(mode) ? "pipe" : S_ISSOCK(mode) ? "socket" : "file";
		(void)snprintf(text, sizeof(text), "%s:[%lu]", kind,
			       inode != NULL ? inode->number : 0);
	}
	const char *from = path != NULL ? path : text;
	const size_t len = strnlen(from, size);
	memcpy(buf, from, len);
	kfree(path);
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

/* ---- mem -------------------------------------------------------------------------------- */

static int mem_open(struct inode *inode, struct file *f)
{
	u64 id;
	const int err = process_ops->memory_id(proc_inode_of(inode)->pid, &id);
	f->ops = &mem_file_ops;
	f->has_offset = true;
	f->private = err == 0 ? (void *)id : NULL;
	return err;
}

/* Up to the end of a page: between user memory and @chunk, and between that and the process. Bytes;
 * 0: no more. */
static ssize_t mem_move_piece(const struct file *f, struct uio *u, u64 pos, char *chunk,
			      bool is_write)
{
	const u32 pid = proc_inode_of(f->inode)->pid;
	const u64 id = (u64)f->private;
	const size_t wanted = MIN(u->left, (size_t)(PAGE_SIZE - page_offset(pos)));
	if (is_write) {
		const size_t got = uio_copy_out(u, chunk, wanted);
		return got != 0 ? process_ops->move_memory(pid, id, pos, chunk, got, true) :
				  -EFAULT;
	}
	const ssize_t n = process_ops->move_memory(pid, id, pos, chunk, wanted, false);
	if (n <= 0)
		return n;
	const size_t moved = uio_copy_in(u, chunk, (size_t)n);
	return moved != 0 ? (ssize_t)moved : -EFAULT;
}

static ssize_t mem_move(struct file *f, struct uio *u, u64 *pos, bool is_write)
{
	const u64 before = *pos;
	ssize_t n = 1;
	if (u->left == 0)
		return 0;
	char *chunk = kmalloc(PAGE_SIZE);
	if (chunk == NULL)
		return -ENOMEM;
	while (u->left > 0 && n > 0) {
		n = mem_move_piece(f, u, *pos, chunk, is_write);
		if (n > 0)
			*pos += (u64)n;
		if (!uio_breathe())
			break;
	}
	kfree(chunk);
	return *pos != before ? (ssize_t)(*pos - before) : n;
}

static ssize_t mem_read(struct file *f, struct uio u, u64 *pos)
{
	return mem_move(f, &u, pos, false);
}

/* Where the process itself may write: not into its code, as Linux allows debuggers to. */
static ssize_t mem_write(struct file *f, struct uio u, u64 *pos)
{
	return mem_move(f, &u, pos, true);
}

static s64 mem_seek(struct file *f, s64 offset, int whence)
{
	if (whence != SEEK_SET && whence != SEEK_CUR)
		return -EINVAL;
	return file_seek_to(f, offset, whence, 0);
}
