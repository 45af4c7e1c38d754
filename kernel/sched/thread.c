// SPDX-License-Identifier: MIT
/*
 * Making and freeing threads. The record comes from a slab cache, the stack from kmap; the top of
 * the stack is kept for the user's registers, so that every thread can become one of a process.
 */
#include "kernel/sched/thread.h"

#include "arch/riscv/cpu/mmu.h"
#include "arch/riscv/cpu/switch.h"
#include "arch/riscv/cpu/trap_frame.h"
#include "kernel/core/panic.h"
#include "kernel/core/printk.h"
#include "kernel/sched/runqueue.h"
#include "lib/string.h"
#include "mm/pmm/kmap.h"
#include "mm/pmm/slab.h"

/* Of the thread that has no stack from kmap: no FPU here either (fpu_switch_out()). */
static struct trap_frame boot_user_frame;

struct thread boot_thread = {
	.arch = { .kernel_sp = (u64)&boot_user_frame, .cpu = &cpus[0] },
	.name = "idle/0",
	.state = THREAD_RUNNABLE,
	.weight = 1024,
	.refs = { 1 },
	.affinity = ~0UL,
};

static struct slab_cache *thread_cache;
static thread_begin_fn *thread_begin;

void threads_init(thread_begin_fn *begin)
{
	thread_begin = begin;
	thread_cache = slab_create("thread", sizeof(struct thread), 16);
	if (thread_cache == NULL)
		panic("no memory for the cache of threads");
}

struct thread *thread_create(const char *name, void (*entry)(void *), void *arg)
{
	const struct thread *creator = thread_current();
	struct thread *t = slab_alloc(thread_cache);
	if (t == NULL)
		return NULL;
	const vaddr_t stack_top = kstack_alloc();
	if (stack_top == 0) {
		slab_free(thread_cache, t);
		return NULL;
	}
	/* All but what the FPU held, of which fpu_used says that there is nothing. */
	static_assert(offsetof(struct thread, name) % sizeof(u64) == 0, "words begin there");
	words_clear(t, offsetof(struct thread, arch.fpu));
	words_clear(t->name, sizeof(*t) - offsetof(struct thread, name));
	t->stack_top = stack_top;

	/* sp begins below the user's frame, and stays aligned to 16. */
	static_assert(sizeof(struct switch_start) % 16 == 0, "the stack pointer's alignment");
	static_assert(sizeof(struct trap_frame) % 16 == 0, "the stack pointer's alignment");
	t->arch.kernel_sp = t->stack_top - sizeof(struct trap_frame);
	thread_user_frame(&t->arch)->status = 0; /* no FPU (fpu_switch_out()) */
	t->arch.cpu = creator->arch.cpu;
	struct switch_start *start = (struct switch_start *)t->arch.kernel_sp - 1;
	*start = (struct switch_start){ .begin = thread_begin, .entry = entry, .arg = arg };
	t->arch.regs.ra = (u64)thread_start_trampoline;
	t->arch.regs.sp = (u64)start;

	if (name == NULL)
		words_copy(t->name, creator->name, sizeof(t->name));
	else
		strlcpy(t->name, name, sizeof(t->name));
	t->state = THREAD_NEW;
	t->nice = creator->nice;
	t->weight = runqueue_weight(t->nice); /* the creator's may be changing */
	t->satp = kernel_satp;
	t->affinity = creator->affinity;
	refcount_init(&t->refs, 1);
	return t;
}

void thread_destroy_new(struct thread *t)
{
	ASSERT(t->state == THREAD_NEW);
	thread_put(t);
}

/* Debug builds: each new depth of a kernel stack, for who wonders how near the guard is. */
static void note_stack_depth(const struct thread *t)
{
	static size_t deepest; /* atomic */
	const size_t used = kstack_used_bytes(t->stack_top);
	if (used <= READ_ONCE(deepest))
		return;
	WRITE_ONCE(deepest, used); /* of two at once either will do */
	pr_debug("thread '%s' used %lu of %d bytes of its kernel stack, the most so far\n", t->name,
		 used, KSTACK_SIZE);
}

void thread_free_stack(struct thread *t)
{
	ASSERT(t->state == THREAD_DEAD || t->state == THREAD_NEW);
	if (t->stack_top == 0)
		return;
	note_stack_depth(t);
	kstack_free(t->stack_top);
	t->stack_top = 0;
}

void thread_put(struct thread *t)
{
	if (!refcount_put(&t->refs))
		return;
	thread_free_stack(t); /* of one that never ran */
	slab_free(thread_cache, t);
}
