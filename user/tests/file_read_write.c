// SPDX-License-Identifier: MIT
/* Reading, writing, seeking, appending, growing and shrinking files. */
#include "lib/test.h"

#include <linux/magic.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/uio.h>

static void vectors_are_read_and_written_in_order(void)
{
	const int fd = make_file("f", 0);
	struct iovec out[] = { { "abc", 3 }, { NULL, 0 }, { "defg", 4 } };
	CHECK_EQ(writev(fd, out, 3), 7);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	char a[2], b[10] = { 0 };
	struct iovec in[] = { { a, 2 }, { b, sizeof(b) } };
	CHECK_EQ(readv(fd, in, 2), 7);
	CHECK_EQ(memcmp(a, "ab", 2), 0);
	CHECK_STR(b, "cdefg");
	CHECK_ERRNO(syscall(SYS_writev, fd, out, 1025), EINVAL);
	CHECK_ERRNO(syscall(SYS_writev, fd, out, -1L), EINVAL);
	CHECK_EQ(syscall(SYS_writev, fd, out, 0), 0);
	out[0].iov_len = ~0UL;
	CHECK_ERRNO(syscall(SYS_writev, fd, out, 1), EINVAL);
	/* All lengths are looked at before any address. */
	struct iovec wrong[] = { { a, 1 }, { (void *)KERNEL_IMAGE_ADDRESS, 1 }, { b, ~0UL } };
	CHECK_ERRNO(syscall(SYS_writev, fd, wrong, 3), EINVAL);
	CHECK_EQ(preadv(fd, in, 2, 3), 4);
	CHECK_EQ(memcmp(a, "de", 2), 0);
	close(fd);
}

static void o_append_writes_at_the_end(void)
{
	close(make_file("f", 10));
	const int fd = open("f", O_RDWR | O_APPEND);
	CHECK_EQ(lseek(fd, 2, SEEK_SET), 2);
	CHECK_EQ(write(fd, "xy", 2), 2);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 12);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	char byte;
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_EQ(byte, 0);
	close(fd);
}

static void a_write_that_fails_leaves_the_offset(void)
{
	close(make_file("f", 10));
	const int fd = open("f", O_WRONLY | O_APPEND);
	CHECK(fd >= 0);
	CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
	CHECK_ERRNO(write(fd, (void *)PAGE, 5), EFAULT);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
	CHECK_EQ(write(fd, "abc", 3), 3);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 13);
	close(fd);
}

static void lseek_semantics(void)
{
	const int fd = make_file("f", 100);
	CHECK_EQ(lseek(fd, -1, SEEK_END), 99);
	CHECK_EQ(lseek(fd, 10, SEEK_CUR), 109);
	char byte = 1;
	CHECK_EQ(read(fd, &byte, 1), 0);
	CHECK_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
	CHECK_ERRNO(lseek(fd, -200, SEEK_CUR), EINVAL);
	CHECK_ERRNO(lseek(fd, INT64_MAX, SEEK_CUR), EINVAL);
	CHECK_ERRNO(lseek(fd, INT64_MAX, SEEK_END), EINVAL);
	CHECK_ERRNO(lseek(fd, 0, 99), EINVAL);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 109);
	CHECK_EQ(lseek(fd, 10000, SEEK_SET), 10000);
	CHECK_EQ(write(fd, "z", 1), 1); /* leaves a hole of zeros */
	CHECK_EQ(pread(fd, &byte, 1, 9999), 1);
	CHECK_EQ(byte, 0);
	struct stat st;
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 10001);
	close(fd);
}

static void pread_and_pwrite_leave_the_offset(void)
{
	const int fd = make_file("f", 100);
	char byte;
	CHECK_EQ(pread(fd, &byte, 1, 50), 1);
	CHECK_EQ(byte, 50);
	CHECK_EQ(pwrite(fd, "x", 1, 60), 1);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_ERRNO(pread(fd, &byte, 1, -1), EINVAL);
	CHECK_ERRNO(pwrite(fd, &byte, 1, -1), EINVAL);
	CHECK_EQ(pread(fd, &byte, 1, 100), 0);
	CHECK_EQ(read(fd, &byte, 0), 0);
	close(fd);
}

