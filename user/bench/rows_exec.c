// SPDX-License-Identifier: MIT
/*
 * Whole lives of children: from before fork(), vfork() or posix_spawn() to after waitpid(). On one
 * hart that is all that parent and child do, in whatever order. That a child has lived, and by
 * which program, shows in its exit status: each has another, and the ones of the tiny ELF and of
 * the static program come from nowhere else.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/bench/area.h"
#include "user/bench/bench.h"
#include "user/bench/counter.h"

#define TINY_STATUS   77
#define STATIC_STATUS 78
/* Children that execute nothing exit with one of 0 to 63. */
#define PLAIN_STATUSES 64

/* ---- fork, exit, wait ------------------------------------------------------------------- */

static struct area area;
static uint64_t writer;

static void setup_area(const struct row *row)
{
	VERIFY(area_map(&area, row->bytes) == 0);
}

static uint64_t fork_exit_wait(const struct row *row)
{
	const uint64_t children = shared->children;
	const int wanted = (int)(children % PLAIN_STATUSES);
	int status;
	area_write(&area, ++writer);
	const uint64_t start = counter_begin();
	const pid_t pid = fork();
	if (pid == 0) {
		shared->children++;
		_exit(wanted);
	}
	const pid_t dead = pid < 0 ? pid : waitpid(pid, &status, 0); /* or errno is gone */
	const uint64_t end = counter_end();
	process_forked(pid);
	VERIFY(dead == pid && shared->children == children + 1);
	process_verify(status, wanted);
	VERIFY(area_count_others(&area, 0, writer) == 0);
	return counter_between(start, end);
}

/* From a child's exit() with memory of its own, all there, to after its parent's waitpid(). */
static uint64_t exit_big(const struct row *row)
{
	int status;
	const pid_t pid = process_fork();
	if (pid == 0) {
		VERIFY(area_map(&area, row->bytes) == 0);
		area_write(&area, 1);
		shared->child_began = counter_begin();
		_exit(PLAIN_STATUSES - 1);
	}
	const pid_t dead = waitpid(pid, &status, 0);
	const uint64_t end = counter_end();
	VERIFY(dead == pid);
	process_verify(status, PLAIN_STATUSES - 1);
	return counter_between(shared->child_began, end);
}

/* Linux may keep what is freed first in a stock of the hart's, which does not count as free. */
static void setup_exit(const struct row *row)
{
	(void)exit_big(row);
}

/* The memory must be free by then: what the kernel does later would not be counted. */
static uint64_t exit_big_and_free(const struct row *row)
{
	struct sysinfo before, after;
	VERIFY(sysinfo(&before) == 0);
	const uint64_t took = exit_big(row);
	VERIFY(sysinfo(&after) == 0 && after.freeram + row->bytes / 4 > before.freeram);
	return took;
}

/* ---- programs --------------------------------------------------------------------------- */

/* The smallest static ELF: one segment with the headers and three instructions. */
struct tiny {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	uint32_t code[3];
};

#define TINY_ADDRESS 0x10000UL
#define ADDI(rd, value)                                                          \
	(((uint32_t)(value) << 20) | ((rd) << 7) | 0x13) /* addi rd, zero, value \
							  */
#define RD_A0   10U
#define RD_A7   17U
#define ECALL   0x73U
#define NR_EXIT 93U

static const struct tiny tiny = {
	.header = {
		/* clang-format off */
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
			     ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		/* clang-format on */
		.e_type = ET_EXEC,
		.e_machine = EM_RISCV,
		.e_version = EV_CURRENT,
		.e_entry = TINY_ADDRESS + offsetof(struct tiny, code),
		.e_phoff = offsetof(struct tiny, segment),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
	},
	.segment = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_vaddr = TINY_ADDRESS,
		.p_filesz = sizeof(struct tiny),
		.p_memsz = sizeof(struct tiny),
		.p_align = PAGE_BYTES,
	},
	.code = { ADDI(RD_A0, TINY_STATUS), ADDI(RD_A7, NR_EXIT), ECALL },
};

static char tiny_path[] = "/tmp/bench-tiny-XXXXXX";

/* How the program is started, with what, and what it exits with. */
static const char *program;
static char *arguments[3];
static int program_status;

static void remove_tiny(void)
{
	unlink(tiny_path);
}

static void setup_tiny(const struct row *row)
{
	const int fd = mkostemp(tiny_path, O_CLOEXEC);
	(void)row;
	VERIFY(fd >= 0 && atexit(remove_tiny) == 0);
	VERIFY(write(fd, &tiny, sizeof(tiny)) == sizeof(tiny));
	VERIFY(fchmod(fd, 0755) == 0 && close(fd) == 0);
	program = arguments[0] = tiny_path;
	program_status = TINY_STATUS;
}

static void setup_static(const struct row *row)
{
	static char path[4096], status[8];
	const ssize_t length = readlink(BENCH_SELF, path, sizeof(path) - 1);
	(void)row;
	VERIFY(length > 0);
	snprintf(status, sizeof(status), "%d", STATIC_STATUS);
	program = path;
	arguments[0] = "bench-exit";
	arguments[1] = status;
	program_status = STATIC_STATUS;
}

/* Not in the environment's way: the programs have none. */
static char *no_environment[] = { NULL };

enum start { BY_FORK, BY_VFORK, BY_SPAWN };

/* Returns: the child's id, or -1 with errno. */
static pid_t start_program(enum start how)
{
	pid_t pid = -1;
	if (how == BY_SPAWN) {
		errno = posix_spawn(&pid, program, NULL, NULL, arguments, no_environment);
		return errno == 0 ? pid : -1;
	}
	pid = how == BY_VFORK ? vfork() : fork();
	if (pid == 0) {
		execve(program, arguments, no_environment);
		_exit(0); /* which is not the program's status */
	}
	return pid;
}

static uint64_t run_program(const struct row *row)
{
	int status;
	const uint64_t start = counter_begin();
	const pid_t pid = start_program((enum start)row->variant);
	const pid_t dead = pid < 0 ? pid : waitpid(pid, &status, 0); /* or errno is gone */
	const uint64_t end = counter_end();
	process_forked(pid);
	VERIFY(dead == pid);
	process_verify(status, program_status);
	return counter_between(start, end);
}

#define MEBI (1UL << 20)

static const struct row rows[] = {
	{ .name = "fork_exit_wait_small", .round = fork_exit_wait },
	{ .name = "fork_exit_wait_64M",
	  .setup = setup_area,
	  .round = fork_exit_wait,
	  .bytes = 64 * MEBI },
	{ .name = "fork_exit_wait_512M",
	  .setup = setup_area,
	  .round = fork_exit_wait,
	  .bytes = 512 * MEBI },
	{ .name = "exit_256M",
	  .setup = setup_exit,
	  .round = exit_big_and_free,
	  .bytes = 256 * MEBI },
	{ .name = "fork_exec_tiny", .setup = setup_tiny, .round = run_program, .variant = BY_FORK },
	{ .name = "fork_exec_static",
	  .setup = setup_static,
	  .round = run_program,
	  .variant = BY_FORK },
	{ .name = "vfork_exec_tiny",
	  .setup = setup_tiny,
	  .round = run_program,
	  .variant = BY_VFORK },
	{ .name = "posix_spawn_tiny",
	  .setup = setup_tiny,
	  .round = run_program,
	  .variant = BY_SPAWN },
};

const struct group group_exec = { "exec", rows, ARRAY_SIZE(rows) };
