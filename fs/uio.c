/* SPDX-License-Identifier: MIT */
/*
 * Moving bytes between the kernel and the buffers of a read or write, where fs/uio.h's way for what
 * lies in one buffer, which is nearly every call, is not enough.
 */
#include "fs/uio.h"

#include "kernel/sched/sched.h"
#include "lib/string.h"

/* A list of buffers: it goes on in the next one, of which no more than is wanted is used. */
static size_t move_in_list(struct uio_parts *p, enum uio_direction dir, char *kernel, size_t len)
{
	size_t moved = 0;
	while (moved < len) {
		if (p->now.len_bytes == 0) {
			p->now = *p->next++;
			continue;
		}
		const size_t part = MIN(p->now.len_bytes, len - moved);
		char *const from = dir != UIO_CLEAR ? kernel + moved : NULL;
		const size_t missed = uio_move_here(dir, p->now.base, from, part);
		p->now.base += part - missed;
		p->now.len_bytes -= part - missed;
		moved += part - missed;
		if (missed != 0)
			break;
	}
	return moved;
}

/* The kernel's own buffer: nothing can fail. */
static size_t move_in_kernel(struct uio_parts *p, enum uio_direction dir, char *kernel, size_t len)
{
	if (dir == UIO_TO_USER)
		memcpy(p->kernel, kernel, len);
	else if (dir == UIO_FROM_USER)
		memcpy(kernel, p->kernel, len);
	else
		memset(p->kernel, 0, len);
	p->kernel += len;
	return len;
}

size_t uio_move_parts(struct uio_parts *p, enum uio_direction dir, void *kernel, size_t len_bytes)
{
	return p->kernel != NULL ? move_in_kernel(p, dir, kernel, len_bytes) :
				   move_in_list(p, dir, kernel, len_bytes);
}

bool uio_breathe(void)
{
	sched_point();
	return !thread_is_interrupted();
}
