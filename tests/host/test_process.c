// SPDX-License-Identifier: MIT
/* sources: kernel/proc/process.c kernel/proc/process_parts.c kernel/proc/task.c
 * kernel/proc/wait.c lib/rbtree.c lib/string.c tests/host/shim/machine.c tests/host/shim/heap.c
 * tests/host/shim/panic.c */
/* The tree of processes and waiting for children; signals, files and memory are stand-ins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "fs/fd_table.h"
#include "kernel/proc/process.h"
#include "kernel/proc/wait.h"
#include "lib/abi/errno.h"
#include "lib/abi/wait.h"
#include "mm/pmm/pmm.h"
#include "tests/host/shim/machine.h"

#define LIMIT 64 /* processes, of the little memory below */

int shim_fail_after = -1;

/* ---- below and beside the unit -------------------------------------------------------------- */

static bool signal_waits;    /* for the running process */
static bool parent_discards; /* SIGCHLD is ignored */
static bool parent_drops;    /* by default */
static int last_signal, last_code, last_status;
static void (*while_asleep)(void); /* what happens when the parent sleeps */

bool shim_should_fail(void)
{
	return shim_fail_after >= 0 && shim_fail_after-- == 0;
}

void pmm_stats(struct pmm_stats *out)
{
	*out = (struct pmm_stats){ .total_pages = 1 };
}

nsec_t clock_now(void)
{
	return 0;
}

void fd_table_put(struct fd_table *t)
{
}

struct fd_table *fd_table_clone(struct fd_table *from)
{
	return NULL;
}

void fd_table_get(struct fd_table *t)
{
}

void inode_put_one(struct inode *i)
{
}

void inode_get(struct inode *i)
{
}

void inode_allow_write(struct inode *i)
{
}

void file_destroy(struct file *f)
{
}

void aspace_put(struct aspace *as)
{
}

void thread_put(struct thread *t)
{
}

void thread_destroy_new(struct thread *t)
{
}

void thread_start(struct thread *t)
{
}

int signal_send_task(struct task *t, int sig, const struct siginfo *info)
{
	return 0;
}

void (*pipe_cut_short_hook)(void);

bool signal_will_end(void)
{
	return false;
}

bool signal_is_fatal_pending(void)
{
	return false;
}

struct thread_times thread_times(struct thread *t)
{
	return (struct thread_times){ .user = 1000 };
}

void signal_init(void)
{
}

void signal_state_init(struct process *p)
{
	memset(&p->signals, 0, sizeof(p->signals));
}

bool signal_is_deliverable(void)
{
	return signal_waits;
}

struct signal_child_wishes signal_child_wishes(struct process *parent)
{
	return (struct signal_child_wishes){ .is_dropped = parent_drops,
					     .discards = parent_discards,
					     .wants_stops = true };
}

int signal_send(struct process *p, int sig, const struct siginfo *info)
{
	assert_true(spin_is_held(&process_tree_lock));
	last_signal = sig;
	last_code = info->si_code;
	last_status = info->si_status;
	return 0;
}

void waitq_wake_all_waiters(struct waitq *q)
{
}

void waitq_add(struct waitq *q, struct waiter *w)
{
}

void waitq_remove(struct waitq *q, struct waiter *w)
{
}

void sleep_commit_until(nsec_t deadline)
{
	schedule();
}

void schedule(void)
{
	if (while_asleep == NULL)
		fail_msg("sleeps although nobody will wake it");
	while_asleep();
	while_asleep = NULL;
}

/* ---- processes ------------------------------------------------------------------------------ */

static struct thread threads[2]; /* of the parent; of all others */
static struct process *init, *parent;

static struct process *make(struct process *below)
{
	struct process *p = process_create();
	assert_non_null(p);
	p->leader->thread = &threads[below != NULL];
	assert_int_equal(process_publish(p, below), 0);
	return p;
}

static void end(struct process *p, u32 status)
{
	spin_lock(&process_tree_lock);
	p->state = PROCESS_ZOMBIE;
	p->leader->is_dead = true;
	p->exit_status = status;
	const bool unwanted = process_report_end_locked(p);
	if (unwanted)
		process_reap_locked(p);
	spin_unlock(&process_tree_lock);
	if (unwanted)
		process_put(p);
}

static void bury(struct process *p)
{
	spin_lock(&process_tree_lock);
	p->state = PROCESS_ZOMBIE;
	process_reap_locked(p);
	spin_unlock(&process_tree_lock);
	process_put(p);
}

