/* SPDX-License-Identifier: MIT */
/* Lists of buffers in user memory, for readv and its like and for sendmsg and recvmsg. */
#pragma once

#include "fs/uio.h"
#include "lib/abi/uio.h"

struct user_iov_list {
	struct user_iovec *iov;
	struct user_iovec small[UIO_FASTIOV];
	size_t count;
	size_t total_bytes;
};

/*
 * Copy and check the @count entries at @from. 0, and the caller calls user_iov_put(); -EINVAL,
 * -EFAULT, -ENOMEM.
 */
__must_check int user_iov_get(struct user_iov_list *l, uaddr_t from, u64 count);
void user_iov_put(struct user_iov_list *l);
