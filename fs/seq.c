/* SPDX-License-Identifier: MIT */
/* Texts that grow: what /proc shows is written into one of these and handed out from there. */
#include "fs/fs.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

#define FIRST_BYTES 1024
#define BYTES_MAX   (1UL << 20)

/* Room for @more bytes behind the text. */
static bool make_room(struct seq *s, size_t more)
{
	if (s->failed)
		return false;
	if (s->len + more <= s->size)
		return true;
	size_t size = s->size != 0 ? s->size : FIRST_BYTES;
	while (size < s->len + more)
		size *= 2;
	char *buf = size <= BYTES_MAX ? kmalloc(size) : NULL;
	if (buf == NULL) {
		s->failed = true;
		return false;
	}
	if (s->len != 0)
		memcpy(buf, s->buf, s->len);
	kfree(s->buf);
	s->buf = buf;
	s->size = size;
	return true;
}

void seq_write(struct seq *s, const char *bytes, size_t len)
{
	if (len == 0 || !make_room(s, len))
		return;
	memcpy(s->buf + s->len, bytes, len);
	s->len += len;
}

struct seq_sink {
	struct format_sink sink;
	struct seq *seq;
};

static void seq_put(struct format_sink *sink, const char *text, size_t len_bytes)
{
	seq_write(container_of(sink, struct seq_sink, sink)->seq, text, len_bytes);
}

void seq_printf(struct seq *s, const char *format, ...)
{
	struct seq_sink sink = { .sink.put = seq_put, .seq = s };
	va_list args;
	va_start(args, format);
	(void)format_to_va(&sink.sink, format, args); /* what did not fit shows in s->failed */
	va_end(args);
}
