// SPDX-License-Identifier: MIT
/*
 * What a shell does for a line, and a server that forks for a request: from before the first fork()
 * to after the last waitpid(). The programs are this ELF, static and with libc, as BusyBox is.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/bench/bench.h"
#include "user/bench/counter.h"

#define WORDS "what one program says to the other\n"

static char *no_environment[] = { NULL };

/* In a child: @fd takes the place of @standard, and the ELF runs as @name. */
static void execute_with(int fd, int standard, char *name)
{
	char *const arguments[] = { name, WORDS, NULL };
	if (dup2(fd, standard) == standard)
		execve(BENCH_SELF, arguments, no_environment);
	_exit(BENCH_FAILED);
}

/* Returns: is it what the ELF says as bench-say? */
static bool are_words(const char *text, ssize_t bytes)
{
	return bytes == (ssize_t)strlen(WORDS) && memcmp(text, WORDS, strlen(WORDS)) == 0;
}

static ssize_t read_all(int fd, char *buffer, size_t size)
{
	ssize_t sum = 0, got;
	while ((got = read(fd, buffer + sum, size - (size_t)sum)) > 0)
		sum += got;
	return sum;
}

/* $(bench-say WORDS), and (echo WORDS): a subshell, or a server's child that answers. */
enum child { IS_PROGRAM, IS_COPY };

static uint64_t listen_to_child(const struct row *row)
{
	char text[128];
	int status, ends[2];
	const uint64_t start = counter_begin();
	VERIFY(pipe2(ends, O_CLOEXEC) == 0);
	const pid_t pid = fork();
	if (pid == 0 && row->variant == IS_PROGRAM)
		execute_with(ends[1], STDOUT_FILENO, "bench-say");
	if (pid == 0)
		_exit(write(ends[1], WORDS, strlen(WORDS)) != (ssize_t)strlen(WORDS));
	close(ends[1]);
	const ssize_t bytes = read_all(ends[0], text, sizeof(text));
	close(ends[0]);
	const pid_t dead = waitpid(pid, &status, 0);
	const uint64_t end = counter_end();
	VERIFY(pid > 0 && dead == pid && are_words(text, bytes));
	process_verify(status, 0);
	return counter_between(start, end);
}

/* bench-say WORDS | bench-count, which exits with the number of bytes. */
static uint64_t pipeline(const struct row *row)
{
	int statuses[2], ends[2];
	pid_t pids[2], dead[2];
	(void)row;
	const uint64_t start = counter_begin();
	VERIFY(pipe2(ends, O_CLOEXEC) == 0);
	pids[0] = fork();
	if (pids[0] == 0)
		execute_with(ends[1], STDOUT_FILENO, "bench-say");
	pids[1] = fork();
	if (pids[1] == 0)
		execute_with(ends[0], STDIN_FILENO, "bench-count");
	close(ends[0]);
	close(ends[1]);
	for (int i = 0; i < 2; i++)
		dead[i] = waitpid(pids[i], &statuses[i], 0);
	const uint64_t end = counter_end();
	VERIFY(pids[0] > 0 && pids[1] > 0 && dead[0] == pids[0] && dead[1] == pids[1]);
	process_verify(statuses[0], 0);
	process_verify(statuses[1], strlen(WORDS));
	return counter_between(start, end);
}

/* bench-say WORDS */
int say_main(int argc, char **argv)
{
	const size_t bytes = argc == 2 ? strlen(argv[1]) : 0;
	return write(STDOUT_FILENO, argv[1], bytes) == (ssize_t)bytes ? 0 : BENCH_FAILED;
}

/* bench-count: how many bytes are there on standard input? */
int count_main(int argc, char **argv)
{
	char text[128];
	(void)argc, (void)argv;
	return (int)read_all(STDIN_FILENO, text, sizeof(text));
}

static const struct row rows[] = {
	{ .name = "shell_pipeline", .round = pipeline },
	{ .name = "shell_substitution", .round = listen_to_child, .variant = IS_PROGRAM },
	{ .name = "fork_answer_wait", .round = listen_to_child, .variant = IS_COPY },
};

const struct group group_shell = { "shell", rows, ARRAY_SIZE(rows) };
