/* SPDX-License-Identifier: MIT */
/*
 * Memory barriers (RISC-V unprivileged specification, section 2.7 and chapter 14). Users of RAM
 * alone prefer the acquire and release forms of __atomic; these are for what those cannot say.
 */
#pragma once

#ifdef HOST_TEST
#define barrier_full()          __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define barrier_write()         __atomic_thread_fence(__ATOMIC_RELEASE)
#define barrier_io()            __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define barrier_device_unlock() __atomic_thread_fence(__ATOMIC_RELEASE)
static inline void cpu_relax(void)
{
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
#endif
