// SPDX-License-Identifier: MIT
/* What a call copies from or to the program arrives whole wherever either side begins, touches
 * nothing beside it, and ends where the program's memory does. */
#include "lib/test.h"

#define LENGTH_MAX 150
#define ROOM       256

static unsigned char pattern[ROOM];

static unsigned char letter(size_t at)
{
	return (unsigned char)(at * 37 + 11);
}

static int pattern_file(void)
{
	for (size_t i = 0; i < ROOM; i++)
		pattern[i] = letter(i);
	const int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0);
	CHECK_EQ(pwrite(fd, pattern, ROOM, 0), ROOM);
	return fd;
}

static bool is_filled(const unsigned char *p, size_t count, int with)
{
	for (size_t i = 0; i < count; i++) {
		if (p[i] != with)
			return false;
	}
	return true;
}

static void every_offset_and_length_is_read(void)
{
	_Alignas(16) unsigned char to[ROOM];
	const int fd = pattern_file();
	for (size_t from = 0; from < 8; from++) {
		for (size_t at = 8; at < 16; at++) {
			for (size_t n = 0; n <= LENGTH_MAX; n += 1 + n / 20) {
				memset(to, 0xee, sizeof(to));
				CHECK_EQ(pread(fd, to + at, n, (off_t)from), (ssize_t)n);
				CHECK(memcmp(to + at, pattern + from, n) == 0);
				CHECK(is_filled(to, at, 0xee));
				CHECK(is_filled(to + at + n, sizeof(to) - at - n, 0xee));
			}
		}
	}
	CHECK_EQ(close(fd), 0);
}

static void every_offset_and_length_is_written(void)
{
	unsigned char back[ROOM];
	const int fd = pattern_file();
	for (size_t from = 0; from < 8; from++) {
		for (size_t at = 8; at < 16; at++) {
			for (size_t n = 0; n <= LENGTH_MAX; n += 1 + n / 20) {
				memset(back, 0xee, sizeof(back));
				CHECK_EQ(pwrite(fd, back, sizeof(back), 0), ROOM);
				CHECK_EQ(pwrite(fd, pattern + from, n, (off_t)at), (ssize_t)n);
				CHECK_EQ(pread(fd, back, sizeof(back), 0), ROOM);
				CHECK(memcmp(back + at, pattern + from, n) == 0);
				CHECK(is_filled(back, at, 0xee));
				CHECK(is_filled(back + at + n, sizeof(back) - at - n, 0xee));
			}
		}
	}
	CHECK_EQ(close(fd), 0);
}

/* How much of what fits is copied is the kernel's affair; what it says it copied is there. */
static void memory_that_ends_ends_the_copy(void)
{
	unsigned char *const page = (unsigned char *)map_pages(2, PROT_READ | PROT_WRITE);
	CHECK_EQ(munmap(page + PAGE, PAGE), 0);
	const int fd = pattern_file();
	for (size_t from = 0; from < 8; from++) {
		for (size_t room = 1; room < 90; room += 1 + room / 20) {
			unsigned char *const to = page + PAGE - room;
			memset(page + PAGE - ROOM, 0xee, ROOM);
			ssize_t n = pread(fd, to, room + 20, (off_t)from);
			CHECK(n >= 0 || errno == EFAULT);
			n = n < 0 ? 0 : n;
			CHECK((size_t)n <= room);
			CHECK(memcmp(to, pattern + from, (size_t)n) == 0);
			CHECK(is_filled(page + PAGE - ROOM, ROOM - room, 0xee));
		}
	}
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(munmap(page, PAGE), 0);
}

static void masks_may_stand_anywhere(void)
{
	_Alignas(8) unsigned char memory[24];
	for (size_t at = 1; at < 8; at++) {
		const uint64_t mask = 1UL << (SIGUSR1 - 1);
		memcpy(memory + at, &mask, sizeof(mask));
		CHECK_EQ(syscall(SYS_rt_sigprocmask, SIG_SETMASK, memory + at, NULL, 8), 0);
		memset(memory, 0xee, sizeof(memory));
		CHECK_EQ(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, NULL, memory + at, 8), 0);
		CHECK(memcmp(memory + at, &mask, sizeof(mask)) == 0);
		CHECK(is_filled(memory, at, 0xee) && is_filled(memory + at + 8, 16 - at, 0xee));
	}
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(every_offset_and_length_is_read),
		TEST(every_offset_and_length_is_written),
		TEST(memory_that_ends_ends_the_copy),
		TEST(masks_may_stand_anywhere),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
