// SPDX-License-Identifier: MIT
/* Memory, gates and threads for tests of fork; forks.h says it all. */
#include "lib/forks.h"

#include "kernel/syscall/heifer.h"

#include <sys/prctl.h>

char *map_tables(size_t tables)
{
	const size_t size = tables * TABLE_BYTES;
	char *p = mmap(NULL, size + TABLE_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(p != MAP_FAILED);
	/* Pages, as this is about their tables. Where there are no huge ones it fails. */
	(void)madvise(p, size + TABLE_BYTES, MADV_NOHUGEPAGE);
	const size_t before = -(uintptr_t)p % TABLE_BYTES;
	if (before != 0)
		CHECK_EQ(munmap(p, before), 0);
	CHECK_EQ(munmap(p + before + size, TABLE_BYTES - before), 0);
	return p + before;
}

#define LAST_WORD (PAGE / sizeof(unsigned long) - 1)

void mark_pages(void *p, size_t pages, unsigned long seed)
{
	for (size_t i = 0; i < pages; i++) {
		volatile unsigned long *words = (void *)((char *)p + i * PAGE);
		words[0] = seed + i;
		words[LAST_WORD] = seed + i;
	}
}

void check_pages(const void *p, size_t pages, unsigned long seed)
{
	for (size_t i = 0; i < pages; i++) {
		const volatile unsigned long *words = (const void *)((const char *)p + i * PAGE);
		if (words[0] != seed + i || words[LAST_WORD] != seed + i)
			test_fail(__FILE__, __LINE__, "page %zu of %zu at %p: %#lx, %#lx, not %#lx",
				  i, pages, p, words[0], words[LAST_WORD], seed + i);
	}
}

void check_zero(const void *p, size_t pages)
{
	const unsigned long *words = p;
	for (size_t i = 0; i < pages * (LAST_WORD + 1); i++)
		if (words[i] != 0)
			test_fail(__FILE__, __LINE__, "word %zu of page %zu of %zu at %p: %#lx",
				  i % (LAST_WORD + 1), i / (LAST_WORD + 1), pages, p, words[i]);
}

void gate_init(struct gate *g)
{
	CHECK_EQ(pipe2(g->ends, O_CLOEXEC), 0);
}

void gate_open(struct gate *g, int count)
{
	for (int i = 0; i < count; i++)
		write_all(g->ends[1], "", 1);
}

void gate_wait(struct gate *g)
{
	char byte;
	read_all(g->ends[0], &byte, 1);
}

void gate_close(struct gate *g)
{
	close(g->ends[0]);
	close(g->ends[1]);
}

bool fork_copies_pages(void)
{
	return prctl(PR_HEIFER_GET_FORK_MODE) == HEIFER_FORK_COPY;
}

void *map_shared_page(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	return p;
}

void start_threads(pthread_t threads[], int n, void *(*fn)(void *))
{
	for (intptr_t i = 0; i < n; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, fn, (void *)i), 0);
}

void join_threads(pthread_t threads[], int n)
{
	for (int i = 0; i < n; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

/* xorshift64* */
unsigned long random_next(unsigned long *state)
{
	unsigned long x = *state != 0 ? *state : 1;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dUL >> 16;
}
