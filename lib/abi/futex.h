/* SPDX-License-Identifier: MIT */
/* futex(2) and robust lists. */
#pragma once

#include "lib/types.h"

#define FUTEX_WAIT            0
#define FUTEX_WAKE            1
#define FUTEX_FD              2
#define FUTEX_REQUEUE         3
#define FUTEX_CMP_REQUEUE     4
#define FUTEX_WAKE_OP         5
#define FUTEX_LOCK_PI         6
#define FUTEX_UNLOCK_PI       7
#define FUTEX_TRYLOCK_PI      8
#define FUTEX_WAIT_BITSET     9
#define FUTEX_WAKE_BITSET     10
#define FUTEX_WAIT_REQUEUE_PI 11
#define FUTEX_CMP_REQUEUE_PI  12
#define FUTEX_LOCK_PI2        13

#define FUTEX_PRIVATE_FLAG   128
#define FUTEX_CLOCK_REALTIME 256
#define FUTEX_CMD_MASK       (~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME))

#define FUTEX_WAITERS          0x80000000
#define FUTEX_OWNER_DIED       0x40000000
#define FUTEX_TID_MASK         0x3fffffff
#define FUTEX_BITSET_MATCH_ANY 0xffffffff

#define ROBUST_LIST_LIMIT 2048

/* set_robust_list; all are user addresses */
struct krobust_list_head {
	u64 list;
	s64 futex_offset;
	u64 list_op_pending;
};
static_assert(sizeof(struct krobust_list_head) == 24, "struct robust_list_head");
