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
static __always_inline size_t copy_one(enum direction dir, uaddr_t user, char *kernel, size_t len)
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

/* What does not lie in the present user buffer: it goes on in the next, or is the kernel's. */
static __noinline size_t move_on(struct uio *u, enum direction dir, char *kernel, size_t len)
{
	const size_t wanted = MIN(len, u->left);
	size_t moved = 0;
	while (moved < wanted) {
		if (u->room == 0) {
			u->at = u->next->base;
			u->room = MIN(u->next->len_bytes, u->left - moved); /* uio_shorten() */
			u->next++;
			continue;
		}
		const size_t part = MIN(u->room, wanted - moved);
		const size_t missed = copy_one(dir, u->at, kernel + moved, part);
		u->at += part - missed;
		u->room -= part - missed;
		moved += part - missed;
		if (missed != 0)
			break;
	}
	u->left -= moved;
	return moved;
}

/* The kernel's own buffer: nothing can fail. */
static size_t move_in_kernel(struct uio *u, enum direction dir, char *kernel, size_t len)
{
	len = MIN(len, u->left);
	if (dir == TO_USER)
		memcpy(u->kernel, kernel, len);
	else if (dir == FROM_USER)
		memcpy(kernel, u->kernel, len);
	else
		memset(u->kernel, 0, len);
	u->kernel += len;
	u->left -= len;
	return len;
}

static __noinline size_t move_slowly(struct uio *u, enum direction dir, char *kernel, size_t len)
{
	return u->kernel != NULL ? move_in_kernel(u, dir, kernel, len) :
				   move_on(u, dir, kernel, len);
}

/* @kernel is not looked at by CLEAR. */
static __always_inline size_t uio_move(struct uio *u, enum direction dir, char *kernel, size_t len)
{
	if (unlikely(len > u->room))
		return move_slowly(u, dir, kernel, len);
	const size_t moved = len - copy_one(dir, u->at, kernel, len);
	u->at += moved;
	u->room -= moved;
	u->left -= moved;
	return moved;
}

size_t uio_copy_in(struct uio *u, const void *src, size_t len_bytes)
{
	return uio_move(u, TO_USER, (char *)src, len_bytes);
}

size_t uio_copy_out(struct uio *u, void *dst, size_t len_bytes)
{
	return uio_move(u, FROM_USER, dst, len_bytes);
}

size_t uio_clear(struct uio *u, size_t len_bytes)
{
	static char unused;
	return uio_move(u, CLEAR, &unused, len_bytes);
}

bool uio_breathe(void)
{
	sched_point();
	return !thread_is_interrupted();
}
