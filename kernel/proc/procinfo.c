// SPDX-License-Identifier: MIT
/*
 * /proc/N: which processes and tasks there are, their links and descriptors, and the table of their
 * text files. fs/procfs.c has the mechanism and knows no process; the texts are made in
 * procinfo_process.c and procinfo_memory.c.
 *
 * Locks: a process is found under process_tree_lock and pinned; nothing is formatted under a lock.
 */
#include "kernel/proc/procinfo.h"

#include "fs/file.h"
#include "fs/fs.h"
#include "fs/path.h"
#include "kernel/proc/process.h"
#include "kernel/proc/snapshot.h"
#include "lib/abi/errno.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

/* ---- what fs/procfs.c asks -------------------------------------------------------------- */

static u32 next_pid(u32 pid)
{
	spin_lock(&process_tree_lock);
	const struct process *p = process_next_locked(pid);
	const u32 found = p != NULL ? p->pid : 0;
	spin_unlock(&process_tree_lock);
	return found;
}

static u32 next_tid(u32 pid, u32 tid)
{
	u32 found = 0;
	spin_lock(&process_tree_lock);
	const struct process *p = process_find_locked(pid);
	if (p != NULL) {
		list_for_each(t, &p->tasks, struct task, node) {
			if (t->tid >= tid && (found == 0 || t->tid < found))
				found = t->tid;
		}
	}
	spin_unlock(&process_tree_lock);
	return found;
}

static u32 self_pid(void)
{
	const struct process *p = process_current();
	return p != NULL ? p->pid : 0;
}

static bool inode_named(const char *which, enum process_inode *out)
{
	if (strcmp(which, "cwd") == 0)
		*out = PROCESS_CWD;
	else if (strcmp(which, "root") == 0)
		*out = PROCESS_ROOT;
	else if (strcmp(which, "exe") == 0)
		*out = PROCESS_EXE;
	else
		return false;
	return true;
}

/* A zombie's, or not for us to see. */
static int why_nothing(struct process *p)
{
	return process_may_be_looked_at(p) ? -ENOENT : -EACCES;
}

static int link_inode(u32 pid, const char *which, struct inode **out)
{
	enum process_inode name;
	if (!inode_named(which, &name))
		return -ENOENT;
	struct process *p = process_lookup(pid);
	if (p == NULL)
		return -ESRCH;
	struct inode *inode = process_inode_lookup(p, name);
	int error = 0;
	if (inode != NULL)
		*out = inode;
	else
		error = why_nothing(p);
	process_put(p);
	return error;
}

static struct inode *own_root(void)
{
	return process_inode_lookup(process_current(), PROCESS_ROOT);
}

static ssize_t exe_text(struct process *p, char *buf, size_t size)
{
	spin_lock(&p->signals.lock);
	const bool may = process_may_be_looked_at_locked(p);
	struct file *exe = may ? p->exe : NULL;
	if (exe != NULL)
		file_get(exe);
	spin_unlock(&p->signals.lock);
	if (exe == NULL)
		return may ? -ENOENT : -EACCES;
	struct inode *root = own_root();
	char *path = file_path_alloc(exe, root);
	const ssize_t len = path != NULL ? (ssize_t)MIN(strlcpy(buf, path, size), size - 1) :
					   -ENOMEM;
	kfree(path);
	inode_put(root);
	file_put(exe);
	return len;
}

/* The directory as the reader of /proc would name it. */
static ssize_t directory_text(struct process *p, enum process_inode which, char *buf, size_t size)
{
	struct inode *dir = process_inode_lookup(p, which);
	if (dir == NULL)
		return why_nothing(p);
	/* Not task_paths(), which whoever walks a path that led here still uses. */
	struct inode *root = own_root();
	const struct path_ctx paths = { .root = root, .cwd = root, .cred = cred_current() };
	const ssize_t len = path_of_directory(&paths, dir, buf, size);
	inode_put(root);
	inode_put(dir);
	return len > 0 ? len - 1 : len; /* without the NUL */
}

static ssize_t link_text(u32 pid, const char *which, char *buf, size_t size)
{
	enum process_inode name;
	if (size == 0 || process_current() == NULL || !inode_named(which, &name))
		return -ENOENT;
	struct process *p = process_lookup(pid);
	if (p == NULL)
		return -ESRCH;
	const ssize_t len = name == PROCESS_EXE ? exe_text(p, buf, size) :
						  directory_text(p, name, buf, size);
	process_put(p);
	return len;
}

static struct fd_table *fds(u32 pid)
{
	struct process *p = process_lookup(pid);
	if (p == NULL)
		return NULL;
	struct fd_table *table = process_files_lookup(p);
	process_put(p);
	return table;
}

static bool owner(u32 pid, u32 *uid, u32 *gid)
{
	spin_lock(&process_tree_lock);
	struct process *p = process_find_locked(pid);
	if (p != NULL) {
		spin_lock(&p->signals.lock);
		*uid = p->leader->cred.euid;
		*gid = p->leader->cred.egid;
		spin_unlock(&p->signals.lock);
	}
	spin_unlock(&process_tree_lock);
	return p != NULL;
}

/* A zombie's memory is no secret, since there is none. */
static bool may_look_at(u32 pid)
{
	struct process *p = process_lookup(pid);
	if (p == NULL)
		return true; /* who reads will notice */
	spin_lock(&p->signals.lock);
	const bool may = p->aspace == NULL || process_may_be_looked_at_locked(p);
	spin_unlock(&p->signals.lock);
	process_put(p);
	return may;
}

static const struct procfs_process_file files[] = {
	{ "stat", 0444, false, procinfo_stat },
	{ "status", 0444, false, procinfo_status },
	{ "statm", 0444, false, procinfo_statm },
	{ "forkstat", 0444, false, procinfo_forkstat },
	{ "cmdline", 0444, false, procinfo_cmdline },
	{ "comm", 0444, false, procinfo_comm },
	{ "maps", 0444, true, procinfo_maps },
	{ "smaps", 0444, true, procinfo_smaps },
	{ "environ", 0400, true, procinfo_environ },
	{ "limits", 0444, false, procinfo_limits },
	{ "wchan", 0444, false, procinfo_wchan },
	{ .name = NULL },
};

static const struct procfs_process_ops process_ops = {
	.next_pid = next_pid,
	.next_tid = next_tid,
	.self_pid = self_pid,
	.files = files,
	.may_look_at = may_look_at,
	.memory_id = procinfo_memory_id,
	.move_memory = procinfo_move_memory,
	.link_inode = link_inode,
	.link_text = link_text,
	.fds = fds,
	.own_root = own_root,
	.owner = owner,
};

void procinfo_init(void)
{
	procfs_set_process_ops(&process_ops);
	procinfo_system_init();
}
