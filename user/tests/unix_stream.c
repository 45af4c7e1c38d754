// SPDX-License-Identifier: MIT
/* AF_UNIX byte streams and sequenced packets: names, connections, bytes, ends. */
#include "lib/test.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un named(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	strcpy(a.sun_path, path);
	return a;
}

static int bind_to(int s, const char *path)
{
	const struct sockaddr_un a = named(path);
	return bind(s, (const struct sockaddr *)&a, sizeof(a));
}

static int connect_to(int s, const char *path)
{
	const struct sockaddr_un a = named(path);
	return connect(s, (const struct sockaddr *)&a, sizeof(a));
}

static int new_socket(int type)
{
	const int s = socket(AF_UNIX, type, 0);
	CHECK(s >= 0);
	return s;
}

static int listener(int type, const char *path, int backlog)
{
	const int s = new_socket(type);
	CHECK_EQ(bind_to(s, path), 0);
	CHECK_EQ(listen(s, backlog), 0);
	return s;
}

static void new_pair(int type, int pair[2])
{
	CHECK_EQ(socketpair(AF_UNIX, type, 0, pair), 0);
}

static void close_pair(int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

static short events_of(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };
	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents;
}

static void a_client_talks_to_a_server(void)
{
	char buf[16] = { 0 };
	struct sockaddr_un a;
	socklen_t len = sizeof(a);
	struct stat st;
	umask(022);
	const int server = listener(SOCK_STREAM, "sock", 4);
	CHECK_EQ(stat("sock", &st), 0);
	CHECK(S_ISSOCK(st.st_mode));
	CHECK_EQ(st.st_mode & 0777, 0755);
	const int client = new_socket(SOCK_STREAM);
	CHECK_EQ(connect_to(client, "sock"), 0);
	write_all(client, "early", 5); /* before anybody accepts */
	const int peer = accept(server, (struct sockaddr *)&a, &len);
	CHECK(peer >= 0);
	CHECK_EQ(len, sizeof(sa_family_t)); /* the client has no name */
	read_all(peer, buf, 5);
	CHECK_STR(buf, "early");
	write_all(peer, "answer", 6);
	read_all(client, buf, 6);
	CHECK_STR(buf, "answer");
	len = sizeof(a);
	CHECK_EQ(getpeername(client, (struct sockaddr *)&a, &len), 0);
	CHECK_STR(a.sun_path, "sock");
	CHECK_EQ(len, offsetof(struct sockaddr_un, sun_path) + sizeof("sock"));
	close(peer);
	CHECK_EQ(read(client, buf, 1), 0);
	CHECK(events_of(client) & POLLHUP);
	close(client), close(server);
	CHECK_EQ(unlink("sock"), 0);
}

