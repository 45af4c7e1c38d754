// SPDX-License-Identifier: MIT
/*
 * A fuzzer for system calls.
 *
 *	sysfuzz [seed=N] [calls=M] [procs=K] [seconds=S] [worker=W [session=I]] [trace=1]
 *
 * K workers each run sessions of CALLS_PER_SESSION random calls, until they have made M calls or S
 * seconds are over. Odd workers' sessions are those of another user than root. The seed is printed;
 * with the same seed, a worker's session makes the same calls again: worker and session run one
 * alone, trace shows what it calls.
 *
 * Found is what must not be, whatever a session does: a process that does not die, one that its
 * worker does not get to know of, a file system that stays busy; and of course a kernel that stops.
 *
 * Every worker runs from a copy of the program, so that by /proc/PID/exe it finds what is left of a
 * session, whoever the parent has become.
 */
#include "user/fuzz/sysfuzz.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALLS_PER_SESSION 128
#define OTHER_USER        1000
/* A session that takes longer is ended; one that cannot be ended so soon is a finding. */
#define SESSION_NSEC  700000000UL
#define DEATH_SECONDS 300
#define POLL_NSEC     4000000
#define PATH_BYTES    256
#define SPACE_BYTES   (64UL << 20)
#define FILE_BYTES    (8UL << 20)
#define FINDING       1

#define CALL(n, name, ...)    { n, COUNT_KINDS(__VA_ARGS__), false, #name, { __VA_ARGS__ } },
#define CALL_MISSING(n, name) { n, 0, true, #name, { 0 } },
#define COUNT_KINDS(...)      (uint8_t)(sizeof((int[]){ 0, ##__VA_ARGS__ }) / sizeof(int) - 1)

const struct call calls[] = {
#include "syscall_kinds.h"
};
const size_t call_count = sizeof(calls) / sizeof(calls[0]);

/* ---- options ---------------------------------------------------------------------------- */

static struct {
	uint64_t seed, calls, procs, seconds, worker, session, trace;
} options = { .calls = 4096, .procs = 4, .worker = UINT64_MAX, .session = UINT64_MAX };

static const struct {
	const char *name;
	uint64_t *value;
} option_names[] = {
	{ "seed", &options.seed },     { "calls", &options.calls },
	{ "procs", &options.procs },   { "seconds", &options.seconds },
	{ "worker", &options.worker }, { "session", &options.session },
	{ "trace", &options.trace },
};

static bool take_option(const char *word)
{
	const char *const value = strchr(word, '=');
	for (size_t i = 0; value != NULL && i < sizeof(option_names) / sizeof(option_names[0]); i++)
		if (strncmp(word, option_names[i].name, (size_t)(value - word)) == 0 &&
		    strlen(option_names[i].name) == (size_t)(value - word)) {
			*option_names[i].value = strtoull(value + 1, NULL, 0);
			return true;
		}
	return false;
}

static void report(const char *what, const char *name, long number)
{
	fprintf(stderr, "sysfuzz: FOUND: %s: %s %ld (errno %d)\n", what, name, number, errno);
}

#define NSEC_PER_SEC 1000000000UL

static uint64_t nsec_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

static uint64_t seconds_now(void)
{
	return nsec_now() / NSEC_PER_SEC;
}

static void pause_briefly(void)
{
	nanosleep(&(struct timespec){ 0, POLL_NSEC }, NULL);
}

/* ---- cleaning up after a session -------------------------------------------------------- */

static bool leads_into(const char *link, const char *directory)
{
	char target[PATH_BYTES];
	const ssize_t length = readlink(link, target, sizeof(target) - 1);
	const size_t wanted = strlen(directory);
	return length > (ssize_t)wanted && memcmp(target, directory, wanted) == 0 &&
	       target[wanted] == '/';
}

/*
 * Does a thread of process @pid run a program below @directory? Linux tells nothing of a leader
 * that has ended before the others.
 */
