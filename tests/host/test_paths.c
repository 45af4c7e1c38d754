// SPDX-License-Identifier: MIT
/* sources: fs/chrdev.c fs/devfs.c fs/fd_table.c fs/file.c fs/file_lock.c fs/filemap.c
 * fs/filesystem.c fs/inode.c fs/mount.c fs/name_index.c fs/page_index.c fs/path.c fs/path_change.c
 * fs/path_open.c fs/pipe.c fs/socket.c fs/socket_core.c fs/socket_io.c fs/procfs.c
 * fs/procfs_inode.c fs/procfs_process.c fs/random.c fs/seq.c fs/tmpfs.c fs/tmpfs_dir.c
 * fs/tmpfs_inode.c fs/tree.c fs/uio.c kernel/core/brlock.c lib/chacha.c lib/format.c lib/parse.c
 * lib/rbtree.c lib/string.c mm/vmm/object.c mm/vmm/fence.c mm/vmm/events.c tests/host/fs_fixture.c
 * tests/host/shim/files.c tests/host/shim/frames.c tests/host/shim/heap.c tests/host/shim/machine.c
 * tests/host/shim/panic.c */
/* Paths, directories and mounts: the whole of fs/ on a machine that is not there. Errors are
 * Linux's. */
#include "tests/host/fs_fixture.h"

#include <stdio.h>

#include "lib/abi/mount.h"
#include "mm/pmm/slab.h"

static int open_error(const char *path, u32 flags)
{
	struct file *f;
	const int err = path_open(&ctx, NULL, path, flags, 0666, &f);
	if (err == 0)
		file_put(f);
	return err;
}

static void dots_and_slashes_mean_what_they_mean(void **state)
{
	assert_int_equal(make_dir("a"), 0);
	assert_int_equal(make_dir("a/b/"), 0);
	assert_int_equal(make_file("a/b/f", "x"), 0);
	assert_string_equal(content_of("/t//a/./b/../b///f"), "x");
	assert_string_equal(content_of("a/b/../../../t/a/b/f"), "x");
	assert_string_equal(content_of("/../../t/a/b/f"), "x");
	assert_int_equal(exists(""), -ENOENT);
	assert_int_equal(exists("a/b/f/"), -ENOTDIR);
	assert_int_equal(exists("a/b/f/.."), -ENOTDIR);
	assert_int_equal(exists("a/none/.."), -ENOENT);
}

static void names_have_a_longest_length(void **state)
{
	char name[NAME_MAX_BYTES + 2];
	memset(name, 'n', sizeof(name));
	name[NAME_MAX_BYTES + 1] = '\0';
	assert_int_equal(make_file(name, ""), -ENAMETOOLONG);
	char path[sizeof(name) + 2];
	snprintf(path, sizeof(path), "%s/", name);
	assert_int_equal(open_error(path, O_CREAT | O_WRONLY), -EISDIR);
	assert_int_equal(open_error(path, O_RDONLY), -ENAMETOOLONG);
	snprintf(path, sizeof(path), "%s/f", name);
	assert_int_equal(open_error(path, O_CREAT | O_WRONLY), -ENAMETOOLONG);
	name[NAME_MAX_BYTES] = '\0';
	assert_int_equal(make_file(name, ""), 0);
}

/* The @i-th of many names of 8 bytes that fs/name.h gives one hash: its steps, backwards. */
static void make_twin(u64 i, char name[9])
{
	const u64 factor = 0x9e3779b97f4a7c15ULL;
	u64 inverse = factor;
	for (int round = 0; round < 6; round++)
		inverse *= 2 - factor * inverse;
	const u64 word = (0x12345678ULL << 34 | i) * inverse * inverse; /* the second is of no bytes
									 */
	memcpy(name, &word, sizeof(word));
	name[8] = '\0';
}

