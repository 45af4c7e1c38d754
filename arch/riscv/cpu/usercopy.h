/* SPDX-License-Identifier: MIT */
/*
 * The only door to user memory: these alone set SUM. A user page that is not there is brought in by
 * the ordinary page fault; one that cannot be served ends the copy early instead of the kernel.
 * Context: may sleep, so no spinlock is held (docs/fork.md H20); interrupts on.
 */
#pragma once

#include "arch/riscv/cpu/layout.h"
#include "lib/compiler.h"
#include "lib/types.h"

struct ksigaction;
struct sigaltstack;
struct sigframe_settings;
struct siginfo;

/* Does [@start, @start + @len_bytes) lie in the user's half? */
static inline bool user_range_is_valid(uaddr_t start, size_t len_bytes)
{
	return len_bytes <= USER_MAX && start <= USER_MAX - len_bytes;
}

/* Both return the number of bytes NOT copied: 0 means all of it. Any range may be passed. */
__must_check size_t copy_from_user(void *dst, uaddr_t src, size_t len_bytes);
__must_check size_t copy_to_user(uaddr_t dst, const void *src, size_t len_bytes);
/* Returns the number of bytes NOT cleared. */
__must_check size_t clear_user(uaddr_t dst, size_t len_bytes);

/*
 * The same three for ranges of which the caller knows that user_range_is_valid(): it asked once,
 * for all of a buffer (fs/uio.h).
 */
#ifdef CONFIG_DEBUG_LOCKS
#define copy_from_valid_user copy_from_user
#define copy_to_valid_user   copy_to_user
#define clear_valid_user     clear_user
#else
/* user_access.S: one of the two is the user's. */
size_t user_copy(void *dst, const void *src, size_t len_bytes);
size_t user_clear(void *dst, size_t len_bytes);
static inline size_t copy_from_valid_user(void *dst, uaddr_t src, size_t len_bytes)
{
	return user_copy(dst, (const void *)src, len_bytes);
}
static inline size_t copy_to_valid_user(uaddr_t dst, const void *src, size_t len_bytes)
{
	return user_copy((void *)dst, src, len_bytes);
}
static inline size_t clear_valid_user(uaddr_t dst, size_t len_bytes)
{
	return user_clear((void *)dst, len_bytes);
}
#endif

/*
 * Copy a NUL-terminated string of at most @size bytes with its NUL.
 * Returns its length without the NUL; -EFAULT; -ENAMETOOLONG if no NUL came within @size.
 */
__must_check ssize_t strncpy_from_user(char *dst, uaddr_t src, size_t size);

/* One number, in one access if it is aligned. 0 or -EFAULT. */
__must_check int get_user_u32(u32 *value, uaddr_t src);
__must_check int get_user_u64(u64 *value, uaddr_t src);
__must_check int put_user_u32(uaddr_t dst, u32 value);
__must_check int put_user_u64(uaddr_t dst, u64 value);
/* The same for three: programs that start others ask for the action of each signal. */
__must_check int get_user_sigaction(struct ksigaction *value, uaddr_t src);
__must_check int put_user_sigaction(uaddr_t dst, const struct ksigaction *value);
/*
 * Can [@dst, @dst + @len_bytes), at most a page and not nothing, be written now? Nothing there
 * changes. For who is about to take what would be lost if it could not be told.
 */
__must_check bool user_can_be_written(uaddr_t dst, size_t len_bytes);
/* If the word is @expected it becomes @value, in one step; *@found is what it was. 0 or -EFAULT:
 * also misaligned. */
__must_check int compare_exchange_user_u32(uaddr_t at, u32 expected, u32 value, u32 *found);

/*
 * A signal frame, struct rt_sigframe of lib/abi/signal.h; @dst and @src are aligned to words. @x is
 * the running program's pc and integer registers (struct trap_frame); the floating-point ones the
 * hart still holds. What is left of a larger mask is not touched. 0 or -EFAULT, also if what is
 * reserved for registers to come is not 0; a part may have been done then. Before
 * get_user_sigframe() say fpu_set_dirty().
 */
__must_check int put_user_sigframe(uaddr_t dst, const struct siginfo *info,
				   const struct sigaltstack *stack, u64 mask, const u64 *x);
__must_check int get_user_sigframe(uaddr_t src, struct sigframe_settings *out, u64 *x);

#ifdef CONFIG_DEBUG_LOCKS
/* Called at each of the doors above with the caller's place: is this allowed now? Filled in by
 * kernel/sched, which knows the locks. */
extern void (*user_access_check)(const void *at);
#endif
