// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* A handler's floating-point registers are its own, also if the ones that it interrupted have to be
 * fetched, on the way back, from a page that is not there and that others keep us waiting for. */
#include "lib/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <ucontext.h>

#define ROUNDS      40
#define STACK_PAGES 8
#define DISTURBERS  6 /* every other one keeps the lock busy */

static char *stack;
static size_t below_top; /* where a frame keeps these registers: so far below the stack's top */
static char *registers;  /* page that they are in; NULL: only look where */
static atomic_bool is_over;

static void set_fs3(double value)
{
	__asm__ volatile("fmv.d fs3, %0" : : "f"(value)); /* behind the compiler's back */
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	const ucontext_t *const uc = context;
	if (registers == NULL)
		below_top = (size_t)(stack + STACK_PAGES * PAGE -
				     (const char *)&uc->uc_mcontext.__fpregs);
	else
		madvise(registers, PAGE, MADV_DONTNEED); /* the file keeps what they are */
	set_fs3(-1);
}

static void use_stack(size_t bytes)
{
	const stack_t s = { .ss_sp = stack, .ss_size = bytes };
	CHECK_EQ(sigaltstack(&s, NULL), 0);
}

/* Keeps the space's lock busy. */
static void *map_and_unmap(void *arg)
{
	while (!atomic_load(&is_over)) {
		char *const p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		munmap(p, 4 * PAGE);
	}
	return arg;
}

/* Uses the registers of whoever ran before. */
static void *compute(void *arg)
{
	while (!atomic_load(&is_over)) {
		set_fs3(-2);
		sched_yield();
	}
	return arg;
}

static void raise_and_look(double wanted)
{
	register double value __asm__("fs3") = wanted;
	__asm__ volatile("" : "+f"(value));
	syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
	__asm__ volatile("" : "+f"(value));
	sched_yield();
	__asm__ volatile("" : "+f"(value));
	CHECK(value == wanted);
}

static void returning_brings_them_back(void)
{
	pthread_t threads[DISTURBERS];
	const int fd = open("stack", O_RDWR | O_CREAT, 0600);
	CHECK_EQ(ftruncate(fd, STACK_PAGES * PAGE), 0);
	stack = mmap(NULL, STACK_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(stack != MAP_FAILED);
	handle_info(SIGUSR1, on_signal, SA_ONSTACK);
	use_stack(STACK_PAGES * PAGE);
	raise_and_look(1);
	CHECK(below_top > 0 && below_top < PAGE && below_top % 16 == 0);
	/* From now on they begin a page, and the handler runs below it. */
	registers = stack + (STACK_PAGES - 1) * PAGE;
	use_stack((STACK_PAGES - 1) * PAGE + below_top);
	for (int i = 0; i < DISTURBERS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, i % 2 != 0 ? compute : map_and_unmap,
					NULL),
			 0);
	for (int i = 0; i < ROUNDS && has_time(); i++)
		raise_and_look(i);
	atomic_store(&is_over, true);
	for (int i = 0; i < DISTURBERS; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	CHECK_EQ(unlink("stack"), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(returning_brings_them_back),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
