// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* modes: all */
/*
 * Families of processes that do at random what can be done with memory: fork, write, let the kernel
 * write, map, unmap, protect, drop, move, exec, start threads, exit. Each keeps a model of what its
 * memory must be, in memory that is forked with the rest, and compares every byte.
 *
 *	fork_random [SEED [PROCESSES]]
 *
 * A process does the same again with the same seed: what it does depends on nothing else.
 */
#include "lib/forks.h"

#define FAMILIES  3
#define PROCESSES 4UL /* in each */
#define STEPS     30
#define CHILDREN  3 /* at a time */
#define THREADS   2

/* Pages are numbered over chunks that lie a GiB apart, each across the border of two tables. */
#define CHUNKS      2UL
#define CHUNK_PAGES 300UL
#define PAGES       (CHUNKS * CHUNK_PAGES)
#define CHUNK_AT    (TABLE_BYTES - CHUNK_PAGES / 2 * PAGE)

#define FILE_PAGES   64UL
#define COMMON_PAGES 16UL
#define FILE_SEED    0xf11e000000UL
#define PAGE_WORDS   (PAGE / sizeof(unsigned long))

/* Word i of a page is of @seed, but for the one at @patch_at, which is of @patch. 0: zeros. */
struct content {
	unsigned long seed, patch;
	unsigned patch_at; /* PAGE_WORDS: none */
};

enum kind { NOTHING, ANONYMOUS, OF_FILE, COMMON };

struct model {
	struct content now, next; /* next is not now while a thread is writing it */
	enum kind kind;
	int prot;
	bool is_wiped, is_left; /* by fork, for the child */
	unsigned short index;   /* in the file, or of the common pages */
};

/* What a process is; private memory, so forked with it. */
static struct self {
	struct model *pages;
	char *area;
	unsigned long random;
	unsigned long budget; /* of descendants */
	long steps;
	pid_t children[CHILDREN];
	int file, scratch;
	struct common *common;
} self;

/* In a file that everybody maps: what is in its pages behind this one, and who may say so. */
struct common {
	atomic_uint lock;
	unsigned long seeds[COMMON_PAGES];
};

static unsigned long any(unsigned long below)
{
	return random_next(&self.random) % below;
}

static char *address(size_t page)
{
	return self.area + page / CHUNK_PAGES * MIDDLE_BYTES + CHUNK_AT + page % CHUNK_PAGES * PAGE;
}

/* ---- contents ---- */

static unsigned long word_of(unsigned long seed, unsigned long i)
{
	return seed == 0 ? 0 : seed * 0x9e3779b97f4a7c15UL + i;
}

static unsigned long expected(const struct content *c, unsigned long i)
{
	return word_of(i == c->patch_at ? c->patch : c->seed, i);
}

static struct content plain(unsigned long seed)
{
	return (struct content){ seed, 0, PAGE_WORDS };
}

static void fill(unsigned long *words, unsigned long seed)
{
	const unsigned long base = word_of(seed, 0), step = seed != 0;
	for (unsigned long i = 0; i < PAGE_WORDS; i++)
		words[i] = base + i * step;
}

static void check_words(size_t page, const struct content *c)
{
	const unsigned long *words = (const void *)address(page);
	const unsigned long base = word_of(c->seed, 0), step = c->seed != 0;
	unsigned long wrong = 0; /* a loop without a branch: most of the time goes here */
	for (unsigned long i = 0; i < PAGE_WORDS; i++)
		wrong += words[i] != base + i * step;
	if (wrong == 0 && c->patch_at == PAGE_WORDS)
		return;
	for (unsigned long i = 0; i < PAGE_WORDS; i++)
		if (words[i] != expected(c, i))
			test_fail(__FILE__, __LINE__, "page %zu, word %lu: %#lx, not %#lx", page, i,
				  words[i], expected(c, i));
}

/* ---- common pages ---- */

static void lock_common(void)
{
	while (atomic_exchange(&self.common->lock, 1) != 0)
		sched_yield();
}

static void unlock_common(void)
{
	atomic_store(&self.common->lock, 0);
}

static void check_common(size_t page)
{
	lock_common();
	const struct content c = plain(self.common->seeds[self.pages[page].index]);
	check_words(page, &c);
	unlock_common();
}

static void write_common(size_t page)
{
	lock_common();
	unsigned long *seed = &self.common->seeds[self.pages[page].index];
	const struct content c = plain(*seed);
	check_words(page, &c);
	*seed = random_next(&self.random);
	fill((void *)address(page), *seed);
	unlock_common();
}

/* ---- one page ---- */

