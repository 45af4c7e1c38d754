// SPDX-License-Identifier: MIT
/* AF_UNIX datagrams: whole messages, their senders' names, and whom one may send to. */
#include "lib/test.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un named(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	strcpy(a.sun_path, path);
	return a;
}

static int bound(const char *path, int flags)
{
	const struct sockaddr_un a = named(path);
	const int s = socket(AF_UNIX, SOCK_DGRAM | flags, 0);
	CHECK(s >= 0);
	CHECK_EQ(bind(s, (const struct sockaddr *)&a, sizeof(a)), 0);
	return s;
}

static ssize_t send_to(int s, const char *path, const void *data, size_t len)
{
	const struct sockaddr_un a = named(path);
	return sendto(s, data, len, 0, (const struct sockaddr *)&a, sizeof(a));
}

static int connect_to(int s, const char *path)
{
	const struct sockaddr_un a = named(path);
	return connect(s, (const struct sockaddr *)&a, sizeof(a));
}

static void messages_stay_whole_and_name_their_sender(void)
{
	char buf[32] = { 0 };
	struct sockaddr_un from;
	socklen_t len = sizeof(from);
	const int a = bound("a", 0), b = bound("b", 0);
	CHECK_EQ(send_to(a, "b", "first", 5), 5);
	CHECK_EQ(send_to(a, "b", "", 0), 0);
	CHECK_EQ(send_to(a, "b", "second", 6), 6);
	CHECK_EQ(recvfrom(b, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 5);
	CHECK_STR(buf, "first");
	CHECK_STR(from.sun_path, "a");
	CHECK_EQ(recv(b, buf, sizeof(buf), 0), 0); /* the empty one */
	CHECK_EQ(recv(b, buf, 3, 0), 3);           /* what does not fit is lost */
	CHECK_ERRNO(recv(b, buf, 3, MSG_DONTWAIT), EAGAIN);
	close(a), close(b);
	CHECK_EQ(unlink("a") + unlink("b"), 0);
}

static void a_cut_message_is_marked(void)
{
	char buf[4];
	struct iovec v = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	int pair[2];
	CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	CHECK_EQ(write(pair[0], "long message", 12), 12);
	CHECK_EQ(write(pair[0], "abc", 3), 3);
	int first = 0;
	CHECK_EQ(ioctl(pair[1], FIONREAD, &first), 0);
	CHECK_EQ(first, 12);
	CHECK_EQ(recvmsg(pair[1], &m, 0), 4);
	CHECK_EQ(m.msg_flags, MSG_TRUNC);
	CHECK_EQ(recvmsg(pair[1], &m, 0), 3);
	CHECK_EQ(m.msg_flags, 0);
	close(pair[0]), close(pair[1]);
}

static void connect_chooses_the_receiver(void)
{
	char buf[8];
	const int server = bound("server", 0);
	const int client = socket(AF_UNIX, SOCK_DGRAM, 0);
	CHECK_ERRNO(send(client, "x", 1, 0), ENOTCONN);
	CHECK_EQ(connect_to(client, "server"), 0);
	CHECK_EQ(send(client, "x", 1, 0), 1);
	CHECK_EQ(write(client, "y", 1), 1);
	CHECK_EQ(recv(server, buf, sizeof(buf), 0), 1);
	CHECK_EQ(read(server, buf, sizeof(buf)), 1);
	/* Connected to somebody, the server hears that one only. */
	const int friend = bound("friend", 0);
	CHECK_EQ(connect_to(server, "friend"), 0);
	CHECK_ERRNO(send_to(client, "server", "x", 1), EPERM);
	CHECK_EQ(send_to(friend, "server", "x", 1), 1);
	close(server);
	CHECK_ERRNO(send(client, "x", 1, 0), ECONNREFUSED);
	CHECK_ERRNO(send_to(friend, "server", "x", 1), ECONNREFUSED);
	CHECK_ERRNO(send_to(friend, "nobody", "x", 1), ENOENT);
	close(client), close(friend);
	CHECK_EQ(unlink("server") + unlink("friend"), 0);
}

static void another_peer_forgets_what_waits(void)
{
	char buf[8];
	const int a = bound("a", 0), b = bound("b", 0), c = bound("c", 0);
	CHECK_EQ(connect_to(a, "b"), 0);
	CHECK_EQ(connect_to(b, "a"), 0);
	CHECK_EQ(write(b, "x", 1), 1);
	CHECK_EQ(connect_to(a, "b"), 0); /* the same one again */
	CHECK_EQ(recv(a, buf, sizeof(buf), MSG_DONTWAIT), 1);
	CHECK_EQ(write(b, "x", 1), 1);
	CHECK_EQ(connect_to(a, "c"), 0);
	CHECK_ERRNO(recv(a, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	CHECK_ERRNO(recv(b, buf, sizeof(buf), MSG_DONTWAIT), ECONNRESET); /* once */
	CHECK_ERRNO(recv(b, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
	close(a), close(b), close(c);
	CHECK_EQ(unlink("a") + unlink("b") + unlink("c"), 0);
}

static void a_full_queue_makes_the_sender_wait(void)
{
	char buf[8];
	const int server = bound("server", 0);
	const int client = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	CHECK_EQ(connect_to(client, "server"), 0);
	int sent = 0;
	while (send(client, "m", 1, 0) == 1)
		sent++;
	CHECK_EQ(errno, EAGAIN);
	CHECK(sent > 0);
	struct pollfd p = { .fd = client, .events = POLLOUT };
	CHECK_EQ(poll(&p, 1, 0), 0);
	const pid_t child = fork();
	if (child == 0) {
		CHECK_EQ(fcntl(client, F_SETFL, 0), 0);
		CHECK_EQ(send(client, "last", 4, 0), 4);
		_exit(0);
	}
	usleep(20000);
	for (int i = 0; i < sent; i++)
		CHECK_EQ(recv(server, buf, sizeof(buf), 0), 1);
	CHECK_EQ(recv(server, buf, sizeof(buf), 0), 4);
	CHECK_EQ(wait_for(child), 0);
	CHECK_EQ(poll(&p, 1, -1), 1);
	close(client), close(server);
	CHECK_EQ(unlink("server"), 0);
}

static void poll_wakes_when_there_is_room(void)
{
	char buf[8];
	const int server = bound("server", 0);
	const int client = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	CHECK_EQ(connect_to(client, "server"), 0);
	int sent = 0;
	while (send(client, "m", 1, 0) == 1)
		sent++;
	const pid_t child = fork();
	if (child == 0) {
		usleep(20000);
		for (int i = 0; i < sent; i++)
			CHECK_EQ(recv(server, buf, sizeof(buf), 0), 1);
		_exit(0);
	}
	struct pollfd p = { .fd = client, .events = POLLOUT };
	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EQ(send(client, "m", 1, 0), 1);
	CHECK_EQ(wait_for(child), 0);
	close(client), close(server);
	CHECK_EQ(unlink("server"), 0);
}

static void an_end_that_is_gone_is_not_full(void)
{
	int pair[2];
	CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	struct pollfd p = { .fd = pair[0], .events = POLLOUT };
	while (send(pair[0], "m", 1, 0) == 1)
		;
	CHECK_EQ(poll(&p, 1, 0), 0);
	close(pair[1]);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_ERRNO(send(pair[0], "m", 1, 0), ECONNREFUSED);
	close(pair[0]);
}

static void a_message_has_a_largest_size(void)
{
	const size_t size = 1 << 20;
	char *big = calloc(1, size);
	int pair[2];
	CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	CHECK_ERRNO(send(pair[0], big, size, 0), EMSGSIZE);
	CHECK_EQ(send(pair[0], big, 100000, 0), 100000);
	CHECK_EQ(recv(pair[1], big, size, 0), 100000);
	CHECK_ERRNO(send(pair[0], (void *)PAGE, 10, 0), EFAULT);
	close(pair[0]), close(pair[1]);
	free(big);
}

static int signals;

static void count_signal(int sig)
{
	(void)sig;
	signals++;
}

/* Only who writes a stream of bytes is told so. */
static void no_reader_is_no_signal(void)
{
	const int types[] = { SOCK_DGRAM, SOCK_SEQPACKET };
	signals = 0;
	signal(SIGPIPE, count_signal);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		int pair[2];
		CHECK_EQ(socketpair(AF_UNIX, types[i], 0, pair), 0);
		CHECK_EQ(shutdown(pair[1], SHUT_RD), 0);
		CHECK_ERRNO(write(pair[0], "x", 1), EPIPE);
		CHECK_ERRNO(send(pair[0], "x", 1, 0), EPIPE);
		close(pair[0]), close(pair[1]);
	}
	CHECK_EQ(signals, 0);
	signal(SIGPIPE, SIG_DFL);
}

static void closing_lets_everything_go(void)
{
	for (int i = 0; i < 200; i++) {
		int pair[2];
		CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
		CHECK_EQ(send(pair[0], "x", 1, 0), 1);
		CHECK_EQ(send(pair[1], "y", 1, 0), 1);
		close(pair[0]);
		CHECK_ERRNO(send(pair[1], "z", 1, 0), ECONNREFUSED);
		close(pair[1]);
	}
	const int self = bound("self", 0);
	CHECK_EQ(connect_to(self, "self"), 0); /* it names itself */
	CHECK_EQ(send(self, "x", 1, 0), 1);
	close(self);
	CHECK_EQ(unlink("self"), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(messages_stay_whole_and_name_their_sender),
		TEST(a_cut_message_is_marked),
		TEST(connect_chooses_the_receiver),
		TEST(another_peer_forgets_what_waits),
		TEST(a_full_queue_makes_the_sender_wait),
		TEST(poll_wakes_when_there_is_room),
		TEST(an_end_that_is_gone_is_not_full),
		TEST(a_message_has_a_largest_size),
		TEST(no_reader_is_no_signal),
		TEST(closing_lets_everything_go),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
