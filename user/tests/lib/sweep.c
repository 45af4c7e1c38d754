// SPDX-License-Identifier: MIT
/*
 * Every allocation failing once: runs one test program again and again, each time with another
 * allocation of every process of it failing, by /proc/fail-nth, which children inherit. The program
 * may fail, that is what it is for; but it must end, by itself or when killed, and must leave
 * nothing behind: after each run /proc/census counts no frame and no object more than before it.
 */
#include "lib/multi.h"

#include "lib/test.h"

#include <dirent.h>
#include <poll.h>
#include <sys/prctl.h>

#define CONTROL "/proc/fail-nth"
#define CENSUS  "/proc/census"
/* A program one of whose processes failed may wait for it for ever, and is killed; not to die of
 * that is to hang. */
#define RUN_SECONDS  2
#define HANG_SECONDS 30
/* What has just ended may take a moment to be freed. */
#define SETTLE_ROUNDS   250
#define SETTLE_PAUSE_MS 20
#define WARM_RUNS       3
/* How many allocations a program makes varies a little: so many runs in a row without a failure are
 * the end. */
#define LAST_RUNS 3

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

/* Lines "3 anon pages". Static, so that the counting needs no memory. */
static char census_before[8192], census_now[8192];

static void census_read(char text[8192])
{
	size_t len = 0;
	const int fd = open(CENSUS, O_RDONLY);
	for (ssize_t n = 1; fd >= 0 && n > 0; len += n > 0 ? (size_t)n : 0)
		n = read(fd, text + len, 8191 - len);
	text[len] = '\0';
	close(fd);
}

/* How many of @what, the rest of a line, are in @text. */
static unsigned long census_find(const char *text, const char *what, size_t len)
{
	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
		char *rest;
		const unsigned long count = strtoul(line, &rest, 10);
		if (strncmp(rest, what, len) == 0)
			return count;
	}
	return 0;
}

/* Is there more than before? Named on standard output if @nth is not 0. */
static bool census_grew(unsigned long nth)
{
	bool grew = false;
	for (const char *line = census_now; *line != '\0'; line = strchr(line, '\n') + 1) {
		char *rest;
		const unsigned long now = strtoul(line, &rest, 10);
		const size_t len = strcspn(rest, "\n") + 1;
		const unsigned long before = census_find(census_before, rest, len);
		grew |= now > before;
		if (now > before && nth != 0)
			printf("# %s: allocation %lu failing leaves %lu%.*s", program, nth,
			       now - before, (int)len, rest);
	}
	return grew;
}

/* False, and said: run @nth has lost something, which counts as there before from now on. */
static bool nothing_is_lost(unsigned long nth)
{
	for (int i = 0; i < SETTLE_ROUNDS; i++) {
		census_read(census_now);
		if (!census_grew(0))
			return true;
		poll(NULL, 0, SETTLE_PAUSE_MS);
	}
	census_grew(nth);
	memcpy(census_before, census_now, sizeof(census_before));
	return false;
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
	int hangs = 0, losses = 0, runs = 0, beyond = 0, status = 0;
	/* What is made once and kept, here and in the kernel, is there then. */
	printf("# sweep %s\n", program);
	fflush(stdout);
	for (int i = 0; i < WARM_RUNS; i++) {
		run_once(0, &status);
		clear_directory();
		(void)injected_total();
		census_read(census_now);
		memcpy(census_before, census_now, sizeof(census_before));
		(void)census_grew(0);
	}
	poll(NULL, 0, SETTLE_PAUSE_MS * WARM_RUNS);
	census_read(census_before);
	for (; beyond < LAST_RUNS; nth += step ? step : 1) {
		const unsigned long injected = injected_total();
		if (!run_once(nth, &status)) {
			printf("# %s: with allocation %lu failing it does not end\n", program, nth);
			hangs++;
		}
		clear_directory();
		losses += !nothing_is_lost(nth);
		runs++;
		beyond = injected_total() == injected ? beyond + 1 : 0;
	}
	printf("%sok sweep %s: %d runs to allocation %lu, %d hang, %d lose something\n",
	       hangs + losses == 0 ? "" : "not ", program, runs, nth, hangs, losses);
	chdir("..");
	rmdir("sweep.d");
	return hangs + losses != 0;
}
