// SPDX-License-Identifier: MIT
/* sources: kernel/core/brlock.c kernel/core/lock_rank.c kernel/core/spinlock.c
 * tests/host/shim/panic.c */
/*
 * Big-reader locks, on the spinlocks of a debug build: threads of the host are harts. Readers meet,
 * who writes is alone, and what a debug build is to stop at it stops at.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/smp.h"
#include "kernel/core/brlock.h"
#include "kernel/core/hart_report.h"
#include "kernel/core/panic.h"
#include "kernel/core/printk.h"
#include "tests/host/shim/machine.h"

#define HARTS  4
#define ROUNDS 200000
#define WRITES 16 /* one of so many is a change */

static struct brlock lock = BRLOCK_INIT("tested", RANK_MOUNTS);

/* ---- the harts ------------------------------------------------------------------------------ */

static struct arch_thread threads[HARTS];
_Thread_local struct arch_thread *host_current = &threads[0];
struct cpu cpus[CONFIG_NR_CPUS];
u32 cpu_count = HARTS;

static void run_on(u32 cpu)
{
	cpus[cpu].index = cpu;
	threads[cpu].cpu = &cpus[cpu];
	host_current = &threads[cpu];
}

/* ---- what waiting and reporting calls ------------------------------------------------------- */

nsec_t clock_now(void)
{
	return 1; /* nobody waits too long */
}

bool panic_is_elsewhere(void)
{
	return false;
}

void smp_stop_self(void)
{
	abort();
}

void hart_report(u32 cpu, enum log_level level)
{
	(void)cpu, (void)level;
}

void printk(enum log_level level, const char *format, ...)
{
	(void)level, (void)format;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static bool is_taken(u32 cpu)
{
	return bare_is_taken(&lock.of[cpu].lock.bare);
}

static void a_reader_takes_his_harts_lock(void **state)
{
	struct spinlock *held[HARTS];
	(void)state;
	for (u32 cpu = 0; cpu < HARTS; cpu++) {
		run_on(cpu);
		assert_false(is_taken(cpu));
		held[cpu] = br_read_lock(&lock); /* while those before read */
		assert_true(is_taken(cpu));
	}
	for (u32 cpu = 0; cpu < HARTS; cpu++) {
		run_on(cpu);
		br_read_unlock(held[cpu]);
		assert_false(is_taken(cpu));
	}
	/* No two of them in one line of the cache. */
	assert_int_equal((uintptr_t)held[0] % 64, 0);
	assert_true((uintptr_t)held[1] - (uintptr_t)held[0] >= 64);
}

static void who_writes_takes_those_of_all_harts(void **state)
{
	(void)state;
	for (cpu_count = 1; cpu_count <= HARTS; cpu_count++) {
		run_on(cpu_count - 1);
		br_write_lock(&lock);
		for (u32 cpu = 0; cpu < CONFIG_NR_CPUS; cpu++)
			assert_int_equal(is_taken(cpu), cpu < cpu_count);
		br_write_unlock(&lock);
		for (u32 cpu = 0; cpu < CONFIG_NR_CPUS; cpu++)
			assert_false(is_taken(cpu));
	}
	cpu_count = HARTS;
}

static void take_twice(void)
{
	struct spinlock *held = br_read_lock(&lock);
	expect_panic(br_write_lock(&lock));
	expect_panic((void)br_read_lock(&lock));
	br_read_unlock(held);
	br_write_lock(&lock);
	expect_panic(br_write_lock(&lock));
	expect_panic((void)br_read_lock(&lock));
	br_write_unlock(&lock);
}

static void no_hart_holds_it_twice(void **state)
{
	(void)state;
	for (u32 cpu = 0; cpu < HARTS; cpu++) {
		run_on(cpu);
		take_twice();
	}
}

static void both_have_its_rank(void **state)
{
	static struct spinlock outer = SPINLOCK_INIT("outer", RANK_FD_TABLE);
	static struct spinlock inner = SPINLOCK_INIT("inner", RANK_DEVICE);
	(void)state;
	run_on(HARTS - 1);

	spin_lock(&outer);
	struct spinlock *held = br_read_lock(&lock);
	spin_lock(&inner);
	spin_unlock(&inner);
	br_read_unlock(held);
	br_write_lock(&lock);
	spin_lock(&inner);
	spin_unlock(&inner);
	br_write_unlock(&lock);
	spin_unlock(&outer);

	spin_lock(&inner);
	expect_panic((void)br_read_lock(&lock));
	expect_panic(br_write_lock(&lock));
	spin_unlock(&inner);

	held = br_read_lock(&lock);
	expect_panic(spin_lock(&outer));
	br_read_unlock(held);
	br_write_lock(&lock);
	expect_panic(spin_lock(&outer));
	expect_panic(spin_assert_none_held("tested"));
	br_write_unlock(&lock);
	spin_assert_none_held("tested");
}

static void who_waits_is_told_who_has_it(void **state)
{
	(void)state;
	run_on(2);
	br_write_lock(&lock);
	for (u32 cpu = 0; cpu < HARTS; cpu++) {
		assert_int_equal(lock.of[cpu].lock.holder_cpu, 2);
		assert_ptr_equal(lock.of[cpu].lock.taken_at, lock.of[0].lock.taken_at);
	}
	br_write_unlock(&lock);
}

static void a_reader_lets_go_on_his_hart(void **state)
{
	(void)state;
	run_on(1);
	struct spinlock *held = br_read_lock(&lock);
	run_on(2);
	expect_panic(br_read_unlock(held));
	run_on(1);
	br_read_unlock(held);
}

static pthread_barrier_t all_are_there;
/* under lock, and deliberately not atomic */
static unsigned long first, second;

struct hart {
	pthread_t thread;
	u32 cpu;
	unsigned long differences, writes;
};

static void *look_and_change(void *arg)
{
	struct hart *h = arg;
	run_on(h->cpu);
	(void)pthread_barrier_wait(&all_are_there);
	for (u32 i = 0; i < ROUNDS; i++) {
		if ((i + h->cpu) % WRITES == 0) {
			br_write_lock(&lock);
			h->differences += first != second;
			first++;
			second = first;
			h->writes++;
			br_write_unlock(&lock);
		} else {
			struct spinlock *held = br_read_lock(&lock);
			h->differences += READ_ONCE(first) != READ_ONCE(second);
			br_read_unlock(held);
		}
	}
	return NULL;
}

static void readers_see_whole_changes_and_none_is_lost(void **state)
{
	struct hart harts[HARTS] = { 0 };
	unsigned long writes = 0;
	(void)state;
	assert_int_equal(pthread_barrier_init(&all_are_there, NULL, HARTS), 0);
	for (u32 i = 0; i < HARTS; i++) {
		harts[i].cpu = i;
		assert_int_equal(pthread_create(&harts[i].thread, NULL, look_and_change, &harts[i]),
				 0);
	}
	for (u32 i = 0; i < HARTS; i++) {
		assert_int_equal(pthread_join(harts[i].thread, NULL), 0);
		assert_int_equal(harts[i].differences, 0);
		writes += harts[i].writes;
	}
	assert_int_equal(first, writes);
	assert_int_equal(second, writes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_takes_his_harts_lock),
		cmocka_unit_test(who_writes_takes_those_of_all_harts),
		cmocka_unit_test(no_hart_holds_it_twice),
		cmocka_unit_test(both_have_its_rank),
		cmocka_unit_test(who_waits_is_told_who_has_it),
		cmocka_unit_test(a_reader_lets_go_on_his_hart),
		cmocka_unit_test(readers_see_whole_changes_and_none_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
