// SPDX-License-Identifier: MIT
/*
 * Sleeping locks. Free and taken is one word, so the uncontended paths are one atomic instruction
 * each.
 *
 * No wake-up is lost: who waits counts itself in waiting, then tries again and sleeps; who unlocks
 * frees, then looks at waiting. Full barriers between: one of them sees the other (and then
 * waitq.c's argument holds).
 *
 * While the holder runs on another hart it is about to unlock, and to look on until it does costs
 * less than to sleep and to be woken. So nobody sleeps before it has looked for a while, unless the
 * holder is away from its hart, or the mutex is owed to somebody.
 *
 * An unlocked mutex may be taken by anybody who comes by, which spares a switch per turn when a
 * thread takes it again and again; but a waiter that was woken in vain some times sets is_starving,
 * and the next unlock hands the mutex to who waits longest. So nobody is overtaken for ever.
 */
#include "kernel/sched/mutex.h"

#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/usercopy.h"
#include "kernel/core/panic.h"
#include "kernel/core/symbols.h"
#include "kernel/sched/sched.h"

/* Handing over at every turn would make all wait for the slowest wake-up. */
#define OVERTAKEN_MAX 4
/* Looks at a mutex whose holder runs: for about as long as it takes to sleep and be woken. */
#define LOOKS_MAX 200

#ifdef CONFIG_DEBUG_LOCKS
static void order_check(const struct mutex *m, const void *at)
{
	held_locks_check(&thread_current()->held, m, m->queue.name, m->rank, at);
}

static void order_add(const struct mutex *m, const void *at)
{
	held_locks_push(&thread_current()->held, m, m->queue.name, m->rank, at);
}

static __noreturn __cold void not_the_holder(const struct mutex *m, const void *at)
{
	/* A mistake of which we know only that the holder, if any, is somebody else: it may be
	 * gone before its name is read, and the panic then panics, which it can. */
	const struct thread *holder = (const struct thread *)READ_ONCE(m->holder);
	char here[SYMBOL_TEXT_MAX];
	symbols_format(here, sizeof(here), (u64)at);
	if (holder != NULL)
		held_locks_print(&holder->held, LOG_EMERGENCY);
	panic("mutex '%s' is released at %s by thread '%s', which does not hold it; %s%s does",
	      m->queue.name, here, thread_current()->name, holder != NULL ? "thread " : "nobody",
	      holder != NULL ? holder->name : "");
}

static void order_remove(const struct mutex *m, const void *at)
{
	if (!mutex_is_mine(m) || !held_locks_remove(&thread_current()->held, m))
		not_the_holder(m, at);
}

/*
 * A copy to or from user memory may fault, and the fault takes the space's lock: so all that is
 * held comes before that lock, whether the page happens to be there this time or not.
 */
static void check_user_access(const void *at)
{
	spin_check_user_access(at);
	const struct held_lock *l = held_locks_find_from(&thread_current()->held, RANK_ASPACE);
	if (l == NULL)
		return;
	char here[SYMBOL_TEXT_MAX], there[SYMBOL_TEXT_MAX];
	symbols_format(here, sizeof(here), (u64)at);
	symbols_format(there, sizeof(there), (u64)l->taken_at);
	panic("user memory is touched at %s with mutex '%s' held, taken at %s: a fault would wait "
	      "for it",
	      here, l->name, there);
}

void mutex_checks_init(void)
{
	user_access_check = check_user_access;
}

void mutex_assert_none_held(void)
{
	const struct held_locks *held = &thread_current()->held;
	if (held->count == 0)
		return;
	char place[SYMBOL_TEXT_MAX];
	symbols_format(place, sizeof(place), (u64)held->list[0].taken_at);
	panic("thread '%s' leaves the kernel with mutex '%s' held, taken at %s",
	      thread_current()->name, held->list[0].name, place);
}
#else
static inline void order_check(const struct mutex *m, const void *at)
{
	(void)m, (void)at;
}
static inline void order_add(const struct mutex *m, const void *at)
{
	(void)m, (void)at;
}
static inline void order_remove(const struct mutex *m, const void *at)
{
	ASSERT(mutex_is_mine(m));
	(void)at;
}
#endif

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank)
{
	ASSERT(rank < RANK_SPIN_FIRST);
	*m = (struct mutex){ .rank = rank };
	waitq_init(&m->queue, name);
}

