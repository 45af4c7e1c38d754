// SPDX-License-Identifier: MIT
/* Programs that processes execute; see exe.h. Locks: none, but the count. */
#include "kernel/proc/exe.h"

#include "fs/inode.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

struct exe *exe_create(struct inode *inode, const char *path)
{
	const size_t size = strlen(path) + 1;
	struct exe *e = kmalloc(sizeof(*e) + size);
	if (e == NULL)
		return NULL;
	refcount_init(&e->refs, 1);
	inode_get(inode);
	(void)inode_deny_write(inode); /* the caller does already */
	e->inode = inode;
	memcpy(e->path, path, size);
	return e;
}

void exe_put(struct exe *e)
{
	if (e == NULL || !refcount_put(&e->refs))
		return;
	inode_allow_write(e->inode);
	inode_put(e->inode);
	kfree(e);
}
