// SPDX-License-Identifier: MIT
/* Counting what sharing costs and saves; see events.h. */
#include "mm/vmm/events.h"

#include "arch/riscv/cpu/cpu.h"
#include "mm/vmm/aspace.h"

/* A set for each hart, on lines of its own: atomic, since who counts may be moved to another. */
static struct hart_events {
	struct vmm_events count;
} __aligned(64) totals[CONFIG_NR_CPUS];

void vmm_count(struct aspace *as, enum vmm_event event, u64 times)
{
	as->events.n[event] += times;
	__atomic_fetch_add(&totals[cpu_index()].count.n[event], times, __ATOMIC_RELAXED);
}

struct vmm_events vmm_events_total(void)
{
	struct vmm_events sum = { 0 };
	for (unsigned cpu = 0; cpu < CONFIG_NR_CPUS; cpu++)
		for (unsigned i = 0; i < VMM_EVENTS; i++)
			sum.n[i] += __atomic_load_n(&totals[cpu].count.n[i], __ATOMIC_RELAXED);
	return sum;
}

const char *vmm_event_name(enum vmm_event event)
{
	static const char *const names[] = {
		[EVENT_TABLES_SHARED] = "fork_tables_shared",
		[EVENT_TABLES_KEPT] = "fork_tables_kept",
		[EVENT_TABLES_COPIED] = "fork_tables_copied",
		[EVENT_PAGES_COPIED] = "fork_pages_copied",
		[EVENT_PAGES_TAKEN] = "fork_pages_taken",
		[EVENT_FAULTS_SPURIOUS] = "fork_faults_spurious",
		[EVENT_FENCES] = "fork_fences",
	};
	return names[event];
}