static void set_group(struct process *p, u32 pgid, u32 sid)
{
	spin_lock(&process_tree_lock);
	process_set_group_locked(p, pgid);
	process_set_session_locked(p, sid);
	spin_unlock(&process_tree_lock);
}

static int setup(void **state)
{
	signal_waits = false;
	parent_discards = false;
	parent_drops = false;
	while_asleep = NULL;
	last_signal = 0;
	shim_fail_after = -1;
	threads[0].interrupted = false;
	host_current = &threads[0].arch;
	init = make(NULL);
	threads[0].process = init;
	threads[0].task = init->leader;
	process_init_process = init;
	threads[0].task = init->leader;
	parent = make(init);
	parent->leader->thread = &threads[0];
	threads[0].process = parent;
	threads[0].task = parent->leader;
	return 0;
}

static int teardown(void **state)
{
	bury(parent);
	bury(init);
	assert_int_equal(process_count(), 0);
	assert_int_equal(shim_locks_held, 0);
	return shim_objects_used() != 0;
}

/* wait4() of the parent. */
static int wait_for(s32 type, u32 id, u32 options, struct wait_report *report)
{
	const struct wait_args args = { .type = type, .id = id, .options = options | WEXITED };
	return process_wait(&args, report);
}

/* ---- the tree ------------------------------------------------------------------------------- */

static void pid_numbers_rise_and_start_over(void **state)
{
	struct process *keeps = make(parent);
	const u32 kept = keeps->pid;
	u32 last = kept;
	u32 wraps = 0;
	for (u32 i = 0; i < PID_MAX + 10; i++) {
		struct process *p = make(parent);
		assert_int_not_equal(p->pid, kept);
		assert_true(p->pid < PID_MAX);
		if (p->pid < last) {
			wraps++;
			assert_true(p->pid >= 300);
		}
		last = p->pid;
		bury(p);
	}
	assert_int_equal(wraps, 1);
	bury(keeps);
}

static void pid_of_a_group_or_session_is_not_given_away(void **state)
{
	struct process *leader = make(parent);
	struct process *member = make(leader);
	const u32 group = leader->pid + 1000;
	const u32 session = leader->pid + 1001;
	set_group(member, group, session);
	for (u32 i = 0; i < 2000; i++) {
		struct process *p = make(parent);
		assert_int_not_equal(p->pid, group);
		assert_int_not_equal(p->pid, session);
		bury(p);
	}
	bury(member);
	bury(leader);
}

static void process_lookup_finds_by_pid(void **state)
{
	struct process *p = make(parent);
	const u32 pid = p->pid;
	assert_ptr_equal(process_lookup(pid), p);
	assert_int_equal(refcount_read(&p->refs), 2);
	process_put(p);
	spin_lock(&process_tree_lock);
	assert_ptr_equal(process_next_locked(1), init->pid < parent->pid ? init : parent);
	assert_ptr_equal(process_next_locked(pid), p);
	assert_null(process_next_locked(pid + 1));
	spin_unlock(&process_tree_lock);
	bury(p);
	assert_null(process_lookup(pid));
}

/* How many children the parent gets before it is refused. */
static u32 publish_all(void)
{
	struct process *children[LIMIT];
	u32 count = 0;
	int error;
	for (;;) {
		struct process *p = process_create();
		p->leader->thread = &threads[1];
		error = process_publish(p, parent);
		if (error != 0) {
			process_put(p);
			break;
		}
		children[count++] = p;
	}
	assert_int_equal(error, -EAGAIN);
	for (u32 i = count; i != 0; i--)
		bury(children[i - 1]);
	return count;
}

static void publish_is_refused_beyond_the_limit(void **state)
{
	/* The last sixteenth is for leaders of sessions. */
	assert_int_equal(publish_all(), LIMIT - LIMIT / 16 - 2);
	parent->is_session_leader = true;
	assert_int_equal(publish_all(), LIMIT - 2);
}

static void publish_lets_a_signal_come_first(void **state)
{
	struct process *p = process_create();
	p->leader->thread = &threads[1];
	signal_waits = true;
	assert_int_equal(process_publish(p, parent), -ERESTARTNOINTR);
	process_put(p);
}

static void child_inherits_group_and_session(void **state)
{
	set_group(parent, 77, 78);
	struct process *p = make(parent);
	assert_int_equal(p->pgid, 77);
	assert_int_equal(p->sid, 78);
	u32 members = 0;
	spin_lock(&process_tree_lock);
	process_for_each_in_group(member, 77) members++;
	spin_unlock(&process_tree_lock);
	assert_int_equal(members, 2);
	bury(p);
}