static bool is_readable(const struct model *m)
{
	return m->kind != NOTHING && (m->prot & PROT_READ) != 0;
}

static bool is_writable(const struct model *m)
{
	return m->kind != NOTHING && (m->prot & PROT_WRITE) != 0;
}

static void check_page(size_t page)
{
	const struct model *m = &self.pages[page];
	if (!is_readable(m))
		CHECK_ERRNO(pwrite(self.scratch, address(page), 8, 0), EFAULT);
	else if (m->kind == COMMON)
		check_common(page);
	else
		check_words(page, &m->now);
}

static void write_whole(size_t page, unsigned long seed)
{
	struct model *m = &self.pages[page];
	m->next = plain(seed);
	atomic_thread_fence(memory_order_seq_cst);
	fill((void *)address(page), seed);
	atomic_thread_fence(memory_order_seq_cst);
	m->now = m->next;
}

static void write_word(size_t page)
{
	volatile unsigned long *words = (void *)address(page);
	struct content *c = &self.pages[page].now;
	if (c->patch_at < PAGE_WORDS)
		words[c->patch_at] = word_of(c->seed, c->patch_at);
	c->patch_at = (unsigned)any(PAGE_WORDS);
	c->patch = random_next(&self.random);
	words[c->patch_at] = word_of(c->patch, c->patch_at);
	self.pages[page].next = *c;
}

static void let_kernel_write(size_t page)
{
	struct model *m = &self.pages[page];
	const unsigned long from = any(FILE_PAGES);
	if (!is_writable(m)) {
		CHECK_ERRNO(pread(self.file, address(page), 8, 0), EFAULT);
		return;
	}
	CHECK_EQ(pread(self.file, address(page), PAGE, (off_t)(from * PAGE)), PAGE);
	m->now = m->next = plain(FILE_SEED + from);
}

static void write_some(void)
{
	const size_t first = any(PAGES), count = 1 + any(24);
	for (size_t page = first; page < first + count && page < PAGES; page++) {
		const struct model *m = &self.pages[page];
		const unsigned long how = any(8);
		if (m->kind == COMMON && is_writable(m))
			write_common(page);
		else if (how == 0 && m->kind != COMMON)
			let_kernel_write(page);
		else if (is_writable(m) && how < 4)
			write_whole(page, random_next(&self.random));
		else if (is_writable(m))
			write_word(page);
	}
}

static void check_some(void)
{
	for (int i = 0; i < 24; i++)
		check_page(any(PAGES));
}

static void check_all(void)
{
	for (size_t page = 0; page < PAGES; page++)
		check_page(page);
}

/* ---- ranges ---- */

struct range {
	size_t first, count;
};

/* A few pages, many, or most of them, in one chunk. */
static struct range any_range(void)
{
	static const unsigned long sizes[] = { 4, 64, 150, CHUNK_PAGES };
	const size_t chunk = any(CHUNKS), at = any(CHUNK_PAGES);
	size_t count = 1 + any(sizes[any(ARRAY_SIZE(sizes))]);
	if (count > CHUNK_PAGES - at)
		count = CHUNK_PAGES - at;
	return (struct range){ chunk * CHUNK_PAGES + at, count };
}

/* One with no gap in it, of @kind if that is not NOTHING. Its count may be 0. */
static struct range any_mapped(enum kind kind)
{
	struct range r = any_range();
	for (size_t i = 0; i < r.count; i++) {
		const enum kind is = self.pages[r.first + i].kind;
		if (is == NOTHING || (kind != NOTHING && is != kind))
			r.count = i;
	}
	return r;
}

static const int rights[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
			      PROT_READ | PROT_WRITE };

static void map_some(void)
{
	const enum kind kinds[] = { ANONYMOUS, ANONYMOUS, ANONYMOUS, OF_FILE, COMMON };
	struct range r = any_range();
	struct model m = { .kind = kinds[any(ARRAY_SIZE(kinds))], .prot = rights[1 + any(3)] };
	int flags = MAP_FIXED | (m.kind == COMMON ? MAP_SHARED : MAP_PRIVATE), fd = -1;
	off_t offset = 0;
	const unsigned long limit = m.kind == COMMON ? COMMON_PAGES : FILE_PAGES;
	if (m.kind == ANONYMOUS) {
		flags |= MAP_ANONYMOUS | MAP_NORESERVE;
	} else {
		m.index = (unsigned short)any(limit);
		r.count = r.count < limit - m.index ? r.count : limit - m.index;
		/* The first page of the other is the model of it. */
		offset = (off_t)((m.index + (m.kind == COMMON)) * PAGE);
		fd = m.kind == COMMON ? open("common", O_RDWR) : self.file;
	}
	char *at = address(r.first);
	CHECK(mmap(at, r.count * PAGE, m.prot, flags, fd, offset) == at);
	if (m.kind == COMMON)
		close(fd);
	for (size_t i = 0; i < r.count; i++) {
		m.now = m.next = plain(m.kind == OF_FILE ? FILE_SEED + m.index : 0);
		self.pages[r.first + i] = m;
		m.index++;
	}
}