static void bytes_keep_their_order_across_processes(void)
{
	enum { TOTAL = 3 << 20 };
	static unsigned char buf[50000];
	int pair[2];
	new_pair(SOCK_STREAM, pair);
	const pid_t child = fork();
	if (child == 0) {
		close(pair[1]);
		size_t sent = 0;
		while (sent < TOTAL) {
			const size_t part = 1 + (sent * 7) % sizeof(buf);
			for (size_t i = 0; i < part; i++)
				buf[i] = (unsigned char)((sent + i) % 251);
			write_all(pair[0], buf, part);
			sent += part;
		}
		_exit(0);
	}
	close(pair[0]);
	size_t got = 0;
	ssize_t n;
	while ((n = read(pair[1], buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			CHECK_EQ(buf[i], (got + (size_t)i) % 251);
		got += (size_t)n;
	}
	CHECK_EQ(n, 0);
	CHECK(got >= TOTAL);
	CHECK_EQ(wait_for(child), 0);
	close(pair[1]);
}

static void a_full_stream_refuses_and_goes_on(void)
{
	static char buf[4096];
	int pair[2];
	new_pair(SOCK_STREAM | SOCK_NONBLOCK, pair);
	size_t sent = 0;
	ssize_t n;
	while ((n = write(pair[0], buf, sizeof(buf))) > 0)
		sent += (size_t)n;
	CHECK_EQ(n, -1);
	CHECK_EQ(errno, EAGAIN);
	CHECK((events_of(pair[0]) & POLLOUT) == 0);
	int waiting = 0;
	CHECK_EQ(ioctl(pair[1], FIONREAD, &waiting), 0);
	CHECK_EQ(waiting, sent);
	for (size_t got = 0; got < sent; got += (size_t)n) {
		n = read(pair[1], buf, sizeof(buf));
		CHECK(n > 0);
	}
	CHECK_ERRNO(read(pair[1], buf, 1), EAGAIN);
	CHECK(events_of(pair[0]) & POLLOUT);
	close_pair(pair);
}

static volatile sig_atomic_t pipe_signals;

static void count_signal(int sig)
{
	pipe_signals++;
}

static void writing_to_nobody_is_told(void)
{
	int pair[2];
	char byte;
	handle(SIGPIPE, count_signal, 0);
	new_pair(SOCK_STREAM, pair);
	close(pair[1]);
	CHECK_ERRNO(write(pair[0], "x", 1), EPIPE);
	CHECK_EQ(pipe_signals, 1);
	CHECK_ERRNO(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ(pipe_signals, 1);
	CHECK_EQ(read(pair[0], &byte, 1), 0);
	close(pair[0]);
	/* Packets and datagrams come without the signal, by send() and by write(). */
	new_pair(SOCK_SEQPACKET, pair);
	close(pair[1]);
	CHECK_ERRNO(write(pair[0], "x", 1), EPIPE);
	close(pair[0]);
	new_pair(SOCK_DGRAM, pair);
	CHECK_EQ(shutdown(pair[0], SHUT_WR), 0);
	CHECK_ERRNO(write(pair[0], "x", 1), EPIPE);
	CHECK_ERRNO(send(pair[0], "x", 1, 0), EPIPE);
	close_pair(pair);
	CHECK_EQ(pipe_signals, 1);
	/* What was sent and never read is lost with a word. */
	new_pair(SOCK_STREAM, pair);
	write_all(pair[0], "x", 1);
	close(pair[1]);
	CHECK_ERRNO(read(pair[0], &byte, 1), ECONNRESET);
	CHECK_EQ(read(pair[0], &byte, 1), 0);
	close(pair[0]);
}

/* One end has sent "xyz" and is gone without having read what came. */
static void half_a_pair(int type, int pair[2])
{
	new_pair(type, pair);
	write_all(pair[0], "lost", 4);
	write_all(pair[1], "xyz", 3);
	close(pair[1]);
}

static void what_was_lost_is_told_in_its_turn(void)
{
	int pair[2];
	char buf[8];
	half_a_pair(SOCK_STREAM, pair);
	CHECK_EQ(read(pair[0], buf, sizeof(buf)), 3); /* bytes first */
	CHECK_ERRNO(read(pair[0], buf, sizeof(buf)), ECONNRESET);
	CHECK_EQ(read(pair[0], buf, sizeof(buf)), 0);
	close(pair[0]);
	half_a_pair(SOCK_STREAM, pair);
	CHECK_EQ(recv(pair[0], buf, sizeof(buf), MSG_WAITALL), 3); /* which met it */
	CHECK_EQ(read(pair[0], buf, sizeof(buf)), 0);
	close(pair[0]);
	half_a_pair(SOCK_SEQPACKET, pair);
	CHECK_ERRNO(read(pair[0], buf, sizeof(buf)), ECONNRESET);
	CHECK_EQ(read(pair[0], buf, sizeof(buf)), 3);
	CHECK_EQ(read(pair[0], buf, sizeof(buf)), 0);
	close(pair[0]);
	half_a_pair(SOCK_STREAM, pair);
	CHECK_ERRNO(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ(read(pair[0], buf, sizeof(buf)), 3);
	CHECK_ERRNO(read(pair[0], buf, sizeof(buf)), ECONNRESET);
	close(pair[0]);
	half_a_pair(SOCK_SEQPACKET, pair);
	CHECK_ERRNO(send(pair[0], "x", 1, MSG_NOSIGNAL), ECONNRESET);
	CHECK_ERRNO(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	close(pair[0]);
}

/* It fails at once, but it does not wait: what filled the other end went with it. */
static void an_end_that_is_gone_is_not_full(void)
{
	static const char block[4096];
	int pair[2];
	new_pair(SOCK_STREAM | SOCK_NONBLOCK, pair);
	while (write(pair[0], block, sizeof(block)) > 0)
		;
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(events_of(pair[0]), 0);
	close(pair[1]);
	CHECK_EQ(events_of(pair[0]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR);
	close(pair[0]);
}

static void shutdown_ends_one_direction(void)
{
	int pair[2];
	char byte;
	new_pair(SOCK_STREAM, pair);
	write_all(pair[0], "x", 1);
	CHECK_EQ(shutdown(pair[0], SHUT_WR), 0);
	CHECK_ERRNO(send(pair[0], "y", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ(events_of(pair[1]) & (POLLIN | POLLRDHUP | POLLHUP), POLLIN | POLLRDHUP);
	CHECK_EQ(read(pair[1], &byte, 1), 1);
	CHECK_EQ(read(pair[1], &byte, 1), 0);
	write_all(pair[1], "z", 1); /* the other direction is open */
	CHECK_EQ(read(pair[0], &byte, 1), 1);
	CHECK_ERRNO(shutdown(pair[0], 3), EINVAL);
	close_pair(pair);
}

static void peek_leaves_and_waitall_waits(void)
{
	int pair[2];
	char buf[8] = { 0 };
	new_pair(SOCK_STREAM, pair);
	write_all(pair[0], "abc", 3);
	write_all(pair[0], "def", 3);
	CHECK_EQ(recv(pair[1], buf, 6, MSG_PEEK), 6);
	CHECK_STR(buf, "abcdef");
	const pid_t child = fork();
	if (child == 0) {
		usleep(20000);
		write_all(pair[0], "gh", 2);
		_exit(0);
	}
	CHECK_EQ(recv(pair[1], buf, 8, MSG_WAITALL), 8);
	CHECK_EQ(memcmp(buf, "abcdefgh", 8), 0);
	CHECK_EQ(wait_for(child), 0);
	CHECK_ERRNO(recv(pair[1], buf, 1, MSG_DONTWAIT), EAGAIN);
	close_pair(pair);
}

static void packets_keep_their_ends(void)
{
	int pair[2];
	char buf[16] = { 0 };
	new_pair(SOCK_SEQPACKET, pair);
	write_all(pair[0], "one", 3);
	write_all(pair[0], "three", 5);
	CHECK_EQ(recv(pair[1], buf, sizeof(buf), 0), 3);
	CHECK_EQ(recv(pair[1], buf, 2, MSG_TRUNC), 5); /* the rest is gone */
	CHECK_STR(buf, "the");
	close(pair[0]);
	CHECK_EQ(recv(pair[1], buf, 1, 0), 0);
	close(pair[1]);
}

static void messages_of_several_buffers(void)
{
	int pair[2];
	char a[4] = { 0 }, b[8] = { 0 };
	struct iovec out[2] = { { "abc", 3 }, { "defgh", 5 } };
	struct iovec in[2] = { { a, 3 }, { b, sizeof(b) } };
	struct msghdr m = { .msg_iov = out, .msg_iovlen = 2 };
	new_pair(SOCK_STREAM, pair);
	CHECK_EQ(sendmsg(pair[0], &m, 0), 8);
	m = (struct msghdr){ .msg_iov = in, .msg_iovlen = 2, .msg_flags = -1 };
	CHECK_EQ(recvmsg(pair[1], &m, 0), 8);
	CHECK_STR(a, "abc");
	CHECK_STR(b, "defgh");
	CHECK_EQ(m.msg_flags, 0);
	close_pair(pair);
}

static void the_backlog_has_an_end(void)
{
	const int server = listener(SOCK_STREAM, "sock", 0);
	const int first = new_socket(SOCK_STREAM), second = new_socket(SOCK_STREAM | SOCK_NONBLOCK);
	CHECK_EQ(connect_to(first, "sock"), 0);
	CHECK_ERRNO(connect_to(second, "sock"), EAGAIN);
	CHECK(events_of(server) & POLLIN);
	const int peer = accept4(server, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	CHECK(peer >= 0);
	CHECK_EQ(fcntl(peer, F_GETFD), FD_CLOEXEC);
	CHECK(fcntl(peer, F_GETFL) & O_NONBLOCK);
	CHECK_ERRNO(connect_to(first, "sock"), EISCONN);
	CHECK_EQ(connect_to(second, "sock"), 0);
	/* Who waited in vain is told. */
	char byte;
	close(server);
	fcntl(second, F_SETFL, 0);
	CHECK_ERRNO(read(second, &byte, 1), ECONNRESET);
	close(first), close(second), close(peer);
	CHECK_EQ(unlink("sock"), 0);
}

static void a_sleeping_connect_goes_on(void)
{
	const int server = listener(SOCK_STREAM, "sock", 0);
	const int first = new_socket(SOCK_STREAM);
	CHECK_EQ(connect_to(first, "sock"), 0);
	const pid_t child = fork();
	if (child == 0) {
		const int second = new_socket(SOCK_STREAM);
		CHECK_EQ(connect_to(second, "sock"), 0);
		write_all(second, "2", 1);
		_exit(0);
	}
	usleep(20000);
	char byte = 0;
	close(accept(server, NULL, NULL));
	const int peer = accept(server, NULL, NULL);
	CHECK(peer >= 0);
	read_all(peer, &byte, 1);
	CHECK_EQ(byte, '2');
	CHECK_EQ(wait_for(child), 0);
	close(peer), close(first), close(server);
	CHECK_EQ(unlink("sock"), 0);
}

static void without_a_descriptor_nothing_is_accepted_or_lost(void)
{
	const int l = listener(SOCK_STREAM, "crowded", 1);
	const int c = new_socket(SOCK_STREAM);
	CHECK_EQ(connect_to(c, "crowded"), 0);
	struct rlimit limit;
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	const rlim_t before = limit.rlim_cur;
	limit.rlim_cur = (rlim_t)c + 1; /* it was the lowest free one */
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	CHECK_ERRNO(accept(l, NULL, NULL), EMFILE);
	limit.rlim_cur = before;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	CHECK_EQ(events_of(l) & POLLIN, POLLIN);
	const int s = accept(l, NULL, NULL);
	CHECK(s >= 0);
	CHECK_EQ(write(c, "x", 1), 1);
	close(s);
	close(c);
	close(l);
}

static void errors_of_names_and_states(void)
{
	char byte;
	const int s = new_socket(SOCK_STREAM), t = new_socket(SOCK_STREAM);
	const int fd = make_file("file", 1);
	CHECK_ERRNO(connect_to(s, "nothing"), ENOENT);
	CHECK_ERRNO(connect_to(s, "file"), ECONNREFUSED);
	CHECK_ERRNO(bind_to(s, "file"), EADDRINUSE);
	CHECK_ERRNO(bind_to(s, "none/such"), ENOENT);
	CHECK_ERRNO(listen(s, 1), EINVAL);
	CHECK_ERRNO(accept(s, NULL, NULL), EINVAL);
	CHECK_EQ(bind_to(s, "sock"), 0);
	CHECK_ERRNO(bind_to(s, "other"), EINVAL);
	CHECK_ERRNO(access("other", F_OK), ENOENT);
	CHECK_ERRNO(bind_to(s, "file"), EADDRINUSE);
	CHECK_ERRNO(bind_to(t, "sock"), EADDRINUSE);
	CHECK_ERRNO(connect_to(t, "sock"), ECONNREFUSED); /* it does not listen */
	CHECK_EQ(listen(s, 1), 0);
	CHECK_ERRNO(connect_to(s, "sock"), EINVAL);
	const int dgram = new_socket(SOCK_DGRAM);
	CHECK_ERRNO(connect_to(dgram, "sock"), EPROTOTYPE);
	CHECK_ERRNO(listen(dgram, 1), EOPNOTSUPP);
	CHECK_ERRNO(accept(dgram, NULL, NULL), EOPNOTSUPP);
	CHECK_ERRNO(send(t, "x", 1, 0), ENOTCONN);
	CHECK_ERRNO(recv(t, &byte, 1, 0), EINVAL);
	CHECK(events_of(t) & POLLHUP);
	close(s);
	CHECK_ERRNO(connect_to(t, "sock"), ECONNREFUSED); /* the name outlives the socket */
	CHECK_ERRNO(open("sock", O_RDONLY), ENXIO);
	CHECK_ERRNO(bind_to(t, "sock"), EADDRINUSE);
	CHECK_ERRNO(lseek(t, 0, SEEK_SET), ESPIPE);
	CHECK_ERRNO(listen(fd, 1), ENOTSOCK);
	CHECK_ERRNO(listen(-1, 1), EBADF);
	close(t), close(dgram), close(fd);
	CHECK_EQ(unlink("sock"), 0);
	CHECK_EQ(unlink("file"), 0);
}

static void errors_of_kinds(void)
{
	int pair[2];
	CHECK_ERRNO(socket(AF_UNIX, SOCK_STREAM, 6), EPROTONOSUPPORT);
	CHECK_ERRNO(socket(AF_UNIX, 4, 0), ESOCKTNOSUPPORT);
	CHECK_ERRNO(socket(AF_UNIX, 11, 0), EINVAL);
	CHECK_ERRNO(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT);
	CHECK_ERRNO(socketpair(AF_UNIX, SOCK_STREAM, 0, (int *)PAGE), EFAULT);
	new_pair(SOCK_STREAM, pair);
	const int next = dup(0);
	CHECK_EQ(next, pair[1] + 1); /* the failed one left no descriptors */
	close(next);
	close_pair(pair);
}

static void abstract_names_stand_in_no_directory(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const int n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "heifer-%d", getpid());
	const socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	const int server = new_socket(SOCK_STREAM), client = new_socket(SOCK_STREAM);
	CHECK_EQ(bind(server, (struct sockaddr *)&a, len), 0);
	CHECK_EQ(listen(server, 1), 0);
	CHECK_ERRNO(bind(client, (struct sockaddr *)&a, len), EADDRINUSE);
	CHECK_EQ(connect(client, (struct sockaddr *)&a, len), 0);
	close(server);
	CHECK_ERRNO(connect(new_socket(SOCK_STREAM), (struct sockaddr *)&a, len), ECONNREFUSED);
	/* And one that the kernel chooses. */
	const int s = new_socket(SOCK_STREAM);
	socklen_t got = sizeof(a);
	CHECK_EQ(bind(s, (struct sockaddr *)&a, sizeof(sa_family_t)), 0);
	CHECK_EQ(getsockname(s, (struct sockaddr *)&a, &got), 0);
	CHECK_EQ(got, sizeof(sa_family_t) + 6);
	CHECK_EQ(a.sun_path[0], '\0');
	close(s), close(client);
}

static void options_tell_about_the_socket(void)
{
	int value = -1;
	socklen_t len = sizeof(value);
	struct ucred cred;
	int pair[2];
	new_pair(SOCK_STREAM, pair);
	CHECK_EQ(getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &value, &len), 0);
	CHECK_EQ(value, SOCK_STREAM);
	CHECK_EQ(getsockopt(pair[0], SOL_SOCKET, SO_DOMAIN, &value, &len), 0);
	CHECK_EQ(value, AF_UNIX);
	CHECK_EQ(getsockopt(pair[0], SOL_SOCKET, SO_ERROR, &value, &len), 0);
	CHECK_EQ(value, 0);
	CHECK_EQ(getsockopt(pair[0], SOL_SOCKET, SO_ACCEPTCONN, &value, &len), 0);
	CHECK_EQ(value, 0);
	value = 1;
	CHECK_EQ(setsockopt(pair[0], SOL_SOCKET, SO_REUSEADDR, &value, sizeof(value)), 0);
	value = 0;
	CHECK_EQ(getsockopt(pair[0], SOL_SOCKET, SO_REUSEADDR, &value, &len), 0);
	CHECK_EQ(value, 1);
	len = sizeof(cred);
	CHECK_EQ(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &cred, &len), 0);
	CHECK_EQ(cred.uid, geteuid());
	CHECK_ERRNO(setsockopt(pair[0], SOL_SOCKET, 9999, &value, sizeof(value)), ENOPROTOOPT);
	close_pair(pair);
}

static void do_nothing(int sig)
{
}

static void a_signal_interrupts_the_waits(void)
{
	int pair[2];
	char byte;
	const int server = listener(SOCK_STREAM, "sock", 0);
	new_pair(SOCK_STREAM, pair);
	handle(SIGALRM, do_nothing, 0);
	ualarm(20000, 20000);
	CHECK_ERRNO(read(pair[0], &byte, 1), EINTR);
	CHECK_ERRNO(accept(server, NULL, NULL), EINTR);
	ualarm(0, 0);
	close_pair(pair);
	close(server);
	CHECK_EQ(unlink("sock"), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_client_talks_to_a_server),
		TEST(bytes_keep_their_order_across_processes),
		TEST(a_full_stream_refuses_and_goes_on),
		TEST(writing_to_nobody_is_told),
		TEST(what_was_lost_is_told_in_its_turn),
		TEST(an_end_that_is_gone_is_not_full),
		TEST(shutdown_ends_one_direction),
		TEST(peek_leaves_and_waitall_waits),
		TEST(packets_keep_their_ends),
		TEST(messages_of_several_buffers),
		TEST(the_backlog_has_an_end),
		TEST(a_sleeping_connect_goes_on),
		TEST(without_a_descriptor_nothing_is_accepted_or_lost),
		TEST(errors_of_names_and_states),
		TEST(errors_of_kinds),
		TEST(abstract_names_stand_in_no_directory),
		TEST(options_tell_about_the_socket),
		TEST(a_signal_interrupts_the_waits),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
