// SPDX-License-Identifier: MIT
/* sources: lib/string.c tests/host/shim/machine.c tests/host/shim/panic.c */
/* The trace's rings: choosing, order across harts, what is overwritten, what is being written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Host tests go without it; here it is what is tested. */
#define CONFIG_TRACE 1
#include "kernel/core/trace.c"
#include "tests/host/shim/machine.h"

static nsec_t now;
static const char *command_line;
static unsigned warnings, changes;

nsec_t clock_now(void)
{
	return now;
}

bool cmdline_get(const char *name, char *buf, size_t size)
{
	assert_string_equal(name, "trace");
	if (command_line == NULL)
		return false;
	(void)snprintf(buf, size, "%s", command_line);
	return true;
}

void printk(enum log_level level, const char *format, ...)
{
	warnings++;
}

void panic_register_dumper(void (*dump)(void))
{
}

size_t format_buf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const int len = vsnprintf(buf, size, format, args);
	va_end(args);
	return MIN((size_t)len, size - 1);
}

static void count_change(void)
{
	changes++;
}

static int setup(void **state)
{
	memset(rings, 0, sizeof(rings));
	trace_mask = 0;
	trace_changed_hook = NULL;
	warnings = changes = 0;
	now = 1000;
	shim_run_on(0);
	return 0;
}

static void record_at(u32 cpu, nsec_t when, u32 n)
{
	shim_run_on(cpu);
	now = when;
	trace_record(TRACE_IRQ, n, 0, 0);
}

static void kinds_are_chosen_by_name(void **state)
{
	trace_changed_hook = count_change;
	assert_int_equal(trace_select("fork,fault"), 0);
	assert_int_equal(trace_mask, BIT(TRACE_FORK) | BIT(TRACE_FAULT));
	assert_int_equal(trace_select("+irq -fork\n"), 0);
	assert_int_equal(trace_mask, BIT(TRACE_FAULT) | BIT(TRACE_IRQ));
	assert_int_equal(trace_select("all -switch"), 0);
	assert_int_equal(trace_mask, (BIT(TRACE_KINDS) - 1) & ~BIT(TRACE_SWITCH));
	assert_int_equal(trace_select("none"), 0);
	assert_int_equal(trace_mask, 0);
	assert_int_equal(changes, 4);
}

static void an_unknown_name_changes_nothing(void **state)
{
	assert_int_equal(trace_select("exec"), 0);
	assert_int_equal(trace_select("fork,exe"), -EINVAL);
	assert_int_equal(trace_select("+"), -EINVAL);
	assert_int_equal(trace_mask, BIT(TRACE_EXEC));
	command_line = "fork,nonsense";
	trace_init();
	assert_int_equal(warnings, 1);
	command_line = NULL;
}

static void what_is_off_is_not_evaluated(void **state)
{
	unsigned evaluated = 0;
	trace(TRACE_FORK, ++evaluated, 0, 0);
	assert_int_equal(evaluated, 0);
	assert_int_equal(trace_select("fork"), 0);
	trace(TRACE_FORK, ++evaluated, 0, 0);
	assert_int_equal(evaluated, 1);
}

static void events_of_all_harts_come_in_order_of_time(void **state)
{
	struct trace_reader r;
	struct trace_event e;
	for (u32 i = 0; i < 30; i++)
		record_at(i * 7 % 5, 1000 + i, i);
	trace_read_all(&r);
	for (u32 i = 0; i < 30; i++) {
		assert_true(trace_read_next(&r, &e));
		assert_int_equal(e.n, i);
		assert_int_equal(e.hart, i * 7 % 5);
		assert_int_equal(e.when, 1000 + i);
	}
	assert_false(trace_read_next(&r, &e));
}

static void the_oldest_make_room(void **state)
{
	struct trace_reader r;
	struct trace_event e;
	for (u32 i = 0; i < RING_EVENTS + 10; i++)
		record_at(1, i, i);
	record_at(2, 0, 77);
	trace_read_all(&r);
	assert_true(trace_read_next(&r, &e));
	assert_int_equal(e.n, 77);
	for (u32 i = 10; i < RING_EVENTS + 10; i++) {
		assert_true(trace_read_next(&r, &e));
		assert_int_equal(e.n, i);
	}
	assert_false(trace_read_next(&r, &e));
}

static void the_last_ones_are_the_last_of_all_harts(void **state)
{
	struct trace_reader r;
	struct trace_event e;
	for (u32 i = 0; i < 100; i++)
		record_at(i < 90 ? 3 : i % 2, i, i);
	trace_read_last(&r, 32);
	for (u32 i = 68; i < 100; i++) {
		assert_true(trace_read_next(&r, &e));
		assert_int_equal(e.n, i);
	}
	assert_false(trace_read_next(&r, &e));
	trace_read_last(&r, 1000);
	assert_true(trace_read_next(&r, &e));
	assert_int_equal(e.n, 0);
}

static void what_is_overwritten_while_it_is_read_is_left_out(void **state)
{
	struct trace_reader r;
	struct trace_event e;
	for (u32 i = 0; i < 4; i++)
		record_at(0, i, i);
	trace_read_all(&r);
	rings[0].slots[1].number = 0;            /* a writer is in the middle of it */
	rings[0].slots[2].number += RING_EVENTS; /* a later event is there already */
	assert_true(trace_read_next(&r, &e) && e.n == 0);
	assert_true(trace_read_next(&r, &e) && e.n == 3);
	assert_false(trace_read_next(&r, &e));
}

static void events_are_told_in_words(void **state)
{
	static const char name[16] = "a-name-of-15-by";
	struct trace_reader r;
	struct trace_event e;
	char text[TRACE_TEXT_MAX];
	now = 12345678901;
	host_current->tid = 14;
	trace_record(TRACE_FAULT, 1, 0x1234, 0x10000);
	trace_record_name(TRACE_SWITCH, 7, name);
	host_current->tid = 0;
	trace_read_all(&r);
	assert_true(trace_read_next(&r, &e));
	(void)trace_format(text, sizeof(text), &e);
	assert_string_equal(text,
			    "[   12.345678] 0    14 fault    access=1 address=0x1234 pc=0x10000");
	assert_true(trace_read_next(&r, &e));
	(void)trace_format(text, sizeof(text), &e);
	assert_string_equal(text, "[   12.345678] 0    14 switch   next=7 a-name-of-15-by");
	for (u32 kind = 0; kind < TRACE_KINDS; kind++) {
		e = (struct trace_event){ .when = ~0UL,
					  .hart = 63,
					  .tid = ~0U,
					  .kind = kind,
					  .n = ~0U,
					  .a = ~0UL,
					  .b = ~0UL };
		assert_in_range(trace_format(text, sizeof(text), &e), 30, sizeof(text) - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(kinds_are_chosen_by_name, setup),
		cmocka_unit_test_setup(an_unknown_name_changes_nothing, setup),
		cmocka_unit_test_setup(what_is_off_is_not_evaluated, setup),
		cmocka_unit_test_setup(events_of_all_harts_come_in_order_of_time, setup),
		cmocka_unit_test_setup(the_oldest_make_room, setup),
		cmocka_unit_test_setup(the_last_ones_are_the_last_of_all_harts, setup),
		cmocka_unit_test_setup(what_is_overwritten_while_it_is_read_is_left_out, setup),
		cmocka_unit_test_setup(events_are_told_in_words, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
