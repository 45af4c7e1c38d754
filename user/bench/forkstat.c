// SPDX-License-Identifier: MIT
/*
 * What the forks of a command did to page tables and pages.
 *
 *	forkstat COMMAND [ARGUMENT]...
 *
 * runs the command and prints on standard error by how much each fork_* counter of /proc/vmstat
 *grew meanwhile. They count for the whole system, so nothing else should run. forkstat's own fork
 *and exec are among it. The exit status is the command's, as a shell would give it; 125 if there
 *are no such counters, as on Linux, 126 or 127 if the command cannot be run.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/bench/bench.h"

#define VMSTAT       "/proc/vmstat"
#define PREFIX       "fork_"
#define MAX_COUNTERS 32
#define NO_COUNTERS  125
#define CANNOT_RUN   126
#define NOT_FOUND    127
#define SIGNALED     128

struct counter {
	char name[64];
	unsigned long long value;
};

/* Returns: how many there are. */
static size_t read_counters(struct counter counters[MAX_COUNTERS])
{
	size_t count = 0;
	FILE *const f = fopen(VMSTAT, "r");
	while (f != NULL && count < MAX_COUNTERS &&
	       fscanf(f, "%63s %llu", counters[count].name, &counters[count].value) == 2)
		count += strncmp(counters[count].name, PREFIX, strlen(PREFIX)) == 0;
	if (f != NULL)
		fclose(f);
	return count;
}

/* Returns: its exit status, as of a shell. */
static int run(char **command)
{
	int status;
	const pid_t pid = fork();
	if (pid == 0) {
		execvp(command[0], command);
		const int error = errno;
		fprintf(stderr, "forkstat: %s: %s\n", command[0], strerror(error));
		_exit(error == ENOENT ? NOT_FOUND : CANNOT_RUN);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		fprintf(stderr, "forkstat: fork: %s\n", strerror(errno));
		return CANNOT_RUN;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALED + WTERMSIG(status);
}

int forkstat_main(int argc, char **argv)
{
	static struct counter before[MAX_COUNTERS], after[MAX_COUNTERS];
	if (argc < 2) {
		fprintf(stderr, "usage: forkstat COMMAND [ARGUMENT]...\n");
		return NO_COUNTERS;
	}
	const size_t count = read_counters(before);
	if (count == 0) {
		fprintf(stderr,
			"forkstat: this kernel has no fork_* counters in " VMSTAT "; Heifer has\n");
		return NO_COUNTERS;
	}
	const int status = run(argv + 1);
	if (read_counters(after) != count) {
		fprintf(stderr, "forkstat: the counters in " VMSTAT " have changed meanwhile\n");
		return NO_COUNTERS;
	}
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, "%s %llu\n", after[i].name, after[i].value - before[i].value);
	return status;
}
