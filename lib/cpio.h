/* SPDX-License-Identifier: MIT */
/*
 * Iterator over a cpio archive of the "newc" form (magic 070701, or 070702 with check sums) in
 * memory, as boot loaders hand them over: several archives one behind the other, with zeros between
 * and after, count as one. Nothing is copied; names and contents point into the archive.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

struct cpio_reader {
	const u8 *base;
	size_t size_bytes;
	size_t offset; /* of the next header; after -EINVAL: of what is damaged */
	u32 archive;   /* which of the concatenated archives, from 0 */
	bool in_archive;
};

struct cpio_entry {
	const char *name; /* NUL-terminated, not empty; may begin with a slash */
	u32 name_len;
	u32 archive; /* inode numbers (hard links) hold within one archive */
	u32 ino, mode, uid, gid, nlink, mtime;
	u32 dev_major, dev_minor;
	u32 rdev_major, rdev_minor;
	const u8 *data; /* content of a file; target of a symbolic link, without NUL */
	u32 data_len;
};

void cpio_init(struct cpio_reader *r, const void *archive, size_t size_bytes);

/*
 * Returns: 1 with the next entry; 0 at the end; -EINVAL: damaged at r->offset, and no entry
 * follows. A missing trailer counts as damage, since then the archive was cut off.
 */
__must_check int cpio_next(struct cpio_reader *r, struct cpio_entry *out);
