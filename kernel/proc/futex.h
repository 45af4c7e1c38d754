/* SPDX-License-Identifier: MIT */
/*
 * Futexes: sleeping until another thread changes a word of user memory and says so.
 *
 * A word is named by what it stands in: shared mappings by object and offset, so that processes
 * meet there; everything else by address space and address.
 */
#pragma once

#include "lib/abi/futex.h"
#include "lib/compiler.h"
#include "lib/types.h"

struct futex_wait_args {
	uaddr_t word;
	bool is_private; /* FUTEX_PRIVATE_FLAG: only threads of this address space meet here */
	u32 value;       /* sleep only if the word has it */
	u32 bitset;      /* woken only by wakers with a bit in common; not 0 */
	nsec_t deadline; /* CLOCK_NEVER: none */
};

/*
 * Returns 0: woken; -EAGAIN: the word has another value; -ETIMEDOUT; -EINTR: interrupted, turned
 * into a restart by the caller; -EFAULT; -EINVAL: misaligned. Context: may sleep; no lock held.
 */
__must_check int futex_wait(const struct futex_wait_args *args);

/*
 * Wake at most @count sleepers, which is not 0, on @word of the running process. How many there
 * were, -EFAULT or -EINVAL. Context: may sleep (it looks for the mapping unless @is_private); no
 * lock held. For clear_child_tid at exit: before the address space goes, with @is_private false,
 * count 1, FUTEX_BITSET_MATCH_ANY.
 */
s64 futex_wake(uaddr_t word, bool is_private, u32 count, u32 bitset);

/*
 * set_robust_list's promise: the running thread @tid ends, or leaves its memory. Words in the list
 * at @list that it owns get FUTEX_OWNER_DIED, and one sleeper each is woken. Context: may sleep.
 */
void futex_owner_ends(uaddr_t list, u32 tid);
