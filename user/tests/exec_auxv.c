// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* What the kernel tells a new program beside its arguments: the auxiliary vector. */
#include "lib/test.h"

#include <elf.h>
#include <sys/auxv.h>

static int pipe_end;

static void plain_numbers_are_right(void)
{
	CHECK_EQ(getauxval(AT_PAGESZ), PAGE);
	CHECK_EQ(getauxval(AT_UID), getuid());
	CHECK_EQ(getauxval(AT_EUID), geteuid());
	CHECK_EQ(getauxval(AT_GID), getgid());
	CHECK_EQ(getauxval(AT_EGID), getegid());
	CHECK_EQ(getauxval(AT_SECURE), 0);
	CHECK_EQ(getauxval(AT_CLKTCK), 100);
	const unsigned long imafdc = 1 << ('i' - 'a') | 1 << ('m' - 'a') | 1 << 0 |
				     1 << ('f' - 'a') | 1 << ('d' - 'a') | 1 << ('c' - 'a');
	CHECK_EQ(getauxval(AT_HWCAP) & imafdc, imafdc);
}

static void program_headers_are_where_it_says(void)
{
	const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
	CHECK_EQ(getauxval(AT_PHENT), sizeof(*headers));
	const unsigned long count = getauxval(AT_PHNUM);
	CHECK(count > 0 && count < 32);
	bool entry_found = false;
	const unsigned long entry = getauxval(AT_ENTRY);
	for (unsigned long i = 0; i < count; i++)
		if (headers[i].p_type == PT_LOAD && (headers[i].p_flags & PF_X) &&
		    entry >= headers[i].p_vaddr && entry < headers[i].p_vaddr + headers[i].p_memsz)
			entry_found = true;
	CHECK(entry_found);
	CHECK_EQ(getauxval(AT_BASE), 0); /* nothing interprets a static program */
}

static void execfn_is_the_path_of_the_program(void)
{
	CHECK_EXITED(run_self("execfn"), 0);
}

static void random_bytes_differ_between_programs(void)
{
	unsigned char bytes[3][16];
	for (int i = 0; i < 3; i++) {
		int ends[2];
		CHECK_EQ(pipe(ends), 0);
		pipe_end = ends[1];
		CHECK_EQ(dup2(ends[1], 50), 50);
		CHECK_EXITED(run_self("random"), 0);
		read_all(ends[0], bytes[i], 16);
		close(ends[0]);
		close(ends[1]);
	}
	CHECK(memcmp(bytes[0], bytes[1], 16) != 0);
	CHECK(memcmp(bytes[1], bytes[2], 16) != 0);
}

static void the_vdso_is_an_elf_with_its_symbols(void)
{
	const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
	CHECK(base != NULL);
	CHECK_EQ((uintptr_t)base % PAGE, 0);
	CHECK_EQ(memcmp(base, ELFMAG, SELFMAG), 0);
	CHECK_EQ(((const Elf64_Ehdr *)base)->e_machine, EM_RISCV);
	CHECK(vdso_find("__vdso_rt_sigreturn") != NULL);
	CHECK(vdso_find("__vdso_clock_gettime") != NULL);
	CHECK(vdso_find("__vdso_flush_icache") != NULL);
	CHECK(vdso_find("__vdso_no_such") == NULL);
	CHECK_EQ(touch_signal(base, TOUCH_WRITE, NULL), SIGSEGV);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(plain_numbers_are_right),
		TEST(program_headers_are_where_it_says),
		TEST(execfn_is_the_path_of_the_program),
		TEST(random_bytes_differ_between_programs),
		TEST(the_vdso_is_an_elf_with_its_symbols),
	};
	if (argc > 1 && strcmp(argv[1], "execfn") == 0)
		return strcmp((const char *)getauxval(AT_EXECFN), TEST_SELF) != 0;
	if (argc > 1)
		return write(50, (const void *)getauxval(AT_RANDOM), 16) != 16;
	return test_run(cases, ARRAY_SIZE(cases));
}