/* Acquire: pairs with the release in mutex_unlock(). */
static bool take_if_free(struct mutex *m)
{
	struct arch_thread *nobody = NULL;
	return __atomic_compare_exchange_n(&m->holder, &nobody, arch_current(), false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Free, or handed over to us by mutex_unlock(). */
static bool take_in_turn(struct mutex *m)
{
	return __atomic_load_n(&m->holder, __ATOMIC_ACQUIRE) == arch_current() || take_if_free(m);
}

/* Take it as soon as its holder, which runs, unlocks it. False: that is worth sleeping for. */
static bool take_from_running(struct mutex *m)
{
	for (unsigned looks = 0; looks < LOOKS_MAX && !READ_ONCE(m->is_starving); looks++) {
		const struct arch_thread *holder = READ_ONCE(m->holder);
		if (holder == NULL || holder == arch_current()) {
			if (take_in_turn(m))
				return true;
		} else if (!sched_runs(holder)) {
			return false;
		}
		cpu_relax();
	}
	return false;
}

static __noinline void lock_slowly(struct mutex *m)
{
	struct thread *t = thread_current();
	struct waiter w = { .thread = t };
	ASSERT(!mutex_is_mine(m));
	if (take_from_running(m))
		return;
	(void)__atomic_fetch_add(&m->waiting, 1, __ATOMIC_RELAXED);
	barrier_full(); /* pairs with mutex_unlock() */
	waitq_add(&m->queue, &w);
	const char *outer = t->wait_reason; /* a condition may take mutexes */
	t->wait_reason = m->queue.name;
	for (u32 overtaken = 0;; overtaken++) {
		sleep_prepare(false);
		if (take_in_turn(m))
			break;
		if (overtaken >= OVERTAKEN_MAX)
			WRITE_ONCE(m->is_starving, true);
		sleep_commit(CLOCK_NEVER);
		if (take_from_running(m))
			break;
	}
	sleep_cancel();
	t->wait_reason = outer;
	waitq_remove(&m->queue, &w);
	(void)__atomic_fetch_sub(&m->waiting, 1, __ATOMIC_RELAXED);
}

void mutex_lock(struct mutex *m)
{
	const void *at = __builtin_return_address(0);
	might_sleep();
	order_check(m, at);
	if (unlikely(!take_if_free(m)))
		lock_slowly(m);
	order_add(m, at);
}

bool mutex_try_lock(struct mutex *m)
{
	if (!take_if_free(m))
		return false;
	order_add(m, __builtin_return_address(0));
	return true;
}

/* Make who waits longest the holder. False if nobody waits. */
static bool hand_over(struct mutex *m)
{
	const u64 flags = spin_lock_irq(&m->queue.lock);
	const bool found = !list_is_empty(&m->queue.waiters);
	WRITE_ONCE(m->is_starving, false);
	if (found) {
		/* Not off the queue yet, so not gone; not the holder, so it still waits. */
		struct waiter *w = list_first(&m->queue.waiters, struct waiter, node);
		__atomic_store_n(&m->holder, &w->thread->arch, __ATOMIC_RELEASE);
		(void)thread_wake(w->thread);
	}
	spin_unlock_irq(&m->queue.lock, flags);
	return found;
}

static inline void release(struct mutex *m)
{
	__atomic_store_n(&m->holder, NULL, __ATOMIC_RELEASE);
	barrier_full(); /* pairs with lock_slowly() */
	if (unlikely(READ_ONCE(m->waiting) != 0))
		waitq_wake_one_waiter(&m->queue);
}

static __noinline void unlock_starving(struct mutex *m)
{
	if (!hand_over(m))
		release(m);
}

void mutex_unlock(struct mutex *m)
{
	order_remove(m, __builtin_return_address(0));
	if (unlikely(READ_ONCE(m->is_starving)))
		unlock_starving(m);
	else
		release(m);
}
