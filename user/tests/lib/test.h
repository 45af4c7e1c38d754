/* SPDX-License-Identifier: MIT */
/*
 * What a test program is made of. Each user/tests/<name>.c defines test_main(), which names its
 *cases:
 *
 *	static void a_sentence_about_behaviour(void) { CHECK(...); }
 *
 *	int test_main(int argc, char **argv)
 *	{
 *		static const struct test_case cases[] = { TEST(a_sentence_about_behaviour) };
 *		return test_run(cases, ARRAY_SIZE(cases));
 *	}
 *
 * A failing check prints where and what, and ends its case; in a child it ends the child. Cases run
 *in an empty directory of their own, which goes at the end. Output is KTAP, the exit status 0 or 1.
 *
 * All programs are linked into one ELF, which knows by argv[0] who it is meant to be: nothing here
 *or there may have a global name but test_main.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE          4096UL

/* Addresses nobody may use: no user space, Sv39 to Sv57, reaches there. The last is not canonical
 * in Sv39. */
#define KERNEL_LINEAR_ADDRESS 0xffffffc000000000UL
#define KERNEL_IMAGE_ADDRESS  0xffffffff80000000UL
#define NON_CANONICAL_ADDRESS 0x0800000000000000UL

/* Exit status of a child in which a check failed. */
#define TEST_CHILD_FAILED 99

typedef void test_fn(void);

struct test_case {
	const char *name;
	test_fn *run;
};

#define TEST(function)              \
	{                           \
#function, function \
	}

int test_main(int argc, char **argv);

/* Run the cases. Returns: what test_main() is to return. */
int test_run(const struct test_case *cases, size_t count);

/* End the case: "# file:line: message". */
void test_fail(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

/* End the program, in which nothing can be tested here. */
void test_skip(const char *why) __attribute__((noreturn));

/* Is another round of what may meet a race worth while? Not when the case has taken long already:
 * where harts share fewer processors, one that waits for all of them may wait a second. */
bool has_time(void);

/* Fork; the child runs @fn and exits 0 unless a check fails. Returns: its status, as of waitpid().
 */
int run_in_child(test_fn *fn);

/* Fork a child that runs @fn and exits 0. Returns: its id. */
pid_t start_child(test_fn *fn);

/* Returns: the status of @pid, for which it waits. */
int wait_for(pid_t pid);

/* The state of @pid, which is there, as in /proc: R, S, T, Z. */
char state_of(pid_t pid);
/* Wait until @pid, which does not end, sleeps: it may do so before it comes to what is meant. */
void wait_until_asleep(pid_t pid);

/* As run_in_child(), of this program's ELF: execs it as `<name of the test> @word`. */
int run_self(const char *word);

/* The program's own ELF: valid for execve(). */
#define TEST_SELF "/proc/self/exe"
/* The name the test goes by: argv[0] for an exec of TEST_SELF. */
extern const char *test_name;

/* Install @handler with @flags. */
void handle(int signal_number, void (*handler)(int), int flags);
void handle_info(int signal_number, void (*handler)(int, siginfo_t *, void *), int flags);

/* Anonymous private memory of @pages pages, or a failed check. */
char *map_pages(size_t pages, int prot);

/* A new file @name of @size bytes, where byte i is i % 251. Returns: a descriptor, open both ways.
 */
int make_file(const char *name, size_t size);

/* Write or read all of it, or a failed check. */
void write_all(int fd, const void *from, size_t count);
void read_all(int fd, void *to, size_t count);

/* The vDSO's symbol @name. NULL: there is none. */
const void *vdso_find(const char *name);

/* Touch @address in a child. Returns: 0, or the signal that came; *@code is its si_code if @code.
 */
enum touch { TOUCH_READ, TOUCH_WRITE, TOUCH_CALL };
int touch_signal(const volatile void *address, enum touch how, int *code);

#define CHECK(condition)                                                                         \
	do {                                                                                     \
		if (!(condition))                                                                \
			test_fail(__FILE__, __LINE__, "%s; errno is %d (%s)", #condition, errno, \
				  strerror(errno));                                              \
	} while (0)

#define CHECK_EQ(a, b)                                                                          \
	do {                                                                                    \
		const long long a_ = (long long)(a), b_ = (long long)(b);                       \
		if (a_ != b_)                                                                   \
			test_fail(__FILE__, __LINE__,                                           \
				  "%s is %lld (%#llx), not %s = %lld (%#llx); errno is %d", #a, \
				  a_, a_, #b, b_, b_, errno);                                   \
	} while (0)

/* @expression fails with errno @wanted. */
#define CHECK_ERRNO(expression, wanted)                                                         \
	do {                                                                                    \
		errno = 0;                                                                      \
		const long long r_ = (long long)(expression);                                   \
		const int e_ = errno;                                                           \
		if (r_ != -1 || e_ != (wanted))                                                 \
			test_fail(__FILE__, __LINE__,                                           \
				  "%s is %lld with errno %d (%s), not -1 with %s", #expression, \
				  r_, e_, strerror(e_), #wanted);                               \
	} while (0)

#define CHECK_STR(a, b)                                                                        \
	do {                                                                                   \
		const char *a_ = (a), *b_ = (b);                                               \
		if (strcmp(a_, b_) != 0)                                                       \
			test_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #a, a_, b_); \
	} while (0)

/* The status is that of a child that exited with @code, or was killed by @sig. */
#define CHECK_EXITED(status, code)                                                           \
	do {                                                                                 \
		const int s_ = (status);                                                     \
		if (!WIFEXITED(s_) || WEXITSTATUS(s_) != (code))                             \
			test_fail(__FILE__, __LINE__, "%s: wait status is %#x, not exit %d", \
				  #status, s_, (int)(code));                                 \
	} while (0)

#define CHECK_KILLED(status, sig)                                                              \
	do {                                                                                   \
		const int s_ = (status);                                                       \
		if (!WIFSIGNALED(s_) || WTERMSIG(s_) != (sig))                                 \
			test_fail(__FILE__, __LINE__, "%s: wait status is %#x, not signal %d", \
				  #status, s_, (int)(sig));                                    \
	} while (0)

/* A child in which nothing failed. */
#define CHECK_CHILD(fn) CHECK_EXITED(run_in_child(fn), 0)