static bool runs_from(const char *directory, pid_t pid)
{
	char path[PATH_BYTES];
	bool found = false;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *const tasks = opendir(path);
	if (tasks == NULL)
		return false;
	for (struct dirent *entry; !found && (entry = readdir(tasks)) != NULL;) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/exe", (int)pid, atoi(entry->d_name));
		found = leads_into(path, directory);
	}
	closedir(tasks);
	return found;
}

/* SIGKILL to all that run from @directory but this process. Returns how many these were. */
static unsigned kill_all_of(const char *directory)
{
	unsigned found = 0;
	DIR *const proc = opendir("/proc");
	if (proc == NULL)
		return 0;
	for (struct dirent *entry = readdir(proc); entry != NULL; entry = readdir(proc)) {
		const pid_t pid = atoi(entry->d_name);
		if (!isdigit((unsigned char)entry->d_name[0]) || pid == getpid() ||
		    !runs_from(directory, pid))
			continue;
		found++;
		kill(pid, SIGKILL);
	}
	closedir(proc);
	return found;
}

/* All processes of the session end. */
static bool end_processes(const char *directory)
{
	const uint64_t limit = seconds_now() + DEATH_SECONDS;
	for (;;) {
		const unsigned left = kill_all_of(directory);
		pid_t reaped;
		do
			reaped = waitpid(-1, NULL, WNOHANG | __WALL);
		while (reaped > 0);
		if (left == 0 && reaped < 0)
			return true;
		if (seconds_now() > limit) {
			report("SIGKILL did not end all", directory, left);
			return false;
		}
		pause_briefly();
	}
}

/* The end of what /proc/mounts escaped in @text: in place. */
static void unescape(char *text)
{
	char *to = text;
	for (const char *at = text; *at != '\0'; to++) {
		unsigned byte;
		if (sscanf(at, "\\%3o", &byte) == 1) {
			*to = (char)byte;
			at += strlen("\\040");
		} else {
			*to = *at++;
		}
	}
	*to = '\0';
}

/*
 * What is mounted below @directory, the newest first. Sources and names are the sessions', so lines
 * may be long. Returns how many mounts went away, or -1.
 */
static int unmount_one(const char *directory)
{
	char *last = NULL, *line = NULL;
	size_t size = 0;
	FILE *const mounts = fopen("/proc/self/mounts", "r");
	if (mounts == NULL)
		return -1;
	while (getline(&line, &size, mounts) > 0) {
		char *rest = line;
		strsep(&rest, " ");
		const char *const target = strsep(&rest, " ");
		if (target == NULL || strncmp(target, directory, strlen(directory)) != 0)
			continue;
		free(last);
		last = strdup(target);
	}
	fclose(mounts);
	free(line);
	if (last == NULL)
		return 0;
	unescape(last);
	const int result = umount2(last, 0) == 0 ? 1 : -1;
	free(last);
	return result;
}

/* What passes: another session has all the memory; or a process whose parent is init is about to
 * let go of its files. */
static bool is_passing(int error)
{
	return error == ENOMEM || error == EBUSY;
}

static bool unmount_all(const char *directory)
{
	const uint64_t limit = seconds_now() + DEATH_SECONDS;
	for (;;) {
		const int result = unmount_one(directory);
		if (result == 0)
			return true;
		if (result < 0 && (!is_passing(errno) || seconds_now() > limit)) {
			report("nobody is left, but it cannot be unmounted", directory, result);
			return false;
		}
		if (result < 0)
			pause_briefly();
	}
}

/* ---- a worker --------------------------------------------------------------------------- */

/* Memory exhaustion has tests of its own; here it would only keep sessions from beginning. Root may
 * raise the limits, and at times does. */
static void set_limits(void)
{
	const struct rlimit space = { SPACE_BYTES, SPACE_BYTES }, file = { FILE_BYTES, FILE_BYTES };
	setrlimit(RLIMIT_AS, &space);
	setrlimit(RLIMIT_FSIZE, &file);
}

