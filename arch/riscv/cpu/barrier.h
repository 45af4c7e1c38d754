/* SPDX-License-Identifier: MIT */
/*
 * Memory barriers (RISC-V unprivileged specification, section 2.7 and chapter 14). Users of RAM
 * alone prefer the acquire and release forms of __atomic; these are for what those cannot say, or,
 * at the end, say in more instructions than the hardware needs.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

#ifdef HOST_TEST
#define barrier_full()          __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define barrier_write()         __atomic_thread_fence(__ATOMIC_RELEASE)
#define barrier_io()            __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define barrier_device_unlock() __atomic_thread_fence(__ATOMIC_RELEASE)
static inline void cpu_relax(void)
{
}
static inline s64 swap_acquire(u32 *word, u32 value)
{
	return (s32)__atomic_exchange_n(word, value, __ATOMIC_ACQUIRE);
}
static inline void store_release(u32 *word, u32 value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}
#else
/* RAM reads and writes before, against RAM reads and writes after. */
#define barrier_full()          __asm__ volatile("fence rw, rw" ::: "memory")
/* RAM writes before, against RAM writes after: contents before the pointer that publishes them. */
#define barrier_write()         __asm__ volatile("fence w, w" ::: "memory")
/* Everything against everything, devices included. */
#define barrier_io()            __asm__ volatile("fence iorw, iorw" ::: "memory")

/* Device writes before, against the RAM write that unlocks: a release orders RAM alone (rule T43),
 * and the next holder would ask the device before it has what this one gave it. */
#define barrier_device_unlock() __asm__ volatile("fence o, w" ::: "memory")

/* In a spin loop: Zihintpause's hint, a no-op encoding on harts without it. */
static inline void cpu_relax(void)
{
	__asm__ volatile(".4byte 0x0100000f" ::: "memory");
}

/* Put @value into @word before all that follows. What was there, with its sign extended, which the
 * compiler would do again. */
static __always_inline s64 swap_acquire(u32 *word, u32 value)
{
	s64 old;
	__asm__ volatile("amoswap.w.aq %0, %2, %1"
			 : "=r"(old), "+A"(*word)
			 : "r"(value)
			 : "memory");
	return old;
}
/* Set @bits in @word before all that follows; clear those, which are set, after all that precedes.
 * The annotation orders the whole operation, its store too (chapter 14, rules 5 and 6); C's
 * promises less. */
static __always_inline void bits_set_acquire(u64 *word, u64 bits)
{
	__asm__ volatile("amoor.d.aq zero, %1, %0" : "+A"(*word) : "r"(bits) : "memory");
}
static __always_inline void bits_clear_release(u64 *word, u64 bits)
{
	__asm__ volatile("amoxor.d.rl zero, %1, %0" : "+A"(*word) : "r"(bits) : "memory");
}
/* Put @value into @word after all that precedes. The compiler makes it a swap whose result nobody
 * wants; a store behind this fence is one as well (chapter 14, table A.6: store release). */
static __always_inline void store_release(u32 *word, u32 value)
{
	__asm__ volatile("fence rw, w" ::: "memory");
	WRITE_ONCE(*word, value);
}
#endif