static bool is_orphaned(u32 pgid)
{
	spin_lock(&process_tree_lock);
	const bool result = process_group_is_orphaned_locked(pgid, NULL);
	spin_unlock(&process_tree_lock);
	return result;
}

static void group_is_orphaned_without_a_link_to_its_session(void **state)
{
	struct process *shell = make(parent);
	struct process *job = make(shell);
	struct process *second = make(job);
	set_group(shell, shell->pid, shell->pid);
	set_group(job, job->pid, shell->pid);
	set_group(second, job->pid, shell->pid);
	assert_false(is_orphaned(job->pid)); /* the shell continues it */
	set_group(shell, shell->pid, 9999);
	assert_true(is_orphaned(job->pid)); /* another session's shell may not */
	bury(second);
	bury(job);
	bury(shell);
}

/* ---- waiting -------------------------------------------------------------------------------- */

static void wait_without_children_says_so(void **state)
{
	struct wait_report r;
	assert_int_equal(wait_for(P_ALL, 0, 0, &r), -ECHILD);
	struct process *p = make(parent);
	assert_int_equal(wait_for(P_PID, p->pid + 1, 0, &r), -ECHILD);
	assert_int_equal(wait_for(P_PGID, p->pgid + 1, 0, &r), -ECHILD);
	bury(p);
}

static void wait_takes_the_zombie_and_its_times(void **state)
{
	struct wait_report r;
	struct process *p = make(parent);
	const u32 pid = p->pid;
	end(p, wait_status_exited(3));
	assert_int_equal(last_signal, SIGCHLD);
	assert_int_equal(last_code, CLD_EXITED);
	assert_int_equal(last_status, 3);
	assert_int_equal(wait_for(P_ALL, 0, 0, &r), 0);
	assert_int_equal(r.pid, pid);
	assert_int_equal(r.status, wait_status_exited(3));
	assert_int_equal(parent->children_user_time, 1000);
	assert_null(process_lookup(pid));
	assert_int_equal(wait_for(P_ALL, 0, 0, &r), -ECHILD);
}

static void wait_may_leave_the_zombie(void **state)
{
	struct wait_report r;
	end(make(parent), wait_status_signaled(SIGKILL, false));
	assert_int_equal(last_code, CLD_KILLED);
	assert_int_equal(wait_for(P_ALL, 0, WNOWAIT, &r), 0);
	assert_int_equal(wait_for(P_ALL, 0, 0, &r), 0);
	assert_int_equal(wait_for(P_ALL, 0, 0, &r), -ECHILD);
}

static void wait_nohang_returns_at_once(void **state)
{
	struct wait_report r;
	struct process *p = make(parent);
	assert_int_equal(wait_for(P_ALL, 0, WNOHANG, &r), 0);
	assert_int_equal(r.pid, 0);
	bury(p);
}

static void wait_hears_of_the_end_without_a_signal(void **state)
{
	struct wait_report r;
	struct krusage usage;
	parent_drops = true;
	last_code = 0;
	end(make(parent), wait_status_exited(7));
	assert_int_equal(last_code, 0);
	assert_int_equal(wait_for(P_ALL, 0, 0, &r), 0);
	assert_int_equal(r.status, wait_status_exited(7));
	r.used.user = 3 * NSEC_PER_SEC + 5000;
	r.used.switches_forced = 9;
	r.resident_peak = 2;
	wait_report_usage(&r, &usage);
	assert_int_equal(usage.ru_utime.tv_sec, 3);
	assert_int_equal(usage.ru_utime.tv_usec, 5);
	assert_int_equal(usage.ru_stime.tv_sec, 0);
	assert_int_equal(usage.ru_nivcsw, 9);
	assert_int_equal(usage.ru_maxrss, 8); /* KiB */
}

static struct process *sleepers_child;

static void child_ends(void)
{
	end(sleepers_child, 0);
}

static void wait_sleeps_until_the_child_ends(void **state)
{
	struct wait_report r;
	sleepers_child = make(parent);
	const u32 pid = sleepers_child->pid;
	while_asleep = child_ends;
	assert_int_equal(wait_for(P_ALL, 0, 0, &r), 0);
	assert_int_equal(r.pid, pid);
}

static void interrupt(void)
{
	threads[0].interrupted = true;
}