static void become_other_user(void)
{
	if (setgroups(0, NULL) != 0 || setgid(OTHER_USER) != 0 || setuid(OTHER_USER) != 0)
		_exit(FINDING);
}

static void run_session(uint64_t worker, uint64_t session)
{
	struct stat st;
	char name[16];
	struct session s = { .stream = random_mix(random_mix(options.seed, worker), session),
			     .is_traced = options.trace != 0 };
	snprintf(name, sizeof(name), "fuzz%u.%u", (unsigned)worker, (unsigned)session);
	prctl(PR_SET_NAME, name);
	setsid();
	set_limits();
	dup2(STDERR_FILENO, TRACE_FD);
	if (worker % 2 == 1)
		become_other_user();
	if (!session_prepare() || stat(".", &st) != 0) {
		if (errno == ENOMEM)
			_exit(0);
		dprintf(TRACE_FD, "sysfuzz: FOUND: a session cannot begin (errno %d)\n", errno);
		_exit(FINDING);
	}
	if (!s.is_traced)
		close(TRACE_FD);
	s.device = st.st_dev;
	session_run(&s, CALLS_PER_SESSION);
}

/* Disturb the session with signals until it ends or its time is over. */
static void attend_session(pid_t pid, struct random *r)
{
	static const int disturbances[] = { SIGUSR1, SIGUSR2, SIGHUP,  SIGCONT,
					    SIGTERM, SIGSTOP, SIGCHLD, SIGWINCH };
	const uint64_t limit = nsec_now() + SESSION_NSEC;
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		if (nsec_now() > limit)
			return;
		pause_briefly();
		if (random_below(r, 4) != 0)
			continue;
		kill(pid, disturbances[random_below(r, 8)]);
		kill(pid, SIGCONT);
	}
}

/* The file system of a session: small, its own, and empty. */
static bool mount_at(const char *directory)
{
	const uint64_t limit = seconds_now() + DEATH_SECONDS;
	while (mount("sysfuzz", directory, "tmpfs", 0, "size=4m,mode=1777") != 0) {
		if (!is_passing(errno) || seconds_now() > limit) {
			report("mount", directory, 0);
			return false;
		}
		pause_briefly();
	}
	return true;
}

static bool one_session(const char *directory, uint64_t worker, uint64_t session)
{
	char mount_point[PATH_BYTES];
	struct random r = { .state = random_mix(options.seed, session) };
	snprintf(mount_point, sizeof(mount_point), "%s/s", directory);
	if (!mount_at(mount_point))
		return false;
	const pid_t pid = fork();
	if (pid == 0) {
		if (chdir(mount_point) != 0)
			_exit(FINDING);
		run_session(worker, session);
	}
	if (pid > 0)
		attend_session(pid, &r);
	const bool is_clean = end_processes(directory);
	return unmount_all(mount_point) && is_clean;
}

/* argv of a worker is that of the supervisor and "directory", as the last word. */
static int run_worker(const char *directory)
{
	const uint64_t end = seconds_now() + options.seconds;
	const uint64_t sessions = (options.calls + CALLS_PER_SESSION - 1) / CALLS_PER_SESSION;
	if (options.session != UINT64_MAX)
		return one_session(directory, options.worker, options.session) ? 0 : FINDING;
	uint64_t i = 0;
	for (; options.seconds != 0 ? seconds_now() < end : i < sessions; i++)
		if (!one_session(directory, options.worker, i)) {
			printf("sysfuzz: seed=%#lx worker=%lu session=%lu\n", options.seed,
			       options.worker, i);
			return FINDING;
		}
	printf("sysfuzz: worker %lu: %lu sessions\n", options.worker, i);
	return 0;
}

/* ---- the supervisor --------------------------------------------------------------------- */

static bool copy_program(const char *to)
{
	char block[16384];
	const int in = open("/proc/self/exe", O_RDONLY);
	const int out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0755);
	ssize_t n = in >= 0 && out >= 0 ? 1 : -1;
	while (n > 0) {
		n = read(in, block, sizeof(block));
		if (n > 0 && write(out, block, (size_t)n) != n)
			n = -1;
	}
	close(in);
	return close(out) == 0 && n == 0;
}