static void unmap_some(void)
{
	const struct range r = any_range();
	CHECK_EQ(munmap(address(r.first), r.count * PAGE), 0);
	memset(&self.pages[r.first], 0, r.count * sizeof(self.pages[0]));
}

static void protect_some(void)
{
	const struct range r = any_mapped(NOTHING);
	const int prot = rights[any(ARRAY_SIZE(rights))];
	CHECK_EQ(mprotect(address(r.first), r.count * PAGE, prot), 0);
	for (size_t i = 0; i < r.count; i++)
		self.pages[r.first + i].prot = prot;
}

static void drop_some(void)
{
	const struct range r = any_mapped(NOTHING);
	CHECK_EQ(madvise(address(r.first), r.count * PAGE, MADV_DONTNEED), 0);
	for (size_t i = 0; i < r.count; i++) {
		struct model *m = &self.pages[r.first + i];
		m->now = m->next = plain(m->kind == OF_FILE ? FILE_SEED + m->index : 0);
	}
}

static void advise_some(void)
{
	static const int advice[] = { MADV_DOFORK, MADV_DONTFORK, MADV_KEEPONFORK,
				      MADV_WIPEONFORK };
	const size_t which = any(ARRAY_SIZE(advice));
	const struct range r = any_mapped(which < 2 ? NOTHING : ANONYMOUS);
	CHECK_EQ(madvise(address(r.first), r.count * PAGE, advice[which]), 0);
	for (size_t i = 0; i < r.count; i++) {
		struct model *m = &self.pages[r.first + i];
		if (which < 2)
			m->is_left = which == 1;
		else
			m->is_wiped = which == 3;
	}
}

/* Page by page: what lies side by side need not be one mapping. */
static void move_some(void)
{
	const struct range from = any_mapped(NOTHING);
	const size_t to = any(PAGES);
	for (size_t i = 0; i < from.count && i < 8 && to + i < PAGES; i++) {
		struct model *m = &self.pages[from.first + i];
		char *target = address(to + i);
		if (m == &self.pages[to + i] || m->kind == NOTHING)
			continue;
		CHECK(mremap(address(from.first + i), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			     target) == target);
		self.pages[to + i] = *m;
		memset(m, 0, sizeof(*m));
	}
}

/* ---- processes ---- */

static void live(void) __attribute__((noreturn));

static void wait_for_child(size_t i)
{
	if (self.children[i] != 0)
		CHECK_EXITED(wait_for(self.children[i]), 0);
	self.children[i] = 0;
}

/* What fork does to the new process by request. */
static void forget_what_is_not_inherited(void)
{
	for (size_t page = 0; page < PAGES; page++) {
		struct model *m = &self.pages[page];
		if (m->is_left)
			memset(m, 0, sizeof(*m));
		else if (m->is_wiped)
			m->now = m->next = plain(0);
	}
	memset(self.children, 0, sizeof(self.children));
}

/* A thread of the parent was writing: of each word one content or the other was there. */
static void settle(size_t page)
{
	struct model *m = &self.pages[page];
	if (memcmp(&m->now, &m->next, sizeof(m->now)) == 0)
		return;
	volatile unsigned long *words = (void *)address(page);
	for (unsigned long i = 0; i < PAGE_WORDS; i++)
		CHECK(words[i] == expected(&m->now, i) || words[i] == expected(&m->next, i));
	write_whole(page, m->next.seed);
}

static void fork_one(void)
{
	const size_t slot = any(CHILDREN);
	const unsigned long seed = random_next(&self.random);
	if (self.budget == 0)
		return;
	const unsigned long share = (self.budget - 1) / 2;
	wait_for_child(slot);
	self.budget -= 1 + share;
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid != 0) {
		self.children[slot] = pid;
		return;
	}
	forget_what_is_not_inherited();
	self.random = seed;
	self.budget = share;
	self.steps = STEPS;
	for (size_t page = 0; page < PAGES; page++)
		settle(page);
	check_some();
	live();
}

/* Threads write pages of their own, while this one forks. */
static unsigned long threads_seed;

