// SPDX-License-Identifier: MIT
/* Signals that a process sends itself, on purpose or by a fault. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "user/bench/area.h"
#include "user/bench/bench.h"
#include "user/bench/counter.h"

#define TIMES 50

static volatile unsigned handled;

static void handler(int number)
{
	(void)number;
	handled++;
}

static void setup_handler(const struct row *row)
{
	const struct sigaction action = { .sa_handler = handler };
	(void)row;
	VERIFY(sigaction(SIGUSR1, &action, NULL) == 0);
}

/* From before kill() to after the handler's return. */
static uint64_t deliver(const struct row *row)
{
	const pid_t self = getpid();
	int failed = 0;
	handled = 0;
	const uint64_t took = counter_loop(row->times, failed |= kill(self, SIGUSR1));
	VERIFY(failed == 0 && handled == row->times);
	return took;
}

static void setup_ignored(const struct row *row)
{
	(void)row;
	VERIFY(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
}

static uint64_t send_ignored(const struct row *row)
{
	const pid_t self = getpid();
	int failed = 0;
	const uint64_t took = counter_loop(row->times, failed |= kill(self, SIGUSR1));
	VERIFY(failed == 0);
	return took;
}

static char *forbidden;

/* Goes on behind the load, which is four bytes long. */
static void skip_load(int number, siginfo_t *info, void *context)
{
	(void)number;
	handled += info->si_addr == forbidden;
	((ucontext_t *)context)->uc_mcontext.__gregs[REG_PC] += 4;
}

static void setup_forbidden(const struct row *row)
{
	const struct sigaction action = { .sa_sigaction = skip_load, .sa_flags = SA_SIGINFO };
	(void)row;
	forbidden = mmap(NULL, PAGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	VERIFY(forbidden != MAP_FAILED && sigaction(SIGSEGV, &action, NULL) == 0);
}

static uint64_t fault(const struct row *row)
{
	handled = 0;
	const uint64_t took =
		counter_loop(row->times, __asm__ volatile(".option	push\n"
							  ".option	norvc\n"
							  "	lb	zero, 0(%0)\n"
							  ".option	pop" ::"r"(forbidden)
							  : "memory"));
	VERIFY(handled == row->times);
	return took;
}

static uint64_t block_and_back(const struct row *row)
{
	sigset_t one, old, now;
	int failed = 0;
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	const uint64_t took = counter_loop(row->times, {
		failed |= sigprocmask(SIG_BLOCK, &one, &old);
		failed |= sigprocmask(SIG_SETMASK, &old, &now);
	});
	VERIFY(failed == 0 && sigismember(&now, SIGUSR1) && !sigismember(&old, SIGUSR1));
	return took;
}

static uint64_t set_action(const struct row *row)
{
	const struct sigaction action = { .sa_handler = handler };
	struct sigaction old;
	int failed = 0;
	memset(&old, 0, sizeof(old));
	const uint64_t took = counter_loop(row->times, failed |= sigaction(SIGUSR1, &action, &old));
	VERIFY(failed == 0 && old.sa_handler == handler);
	return took;
}

static const struct row rows[] = {
	SMALL_ROW("signal", setup_handler, deliver, TIMES),
	SMALL_ROW("signal_ignored", setup_ignored, send_ignored, TIMES),
	SMALL_ROW("sigsegv", setup_forbidden, fault, TIMES),
	SMALL_ROW("sigprocmask_and_back", NULL, block_and_back, TIMES),
	SMALL_ROW("sigaction", NULL, set_action, TIMES),
};

const struct group group_signal = { "signal", rows, ARRAY_SIZE(rows) };
