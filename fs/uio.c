/* SPDX-License-Identifier: MIT */
/*
 * Moving bytes between the kernel and the buffers of a read or write. The one-buffer case, which is
 * nearly every call, goes through the loop once.
 */
#include "fs/uio.h"

#include "arch/riscv/cpu/usercopy.h"
#include "kernel/sched/sched.h"
#include "lib/string.h"

enum direction { TO_USER, FROM_USER, CLEAR };

/* Bytes not moved. */
static size_t copy_one(enum direction dir, uaddr_t user, char *kernel, size_t len)
{
	switch (dir) {
	case TO_USER:
		return copy_to_user(user, kernel, len);
	case FROM_USER:
		return copy_from_user(kernel, user, len);
	case CLEAR:
		break;
	}
	return clear_user(user, len);
}

/* @kernel is not looked at by CLEAR. */
static __always_inline size_t uio_move(struct uio *u, enum direction dir, char *kernel, size_t len)
{
	const size_t wanted = MIN(len, u->left);
	size_t moved = 0;
	while (moved < wanted) {
		const size_t room = u->iov->len_bytes - u->iov_done;
		if (room == 0) {
			u->iov++;
			u->iov_left--;
			u->iov_done = 0;
			continue;
		}
		const size_t part = MIN(room, wanted - moved);
		const size_t missed =
			copy_one(dir, u->iov->base + u->iov_done, kernel + moved, part);
		moved += part - missed;
		u->iov_done += part - missed;
		if (missed != 0)
			break;
	}
	u->left -= moved;
	u->done += moved;
	return moved;
}

/* The kernel's own buffer: nothing can fail. */
static char *kernel_advance(struct uio *u, size_t len)
{
	char *at = u->kernel_buf + u->done;
	u->left -= len;
	u->done += len;
	return at;
}

size_t uio_copy_in(struct uio *u, const void *src, size_t len_bytes)
{
	if (u->iov != NULL)
		return uio_move(u, TO_USER, (char *)src, len_bytes);
	const size_t len = MIN(len_bytes, u->left);
	memcpy(kernel_advance(u, len), src, len);
	return len;
}

size_t uio_copy_out(struct uio *u, void *dst, size_t len_bytes)
{
	if (u->iov != NULL)
		return uio_move(u, FROM_USER, dst, len_bytes);
	const size_t len = MIN(len_bytes, u->left);
	memcpy(dst, kernel_advance(u, len), len);
	return len;
}

size_t uio_clear(struct uio *u, size_t len_bytes)
{
	static char unused;
	if (u->iov != NULL)
		return uio_move(u, CLEAR, &unused, len_bytes);
	const size_t len = MIN(len_bytes, u->left);
	memset(kernel_advance(u, len), 0, len);
	return len;
}

bool uio_breathe(void)
{
	sched_point();
	return !thread_is_interrupted();
}
