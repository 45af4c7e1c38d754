/* SPDX-License-Identifier: MIT */
/*
 * /dev/kmsg: the log in records. A read gives one, "priority,number,microseconds,-;text"; a write
 * makes one. The offset of an open file is its place in the log (kernel/core/printk.h), and
 * file->lock guards it.
 *
 * There is no poll: printk may be called with any lock held and can wake nobody, so a reader looks
 * again now and then, and the file counts as always ready.
 */
#include "fs/kmsg.h"

#include "arch/riscv/cpu/clock.h"
#include "kernel/core/printk.h"
#include "kernel/sched/waitq.h"
#include "lib/abi/errno.h"
#include "lib/abi/fcntl.h"
#include "lib/abi/time.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

#define LOOK_AGAIN_NS    200000000UL
#define TEXT_MAX         992  /* of one write, as Linux; printk takes so much */
#define LINE_BYTES       1088 /* printk's longest, with what is before the text */
#define RECORD_HEAD      64
#define ESCAPE_BYTES     4 /* \xNN */
#define USER_FACILITY    (1U << LOG_FACILITY_SHIFT)
#define PRIORITY_DEFAULT (USER_FACILITY | LOG_WARN)

static int kmsg_open(struct file *f)
{
	f->has_offset = true;
	return 0;
}

/* The number at *@text after @mark and spaces; it is there, since printk wrote it. */
static u64 number_behind(const char **text, const char *mark)
{
	u64 number;
	*text += strlen(mark);
	while (**text == ' ')
		(*text)++;
	return parse_u64_prefix(text, 10, &number) == 0 ? number : 0;
}

/* "<6>[    1.234567] text\n" of @length bytes as a record in @out, which has room. */
static size_t format_record(char *line, size_t length, u64 number, char *out, size_t size)
{
	const char *text = line;
	line[length - 1] = '\0';
	const u64 priority = number_behind(&text, "<");
	const u64 seconds = number_behind(&text, ">[");
	const u64 usec = number_behind(&text, ".");
	text += strlen("] ");
	size_t n = format_buf(out, size, "%lu,%lu,%lu,-;", priority, number,
			      seconds * (u64)USEC_PER_SEC + usec);
	for (; *text != '\0'; text++) {
		const u8 c = (u8)*text;
		if (c < ' ' || c >= 0x7f || c == '\\')
			n += format_buf(out + n, size - n, "\\x%02x", c);
		else
			out[n++] = (char)c;
	}
	out[n++] = '\n';
	return n;
}

/* Until something stands at @at. */
static int await_record(const struct file *f, u64 at)
{
	while (at >= log_end()) {
		if ((READ_ONCE(f->flags) & O_NONBLOCK) != 0)
			return -EAGAIN;
		if (sleep_until(clock_now() + LOOK_AGAIN_NS) != 0)
			return -EINTR;
	}
	return 0;
}

/* One record into @out; the place moves. -EPIPE: the log has gone over the place, which now is at
 * the oldest record. */
static ssize_t next_record(u64 *pos, char *line, char *out, size_t size)
{
	u64 end = *pos;
	const size_t n = log_read(line, LINE_BYTES, &end);
	const u64 start = end - n;
	if (start != *pos && *pos != 0) {
		*pos = start;
		return -EPIPE;
	}
	const char *newline = memchr(line, '\n', n);
	if (newline == NULL)
		return -EAGAIN; /* overwritten just now */
	const size_t length = (size_t)(newline - line) + 1;
	*pos = start + length;
	return (ssize_t)format_record(line, length, log_line_number(start), out, size);
}

static ssize_t kmsg_read(struct file *f, struct uio u, u64 *pos)
{
	const size_t size = RECORD_HEAD + ESCAPE_BYTES * LINE_BYTES;
	const u64 before = *pos;
	const int err = await_record(f, before);
	if (err < 0)
		return err;
	char *line = kmalloc(LINE_BYTES + size);
	if (line == NULL)
		return -ENOMEM;
	char *record = line + LINE_BYTES;
	ssize_t n = next_record(pos, line, record, size);
	if (n > 0 && (size_t)n > u.left)
		n = -EINVAL; /* a record is read whole */
	else if (n > 0 && uio_copy_in(&u, record, (size_t)n) < (size_t)n)
		n = -EFAULT;
	if (n < 0 && n != -EPIPE)
		*pos = before;
	kfree(line);
	return n;
}

/* Before the text may stand "<priority>"; who names no facility is a user. */
static u32 take_priority(const char **text)
{
	const char *at = *text + 1;
	u64 priority;
	if (**text != '<' || parse_u64_prefix(&at, 10, &priority) != 0 || *at != '>')
		return PRIORITY_DEFAULT;
	*text = at + 1;
	priority &= LOG_PRIORITY_MASK;
	return (u32)(priority <= LOG_DEBUG ? USER_FACILITY | priority : priority);
}

static ssize_t kmsg_write(struct file *f, struct uio u, u64 *pos)
{
	const size_t length = u.left;
	if (length > TEXT_MAX)
		return -EINVAL;
	char *buf = kmalloc(length + 1);
	if (buf == NULL)
		return -ENOMEM;
	const bool is_copied = uio_copy_out(&u, buf, length) == length;
	if (is_copied) {
		const char *text = buf;
		buf[length] = '\0';
		const u32 priority = take_priority(&text);
		printk((enum log_level)priority, "%s", text);
	}
	kfree(buf);
	return is_copied ? (ssize_t)length : -EFAULT;
}

/* To the oldest record, or behind the last. */
static s64 kmsg_seek(struct file *f, s64 offset, int whence)
{
	if (offset != 0)
		return -ESPIPE;
	if (whence != SEEK_SET && whence != SEEK_END)
		return -EINVAL;
	f->offset = whence == SEEK_SET ? 0 : log_end();
	return 0;
}

const struct file_ops kmsg_ops = {
	.open = kmsg_open,
	.read = kmsg_read,
	.write = kmsg_write,
	.seek = kmsg_seek,
};
