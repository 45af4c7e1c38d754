// SPDX-License-Identifier: MIT
/*
 * Traced processes and their lines (strace.h); what a system call is in words is in
 * kernel/syscall/describe.c.
 *
 * Locks: process->strace, a counted file, under signals.lock, since others may begin and end it.
 * Lines are written by the traced process itself, with no lock held, and wait like any write.
 */
#include "kernel/proc/strace.h"

#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "generated/abi_words.h"
#include "kernel/core/printk.h"
#include "kernel/proc/process.h"
#include "lib/abi/errno.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"

/* Of the numbers Linux leaves to local use. */
#define DEVICE_MAJOR 10
#define DEVICE_MINOR 240
#define DEVICE_MODE  0666
#define REQUEST_MAX  31

void (*strace_changed_hook)(void);
static u32 traced_count; /* atomic: processes whose strace is set */

bool strace_is_used(void)
{
	return __atomic_load_n(&traced_count, __ATOMIC_RELAXED) != 0;
}

bool strace_is_on(void)
{
	return READ_ONCE(process_current()->strace) != NULL;
}

static void traced_add(int change)
{
	(void)__atomic_add_fetch(&traced_count, (u32)change, __ATOMIC_RELAXED);
	if (strace_changed_hook != NULL)
		strace_changed_hook();
}

/* Counted, NULL: not traced. */
static struct file *strace_lookup(struct process *p)
{
	spin_lock(&p->signals.lock);
	struct file *f = p->strace;
	if (f != NULL)
		file_get(f);
	spin_unlock(&p->signals.lock);
	return f;
}

/* As with ptrace(2): what one may look at. Not PID 1, on which everybody waits. */
static bool may_trace_locked(const struct process *p)
{
	return p->pid != PID_INIT && process_may_be_looked_at_locked(p);
}

/*
 * Consumes the reference to @f; NULL: no more. Nothing for one that is at its end. @asks: only if
 * the running thread may; asked in the same moment, or exec could give rights between. -EPERM.
 */
static int strace_set(struct process *p, struct file *f, bool asks)
{
	spin_lock(&p->signals.lock);
	const bool may = !asks || may_trace_locked(p);
	struct file *old = f;
	if (may && (p->aspace != NULL || f == NULL)) {
		old = p->strace;
		WRITE_ONCE(p->strace, f);
	}
	spin_unlock(&p->signals.lock);
	if (old == f) {
		if (f != NULL)
			file_put(f);
		return may ? 0 : -EPERM;
	}
	if ((old == NULL) != (f == NULL))
		traced_add(f != NULL ? 1 : -1);
	if (old != NULL)
		file_put(old);
	return 0;
}

void strace_drop(struct process *p)
{
	if (READ_ONCE(p->strace) != NULL)
		(void)strace_set(p, NULL, false);
}

void strace_fork(struct process *child)
{
	if (!strace_is_on())
		return;
	struct file *f = strace_lookup(process_current());
	if (f != NULL)
		(void)strace_set(child, f, false);
}

/* ---- lines ------------------------------------------------------------------------------ */

void strace_begin(struct strace_line *l)
{
	l->len = 0;
	strace_printf(l, "[%5u] ", thread_current()->arch.tid);
}

void strace_printf(struct strace_line *l, const char *format, ...)
{
	va_list args;
	/* The last byte is the newline's. */
	const size_t room = sizeof(l->text) - 1 - l->len;
	va_start(args, format);
	const int len = vsnprintf(l->text + l->len, room, format, args);
	va_end(args);
	l->len += MIN((size_t)len, room - 1);
}

void strace_quote(struct strace_line *l, const char *bytes, size_t len, bool is_cut)
{
	strace_printf(l, "\"");
	for (size_t i = 0; i < len; i++) {
		const u8 c = (u8)bytes[i];
		const char *escape = c == '\n' ? "\\n" :
				     c == '\t' ? "\\t" :
				     c == '\r' ? "\\r" :
				     c == '"'  ? "\\\"" :
				     c == '\\' ? "\\\\" :
						 NULL;
		if (escape != NULL)
			strace_printf(l, "%s", escape);
		else if (c >= ' ' && c < 0x7f)
			strace_printf(l, "%c", c);
		else
			strace_printf(l, "\\x%02x", c);
	}
	strace_printf(l, is_cut ? "\"..." : "\"");
}

