// SPDX-License-Identifier: MIT
/*
 * The same work on 1, 2 and 4 harts at once: by processes, which share no memory, and by threads of
 * one process (_shared). What one operation takes then, all harts together, grows by what they do
 * to each other: they wait for a lock, or send each other what they must know.
 *
 * Each hart has a worker that stays there. They wait for each other in user mode and begin
 * together; the count is from the first one's beginning to the last one's end, divided by all that
 * they have done. What a worker makes to work on, it makes before, and it verifies behind.
 *
 * QEMU with -icount runs one hart at a time. That counts something only if turns are much shorter
 * than what is done: scripts/bench_harts.py sees to that.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/bench/area.h"
#include "user/bench/bench.h"
#include "user/bench/counter.h"

#define MAX_HARTS 4
#define FILE_NAME "/etc/inittab"
#define MAP_BYTES (64UL << 10)

struct worker {
	unsigned index;
	unsigned rounds;       /* that it has begun */
	uint64_t start, end;   /* the counter, around the last round */
	struct gate go, done;  /* the first worker opens one, and waits at the other */
	char *base;            /* of memory to touch */
	struct gate ask, tell; /* to its child and back */
};

/* In memory that processes share, too. */
struct team {
	unsigned arrived; /* atomic: workers at the beginning of a round, in all rounds */
	struct worker workers[MAX_HARTS];
};

static struct team *team;
static const struct row *team_row;
static cpu_set_t allowed;

static unsigned times_of_one(void)
{
	return team_row->times / team_row->harts;
}

/* Count from here on, when all are there. */
static void work_begins(struct worker *w)
{
	const unsigned all = ++w->rounds * team_row->harts;
	(void)__atomic_add_fetch(&team->arrived, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&team->arrived, __ATOMIC_ACQUIRE) < all) {}
	w->start = counter_begin();
}

static void work_ends(struct worker *w)
{
	w->end = counter_end();
}

/* ---- the work --------------------------------------------------------------------------- */

#define WORK(w, ...)                                                \
	({                                                          \
		work_begins(w);                                     \
		for (unsigned i_ = times_of_one(); i_ != 0; i_--) { \
			__VA_ARGS__;                                \
		}                                                   \
		work_ends(w);                                       \
	})

static void call_nothing(struct worker *w)
{
	const pid_t parent = getppid();
	uint64_t sum = 0;
	WORK(w, sum += (uint64_t)getppid());
	VERIFY(parent > 0 && sum == (uint64_t)parent * times_of_one());
}

static void stat_file(struct worker *w)
{
	struct stat got = { .st_size = 0 };
	int failed = 0;
	WORK(w, failed |= stat(FILE_NAME, &got));
	VERIFY(failed == 0 && S_ISREG(got.st_mode) && got.st_size > 0);
}

static void open_and_close(struct worker *w)
{
	int failed = 0;
	WORK(w, {
		const int fd = open(FILE_NAME, O_RDONLY);
		failed |= fd | close(fd);
	});
	VERIFY(failed >= 0);
}

static void map_and_unmap(struct worker *w)
{
	int failed = 0;
	WORK(w, {
		char *const base = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		failed |= base == MAP_FAILED;
		failed |= munmap(base, MAP_BYTES);
	});
	VERIFY(failed == 0);
}

static void touch_pages(struct worker *w)
{
	const size_t bytes = times_of_one() * PAGE_BYTES;
	size_t others = 0;
	if (w->base == NULL)
		w->base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);
	VERIFY(w->base != MAP_FAILED && madvise(w->base, bytes, MADV_DONTNEED) == 0);
	volatile uint64_t *word = (uint64_t *)w->base;
	WORK(w, {
		*word = 1;
		others += word[1] != 0;
		word += PAGE_BYTES / sizeof(*word);
	});
	VERIFY(others == 0);
}

static void fork_exit_wait(struct worker *w)
{
	int failed = 0;
	WORK(w, {
		int status = 0;
		const pid_t pid = fork();
		if (pid == 0)
			_exit(1);
		failed |= pid < 0 || waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 1;
	});
	VERIFY(failed == 0);
}

/* With a child on the same hart, which adds one to a byte. */
static void go_round(struct worker *w)
{
	unsigned char byte = 0;
	ssize_t sum = 0;
	if (w->rounds == 0) {
		gate_create(&w->ask);
		gate_create(&w->tell);
		if (process_fork() == 0)
			while (read(w->ask.fds[0], &byte, 1) == 1) {
				byte++;
				VERIFY(write(w->tell.fds[1], &byte, 1) == 1);
			}
	}
	WORK(w, sum += write(w->ask.fds[1], &byte, 1) + read(w->tell.fds[0], &byte, 1));
	VERIFY(sum == 2 * (ssize_t)times_of_one() && byte == (unsigned char)times_of_one());
}

