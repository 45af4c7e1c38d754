// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* #! names an interpreter, with one optional argument; interpreters may be scripts; it has to end
 * somewhere. */
#include "lib/test.h"

#define SELF_LINE "#!" TEST_SELF " exec_script"

static void put(const char *name, const char *text)
{
	const int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0700);
	CHECK(fd >= 0);
	write_all(fd, text, strlen(text));
	close(fd);
}

/* What the script's interpreter prints: its arguments, each with | after it. */
static void check_output(const char *script, const char *expected)
{
	int ends[2];
	CHECK_EQ(pipe(ends), 0);
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execl(script, "zero", "one", "two three", (char *)NULL);
		_exit(errno);
	}
	close(ends[1]);
	CHECK_EXITED(wait_for(pid), 0);
	char text[512] = { 0 };
	CHECK(read(ends[0], text, sizeof(text) - 1) > 0);
	close(ends[0]);
	CHECK_STR(text, expected);
}

static void the_interpreter_gets_the_scripts_name_and_arguments(void)
{
	put("a", SELF_LINE "\nrest\n");
	check_output("./a", "./a|one|two three|");
}

static void what_follows_the_interpreter_is_one_argument(void)
{
	put("print", SELF_LINE "\n");
	put("a", "#!  ./print  -x y  z \t\nrest");
	check_output("./a", "./print|-x y  z|./a|one|two three|");
	put("a", "#!./print");
	check_output("./a", "./print|./a|one|two three|");
}

static void scripts_may_be_interpreters(void)
{
	put("a", SELF_LINE "\n");
	put("b", "#!./a 1\n");
	put("c", "#!./b 2\n");
	check_output("./c", "./a|1|./b|2|./c|one|two three|");
	put("d", "#!./c 3\n");
	put("e", "#!./d 4\n");
	check_output("./e", "./a|1|./b|2|./c|3|./d|4|./e|one|two three|");
}

static int exec_errno(const char *name)
{
	CHECK_EQ(execl(name, name, (char *)NULL), -1);
	return errno;
}

static void after_five_it_is_a_loop(void)
{
	put("f", "#!./e 5\n");
	CHECK_EQ(exec_errno("./f"), ELOOP);
}

/* What @name in @directory prints. */
static void check_output_at(int directory, const char *name, const char *expected)
{
	int ends[2];
	char *const arguments[] = { (char *)test_name, "one", NULL };
	char text[512] = { 0 };
	CHECK_EQ(pipe(ends), 0);
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		syscall(SYS_execveat, directory, name, arguments, environ, AT_EMPTY_PATH);
		_exit(errno);
	}
	close(ends[1]);
	CHECK_EXITED(wait_for(pid), 0);
	CHECK(read(ends[0], text, sizeof(text) - 1) > 0);
	close(ends[0]);
	CHECK_STR(text, expected);
}

static void a_script_by_a_descriptor_has_a_name_of_it(void)
{
	char expected[64];
	put("a", SELF_LINE "\n");
	const int directory = open(".", O_RDONLY | O_DIRECTORY);
	const int program = open(TEST_SELF, O_RDONLY | O_CLOEXEC);
	CHECK(directory >= 0 && program >= 0);
	snprintf(expected, sizeof(expected), "/dev/fd/%d/a|one|", directory);
	check_output_at(directory, "a", expected);
	check_output_at(program, "", "one|");
	CHECK_EQ(close(directory), 0);
	CHECK_EQ(close(program), 0);
}

/* The interpreter would be told /dev/fd/N. */
static void a_script_by_a_descriptor_that_exec_closes_is_lost(void)
{
	char *const none[] = { NULL };
	put("a", SELF_LINE "\n");
	const int script = open("a", O_RDONLY | O_CLOEXEC);
	const int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(script >= 0 && directory >= 0);
	CHECK_ERRNO(syscall(SYS_execveat, script, "", none, none, AT_EMPTY_PATH), ENOENT);
	CHECK_ERRNO(syscall(SYS_execveat, directory, "a", none, none, 0), ENOENT);
	CHECK_EQ(close(script), 0);
	CHECK_EQ(close(directory), 0);
}

static void bad_scripts_are_errors(void)
{
	put("missing", "#!/no/such/interpreter\n");
	CHECK_EQ(exec_errno("./missing"), ENOENT);
	put("empty", "#!\n");
	CHECK_EQ(exec_errno("./empty"), ENOEXEC);
	put("spaces", "#!   \n");
	CHECK_EQ(exec_errno("./spaces"), ENOEXEC);
	put("self", "#!./self\n");
	CHECK_EQ(exec_errno("./self"), ELOOP);
	put("directory", "#!.\n");
	CHECK_EQ(exec_errno("./directory"), EACCES);
	put("plain", "echo hello\n");
	CHECK_EQ(exec_errno("./plain"), ENOEXEC);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(the_interpreter_gets_the_scripts_name_and_arguments),
		TEST(what_follows_the_interpreter_is_one_argument),
		TEST(scripts_may_be_interpreters),
		TEST(after_five_it_is_a_loop),
		TEST(a_script_by_a_descriptor_has_a_name_of_it),
		TEST(a_script_by_a_descriptor_that_exec_closes_is_lost),
		TEST(bad_scripts_are_errors),
	};
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			printf("%s|", argv[i]);
		return 0;
	}
	return test_run(cases, ARRAY_SIZE(cases));
}
