/* SPDX-License-Identifier: MIT */
/* tmpfs as a whole: making one, options, statistics, and letting all of it go at once. */
#include "fs/tmpfs.h"

#include "lib/abi/errno.h"
#include "lib/abi/magic.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab.h"

#define OPTION_BYTES_MAX  256
#define DEFAULT_ROOT_MODE 01777

static void tmpfs_destroy(struct filesystem *fs);
static void tmpfs_statfs(struct filesystem *fs, struct kstatfs *out);
static void tmpfs_show_options(const struct filesystem *fs, struct seq *s);

static u64 default_max_pages(void)
{
	struct pmm_stats stats;
	pmm_stats(&stats);
	return stats.total_pages / 2;
}

struct filesystem *tmpfs_create(const char *type, u32 root_mode)
{
	struct tmpfs *t = kmalloc(sizeof(*t));
	if (t == NULL)
		return NULL;
	*t = (struct tmpfs){
		.fs = {
			.type = type,
			.device = fs_new_device(),
			.destroy = tmpfs_destroy,
			.statfs = tmpfs_statfs,
			.show_options = tmpfs_show_options,
		},
		.quota = page_quota_create(default_max_pages()),
		.root_mode = root_mode,
	};
	list_init(&t->inodes);
	spin_init(&t->lock, "tmpfs", RANK_DEVICE);
	if (t->quota == NULL || tmpfs_inode_create(t, &tmpfs_dir_ops, S_IFDIR | root_mode, 0, 0, 0,
						   NULL, &t->fs.root) < 0) {
		page_quota_put(t->quota);
		kfree(t);
		return NULL;
	}
	inode_settle(t->fs.root);
	return &t->fs;
}

static struct tmpfs *tmpfs_of_fs(struct filesystem *fs)
{
	return container_of(fs, struct tmpfs, fs);
}

void tmpfs_set_unlimited(struct filesystem *fs, bool is_unlimited)
{
	page_quota_set_max(tmpfs_of_fs(fs)->quota, is_unlimited ? UINT64_MAX : default_max_pages());
}

static int apply_option(struct tmpfs *t, const char *option)
{
	u64 value;
	if (string_has_prefix(option, "size=")) {
		if (parse_size(option + strlen("size="), &value) < 0)
			return -EINVAL;
		page_quota_set_max(t->quota,
				   value == 0 ? UINT64_MAX : (value + PAGE_SIZE - 1) >> PAGE_SHIFT);
		return 0;
	}
	if (string_has_prefix(option, "mode=")) {
		if (parse_u64(option + strlen("mode="), 8, &value) < 0 ||
		    (value & ~(u64)S_IALLUGO) != 0)
			return -EINVAL;
		t->root_mode = (u32)value;
		t->fs.root->mode = S_IFDIR | t->root_mode;
		return 0;
	}
	/* Limits that this tmpfs has none of. */
	return string_has_prefix(option, "nr_inodes=") || string_has_prefix(option, "nr_blocks=") ?
		       0 :
		       -EINVAL;
}

int tmpfs_configure(struct filesystem *fs, const char *options)
{
	char copy[OPTION_BYTES_MAX];
	if (strlcpy(copy, options, sizeof(copy)) >= sizeof(copy))
		return -EINVAL;
	int err = 0;
	char *option = copy;
	while (*option != '\0' && err == 0) {
		char *comma = strchr(option, ',');
		char *next = comma != NULL ? comma + 1 : option + strlen(option);
		if (comma != NULL)
			*comma = '\0';
		if (*option != '\0')
			err = apply_option(tmpfs_of_fs(fs), option);
		option = next;
	}
	return err;
}

static void tmpfs_destroy(struct filesystem *fs)
{
	struct tmpfs *t = tmpfs_of_fs(fs);
	/* Nobody else is left: no locks, and the references among the inodes need no counting down.
	 */
	while (!list_is_empty(&t->inodes)) {
		struct inode *inode = &list_first(&t->inodes, struct tmpfs_inode, node)->inode;
		if (inode_is_dir(inode))
			tmpfs_dir_clear(inode);
		if (inode->object != NULL)
			vm_object_put(inode->object);
		tmpfs_inode_free(inode);
	}
	page_quota_put(t->quota);
	kfree(t);
}

static void tmpfs_statfs(struct filesystem *fs, struct kstatfs *out)
{
	const struct tmpfs *t = tmpfs_of_fs(fs);
	const u64 used = page_quota_used(t->quota);
	u64 max = page_quota_max(t->quota);
	if (max == UINT64_MAX)
		max = default_max_pages();
	out->f_type = TMPFS_MAGIC;
	out->f_blocks = max;
	out->f_bfree = max > used ? max - used : 0;
	out->f_bavail = out->f_bfree;
	out->f_files = max;
	out->f_ffree = max > t->inode_count ? max - t->inode_count : 0;
}

/* What is not as it would be without options. */
static void tmpfs_show_options(const struct filesystem *fs, struct seq *s)
{
	const struct tmpfs *t = container_of(fs, struct tmpfs, fs);
	const u64 max = page_quota_max(t->quota);
	if (max != UINT64_MAX && max != default_max_pages())
		seq_printf(s, ",size=%luk", max << (PAGE_SHIFT - 10));
	if (t->root_mode != DEFAULT_ROOT_MODE)
		seq_printf(s, ",mode=%03o", t->root_mode);
}
