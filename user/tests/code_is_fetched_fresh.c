// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/*
 * Code that was just written is what every hart executes, whoever wrote it: the program, the kernel
 * that copied a page, a file that was made. tests/system/test_code.py looks at the fences
 * meanwhile.
 */
#include "lib/test.h"

#define LI_A0(value)          (0x00000513u | (uint32_t)(value) << 20)
#define RET                   0x00008067u
#define NR_RISCV_FLUSH_ICACHE 259
#define BYTES                 (2 * sizeof(uint32_t))

static uint32_t *code;
static cpu_set_t allowed;

static void pin(int hart)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(hart, &one);
	CHECK_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
}

static void unpin(void)
{
	CHECK_EQ(sched_setaffinity(0, sizeof(allowed), &allowed), 0);
}

static void write_code(int value)
{
	code[0] = LI_A0(value);
	code[1] = RET;
}

static void call_on_every_hart(int value)
{
	for (int hart = 0; hart < CPU_SETSIZE; hart++) {
		if (!CPU_ISSET(hart, &allowed))
			continue;
		pin(hart);
		CHECK_EQ(((int (*)(void))(uintptr_t)code)(), value);
	}
	unpin();
}

static void write_from_every_hart(void (*flush)(void))
{
	code = (uint32_t *)map_pages(1, PROT_READ | PROT_WRITE | PROT_EXEC);
	for (int hart = 0; hart < CPU_SETSIZE; hart++) {
		if (!CPU_ISSET(hart, &allowed))
			continue;
		pin(hart);
		write_code(100 + hart);
		flush();
		call_on_every_hart(100 + hart);
	}
	CHECK_EQ(munmap(code, PAGE), 0);
}

static void flush_by_system_call(void)
{
	CHECK_EQ(syscall(NR_RISCV_FLUSH_ICACHE, code, (char *)code + BYTES, 0), 0);
}

static void flush_by_vdso(void)
{
	const void *at = vdso_find("__vdso_flush_icache");
	CHECK(at != NULL);
	CHECK_EQ(((long (*)(void *, void *, long))(uintptr_t)at)(code, (char *)code + BYTES, 0), 0);
}

static void a_system_call_makes_it_fetchable(void)
{
	write_from_every_hart(flush_by_system_call);
}

static void the_vdso_makes_it_fetchable(void)
{
	write_from_every_hart(flush_by_vdso);
}

static void mprotect_makes_it_fetchable(void)
{
	code = (uint32_t *)map_pages(1, PROT_READ | PROT_WRITE);
	for (int value = 1; value < 4; value++) {
		write_code(value);
		CHECK_EQ(mprotect(code, PAGE, PROT_READ | PROT_EXEC), 0);
		call_on_every_hart(value);
		CHECK_EQ(mprotect(code, PAGE, PROT_READ | PROT_WRITE), 0);
	}
	CHECK_EQ(munmap(code, PAGE), 0);
}

static void call_a_copy(void)
{
	code[100] = 1; /* the page is the child's own now, and the kernel copied the code */
	call_on_every_hart(55);
}

static void a_copied_page_is_fetchable(void)
{
	code = (uint32_t *)map_pages(1, PROT_READ | PROT_WRITE | PROT_EXEC);
	write_code(55);
	flush_by_system_call();
	call_on_every_hart(55);
	CHECK_CHILD(call_a_copy);
	call_on_every_hart(55);
	CHECK_EQ(munmap(code, PAGE), 0);
}

static void copy_file(const char *from, const char *to)
{
	static char block[1 << 16];
	const int in = open(from, O_RDONLY);
	const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0700);
	CHECK(in >= 0 && out >= 0);
	ssize_t n;
	while ((n = read(in, block, sizeof(block))) > 0)
		write_all(out, block, (size_t)n);
	CHECK_EQ(n, 0);
	close(in);
	close(out);
}

static void become_the_copy(void)
{
	char *const args[] = { (char *)(uintptr_t)test_name, "copy", NULL };
	execv("./program", args);
	test_fail(__FILE__, __LINE__, "exec: %s", strerror(errno));
}

static void a_program_that_was_just_written_runs(void)
{
	copy_file(TEST_SELF, "program");
	CHECK_EXITED(run_in_child(become_the_copy), 7);
	CHECK_EQ(unlink("program"), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_system_call_makes_it_fetchable),     TEST(the_vdso_makes_it_fetchable),
		TEST(mprotect_makes_it_fetchable),          TEST(a_copied_page_is_fetchable),
		TEST(a_program_that_was_just_written_runs),
	};
	if (argc > 1 && strcmp(argv[1], "copy") == 0)
		return 7;
	CHECK_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	return test_run(cases, ARRAY_SIZE(cases));
}
