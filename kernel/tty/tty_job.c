// SPDX-License-Identifier: MIT
/* Controlling terminals and job control (tty_job.h; POSIX.1-2017, chapter 11.1). */
#include "kernel/tty/tty_job.h"

#include "kernel/proc/jobctl.h"
#include "kernel/proc/process.h"
#include "lib/abi/errno.h"
#include "lib/abi/signal.h"

struct tty *tty_of_current(void)
{
	spin_lock(&process_tree_lock);
	struct tty *t = process_current()->tty;
	spin_unlock(&process_tree_lock);
	return t;
}

int tty_check_foreground(struct tty *t, int sig)
{
	spin_lock(&process_tree_lock);
	const bool is_mine = process_current()->tty == t;
	const u32 foreground = t->foreground;
	spin_unlock(&process_tree_lock);
	return is_mine ? jobctl_check_tty(foreground, sig) : 0;
}

int tty_check_write(struct tty *t)
{
	/* A single word, and a race with TCSETS is the program's. */
	if ((READ_ONCE(t->ldisc.termios.c_lflag) & TOSTOP) == 0)
		return 0;
	return tty_check_foreground(t, SIGTTOU);
}

static void take_control_locked(struct tty *t, struct process *leader)
{
	t->session = leader->sid;
	t->foreground = leader->pgid;
	leader->tty = t;
}

/* Nobody of the session has it any more. */
static void drop_control_locked(struct tty *t)
{
	process_for_each_in_session(p, t->session)
	{
		p->tty = NULL;
	}
	t->session = 0;
	t->foreground = 0;
}

void tty_open_control(const struct tty_file *f)
{
	struct process *current = process_current();
	struct tty *t = f->tty;
	spin_lock(&process_tree_lock);
	if (current->is_session_leader && current->tty == NULL && t->session == 0 &&
	    !tty_file_is_dead(f))
		take_control_locked(t, current);
	spin_unlock(&process_tree_lock);
}

int tty_control(struct tty *t, bool steal)
{
	struct process *current = process_current();
	int error = 0;

	spin_lock(&process_tree_lock);
	if (current->is_session_leader && t->session == current->sid && current->tty == t)
		goto unlock;
	if (!current->is_session_leader || current->tty != NULL ||
	    (t->session != 0 && !(steal && cred_current()->euid == 0))) {
		error = -EPERM;
		goto unlock;
	}
	if (t->session != 0)
		drop_control_locked(t);
	take_control_locked(t, current);
unlock:
	spin_unlock(&process_tree_lock);
	return error;
}

int tty_release_control(struct tty *t)
{
	struct process *current = process_current();

	spin_lock(&process_tree_lock);
	const bool is_mine = current->tty == t;
	if (is_mine && current->is_session_leader) {
		const u32 foreground = t->foreground;
		drop_control_locked(t);
		if (foreground != 0) { /* it may be gone: nobody is told then */
			(void)signal_send_group_locked(foreground, SIGHUP, NULL);
			(void)signal_send_group_locked(foreground, SIGCONT, NULL);
		}
	}
	if (is_mine)
		current->tty = NULL;
	spin_unlock(&process_tree_lock);
	return is_mine ? 0 : -ENOTTY;
}

static int set_foreground_locked(struct tty *t, u32 pgid)
{
	const struct process *current = process_current();
	if (current->tty != t || t->session != current->sid)
		return -ENOTTY;
	process_for_each_in_group(p, pgid)
	{
		if (p->sid != current->sid)
			return -EPERM;
		t->foreground = pgid;
		return 0;
	}
	return -ESRCH;
}

int tty_set_foreground(struct tty *t, u32 pgid)
{
	spin_lock(&process_tree_lock);
	const int error = set_foreground_locked(t, pgid);
	spin_unlock(&process_tree_lock);
	return error;
}

/* @out gets @field's value, read under the lock, if the terminal is the caller's. */
static int get_locked(const struct tty *t, const u32 *field, u32 *out)
{
	spin_lock(&process_tree_lock);
	const bool is_mine = process_current()->tty == t;
	if (is_mine)
		*out = *field;
	spin_unlock(&process_tree_lock);
	return is_mine ? 0 : -ENOTTY;
}

int tty_get_foreground(struct tty *t, u32 *pgid)
{
	return get_locked(t, &t->foreground, pgid);
}

int tty_get_session(struct tty *t, u32 *sid)
{
	return get_locked(t, &t->session, sid);
}

void tty_session_exit(u32 sid)
{
	struct tty *t = &console_tty;

	spin_lock(&process_tree_lock);
	if (sid != 0 && t->session == sid) {
		if (t->foreground != 0)
			(void)signal_send_group_locked(t->foreground, SIGHUP, NULL); /* it may be
											gone */
		/* All at once: who takes control next opened a file that lives. */
		tty_kill_files(t);
		tty_flush_input(t);
		drop_control_locked(t);
	}
	spin_unlock(&process_tree_lock);
}

void tty_describe(struct tty *t, u32 *device, u32 *foreground)
{
	const u32 major = t->port->major;
	const u32 minor = t->port->minor;
	*device = (minor & 0xff) | major << 8 | (minor & ~0xffU) << 12;
	*foreground = t->foreground;
}
