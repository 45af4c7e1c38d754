// SPDX-License-Identifier: MIT
/* sources: fs/chrdev.c fs/devfs.c fs/fd_table.c fs/file.c fs/file_lock.c fs/filemap.c
 * fs/filesystem.c fs/inode.c fs/name_index.c fs/page_index.c fs/path.c fs/path_change.c
 * fs/path_open.c fs/pipe.c fs/procfs.c fs/procfs_inode.c fs/procfs_process.c fs/random.c fs/seq.c
 * fs/tmpfs.c fs/tmpfs_dir.c fs/tmpfs_inode.c fs/tree.c fs/uio.c lib/chacha.c lib/format.c
 * lib/parse.c lib/rbtree.c lib/string.c fs/socket.c fs/socket_core.c fs/socket_io.c mm/vmm/object.c
 * mm/vmm/fence.c mm/vmm/events.c tests/host/fs_fixture.c tests/host/shim/files.c
 * tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/machine.c tests/host/shim/panic.c
 * fs/initramfs.c kernel/core/brlock.c lib/cpio.c tests/fuzz/replay.c */
/*
 * An archive that becomes the root file system, of which nothing may be left when that goes: no
 * frame, no object, no lock.
 */
#include "tests/host/fs_fixture.h"

#include "lib/cpio.h"
#include "tests/fuzz/fuzz.h"
/* The root is made anew for each input; the rest of fs_init() is for once. */
#include "fs/mount.c"

/* Entries lie in the archive, one behind the other. */
static void check_entries(const uint8_t *archive, size_t size)
{
	const char *const end = (const char *)archive + size;
	struct cpio_reader reader;
	struct cpio_entry e;
	size_t before = 0;
	cpio_init(&reader, archive, size);
	while (cpio_next(&reader, &e) == 1) {
		FUZZ_CHECK(reader.offset > before && reader.offset <= size);
		before = reader.offset;
		FUZZ_CHECK(e.name >= (const char *)archive && e.name_len < (size_t)(end - e.name));
		FUZZ_CHECK(e.name_len != 0 && strlen(e.name) == e.name_len);
		FUZZ_CHECK(e.data_len <= (size_t)(end - (const char *)e.data));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_first = true;
	uint8_t *archive = fuzz_copy(data, size);
	check_entries(archive, size);
	if (is_first) {
		shim_memory_reset();
		FUZZ_CHECK(fs_init() == 0);
		is_first = false;
	} else {
		FUZZ_CHECK(mount_root() == 0);
	}
	const int error = initramfs_unpack(archive, size);
	FUZZ_CHECK(error == 0 || error == -EINVAL || error == -ENOMEM || error == -ENOSPC);
	free(archive); /* nothing points into it */
	fs_shutdown();
	FUZZ_CHECK(shim_frames_used() == 0 && shim_objects_used() == 0);
	FUZZ_CHECK(shim_locks_held == 0);
	return 0;
}
