// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* What cannot be run is an error of execve, and the caller goes on as it was. */
#include "lib/test.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>

struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
	uint32_t code[6];
	char interpreter[32];
};

static void image_init(struct image *i)
{
	*i = (struct image){
		.header = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_RISCV, .e_version = EV_CURRENT,
			.e_entry = 0x10000 + offsetof(struct image, code),
			.e_phoff = offsetof(struct image, segments),
			.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1,
		},
		.segments[0] = {
			.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x10000,
			.p_align = PAGE,
			.p_filesz = sizeof(struct image), .p_memsz = sizeof(struct image),
		},
		/* li a0, 7; li a7, SYS_exit; ecall; unimp */
		.code = { 0x00700513, 0x05d00893, 0x00000073, 0 },
	};
}

static void put(const char *name, const void *bytes, size_t count, mode_t mode)
{
	const int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0700);
	CHECK(fd >= 0);
	write_all(fd, bytes, count);
	CHECK_EQ(fchmod(fd, mode), 0);
	close(fd);
}

static int run(const char *name)
{
	const pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		execl(name, name, (char *)NULL);
		_exit(errno == 0 ? 200 : errno);
	}
	return wait_for(pid);
}

static void a_small_image_of_our_own_runs(void)
{
	struct image i;
	image_init(&i);
	put("good", &i, sizeof(i), 0700);
	CHECK_EXITED(run("./good"), 7);
}

static void names_that_lead_nowhere_are_errors(void)
{
	struct image i;
	image_init(&i);
	put("file", &i, sizeof(i), 0600);
	CHECK_EQ(mkdir("directory", 0700), 0);
	CHECK_EQ(symlink("loop", "loop"), 0);
	char long_name[300];
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	CHECK_EXITED(run("./file"), EACCES); /* nobody may execute it, not even root */
	CHECK_EXITED(run("./directory"), EACCES);
	CHECK_EXITED(run("./nothing"), ENOENT);
	CHECK_EXITED(run(""), ENOENT);
	CHECK_EXITED(run("./file/x"), ENOTDIR);
	CHECK_EXITED(run("./loop"), ELOOP);
	CHECK_EXITED(run(long_name), ENAMETOOLONG);
}

static void check_noexec(const struct image *i, size_t count)
{
	put("bad", i, count, 0700);
	CHECK_EXITED(run("./bad"), ENOEXEC);
}

static void damaged_headers_are_enoexec(void)
{
	struct image i;
	image_init(&i);
	check_noexec(&i, 0);
	check_noexec(&i, 10);
	check_noexec(&i, sizeof(Elf64_Ehdr)); /* no program headers where there should be */
	image_init(&i), i.header.e_ident[0] = 'X', check_noexec(&i, sizeof(i));
	image_init(&i), i.header.e_machine = EM_X86_64, check_noexec(&i, sizeof(i));
	image_init(&i), i.header.e_type = ET_REL, check_noexec(&i, sizeof(i));
	image_init(&i), i.header.e_type = ET_CORE, check_noexec(&i, sizeof(i));
	image_init(&i), i.header.e_phentsize = 1, check_noexec(&i, sizeof(i));
	image_init(&i), i.header.e_phnum = 0, check_noexec(&i, sizeof(i));
	image_init(&i), i.header.e_phnum = 0xffff, check_noexec(&i, sizeof(i));
	image_init(&i), i.header.e_phoff = 1UL << 62, check_noexec(&i, sizeof(i));
	image_init(&i), memset(&i, 'g', sizeof(i)), check_noexec(&i, sizeof(i));
}

static void set_interpreter(struct image *i, const char *path)
{
	i->header.e_phnum = 2;
	i->segments[1] = (Elf64_Phdr){ .p_type = PT_INTERP,
				       .p_offset = offsetof(struct image, interpreter),
				       .p_filesz = strlen(path) + 1 };
	strcpy(i->interpreter, path);
}

static void interpreters_must_exist(void)
{
	struct image i;
	image_init(&i);
	set_interpreter(&i, "/no/such/interpreter");
	put("bad", &i, sizeof(i), 0700);
	CHECK_EXITED(run("./bad"), ENOENT);
	i.segments[1].p_filesz = 5; /* does not end in 0 */
	check_noexec(&i, sizeof(i));
	i.segments[1].p_filesz = 1UL << 40;
	check_noexec(&i, sizeof(i));
}

/* Where Linux has passed its point of no return, it kills; elsewhere execve fails. Nothing else may
 * happen. */
static void check_hostile(const struct image *i)
{
	put("bad", i, sizeof(*i), 0700);
	const int status = run("./bad");
	CHECK(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) != 7));
}

static void hostile_images_end_nobody_but_themselves(void)
{
	struct image i;
	image_init(&i), i.segments[0].p_memsz = 1UL << 50, check_hostile(&i);
	image_init(&i), i.segments[0].p_memsz = ~0UL, check_hostile(&i);
	image_init(&i), i.segments[0].p_filesz = ~0UL, check_hostile(&i);
	image_init(&i), i.segments[0].p_filesz = 2 * PAGE, i.segments[0].p_memsz = PAGE,
			check_hostile(&i);
	image_init(&i), i.segments[0].p_vaddr = KERNEL_IMAGE_ADDRESS, check_hostile(&i);
	image_init(&i), i.segments[0].p_vaddr = ~0UL - PAGE + 1, check_hostile(&i);
	image_init(&i), i.segments[0].p_offset = 1UL << 62, check_hostile(&i);
	image_init(&i), i.header.e_entry = KERNEL_IMAGE_ADDRESS, check_hostile(&i);
	image_init(&i), i.header.e_entry = 0, check_hostile(&i);
	CHECK_EQ(getppid() > 0, true);
	a_small_image_of_our_own_runs();
}

