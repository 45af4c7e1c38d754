/* SPDX-License-Identifier: MIT */
/*
 * Where a read puts its bytes or a write takes them from: a buffer of the user's, a list of these,
 * or a buffer of the kernel's. A copy that meets a bad user address stops there; what came before
 * counts.
 *
 * It is two words, handed on in registers. Nearly every call has one buffer, and that is all of it;
 * others keep the rest in a struct uio_parts, which the maker holds till the call is through. So
 * who was given a uio uses it up: the maker's copy is good for nothing afterwards.
 */
#pragma once

#include "arch/riscv/cpu/usercopy.h"
#include "lib/abi/errno.h"
#include "lib/compiler.h"
#include "lib/types.h"

struct user_iovec { /* struct iovec of the ABI */
	uaddr_t base;
	u64 len_bytes;
};

/* What is not one buffer of the user's. */
struct uio_parts {
	char *kernel; /* the next byte's place; NULL: it is the user's */
	/* user: what is left of the present buffer; the buffers behind it, to be used up in turn */
	struct user_iovec now;
	const struct user_iovec *next;
	u64 file_end_max; /* RLIMIT_FSIZE: a regular file is not written behind it */
};

/* Aligned so that it is one number of 128 bits to GCC, which otherwise takes it through memory. */
struct uio {
	/* The next byte's place: user_range_is_valid(at, left), which the maker has asked. Or, with
	 * UIO_IN_PARTS set, where a struct uio_parts is. */
	u64 at;
	size_t left; /* bytes still wanted */
} __aligned(16);

/* The sign bit, which no user address has. It is bit 62 of an address, too. */
#define UIO_IN_PARTS BIT(63)
static inline bool uio_is_in_parts(struct uio u)
{
	return (u.at & UIO_IN_PARTS) != 0;
}
static inline struct uio_parts *uio_parts(struct uio u)
{
	return (struct uio_parts *)((s64)(u.at << 1) >> 1);
}

/* @buf is user_range_is_valid(), for @len_bytes. */
static inline struct uio uio_of_user(uaddr_t buf, size_t len_bytes)
{
	return (struct uio){ .at = buf, .left = len_bytes };
}
/* @iov has @total_bytes together, and stays. Each of it is user_range_is_valid(). */
static inline struct uio uio_of_list(struct uio_parts *p, const struct user_iovec *iov,
				     size_t total_bytes)
{
	*p = (struct uio_parts){ .next = iov, .file_end_max = UINT64_MAX };
	return (struct uio){ .at = (u64)p | UIO_IN_PARTS, .left = total_bytes };
}
static inline struct uio uio_of_kernel(struct uio_parts *p, void *buf, size_t len_bytes)
{
	*p = (struct uio_parts){ .kernel = buf, .file_end_max = UINT64_MAX };
	return (struct uio){ .at = (u64)p | UIO_IN_PARTS, .left = len_bytes };
}
static inline bool uio_is_kernels(struct uio u)
{
	return uio_is_in_parts(u) && uio_parts(u)->kernel != NULL;
}

/* The same as @u, for a write that is to end at @end_max. @p is used if it has no parts. */
static inline struct uio uio_with_end(struct uio u, struct uio_parts *p, u64 end_max)
{
	if (!uio_is_in_parts(u)) {
		*p = (struct uio_parts){ .now = { .base = u.at, .len_bytes = u.left } };
		u.at = (u64)p | UIO_IN_PARTS;
	}
	uio_parts(u)->file_end_max = end_max;
	return u;
}
static inline u64 uio_file_end_max(struct uio u)
{
	return likely(!uio_is_in_parts(u)) ? UINT64_MAX : uio_parts(u)->file_end_max;
}

/* No more than @max bytes of what is left are wanted. */
static inline void uio_shorten(struct uio *u, size_t max)
{
	u->left = MIN(u->left, max);
}

enum uio_direction { UIO_TO_USER, UIO_FROM_USER, UIO_CLEAR };
/* The three below in parts: bytes moved. */
size_t uio_move_parts(struct uio_parts *p, enum uio_direction dir, void *kernel, size_t len_bytes);
/* Bytes not moved. */
static __always_inline size_t uio_move_here(enum uio_direction dir, uaddr_t user, void *kernel,
					    size_t len_bytes)
{
	switch (dir) {
	case UIO_TO_USER:
		return copy_to_valid_user(user, kernel, len_bytes);
	case UIO_FROM_USER:
		return copy_from_valid_user(kernel, user, len_bytes);
	case UIO_CLEAR:
		break;
	}
	return clear_valid_user(user, len_bytes);
}
static __always_inline size_t uio_move(struct uio *u, enum uio_direction dir, void *kernel,
				       size_t len_bytes)
{
	const size_t wanted = MIN(len_bytes, u->left);
	size_t moved;
	if (unlikely(uio_is_in_parts(*u))) {
		moved = uio_move_parts(uio_parts(*u), dir, kernel, wanted);
	} else {
		moved = wanted - uio_move_here(dir, u->at, kernel, wanted);
		u->at += moved;
	}
	u->left -= moved;
	return moved;
}

/*
 * Move at most min(@len, u->left) bytes; returns how many: fewer means a bad address.
 * Context: may fault, so no spinlock.
 */
/* Kernel to buffers: read. */
__must_check static __always_inline size_t uio_copy_in(struct uio *u, const void *src,
						       size_t len_bytes)
{
	return uio_move(u, UIO_TO_USER, (void *)src, len_bytes);
}
/* Buffers to kernel: write. */
__must_check static __always_inline size_t uio_copy_out(struct uio *u, void *dst, size_t len_bytes)
{
	return uio_move(u, UIO_FROM_USER, dst, len_bytes);
}
/* Zeros to buffers: read. */
__must_check static __always_inline size_t uio_clear(struct uio *u, size_t len_bytes)
{
	return uio_move(u, UIO_CLEAR, NULL, len_bytes);
}

/*
 * Between the pieces of a long transfer: the kernel is not preemptible, so whoever loops over what
 * a program asked for lets others run. False: a signal waits, and a transfer that may be cut short
 * should end here. Context: may sleep.
 */
bool uio_breathe(void);
