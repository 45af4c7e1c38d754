// SPDX-License-Identifier: MIT
/*
 * Arguments that get a call nowhere unless they are one of a few numbers: commands, options, flags.
 * A value that stands twice comes twice as often; a few are wrong.
 */
#include "user/fuzz/sysfuzz.h"

#include <asm/unistd.h>

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static const uint64_t open_flags[] = { 0,         1,       2,         0100,    0102,     0101,
				       01000,     01102,   02001,     04000,   02102,    0200000,
				       010000000, 0200102, 020200002, 0400000, 02000000, 0302,
				       020000,    010002,  04010000,  0700 };
static const uint64_t fcntl_commands[] = { 0,    1,    2,    3,    4,    5,    6,   7,  8,
					   9,    10,   11,   15,   16,   36,   37,  38, 1024,
					   1025, 1026, 1030, 1031, 1032, 1033, 1034 };
static const uint64_t ioctl_commands[] = { 0x5401,     0x5402, 0x5403,    0x5404, 0x5405,
					   0x540e,     0x540f, 0x5410,    0x5411, 0x5412,
					   0x5413,     0x5414, 0x541b,    0x5421, 0x5422,
					   0x5429,     0x5450, 0x5451,    0x5460, 0x802c542a,
					   0x80045430, 0,      0xffffffff };
static const uint64_t map_flags[] = { 0x22,   0x22,    0x21,  0x32,    0x31,     0x02,
				      0x01,   0x12,    0x11,  0x03,    0x100022, 0x4022,
				      0x8022, 0x10022, 0x122, 0x40022, 0,        0x20 };
static const uint64_t protections[] = { 0, 1, 2, 3, 3, 3, 4, 5, 7, 8, 0x1000003, 0x2000003 };
const uint64_t clone_flags[] = {
	17,    17,       0x4111,   0x111,   0x411,   0x200111,  0x1000011,  0x100011, 0x8011,
	0x511, 0x3d0f00, 0x3d0f00, 0x50f00, 0x10f00, 0xf11,     0x10000,    0x10900,  0x800,
	0x900, 0,        0x40,     0x7f,    0x711,   0x1200011, 0x20000011, 0x2011,   0x400011,
};
const size_t clone_flags_count = COUNT_OF(clone_flags);
static const uint64_t mremap_flags[] = { 0, 1, 1, 2, 3, 4, 5, 7, 8 };
static const uint64_t advices[] = { 0,  1,  2,  3,  4,  8,  9,  10, 11, 12,
				    14, 16, 17, 18, 19, 20, 21, 22, 23, 100 };
static const uint64_t msync_flags[] = { 0, 1, 2, 4, 5, 6 };
static const uint64_t at_flags[] = { 0,      0,      0x100,  0x200,  0x400, 0x800,
				     0x1000, 0x1100, 0x2000, 0x4000, 0x8000 };
static const uint64_t pipe_flags[] = { 0, 04000, 02000000, 02004000, 040000, 1 };
static const uint64_t futex_operations[] = { 0,   1,   2,   3,   4,   5,   6,   7,   8,
					     9,   10,  11,  12,  13,  128, 129, 131, 132,
					     133, 137, 138, 256, 265, 393, 99 };
static const uint64_t prctl_options[] = { 1,  2,  3,  4,  5,  7,          8,          13,
					  15, 15, 16, 21, 22, 23,         24,         26,
					  27, 28, 29, 30, 35, 36,         37,         38,
					  39, 40, 41, 43, 53, 0x48460001, 0x48460002, 0x53564d41 };
static const uint64_t clocks[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 16, 0xffffffff, 0xfffffffa
};
static const uint64_t wait_flags[] = { 0, 1,          1,         2,          3,          4,  5, 8,
				       9, 0x40000001, 0x1000001, 0x20000001, 0x80000001, 13, 15 };
static const uint64_t signals[] = { 0,  1,  2,  3,  9,  10,         12,        13, 14,
				    15, 17, 18, 19, 20, 21,         28,        31, 32,
				    33, 34, 35, 64, 65, 0xffffffff, 0x7fffffff };
static const uint64_t mount_flags[] = { 0,    0,      1,      2,      4,      8,      0x20,
					0x21, 0x1000, 0x2000, 0x4000, 0x8000, 0x40000 };
static const uint64_t umount_flags[] = { 0, 0, 1, 2, 4, 8, 16 };
static const uint64_t devices[] = { 0x103, 0x105, 0x107, 0, 0xffffffff };
static const uint64_t node_modes[] = { 0,       0644,    0100644, 0010666, 0020666,
				       0060600, 0140600, 0120777, 0040755, 0177777 };
