// SPDX-License-Identifier: MIT
/*
 * What becomes of each waiting call when a signal comes: the table of signal(7). A child waits in
 * the call; once it sleeps it gets a signal, and either it is back with EINTR or it sleeps again.
 */
/* oracle: linux-system */
#include "lib/test.h"

#include <linux/futex.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

/* Longer than any test may take. */
#define LONG_SECONDS 1000

/* Of the child that waits; memory shared with it. */
static volatile struct {
	bool is_ready; /* the call comes next */
	bool is_back;  /* it has returned: */
	long result;
	int error;
	int came;      /* handlers that ran */
	unsigned word; /* a futex */
} * waiter;

static int ends[2]; /* of a pipe, or a pair of sockets */
static int server;  /* listens at "server" */
static char block[4096];

/* ---- what is waited for ----------------------------------------------------------------- */

static void make_pipe(void)
{
	CHECK_EQ(pipe(ends), 0);
}

static void write_byte(void)
{
	write_all(ends[1], "x", 1);
}

static void set_blocking(int fd, bool blocks)
{
	const int flags = fcntl(fd, F_GETFL);
	CHECK_EQ(fcntl(fd, F_SETFL, blocks ? flags & ~O_NONBLOCK : flags | O_NONBLOCK), 0);
}

/* Until not even one byte would go. */
static void fill(int fd)
{
	set_blocking(fd, false);
	while (write(fd, block, sizeof(block)) > 0)
		;
	while (write(fd, block, 1) > 0)
		;
	CHECK_EQ(errno, EAGAIN);
	set_blocking(fd, true);
}

static void make_full_pipe(void)
{
	make_pipe();
	fill(ends[1]);
}

static void drain(void)
{
	set_blocking(ends[0], false);
	while (read(ends[0], block, sizeof(block)) > 0)
		;
}