static void truncation_cuts_and_grows_with_zeros(void)
{
	const int fd = make_file("f", 3 * PAGE);
	CHECK_EQ(ftruncate(fd, 100), 0);
	CHECK_EQ(ftruncate(fd, 2 * PAGE), 0);
	unsigned char block[2 * PAGE];
	CHECK_EQ(read(fd, block, sizeof(block)), sizeof(block));
	CHECK_EQ(block[99], 99);
	for (size_t i = 100; i < sizeof(block); i++)
		CHECK_EQ(block[i], 0);
	CHECK_ERRNO(ftruncate(fd, -1), EINVAL);
	CHECK_EQ(truncate("f", 5), 0);
	struct stat st;
	CHECK_EQ(stat("f", &st), 0);
	CHECK_EQ(st.st_size, 5);
	const int reader = open("f", O_RDONLY);
	CHECK_ERRNO(ftruncate(reader, 0), EINVAL);
	CHECK_ERRNO(write(reader, "x", 1), EBADF);
	CHECK_ERRNO(truncate("missing", 0), ENOENT);
	CHECK_ERRNO(truncate(".", 0), EISDIR);
	close(fd), close(reader);
}

static void room_is_given_whole_or_not_at_all(void)
{
	const int fd = make_file("f", 10);
	struct stat st;
	CHECK_EQ(fallocate(fd, 0, PAGE, 3 * PAGE), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 4 * PAGE);
	CHECK_EQ(st.st_blocks, 4 * PAGE / 512);
	struct statfs fs;
	CHECK_EQ(statfs(".", &fs), 0);
	if (fs.f_type == TMPFS_MAGIC) /* not on a disk that it might really fill */
		CHECK_ERRNO(fallocate(fd, 0, PAGE, 1L << 50), ENOSPC);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 4 * PAGE);
	CHECK_EQ(st.st_blocks, 4 * PAGE / 512);
	char byte = 1;
	CHECK_EQ(pread(fd, &byte, 1, 3 * PAGE), 1);
	CHECK_EQ(byte, 0);
	close(fd);
}

/* Into a pipe, for which a lack of memory half-way makes the count a short one. */
static void send_all(int out, int in, size_t count)
{
	while (count != 0) {
		const ssize_t n = sendfile(out, in, NULL, count);
		CHECK(n > 0);
		count -= (size_t)n;
	}
}

static void sendfile_moves_files_to_pipes_and_files(void)
{
	const int in = make_file("in", 10000);
	const int out = make_file("out", 0);
	int ends[2];
	CHECK_EQ(pipe(ends), 0);
	send_all(ends[1], in, 5000);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 5000);
	unsigned char block[5000];
	read_all(ends[0], block, sizeof(block));
	CHECK_EQ(block[4999], 4999 % 251);
	off_t offset = 9000;
	CHECK_EQ(sendfile(out, in, &offset, 5000), 1000);
	CHECK_EQ(offset, 10000);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 5000);
	CHECK_EQ(pread(out, block, 1, 0), 1);
	CHECK_EQ(block[0], 9000 % 251);
	CHECK_EQ(sendfile(out, in, &offset, 10), 0);
	close(in), close(out), close(ends[0]), close(ends[1]);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(vectors_are_read_and_written_in_order),
		TEST(o_append_writes_at_the_end),
		TEST(a_write_that_fails_leaves_the_offset),
		TEST(lseek_semantics),
		TEST(pread_and_pwrite_leave_the_offset),
		TEST(truncation_cuts_and_grows_with_zeros),
		TEST(room_is_given_whole_or_not_at_all),
		TEST(sendfile_moves_files_to_pipes_and_files),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
