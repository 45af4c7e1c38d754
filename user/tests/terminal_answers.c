// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/*
 * What a terminal answers to one whose terminal it is not: modes, sizes, job control, and what no
 * terminal does. It is the console, whose owner, the shell, waits for the test and types nothing.
 */
#include "lib/test.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>

static int fd;

static void modes_are_kept_as_they_are_set(void)
{
	struct termios before, changed, after;
	CHECK_EQ(tcgetattr(fd, &before), 0);
	changed = before;
	changed.c_lflag ^= TOSTOP;
	changed.c_cc[VEOL2] = 0xfe;
	for (int when = TCSANOW; when <= TCSAFLUSH; when++) {
		CHECK_EQ(tcsetattr(fd, when, &changed), 0);
		CHECK_EQ(tcgetattr(fd, &after), 0);
		CHECK_EQ(after.c_lflag, changed.c_lflag);
		CHECK_EQ(after.c_cc[VEOL2], 0xfe);
		CHECK_EQ(tcsetattr(fd, when, &before), 0);
	}
	CHECK_EQ(tcgetattr(fd, &after), 0);
	CHECK_EQ(after.c_lflag, before.c_lflag);
	CHECK_EQ(after.c_iflag, before.c_iflag);
	CHECK_EQ(after.c_oflag, before.c_oflag);
	CHECK_EQ(after.c_cflag, before.c_cflag);
	CHECK_ERRNO(ioctl(fd, TCGETS, 1), EFAULT);
	CHECK_ERRNO(ioctl(fd, TCSETS, 1), EFAULT);
}

static void size_is_kept(void)
{
	struct winsize before, after, other = { .ws_row = 33, .ws_col = 77, .ws_xpixel = 1 };
	CHECK_EQ(ioctl(fd, TIOCGWINSZ, &before), 0);
	CHECK_EQ(ioctl(fd, TIOCSWINSZ, &other), 0);
	CHECK_EQ(ioctl(fd, TIOCGWINSZ, &after), 0);
	CHECK_EQ(memcmp(&after, &other, sizeof(other)), 0);
	CHECK_EQ(ioctl(fd, TIOCSWINSZ, &before), 0);
	CHECK_ERRNO(ioctl(fd, TIOCGWINSZ, 1), EFAULT);
	CHECK_ERRNO(ioctl(fd, TIOCSWINSZ, 1), EFAULT);
}

static void only_its_session_is_told_of_jobs(void)
{
	pid_t group = getpgrp();
	int value;
	CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
	CHECK_ERRNO(ioctl(fd, TIOCGPGRP, &value), ENOTTY);
	CHECK_ERRNO(ioctl(fd, TIOCGSID, &value), ENOTTY);
	CHECK_ERRNO(ioctl(fd, TIOCSPGRP, &group), ENOTTY);
	CHECK_ERRNO(ioctl(fd, TIOCSPGRP, 1), EFAULT);
	group = -1;
	CHECK_ERRNO(ioctl(fd, TIOCSPGRP, &group), EINVAL);
	CHECK_ERRNO(ioctl(fd, TIOCNOTTY), ENOTTY);
}

static void nonsense_is_refused(void)
{
	int value = -1;
	CHECK_ERRNO(ioctl(fd, TCFLSH, 7), EINVAL);
	CHECK_ERRNO(ioctl(fd, TCXONC, 9), EINVAL);
	CHECK_ERRNO(ioctl(fd, 0x54ff, 0), ENOTTY);
	CHECK_ERRNO(ioctl(fd, FIONREAD, 1), EFAULT);
	CHECK_EQ(ioctl(fd, TIOCGETD, &value), 0);
	CHECK_EQ(value, 0);
	CHECK_EQ(ioctl(fd, TCFLSH, TCIFLUSH), 0);
	CHECK_EQ(ioctl(fd, FIONREAD, &value), 0);
	CHECK_EQ(value, 0);
	CHECK_EQ(tcdrain(fd), 0);
	CHECK_EQ(ioctl(fd, TIOCOUTQ, &value), 0); /* the kernel's own lines may be on their way */
	CHECK(value >= 0);
}

static void a_terminal_is_no_file(void)
{
	struct stat st;
	char byte;
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_rdev, makedev(5, 1));
	CHECK_ERRNO(lseek(fd, 0, SEEK_SET), ESPIPE);
	CHECK_ERRNO(lseek(fd, 0, SEEK_CUR), ESPIPE);
	CHECK_ERRNO(pread(fd, &byte, 1, 0), ESPIPE);
	CHECK_ERRNO(pwrite(fd, "x", 1, 0), ESPIPE);
	CHECK_ERRNO(ftruncate(fd, 0), EINVAL);
	CHECK_ERRNO(fsync(fd), EINVAL);
	CHECK_ERRNO(fdatasync(fd), EINVAL);
	CHECK_EQ(posix_fallocate(fd, 0, 1), ENODEV);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	CHECK_EQ(errno, ENODEV);
	CHECK_ERRNO(syscall(SYS_write, fd, 1, 1), EFAULT);
	CHECK_EQ(write(fd, "", 0), 0);
	CHECK_EQ(read(fd, &byte, 0), 0);
}

static void set_raw(const struct termios *from, cc_t min, cc_t time)
{
	struct termios raw = *from;
	raw.c_lflag &= ~(tcflag_t)ICANON;
	raw.c_cc[VMIN] = min;
	raw.c_cc[VTIME] = time;
	CHECK_EQ(tcsetattr(fd, TCSANOW, &raw), 0);
}

static void nothing_typed_is_told_as_the_modes_say(void)
{
	struct termios before;
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	char bytes[4];
	CHECK_EQ(tcgetattr(fd, &before), 0);
	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLOUT);
	CHECK_ERRNO(read(fd, bytes, sizeof(bytes)), EAGAIN);
	set_raw(&before, 0, 0);
	CHECK_EQ(read(fd, bytes, sizeof(bytes)), 0);
	set_raw(&before, 1, 0);
	CHECK_ERRNO(read(fd, bytes, sizeof(bytes)), EAGAIN);
	set_raw(&before, 0, 1);
	CHECK_ERRNO(read(fd, bytes, sizeof(bytes)), EAGAIN);
	CHECK_EQ(fcntl(fd, F_SETFL, 0), 0);
	CHECK_EQ(read(fd, bytes, sizeof(bytes)), 0);
	CHECK_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	CHECK_EQ(tcsetattr(fd, TCSANOW, &before), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(modes_are_kept_as_they_are_set),
		TEST(size_is_kept),
		TEST(only_its_session_is_told_of_jobs),
		TEST(nonsense_is_refused),
		TEST(a_terminal_is_no_file),
		TEST(nothing_typed_is_told_as_the_modes_say),
	};
	/* A child leads no group, so it can have a session of its own. */
	const pid_t pid = fork();
	if (pid > 0) {
		const int status = wait_for(pid);
		return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	}
	if (pid < 0 || setsid() < 0)
		return 1;
	fd = open("/dev/console", O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || !isatty(fd))
		return 1;
	return test_run(cases, ARRAY_SIZE(cases));
}