/* @may_wait: for room, until it is killed. */
static void write_line(struct strace_line *l, bool may_wait)
{
	struct process *p = process_current();
	struct file *f = strace_lookup(p);
	if (f == NULL)
		return;
	l->text[l->len] = '\n';
	size_t written = 0;
	ssize_t n;
	do {
		struct uio_parts parts;
		if (!may_wait)
			thread_interrupt(thread_current()); /* what would sleep returns */
		n = file_write(f, uio_of_kernel(&parts, l->text + written, l->len + 1 - written));
		written += n > 0 ? (size_t)n : 0;
	} while (written <= l->len &&
		 (n > 0 || (may_wait && (n == -EINTR || n == -ERESTARTSYS) && signal_put_off())));
	if (!may_wait)
		thread_clear_interrupted();
	file_put(f);
	/* Nobody reads any more, or the disk is full; being killed only costs the line. */
	if (n < 0 && n != -EINTR && n != -ERESTARTSYS && n != -EAGAIN)
		strace_drop(p);
}

void strace_end(struct strace_line *l)
{
	write_line(l, true);
}

static const char *word(const char *const *words, size_t count, u32 number)
{
	return number < count && words[number] != NULL ? words[number] : "unknown";
}

const char *strace_errno_name(u32 number)
{
	return word(errno_words, ARRAY_SIZE(errno_words), number);
}

const char *strace_signal_name(u32 sig)
{
	return word(signal_words, ARRAY_SIZE(signal_words), sig);
}

void strace_signal(const struct siginfo *info)
{
	struct strace_line l;
	if (!strace_is_on())
		return;
	strace_begin(&l);
	strace_printf(&l, "--- %s si_code=%d", strace_signal_name((u32)info->si_signo),
		      info->si_code);
	strace_printf(&l, " ---");
	strace_end(&l);
}

void strace_exit(u32 wait_status)
{
	struct strace_line l;
	const u32 sig = wait_status & 0x7fU;
	if (!strace_is_on())
		return;
	strace_begin(&l);
	if (sig != 0)
		strace_printf(&l, "+++ killed by %s +++", strace_signal_name(sig));
	else
		strace_printf(&l, "+++ exited with %u +++", wait_status >> 8);
	/* Who was killed goes, whether anybody reads of it or not. */
	write_line(&l, sig != SIGKILL);
}

/* ---- /dev/strace ------------------------------------------------------------------------ */

struct request {
	bool ends;
	u64 fd, pid; /* pid 0: the writer itself */
};

/* "FD" or "FD PID"; -1 for no file. */
static int parse_request(const char *text, struct request *r)
{
	*r = (struct request){ .ends = text[0] == '-' };
	text += r->ends;
	int error = parse_u64_prefix(&text, 10, &r->fd);
	if (error == 0 && *text == ' ') {
		text++;
		error = parse_u64_prefix(&text, 10, &r->pid);
	}
	return error != 0 || (*text != '\0' && *text != '\n') ? -EINVAL : 0;
}

static int carry_out(const struct request *r)
{
	struct process *p = process_lookup(r->pid != 0 ? (u32)r->pid : process_current()->pid);
	if (p == NULL)
		return -ESRCH;
	struct file *f = NULL;
	int error = -EBADF;
	if (!r->ends)
		f = fd_lookup(task_current()->files, (int)MIN(r->fd, (u64)INT32_MAX));
	if (r->ends || (f != NULL && f->writable)) {
		error = strace_set(p, f, true);
	} else if (f != NULL) {
		file_put(f);
	}
	process_put(p);
	return error;
}

static ssize_t device_write(struct file *f, struct uio u, u64 *pos)
{
	char text[REQUEST_MAX + 1];
	struct request r;
	(void)f, (void)pos;
	const size_t len = u.left;
	if (len > REQUEST_MAX)
		return -EINVAL;
	if (uio_copy_out(&u, text, len) != len)
		return -EFAULT;
	text[len] = '\0';
	int error = parse_request(text, &r);
	if (error == 0)
		error = carry_out(&r);
	return error != 0 ? error : (ssize_t)len;
}

static const struct file_ops device_ops = {
	.write = device_write,
};

void strace_init(void)
{
	if (devfs_register("strace", DEVICE_MAJOR, DEVICE_MINOR, DEVICE_MODE, &device_ops, NULL) !=
	    0)
		pr_warn("strace: no room in /dev\n");
}
