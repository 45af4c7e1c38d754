// SPDX-License-Identifier: MIT
/*
 * Terminal settings and questions, as ioctl_tty(2) tells them. Speed and format are kept and
 * reported, but the line stays as the firmware set it up (rule T49).
 */
#include "kernel/tty/tty_ioctl.h"

#include "arch/riscv/cpu/usercopy.h"
#include "kernel/tty/tty_core.h"
#include "kernel/tty/tty_job.h"
#include "lib/abi/errno.h"
#include "lib/abi/ioctl.h"
#include "lib/abi/serial.h"
#include "lib/abi/signal.h"
#include "lib/string.h"

#define N_TTY 0 /* the number of our only line discipline */

static s64 get_termios(struct tty *t, uaddr_t to)
{
	spin_lock(&t->lock);
	const struct ktermios termios = t->ldisc.termios;
	spin_unlock(&t->lock);
	return copy_to_user(to, &termios, sizeof(termios)) == 0 ? 0 : -EFAULT;
}

static s64 set_termios(struct tty *t, u32 command, uaddr_t from)
{
	struct ktermios termios;
	int error = tty_check_foreground(t, SIGTTOU);
	if (error != 0)
		return error;
	if (copy_from_user(&termios, from, sizeof(termios)) != 0)
		return -EFAULT;
	if (command != TCSETS) {
		error = tty_drain(t);
		if (error != 0)
			return error;
	}
	if (command == TCSETSF)
		tty_flush_input(t);
	spin_lock(&t->lock);
	ldisc_set_termios(&t->ldisc, &termios);
	spin_unlock(&t->lock);
	tty_wake_all(t); /* what is readable may have changed */
	return 0;
}

static s64 get_winsize(struct tty *t, uaddr_t to)
{
	spin_lock(&t->lock);
	const struct winsize size = t->winsize;
	spin_unlock(&t->lock);
	return copy_to_user(to, &size, sizeof(size)) == 0 ? 0 : -EFAULT;
}

static s64 set_winsize(struct tty *t, uaddr_t from)
{
	struct winsize size;
	if (copy_from_user(&size, from, sizeof(size)) != 0)
		return -EFAULT;
	spin_lock(&t->lock);
	const bool changed = memcmp(&size, &t->winsize, sizeof(size)) != 0;
	t->winsize = size;
	spin_unlock(&t->lock);
	if (changed)
		tty_signal(t, SIGWINCH);
	return 0;
}

static s64 get_foreground(struct tty *t, uaddr_t to)
{
	u32 pgid;
	const int error = tty_get_foreground(t, &pgid);
	return error != 0 ? error : put_user_u32(to, pgid);
}

static s64 set_foreground(struct tty *t, uaddr_t from)
{
	u32 pgid;
	int error = tty_check_foreground(t, SIGTTOU);
	if (error != 0)
		return error == -EIO ? -ENOTTY : error;
	error = get_user_u32(&pgid, from);
	if (error != 0)
		return error;
	if ((s32)pgid < 0)
		return -EINVAL;
	return tty_set_foreground(t, pgid);
}

static s64 get_session(struct tty *t, uaddr_t to)
{
	u32 sid;
	const int error = tty_get_session(t, &sid);
	return error != 0 ? error : put_user_u32(to, sid);
}

static s64 flush(struct tty *t, u64 which)
{
	const int error = tty_check_foreground(t, SIGTTOU);
	if (error != 0)
		return error;
	if (which != TCIFLUSH && which != TCOFLUSH && which != TCIOFLUSH)
		return -EINVAL;
	if (which != TCOFLUSH)
		tty_flush_input(t);
	if (which != TCIFLUSH)
		tty_flush_output(t);
	return 0;
}

/* tcflow. Asking the other end to pause (TCIOFF, TCION) is taken and does nothing: input is never
 * so fast. */
static s64 flow(struct tty *t, u64 action)
{
	const int error = tty_check_foreground(t, SIGTTOU);
	if (error != 0)
		return error;
	if (action > TCION)
		return -EINVAL;
	if (action == TCOOFF || action == TCOON)
		tty_hold_output(t, action == TCOOFF);
	return 0;
}

/* tcdrain and tcsendbreak. The UARTs cannot all send a break, so there is only the waiting. */
static s64 drain(struct tty *t)
{
	const int error = tty_check_foreground(t, SIGTTOU);
	return error != 0 ? error : tty_drain(t);
}

static s64 count_input(struct tty *t, uaddr_t to)
{
	spin_lock(&t->lock);
	const u32 count = ldisc_readable_bytes(&t->ldisc);
	spin_unlock(&t->lock);
	return put_user_u32(to, count);
}

/* Which of the machine's ports it is, and that it is none of the PC's (type unknown): cttyhack
 * finds the name of its terminal so. */
static s64 get_serial(struct tty *t, uaddr_t to)
{
	const struct kserial_struct serial = { .line = (s32)t->port->number };
	return copy_to_user(to, &serial, sizeof(serial)) == 0 ? 0 : -EFAULT;
}

s64 tty_ioctl(struct file *f, u32 command, u64 arg)
{
	const struct tty_file *tf = f->private;
	struct tty *t = tf->tty;

	if (tty_file_is_dead(tf))
		return command == TIOCSPGRP ? -ENOTTY : -EIO;
	switch (command) {
	case TCGETS:
		return get_termios(t, arg);
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return set_termios(t, command, arg);
	case TIOCGWINSZ:
		return get_winsize(t, arg);
	case TIOCSWINSZ:
		return set_winsize(t, arg);
	case TIOCGPGRP:
		return get_foreground(t, arg);
	case TIOCSPGRP:
		return set_foreground(t, arg);
	case TIOCGSID:
		return get_session(t, arg);
	case TIOCSCTTY:
		return tty_control(t, arg == 1);
	case TIOCNOTTY:
		return tty_release_control(t);
	case TCFLSH:
		return flush(t, arg);
	case TCXONC:
		return flow(t, arg);
	case TCSBRK:
	case TCSBRKP:
		return drain(t);
	case FIONREAD:
		return count_input(t, arg);
	case TIOCOUTQ:
		return put_user_u32(arg, serial_queued(t->port));
	case TIOCGSERIAL:
		return get_serial(t, arg);
	case TIOCGETD:
		return put_user_u32(arg, N_TTY);
	default:
		return -ENOTTY;
	}
}
