// SPDX-License-Identifier: MIT
/*
 * Every allocation failing once: runs one test program again and again, each time with another
 * allocation of every process of it failing, by /proc/fail-nth, which children inherit. The program
 * may fail, that is what it is for; but it must end, by itself or when killed, and must leave
 * nothing behind: the machine has as much free memory afterwards as before. The kernel's own count
 * at power-off (`leaks: none`) sees what is too small for that.
 */
#include "lib/multi.h"

#include "lib/test.h"

#include <dirent.h>
#include <poll.h>
#include <sys/prctl.h>

#define CONTROL "/proc/fail-nth"
/* A program one of whose processes failed may wait for it for ever, and is killed; not to die of
 * that is to hang. */
#define RUN_SECONDS  2
#define HANG_SECONDS 30
#define SLACK_KIB    2048 /* stocks of the allocators go up and down */

static const char *program;

static unsigned long injected_total(void)
{
	unsigned long left, total = 0;
	FILE *f = fopen(CONTROL, "r");
	if (f != NULL) {
		if (fscanf(f, "%lu %lu", &left, &total) != 2)
			total = 0;
		fclose(f);
	}
	return total;
}

static long free_kib(void)
{
	char line[128];
	long kib = 0;
	FILE *f = fopen("/proc/meminfo", "r");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "MemFree: %ld", &kib) == 1)
			break;
	fclose(f);
	return kib;
}

static void run_program(unsigned long nth)
{
	char text[32];
	const int null = open("/dev/null", O_RDWR);
	const int control = open(CONTROL, O_WRONLY);
	const int length = snprintf(text, sizeof(text), "%lu", nth);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	setsid();
	if (control < 0 || write(control, text, (size_t)length) != length)
		_exit(TEST_CHILD_FAILED);
	execl(TEST_SELF, program, (char *)NULL);
	_exit(TEST_CHILD_FAILED);
}

/* Kill what descends from the program and outlived it: everything younger than @first. */
static int kill_younger(pid_t first)
{
	int found = 0;
	DIR *d = opendir("/proc");
	if (d == NULL)
		return 0;
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		const pid_t pid = atoi(e->d_name);
		if (pid >= first && kill(pid, SIGKILL) == 0)
			found++;
	}
	closedir(d);
	return found;
}

static bool wait_seconds(pid_t pid, int seconds, int *status)
{
	for (int i = 0; i < seconds * 50; i++) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		poll(NULL, 0, 20);
	}
	return false;
}

/* False: it hung. */
static bool run_once(unsigned long nth, int *status)
{
	const pid_t pid = fork();
	if (pid == 0)
		run_program(nth);
	bool ended = wait_seconds(pid, RUN_SECONDS, status);
	for (int i = 0; i < 100 && kill_younger(pid) != 0; i++)
		poll(NULL, 0, 2);
	if (!ended)
		ended = wait_seconds(pid, HANG_SECONDS, status);
	return ended;
}

/* Memory comes back a moment after a process has gone. */
static long lost_kib(long before)
{
	long lost = 0;
	for (int i = 0; i < 50; i++) {
		lost = before - free_kib();
		if (lost <= SLACK_KIB)
			break;
		poll(NULL, 0, 40);
	}
	return lost;
}

static void clear_directory(void)
{
	const pid_t pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "rm -rf ./* ./.[a-z]*", (char *)NULL);
		_exit(1);
	}
	int status;
	if (pid > 0)
		waitpid(pid, &status, 0);
}

int sweep_main(int argc, char **argv)
{
	if (argc < 2 || access(CONTROL, W_OK) != 0) {
		fprintf(stderr, "usage, in a debug build of Heifer: sweep NAME [FIRST [STEP]]\n");
		return 2;
	}
	program = argv[1];
	unsigned long nth = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	const unsigned long step = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
	if (mkdir("sweep.d", 0777) != 0 || chdir("sweep.d") != 0)
		return 2;
	int hangs = 0, runs = 0, status = 0;
	run_once(0, &status); /* what is made once and kept is there now */
	clear_directory();
	const long before = free_kib();
	for (;; nth += step ? step : 1) {
		const unsigned long injected = injected_total();
		if (!run_once(nth, &status)) {
			printf("# %s: with allocation %lu failing it does not end\n", program, nth);
			hangs++;
		}
		clear_directory();
		runs++;
		if (injected_total() == injected)
			break;
	}
	const long lost = lost_kib(before);
	printf("%sok sweep %s: %d runs to allocation %lu, %d hang, %ld KiB lost\n",
	       hangs == 0 && lost <= SLACK_KIB ? "" : "not ", program, runs, nth, hangs,
	       lost > 0 ? lost : 0);
	chdir("..");
	rmdir("sweep.d");
	return hangs != 0 || lost > SLACK_KIB;
}
