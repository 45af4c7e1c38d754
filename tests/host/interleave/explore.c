// SPDX-License-Identifier: MIT
/* See explore.h. */
#include "tests/host/interleave/explore.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "tests/host/interleave/machine.h"

#define STACK_BYTES   (128 << 10)
#define DECISIONS_MAX 65536
#define POINTS_MAX    200000 /* of one run: more is a run that never ends */
#define PLACES        (1U << 22)
#define OBJECTS       (1U << 15)
#define LOG_LINES     400

enum thread_state { UNUSED, READY, WAITING, ENDED };

static struct thread_context {
	enum thread_state state;
	bool started;
	jmp_buf top;  /* at the first line of its life, stack empty */
	jmp_buf here; /* where it stopped */
	void (*body)(unsigned id);
	bool (*is_ready)(const void *arg);
	const void *arg;
	const char *what;
	u64 hash;
	u8 *stack;
} threads[THREADS_MAX];

int explore_current = -1;
struct explore_sums explore_sums;

static jmp_buf the_test;
static bool was_cut_off, is_sequential;
static unsigned points;

/* ---- decisions ---- */

static bool is_random;
static u64 random_state;
static unsigned switch_one_in;

static struct decision {
	u8 options, taken;
} decisions[DECISIONS_MAX];
static unsigned decided, given; /* made in this run; of them, given by the search */
static unsigned preemptions, preemptions_left;
static bool is_first;

static u64 mix(u64 x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93UL;
	x ^= x >> 29;
	x *= 0xd6e8feb86659fd93UL;
	x ^= x >> 32;
	return x;
}

unsigned explore_random(unsigned n)
{
	random_state += 0x9e3779b97f4a7c15UL;
	return (unsigned)(mix(random_state) % n);
}

bool explore_is_random(void)
{
	return is_random;
}

static unsigned decide(unsigned n)
{
	if (decided < given)
		return decisions[decided++].taken;
	if (decided == DECISIONS_MAX)
		violation("a run with more than %u decisions", decided);
	decisions[decided++] = (struct decision){ (u8)n, 0 };
	return 0;
}

unsigned explore_choose(unsigned n)
{
	if (n < 2 || is_sequential)
		return 0;
	if (is_random)
		return explore_random(n);
	const unsigned k = decide(n);
	if (explore_current >= 0)
		threads[explore_current].hash = mix(threads[explore_current].hash + k + 1);
	return k;
}

/* ---- places ---- */

/* A key with the preemptions that were left in its lowest byte; 0: empty. */
static u64 *places;

static u64 place_key(int self)
{
	u64 sum = 0;
	for (unsigned i = 0; i < THREADS_MAX; i++)
		if (threads[i].state != UNUSED)
			sum += mix(threads[i].hash + i);
	if (preemptions != PREEMPTIONS_ALL)
		sum = mix(sum + (u64)(self + 2));
	return (sum | 256) & ~255UL;
}

/* Was a run here before that had as much still to decide? If not, one is now. */
static bool was_here(int self)
{
	const u64 key = place_key(self);
	for (u64 i = key >> 8;; i++) {
		u64 *place = &places[i % PLACES];
		if (*place == 0) {
			if (explore_sums.places > PLACES / 4 * 3)
				return false;
			explore_sums.places++;
		} else if ((*place & ~255UL) != key) {
			continue;
		} else if ((*place & 255) >= preemptions_left) {
			return true;
		}
		*place = key | preemptions_left;
		return false;
	}
}

static struct object {
	const void *address;
	u64 run; /* in which it was touched last: it begins anew in each */
	u64 change, readers;
} objects[OBJECTS];
static u64 run_number;

static struct object *object_of(const void *address)
{
	const u64 granule = (u64)address & ~7UL;
	for (u64 i = mix(granule);; i++) {
		struct object *o = &objects[i % OBJECTS];
		if (o->run != run_number)
			*o = (struct object){ (const void *)granule, run_number, mix(granule), 0 };
		if (o->address == (const void *)granule)
			return o;
	}
}

void explore_read(const void *address)
{
	if (is_random || explore_current < 0)
		return;
	struct object *o = object_of(address);
	u64 *mine = &threads[explore_current].hash;
	*mine = mix(*mine + 3 * o->change);
	o->readers += *mine;
}

void explore_write(const void *address)
{
	if (is_random || explore_current < 0)
		return;
	struct object *o = object_of(address);
	u64 *mine = &threads[explore_current].hash;
	*mine = mix(*mine + 5 * o->change + 7 * o->readers);
	o->change = *mine;
	o->readers = 0;
}

/* ---- switching ---- */

static __noreturn void switch_to(int id)
{
	explore_current = id;
	if (id < 0)
		_longjmp(the_test, 1);
	struct thread_context *t = &threads[id];
	machine_run_thread((unsigned)id);
	if (t->started)
		_longjmp(t->here, 1);
	t->started = true;
	_longjmp(t->top, 1);
}

static bool can_run(const struct thread_context *t)
{
	return t->state == READY || (t->state == WAITING && t->is_ready(t->arg));
}

/* Who runs next; @self may, too, unless it is -1. -1: nobody can. */
static int next_thread(int self)
{
	u8 able[THREADS_MAX];
	unsigned n = 0;
	if (self >= 0)
		able[n++] = (u8)self;
	for (unsigned i = 0; i < THREADS_MAX; i++)
		if ((int)i != self && can_run(&threads[i]))
			able[n++] = (u8)i;
	if (n == 0)
		return -1;
	if (self >= 0 && (is_sequential || preemptions_left == 0))
		n = 1;
	if (n == 1 || is_sequential)
		return able[0];
	if (is_random) {
		if (self >= 0 && explore_random(switch_one_in) != 0)
			return self;
		return able[explore_random(n)];
	}
	if (decided >= given && was_here(self)) {
		was_cut_off = true;
		switch_to(-1);
	}
	const unsigned k = decide(n);
	if (self >= 0 && k != 0 && preemptions != PREEMPTIONS_ALL)
		preemptions_left--;
	return able[k];
}

