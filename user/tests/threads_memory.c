// SPDX-License-Identifier: MIT
/* modes: all */
/* One memory, several threads: fork's picture, pages that go while they are used, and locks. */
/* oracle: linux-system */
#include "lib/forks.h"

#include <setjmp.h>

#define WRITERS 3
#define PAGES   16
#define FORKS   20

static atomic_bool stop;

/* ---- fork is a moment ------------------------------------------------------------------- */

/* x is raised before y, each on a page of its own, so y <= x <= y + 1 at any moment. */
struct pair {
	_Alignas(PAGE) volatile unsigned long x;
	_Alignas(PAGE) volatile unsigned long y;
};
static struct pair pairs[WRITERS];

static void *raise_pair(void *arg)
{
	struct pair *p = &pairs[(intptr_t)arg];
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		p->x++;
		atomic_thread_fence(memory_order_seq_cst);
		p->y++;
		atomic_thread_fence(memory_order_seq_cst);
	}
	return NULL;
}

static void look_at_picture(void)
{
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < WRITERS; i++) {
			const unsigned long y = pairs[i].y;
			const unsigned long x = pairs[i].x;
			CHECK(y <= x && x <= y + 1);
			sched_yield();
			CHECK_EQ(pairs[i].x, x);
			CHECK_EQ(pairs[i].y, y);
		}
	}
}

static void fork_among_writers(void)
{
	pthread_t threads[WRITERS];
	start_threads(threads, WRITERS, raise_pair);
	for (int i = 0; i < FORKS; i++)
		CHECK_CHILD(look_at_picture);
	atomic_store(&stop, true);
	join_threads(threads, WRITERS);
}

static void a_child_sees_one_moment_of_all_threads(void)
{
	CHECK_CHILD(fork_among_writers);
}

/* ---- pages come and go ------------------------------------------------------------------ */

static char *volatile area;
static __thread sigjmp_buf out;
static atomic_ulong faults, accesses;

static void leave_fault(int sig, siginfo_t *info, void *context)
{
	const char *at = info->si_addr;
	(void)sig;
	(void)context;
	if (at < area || at >= area + PAGES * PAGE)
		_exit(TEST_CHILD_FAILED);
	atomic_fetch_add(&faults, 1);
	siglongjmp(out, 1);
}

/* Every byte ever seen must be 0 or this thread's own mark: never what another mapping holds. */
static void *touch(void *arg)
{
	const char mark = (char)((intptr_t)arg + 1);
	unsigned page = 0;
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		volatile char *byte = area + page % PAGES * PAGE + (intptr_t)arg;
		page++;
		if (sigsetjmp(out, 1) != 0)
			continue;
		const char seen = *byte;
		if (seen != 0 && seen != mark)
			test_fail(__FILE__, __LINE__, "a stale byte: %d", seen);
		*byte = mark;
		atomic_fetch_add(&accesses, 1);
	}
	return NULL;
}

/* Takes the frames that became free: a stale translation would show these bytes. Where the area is
 * is not for others to use. */
static void use_other_memory(void)
{
	static char *other;
	if (other == NULL)
		other = map_pages(PAGES, PROT_READ | PROT_WRITE);
	memset(other, 0x77, PAGES * PAGE);
	CHECK_EQ(madvise(other, PAGES * PAGE, MADV_DONTNEED), 0);
}

static void change_mapping(void)
{
	const int both = PROT_READ | PROT_WRITE;
	use_other_memory();
	for (int i = 0; i < 8; i++) {
		CHECK_EQ(munmap(area, PAGES * PAGE), 0);
		use_other_memory();
		CHECK(mmap(area, PAGES * PAGE, both, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			   0) == area);
		sched_yield();
		CHECK_EQ(mprotect(area, PAGES * PAGE, PROT_NONE), 0);
		CHECK_EQ(mprotect(area, PAGES * PAGE, both), 0);
		CHECK_EQ(madvise(area, PAGES * PAGE, MADV_DONTNEED), 0);
		use_other_memory();
	}
}

static void change_among_touchers(void)
{
	pthread_t threads[WRITERS];
	area = map_pages(PAGES, PROT_READ | PROT_WRITE);
	handle_info(SIGSEGV, leave_fault, SA_NODEFER);
	start_threads(threads, WRITERS, touch);
	while (atomic_load(&accesses) == 0)
		sched_yield();
	change_mapping();
	atomic_store(&stop, true);
	join_threads(threads, WRITERS);
}

static void no_thread_sees_a_page_that_is_gone(void)
{
	CHECK_CHILD(change_among_touchers);
}

static atomic_ulong written;

/* Writes a value and reads it back: after mprotect(PROT_READ) has returned nothing may change. */
static void *write_on(void *arg)
{
	volatile unsigned long *word = (volatile unsigned long *)area;
	(void)arg;
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		if (sigsetjmp(out, 1) == 0) {
			++*word;
			atomic_fetch_add(&written, 1);
		}
	}
	return NULL;
}

static void protect_among_writers(void)
{
	pthread_t threads[WRITERS];
	area = map_pages(PAGES, PROT_READ | PROT_WRITE);
	handle_info(SIGSEGV, leave_fault, SA_NODEFER);
	start_threads(threads, WRITERS, write_on);
	for (int i = 0; i < 8; i++) {
		const unsigned long before = atomic_load(&written);
		while (atomic_load(&written) == before)
			sched_yield();
		CHECK_EQ(mprotect(area, PAGE, PROT_READ), 0);
		const unsigned long seen = *(volatile unsigned long *)area;
		for (int look = 0; look < 200; look++)
			CHECK_EQ(*(volatile unsigned long *)area, seen);
		CHECK_EQ(mprotect(area, PAGE, PROT_READ | PROT_WRITE), 0);
	}
	atomic_store(&stop, true);
	join_threads(threads, WRITERS);
}

static void nobody_writes_after_mprotect_has_returned(void)
{
	CHECK_CHILD(protect_among_writers);
}

/* ---- copy-on-write among threads -------------------------------------------------------- */

static struct {
	_Alignas(PAGE) atomic_ulong value;
} shared_word;

/* Each adds on; a page that is copied for one and still the old one for another loses some. */
static void *add_on(void *arg)
{
	(void)arg;
	for (int i = 0; i < 1000; i++)
		atomic_fetch_add(&shared_word.value, 1);
	return NULL;
}

static void hold_a_picture(void)
{
	pause();
}

static void copy_among_adders(void)
{
	pthread_t threads[WRITERS];
	pid_t children[FORKS / 2];
	start_threads(threads, WRITERS, add_on);
	for (int i = 0; i < FORKS / 2; i++)
		children[i] = start_child(hold_a_picture);
	join_threads(threads, WRITERS);
	CHECK_EQ(atomic_load(&shared_word.value), WRITERS * 1000);
	for (int i = 0; i < FORKS / 2; i++) {
		CHECK_EQ(kill(children[i], SIGKILL), 0);
		CHECK_KILLED(wait_for(children[i]), SIGKILL);
	}
}

static void no_write_is_lost_when_pages_are_copied(void)
{
	CHECK_CHILD(copy_among_adders);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_child_sees_one_moment_of_all_threads),
		TEST(no_thread_sees_a_page_that_is_gone),
		TEST(nobody_writes_after_mprotect_has_returned),
		TEST(no_write_is_lost_when_pages_are_copied),
	};
	(void)argc;
	(void)argv;
	return test_run(cases, ARRAY_SIZE(cases));
}
