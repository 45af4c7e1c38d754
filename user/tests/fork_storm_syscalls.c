// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* modes: all */
/* lack shows: a write stops short, as Linux allows it */
/* One thread forks over and over, while the others have the kernel read and write their memory:
 * files, pipes, futexes. Wherever it stands in a system call when its page becomes common, the call
 * goes on, with the right bytes. */
#include "lib/forks.h"

#include <linux/futex.h>

#define TABLES 2
#define PAGES  (TABLES * TABLE_PAGES)
#define FORKS  20
#define BYTES  (6 * PAGE + 100) /* across pages, at no page's beginning */

static char *area;
static atomic_bool stop;
static atomic_uint turn; /* of the futex threads */

enum { FILE_AT = 3, MAPPED_AT = 40, PIPE_AT = 500, POLL_AT = 600 }; /* pages of the area */

static char *buffer(size_t page)
{
	return area + page * PAGE + 77;
}

static bool goes_on(void)
{
	return !atomic_load_explicit(&stop, memory_order_relaxed);
}

static void fill(char *p, unsigned long round)
{
	for (size_t i = 0; i < BYTES; i++)
		p[i] = (char)(i * 7 + round);
}

static void check_filled(const char *p, unsigned long round)
{
	for (size_t i = 0; i < BYTES; i++)
		if (p[i] != (char)(i * 7 + round))
			test_fail(__FILE__, __LINE__, "byte %zu is %d, not %d", i, p[i],
				  (char)(i * 7 + round));
}

static void *write_and_read_file(void *arg)
{
	char *out = buffer(FILE_AT), *in = buffer(FILE_AT + 10);
	const int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0);
	for (unsigned long round = 0; goes_on(); round++) {
		fill(out, round);
		CHECK_EQ(pwrite(fd, out, BYTES, 0), BYTES);
		memset(in, 0, BYTES);
		CHECK_EQ(pread(fd, in, BYTES, 0), BYTES);
		check_filled(in, round);
	}
	close(fd);
	return NULL;
}

/* From a file into a mapping of the same file, and into a private one of it. */
static void *read_file_into_itself(void *arg)
{
	const int fd = make_file("g", 16 * PAGE);
	char *shared = area + MAPPED_AT * PAGE, *private = shared + 16 * PAGE;
	CHECK(mmap(shared, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
	      shared);
	for (unsigned long round = 0; goes_on(); round++) {
		CHECK(mmap(private, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd,
			   0) == private);
		CHECK_EQ(pread(fd, private + 9 * PAGE, 4 * PAGE, 0), 4 * PAGE);
		CHECK_EQ(memcmp(private + 9 * PAGE, shared, 4 * PAGE), 0);
		CHECK_EQ(pread(fd, shared + 8 * PAGE, 8 * PAGE, 0), 8 * PAGE);
		CHECK_EQ(memcmp(shared, shared + 8 * PAGE, 8 * PAGE), 0);
		CHECK_EQ(memcmp(private + 9 * PAGE, private, 4 * PAGE), 0);
	}
	close(fd);
	return NULL;
}

static void *pass_through_pipe(void *arg)
{
	char *out = buffer(PIPE_AT), *in = buffer(PIPE_AT + 10);
	int ends[2];
	CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
	for (unsigned long round = 0; goes_on(); round++) {
		fill(out, round);
		memset(in, 0, BYTES);
		write_all(ends[1], out, BYTES);
		read_all(ends[0], in, BYTES);
		check_filled(in, round);
	}
	close(ends[0]);
	close(ends[1]);
	return NULL;
}

/* Two of them, by turns on a word of the area that each fork makes common. */
static void *wait_on_futex(void *arg)
{
	const unsigned me = (unsigned)(intptr_t)arg & 1;
	atomic_uint *word = (void *)(area + POLL_AT * PAGE);
	while (goes_on()) {
		const unsigned now = atomic_load(word);
		if (now % 2 == me) {
			atomic_store(word, now + 1);
			syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
		} else if (syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0) != 0) {
			CHECK(errno == EAGAIN || errno == EINTR);
		}
		atomic_fetch_add(&turn, 1);
	}
	/* The other may wait for a turn that would not come. */
	atomic_fetch_add(word, 1);
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 2, NULL, NULL, 0);
	return NULL;
}

static void *(*const jobs[])(void *) = {
	wait_on_futex, wait_on_futex, write_and_read_file, read_file_into_itself, pass_through_pipe,
};
#define JOBS ARRAY_SIZE(jobs)

static void *work(void *arg)
{
	return jobs[(intptr_t)arg](arg);
}

static void read_own_copy(void)
{
	char word[8];
	int ends[2];
	CHECK_EQ(pipe(ends), 0);
	write_all(ends[1], area + PAGE, sizeof(word));
	read_all(ends[0], area + 2 * PAGE, sizeof(word));
	CHECK_EQ(memcmp(area + PAGE, area + 2 * PAGE, sizeof(word)), 0);
	check_pages(area + TABLE_PAGES * PAGE + 200 * PAGE, 50, 1 + TABLE_PAGES + 200);
}

static void fork_among_calls(void)
{
	pthread_t threads[JOBS];
	mark_pages(area, PAGES, 1);
	*(unsigned *)(area + POLL_AT * PAGE) = 0;
	start_threads(threads, JOBS, work);
	for (int i = 0; i < FORKS; i++) {
		CHECK_CHILD(read_own_copy);
		const unsigned before = atomic_load(&turn);
		for (int look = 0; look < 100 && atomic_load(&turn) == before; look++)
			sched_yield();
	}
	atomic_store(&stop, true);
	join_threads(threads, JOBS);
}

static void calls_go_on_while_their_memory_becomes_common(void)
{
	CHECK_CHILD(fork_among_calls);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(calls_go_on_while_their_memory_becomes_common),
	};
	area = map_tables(TABLES);
	return test_run(cases, ARRAY_SIZE(cases));
}