static void names_made_to_collide_are_limited_and_told_apart(void **state)
{
	char name[9];
	u64 made = 0, i = 0;
	int err = 0;
	for (; err == 0; i++) {
		make_twin(i, name);
		if (strlen(name) != 8 || strchr(name, '/') != NULL)
			continue;
		err = make_file(name, name);
		if (err == 0)
			assert_string_equal(content_of(name), name);
		made += err == 0;
	}
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(made, 16);
	assert_int_equal(make_file("other", ""), 0);
	assert_int_equal(rename_to("other", name), -ENOSPC);
	assert_int_equal(make_dir(name), -ENOSPC);
	assert_int_equal(exists(name), -ENOENT);
	/* All are still there, each with its own content; where one goes there is room again. */
	for (u64 k = 0; k < i - 1; k++) {
		char old[9];
		make_twin(k, old);
		if (strlen(old) != 8 || strchr(old, '/') != NULL)
			continue;
		assert_string_equal(content_of(old), old);
		assert_int_equal(remove_file(old), 0);
		assert_int_equal(exists(old), -ENOENT);
	}
	assert_int_equal(rename_to("other", name), 0);
}

static void nobody_keeps_a_name_from_another_by_such(void **state)
{
	struct inode *const top = ctx.cwd, *shared;
	char name[9];
	u64 i = 0;
	int err = 0;
	ctx.umask = 0;
	assert_int_equal(make_dir("shared"), 0);
	assert_int_equal(path_lookup(&ctx, NULL, "shared", true, &shared), 0);
	ctx.cwd = shared;
	cred.euid = 1000;
	for (; err == 0; i++) {
		make_twin(i, name);
		if (strlen(name) == 8 && strchr(name, '/') == NULL)
			err = make_file(name, "");
	}
	assert_int_equal(err, -ENOSPC);
	cred.euid = 1001;
	assert_int_equal(make_file(name, "mine"), 0);
	assert_string_equal(content_of(name), "mine");
	assert_int_equal(rename_to(name, "other"), 0);
	assert_int_equal(rename_to("other", name), 0);
	assert_string_equal(content_of(name), "mine");
	ctx.cwd = top;
	inode_put(shared);
}

static u64 inodes_in_use(void)
{
	struct inode *dir;
	struct kstatfs st = { 0 };
	assert_int_equal(path_lookup(&ctx, NULL, ".", true, &dir), 0);
	fs_statfs(dir->fs, &st);
	inode_put(dir);
	return st.f_files - st.f_ffree;
}

static int link_to(const char *old, const char *name)
{
	struct inode *from;
	int err = path_lookup(&ctx, NULL, old, false, &from);
	if (err == 0) {
		err = path_link(&ctx, from, NULL, name);
		inode_put(from);
	}
	return err;
}

static void a_file_with_other_names_does_not_keep_its_first_directory(void **state)
{
	const u64 before = inodes_in_use();
	assert_int_equal(make_dir("d"), 0);
	assert_int_equal(make_file("d/unlinked", "u"), 0);
	assert_int_equal(make_file("d/replaced", "r"), 0);
	assert_int_equal(make_file("d/open", "o"), 0);
	assert_int_equal(make_file("d/new", "n"), 0);
	assert_int_equal(link_to("d/unlinked", "u"), 0);
	assert_int_equal(link_to("d/replaced", "r"), 0);
	assert_int_equal(link_to("d/open", "o"), 0);
	assert_int_equal(inodes_in_use(), before + 5);
	struct file *f = open_file("d/open", O_RDONLY);
	assert_non_null(f);
	assert_int_equal(remove_file("d/unlinked"), 0);
	assert_int_equal(rename_to("d/new", "d/replaced"), 0);
	assert_int_equal(remove_file("d/replaced"), 0);
	assert_int_equal(inodes_in_use(), before + 4);
	/* Who has it open by the name that is gone sees that: for him the directory stays. */
	assert_int_equal(remove_file("d/open"), 0);
	assert_int_equal(remove_dir("d"), 0);
	assert_int_equal(inodes_in_use(), before + 4);
	char *path = file_path_alloc(f, ctx.root);
	assert_string_equal(path, "/t/d/open (deleted)");
	kfree(path);
	file_put(f);
	assert_int_equal(remove_file("o"), 0);
	assert_int_equal(inodes_in_use(), before + 2);
	assert_string_equal(content_of("u"), "u");
	assert_string_equal(content_of("r"), "r");
	f = open_file("u", O_RDONLY);
	path = file_path_alloc(f, ctx.root);
	assert_string_equal(path, "/t/u");
	kfree(path);
	file_put(f);
	assert_int_equal(rename_to("u", "v"), 0);
	assert_string_equal(content_of("v"), "u");
}