static void directory_of(uint64_t worker, char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "/tmp/sysfuzz.%d.%lu", (int)getpid(), worker);
}

static pid_t start_worker(uint64_t worker)
{
	char directory[PATH_BYTES], program[PATH_BYTES + 8], words[5][PATH_BYTES];
	directory_of(worker, directory);
	snprintf(program, sizeof(program), "%s/s", directory);
	if (mkdir(directory, 0755) != 0 || mkdir(program, 0755) != 0)
		return -1;
	snprintf(program, sizeof(program), "%s/fuzz", directory);
	snprintf(words[0], PATH_BYTES, "seed=%lu", options.seed);
	snprintf(words[1], PATH_BYTES, "calls=%lu", options.calls);
	snprintf(words[2], PATH_BYTES, "seconds=%lu", options.seconds);
	snprintf(words[3], PATH_BYTES, "worker=%lu", worker);
	snprintf(words[4], PATH_BYTES, "session=%lu", options.session);
	if (!copy_program(program))
		return -1;
	const pid_t pid = fork();
	if (pid == 0) {
		execl(program, "sysfuzz-worker", words[0], words[1], words[2], words[3], words[4],
		      options.trace != 0 ? "trace=1" : "trace=0", directory, (char *)NULL);
		_exit(FINDING);
	}
	return pid;
}

static void remove_directory(uint64_t worker)
{
	char directory[PATH_BYTES], path[PATH_BYTES + 8];
	directory_of(worker, directory);
	snprintf(path, sizeof(path), "%s/fuzz", directory);
	unlink(path);
	snprintf(path, sizeof(path), "%s/s", directory);
	rmdir(path);
	if (rmdir(directory) != 0)
		report("not empty", directory, 0);
}

static int supervise(void)
{
	const uint64_t first = options.worker == UINT64_MAX ? 0 : options.worker;
	const uint64_t end = options.worker == UINT64_MAX ? options.procs : first + 1;
	char host_name[65] = "";
	unsigned failed = 0;
	int status;
	printf("sysfuzz: seed=%#lx calls=%lu procs=%lu\n", options.seed, options.calls,
	       options.procs);
	fflush(stdout);
	gethostname(host_name, sizeof(host_name));
	for (uint64_t worker = first; worker < end; worker++)
		if (start_worker(worker) < 0) {
			report("cannot start", "worker", (long)worker);
			failed++;
		}
	while (wait(&status) > 0)
		failed += status != 0;
	sethostname(host_name, strlen(host_name)); /* sessions gave it others */
	for (uint64_t worker = first; worker < end; worker++)
		remove_directory(worker);
	printf("sysfuzz: seed=%#lx %s\n", options.seed, failed == 0 ? "passed" : "FAILED");
	return failed == 0 ? 0 : FINDING;
}

/* A random number is where a seed comes from; a session that execs this program under another name
 * must get nothing for it. */
int main(int argc, char **argv)
{
	const char *const slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *const name = slash != NULL ? slash + 1 : argc > 0 ? argv[0] : "";
	const bool is_worker = strcmp(name, "sysfuzz-worker") == 0 && argc > 1;
	options.seed = (uint64_t)time(NULL);
	for (int i = 1; i < argc - is_worker; i++)
		if (!take_option(argv[i])) {
			fprintf(stderr, "sysfuzz: what is %s?\n", argv[i]);
			return 2;
		}
	if (is_worker)
		return run_worker(argv[argc - 1]);
	if (strcmp(name, "sysfuzz") == 0 && getuid() == 0)
		return supervise();
	fprintf(stderr, "usage: sysfuzz [seed=N] [calls=M] [procs=K] [seconds=S] [worker=W "
			"[session=I]] [trace=1], as root\n");
	return 2;
}
