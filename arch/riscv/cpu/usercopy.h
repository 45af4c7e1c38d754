/* SPDX-License-Identifier: MIT */
/*
 * The only door to user memory: these alone set SUM. A user page that is not there is brought in by
 * the ordinary page fault; one that cannot be served ends the copy early instead of the kernel.
 * Context: may sleep, so no spinlock is held (docs/fork.md H20); interrupts on.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

struct sigaltstack;
struct sigframe_settings;
struct siginfo;

/* Both return the number of bytes NOT copied: 0 means all of it. Any range may be passed. */
__must_check size_t copy_from_user(void *dst, uaddr_t src, size_t len_bytes);
__must_check size_t copy_to_user(uaddr_t dst, const void *src, size_t len_bytes);
/* Returns the number of bytes NOT cleared. */
__must_check size_t clear_user(uaddr_t dst, size_t len_bytes);

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