static void *write_pages(void *arg)
{
	const size_t me = (size_t)(intptr_t)arg;
	unsigned long state = threads_seed + me;
	for (int i = 0; i < 400; i++) {
		const size_t page = random_next(&state) % (PAGES / THREADS) * THREADS + me;
		const struct model *m = &self.pages[page];
		if (!is_writable(m) || m->kind == COMMON)
			continue;
		check_words(page, &m->now);
		write_whole(page, random_next(&state));
	}
	return NULL;
}

static void fork_among_threads(void)
{
	pthread_t threads[THREADS];
	threads_seed = random_next(&self.random);
	start_threads(threads, THREADS, write_pages);
	fork_one();
	fork_one();
	join_threads(threads, THREADS);
}

static void become_anew(void)
{
	char numbers[3][24];
	for (size_t i = 0; i < CHILDREN; i++)
		wait_for_child(i);
	check_all();
	snprintf(numbers[0], sizeof(numbers[0]), "%lu", random_next(&self.random));
	snprintf(numbers[1], sizeof(numbers[1]), "%lu", self.budget);
	snprintf(numbers[2], sizeof(numbers[2]), "%ld", self.steps);
	execl(TEST_SELF, test_name, numbers[0], numbers[1], numbers[2], (char *)NULL);
	test_fail(__FILE__, __LINE__, "no exec: %s", strerror(errno));
}

static void step(void)
{
	static void (*const often[])(void) = {
		write_some, write_some,   write_some,  check_some, check_some,
		map_some,   unmap_some,   drop_some,   move_some,  fork_one,
		fork_one,   protect_some, advise_some,
	};
	const unsigned long choice = any(100);
	if (choice < 4)
		fork_among_threads();
	else if (choice < 6)
		become_anew();
	else
		often[any(ARRAY_SIZE(often))]();
}

static void live(void)
{
	while (self.steps-- > 0)
		step();
	check_all();
	for (size_t i = 0; i < CHILDREN; i++)
		wait_for_child(i);
	check_all();
	_exit(0);
}

/* A process with nothing but its chunks, all written. */
static void begin(unsigned long seed, unsigned long budget, long steps)
{
	self.random = seed;
	self.budget = budget;
	self.steps = steps;
	self.file = open("file", O_RDONLY);
	self.scratch = open("scratch", O_RDWR | O_CREAT, 0600);
	const int fd = open("common", O_RDWR);
	CHECK(self.file >= 0 && self.scratch >= 0 && fd >= 0);
	self.common = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(self.common != MAP_FAILED);
	close(fd);
	self.pages = (void *)map_pages((PAGES * sizeof(self.pages[0]) + PAGE - 1) / PAGE,
				       PROT_READ | PROT_WRITE);
	/* A reservation that keeps others away, and in it the chunks. */
	self.area = map_tables(CHUNKS * MIDDLE_BYTES / TABLE_BYTES);
	for (size_t page = 0; page < PAGES; page++) {
		self.pages[page].kind = ANONYMOUS;
		self.pages[page].prot = PROT_READ | PROT_WRITE;
		write_whole(page, random_next(&self.random));
	}
	live();
}

static unsigned long first_seed = 1, processes = PROCESSES;

static void make_files(void)
{
	unsigned long words[PAGE_WORDS];
	const int fd = open("file", O_RDWR | O_CREAT, 0600);
	for (unsigned long i = 0; i < FILE_PAGES; i++) {
		fill(words, FILE_SEED + i);
		write_all(fd, words, PAGE);
	}
	close(fd);
	const int common = open("common", O_RDWR | O_CREAT, 0600);
	CHECK_EQ(ftruncate(common, (off_t)((1 + COMMON_PAGES) * PAGE)), 0);
	close(common);
}

static void every_byte_is_as_modelled(void)
{
	pid_t pids[FAMILIES];
	if (processes != PROCESSES)
		alarm(0); /* as long as was asked for */
	make_files();
	dprintf(STDOUT_FILENO, "# again: fork_random %lu %lu\n", first_seed, processes);
	for (unsigned long i = 0; i < FAMILIES; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0)
			begin(first_seed * FAMILIES + i, processes, STEPS);
	}
	for (int i = 0; i < FAMILIES; i++)
		CHECK_EXITED(wait_for(pids[i]), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = { TEST(every_byte_is_as_modelled) };
	if (argc == 4) /* a process of it that goes on in a new program */
		begin(strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10), atol(argv[3]));
	if (argc > 1)
		first_seed = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		processes = strtoul(argv[2], NULL, 10);
	return test_run(cases, ARRAY_SIZE(cases));
}
