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
	const struct user_iovec *iov; /* NULL: kernel buffer */
	char *kernel_buf;
	size_t iov_left;  /* entries from iov on */
	size_t iov_done;  /* bytes already used of iov[0] */
	size_t left;      /* bytes still wanted */
	size_t done;      /* bytes moved so far */
	u64 file_end_max; /* RLIMIT_FSIZE: a regular file is not written behind it */
};

static inline void uio_init_user(struct uio *u, const struct user_iovec *iov, size_t count,
				 size_t total_bytes)
{
	*u = (struct uio){ .iov = iov,
			   .iov_left = count,
			   .left = total_bytes,
			   .file_end_max = UINT64_MAX };
}
static inline void uio_init_kernel(struct uio *u, void *buf, size_t len_bytes)
{
	*u = (struct uio){ .kernel_buf = buf, .left = len_bytes, .file_end_max = UINT64_MAX };
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