static void links_are_followed_up_to_forty(void **state)
{
	char name[16], target[16] = "f";
	assert_int_equal(make_file("f", "end"), 0);
	for (int i = 1; i <= 41; i++) {
		(void)snprintf(name, sizeof(name), "l%d", i);
		assert_int_equal(make_link(name, target), 0);
		memcpy(target, name, sizeof(name));
	}
	assert_string_equal(content_of("l40"), "end");
	assert_int_equal(open_error("l41", O_RDONLY), -ELOOP);
	assert_int_equal(make_link("self", "self"), 0);
	assert_int_equal(exists("self/x"), -ELOOP);
}

static void links_lead_on_from_where_they_stand(void **state)
{
	assert_int_equal(make_dir("a"), 0);
	assert_int_equal(make_dir("b"), 0);
	assert_int_equal(make_file("b/f", "b"), 0);
	assert_int_equal(make_link("a/rel", "../b"), 0);
	assert_int_equal(make_link("a/abs", "/t/b/f"), 0);
	assert_string_equal(content_of("a/rel/f"), "b");
	assert_string_equal(content_of("a/abs"), "b");
	assert_int_equal(exists("a/abs/"), -ENOTDIR);
	assert_int_equal(remove_dir("a/rel/"), -ENOTDIR);
	assert_int_equal(remove_file("a/rel"), 0);
	assert_string_equal(content_of("b/f"), "b");
}

static void open_does_what_its_table_says(void **state)
{
	assert_int_equal(make_file("f", ""), 0);
	assert_int_equal(make_dir("d"), 0);
	assert_int_equal(make_link("l", "f"), 0);
	assert_int_equal(make_link("new", "made"), 0);
	const u32 excl = O_CREAT | O_EXCL | O_WRONLY;
	assert_int_equal(open_error("none", O_RDONLY), -ENOENT);
	assert_int_equal(open_error("none/", O_CREAT | O_WRONLY), -EISDIR);
	assert_int_equal(open_error("l", excl), -EEXIST);
	assert_int_equal(open_error("l", O_RDONLY | O_NOFOLLOW), -ELOOP);
	assert_int_equal(open_error("l", O_PATH | O_NOFOLLOW), 0);
	assert_int_equal(open_error("d", O_CREAT | O_RDONLY), -EISDIR);
	assert_int_equal(open_error("d", excl), -EEXIST);
	assert_int_equal(open_error("d", O_RDWR), -EISDIR);
	assert_int_equal(open_error("f", excl), -EEXIST);
	assert_int_equal(open_error("f", O_DIRECTORY), -ENOTDIR);
	assert_int_equal(open_error("new", O_CREAT | O_WRONLY), 0);
	assert_int_equal(exists("made"), 0);
	assert_int_equal(open_error("/", O_CREAT | O_RDONLY), -EISDIR);
}

static void mode_and_owner_of_what_is_made(void **state)
{
	cred.euid = 0;
	assert_int_equal(path_create(&ctx, NULL, "shared", S_IFDIR | 0777, 0), 0);
	struct inode *dir;
	assert_int_equal(path_lookup(&ctx, NULL, "shared", true, &dir), 0);
	assert_int_equal(inode_set_owner(dir, &cred, 0, 77), 0);
	assert_int_equal(inode_set_mode(dir, &cred, 02777), 0);
	inode_put(dir);
	cred.euid = cred.egid = 1000;
	ctx.umask = 027;
	assert_int_equal(make_file("shared/f", ""), 0);
	assert_int_equal(make_dir("shared/d"), 0);
	assert_int_equal(stat_of("shared/f").st_mode, S_IFREG | 0640);
	assert_int_equal(stat_of("shared/f").st_gid, 77);
	assert_int_equal(stat_of("shared/f").st_uid, 1000);
	assert_int_equal(stat_of("shared/d").st_mode, S_IFDIR | 02750);
}