/* A segment of the file where the stack is to be: the kernel writes arguments there, and everybody
 * who may write the file can cut it meanwhile. */
static void no_file_stands_where_the_stack_does(void)
{
	const uint64_t top = 0x3ffffff000, bytes = 2UL << 30, start = top - bytes;
	struct image i;
	image_init(&i);
	i.header.e_entry = start + offsetof(struct image, code);
	i.segments[0].p_vaddr = start;
	i.segments[0].p_flags = PF_R | PF_W | PF_X;
	i.segments[0].p_filesz = i.segments[0].p_memsz = bytes;
	put("bad", &i, sizeof(i), 0700);
	CHECK_EQ(truncate("bad", (off_t)bytes), 0);
	const int status = run("./bad");
	/* Where a machine has larger spaces the stack is elsewhere. */
	const bool is_there = (uint64_t)&i >= start && (uint64_t)&i < top;
	CHECK(WIFSIGNALED(status) || (WIFEXITED(status) && (WEXITSTATUS(status) == 7) != is_there));
	CHECK_EQ(unlink("bad"), 0);
}

static void check_vdso_is_outside(pid_t pid, uint64_t start, uint64_t end)
{
	char name[32], line[256];
	snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
	FILE *f = fopen(name, "r");
	CHECK(f != NULL);
	int vdsos = 0, starts = 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		const uint64_t at = strtoull(line, NULL, 16);
		starts += at == start;
		if (strstr(line, "[vdso]") == NULL)
			continue;
		vdsos++;
		CHECK(at < start || at >= end);
	}
	CHECK_EQ(fclose(f), 0);
	CHECK_EQ(vdsos, 1);
	CHECK_EQ(starts, 1);
}

/* One that stops itself, linked to where the vDSO is in this program, and, if nothing is random, in
 * the next. */
static void image_init_around_vdso(struct image *i, uint64_t start, uint64_t bytes)
{
	static const uint32_t code[] = {
		0x0ac00893, /* li a7, SYS_getpid */
		0x00000073, /* ecall */
		0x01300593, /* li a1, SIGSTOP */
		0x08100893, /* li a7, SYS_kill */
		0x00000073, /* ecall */
		0x0000006f, /* j . */
	};
	image_init(i);
	i->header.e_entry = start + offsetof(struct image, code);
	i->segments[0].p_vaddr = start;
	i->segments[0].p_memsz = bytes;
	i->segments[0].p_flags = PF_R | PF_W | PF_X;
	memcpy(i->code, code, sizeof(code));
}

static void check_both_are_there(const char *path, uint64_t start, uint64_t end)
{
	const pid_t pid = vfork();
	CHECK(pid >= 0);
	if (pid == 0) {
		execl(path, path, (char *)NULL);
		_exit(1);
	}
	/* Linux lets the parent go before all is mapped. */
	int status;
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	check_vdso_is_outside(pid, start, end);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_KILLED(wait_for(pid), SIGKILL);
}

static void a_program_in_the_place_of_the_vdso_has_both(void)
{
	const uint64_t half = 1UL << 20, start = getauxval(AT_SYSINFO_EHDR) - half;
	struct image i;
	image_init_around_vdso(&i, start, 2 * half);
	put("good", &i, sizeof(i), 0700);
	check_both_are_there("./good", start, start + 2 * half);
	/* And so has one whose interpreter is. */
	image_init(&i);
	set_interpreter(&i, "./good");
	put("interpreted", &i, sizeof(i), 0700);
	check_both_are_there("./interpreted", start, start + 2 * half);
}

static void the_caller_keeps_everything(void)
{
	char *p = map_pages(1, PROT_READ | PROT_WRITE);
	strcpy(p, "kept");
	const int fd = open("bad", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	handle(SIGUSR1, _exit, 0);
	CHECK_ERRNO(execl("./bad", "./bad", (char *)NULL), ENOEXEC);
	CHECK_STR(p, "kept");
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	struct sigaction action;
	CHECK_EQ(sigaction(SIGUSR1, NULL, &action), 0);
	CHECK(action.sa_handler == _exit);
	handle(SIGUSR1, SIG_DFL, 0);
	CHECK_EQ(munmap(p, PAGE), 0);
	close(fd);
}

static void a_failed_exec_leaves_its_caller_as_it_was(void)
{
	put("bad", "garbage", 7, 0700);
	the_caller_keeps_everything();
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_small_image_of_our_own_runs),
		TEST(names_that_lead_nowhere_are_errors),
		TEST(damaged_headers_are_enoexec),
		TEST(interpreters_must_exist),
		TEST(hostile_images_end_nobody_but_themselves),
		TEST(no_file_stands_where_the_stack_does),
		TEST(a_program_in_the_place_of_the_vdso_has_both),
		TEST(a_failed_exec_leaves_its_caller_as_it_was),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
