/* SPDX-License-Identifier: MIT */
/*
 * procfs: the registered texts, /proc/self, and the file system as a whole. sysfs is the same
 * without processes: its texts stand below another root.
 *
 * Registered names are nodes in one table that only grows. An entry is complete before node_count
 * says that it is there (store with release, load with acquire), so lookups take no lock.
 */
#include "fs/procfs.h"

#include "fs/tree.h"
#include "lib/abi/errno.h"
#include "lib/abi/magic.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

#define NODES_MAX    96
#define IN_PROC      NODES_MAX       /* instead of a parent: the node stands in /proc itself */
#define IN_SYS       (NODES_MAX + 1) /* in /sys itself */
#define SELF_POS     (DIR_POS_FIRST + NODES_MAX)
#define PROCESS_POS  4096 /* position of process 0 */
#define DIR_MODE     (S_IFDIR | 0555)
#define TEXT_MODE    (S_IFREG | 0444)
#define STORE_MODE   (S_IFREG | 0200)
#define CONTROL_MODE (S_IFREG | 0644)
#define LINK_MODE    (S_IFLNK | 0777)
static_assert(SELF_POS < PROCESS_POS, "positions of the root directory");

struct proc_node {
	const char *name; /* of a directory: what is registered below it follows */
	size_t len;
	size_t parent;                              /* index of a directory, IN_PROC or IN_SYS */
	int (*show)(struct seq *s);                 /* text file */
	int (*store)(const char *text, size_t len); /* file that is written */
	const char *target;                         /* link; none of these: a directory */
	char own_name[16];                          /* of a directory, terminated, for the tree */
};

static struct proc_node nodes[NODES_MAX];
static size_t node_count;
static struct spinlock nodes_lock = SPINLOCK_INIT("proc entries", RANK_DEVICE);

static int dir_lookup(struct inode *dir, const struct name *name, struct inode **out);
static int dir_iterate(struct inode *dir, u64 *pos, struct dir_emitter *e);
static ssize_t link_readlink(struct inode *inode, char *buf, size_t size);
static ssize_t self_readlink(struct inode *inode, char *buf, size_t size);
static int self_follow(struct inode *inode, struct inode **out);
static void procfs_destroy(struct filesystem *fs);
static void procfs_statfs(struct filesystem *fs, struct kstatfs *out);
static void sysfs_statfs(struct filesystem *fs, struct kstatfs *out);

/* Of directories, the root's too. */
static const struct inode_ops dir_ops = {
	.lookup = dir_lookup,
	.iterate = dir_iterate,
	.destroy = proc_inode_destroy,
};
static const struct inode_ops link_ops = {
	.readlink = link_readlink,
	.destroy = proc_inode_destroy,
};
static const struct inode_ops self_ops = {
	.readlink = self_readlink,
	.follow = self_follow,
};

static size_t nodes_visible(void)
{
	return __atomic_load_n(&node_count, __ATOMIC_ACQUIRE);
}

static size_t find_node(size_t parent, const char *name, size_t len)
{
	const size_t count = nodes_visible();
	for (size_t i = 0; i < count; i++)
		if (nodes[i].parent == parent && nodes[i].len == len &&
		    memcmp(nodes[i].name, name, len) == 0)
			return i;
	return NODES_MAX;
}

static bool node_is_dir(const struct proc_node *n)
{
	return n->show == NULL && n->store == NULL && n->target == NULL;
}

static u32 node_mode(const struct proc_node *n)
{
	if (node_is_dir(n))
		return DIR_MODE;
	if (n->store != NULL)
		return n->show != NULL ? CONTROL_MODE : STORE_MODE;
	return n->show != NULL ? TEXT_MODE : LINK_MODE;
}

