/* SPDX-License-Identifier: MIT */
/*
 * Interval timers. The hardware timer's interrupt only asks a worker; the worker decides under the
 * lock whether the timer is due, starts it again and calls the owner.
 *
 * Invariant: is_handed_over is 1 from the interrupt's request until the worker, holding the lock,
 * has found nothing more to do; after it has let go of the lock with 0 there it touches the timer
 * no more. So whoever has cancelled the hardware timer and then seen 0 under the lock may free
 * everything.
 *
 * What a program asks for lives in kernel/syscall/sys_signal.c, the signal in signal.c.
 */
#include "kernel/proc/itimer.h"

#include "arch/riscv/cpu/clock.h"
#include "lib/compiler.h"

/* Interrupt context: takes no lock. */
static void itimer_fire(struct timer *timer)
{
	struct itimer *t = container_of(timer, struct itimer, timer);

	if (__atomic_exchange_n(&t->is_handed_over, 1, __ATOMIC_SEQ_CST) == 0)
		work_queue(&t->work);
}

static bool itimer_is_due_locked(const struct itimer *t)
{
	return t->when != CLOCK_NEVER && clock_now() >= t->when;
}

/* Move on to the next expiry. Expiries that were missed count as one, as Linux counts them. */
static void itimer_advance_locked(struct itimer *t)
{
	if (t->interval == 0) {
		t->when = CLOCK_NEVER;
		return;
	}
	const nsec_t late = clock_now() - t->when;
	t->when += t->interval * (1 + late / t->interval);
	timer_start(&t->timer, t->when);
}

/*
 * Give the request back. True if the timer came due in the meantime and no new request is on its
 * way, so that the worker must look again. The exchange pairs with the one in itimer_fire(): either
 * that sees our 0 and asks again, or we see that the time has come.
 */
static bool itimer_hand_back_locked(struct itimer *t)
{
	__atomic_store_n(&t->is_handed_over, 0, __ATOMIC_SEQ_CST);
	if (itimer_is_due_locked(t))
		return __atomic_exchange_n(&t->is_handed_over, 1, __ATOMIC_SEQ_CST) == 0;
	waitq_wake_all(&t->idle);
	return false;
}

static void itimer_work(struct work *work)
{
	struct itimer *t = container_of(work, struct itimer, work);

	spin_lock(&t->lock);
	do {
		if (!itimer_is_due_locked(t))
			continue; /* stopped or moved since the interrupt */
		itimer_advance_locked(t);
		spin_unlock(&t->lock);
		t->expired(t);
		spin_lock(&t->lock);
	} while (itimer_hand_back_locked(t));
	spin_unlock(&t->lock);
}

void itimer_init(struct itimer *t, void (*expired)(struct itimer *t))
{
	t->expired = expired;
	timer_init(&t->timer, itimer_fire);
	work_init(&t->work, itimer_work);
	waitq_init(&t->idle, "interval timer");
	spin_init(&t->lock, "itimer", RANK_SIGNAL);
	t->when = CLOCK_NEVER;
	t->interval = 0;
	t->is_handed_over = 0;
}

void itimer_get(struct itimer *t, nsec_t *left, nsec_t *interval)
{
	spin_lock(&t->lock);
	const nsec_t now = clock_now();
	const nsec_t when = t->when;
	*interval = when != CLOCK_NEVER ? t->interval : 0;
	spin_unlock(&t->lock);
	if (when == CLOCK_NEVER)
		*left = 0;
	else
		*left = when > now ? when - now : 1; /* due, and not yet delivered: not "off" */
}

void itimer_set(struct itimer *t, nsec_t after, nsec_t interval)
{
	spin_lock(&t->lock);
	timer_cancel(&t->timer);
	const nsec_t now = clock_now();
	t->when = after == 0 || after >= CLOCK_NEVER - now ? CLOCK_NEVER : now + after;
	t->interval = interval;
	if (t->when != CLOCK_NEVER)
		timer_start(&t->timer, t->when);
	spin_unlock(&t->lock);
}

static bool itimer_is_idle_locked(const struct itimer *t)
{
	return __atomic_load_n(&t->is_handed_over, __ATOMIC_SEQ_CST) == 0;
}

static bool itimer_is_idle(struct itimer *t)
{
	spin_lock(&t->lock);
	const bool is_idle = itimer_is_idle_locked(t);
	spin_unlock(&t->lock);
	return is_idle;
}

void itimer_stop(struct itimer *t)
{
	spin_lock(&t->lock);
	timer_cancel(&t->timer);
	t->when = CLOCK_NEVER;
	t->interval = 0;
	const bool is_idle = itimer_is_idle_locked(t);
	spin_unlock(&t->lock);
	if (!is_idle)
		wait_event(&t->idle, itimer_is_idle(t));
}