static void rights_are_checked_on_the_way_and_at_the_end(void **state)
{
	assert_int_equal(path_create(&ctx, NULL, "closed", S_IFDIR | 0700, 0), 0);
	assert_int_equal(make_file("closed/f", ""), 0);
	assert_int_equal(make_file("mine", ""), 0);
	cred.euid = cred.egid = 1000;
	assert_int_equal(exists("closed"), 0);
	assert_int_equal(exists("closed/f"), -EACCES);
	assert_int_equal(open_error("mine", O_RDONLY), 0);
	assert_int_equal(open_error("mine", O_WRONLY), -EACCES);
	assert_int_equal(open_error("mine", O_RDONLY | O_TRUNC), -EACCES);
	/* /t is sticky, as /tmp: what is another's stays. */
	assert_int_equal(remove_file("mine"), -EPERM);
	assert_int_equal(rename_to("mine", "yours"), -EPERM);
	assert_int_equal(make_file("own", ""), 0);
	assert_int_equal(remove_file("own"), 0);
}

static void directories_count_their_links(void **state)
{
	assert_int_equal(make_dir("d"), 0);
	assert_int_equal(stat_of("d").st_nlink, 2);
	assert_int_equal(make_dir("d/a"), 0);
	assert_int_equal(make_dir("d/b"), 0);
	assert_int_equal(stat_of("d").st_nlink, 4);
	assert_int_equal(make_dir("e"), 0);
	assert_int_equal(rename_to("d/a", "e/a"), 0);
	assert_int_equal(stat_of("d").st_nlink, 3);
	assert_int_equal(stat_of("e").st_nlink, 3);
	assert_int_equal(rename_to("d/b", "e/a"), 0);
	assert_int_equal(stat_of("d").st_nlink, 2);
	assert_int_equal(stat_of("e").st_nlink, 3);
	assert_int_equal(remove_dir("e"), -ENOTEMPTY);
	assert_int_equal(remove_dir("e/a"), 0);
	assert_int_equal(stat_of("e").st_nlink, 2);
}

