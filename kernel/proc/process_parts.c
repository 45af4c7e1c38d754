// SPDX-License-Identifier: MIT
/*
 * What a process has, for others and for its own threads: rights, name, memory, files, places.
 *
 * Locks: signals.lock of the process around each pointer until what it names is counted, so that
 * exec and exit may change it at any time. What is dropped is put after the lock is free.
 */
#include "kernel/proc/process.h"

#include "fs/fd_table.h"
#include "lib/string.h"

struct cred process_cred(struct process *p)
{
	spin_lock(&p->signals.lock);
	const struct cred cred = p->leader->cred;
	spin_unlock(&p->signals.lock);
	return cred;
}

void process_name(struct process *p, char name[THREAD_NAME_BYTES])
{
	spin_lock(&p->signals.lock);
	memcpy(name, p->leader->thread->name, THREAD_NAME_BYTES);
	spin_unlock(&p->signals.lock);
}

bool process_may_be_looked_at_locked(const struct process *p)
{
	const struct task *me = task_current();
	if (me == NULL || me->process == p || me->cred.euid == 0)
		return true;
	/* All three: a set-user-ID program that they started is not theirs. */
	const struct cred *theirs = &p->leader->cred;
	const u32 uid = me->cred.euid;
	return uid == theirs->uid && uid == theirs->euid && uid == theirs->suid;
}

static struct aspace *aspace_if(struct process *p, bool asks)
{
	spin_lock(&p->signals.lock);
	struct aspace *as = !asks || process_may_be_looked_at_locked(p) ? p->aspace : NULL;
	if (as != NULL)
		aspace_get(as);
	spin_unlock(&p->signals.lock);
	return as;
}

struct aspace *process_aspace_lookup(struct process *p)
{
	return aspace_if(p, false);
}

struct aspace *process_aspace_look_at(struct process *p)
{
	return aspace_if(p, true);
}

struct fd_table *process_files_lookup(struct process *p)
{
	spin_lock(&p->signals.lock);
	struct fd_table *files = process_may_be_looked_at_locked(p) ? p->leader->files : NULL;
	if (files != NULL)
		fd_table_get(files);
	spin_unlock(&p->signals.lock);
	return files;
}

static struct inode *inode_of(const struct process *p, enum process_inode which)
{
	switch (which) {
	case PROCESS_CWD:
		return p->cwd;
	case PROCESS_ROOT:
		return p->root;
	default:
		return p->exe != NULL ? p->exe->inode : NULL;
	}
}

struct inode *process_inode_lookup(struct process *p, enum process_inode which)
{
	spin_lock(&p->signals.lock);
	struct inode *inode = process_may_be_looked_at_locked(p) ? inode_of(p, which) : NULL;
	if (inode != NULL)
		inode_get(inode);
	spin_unlock(&p->signals.lock);
	return inode;
}

void process_set_inode(enum process_inode which, struct inode *inode)
{
	struct process *p = process_current();
	struct inode **slot = which == PROCESS_CWD ? &p->cwd : &p->root;
	spin_lock(&p->signals.lock);
	struct inode *old = *slot;
	*slot = inode;
	spin_unlock(&p->signals.lock);
	inode_put(old);
}

/* Let *@mine name @shared, counted, and put what it named into *@old. */
static void renew(struct inode **mine, struct inode *shared, struct inode **old)
{
	*old = NULL;
	if (*mine == shared)
		return;
	*old = *mine;
	inode_get(shared);
	*mine = shared;
}

void task_renew_places(struct task *t)
{
	struct process *p = t->process;
	struct inode *old_root, *old_cwd;
	spin_lock(&p->signals.lock);
	renew(&t->root, p->root, &old_root);
	renew(&t->cwd, p->cwd, &old_cwd);
	spin_unlock(&p->signals.lock);
	inode_put(old_root);
	inode_put(old_cwd);
}
