/* SPDX-License-Identifier: MIT */
#include "kernel/syscall/user_iov.h"

#include "arch/riscv/cpu/usercopy.h"
#include "kernel/syscall/sys_fs.h"
#include "mm/pmm/slab.h"

static int iov_check(struct user_iov_list *l)
{
	int err = 0;
	l->total_bytes = 0;
	for (size_t i = 0; i < l->count; i++) {
		struct user_iovec *v = &l->iov[i];
		if ((s64)v->len_bytes < 0)
			return -EINVAL; /* wherever it is; so says Linux */
		if (!user_range_is_valid(v->base, v->len_bytes))
			err = -EFAULT;
		v->len_bytes = MIN(v->len_bytes, RW_BYTES_MAX - l->total_bytes);
		l->total_bytes += v->len_bytes;
	}
	return err;
}

void user_iov_put(struct user_iov_list *l)
{
	if (l->iov != l->small)
		kfree(l->iov);
}

int user_iov_get(struct user_iov_list *l, uaddr_t from, u64 count)
{
	if (count > UIO_MAXIOV)
		return -EINVAL;
	const size_t size = count * sizeof(*l->iov);
	l->count = count;
	l->iov = count <= UIO_FASTIOV ? l->small : kmalloc(size);
	if (l->iov == NULL)
		return -ENOMEM;
	int err = copy_from_user(l->iov, from, size) == 0 ? 0 : -EFAULT;
	if (err == 0)
		err = iov_check(l);
	if (err < 0)
		user_iov_put(l);
	return err;
}
