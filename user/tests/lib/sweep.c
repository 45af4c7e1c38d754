// SPDX-License-Identifier: MIT
/*
 * Every allocation failing once: runs one test program again and again, each time with another
 * allocation of every process of it failing, by /proc/fail-nth, which children inherit. The program
 * may fail, that is what it is for; but it must end, by itself or when killed, and must leave
 * nothing behind: after each run /proc/census counts no frame and no object more than before it.
 *
 * Which one: the Nth, for every N; or, by "chain", the first one that is reached by a chain of
 * calls inside the kernel by which none failed yet, also not in programs swept before, unless the
 * kernel was told to forget (`echo forget >/proc/fail-nth`).
 *
 * With "again" each failure stands for a lack that passes, and its system call is done again, as
 * after a process was ended for memory: then the program must succeed, as if nothing had happened.
 */
#include "lib/multi.h"

#include "lib/test.h"

#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <sys/mount.h>
#include <time.h>

#define CONTROL "/proc/fail-nth"
#define CENSUS  "/proc/census"
/* The programs run here. */
#define DIRECTORY "sweep.d"
/* A program one of whose processes failed may wait for it for ever, and is killed when it has taken
 * twice what it takes without a failure, and this. Not to die of that is to hang. */
#define SPARE_MS 1000
#define HANG_MS  60000
/* What has just ended may take a moment to be freed. */
#define SETTLE_ROUNDS   250
#define SETTLE_PAUSE_MS 20
#define WARM_RUNS       3
/* How many allocations a program makes varies a little: so many runs in a row without a failure are
 * the end. */
#define LAST_RUNS     3
#define PROGRESS_RUNS 50

static const char *program;
static char path[PATH_MAX]; /* of the program: it may look at its own name */
static bool by_chain;
static bool again;
static unsigned long run_ms = HANG_MS; /* what a run may take */
static int cut_short;

/* What the kernel counts of failures made since boot, and of chains since it forgot them. */
struct injected {
	unsigned long left, total, met, failed, left_out;
};

static sigset_t child_signal(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	return set;
}

static void block_child(int how)
{
	const sigset_t child = child_signal();
	sigprocmask(how, &child, NULL);
}

static unsigned long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long)now.tv_sec * 1000 + (unsigned long)now.tv_nsec / 1000000;
}

static struct injected injected_now(void)
{
	struct injected i = { 0 };
	FILE *f = fopen(CONTROL, "r");
	if (f == NULL || fscanf(f, "%lu %lu %lu %lu %lu", &i.left, &i.total, &i.met, &i.failed,
				&i.left_out) != 5) {
		perror("not ok - sweep: " CONTROL);
		exit(1);
	}
	fclose(f);
	return i;
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

/* Say what is wrong with run @nth, and which chain failed in it. */
static void complain(unsigned long nth, const char *what)
{
	char line[256];
	printf("# %s: %s %lu failing %s\n", program, by_chain ? "new chain" : "allocation", nth,
	       what);
	FILE *f = by_chain ? fopen(CONTROL, "r") : NULL;
	for (int i = 0; f != NULL && fgets(line, sizeof(line), f) != NULL; i++)
		if (i != 0)
			printf("#   %s", line);
	if (f != NULL)
		fclose(f);
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
			printf("# %s: run %lu leaves %lu%.*s", program, nth, now - before, (int)len,
			       rest);
	}
	return grew;
}

/* A signal that waits is an object. */
static void forget_children(void)
{
	static const struct timespec now;
	const sigset_t child = child_signal();
	while (sigtimedwait(&child, NULL, &now) == SIGCHLD) {}
}

/* False, and said: run @nth has lost something, which counts as there before from now on. */
static bool nothing_is_lost(unsigned long nth)
{
	forget_children();
	for (int i = 0; i < SETTLE_ROUNDS; i++) {
		census_read(census_now);
		if (!census_grew(0))
			return true;
		poll(NULL, 0, SETTLE_PAUSE_MS);
	}
	complain(nth, "loses something");
	census_grew(nth);
	memcpy(census_before, census_now, sizeof(census_before));
	return false;
}