static void leave_to(int next)
{
	if (_setjmp(threads[explore_current].here) == 0)
		switch_to(next);
}

void explore_point(void)
{
	const int self = explore_current;
	if (self < 0)
		return;
	explore_sums.points++;
	if (++points > POINTS_MAX)
		violation("the run does not come to its end");
	const int next = next_thread(self);
	if (next != self)
		leave_to(next);
}

void explore_wait(bool (*is_ready)(const void *arg), const void *arg, const char *what)
{
	struct thread_context *t = &threads[explore_current];
	if (is_ready(arg))
		return;
	t->is_ready = is_ready;
	t->arg = arg;
	t->what = what;
	t->state = WAITING;
	const int next = next_thread(-1);
	if (next < 0)
		violation("stuck: every thread waits for another");
	leave_to(next);
	t->state = READY;
}

/* A thread's first function, on its own stack; comes back here for each of its lives. */
static void thread_main(void)
{
	if (_setjmp(threads[explore_current].top) == 0)
		_longjmp(the_test, 1);
	threads[explore_current].body((unsigned)explore_current);
	threads[explore_current].state = ENDED;
	int next = next_thread(-1);
	for (unsigned i = 0; i < THREADS_MAX && next < 0; i++)
		if (threads[i].state == WAITING)
			violation("stuck: who could go on has ended");
	switch_to(next);
}

void explore_start(unsigned id, void (*body)(unsigned id))
{
	struct thread_context *t = &threads[id];
	const int creator = explore_current;
	if (t->stack == NULL) {
		t->stack = malloc(STACK_BYTES);
		ucontext_t context;
		getcontext(&context);
		context.uc_stack.ss_sp = t->stack;
		context.uc_stack.ss_size = STACK_BYTES;
		makecontext(&context, thread_main, 0);
		jmp_buf saved;
		memcpy(&saved, &the_test, sizeof(saved));
		explore_current = (int)id;
		if (_setjmp(the_test) == 0)
			setcontext(&context);
		memcpy(&the_test, &saved, sizeof(saved));
		explore_current = creator;
	}
	t->state = READY;
	t->started = false;
	t->body = body;
	t->hash = creator < 0 ? mix(id) : mix(threads[creator].hash + id + 11);
	if (creator >= 0)
		threads[creator].hash = mix(threads[creator].hash + id + 13);
}

bool explore_owns_stack(const void *address)
{
	const struct thread_context *t = &threads[explore_current];
	return (const u8 *)address >= t->stack && (const u8 *)address < t->stack + STACK_BYTES;
}

/* ---- runs ---- */

static struct log_line {
	int thread;
	const char *format, *name;
	u64 a, b;
} log_lines[LOG_LINES];
static unsigned log_count;

static void begin(void)
{
	for (unsigned i = 0; i < THREADS_MAX; i++)
		threads[i].state = UNUSED;
	run_number++;
	explore_sums.runs++;
	explore_current = -1;
	was_cut_off = is_sequential = false;
	points = decided = log_count = 0;
	preemptions_left = preemptions;
}

void explore_begin_random(u64 seed)
{
	is_random = true;
	random_state = mix(seed);
	preemptions = given = 0;
	begin();
	preemptions_left = PREEMPTIONS_ALL;
	switch_one_in = 1 + explore_random(5) * explore_random(9);
}

void explore_search(unsigned allowed)
{
	is_random = false;
	preemptions = allowed;
	is_first = true;
	decided = given = 0;
	if (places == NULL)
		places = calloc(PLACES, sizeof(*places));
	else if (explore_sums.places != 0)
		memset(places, 0, PLACES * sizeof(*places));
	explore_sums.places = 0;
}

bool explore_begin_next(void)
{
	given = decided;
	if (!is_first) {
		while (given > 0 && decisions[given - 1].taken + 1 == decisions[given - 1].options)
			given--;
		if (given == 0)
			return false;
		decisions[given - 1].taken++;
	}
	is_first = false;
	begin();
	return true;
}

bool explore_run(void)
{
	if (_setjmp(the_test) == 0) {
		const int first = next_thread(-1);
		if (first >= 0)
			switch_to(first);
	}
	explore_current = -1;
	explore_sums.cut_off += was_cut_off;
	return !was_cut_off;
}

void explore_set_sequential(bool on)
{
	is_sequential = on;
}

/* ---- reports ---- */

void explore_log(const char *format, const char *name, u64 a, u64 b)
{
	log_lines[log_count++ % LOG_LINES] =
		(struct log_line){ explore_current, format, name, a, b };
}

static void print_line(const struct log_line *l)
{
	fprintf(stderr, "  %*sT%d ", 4 * MAX(l->thread, 0), "", l->thread);
	fprintf(stderr, l->format, l->name, l->a, l->b);
	fputc('\n', stderr);
}

void explore_print(void)
{
	for (unsigned i = log_count > LOG_LINES ? log_count - LOG_LINES : 0; i < log_count; i++)
		print_line(&log_lines[i % LOG_LINES]);
	for (unsigned i = 0; i < THREADS_MAX; i++)
		if (threads[i].state == WAITING)
			fprintf(stderr, "T%u waits for %s\n", i, threads[i].what);
}
