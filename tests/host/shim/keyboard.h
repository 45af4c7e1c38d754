/* SPDX-License-Identifier: MIT */
/* A line discipline with somebody at the keyboard, for test_ldisc.c and test_ldisc_echo.c. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "kernel/tty/ldisc.h"
#include "lib/abi/signal.h"
#include "lib/compiler.h"

#define CTRL_C "\x03"
#define CTRL_D "\x04"
#define ERASE  "\x7f"

static struct ldisc l;
static struct ldisc_event event; /* of the last type() */

static __maybe_unused int fresh(void **state)
{
	memset(&l, 0xa5, sizeof(l));
	ldisc_init(&l);
	return 0;
}

static __maybe_unused void set_local(u32 set, u32 clear)
{
	struct ktermios t = l.termios;
	t.c_lflag = (t.c_lflag | set) & ~clear;
	ldisc_set_termios(&l, &t);
}

static __maybe_unused void set_input(u32 set, u32 clear)
{
	struct ktermios t = l.termios;
	t.c_iflag = (t.c_iflag | set) & ~clear;
	ldisc_set_termios(&l, &t);
}

static __maybe_unused void set_output(u32 set, u32 clear)
{
	struct ktermios t = l.termios;
	t.c_oflag = (t.c_oflag | set) & ~clear;
	ldisc_set_termios(&l, &t);
}

static __maybe_unused void set_char(unsigned index, u8 c)
{
	struct ktermios t = l.termios;
	t.c_cc[index] = c;
	ldisc_set_termios(&l, &t);
}

static __maybe_unused void type_bytes(const char *bytes, size_t count)
{
	assert_int_equal(ldisc_input(&l, (const u8 *)bytes, count, &event), count);
}

static __maybe_unused void type(const char *text)
{
	type_bytes(text, strlen(text));
}

static __maybe_unused void assert_echo(const char *expected)
{
	char echo[LDISC_ECHO_BYTES + 1];
	const size_t count = ldisc_echo_peek(&l, (u8 *)echo, sizeof(echo) - 1);
	echo[count] = '\0';
	assert_string_equal(echo, expected);
	ldisc_echo_drop(&l, count);
}

static __maybe_unused void forget_echo(void)
{
	l.echo_tail = l.echo_head;
}

/* A read of @size bytes gives @expected, and ends a line or not. */
static __maybe_unused void assert_read_sized(size_t size, const char *expected, size_t expected_len,
					     bool line_done)
{
	u8 out[LDISC_INPUT_BYTES];
	bool done;
	assert_int_equal(ldisc_read(&l, out, size, &done), expected_len);
	assert_memory_equal(out, expected, expected_len);
	assert_int_equal(done, line_done);
}

static __maybe_unused void assert_reads(const char *expected)
{
	assert_read_sized(LDISC_INPUT_BYTES, expected, strlen(expected), true);
}

static __maybe_unused void assert_nothing_to_read(void)
{
	assert_false(ldisc_is_readable(&l, 1));
	assert_int_equal(ldisc_readable_bytes(&l), 0);
}

static __maybe_unused void assert_output(const char *written, const char *expected)
{
	u8 out[256];
	size_t used;
	const size_t made =
		ldisc_output(&l, (const u8 *)written, strlen(written), out, sizeof(out), &used);
	assert_int_equal(used, strlen(written));
	assert_int_equal(made, strlen(expected));
	assert_memory_equal(out, expected, made);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)
