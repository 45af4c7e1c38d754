// SPDX-License-Identifier: MIT
/* Code that a program writes and then makes executable runs, also when it is written anew. */
#include "lib/test.h"

#define LI_A0(value) (0x00000513u | (uint32_t)(value) << 20)
#define RET          0x00008067u

static uint32_t *code;

static void write_code(int value)
{
	code[0] = LI_A0(value);
	code[1] = RET;
	__builtin___clear_cache((char *)code, (char *)(code + 2));
}

static int call_code(void)
{
	return ((int (*)(void))(uintptr_t)code)();
}

static void written_code_runs_once_it_is_executable(void)
{
	code = (uint32_t *)map_pages(1, PROT_READ | PROT_WRITE);
	for (int value = 1; value <= 20; value++) {
		write_code(value);
		CHECK_EQ(mprotect(code, PAGE, PROT_READ | PROT_EXEC), 0);
		__builtin___clear_cache((char *)code, (char *)(code + 2));
		CHECK_EQ(call_code(), value);
		CHECK_EQ(touch_signal(code, TOUCH_WRITE, NULL), SIGSEGV);
		CHECK_EQ(mprotect(code, PAGE, PROT_READ | PROT_WRITE), 0);
		CHECK_EQ(touch_signal(code, TOUCH_CALL, NULL), SIGSEGV);
	}
	CHECK_EQ(munmap(code, PAGE), 0);
}

static void child(void)
{
	CHECK_EQ(call_code(), 1);
	write_code(2);
	CHECK_EQ(call_code(), 2);
}

static void a_childs_new_code_is_its_own(void)
{
	code = (uint32_t *)map_pages(1, PROT_READ | PROT_WRITE | PROT_EXEC);
	write_code(1);
	CHECK_EQ(call_code(), 1);
	CHECK_CHILD(child);
	CHECK_EQ(call_code(), 1);
	CHECK_EQ(munmap(code, PAGE), 0);
}

static void code_in_a_file_runs_from_its_mapping(void)
{
	const uint32_t bytes[] = { LI_A0(33), RET };
	const int fd = open("code", O_RDWR | O_CREAT, 0700);
	write_all(fd, bytes, sizeof(bytes));
	code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	CHECK(code != MAP_FAILED);
	CHECK_EQ(call_code(), 33);
	CHECK_EQ(munmap(code, PAGE), 0);
	close(fd);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(written_code_runs_once_it_is_executable),
		TEST(a_childs_new_code_is_its_own),
		TEST(code_in_a_file_runs_from_its_mapping),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