/* Caller holds the lock. The new node's index, or NODES_MAX. */
static size_t add_node(size_t parent, const char *name, size_t len, const struct proc_node *kind)
{
	const size_t index = node_count;
	if (index == NODES_MAX)
		return NODES_MAX;
	struct proc_node *n = &nodes[index];
	*n = (struct proc_node){
		.name = name,
		.len = len,
		.parent = parent,
		.show = kind->show,
		.store = kind->store,
		.target = kind->target,
	};
	if (node_is_dir(n)) {
		if (len >= sizeof(n->own_name))
			return NODES_MAX;
		memcpy(n->own_name, name, len);
	}
	__atomic_store_n(&node_count, index + 1, __ATOMIC_RELEASE);
	return index;
}

/* @parent: where @path begins. @kind: what the last name is; those before it are directories. */
static int add_path(size_t parent, const char *path, const struct proc_node *kind)
{
	static const struct proc_node directory;
	int err = -ENOSPC;
	spin_lock(&nodes_lock);
	for (;;) {
		const char *slash = strchr(path, '/');
		const size_t len = slash != NULL ? (size_t)(slash - path) : strlen(path);
		size_t node = find_node(parent, path, len);
		if (slash == NULL) {
			if (node != NODES_MAX)
				err = -EEXIST;
			else if (add_node(parent, path, len, kind) != NODES_MAX)
				err = 0;
			break;
		}
		if (node == NODES_MAX)
			node = add_node(parent, path, len, &directory);
		if (node == NODES_MAX)
			break;
		parent = node;
		path = slash + 1;
	}
	spin_unlock(&nodes_lock);
	return err;
}

int procfs_register(const char *name, int (*show)(struct seq *s))
{
	return add_path(IN_PROC, name, &(struct proc_node){ .show = show });
}

int sysfs_register(const char *name, int (*show)(struct seq *s))
{
	return add_path(IN_SYS, name, &(struct proc_node){ .show = show });
}

int procfs_register_trigger(const char *name, int (*store)(const char *text, size_t len))
{
	return add_path(IN_PROC, name, &(struct proc_node){ .store = store });
}

int procfs_register_control(const char *name, int (*show)(struct seq *s),
			    int (*store)(const char *text, size_t len))
{
	return add_path(IN_PROC, name, &(struct proc_node){ .show = show, .store = store });
}

int procfs_init(void)
{
	const int err = proc_inode_init();
	if (err < 0 || nodes_visible() != 0)
		return err;
	return add_path(IN_PROC, "mounts", &(struct proc_node){ .target = "self/mounts" });
}

static int show_node(struct proc_inode *i, struct seq *s)
{
	return ((const struct proc_node *)i->what)->show(s);
}

/* What the root of /sys stands for; that of /proc has NULL. */
static const struct proc_node sys_root;

/* The node that @dir stands for: an index, IN_PROC, IN_SYS. */
static size_t node_of(struct inode *dir)
{
	const struct proc_node *n = proc_inode_of(dir)->what;
	return n == NULL ? IN_PROC : n == &sys_root ? IN_SYS : (size_t)(n - nodes);
}

static int make_node_inode(struct inode *dir, size_t index, struct inode **out)
{
	const struct proc_node *n = &nodes[index];
	const struct inode_ops *ops = node_is_dir(n)    ? &dir_ops :
				      n->target == NULL ? &proc_text_ops :
							  &link_ops;
	struct proc_inode *i = proc_inode_create(container_of(dir->fs, struct procfs, fs), ops,
						 node_mode(n), PROC_NODE_NUMBER + index);
	if (i == NULL)
		return -ENOMEM;
	i->what = n;
	i->show = n->show != NULL ? show_node : NULL;
	i->store = n->store;
	if (node_is_dir(n))
		tree_attach(&i->inode, dir, n->own_name);
	*out = &i->inode;
	return 0;
}

/* Who processes are is asked first: programs look for themselves as they start. */
static int dir_lookup(struct inode *dir, const struct name *name, struct inode **out)
{
	const size_t here = node_of(dir);
	if (here == IN_PROC && name_is(name, "self")) {
		*out = &container_of(dir->fs, struct procfs, fs)->self;
		inode_get(*out);
		return 0;
	}
	u32 pid;
	if (here == IN_PROC && proc_parse_number(name, &pid))
		return proc_process_lookup(dir, pid, out);
	const size_t index = find_node(here, name->text, name->len);
	return index != NODES_MAX ? make_node_inode(dir, index, out) : -ENOENT;
}

