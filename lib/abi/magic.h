/* SPDX-License-Identifier: MIT */
/* File systems' identities in kstatfs.f_type. */
#pragma once

#define TMPFS_MAGIC         0x01021994
#define RAMFS_MAGIC         0x858458f6
#define PROC_SUPER_MAGIC    0x9fa0
#define SYSFS_MAGIC         0x62656572
#define PIPEFS_MAGIC        0x50495045
#define SOCKFS_MAGIC        0x534F434B
#define DEVPTS_SUPER_MAGIC  0x1cd1
#define EXT2_SUPER_MAGIC    0xEF53
#define MSDOS_SUPER_MAGIC   0x4d44
#define ANON_INODE_FS_MAGIC 0x09041934