static const uint64_t reboot_magics[] = { 0, 1, 0xffffffff, 0xfee1deac };
static const uint64_t random_flags[] = { 0, 1, 2, 3, 4, 6, 8 };
static const uint64_t close_flags[] = { 2, 4, 6, 8 };
static const uint64_t first_fds[] = { 24, 30, 64, 199, 1024, 0xffffffff };
static const uint64_t whences[] = { 0, 1, 2, 3, 4, 5 };
static const uint64_t resources[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
static const uint64_t lock_operations[] = { 1, 2, 5, 6, 8, 4, 0 };
static const uint64_t fallocate_modes[] = { 0, 0, 1, 2, 3, 8, 16, 32 };
static const uint64_t mask_sizes[] = { 8, 8, 8, 8, 8, 8, 0, 4, 16, 128 };
static const uint64_t rename_flags[] = { 0, 0, 1, 2, 3, 4 };
static const uint64_t syslog_actions[] = { 0, 1, 2, 3, 9, 10, 11 };
static const uint64_t iovec_counts[] = { 0, 1, 2, 3, 8, 16, 1024, 1025, 0xffffffffffffffff };
static const uint64_t statx_masks[] = { 0, 0x7ff, 0xfff, 0x80000000, 0xffffffff };

/* Argument @at of call @number is one of these. */
static const struct choice {
	uint16_t number;
	uint8_t at;
	uint8_t count;
	const uint64_t *values;
} choices[] = {
#define CHOICE(name, at, values)                          \
	{                                                 \
		__NR_##name, at, COUNT_OF(values), values \
	}
	CHOICE(openat, 2, open_flags),
	CHOICE(fcntl, 1, fcntl_commands),
	CHOICE(ioctl, 1, ioctl_commands),
	CHOICE(mmap, 2, protections),
	CHOICE(mmap, 3, map_flags),
	CHOICE(mprotect, 2, protections),
	CHOICE(mremap, 3, mremap_flags),
	CHOICE(madvise, 2, advices),
	CHOICE(msync, 2, msync_flags),
	CHOICE(clone, 0, clone_flags),
	CHOICE(dup3, 2, pipe_flags),
	CHOICE(pipe2, 1, pipe_flags),
	CHOICE(unlinkat, 2, at_flags),
	CHOICE(linkat, 4, at_flags),
	CHOICE(newfstatat, 3, at_flags),
	CHOICE(statx, 2, at_flags),
	CHOICE(statx, 3, statx_masks),
	CHOICE(fchownat, 4, at_flags),
	CHOICE(faccessat2, 3, at_flags),
	CHOICE(utimensat, 3, at_flags),
	CHOICE(execveat, 4, at_flags),
	CHOICE(renameat2, 4, rename_flags),
	CHOICE(futex, 1, futex_operations),
	CHOICE(prctl, 0, prctl_options),
	CHOICE(clock_gettime, 0, clocks),
	CHOICE(clock_getres, 0, clocks),
	CHOICE(clock_nanosleep, 0, clocks),
	CHOICE(clock_nanosleep, 1, whences),
	CHOICE(wait4, 2, wait_flags),
	CHOICE(waitid, 0, whences),
	CHOICE(waitid, 3, wait_flags),
	CHOICE(mount, 3, mount_flags),
	CHOICE(umount2, 1, umount_flags),
	CHOICE(mknodat, 2, node_modes),
	CHOICE(mknodat, 3, devices),
	CHOICE(reboot, 0, reboot_magics),
	CHOICE(getrandom, 2, random_flags),
	CHOICE(close_range, 0, first_fds),
	CHOICE(close_range, 2, close_flags),
	CHOICE(lseek, 2, whences),
	CHOICE(prlimit64, 1, resources),
	CHOICE(getrlimit, 0, resources),
	CHOICE(setrlimit, 0, resources),
	CHOICE(flock, 1, lock_operations),
	CHOICE(fallocate, 1, fallocate_modes),
	CHOICE(rt_sigaction, 3, mask_sizes),
	CHOICE(rt_sigprocmask, 0, whences),
	CHOICE(rt_sigprocmask, 3, mask_sizes),
	CHOICE(rt_sigpending, 1, mask_sizes),
	CHOICE(rt_sigsuspend, 1, mask_sizes),
	CHOICE(rt_sigtimedwait, 3, mask_sizes),
	CHOICE(ppoll, 4, mask_sizes),
	CHOICE(syslog, 0, syslog_actions),
	CHOICE(readv, 2, iovec_counts),
	CHOICE(writev, 2, iovec_counts),
	CHOICE(preadv, 2, iovec_counts),
	CHOICE(pwritev, 2, iovec_counts),
	CHOICE(ppoll, 1, iovec_counts),
	CHOICE(setitimer, 0, whences),
	CHOICE(getitimer, 0, whences),
	CHOICE(setpriority, 0, whences),
	CHOICE(getpriority, 0, whences),
};

const uint64_t *choices_of(const struct call *call, unsigned at, unsigned *count)
{
	for (size_t i = 0; i < COUNT_OF(choices); i++)
		if (choices[i].number == call->number && choices[i].at == at) {
			*count = choices[i].count;
			return choices[i].values;
		}
	if (at < call->count && call->kinds[at] == KIND_SIG) {
		*count = COUNT_OF(signals);
		return signals;
	}
	return NULL;
}