static void wait_interrupted_is_restarted(void **state)
{
	struct wait_report r;
	struct process *p = make(parent);
	while_asleep = interrupt;
	assert_int_equal(wait_for(P_ALL, 0, 0, &r), -ERESTARTSYS);
	bury(p);
}

static void wait_ends_when_the_last_child_is_discarded(void **state)
{
	struct wait_report r;
	parent_discards = true;
	sleepers_child = make(parent);
	while_asleep = child_ends;
	assert_int_equal(wait_for(P_ALL, 0, 0, &r), -ECHILD);
}

static void set_state(struct process *p, enum process_state state, u32 status)
{
	spin_lock(&process_tree_lock);
	p->state = state;
	p->stop_status = status;
	spin_unlock(&process_tree_lock);
}

static void wait_tells_of_a_stop_and_a_continuation_once(void **state)
{
	struct wait_report r;
	struct process *p = make(parent);
	set_state(p, PROCESS_STOPPED, wait_status_stopped(SIGTSTP));
	assert_int_equal(wait_for(P_ALL, 0, WNOHANG, &r), 0);
	assert_int_equal(r.pid, 0); /* not asked for */
	assert_int_equal(wait_for(P_ALL, 0, WUNTRACED | WNOHANG, &r), 0);
	assert_int_equal(r.status, wait_status_stopped(SIGTSTP));
	assert_int_equal(wait_for(P_ALL, 0, WUNTRACED | WNOHANG, &r), 0);
	assert_int_equal(r.pid, 0);
	set_state(p, PROCESS_ALIVE, WAIT_STATUS_CONTINUED);
	assert_int_equal(wait_for(P_ALL, 0, WCONTINUED | WNOHANG, &r), 0);
	assert_int_equal(r.status, WAIT_STATUS_CONTINUED);
	assert_int_equal(wait_for(P_ALL, 0, WCONTINUED | WNOHANG, &r), 0);
	assert_int_equal(r.pid, 0);
	bury(p);
}

/* It was stopped, which is told, and dies then. */
static void wait_tells_of_the_end_after_the_stop(void **state)
{
	struct wait_report r;
	struct process *p = make(parent);
	set_state(p, PROCESS_STOPPED, wait_status_stopped(SIGSTOP));
	assert_int_equal(wait_for(P_ALL, 0, WUNTRACED | WNOWAIT, &r), 0);
	assert_int_equal(wait_for(P_ALL, 0, WUNTRACED, &r), 0);
	assert_int_equal(r.status, wait_status_stopped(SIGSTOP));
	end(p, wait_status_exited(9));
	assert_int_equal(wait_for(P_ALL, 0, 0, &r), 0);
	assert_int_equal(r.status, wait_status_exited(9));
}

static void wait_for_clones_needs_their_flag(void **state)
{
	struct wait_report r;
	struct process *p = make(parent);
	p->exit_signal = 0;
	end(p, 0);
	assert_int_equal(last_signal, 0);
	assert_int_equal(wait_for(P_ALL, 0, 0, &r), -ECHILD);
	assert_int_equal(wait_for(P_ALL, 0, __WCLONE, &r), 0);
	p = make(parent);
	p->exit_signal = SIGUSR1;
	end(p, 0);
	assert_int_equal(last_signal, SIGUSR1);
	assert_int_equal(wait_for(P_ALL, 0, __WALL, &r), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static int start(void **state)
{
	process_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pid_numbers_rise_and_start_over),
		TEST(pid_of_a_group_or_session_is_not_given_away),
		TEST(process_lookup_finds_by_pid),
		TEST(publish_is_refused_beyond_the_limit),
		TEST(publish_lets_a_signal_come_first),
		TEST(child_inherits_group_and_session),
		TEST(group_is_orphaned_without_a_link_to_its_session),
		TEST(wait_without_children_says_so),
		TEST(wait_takes_the_zombie_and_its_times),
		TEST(wait_may_leave_the_zombie),
		TEST(wait_nohang_returns_at_once),
		TEST(wait_hears_of_the_end_without_a_signal),
		TEST(wait_sleeps_until_the_child_ends),
		TEST(wait_interrupted_is_restarted),
		TEST(wait_ends_when_the_last_child_is_discarded),
		TEST(wait_tells_of_a_stop_and_a_continuation_once),
		TEST(wait_tells_of_the_end_after_the_stop),
		TEST(wait_for_clones_needs_their_flag),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
