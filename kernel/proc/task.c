// SPDX-License-Identifier: MIT
/*
 * Records of tasks. Numbers and the list they stand in are process.c's, what they do at their end
 * exit.c's.
 */
#include "kernel/proc/task.h"

#include "fs/fd_table.h"
#include "kernel/core/panic.h"
#include "kernel/proc/process.h"
#include "lib/abi/errno.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

static struct slab_cache *task_cache;

void task_init(void)
{
	task_cache = slab_create("task", sizeof(struct task), _Alignof(struct task));
	if (task_cache == NULL)
		panic("no memory for the cache of tasks");
}

struct task *task_create(struct process *p)
{
	struct task *t = slab_alloc(task_cache);
	if (t == NULL)
		return NULL;
	words_clear(t, offsetof(struct task, cred.groups));
	t->fault.si_signo = 0;
	t->restart.resume = NULL;
	t->process = p;
	t->start_time = clock_now();
	list_init(&t->node);
	list_init(&t->pending.queue);
	t->altstack.ss_flags = SS_DISABLE;
	return t;
}

void task_destroy(struct task *t)
{
	ASSERT(list_is_empty(&t->pending.queue));
	if (t->files != NULL)
		fd_table_put(t->files);
	inode_put(t->root);
	inode_put(t->cwd);
	if (t->thread != NULL) {
		if (t->is_started)
			thread_put(t->thread);
		else
			thread_destroy_new(t->thread);
	}
	slab_free(task_cache, t);
}

void task_set_thread(struct task *t, struct thread *thread)
{
	t->thread = thread;
	thread->task = t;
	thread->process = t->process;
}

void task_start(struct task *t)
{
	thread_get(t->thread);
	t->is_started = true;
	thread_start(t->thread);
}

int task_unshare_files(void)
{
	struct task *t = task_current();
	struct fd_table *own = fd_table_clone(t->files);
	if (own == NULL)
		return -ENOMEM;
	spin_lock(&t->process->signals.lock);
	struct fd_table *shared = t->files;
	t->files = own;
	spin_unlock(&t->process->signals.lock);
	fd_table_put(shared);
	return 0;
}