/* @nth 0: no allocation fails. */
static void run_program(unsigned long nth)
{
	char text[32];
	const char *how = again ? " for now" : "";
	const int null = open("/dev/null", O_RDWR);
	const int control = open(CONTROL, O_WRONLY);
	const int length = by_chain && nth != 0 ? snprintf(text, sizeof(text), "chain%s", how) :
						  snprintf(text, sizeof(text), "%lu%s", nth, how);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	setsid();
	block_child(SIG_UNBLOCK);
	if (control < 0 || write(control, text, (size_t)length) != length)
		_exit(TEST_CHILD_FAILED);
	execl(path, program, (char *)NULL);
	_exit(TEST_CHILD_FAILED);
}

static unsigned long long boot_ticks(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	const unsigned long long hz = (unsigned long long)sysconf(_SC_CLK_TCK);
	return (unsigned long long)now.tv_sec * hz +
	       (unsigned long long)now.tv_nsec * hz / 1000000000;
}

/* When process @pid began, in ticks since boot; 0: there is none. */
static unsigned long long started_at(pid_t pid)
{
	char path[32], text[512];
	unsigned long long ticks = 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	const int fd = open(path, O_RDONLY);
	const ssize_t length = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	const char *at = strrchr(text, ')'); /* the name may have anything in it */
	for (int field = 2; at != NULL && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at != NULL)
		ticks = strtoull(at, NULL, 10);
	return ticks;
}

/* Kill what descends from the program and outlived it: everything that began at @since or later,
 * but us, and who runs us, which may be as young. Numbers do not tell: they start again at the end.
 */
static int kill_younger(unsigned long long since)
{
	int found = 0;
	DIR *d = opendir("/proc");
	if (d == NULL)
		return 0;
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		const pid_t pid = atoi(e->d_name);
		if (pid > 1 && pid != getpid() && pid != getppid() && started_at(pid) >= since &&
		    kill(pid, SIGKILL) == 0)
			found++;
	}
	closedir(d);
	return found;
}

/* SIGCHLD is blocked, so that none is missed between looking and waiting. */
static bool wait_until(pid_t pid, unsigned long deadline_ms, int *status)
{
	const sigset_t child = child_signal();
	while (waitpid(pid, status, WNOHANG) != pid) {
		const unsigned long now = now_ms();
		if (now >= deadline_ms)
			return false;
		const unsigned long left = deadline_ms - now;
		const struct timespec timeout = { (time_t)(left / 1000),
						  (long)(left % 1000) * 1000000 };
		sigtimedwait(&child, NULL, &timeout);
	}
	return true;
}

/* False: it hung. */
static bool run_once(unsigned long nth, int *status)
{
	const unsigned long long begun = boot_ticks();
	const pid_t pid = fork();
	if (pid < 0) {
		perror("not ok - sweep: fork");
		exit(1);
	}
	if (pid == 0)
		run_program(nth);
	bool ended = wait_until(pid, now_ms() + run_ms, status);
	cut_short += !ended;
	for (int i = 0; i < 100 && kill_younger(begun) != 0; i++)
		poll(NULL, 0, 2);
	if (!ended)
		ended = wait_until(pid, now_ms() + HANG_MS, status);
	return ended;
}

static bool is_directory_empty(void)
{
	int found = 0;
	DIR *d = opendir(".");
	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
		found += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	if (d != NULL)
		closedir(d);
	return d != NULL && found == 0;
}

/* What a program has mounted and was killed before it unmounted; the last first. */
static void unmount_all(void)
{
	char line[512], last[512];
	do {
		FILE *mounts = fopen("/proc/mounts", "r");
		last[0] = '\0';
		while (mounts != NULL && fgets(line, sizeof(line), mounts) != NULL)
			if (sscanf(line, "%*s %511s", line) == 1 && strstr(line, DIRECTORY) != NULL)
				strcpy(last, line);
		if (mounts != NULL)
			fclose(mounts);
	} while (last[0] != '\0' && umount2(last, MNT_DETACH) == 0);
}

