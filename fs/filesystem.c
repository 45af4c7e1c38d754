/* SPDX-License-Identifier: MIT */
#include "fs/filesystem.h"

#include "lib/abi/limits.h"
#include "lib/compiler.h"

#define FS_BLOCK_BYTES 4096

u64 fs_new_device(void)
{
	static u32 last_minor; /* atomic */
	return dev_make(0, __atomic_add_fetch(&last_minor, 1, __ATOMIC_RELAXED));
}

void fs_statfs(struct filesystem *fs, struct kstatfs *out)
{
	const u32 flags = READ_ONCE(fs->flags);
	/* ST_RDONLY to ST_NOEXEC are the bits of their MS_*; the others are not. */
	*out = (struct kstatfs){
		.f_bsize = FS_BLOCK_BYTES,
		.f_frsize = FS_BLOCK_BYTES,
		.f_namelen = NAME_MAX,
		.f_fsid = { (s32)fs->device, 0 },
		.f_flags = ST_VALID | ((flags & MS_NOATIME) != 0 ? ST_NOATIME : ST_RELATIME) |
			   (flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)),
	};
	fs->statfs(fs, out);
}
