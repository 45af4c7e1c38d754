// SPDX-License-Identifier: MIT
/*
 * Every hart has a timer of its own that counts beats. A beat that comes late says how long this
 * hart had interrupts off, and where it turned them on again. And each beat looks at the next
 * hart's count: one that has stood still over several beats of ours is stuck, and this hart says
 * so, since that one cannot. So every hart is watched as long as two are alive.
 *
 * No locks: a count has one writer, and a late look does no harm.
 */
#include "kernel/sched/watchdog.h"

#include "arch/riscv/cpu/clock.h"
#include "kernel/core/hart_report.h"
#include "kernel/core/printk.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/symbols.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"

#define BEAT_NS     2000000000UL
#define LATE_NS     2000000000UL
#define STILL_BEATS 3 /* of ours without one of the neighbour's */
#define NSEC_PER_MS 1000000UL

static struct pulse {
	struct timer timer;
	nsec_t due;
	u32 beats; /* read by the neighbour */
	/* of the neighbour: who, what it showed, and for how many beats of ours that has not
	 * changed */
	u32 watched, seen, still;
} pulses[CONFIG_NR_CPUS]; /* the hart's own, interrupts off */

/* The next hart in service, by index; the hart itself if it is alone. */
static u32 neighbour_of(u32 self)
{
	const u64 serving = sched_hart_mask();
	const u64 above = self + 1 < 64 ? serving & ~(BIT(self + 1) - 1) : 0;
	const u64 from = above != 0 ? above : serving;
	return from != 0 ? (u32)__builtin_ctzll(from) : self;
}

static void watch(struct pulse *own, u32 self)
{
	const u32 other = neighbour_of(self);
	const u32 beats = READ_ONCE(pulses[other].beats);
	if (other == self || other != own->watched || beats != own->seen) {
		own->watched = other;
		own->seen = beats;
		own->still = 0;
		return;
	}
	own->still++;
	/* Again at 6, 12, 24 beats: it may stay stuck for ever, and the log is short. */
	if (own->still < STILL_BEATS || own->still % STILL_BEATS != 0 ||
	    (own->still / STILL_BEATS & (own->still / STILL_BEATS - 1)) != 0)
		return;
	pr_warn("hart %u is stuck: it has taken no interrupt for %lu s; what it holds and does:\n",
		other, own->still * BEAT_NS / 1000000000UL);
	spin_print_held_by(other, LOG_WARN);
	hart_report(other, LOG_WARN);
}

static void beat(struct timer *timer)
{
	struct pulse *own = container_of(timer, struct pulse, timer);
	const u32 self = cpu_index();
	const nsec_t now = clock_now();
	if (now > own->due + LATE_NS) {
		char place[SYMBOL_TEXT_MAX];
		hart_format_interrupted(place, sizeof(place));
		pr_warn("hart %u had interrupts off for up to %lu ms; it turned them on at %s\n",
			self, (now - own->due) / NSEC_PER_MS, place);
	}
	WRITE_ONCE(own->beats, own->beats + 1);
	watch(own, self);
	own->due = now + BEAT_NS;
	timer_start(timer, own->due);
}

void watchdog_start(void)
{
	struct pulse *own = &pulses[cpu_index()];
	own->due = clock_now() + BEAT_NS;
	timer_init(&own->timer, beat);
	timer_start(&own->timer, own->due);
}
