/* SPDX-License-Identifier: MIT */
/*
 * futex(2). Requeueing wakes those it would move: they find the word changed or sleep again, as
 * every user of futexes must be ready to. FUTEX_WAKE_OP and the priority-inheriting operations are
 * missing.
 */
#include "generated/syscall_protos.h"

#include "arch/riscv/cpu/usercopy.h"
#include "fs/fs.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/process.h"
#include "kernel/syscall/user_time.h"

enum restart_data { DATA_WORD, DATA_VALUE, DATA_BITSET, DATA_IS_PRIVATE };

static s64 wait_resume(struct restart_block *r);

/* A wait with a timeout goes on with what is left of it; one without simply starts again. */
static s64 wait_restartable(const struct futex_wait_args *args)
{
	const int error = futex_wait(args);
	if (error != -EINTR)
		return error;
	if (args->deadline == CLOCK_NEVER)
		return -ERESTARTSYS;
	struct restart_block *r = &task_current()->restart;
	r->resume = wait_resume;
	r->deadline = args->deadline;
	r->data[DATA_WORD] = args->word;
	r->data[DATA_VALUE] = args->value;
	r->data[DATA_BITSET] = args->bitset;
	r->data[DATA_IS_PRIVATE] = args->is_private;
	return -ERESTART_RESTARTBLOCK;
}

static s64 wait_resume(struct restart_block *r)
{
	const struct futex_wait_args args = {
		.word = r->data[DATA_WORD],
		.value = (u32)r->data[DATA_VALUE],
		.bitset = (u32)r->data[DATA_BITSET],
		.is_private = r->data[DATA_IS_PRIVATE] != 0,
		.deadline = r->deadline,
	};
	return wait_restartable(&args);
}

/* FUTEX_WAIT counts from now; FUTEX_WAIT_BITSET names a moment, of real time with
 * FUTEX_CLOCK_REALTIME. */
static int read_deadline(uaddr_t timeout, u32 operation, nsec_t *deadline)
{
	nsec_t time;

	*deadline = CLOCK_NEVER;
	if (timeout == 0)
		return 0;
	const int error = get_user_timespec(&time, timeout);
	if (error != 0)
		return error;
	const nsec_t offset = READ_ONCE(realtime_offset_ns);
	if ((operation & FUTEX_CMD_MASK) == FUTEX_WAIT)
		*deadline = deadline_after(time);
	else if ((operation & FUTEX_CLOCK_REALTIME) != 0)
		*deadline = time > offset ? time - offset : 0;
	else
		*deadline = time;
	return 0;
}

static __noinline s64 do_wait(u64 word, u32 operation, u32 value, u64 timeout, u32 bitset)
{
	struct futex_wait_args args = { .word = word, .value = value, .bitset = bitset };

	if (bitset == 0)
		return -EINVAL;
	args.is_private = (operation & FUTEX_PRIVATE_FLAG) != 0;
	const int error = read_deadline(timeout, operation, &args.deadline);
	return error != 0 ? error : wait_restartable(&args);
}

static __noinline s64 do_requeue(u64 word, u32 operation, u32 wake, u32 move, u32 expected)
{
	const bool compares = (operation & FUTEX_CMD_MASK) == FUTEX_CMP_REQUEUE;
	u32 value;

	if ((s32)wake < 0 || (s32)move < 0 || word % sizeof(u32) != 0)
		return -EINVAL;
	if (get_user_u32(&value, word) != 0)
		return -EFAULT;
	if (compares && value != expected)
		return -EAGAIN;
	const u64 count = (u64)wake + move;
	if (count == 0)
		return 0;
	return futex_wake(word, (operation & FUTEX_PRIVATE_FLAG) != 0,
			  (u32)MIN(count, (u64)0x7fffffff), FUTEX_BITSET_MATCH_ANY);
}

s64 sys_futex(u64 word, u64 operation, u64 value, u64 timeout, u64 word2, u64 value3)
{
	const u32 op = (u32)operation;
	const bool is_private = (op & FUTEX_PRIVATE_FLAG) != 0;

	/* Only a moment can be one of real time. */
	if ((op & FUTEX_CLOCK_REALTIME) != 0 && (op & FUTEX_CMD_MASK) != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (op & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
		return do_wait(word, op, (u32)value, timeout, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAIT_BITSET:
		return do_wait(word, op, (u32)value, timeout, (u32)value3);
	case FUTEX_WAKE:
		return futex_wake(word, is_private, MAX((s32)value, 1), FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		if ((u32)value3 == 0)
			return -EINVAL;
		return futex_wake(word, is_private, MAX((s32)value, 1), (u32)value3);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		/* the place of the timeout holds how many to move */
		return do_requeue(word, op, (u32)value, (u32)timeout, (u32)value3);
	default:
		return -ENOSYS;
	}
}
