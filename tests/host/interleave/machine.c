// SPDX-License-Identifier: MIT
/*
 * Locks, fences and accesses; see machine.h.
 *
 * The kernel's files are compiled with -fsanitize=thread, but without its library: what the
 * compiler calls before every access of memory is here. So everybody else may run before each
 * change of an entry, each access to a count, each lock and each fence, and nothing in the kernel
 * has to know.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/riscv/cpu/cpu.h"
#include "kernel/core/panic.h"
#include "kernel/core/printk.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/symbols.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/workqueue.h"
#include "mm/pmm/failalloc.h"
#include "mm/vmm/aspace.h"
#include "tests/host/interleave/machine.h"

#define HELD_MAX 8

static struct thread thread_records[THREADS_MAX];
_Thread_local struct arch_thread *host_current = &thread_records[0].arch;
struct cpu cpus[CONFIG_NR_CPUS];
u32 cpu_count = THREADS_MAX;
static_assert(CONFIG_NR_CPUS >= THREADS_MAX, "a hart for each thread");

static struct held {
	unsigned count;
	struct {
		enum lock_rank rank;
		u32 *spin; /* NULL: a mutex */
	} locks[HELD_MAX];
} held[THREADS_MAX];

void (*machine_on_lock)(const void *mutex);
void (*machine_on_unlock)(const void *mutex);
void (*machine_on_fence)(void);
void (*machine_on_publish)(void);
struct aspace *machine_spaces[THREADS_MAX];
bool machine_leaves_late;
static bool table_was_written;
static bool owes_fence[THREADS_MAX];

void machine_run_thread(unsigned id)
{
	host_current = &thread_records[id].arch;
}

void machine_reset(void)
{
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		cpus[i].index = i;
		thread_records[i].arch.cpu = &cpus[i];
		/* A run that was cut off leaves locks that outlive it. */
		for (unsigned k = 0; k < held[i].count; k++)
			if (held[i].locks[k].spin != NULL)
				*held[i].locks[k].spin = 0;
		held[i].count = 0;
		machine_spaces[i] = NULL;
		owes_fence[i] = false;
		harts[i].root = 0;
	}
	table_was_written = false;
	machine_run_thread(0);
}

void machine_note_table_write(void)
{
	table_was_written = true;
}

void machine_settle(void)
{
	if (!table_was_written)
		return;
	table_was_written = false;
	tlb_look();
}

void machine_check_free(const struct page *page)
{
	tlb_check_free(page);
}

bool machine_owes_fence(void)
{
	return owes_fence[explore_current];
}

/* ---- harts ---- */

void machine_enter(struct aspace *as)
{
	const unsigned id = (unsigned)explore_current;
	explore_point();
	explore_write(&as->harts);
	as->harts |= BIT(id);
	explore_point();
	machine_settle();
	harts[id].root = as->root;
	tlb_forget(id);
}

static void clear_bit(struct aspace *as)
{
	explore_point();
	explore_write(&as->harts);
	as->harts &= ~BIT(explore_current);
}

void machine_leave(struct aspace *as)
{
	if (machine_leaves_late) {
		clear_bit(as);
		return;
	}
	explore_point();
	machine_settle();
	harts[explore_current].root = 0;
	tlb_forget((unsigned)explore_current);
	clear_bit(as);
}

void tlb_flush_local(void)
{
	if (explore_current < 0)
		return;
	explore_point();
	machine_settle();
	owes_fence[explore_current] = false;
	explore_log("%s", "local fence", 0, 0);
	tlb_forget((unsigned)explore_current);
}

void tlb_flush_harts(u64 mask)
{
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		if ((mask & BIT(i)) == 0)
			continue;
		explore_point();
		machine_settle();
		explore_log("%s of hart %lu", "fence", i, 0);
		if ((int)i == explore_current)
			owes_fence[i] = false;
		tlb_forget(i);
	}
	if (explore_current >= 0 && machine_on_fence != NULL)
		machine_on_fence();
}

void tlb_flush_all(void)
{
	tlb_flush_harts(~0UL);
}

u64 icache_flush_all(void)
{
	return 1;
}

/* ---- locks ---- */

static struct held *held_here(void)
{
	static struct held of_the_test;
	return explore_current < 0 ? &of_the_test : &held[explore_current];
}

static void note_taken(enum lock_rank rank, u32 *spin)
{
	struct held *h = held_here();
	if (h->count != 0 && h->locks[h->count - 1].rank >= rank)
		violation("a lock of rank %d is taken with one of rank %d held", (int)rank,
			  (int)h->locks[h->count - 1].rank);
	if (h->count == HELD_MAX)
		violation("too many locks held");
	h->locks[h->count].rank = rank;
	h->locks[h->count++].spin = spin;
}

static void note_released(enum lock_rank rank, const u32 *spin)
{
	struct held *h = held_here();
	for (unsigned i = h->count; i-- != 0;) {
		if (h->locks[i].rank != rank || h->locks[i].spin != spin)
			continue;
		memmove(&h->locks[i], &h->locks[i + 1], sizeof(h->locks[0]) * (--h->count - i));
		return;
	}
	violation("a lock of rank %d is released by who does not hold it", (int)rank);
}

