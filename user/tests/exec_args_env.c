// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* execve hands over arguments and environment as they are, up to a limit that is an error. */
#include "lib/test.h"

#define LONG_BYTES  100000
#define MANY        2000
#define LIMIT_BYTES (128 * 1024)

static pid_t exec_child(char *const argv[], char *const envp[])
{
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		execve(TEST_SELF, argv, envp);
		_exit(errno);
	}
	return pid;
}

static void empty_and_odd_strings_arrive(void)
{
	char *const argv[] = { (char *)test_name, "odd", "", " a b ", "\n\377", "", NULL };
	char *const envp[] = { "A=1", "B=", "=C", "noequals", NULL };
	CHECK_EXITED(wait_for(exec_child(argv, envp)), 0);
}

/* One behind the other, the environment behind the arguments: programs that show a title in ps
 * write over all of it. */
static void check_strings_are_in_one_piece(char **argv)
{
	const char *next = argv[0];
	for (char **s = argv; *s != NULL; next = *s + strlen(*s) + 1, s++)
		CHECK_EQ(*s - next, 0);
	for (char **s = environ; *s != NULL; next = *s + strlen(*s) + 1, s++)
		CHECK_EQ(*s - next, 0);
}

static int check_odd(int argc, char **argv)
{
	check_strings_are_in_one_piece(argv);
	CHECK_EQ(argc, 6);
	CHECK(argv[2][0] == '\0' && argv[5][0] == '\0' && argv[6] == NULL);
	CHECK_STR(argv[3], " a b ");
	CHECK_STR(argv[4], "\n\377");
	CHECK_STR(environ[0], "A=1");
	CHECK_STR(environ[1], "B=");
	CHECK_STR(environ[2], "=C");
	CHECK_STR(environ[3], "noequals");
	CHECK(environ[4] == NULL);
	return 0;
}

static void a_long_argument_arrives(void)
{
	char *text = malloc(LONG_BYTES + 1);
	memset(text, 'x', LONG_BYTES);
	text[LONG_BYTES] = '\0';
	char *const argv[] = { (char *)test_name, "long", text, NULL };
	char *const envp[] = { NULL };
	CHECK_EXITED(wait_for(exec_child(argv, envp)), 0);
	free(text);
}

static void many_arguments_arrive(void)
{
	static char *argv[MANY + 3];
	argv[0] = (char *)test_name;
	argv[1] = "many";
	for (int i = 0; i < MANY; i++)
		CHECK(asprintf(&argv[i + 2], "argument %d", i) > 0);
	CHECK_EXITED(wait_for(exec_child(argv, environ)), 0);
}

static int check_many(int argc, char **argv)
{
	check_strings_are_in_one_piece(argv);
	CHECK_EQ(argc, MANY + 2);
	for (int i = 0; i < MANY; i++) {
		char text[32];
		snprintf(text, sizeof(text), "argument %d", i);
		CHECK_STR(argv[i + 2], text);
	}
	return 0;
}

static void a_string_beyond_32_pages_is_e2big(void)
{
	char *text = malloc(LIMIT_BYTES + 1);
	memset(text, 'x', LIMIT_BYTES);
	text[LIMIT_BYTES] = '\0';
	char *const argv[] = { (char *)test_name, "long", text, NULL };
	char *const envp[] = { NULL };
	CHECK_ERRNO(execve(TEST_SELF, argv, envp), E2BIG);
	char *const short_argv[] = { (char *)test_name, "long", NULL };
	char *const long_envp[] = { text, NULL };
	CHECK_ERRNO(execve(TEST_SELF, short_argv, long_envp), E2BIG);
	free(text);
}

static void all_together_beyond_a_quarter_of_the_stack_is_e2big(void)
{
	static char *argv[128];
	char *text = malloc(LONG_BYTES + 1);
	memset(text, 'x', LONG_BYTES);
	text[LONG_BYTES] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(argv) - 1; i++)
		argv[i] = text;
	CHECK_ERRNO(execve(TEST_SELF, argv, environ), E2BIG);
	free(text);
}

static void bad_pointers_are_efault(void)
{
	char *const argv[] = { (char *)test_name, (char *)KERNEL_LINEAR_ADDRESS, NULL };
	char *const envp[] = { NULL };
	CHECK_ERRNO(syscall(SYS_execve, KERNEL_LINEAR_ADDRESS, argv, envp), EFAULT);
	CHECK_ERRNO(syscall(SYS_execve, TEST_SELF, argv, envp), EFAULT);
	CHECK_ERRNO(syscall(SYS_execve, TEST_SELF, 0x10UL, envp), EFAULT);
	CHECK_ERRNO(syscall(SYS_execve, TEST_SELF, envp, 0x10UL), EFAULT);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(empty_and_odd_strings_arrive),
		TEST(a_long_argument_arrives),
		TEST(many_arguments_arrive),
		TEST(a_string_beyond_32_pages_is_e2big),
		TEST(all_together_beyond_a_quarter_of_the_stack_is_e2big),
		TEST(bad_pointers_are_efault),
	};
	if (argc > 1 && strcmp(argv[1], "odd") == 0)
		return check_odd(argc, argv);
	if (argc > 1 && strcmp(argv[1], "long") == 0)
		return strlen(argv[2]) != LONG_BYTES || strspn(argv[2], "x") != LONG_BYTES ||
		       environ[0] != NULL;
	if (argc > 1)
		return check_many(argc, argv);
	return test_run(cases, ARRAY_SIZE(cases));
}
