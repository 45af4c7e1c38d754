// SPDX-License-Identifier: MIT
/* See signal_fixture.h. */
#include "tests/host/signal_fixture.h"

/* ---- the scheduler's part -------------------------------------------------------------- */

int shim_fail_after = -1;
nsec_t now;
unsigned wakes;

bool shim_should_fail(void)
{
	return shim_fail_after >= 0 && shim_fail_after-- == 0;
}

nsec_t clock_now(void)
{
	return now;
}

void thread_interrupt(struct thread *t)
{
	t->interrupted = true;
}

void waitq_wake_all_waiters(struct waitq *q)
{
	wakes++;
}

void waitq_add(struct waitq *q, struct waiter *w)
{
}

void waitq_remove(struct waitq *q, struct waiter *w)
{
}

bool sleep_deadline_has_come(nsec_t deadline)
{
	return now >= deadline;
}

/* Nobody else runs: time passes. */
void sleep_commit_until(nsec_t deadline)
{
	now = deadline;
}

void timer_init(struct timer *t, void (*fire)(struct timer *t))
{
	t->fire = fire;
	t->when = CLOCK_NEVER;
}

void timer_start(struct timer *t, nsec_t when)
{
	t->when = when;
}

bool timer_cancel(struct timer *t)
{
	t->when = CLOCK_NEVER;
	return true;
}

/* ---- the processes --------------------------------------------------------------------- */

struct thread own_thread, second_thread, other_thread;
struct task own_task, second_task, other_task; /* the second one's is made when wanted */
struct process own, other;

void join(struct process *p, struct task *t, struct thread *thread)
{
	*t = (struct task){ .process = p, .thread = thread };
	list_init(&t->pending.queue);
	list_push_back(&p->tasks, &t->node);
	p->live_count++;
	*thread = (struct thread){ .process = p, .task = t };
}

static void make_process(struct process *p, u32 pid, struct task *t, struct thread *thread)
{
	*p = (struct process){ .pid = pid, .leader = t };
	list_init(&p->tasks);
	signal_state_init(p);
	join(p, t, thread);
}

int setup(void **state)
{
	make_process(&own, 7, &own_task, &own_thread);
	make_process(&other, 8, &other_task, &other_thread);
	own_thread.arch.cpu = &cpus[0];
	host_current = &own_thread.arch;
	signal_init();
	wakes = 0;
	shim_fail_after = -1;
	return 0;
}

void close_task(struct task *t)
{
	spin_lock(&t->process->signals.lock);
	signal_task_close_locked(t);
	spin_unlock(&t->process->signals.lock);
}

void close_process(struct process *p)
{
	signal_timer_stop(p);
	spin_lock(&p->signals.lock);
	signal_state_close_locked(p);
	spin_unlock(&p->signals.lock);
}

int teardown(void **state)
{
	close_process(&own);
	close_process(&other);
	assert_int_equal(shim_objects_used(), 0);
	assert_int_equal(shim_locks_held, 0);
	return 0;
}

void handle(int sig, u64 flags)
{
	const struct ksigaction action = { .handler = HANDLER, .flags = flags };
	assert_int_equal(signal_set_action(sig, &action, NULL), 0);
}

void ignore(int sig)
{
	const struct ksigaction action = { .handler = SIG_IGN };
	assert_int_equal(signal_set_action(sig, &action, NULL), 0);
}

void send(int sig)
{
	assert_int_equal(signal_send(&own, sig, NULL), 0);
}

int send_value(int sig, u64 value)
{
	struct siginfo info;
	siginfo_init(&info, sig, SI_QUEUE);
	info.si_value = value;
	return signal_send(&own, sig, &info);
}

int take(void)
{
	struct signal_taken taken;
	if (!signal_take_next(&taken))
		return 0;
	assert_int_equal(taken.kind, TAKEN_SIGNAL);
	signal_set_mask(taken.blocked_before); /* as a handler's return does */
	return taken.info.si_signo;
}