static void make_stream(void)
{
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void make_datagrams(void)
{
	CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
}

static void make_full_stream(void)
{
	make_stream();
	fill(ends[1]);
}

static void make_full_datagrams(void)
{
	make_datagrams();
	fill(ends[1]);
}

static const struct sockaddr_un server_name = { .sun_family = AF_UNIX, .sun_path = "server" };

static int connect_to_server(int s)
{
	return connect(s, (const struct sockaddr *)&server_name, sizeof(server_name));
}

static void make_server(void)
{
	unlink("server");
	server = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_EQ(bind(server, (const struct sockaddr *)&server_name, sizeof(server_name)), 0);
	CHECK_EQ(listen(server, 0), 0);
}

static void connect_once(void)
{
	ends[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_EQ(connect_to_server(ends[0]), 0);
}

/* Nobody more gets in. */
static void make_full_server(void)
{
	make_server();
	for (;;) {
		const int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect_to_server(s) != 0)
			break;
	}
	CHECK_EQ(errno, EAGAIN);
	ends[0] = socket(AF_UNIX, SOCK_STREAM, 0);
}

static void accept_all(void)
{
	set_blocking(server, false);
	while (accept(server, NULL, NULL) >= 0)
		;
}

static void make_fifo(void)
{
	unlink("fifo");
	CHECK_EQ(mkfifo("fifo", 0600), 0);
}

static void open_for_both(void)
{
	CHECK(open("fifo", O_RDWR) >= 0);
}

static void wait_for_gate(void)
{
	close(ends[1]);
	(void)!read(ends[0], block, 1);
}

static void wake_word(void)
{
	waiter->word = 1;
	CHECK_EQ(syscall(SYS_futex, &waiter->word, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
}

/* ---- the calls -------------------------------------------------------------------------- */

static long call_read(void)
{
	return read(ends[0], block, 1);
}

static long call_write(void)
{
	return write(ends[1], block, 1);
}

static long call_recv(void)
{
	return recv(ends[0], block, sizeof(block), 0);
}

static long call_send(void)
{
	return send(ends[1], block, 1, 0);
}

static long call_accept(void)
{
	return accept(server, NULL, NULL) >= 0 ? 1 : -1;
}

static long call_connect(void)
{
	return connect_to_server(ends[0]) == 0 ? 1 : -1;
}

static long open_to_read(void)
{
	return open("fifo", O_RDONLY) >= 0 ? 1 : -1;
}

static long open_to_write(void)
{
	return open("fifo", O_WRONLY) >= 0 ? 1 : -1;
}

static long call_wait4(void)
{
	return wait4(-1, NULL, 0, NULL) > 0 ? 1 : -1;
}

static long call_waitid(void)
{
	siginfo_t info;
	return waitid(P_ALL, 0, &info, WEXITED) == 0 ? 1 : -1;
}

static const struct timespec long_time = { .tv_sec = LONG_SECONDS };

static long call_nanosleep(void)
{
	return syscall(SYS_nanosleep, &long_time, NULL);
}

/* The C library's returns the error. */
static long sleep_by(clockid_t clock, int flags)
{
	struct timespec t = { 0 };
	if (flags == TIMER_ABSTIME)
		CHECK_EQ(clock_gettime(clock, &t), 0);
	t.tv_sec += LONG_SECONDS;
	return syscall(SYS_clock_nanosleep, clock, flags, &t, NULL);
}

static long sleep_for_a_time(void)
{
	return sleep_by(CLOCK_MONOTONIC, 0);
}

static long sleep_until_uptime(void)
{
	return sleep_by(CLOCK_MONOTONIC, TIMER_ABSTIME);
}

static long sleep_until_date(void)
{
	return sleep_by(CLOCK_REALTIME, TIMER_ABSTIME);
}

static long wait_at_word(int operation, const struct timespec *timeout)
{
	return syscall(SYS_futex, &waiter->word, operation, 0, timeout, NULL,
		       FUTEX_BITSET_MATCH_ANY) == 0 ?
		       1 :
		       -1;
}

static long futex_wait(void)
{
	return wait_at_word(FUTEX_WAIT, NULL);
}

static long futex_wait_for_a_time(void)
{
	return wait_at_word(FUTEX_WAIT, &long_time);
}

static long futex_wait_until(void)
{
	struct timespec t;
	CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	t.tv_sec += LONG_SECONDS;
	return wait_at_word(FUTEX_WAIT_BITSET, &t);
}

static long poll_until_ready(void)
{
	struct pollfd p = { .fd = ends[0], .events = POLLIN };
	return ppoll(&p, 1, NULL, NULL);
}

static long poll_for_a_time(void)
{
	struct pollfd p = { .fd = ends[0], .events = POLLIN };
	return ppoll(&p, 1, &long_time, NULL);
}

static long poll_with_a_mask(void)
{
	struct pollfd p = { .fd = ends[0], .events = POLLIN };
	sigset_t none;
	sigemptyset(&none);
	return ppoll(&p, 1, NULL, &none);
}

static long call_pselect(void)
{
	fd_set set;
	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	return pselect(ends[0] + 1, &set, NULL, NULL, &long_time, NULL);
}

static long call_sigsuspend(void)
{
	sigset_t none;
	sigemptyset(&none);
	return sigsuspend(&none);
}

static long sigtimedwait_for(const struct timespec *timeout)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return sigtimedwait(&set, NULL, timeout);
}

static long await_a_signal(void)
{
	return sigtimedwait_for(NULL);
}

static long await_a_signal_for_a_time(void)
{
	return sigtimedwait_for(&long_time);
}

/* What a call does after a signal. */
enum rule {
	RESTARTS,       /* goes on after a stop, and after a handler that says SA_RESTART */
	RESUMES,        /* goes on after a stop, never after a handler */
	IS_INTERRUPTED, /* not even after a stop */
};

static const struct call {
	const char *name;
	enum rule rule;
	void (*prepare)(void);
	void (*begin)(void); /* in a child of the waiter, if there is to be one */
	long (*run)(void);
	void (*finish)(void); /* let it return 1; NULL: it never will */
} calls[] = {
	{ "read a pipe", RESTARTS, make_pipe, NULL, call_read, write_byte },
	{ "write a pipe", RESTARTS, make_full_pipe, NULL, call_write, drain },
	{ "read a socket", RESTARTS, make_stream, NULL, call_read, write_byte },
	{ "write a socket", RESTARTS, make_full_stream, NULL, call_write, drain },
	{ "recv of a stream", RESTARTS, make_stream, NULL, call_recv, write_byte },
	{ "send to a stream", RESTARTS, make_full_stream, NULL, call_send, drain },
	{ "recv of datagrams", RESTARTS, make_datagrams, NULL, call_recv, write_byte },
	{ "send of a datagram", RESTARTS, make_full_datagrams, NULL, call_send, drain },
	{ "accept", RESTARTS, make_server, NULL, call_accept, connect_once },
	{ "connect", RESTARTS, make_full_server, NULL, call_connect, accept_all },
	{ "open a FIFO to read", RESTARTS, make_fifo, NULL, open_to_read, open_for_both },
	{ "open a FIFO to write", RESTARTS, make_fifo, NULL, open_to_write, open_for_both },
	{ "wait4", RESTARTS, make_pipe, wait_for_gate, call_wait4, write_byte },
	{ "waitid", RESTARTS, make_pipe, wait_for_gate, call_waitid, write_byte },
	{ "futex", RESTARTS, NULL, NULL, futex_wait, wake_word },
	{ "futex with a time", RESUMES, NULL, NULL, futex_wait_for_a_time, wake_word },
	{ "futex until a time", RESUMES, NULL, NULL, futex_wait_until, wake_word },
	{ "nanosleep", RESUMES, NULL, NULL, call_nanosleep, NULL },
	{ "clock_nanosleep for a time", RESUMES, NULL, NULL, sleep_for_a_time, NULL },
	{ "clock_nanosleep until a time", RESUMES, NULL, NULL, sleep_until_uptime, NULL },
	{ "clock_nanosleep until a date", RESUMES, NULL, NULL, sleep_until_date, NULL },
	{ "ppoll", RESUMES, make_pipe, NULL, poll_until_ready, write_byte },
	{ "ppoll with a time", RESUMES, make_pipe, NULL, poll_for_a_time, write_byte },
	{ "ppoll with a mask", RESUMES, make_pipe, NULL, poll_with_a_mask, write_byte },
	{ "pselect", RESUMES, make_pipe, NULL, call_pselect, write_byte },
	{ "sigsuspend", RESUMES, NULL, NULL, call_sigsuspend, NULL },
	{ "sigtimedwait", IS_INTERRUPTED, NULL, NULL, await_a_signal, NULL },
	{ "sigtimedwait with a time", IS_INTERRUPTED, NULL, NULL, await_a_signal_for_a_time, NULL },
};

/* ---- one call, one signal --------------------------------------------------------------- */

static const struct call *call; /* the one under test */

static void note(int sig)
{
	waiter->came++;
}

static void make_call(void)
{
	if (call->begin != NULL)
		start_child(call->begin);
	waiter->is_ready = true;
	waiter->result = call->run();
	waiter->error = errno;
	waiter->is_back = true;
}

static void until_back_or_asleep(pid_t pid)
{
	while (!waiter->is_back && !(waiter->is_ready && state_of(pid) == 'S'))
		sched_yield();
	if (waiter->is_back && waiter->came == 0 && waiter->result != -1)
		test_fail(__FILE__, __LINE__, "%s did not wait, but is %ld", call->name,
			  waiter->result);
}

static void send_handled(pid_t pid)
{
	CHECK_EQ(kill(pid, SIGUSR1), 0);
	while (waiter->came == 0)
		sched_yield();
}

static void stop_and_continue(pid_t pid)
{
	int status;
	CHECK_EQ(kill(pid, SIGSTOP), 0);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(kill(pid, SIGCONT), 0); /* it may be gone before a wait could tell */
}

static void check_back_with(long result, int error)
{
	if (waiter->result != result || (result == -1 && waiter->error != error))
		test_fail(__FILE__, __LINE__, "%s is %ld with errno %d, not %ld with %d",
			  call->name, waiter->result, waiter->error, result, error);
}

static void check_goes_on(pid_t pid)
{
	if (waiter->is_back)
		test_fail(__FILE__, __LINE__, "%s does not go on: %ld, errno %d", call->name,
			  waiter->result, waiter->error);
	if (call->finish == NULL) {
		CHECK_EQ(kill(pid, SIGKILL), 0);
		CHECK_KILLED(wait_for(pid), SIGKILL);
		return;
	}
	call->finish();
	CHECK_EXITED(wait_for(pid), 0);
	check_back_with(1, 0);
}

static void check_interrupted(pid_t pid)
{
	if (!waiter->is_back) {
		kill(pid, SIGKILL);
		test_fail(__FILE__, __LINE__, "%s goes on", call->name);
	}
	CHECK_EXITED(wait_for(pid), 0);
	check_back_with(-1, EINTR);
}

static void close_all(void)
{
	for (int fd = 3; fd < 64; fd++)
		close(fd);
}

/* @weakest: of the rules by which a call goes on after what @disturb does. */
static void check_calls(void (*disturb)(pid_t pid), int flags, int weakest)
{
	handle(SIGUSR1, note, flags);
	for (call = calls; call < calls + ARRAY_SIZE(calls); call++) {
		memset((void *)waiter, 0, sizeof(*waiter));
		if (call->prepare != NULL)
			call->prepare();
		const pid_t pid = start_child(make_call);
		until_back_or_asleep(pid);
		disturb(pid);
		until_back_or_asleep(pid);
		if ((int)call->rule <= weakest)
			check_goes_on(pid);
		else
			check_interrupted(pid);
		close_all();
	}
}

static void with_sa_restart_most_go_on(void)
{
	check_calls(send_handled, SA_RESTART, RESTARTS);
}

static void without_it_none_does(void)
{
	check_calls(send_handled, 0, -1);
}

static void after_a_stop_nearly_all_do(void)
{
	check_calls(stop_and_continue, 0, RESUMES);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(with_sa_restart_most_go_on),
		TEST(without_it_none_does),
		TEST(after_a_stop_nearly_all_do),
	};
	(void)argc;
	(void)argv;
	waiter = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (waiter == MAP_FAILED)
		return 1;
	return test_run(cases, ARRAY_SIZE(cases));
}
