/* SPDX-License-Identifier: MIT */
/* File types, permissions, and what stat, statx and statfs give to a program (asm-generic). */
#pragma once

#include "lib/types.h"

#define S_IFMT   00170000
#define S_IFSOCK 0140000
#define S_IFLNK  0120000
#define S_IFREG  0100000
#define S_IFBLK  0060000
#define S_IFDIR  0040000
#define S_IFCHR  0020000
#define S_IFIFO  0010000
#define S_ISUID  0004000
#define S_ISGID  0002000
#define S_ISVTX  0001000

#define S_IRWXU 00700
#define S_IRUSR 00400
#define S_IWUSR 00200
#define S_IXUSR 00100
#define S_IRWXG 00070
#define S_IRGRP 00040
#define S_IWGRP 00020
#define S_IXGRP 00010
#define S_IRWXO 00007
#define S_IROTH 00004
#define S_IWOTH 00002
#define S_IXOTH 00001

#define S_ISLNK(m)  (((m)&S_IFMT) == S_IFLNK)
#define S_ISREG(m)  (((m)&S_IFMT) == S_IFREG)
#define S_ISDIR(m)  (((m)&S_IFMT) == S_IFDIR)
#define S_ISCHR(m)  (((m)&S_IFMT) == S_IFCHR)
#define S_ISBLK(m)  (((m)&S_IFMT) == S_IFBLK)
#define S_ISFIFO(m) (((m)&S_IFMT) == S_IFIFO)
#define S_ISSOCK(m) (((m)&S_IFMT) == S_IFSOCK)

/* The permission bits that chmod and umask deal with. */
#define S_IALLUGO (S_ISUID | S_ISGID | S_ISVTX | S_IRWXU | S_IRWXG | S_IRWXO)
#define S_IRWXUGO (S_IRWXU | S_IRWXG | S_IRWXO)

/* A device number as programs see it in st_rdev and mknod: 12 bits of major, 20 of minor. */
static inline u64 dev_make(u32 major, u32 minor)
{
	return (minor & 0xffU) | ((u64)(major & 0xfffU) << 8) | ((u64)(minor & 0xfff00U) << 12);
}
static inline u32 dev_major(u64 dev)
{
	return (u32)(dev >> 8) & 0xfffU;
}
static inline u32 dev_minor(u64 dev)
{
	return (u32)(dev & 0xffU) | ((u32)(dev >> 12) & 0xfff00U);
}

/* struct stat of fstat and newfstatat. */
struct kstat {
	u64 st_dev;
	u64 st_ino;
	u32 st_mode;
	u32 st_nlink;
	u32 st_uid;
	u32 st_gid;
	u64 st_rdev;
	u64 pad1;
	s64 st_size;    /* bytes */
	s32 st_blksize; /* bytes */
	s32 pad2;
	s64 st_blocks; /* of 512 bytes */
	s64 st_atime;
	u64 st_atime_nsec;
	s64 st_mtime;
	u64 st_mtime_nsec;
	s64 st_ctime;
	u64 st_ctime_nsec;
	u32 unused4;
	u32 unused5;
};
static_assert(sizeof(struct kstat) == 128, "struct stat");

/* struct statfs of statfs and fstatfs. */
struct kstatfs {
	u64 f_type; /* lib/abi/magic.h */
	u64 f_bsize;
	u64 f_blocks; /* of f_bsize bytes, as the next two */
	u64 f_bfree;
	u64 f_bavail;
	u64 f_files;
	u64 f_ffree;
	s32 f_fsid[2];
	u64 f_namelen;
	u64 f_frsize;
	u64 f_flags; /* ST_* */
	u64 f_spare[4];
};
static_assert(sizeof(struct kstatfs) == 120, "struct statfs");

#define ST_RDONLY      0x0001
#define ST_NOSUID      0x0002
#define ST_NODEV       0x0004
#define ST_NOEXEC      0x0008
#define ST_SYNCHRONOUS 0x0010
#define ST_VALID       0x0020
#define ST_NOATIME     0x0400
#define ST_NODIRATIME  0x0800
#define ST_RELATIME    0x1000

struct kstatx_timestamp {
	s64 tv_sec;
	u32 tv_nsec;
	s32 reserved;
};

struct kstatx {
	u32 stx_mask; /* STATX_*: what was filled in */
	u32 stx_blksize;
	u64 stx_attributes; /* STATX_ATTR_* */
	u32 stx_nlink;
	u32 stx_uid;
	u32 stx_gid;
	u16 stx_mode;
	u16 spare0;
	u64 stx_ino;
	u64 stx_size;
	u64 stx_blocks; /* of 512 bytes */
	u64 stx_attributes_mask;
	struct kstatx_timestamp stx_atime;
	struct kstatx_timestamp stx_btime;
	struct kstatx_timestamp stx_ctime;
	struct kstatx_timestamp stx_mtime;
	u32 stx_rdev_major;
	u32 stx_rdev_minor;
	u32 stx_dev_major;
	u32 stx_dev_minor;
	u64 stx_mnt_id;
	u32 stx_dio_mem_align;
	u32 stx_dio_offset_align;
	u64 spare3[12];
};
static_assert(sizeof(struct kstatx) == 256, "struct statx");

#define STATX_TYPE        0x00000001U
#define STATX_MODE        0x00000002U
#define STATX_NLINK       0x00000004U
#define STATX_UID         0x00000008U
#define STATX_GID         0x00000010U
#define STATX_ATIME       0x00000020U
#define STATX_MTIME       0x00000040U
#define STATX_CTIME       0x00000080U
#define STATX_INO         0x00000100U
#define STATX_SIZE        0x00000200U
#define STATX_BLOCKS      0x00000400U
#define STATX_BASIC_STATS 0x000007ffU
#define STATX_BTIME       0x00000800U
#define STATX_MNT_ID      0x00001000U
#define STATX_DIOALIGN    0x00002000U
#define STATX__RESERVED   0x80000000U

#define STATX_ATTR_COMPRESSED 0x00000004
#define STATX_ATTR_IMMUTABLE  0x00000010
#define STATX_ATTR_APPEND     0x00000020
#define STATX_ATTR_NODUMP     0x00000040
#define STATX_ATTR_ENCRYPTED  0x00000800
#define STATX_ATTR_AUTOMOUNT  0x00001000
#define STATX_ATTR_MOUNT_ROOT 0x00002000
