// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* What a program may claim of a signal that it queues: of what nobody knows no more than is kept.
 */
#include "lib/test.h"

#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#define KEPT 48 /* bytes of a siginfo_t */

/* How many codes above 0 there are for a signal with codes of its own, and for the others. */
static const struct {
	int signal_number, codes;
} limits[] = {
	{ SIGILL, 11 }, { SIGTRAP, 6 }, { SIGBUS, 5 }, { SIGFPE, 15 }, { SIGSEGV, 10 },
	{ SIGCHLD, 6 }, { SIGPOLL, 6 }, { SIGSYS, 2 }, { SIGUSR1, 6 }, { 40, 6 },
};

static long queue(pid_t pid, int signal_number, const void *info)
{
	return syscall(SYS_rt_sigqueueinfo, pid, signal_number, info);
}

static long queue_for_thread(pid_t tid, int signal_number, const void *info)
{
	return syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, signal_number, info);
}

static siginfo_t info_with(int code)
{
	siginfo_t info = { .si_code = code };
	return info;
}

static void expect_taken(int signal_number, int code)
{
	const struct timespec now = { 0 };
	sigset_t set;
	siginfo_t got;
	sigemptyset(&set);
	sigaddset(&set, signal_number);
	CHECK_EQ(sigtimedwait(&set, &got, &now), signal_number);
	CHECK_EQ(got.si_signo, signal_number);
	CHECK_EQ(got.si_code, code);
	CHECK_EQ(((char *)&got)[KEPT], 0);
	CHECK_EQ(((char *)&got)[sizeof(got) - 1], 0);
}

static void try_code(int signal_number, int code, bool is_known)
{
	siginfo_t info = info_with(code);
	CHECK_EQ(queue(getpid(), signal_number, &info), 0);
	expect_taken(signal_number, code);
	const size_t places[] = { KEPT, sizeof(info) - 1 };
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		info = info_with(code);
		((char *)&info)[places[i]] = 1;
		if (is_known) {
			CHECK_EQ(queue(getpid(), signal_number, &info), 0);
			expect_taken(signal_number, code);
			CHECK_EQ(queue_for_thread(gettid(), signal_number, &info), 0);
			expect_taken(signal_number, code);
		} else {
			CHECK_ERRNO(queue(getpid(), signal_number, &info), E2BIG);
			CHECK_ERRNO(queue_for_thread(gettid(), signal_number, &info), E2BIG);
		}
	}
}

static void more_than_is_kept_must_be_zero_if_the_code_is_unknown(void)
{
	sigset_t all;
	sigfillset(&all);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &all, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		const int n = limits[i].signal_number;
		try_code(n, SI_USER, true);
		try_code(n, 1, true);
		try_code(n, limits[i].codes, true);
		try_code(n, limits[i].codes + 1, false);
		try_code(n, SI_KERNEL - 1, false);
		try_code(n, SI_KERNEL, true);
		try_code(n, SI_KERNEL + 1, false);
		try_code(n, SI_QUEUE, true);
		try_code(n, -7, true);
		try_code(n, -8, false);
		try_code(n, SI_ASYNCNL, true);
		try_code(n, SI_ASYNCNL - 1, false);
	}
}

static void no_more_is_read_than_is_kept_if_the_code_is_known(void)
{
	char *page =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED);
	CHECK_EQ(mprotect(page + PAGE, PAGE, PROT_NONE), 0);
	siginfo_t info = info_with(SI_QUEUE);
	char *at = memcpy(page + PAGE - KEPT, &info, KEPT);
	CHECK_EQ(queue(getpid(), 0, at), 0);
	CHECK_ERRNO(queue(getpid(), 0, at + 1), EFAULT);
	info.si_code = -8;
	memcpy(at, &info, KEPT);
	CHECK_ERRNO(queue(getpid(), 0, at), EFAULT);
	CHECK_EQ(munmap(page, 2 * PAGE), 0);
}

static void *claim_from_a_thread(void *unused)
{
	const siginfo_t user = info_with(SI_USER), queued = info_with(SI_QUEUE);
	CHECK_ERRNO(queue(getpid(), 0, &user), EPERM);
	CHECK_EQ(queue(gettid(), 0, &user), 0);
	CHECK_EQ(queue(getpid(), 0, &queued), 0);
	CHECK_EQ(queue_for_thread(gettid(), 0, &user), 0);
	CHECK_ERRNO(queue_for_thread(getpid(), 0, &user), EPERM);
	CHECK_EQ(queue_for_thread(getpid(), 0, &queued), 0);
	return NULL;
}

static void nobody_claims_to_be_the_kernel_but_to_itself(void)
{
	const pid_t pid = getppid();
	const int claims[] = { SI_USER, CLD_EXITED, SI_KERNEL, SI_TKILL };
	for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
		const siginfo_t info = info_with(claims[i]);
		CHECK_EQ(queue(getpid(), 0, &info), 0);
		CHECK_ERRNO(queue(pid, 0, &info), EPERM);
		CHECK_ERRNO(queue_for_thread(pid, 0, &info), EPERM);
		CHECK_ERRNO(queue_for_thread(0, 0, &info), EINVAL);
	}
	siginfo_t info = info_with(SI_QUEUE);
	CHECK_EQ(queue(pid, 0, &info), 0);
	CHECK_ERRNO(queue(pid, 65, &info), EINVAL);
	/* What it is comes first. */
	info = info_with(SI_KERNEL + 1);
	((char *)&info)[KEPT] = 1;
	CHECK_ERRNO(queue(pid, 65, &info), E2BIG);
	CHECK_ERRNO(queue_for_thread(0, 65, &info), E2BIG);
	pthread_t thread;
	CHECK_EQ(pthread_create(&thread, NULL, claim_from_a_thread, NULL), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(more_than_is_kept_must_be_zero_if_the_code_is_unknown),
		TEST(no_more_is_read_than_is_kept_if_the_code_is_known),
		TEST(nobody_claims_to_be_the_kernel_but_to_itself),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
