// SPDX-License-Identifier: MIT
/* A handler may have a stack of its own, and keeps the one it interrupted. */
#include "lib/test.h"

static char alternate[64 * 1024] __attribute__((aligned(16)));
static volatile bool was_on_it, flag_said_so;
static volatile int nested;

static bool is_on_alternate(const volatile void *p)
{
	return (const volatile char *)p >= alternate &&
	       (const volatile char *)p < alternate + sizeof(alternate);
}

static void on_signal(int signal_number)
{
	volatile char here;
	stack_t now;
	was_on_it = is_on_alternate(&here);
	flag_said_so = sigaltstack(NULL, &now) == 0 && (now.ss_flags & SS_ONSTACK);
	const stack_t other = { .ss_flags = SS_DISABLE };
	if (was_on_it && (sigaltstack(&other, NULL) != -1 || errno != EPERM))
		_exit(98); /* it cannot be changed while it is in use */
	if (nested++ == 0)
		raise(SIGUSR2);
}

static void handlers_run_on_it_if_they_ask(void)
{
	const stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	CHECK_EQ(sigaltstack(&stack, NULL), 0);
	handle(SIGUSR1, on_signal, SA_ONSTACK);
	handle(SIGUSR2, on_signal, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK_EQ(nested, 2);
	CHECK(was_on_it && flag_said_so);
	handle(SIGUSR1, on_signal, 0);
	nested = 1;
	raise(SIGUSR1);
	CHECK(!was_on_it && !flag_said_so);
}

static void senseless_stacks_are_errors(void)
{
	const stack_t small = { .ss_sp = alternate, .ss_size = 100 };
	CHECK_ERRNO(sigaltstack(&small, NULL), ENOMEM);
	const stack_t flags = { .ss_sp = alternate,
				.ss_size = sizeof(alternate),
				.ss_flags = 0x1234 };
	CHECK_ERRNO(sigaltstack(&flags, NULL), EINVAL);
	const stack_t off = { .ss_flags = SS_DISABLE };
	stack_t old;
	CHECK_EQ(sigaltstack(&off, &old), 0);
	CHECK(old.ss_sp == alternate && old.ss_size == sizeof(alternate));
	CHECK_EQ(sigaltstack(NULL, &old), 0);
	CHECK_EQ(old.ss_flags, SS_DISABLE);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(handlers_run_on_it_if_they_ask),
		TEST(senseless_stacks_are_errors),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