void might_sleep(void)
{
	const struct held *h = held_here();
	if (h->count != 0 && h->locks[h->count - 1].spin != NULL)
		violation("about to sleep with a spinlock held");
}

void spin_init(struct spinlock *l, const char *name, enum lock_rank rank)
{
	*l = (struct spinlock)SPINLOCK_INIT(name, rank);
}

static bool spin_is_free(const void *lock)
{
	return ((const struct spinlock *)lock)->bare.taken == 0;
}

void spin_lock(struct spinlock *l)
{
	explore_point();
	machine_settle();
	if (explore_current >= 0)
		explore_wait(spin_is_free, l, l->name);
	explore_write(l);
	explore_log("locks %s %lx", l->name, (u64)l, 0);
	l->bare.taken = 1;
	note_taken(l->rank, &l->bare.taken);
}

bool spin_try_lock(struct spinlock *l)
{
	explore_point();
	explore_write(l);
	if (!spin_is_free(l))
		return false;
	l->bare.taken = 1;
	note_taken(l->rank, &l->bare.taken);
	return true;
}

void spin_unlock(struct spinlock *l)
{
	machine_settle();
	note_released(l->rank, &l->bare.taken);
	explore_write(l);
	explore_log("unlocks %s", l->name, 0, 0);
	l->bare.taken = 0;
}

bool spin_is_held(const struct spinlock *l)
{
	return !spin_is_free(l);
}

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank)
{
	*m = (struct mutex){ .queue.name = name, .rank = rank };
}

static bool mutex_is_free(const void *lock)
{
	return ((const struct mutex *)lock)->holder == NULL;
}

void mutex_lock(struct mutex *m)
{
	might_sleep();
	explore_point();
	machine_settle();
	if (explore_current >= 0)
		explore_wait(mutex_is_free, m, m->queue.name);
	explore_write(m);
	explore_log("locks %s %lx", m->queue.name, (u64)m, 0);
	m->holder = host_current;
	note_taken(m->rank, NULL);
	if (explore_current >= 0 && machine_on_lock != NULL)
		machine_on_lock(m);
}

bool mutex_try_lock(struct mutex *m)
{
	explore_point();
	explore_write(m);
	if (!mutex_is_free(m))
		return false;
	m->holder = host_current;
	note_taken(m->rank, NULL);
	return true;
}

void mutex_unlock(struct mutex *m)
{
	machine_settle();
	if (explore_current >= 0 && machine_on_unlock != NULL)
		machine_on_unlock(m);
	note_released(m->rank, NULL);
	explore_write(m);
	explore_log("unlocks %s", m->queue.name, 0, 0);
	m->holder = NULL;
}

/* ---- deferred work: done at once, by who defers it ---- */

void work_init(struct work *w, void (*run)(struct work *w))
{
	w->run = run;
}

void work_queue(struct work *w)
{
	w->run(w);
}

void work_queue_long(struct work *w)
{
	work_queue(w);
}

/* ---- the rest of the floors below ---- */

void printk(enum log_level level, const char *format, ...)
{
}

void schedule(void)
{
}

bool failalloc_count(void)
{
	return false;
}

void symbols_format(char *buf, size_t size, u64 return_address)
{
	snprintf(buf, size, "%#lx", return_address);
}

void panic_at(const char *file, int line, const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	violation("%s:%d: panic: %s", file, line, text);
}

/* ---- accesses ---- */

enum deed { DEED_READ, DEED_WRITE, DEED_READ_ATOMIC, DEED_WRITE_ATOMIC };

/* Can anybody but who has the lock of its space come to the table of this entry? */
static bool is_seen_by_others(const struct page *table)
{
	return table->count != 1 || tlb_may_reach(table);
}

/* Before an access of the kernel. @size at most 8, aligned. */
static void before_access(const void *address, enum deed deed)
{
	if (explore_current < 0 || explore_owns_stack(address))
		return;
	machine_settle();
	const bool is_write = deed == DEED_WRITE || deed == DEED_WRITE_ATOMIC;
	const bool is_atomic = deed == DEED_READ_ATOMIC || deed == DEED_WRITE_ATOMIC;
	struct touched t = memory_check_access(address);
	if (is_atomic && t.kind != TOUCHED_OTHER) {
		explore_point();
	} else if (t.kind == TOUCHED_ENTRY) {
		if (explore_is_random() || (is_write && is_seen_by_others(t.page)))
			explore_point();
	}
	machine_settle();
	t = memory_check_access(address);
	if (!is_write) {
		explore_read(address);
		return;
	}
	explore_write(address);
	if (t.kind == TOUCHED_ENTRY) {
		table_was_written = owes_fence[explore_current] = true;
		explore_log("writes %s %#lx [%lu]", "table", page_to_pfn(t.page),
			    page_offset((u64)address) / sizeof(pte_t));
	} else if (t.kind == TOUCHED_COUNT) {
		table_was_written |= t.page->kind == PAGE_TABLE;
		explore_log("counts %s %#lx, has %lu",
			    t.page->kind == PAGE_TABLE ? "table" : "frame", page_to_pfn(t.page),
			    t.page->count);
	}
}