static void rename_keeps_the_tree_a_tree(void **state)
{
	assert_int_equal(make_dir("a"), 0);
	assert_int_equal(make_dir("a/b"), 0);
	assert_int_equal(make_dir("a/b/c"), 0);
	assert_int_equal(make_file("f", "f"), 0);
	assert_int_equal(make_file("g", "g"), 0);
	assert_int_equal(rename_to("a", "a/b/c/d"), -EINVAL);
	assert_int_equal(rename_to("a", "a/x"), -EINVAL);
	assert_int_equal(rename_to("a/b/c", "a"), -ENOTEMPTY);
	assert_int_equal(rename_to("f", "a"), -EISDIR);
	assert_int_equal(rename_to("a", "f"), -ENOTDIR);
	assert_int_equal(rename_to("f", "x/"), -ENOTDIR);
	assert_int_equal(rename_to("f/", "x"), -ENOTDIR);
	assert_int_equal(rename_to(".", "x"), -EBUSY);
	assert_int_equal(rename_to("none", "x"), -ENOENT);
	assert_int_equal(rename_to("f", "g"), 0);
	assert_string_equal(content_of("g"), "f");
	assert_int_equal(exists("f"), -ENOENT);
	assert_int_equal(rename_to("a/b/c", "c"), 0);
	assert_int_equal(exists("c/.."), 0);
	assert_int_equal(path_rename(&ctx, NULL, "g", NULL, "c", RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(path_rename(&ctx, NULL, "g", NULL, "a/b", RENAME_EXCHANGE), 0);
	assert_string_equal(content_of("a/b"), "f");
	assert_int_equal(stat_of("g").st_mode & S_IFMT, S_IFDIR);
	assert_int_equal(stat_of("a").st_nlink, 2);
}

static void rename_of_one_file_to_its_other_name_does_nothing(void **state)
{
	struct inode *inode;
	assert_int_equal(make_file("f", "x"), 0);
	assert_int_equal(path_lookup(&ctx, NULL, "f", true, &inode), 0);
	assert_int_equal(path_link(&ctx, inode, NULL, "g"), 0);
	inode_put(inode);
	assert_int_equal(stat_of("f").st_nlink, 2);
	assert_int_equal(rename_to("f", "g"), 0);
	assert_int_equal(stat_of("f").st_nlink, 2);
	assert_int_equal(remove_file("f"), 0);
	assert_int_equal(stat_of("g").st_nlink, 1);
}

static void removed_directory_has_no_path_and_takes_no_names(void **state)
{
	char text[64];
	struct inode *dir;
	assert_int_equal(make_dir("d"), 0);
	assert_int_equal(path_lookup(&ctx, NULL, "d", true, &dir), 0);
	assert_int_equal(path_of_directory(&ctx, dir, text, sizeof(text)), 5);
	assert_string_equal(text, "/t/d");
	assert_int_equal(path_of_directory(&ctx, dir, text, 4), -ERANGE);
	assert_int_equal(remove_dir("d"), 0);
	assert_int_equal(path_of_directory(&ctx, dir, text, sizeof(text)), -ENOENT);
	assert_int_equal(path_create(&ctx, dir, "x", S_IFREG | 0600, 0), -ENOENT);
	assert_int_equal(path_create(&ctx, dir, "x", S_IFDIR | 0600, 0), -ENOENT);
	struct inode *up;
	assert_int_equal(path_lookup(&ctx, dir, "..", true, &up), 0);
	assert_ptr_equal(up, ctx.cwd);
	inode_put(up);
	inode_put(dir);
}

static void path_of_a_directory_follows_its_renames(void **state)
{
	char text[64];
	struct inode *dir;
	assert_int_equal(make_dir("a"), 0);
	assert_int_equal(make_dir("a/b"), 0);
	assert_int_equal(path_lookup(&ctx, NULL, "a/b", true, &dir), 0);
	assert_int_equal(rename_to("a", "z"), 0);
	assert_true(path_of_directory(&ctx, dir, text, sizeof(text)) > 0);
	assert_string_equal(text, "/t/z/b");
	/* Seen from a root of its own (chroot), it begins there. */
	struct path_ctx inside = ctx;
	inside.root = dir;
	assert_int_equal(path_of_directory(&inside, dir, text, sizeof(text)), 2);
	assert_string_equal(text, "/");
	struct inode *up;
	assert_int_equal(path_lookup(&inside, NULL, "/../..", true, &up), 0);
	assert_ptr_equal(up, dir);
	inode_put(up);
	inode_put(dir);
}

struct lister {
	struct dir_emitter e;
	int wanted, seen;
	char names[8][16];
};

static bool list_one(struct dir_emitter *e, const char *name, size_t len, u64 number, u32 mode,
		     u64 next_pos)
{
	struct lister *l = container_of(e, struct lister, e);
	if (l->seen == l->wanted)
		return false;
	(void)snprintf(l->names[l->seen++], sizeof(l->names[0]), "%.*s", (int)len, name);
	return true;
}

static void listing_resumes_where_it_stopped(void **state)
{
	char name[16];
	int files = 0, dots = 0;
	assert_int_equal(make_dir("d"), 0);
	for (int i = 0; i < 50; i++) {
		(void)snprintf(name, sizeof(name), "d/f%d", i);
		assert_int_equal(make_file(name, ""), 0);
	}
	struct file *f = open_file("d", O_RDONLY | O_DIRECTORY);
	for (;;) {
		struct lister l = { .e.emit = list_one, .wanted = 3 };
		assert_int_equal(file_iterate(f, &l.e), 0);
		if (l.seen == 0)
			break;
		for (int i = 0; i < l.seen; i++) {
			dots += l.names[i][0] == '.';
			if (l.names[i][0] == '.')
				continue;
			(void)snprintf(name, sizeof(name), "d/%.13s", l.names[i]);
			assert_int_equal(remove_file(name), 0);
			files++;
		}
	}
	file_put(f);
	assert_int_equal(files, 50);
	assert_int_equal(dots, 2);
	assert_int_equal(remove_dir("d"), 0);
}

/* ---- mounts ---- */

static int mount_on(const char *path)
{
	struct inode *at;
	int err = path_lookup(&ctx, NULL, path, true, &at);
	if (err < 0)
		return err;
	err = fs_mount("tmpfs", "none", at, path, 0);
	inode_put(at);
	return err;
}

static int unmount(const char *path, u32 flags)
{
	struct inode *at;
	const int err = path_lookup(&ctx, NULL, path, true, &at);
	return err < 0 ? err : fs_unmount(at, flags);
}

static void mount_covers_and_uncovers(void **state)
{
	assert_int_equal(make_dir("m"), 0);
	assert_int_equal(make_file("m/below", "below"), 0);
	assert_int_equal(mount_on("m"), 0);
	assert_int_equal(exists("m/below"), -ENOENT);
	assert_int_equal(make_dir("m/d"), 0);
	assert_int_equal(exists("m/d/../../m"), 0);
	assert_int_equal(remove_dir("m"), -EBUSY);
	assert_int_equal(rename_to("m", "n"), -EBUSY);
	assert_int_equal(make_file("f", ""), 0);
	assert_int_equal(rename_to("f", "m/f"), -EXDEV);
	assert_int_equal(unmount("m", 0), 0);
	assert_int_equal(exists("m/below"), 0);
	assert_int_equal(unmount("m", 0), -EINVAL);
}

static void mount_in_use_stays(void **state)
{
	assert_int_equal(make_dir("m"), 0);
	assert_int_equal(mount_on("m"), 0);
	assert_int_equal(make_file("m/f", "kept"), 0);
	struct file *f = open_file("m/f", O_RDONLY);
	assert_int_equal(unmount("m", 0), -EBUSY);
	assert_string_equal(content_of("m/f"), "kept");
	assert_int_equal(remove_file("m/f"), 0);
	assert_int_equal(unmount("m", 0), -EBUSY);
	file_put(f);
	assert_int_equal(make_dir("m/n"), 0);
	assert_int_equal(mount_on("m/n"), 0);
	assert_int_equal(unmount("m", 0), -EBUSY);
	assert_int_equal(unmount("m/n", 0), 0);
	assert_int_equal(unmount("m", 0), 0);
}

static void detached_mount_goes_after_its_last_user(void **state)
{
	char text[8];
	assert_int_equal(make_dir("m"), 0);
	assert_int_equal(mount_on("m"), 0);
	assert_int_equal(make_file("m/f", "still"), 0);
	struct file *f = open_file("m/f", O_RDONLY);
	assert_int_equal(unmount("m", MNT_DETACH), 0);
	assert_int_equal(exists("m/f"), -ENOENT);
	assert_int_equal(read_bytes(f, text, sizeof(text)), 5);
	file_put(f);
	/* The next one to mount or unmount clears it away. */
}

static void read_only_mount_is_read_only(void **state)
{
	assert_int_equal(make_file("f", "x"), 0);
	assert_int_equal(fs_remount(ctx.cwd, MS_RDONLY), 0);
	assert_int_equal(make_dir("d"), -EROFS);
	assert_int_equal(make_file("f", "y"), -EROFS);
	assert_int_equal(open_error("new", O_CREAT | O_RDONLY), -EROFS);
	assert_int_equal(remove_file("f"), -EROFS);
	assert_string_equal(content_of("f"), "x");
	assert_int_equal(fs_remount(ctx.cwd, 0), 0);
	assert_int_equal(remove_file("f"), 0);
}

static void proc_takes_nothing_and_shows_what_it_has(void **state)
{
	struct inode *at;
	assert_int_equal(make_dir("proc"), 0);
	assert_int_equal(path_lookup(&ctx, NULL, "proc", true, &at), 0);
	assert_int_equal(fs_mount("proc", "proc", at, "/t/proc", 0), 0);
	inode_put(at);
	assert_non_null(strstr(content_of("proc/filesystems"), "nodev\ttmpfs\n"));
	assert_int_equal(make_dir("proc/d"), -ENOENT);
	assert_int_equal(make_file("proc/f", ""), -ENOENT);
	assert_int_equal(remove_file("proc/filesystems"), -EPERM);
	assert_int_equal(exists("proc/1"), -ENOENT);
	struct file *f = open_file("proc/filesystems", O_RDONLY);
	assert_int_equal(unmount("proc", 0), -EBUSY);
	file_put(f);
	assert_int_equal(unmount("proc", 0), 0);
}

static void dev_nodes_open_their_devices(void **state)
{
	char bytes[16];
	assert_int_equal(path_create(&ctx, NULL, "zero", S_IFCHR | 0666, dev_make(1, 5)), 0);
	assert_int_equal(path_create(&ctx, NULL, "none", S_IFCHR | 0666, dev_make(99, 5)), 0);
	memset(bytes, 'x', sizeof(bytes));
	struct file *f = open_file("zero", O_RDWR);
	assert_int_equal(read_bytes(f, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(bytes[15], 0);
	assert_int_equal(write_bytes(f, bytes, 5), 5);
	file_put(f);
	assert_int_equal(open_error("none", O_RDONLY), -ENXIO);
}

/* ---- no memory ---- */

static int many_things(void)
{
	int err = make_dir("d");
	if (err == 0)
		err = make_file("d/f", "content");
	if (err == 0)
		err = make_link("d/l", "../d/f");
	if (err == 0)
		err = open_error("d/l", O_RDONLY);
	if (err == 0)
		err = rename_to("d/f", "d/g");
	if (err == 0)
		err = mount_on("d");
	if (err == 0)
		err = unmount("d", 0);
	return err;
}

static void failed_allocations_leave_nothing_behind(void **state)
{
	int err = -ENOMEM;
	for (int fail = 0; err != 0; fail++) {
		assert_true(fail < 100);
		shim_fail_after = fail;
		err = many_things();
		shim_fail_after = -1;
		assert_true(err == 0 || err == -ENOMEM);
		(void)unmount("d", 0);
		(void)remove_file("d/f");
		(void)remove_file("d/g");
		(void)remove_file("d/l");
		(void)remove_dir("d");
		assert_int_equal(exists("d"), -ENOENT);
		assert_int_equal(stat_of(".").st_nlink, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(dots_and_slashes_mean_what_they_mean, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(names_have_a_longest_length, fs_setup, fs_teardown),
		cmocka_unit_test_setup_teardown(names_made_to_collide_are_limited_and_told_apart,
						fs_setup, fs_teardown),
		cmocka_unit_test_setup_teardown(nobody_keeps_a_name_from_another_by_such, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(
			a_file_with_other_names_does_not_keep_its_first_directory, fs_setup,
			fs_teardown),
		cmocka_unit_test_setup_teardown(links_are_followed_up_to_forty, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(links_lead_on_from_where_they_stand, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(open_does_what_its_table_says, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(mode_and_owner_of_what_is_made, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(rights_are_checked_on_the_way_and_at_the_end,
						fs_setup, fs_teardown),
		cmocka_unit_test_setup_teardown(directories_count_their_links, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(rename_keeps_the_tree_a_tree, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(rename_of_one_file_to_its_other_name_does_nothing,
						fs_setup, fs_teardown),
		cmocka_unit_test_setup_teardown(removed_directory_has_no_path_and_takes_no_names,
						fs_setup, fs_teardown),
		cmocka_unit_test_setup_teardown(path_of_a_directory_follows_its_renames, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(listing_resumes_where_it_stopped, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(mount_covers_and_uncovers, fs_setup, fs_teardown),
		cmocka_unit_test_setup_teardown(mount_in_use_stays, fs_setup, fs_teardown),
		cmocka_unit_test_setup_teardown(detached_mount_goes_after_its_last_user, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(read_only_mount_is_read_only, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(proc_takes_nothing_and_shows_what_it_has, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(dev_nodes_open_their_devices, fs_setup,
						fs_teardown),
		cmocka_unit_test_setup_teardown(failed_allocations_leave_nothing_behind, fs_setup,
						fs_teardown),
	};
	return cmocka_run_group_tests(tests, fs_group_setup, fs_group_teardown);
}