static void (*const works[])(struct worker *w) = {
	call_nothing, stat_file,      open_and_close, map_and_unmap,
	touch_pages,  fork_exit_wait, go_round,
};
enum work {
	WORK_NULL_CALL,
	WORK_STAT,
	WORK_OPEN_CLOSE,
	WORK_MMAP_MUNMAP,
	WORK_FIRST_TOUCH,
	WORK_FORK,
	WORK_PIPE
};

/* ---- the team --------------------------------------------------------------------------- */

static void stay_on_own_hart(const struct worker *w)
{
	cpu_set_t one;
	int hart = -1;
	for (unsigned left = w->index + 1; left != 0; left -= CPU_ISSET(hart, &allowed))
		hart++;
	CPU_ZERO(&one);
	CPU_SET(hart, &one);
	VERIFY(sched_setaffinity(0, sizeof(one), &one) == 0);
}

/* All but the first; it ends with the row's process. */
static void *work_when_told(void *argument)
{
	struct worker *const w = argument;
	stay_on_own_hart(w);
	for (;;) {
		gate_wait(&w->go);
		works[team_row->variant](w);
		gate_open(&w->done);
	}
	return NULL;
}

static void setup_team(const struct row *row)
{
	team_row = row;
	team = mmap(NULL, sizeof(*team), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	VERIFY(team != MAP_FAILED && sched_getaffinity(0, sizeof(allowed), &allowed) == 0);
	for (unsigned i = 0; i < row->harts; i++) {
		team->workers[i].index = i;
		gate_create(&team->workers[i].go);
		gate_create(&team->workers[i].done);
	}
}

static void setup_processes(const struct row *row)
{
	setup_team(row);
	for (unsigned i = 1; i < row->harts; i++) {
		struct worker *const w = &team->workers[i];
		if (process_fork() == 0)
			work_when_told(w);
		VERIFY(close(w->done.fds[1]) == 0); /* or the end of the child would not be seen */
	}
	stay_on_own_hart(&team->workers[0]);
}

static void setup_threads(const struct row *row)
{
	pthread_t thread;
	setup_team(row);
	for (unsigned i = 1; i < row->harts; i++)
		VERIFY(pthread_create(&thread, NULL, work_when_told, &team->workers[i]) == 0);
	stay_on_own_hart(&team->workers[0]);
}

static uint64_t work_together(const struct row *row)
{
	struct worker *const first = &team->workers[0];
	for (unsigned i = 1; i < row->harts; i++)
		gate_open(&team->workers[i].go);
	works[row->variant](first);
	uint64_t start = first->start, end = first->end;
	for (unsigned i = 1; i < row->harts; i++) {
		const struct worker *const w = &team->workers[i];
		gate_wait(&w->done);
		start = w->start < start ? w->start : start;
		end = w->end > end ? w->end : end;
	}
	return counter_between(start, end);
}

#define ON_HARTS(count, title, before, work, each)                                            \
	{                                                                                     \
		.name = "harts_" #count "_" title, .setup = (before), .round = work_together, \
		.variant = (work), .times = (count) * (each), .harts = (count)                \
	}
#define PROCESSES(title, work, each)                             \
	ON_HARTS(1, title, setup_processes, work, each),         \
		ON_HARTS(2, title, setup_processes, work, each), \
		ON_HARTS(4, title, setup_processes, work, each)
#define THREADS(title, work, each)                                       \
	ON_HARTS(1, title "_shared", setup_threads, work, each),         \
		ON_HARTS(2, title "_shared", setup_threads, work, each), \
		ON_HARTS(4, title "_shared", setup_threads, work, each)

static const struct row rows[] = {
	PROCESSES("null_call", WORK_NULL_CALL, 500),
	PROCESSES("stat", WORK_STAT, 250),
	THREADS("stat", WORK_STAT, 250),
	PROCESSES("open_close", WORK_OPEN_CLOSE, 250),
	THREADS("open_close", WORK_OPEN_CLOSE, 250),
	PROCESSES("mmap_munmap", WORK_MMAP_MUNMAP, 250),
	THREADS("mmap_munmap", WORK_MMAP_MUNMAP, 250),
	PROCESSES("first_touch", WORK_FIRST_TOUCH, 256),
	THREADS("first_touch", WORK_FIRST_TOUCH, 256),
	PROCESSES("pipe_round_trip", WORK_PIPE, 100),
	PROCESSES("fork_exit_wait", WORK_FORK, 25),
};

const struct group group_harts = { "harts", rows, ARRAY_SIZE(rows) };
