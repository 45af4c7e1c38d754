/* SPDX-License-Identifier: MIT */
/*
 * Where a read puts its bytes or a write takes them from: a list of user buffers, or one of the
 * kernel's. A copy that meets a bad user address stops there; what came before counts.
 */
#pragma once

#include "lib/abi/errno.h"
#include "lib/compiler.h"
#include "lib/types.h"

struct user_iovec { /* struct iovec of the ABI */
	uaddr_t base;
	u64 len_bytes;
};

struct uio {
	uaddr_t at;  /* user: the next byte's place */
	size_t room; /* user: bytes from there on in the same buffer, <= left. Kernel: 0 */
	size_t left; /* bytes still wanted */
	const struct user_iovec *next; /* user: the buffers behind this one, to be used up in turn
					*/
	char *kernel;                  /* the next byte's place; NULL: it is the user's */
	u64 file_end_max;              /* RLIMIT_FSIZE: a regular file is not written behind it */
};

static inline void uio_init_user(struct uio *u, uaddr_t buf, size_t len_bytes)
{
	*u = (struct uio){ .at = buf,
			   .room = len_bytes,
			   .left = len_bytes,
			   .file_end_max = UINT64_MAX };
}
/* @iov has @total_bytes together, and stays. */
static inline void uio_init_list(struct uio *u, const struct user_iovec *iov, size_t total_bytes)
{
	*u = (struct uio){ .next = iov, .left = total_bytes, .file_end_max = UINT64_MAX };
}
static inline void uio_init_kernel(struct uio *u, void *buf, size_t len_bytes)
{
	*u = (struct uio){ .kernel = buf, .left = len_bytes, .file_end_max = UINT64_MAX };
}

/* No more than @max bytes of what is left are wanted. */
static inline void uio_shorten(struct uio *u, size_t max)
{
	u->left = MIN(u->left, max);
	u->room = MIN(u->room, max);
}

/* Move at most min(@len, u->left) bytes; returns how many: fewer means a bad address.
 * Context: may fault, so no spinlock. */
__must_check size_t uio_copy_in(struct uio *u, const void *src, size_t len_bytes); /* kernel ->
										      buffers (read)
										    */
__must_check size_t uio_copy_out(struct uio *u, void *dst, size_t len_bytes); /* buffers -> kernel
										 (write) */
__must_check size_t uio_clear(struct uio *u, size_t len_bytes); /* zeros -> buffers (read) */

/*
 * Between the pieces of a long transfer: the kernel is not preemptible, so whoever loops over what
 * a program asked for lets others run. False: a signal waits, and a transfer that may be cut short
 * should end here. Context: may sleep.
 */
bool uio_breathe(void);
