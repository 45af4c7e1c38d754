// SPDX-License-Identifier: MIT
/*
 * The log: a ring of bytes and a cursor of the console in it.
 *
 * printk() formats under the log's lock into the ring and then, under the console's lock, writes
 * out whatever the console has not seen yet. A hart that comes while another prints waits for its
 * turn and mostly finds its line printed. So lines come out whole and in the ring's order, and none
 * is dropped: nobody can get further ahead of the console than one text per hart.
 *
 * Locks: RANK_PRINTK (ring, formatting) and RANK_CONSOLE (cursor, console), both bare locks: this
 * file must work while spinlock.c reports a mistake. The console's own lock (RANK_SERIAL) comes
 * inside. Once polled is set only one hart is left and no lock is taken.
 */
#include "kernel/core/printk.h"

#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/cpu.h"
#include "arch/riscv/cpu/sbi.h"
#include "kernel/core/bare_lock.h"
#include "lib/format.h"
#include "lib/string.h"

#define LOG_BYTES 65536
/* One call's text; what is longer is cut. */
#define TEXT_BYTES 1024
/* A line with its prefix. */
#define LINE_BYTES (TEXT_BYTES + 32)

/* under log_lock */
static struct bare_lock log_lock;
static char ring[LOG_BYTES];
static u64 lines; /* ever written */
static u64 head;  /* bytes ever written; the ring holds the last LOG_BYTES of them */
static char text[TEXT_BYTES];

/* under console_lock */
static struct bare_lock console_lock;
static u64 cursor; /* of the first line the console has not seen; moved with log_lock held too */
static char line[LINE_BYTES];

/* atomic */
static struct console *console;
static bool polled;
static int console_level = LOG_DEBUG;

static void firmware_write(struct console *c, const char *bytes, size_t len_bytes)
{
	sbi_console_write(bytes, len_bytes);
}

static struct console firmware_console = {
	.name = "sbi",
	.write = firmware_write,
	.write_polled = firmware_write,
};

static void take(struct bare_lock *l)
{
	if (likely(!READ_ONCE(polled)))
		bare_lock(l);
}

static void release(struct bare_lock *l)
{
	if (likely(!READ_ONCE(polled)))
		bare_unlock(l);
}

static void ring_put(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ring[(head + i) % LOG_BYTES] = bytes[i];
	head += len;
}

static bool is_control(char c)
{
	return ((u8)c < ' ' && c != '\t') || c == 0x7f;
}

static void ring_put_line(enum log_level level, nsec_t now, const char *bytes, size_t len)
{
	char prefix[32];
	const u64 usec = now / 1000;
	ring_put(prefix, format_buf(prefix, sizeof(prefix), "<%d>[%5lu.%06lu] ", (int)level,
				    usec / 1000000, usec % 1000000));
	/* Names that programs chose must not steer the terminal. */
	for (size_t i = 0; i < len; i++)
		ring[(head + i) % LOG_BYTES] = is_control(bytes[i]) ? '?' : bytes[i];
	head += len;
	ring_put("\n", 1);
	lines++;
}

static u64 oldest(void)
{
	return head > LOG_BYTES ? head - LOG_BYTES : 0;
}

/* The first beginning of a line at or after @at, which is not before the oldest byte. */
static u64 line_start(u64 at)
{
	if (at == 0)
		return 0;
	/* What came before the oldest byte is overwritten and tells nothing. */
	if (at == oldest())
		at++;
	while (at < head && ring[(at - 1) % LOG_BYTES] != '\n')
		at++;
	return at;
}

/* Copy the line at the cursor without its priority; true if there was one. Both locks. */
static bool next_line(size_t *len, int *level)
{
	if (cursor < oldest())
		cursor = line_start(oldest());
	if (cursor >= head)
		return false;

	size_t n = 0;
	char c;
	int priority = 0;
	while ((c = ring[++cursor % LOG_BYTES]) != '>') /* "<6>" */
		priority = priority * 10 + (c - '0');
	cursor++;
	*level = priority & LOG_LEVEL_MASK;
	do {
		c = ring[cursor++ % LOG_BYTES];
		if (n < sizeof(line))
			line[n++] = c;
	} while (c != '\n' && cursor < head);
	*len = n;
	return true;
}

/* Interrupts off. */
static void console_flush(void)
{
	take(&console_lock);
	for (;;) {
		size_t len;
		int level;
		take(&log_lock);
		const bool found = next_line(&len, &level);
		release(&log_lock);
		if (!found)
			break;
		if (level >= READ_ONCE(console_level))
			continue;
		struct console *c = READ_ONCE(console);
		if (c == NULL)
			c = &firmware_console;
		if (READ_ONCE(polled))
			c->write_polled(c, line, len);
		else
			c->write(c, line, len);
	}
	release(&console_lock);
}

void printk(enum log_level level, const char *format, ...)
{
	const u64 flags = irq_save();

	take(&log_lock);
	/* 0 until the clock runs. Read here, so that times are in the ring's order. */
	const nsec_t now = clock_now();
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	const char *from = text;
	do {
		const char *end = strchr(from, '\n');
		const size_t len = end != NULL ? (size_t)(end - from) : strlen(from);
		ring_put_line(level, now, from, len);
		from += len + (end != NULL);
	} while (*from != '\0');
	release(&log_lock);

	if (((int)level & LOG_LEVEL_MASK) < READ_ONCE(console_level))
		console_flush();
	irq_restore(flags);
}

void console_register(struct console *c)
{
	const u64 flags = irq_save();
	take(&console_lock);
	WRITE_ONCE(console, c);
	release(&console_lock);
	irq_restore(flags);
}

void console_set_polled(void)
{
	WRITE_ONCE(polled, true);
}

void log_set_level(int level)
{
	/* What was logged before is judged by the old level. */
	const u64 flags = irq_save();
	console_flush();
	WRITE_ONCE(console_level, MAX(level, LOG_EMERGENCY + 1));
	irq_restore(flags);
}

u64 log_end(void)
{
	const u64 flags = irq_save();
	take(&log_lock);
	const u64 end = head;
	release(&log_lock);
	irq_restore(flags);
	return end;
}

u64 log_line_number(u64 at)
{
	const u64 flags = irq_save();
	take(&log_lock);
	u64 number = lines;
	for (at = MAX(at, oldest()); at < head; at++)
		number -= ring[at % LOG_BYTES] == '\n';
	release(&log_lock);
	irq_restore(flags);
	return number;
}

u64 log_place_of_last(size_t size)
{
	const u64 flags = irq_save();
	take(&log_lock);
	u64 from = oldest();
	if (head - from > size)
		from = head - size;
	from = line_start(from);
	release(&log_lock);
	irq_restore(flags);
	return from;
}

size_t log_read(char *buf, size_t size, u64 *at)
{
	const u64 flags = irq_save();
	take(&log_lock);
	u64 from = *at;
	if (from < oldest())
		from = line_start(oldest());
	const size_t len = from < head ? MIN((size_t)(head - from), size) : 0;
	const size_t first = MIN(len, (size_t)(LOG_BYTES - from % LOG_BYTES));
	if (len != 0) {
		memcpy(buf, &ring[from % LOG_BYTES], first);
		memcpy(buf + first, ring, len - first);
	}
	release(&log_lock);
	irq_restore(flags);
	*at = from + len;
	return len;
}