static bool emit_nodes(size_t here, u64 *pos, struct dir_emitter *e)
{
	const size_t count = nodes_visible();
	for (; *pos < DIR_POS_FIRST + count; *pos += 1) {
		const size_t index = *pos - DIR_POS_FIRST;
		const struct proc_node *n = &nodes[index];
		const char *name = node_is_dir(n) ? n->own_name : n->name;
		if (n->parent == here &&
		    !dir_emit(e, name, PROC_NODE_NUMBER + index, node_mode(n), *pos + 1))
			return false;
	}
	return true;
}

static int dir_iterate(struct inode *dir, u64 *pos, struct dir_emitter *e)
{
	const size_t here = node_of(dir);
	if (!dir_emit_dots(dir, pos, e) || !emit_nodes(here, pos, e) || here != IN_PROC)
		return 0;
	if (*pos <= SELF_POS) {
		if (!dir_emit(e, "self", PROC_SELF_NUMBER, LINK_MODE, PROCESS_POS))
			return 0;
		*pos = PROCESS_POS;
	}
	proc_process_iterate((u32)(*pos - PROCESS_POS), PROCESS_POS, pos, e);
	return 0;
}

static ssize_t link_readlink(struct inode *inode, char *buf, size_t size)
{
	const struct proc_node *n = proc_inode_of(inode)->what;
	const size_t len = strnlen(n->target, size);
	memcpy(buf, n->target, len);
	return (ssize_t)len;
}

static ssize_t self_readlink(struct inode *inode, char *buf, size_t size)
{
	char text[12];
	const u32 pid = proc_self_pid();
	if (pid == 0)
		return -ENOENT;
	const size_t len = MIN((size_t)snprintf(text, sizeof(text), "%u", pid), size);
	memcpy(buf, text, len);
	return (ssize_t)len;
}

/* Where the text leads, without a walk. */
static int self_follow(struct inode *inode, struct inode **out)
{
	return proc_process_lookup(inode->fs->root, proc_self_pid(), out);
}

/* @root_stands_for: of the root's inode. */
static struct filesystem *create(const char *type, const struct proc_node *root_stands_for,
				 void (*statfs)(struct filesystem *fs, struct kstatfs *out))
{
	struct procfs *p = kmalloc(sizeof(*p));
	if (p == NULL)
		return NULL;
	*p = (struct procfs){
		.fs = {
			.type = type,
			.device = fs_new_device(),
			.destroy = procfs_destroy,
			.statfs = statfs,
		},
	};
	struct proc_inode *root = proc_inode_create(p, &dir_ops, DIR_MODE, PROC_ROOT_NUMBER);
	if (root == NULL) {
		kfree(p);
		return NULL;
	}
	root->what = root_stands_for;
	p->fs.root = &root->inode;
	inode_settle(p->fs.root);
	inode_init(&p->self, &self_ops, &p->fs, PROC_SELF_NUMBER, LINK_MODE);
	inode_settle(&p->self);
	return &p->fs;
}

struct filesystem *procfs_create(void)
{
	return create("proc", NULL, procfs_statfs);
}

struct filesystem *sysfs_create(void)
{
	return create("sysfs", &sys_root, sysfs_statfs);
}

static void procfs_destroy(struct filesystem *fs)
{
	proc_inode_destroy(fs->root);
	kfree(container_of(fs, struct procfs, fs));
}

static void procfs_statfs(struct filesystem *fs, struct kstatfs *out)
{
	out->f_type = PROC_SUPER_MAGIC;
}

static void sysfs_statfs(struct filesystem *fs, struct kstatfs *out)
{
	out->f_type = SYSFS_MAGIC;
}