static void before_range(const void *address, size_t size, bool is_write)
{
	for (size_t at = 0; at < size; at += 8)
		before_access((const u8 *)address + at, is_write ? DEED_WRITE : DEED_READ);
}

void *__tsan_memcpy(void *dst, const void *src, size_t size);
void *__tsan_memmove(void *dst, const void *src, size_t size);
void *__tsan_memset(void *dst, int byte, size_t size);

void *__tsan_memcpy(void *dst, const void *src, size_t size)
{
	before_range(src, size, false);
	before_range(dst, size, true);
	return memcpy(dst, src, size);
}

void *__tsan_memmove(void *dst, const void *src, size_t size)
{
	before_range(src, size, false);
	before_range(dst, size, true);
	return memmove(dst, src, size);
}

void *__tsan_memset(void *dst, int byte, size_t size)
{
	before_range(dst, size, true);
	return memset(dst, byte, size);
}

/* What the compiler calls: names and meanings are its own. */
#define ACCESS(name, deed)                    \
	void __tsan_##name(void *address);    \
	void __tsan_##name(void *address)     \
	{                                     \
		before_access(address, deed); \
	}
#define ACCESSES(size)                          \
	ACCESS(read##size, DEED_READ)           \
	ACCESS(write##size, DEED_WRITE)         \
	ACCESS(unaligned_read##size, DEED_READ) \
	ACCESS(unaligned_write##size, DEED_WRITE)
ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)

void __tsan_read_range(void *address, size_t size);
void __tsan_write_range(void *address, size_t size);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_init(void);
void __tsan_atomic_thread_fence(int order);

void __tsan_read_range(void *address, size_t size)
{
	before_range(address, size, false);
}

void __tsan_write_range(void *address, size_t size)
{
	before_range(address, size, true);
}

void __tsan_func_entry(void *caller)
{
}

void __tsan_func_exit(void)
{
}

void __tsan_init(void)
{
}

void __tsan_atomic_thread_fence(int order)
{
}

/* Relaxed ones of 64 bits are statistics, about which nobody decides anything. */
#define ATOMIC_UPDATE(type, bits, name, update)                                  \
	type __tsan_atomic##bits##_##name(type *address, type value, int order); \
	type __tsan_atomic##bits##_##name(type *address, type value, int order)  \
	{                                                                        \
		if (bits != 64 || order != __ATOMIC_RELAXED)                     \
			before_access(address, DEED_WRITE_ATOMIC);               \
		const type old = *address;                                       \
		*address = (type)(update);                                       \
		return old;                                                      \
	}
#define ATOMICS(type, bits)                                                                     \
	type __tsan_atomic##bits##_load(const type *address, int order);                        \
	type __tsan_atomic##bits##_load(const type *address, int order)                         \
	{                                                                                       \
		before_access(address, DEED_READ_ATOMIC);                                       \
		return *address;                                                                \
	}                                                                                       \
	void __tsan_atomic##bits##_store(type *address, type value, int order);                 \
	void __tsan_atomic##bits##_store(type *address, type value, int order)                  \
	{                                                                                       \
		before_access(address, DEED_WRITE_ATOMIC);                                      \
		*address = value;                                                               \
		if (bits == 32 && value == 1 && order == __ATOMIC_RELEASE &&                    \
		    machine_on_publish != NULL && explore_current >= 0)                         \
			machine_on_publish();                                                   \
	}                                                                                       \
	int __tsan_atomic##bits##_compare_exchange_strong(type *address, type *expected,        \
							  type wanted, int order, int failure); \
	int __tsan_atomic##bits##_compare_exchange_strong(type *address, type *expected,        \
							  type wanted, int order, int failure)  \
	{                                                                                       \
		before_access(address, DEED_WRITE_ATOMIC);                                      \
		const type old = *address;                                                      \
		const bool same = old == *expected;                                             \
		if (same)                                                                       \
			*address = wanted;                                                      \
		*expected = old;                                                                \
		return same;                                                                    \
	}                                                                                       \
	int __tsan_atomic##bits##_compare_exchange_weak(type *address, type *expected,          \
							type wanted, int order, int failure);   \
	int __tsan_atomic##bits##_compare_exchange_weak(type *address, type *expected,          \
							type wanted, int order, int failure)    \
	{                                                                                       \
		return __tsan_atomic##bits##_compare_exchange_strong(address, expected, wanted, \
								     order, failure);           \
	}                                                                                       \
	ATOMIC_UPDATE(type, bits, exchange, value)                                              \
	ATOMIC_UPDATE(type, bits, fetch_add, old + value)                                       \
	ATOMIC_UPDATE(type, bits, fetch_sub, old - value)                                       \
	ATOMIC_UPDATE(type, bits, fetch_or, old | value)                                        \
	ATOMIC_UPDATE(type, bits, fetch_and, old &value)
ATOMICS(u32, 32)
ATOMICS(u64, 64)