static void clear_directory(void)
{
	int status;
	(void)umount("."); /* in vain; what was unmounted lazily is freed on the way */
	const pid_t pid = is_directory_empty() ? -1 : fork();
	if (pid == 0) {
		unmount_all();
		execl("/bin/sh", "sh", "-c", "rm -rf ./* ./.[a-z]*", (char *)NULL);
		_exit(1);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
}

/* What is made once and kept, here and in the kernel, also by a failure, is there then; how long
 * the program takes is known. */
static void warm_up(void)
{
	int status;
	unsigned long longest = 0;
	printf("# sweep %s\n", program);
	for (unsigned long i = 0; i < WARM_RUNS; i++) {
		const unsigned long begun = now_ms();
		run_once(by_chain ? 0 : i, &status);
		longest = now_ms() - begun > longest ? now_ms() - begun : longest;
		clear_directory();
		(void)injected_now();
		census_read(census_now);
		memcpy(census_before, census_now, sizeof(census_before));
		(void)census_grew(0);
	}
	run_ms = again ? HANG_MS : 2 * longest + SPARE_MS;
	cut_short = 0;
	printf("# %s: a run takes %lu ms\n", program, longest);
	fflush(stdout);
	poll(NULL, 0, 10 * SETTLE_PAUSE_MS);
	forget_children();
	census_read(census_before);
}

/* What was wrong with the runs. */
struct verdict {
	int runs, hangs, losses, wrongs;
};

static void sweep_run(unsigned long nth, struct verdict *v)
{
	int status = 0;
	if (!run_once(nth, &status)) {
		complain(nth, "makes it hang");
		v->hangs++;
	}
	if (again && status != 0) {
		complain(nth, "for now makes it fail");
		printf("# %s: it ends by %#x\n", program, (unsigned int)status);
		v->wrongs++;
	}
	clear_directory();
	v->losses += !nothing_is_lost(nth);
	if (++v->runs % PROGRESS_RUNS == 0)
		printf("# %s: %d runs\n", program, v->runs);
	fflush(stdout);
}

static int sweep_program(unsigned long nth, unsigned long step)
{
	struct verdict v = { 0 };
	warm_up();
	const struct injected begun = injected_now();
	struct injected now = begun;
	for (int beyond = 0; beyond < LAST_RUNS; nth += step) {
		const unsigned long total = now.total;
		sweep_run(nth, &v);
		now = injected_now();
		beyond = now.total == total ? beyond + 1 : 0;
	}
	const bool bad = v.hangs + v.losses + v.wrongs != 0 || now.left_out != begun.left_out;
	printf("%sok sweep %s: %d runs ", bad ? "not " : "", program, v.runs);
	if (by_chain)
		printf("for %lu new chains of %lu met, in all %lu of %lu, %lu without room, ",
		       now.failed - begun.failed, now.met - begun.met, now.failed, now.met,
		       now.left_out - begun.left_out);
	else
		printf("to allocation %lu, ", nth - step);
	printf("%d cut short, %d hang, %d lose something, %d go wrong\n", cut_short, v.hangs,
	       v.losses, v.wrongs);
	return bad;
}

/* The programs stand beside the one that all of them are. */
static bool find_program(const char *name)
{
	const ssize_t length = readlink(TEST_SELF, path, sizeof(path));
	char *const slash = length > 0 ? memrchr(path, '/', (size_t)length) : NULL;
	if (slash == NULL)
		return false;
	const size_t room = (size_t)(path + sizeof(path) - (slash + 1));
	program = name;
	return (size_t)snprintf(slash + 1, room, "%s", name) < room && access(path, X_OK) == 0;
}

int sweep_main(int argc, char **argv)
{
	if (argc < 2 || access(CONTROL, W_OK) != 0) {
		fprintf(stderr,
			"usage, in a debug build of Heifer: sweep NAME [FIRST [STEP [again]]]"
			"\n                                   sweep NAME chain [again]\n");
		return 2;
	}
	if (!find_program(argv[1])) {
		fprintf(stderr, "sweep: there is no program %s\n", argv[1]);
		return 2;
	}
	by_chain = argc > 2 && strcmp(argv[2], "chain") == 0;
	const unsigned long nth = argc > 2 && !by_chain ? strtoul(argv[2], NULL, 10) : 1;
	const unsigned long step = argc > 3 && !by_chain ? strtoul(argv[3], NULL, 10) : 1;
	again = argc > 3 && strcmp(argv[argc - 1], "again") == 0;
	if (mkdir(DIRECTORY, 0777) != 0 || chdir(DIRECTORY) != 0)
		return 2;
	block_child(SIG_BLOCK);
	const int bad = sweep_program(nth, step != 0 ? step : 1);
	chdir("..");
	rmdir(DIRECTORY);
	return bad;
}
