// SPDX-License-Identifier: MIT
/*
 * The other harts. They wait in the firmware (HSM state STOPPED) until started here, one after the
 * other, so that one that never comes is known by name and the rest go on (rule T20).
 */
#include "arch/riscv/cpu/smp.h"

#include "arch/riscv/cpu/barrier.h"
#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/csr.h"
#include "arch/riscv/cpu/mmu.h"
#include "arch/riscv/cpu/sbi.h"
#include "arch/riscv/cpu/smp_boot.h"
#include "arch/riscv/cpu/unwind.h"

/* For a hart that stands still. One that QEMU runs on a busy machine may take a while to come. */
#define START_TIMEOUT  5000000000UL
#define ANSWER_TIMEOUT 1000000000UL

/* Read by a hart that starts, through its physical address. One each, for one that comes late. */
static struct smp_boot boot_args[CONFIG_NR_CPUS];
struct smp_mailbox smp_mailbox = { .hartid = SMP_NOBODY };
static u64 kicked; /* atomic: harts with a software interrupt on the way */
static u64 asked;  /* atomic: harts that are to run the answer below */
static void (*answer)(void);
static bool stopping; /* atomic: harts take a software interrupt as the order to stop */
static struct smp_sample samples[CONFIG_NR_CPUS]; /* each written by its hart, when it stops */

static bool wait_online(const struct cpu *cpu)
{
	const nsec_t deadline = clock_now() + START_TIMEOUT;
	while (!__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE)) {
		if (clock_now() > deadline)
			return false;
		cpu_relax();
	}
	return true;
}

static bool smp_start(u32 index, struct arch_thread *idle, paddr_t start, void (*entry)(void))
{
	struct cpu *cpu = &cpus[index];
	cpu->idle = idle;
	cpu->satp = kernel_satp;
	idle->cpu = cpu;
	boot_args[index] = (struct smp_boot){
		.satp = kernel_satp,
		.thread = (u64)idle,
		.entry = (u64)entry,
	};
	/* All of it before the hart looks: it starts with its caches and buffers empty (rule T21).
	 */
	smp_mailbox.args = kernel_image_phys(&boot_args[index]);
	barrier_io();
	__atomic_store_n(&smp_mailbox.hartid, cpu->hartid, __ATOMIC_RELEASE);
	const long error = sbi_hart_start(cpu->hartid, start, kernel_image_phys(&boot_args[index]));
	/* Not supported, or available already: then it is at the mailbox, or nowhere. */
	const bool may_come = error == 0 || error == SBI_ERR_NOT_SUPPORTED ||
			      error == SBI_ERR_ALREADY_AVAILABLE;
	const bool is_online = may_come && wait_online(cpu);
	__atomic_store_n(&smp_mailbox.hartid, SMP_NOBODY, __ATOMIC_RELEASE);
	return is_online;
}

u32 smp_start_others(u32 limit, paddr_t start, struct arch_thread *(*make_idle)(u32 cpu),
		     void (*entry)(void))
{
	u32 started = 1;
	for (u32 i = 1; i < cpu_count && i < limit; i++) {
		struct arch_thread *idle = make_idle(i);
		if (idle != NULL && smp_start(i, idle, start, entry))
			started++;
	}
	return started;
}

void smp_kick(u32 cpu)
{
	const u64 bit = BIT(cpu);
	/* One on the way is enough; the taker clears the bit before it looks at its work. */
	if ((__atomic_fetch_or(&kicked, bit, __ATOMIC_ACQ_REL) & bit) == 0)
		sbi_send_ipi(1, cpus[cpu].hartid);
}

static __noinline void sample_self(void)
{
	struct smp_sample *s = &samples[cpu_index()];
	s->count = (u32)unwind_stack((u64)__builtin_frame_address(0), s->places, SMP_SAMPLE_MAX);
}

void smp_take_kick(void)
{
	csr_clear(sip, SIE_SSIE);
	(void)__atomic_fetch_and(&kicked, ~BIT(cpu_index()), __ATOMIC_ACQ_REL);
	if (unlikely(__atomic_load_n(&stopping, __ATOMIC_ACQUIRE)))
		smp_stop_self();
	if (unlikely(!smp_has_answered(cpu_index()))) {
		answer();
		(void)smp_take_back(cpu_index());
	}
}

void smp_ask(u32 cpu, void (*how)(void))
{
	answer = how;
	(void)__atomic_fetch_or(&asked, BIT(cpu), __ATOMIC_RELEASE);
	/* Whatever is on the way already: a hart that lost one must not be waited for in vain. */
	sbi_send_ipi(1, cpus[cpu].hartid);
}

bool smp_has_answered(u32 cpu)
{
	return (__atomic_load_n(&asked, __ATOMIC_ACQUIRE) & BIT(cpu)) == 0;
}

bool smp_take_back(u32 cpu)
{
	return (__atomic_fetch_and(&asked, ~BIT(cpu), __ATOMIC_ACQ_REL) & BIT(cpu)) != 0;
}

void smp_stop_self(void)
{
	irq_disable();
	csr_write(sie, 0);
	sample_self();
	__atomic_store_n(&this_cpu()->online, false, __ATOMIC_RELEASE);
	for (;;)
		cpu_wait_for_interrupt();
}

void smp_stop_others(void)
{
	__atomic_store_n(&stopping, true, __ATOMIC_RELEASE);
	const u32 self = cpu_index();
	const u32 count = MIN(cpu_count, CONFIG_NR_CPUS); /* it is no more; tell the compiler */
	for (u32 i = 0; i < count; i++) {
		if (i == self || !__atomic_load_n(&cpus[i].online, __ATOMIC_ACQUIRE))
			continue;
		sbi_send_ipi(1, cpus[i].hartid);
	}

	/* One that spins with interrupts off does not answer; after a second it is left alone. */
	const nsec_t deadline = clock_now() + ANSWER_TIMEOUT;
	for (u32 i = 0; i < count; i++)
		while (i != self && __atomic_load_n(&cpus[i].online, __ATOMIC_ACQUIRE) &&
		       clock_now() < deadline)
			cpu_relax();
}

const struct smp_sample *smp_sample_of(u32 cpu)
{
	return &samples[cpu];
}
