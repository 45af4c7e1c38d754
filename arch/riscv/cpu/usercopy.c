// SPDX-License-Identifier: MIT
/*
 * Bounds of user memory, checked before user_access.S touches it: a range that leaves the user half
 * is refused as a whole, so an access there is never a question of page tables.
 */
#include "arch/riscv/cpu/usercopy.h"

#include "arch/riscv/cpu/layout.h"
#include "lib/abi/errno.h"
#include "lib/abi/signal.h"

/* user_access.S */
size_t user_copy(void *dst, const void *src, size_t len_bytes);
size_t user_clear(void *dst, size_t len_bytes);
ssize_t user_string(char *dst, const char *src, size_t max);
int user_load_u32(u32 *dst, const u32 *src);
int user_load_u64(u64 *dst, const u64 *src);
int user_store_u32(u32 *dst, u32 value);
int user_store_u64(u64 *dst, u64 value);
int user_load_sigaction(struct ksigaction *dst, const struct ksigaction *src);
int user_store_sigaction(struct ksigaction *dst, const struct ksigaction *src);
int user_probe_u32(u32 *at);
int user_compare_exchange_u32(u32 *at, u32 expected, u32 value, u32 *found);
/* user_sigframe.S */
int user_put_sigframe(struct rt_sigframe *to, const struct siginfo *info,
		      const struct sigaltstack *stack, u64 mask, const u64 *x);
int user_get_sigframe(const struct rt_sigframe *from, struct sigframe_settings *out, u64 *x);

#ifdef CONFIG_DEBUG_LOCKS
void (*user_access_check)(const void *at);
#define CHECK_ACCESS() user_access_check(__builtin_return_address(0))
#else
#define CHECK_ACCESS() ((void)0)
#endif

size_t copy_from_user(void *dst, uaddr_t src, size_t len_bytes)
{
	CHECK_ACCESS();
	return user_range_is_valid(src, len_bytes) ? user_copy(dst, (const void *)src, len_bytes) :
						     len_bytes;
}

size_t copy_to_user(uaddr_t dst, const void *src, size_t len_bytes)
{
	CHECK_ACCESS();
	return user_range_is_valid(dst, len_bytes) ? user_copy((void *)dst, src, len_bytes) :
						     len_bytes;
}

size_t clear_user(uaddr_t dst, size_t len_bytes)
{
	CHECK_ACCESS();
	return user_range_is_valid(dst, len_bytes) ? user_clear((void *)dst, len_bytes) : len_bytes;
}

/* The string ends before the user's memory does, or not at all. */
static __cold ssize_t strncpy_near_end(char *dst, uaddr_t src)
{
	if (src >= USER_MAX)
		return -EFAULT;
	const ssize_t len = user_string(dst, (const char *)src, USER_MAX - src);
	return len == -ENAMETOOLONG ? -EFAULT : len;
}

ssize_t strncpy_from_user(char *dst, uaddr_t src, size_t size)
{
	CHECK_ACCESS();
	return likely(user_range_is_valid(src, size)) ? user_string(dst, (const char *)src, size) :
							strncpy_near_end(dst, src);
}

/* One load or store does it. USER_MAX is aligned: what begins below it ends there at the latest. */
static bool user_word_is_plain(uaddr_t at, size_t size_bytes)
{
	return IS_ALIGNED(at, size_bytes) && at < USER_MAX;
}

int get_user_u32(u32 *value, uaddr_t src)
{
	CHECK_ACCESS();
	if (unlikely(!user_word_is_plain(src, sizeof(*value))))
		return copy_from_user(value, src, sizeof(*value)) == 0 ? 0 : -EFAULT;
	return user_load_u32(value, (const u32 *)src);
}

int get_user_u64(u64 *value, uaddr_t src)
{
	CHECK_ACCESS();
	if (unlikely(!user_word_is_plain(src, sizeof(*value))))
		return copy_from_user(value, src, sizeof(*value)) == 0 ? 0 : -EFAULT;
	return user_load_u64(value, (const u64 *)src);
}

/* Apart, so that who stores a plain word needs no memory for it. */
static __noinline int put_user_bytes(uaddr_t dst, u64 value, size_t size_bytes)
{
	return copy_to_user(dst, &value, size_bytes) == 0 ? 0 : -EFAULT;
}

int put_user_u32(uaddr_t dst, u32 value)
{
	CHECK_ACCESS();
	if (unlikely(!user_word_is_plain(dst, sizeof(value))))
		return put_user_bytes(dst, value, sizeof(value));
	return user_store_u32((u32 *)dst, value);
}

int put_user_u64(uaddr_t dst, u64 value)
{
	CHECK_ACCESS();
	if (unlikely(!user_word_is_plain(dst, sizeof(value))))
		return put_user_bytes(dst, value, sizeof(value));
	return user_store_u64((u64 *)dst, value);
}

/* Its words can be accessed one by one. */
static bool user_sigaction_is_plain(uaddr_t at)
{
	return IS_ALIGNED(at, sizeof(u64)) && user_range_is_valid(at, sizeof(struct ksigaction));
}

int get_user_sigaction(struct ksigaction *value, uaddr_t src)
{
	CHECK_ACCESS();
	if (unlikely(!user_sigaction_is_plain(src)))
		return copy_from_user(value, src, sizeof(*value)) == 0 ? 0 : -EFAULT;
	return user_load_sigaction(value, (const struct ksigaction *)src);
}

int put_user_sigaction(uaddr_t dst, const struct ksigaction *value)
{
	CHECK_ACCESS();
	if (unlikely(!user_sigaction_is_plain(dst)))
		return copy_to_user(dst, value, sizeof(*value)) == 0 ? 0 : -EFAULT;
	return user_store_sigaction((struct ksigaction *)dst, value);
}

bool user_can_be_written(uaddr_t dst, size_t len_bytes)
{
	CHECK_ACCESS();
	return user_range_is_valid(dst, len_bytes) &&
	       user_probe_u32((u32 *)ALIGN_DOWN(dst, sizeof(u32))) == 0 &&
	       user_probe_u32((u32 *)ALIGN_DOWN(dst + len_bytes - 1, sizeof(u32))) == 0;
}

int compare_exchange_user_u32(uaddr_t at, u32 expected, u32 value, u32 *found)
{
	CHECK_ACCESS();
	if (at % sizeof(u32) != 0 || !user_range_is_valid(at, sizeof(u32)) ||
	    user_compare_exchange_u32((u32 *)at, expected, value, found) != 0)
		return -EFAULT;
	return 0;
}

int put_user_sigframe(uaddr_t dst, const struct siginfo *info, const struct sigaltstack *stack,
		      u64 mask, const u64 *x)
{
	CHECK_ACCESS();
	if (!user_range_is_valid(dst, sizeof(struct rt_sigframe)))
		return -EFAULT;
	return user_put_sigframe((struct rt_sigframe *)dst, info, stack, mask, x);
}

int get_user_sigframe(uaddr_t src, struct sigframe_settings *out, u64 *x)
{
	CHECK_ACCESS();
	if (!user_range_is_valid(src, sizeof(struct rt_sigframe)))
		return -EFAULT;
	return user_get_sigframe((const struct rt_sigframe *)src, out, x);
}
