/* SPDX-License-Identifier: MIT */
/* sources: kernel/tty/ldisc.c */
/* The line discipline: what is typed against what can be read and what is signalled; what is
 * written against what is sent. Echo and editing are in test_ldisc_echo.c. */
#include "tests/host/shim/keyboard.h"

/* ---- canonical reading ---- */

static void a_line_is_read_when_it_is_finished(void **state)
{
	type("ls");
	assert_nothing_to_read();
	type("\n");
	assert_true(ldisc_is_readable(&l, 1));
	assert_int_equal(ldisc_readable_bytes(&l), 3);
	assert_reads("ls\n");
	assert_nothing_to_read();
}

static void a_read_gives_one_line_of_several(void **state)
{
	type("one\ntwo\nthr");
	assert_int_equal(ldisc_readable_bytes(&l), 8);
	assert_reads("one\n");
	assert_reads("two\n");
	assert_nothing_to_read();
}

static void a_short_read_leaves_the_rest_of_the_line(void **state)
{
	type("abcdef\n");
	assert_read_sized(4, "abcd", 4, false);
	assert_read_sized(4, "ef\n", 3, true);
}

static void end_of_file_on_an_empty_line_reads_as_nothing(void **state)
{
	type(CTRL_D);
	assert_true(ldisc_is_readable(&l, 1));
	assert_int_equal(ldisc_readable_bytes(&l), 0);
	assert_reads("");
	assert_nothing_to_read();
	assert_echo("");
}

static void end_of_file_after_text_hands_it_over_without_a_newline(void **state)
{
	type("abc" CTRL_D);
	assert_reads("abc");
	assert_nothing_to_read();
}

static void end_of_file_behind_a_read_that_fits_exactly_is_not_seen_again(void **state)
{
	type("abc" CTRL_D "x\n");
	assert_read_sized(3, "abc", 3, true);
	assert_reads("x\n");
}

static void other_end_of_line_characters_work_and_are_read(void **state)
{
	set_char(VEOL, ';');
	set_char(VEOL2, '!');
	type("a;b!c\n");
	assert_echo("a;b!c\r\n");
	assert_reads("a;");
	assert_reads("b!");
	assert_reads("c\n");
}

static void second_end_of_line_needs_iexten(void **state)
{
	set_char(VEOL2, '!');
	set_local(0, IEXTEN);
	type("b!c\n");
	assert_reads("b!c\n");
}

static void a_typed_nul_is_an_ordinary_byte(void **state)
{
	type_bytes("a\0b\n", 4);
	assert_int_equal(ldisc_readable_bytes(&l), 4);
	assert_read_sized(10, "a\0b\n", 4, true);
}

static void a_line_of_4095_bytes_keeps_its_newline_and_loses_what_is_more(void **state)
{
	for (int i = 0; i < 5000; i++) {
		type("x");
		forget_echo();
	}
	assert_nothing_to_read();
	type("\n");
	assert_int_equal(ldisc_readable_bytes(&l), LDISC_INPUT_BYTES);
	u8 out[LDISC_INPUT_BYTES + 1];
	bool done;
	assert_int_equal(ldisc_read(&l, out, sizeof(out), &done), LDISC_INPUT_BYTES);
	assert_int_equal(out[LDISC_INPUT_BYTES - 1], '\n');
	assert_int_equal(out[LDISC_INPUT_BYTES - 2], 'x');
}

static void a_line_too_long_can_still_be_erased_and_interrupted(void **state)
{
	set_local(0, ECHO);
	for (int i = 0; i < 5000; i++)
		type("x");
	type("\x15"
	     "ok\n");
	assert_reads("ok\n");
	for (int i = 0; i < 5000; i++)
		type("x");
	type(CTRL_C);
	assert_int_equal(event.signal, SIGINT);
}

static void input_waits_outside_when_whole_lines_fill_the_buffer(void **state)
{
	set_local(0, ECHO);
	for (int i = 0; i < LDISC_INPUT_BYTES - 1; i++)
		type(i % 8 == 7 ? "\n" : "x");
	assert_int_equal(ldisc_input(&l, (const u8 *)"x", 1, &event), 0);
	assert_int_equal(ldisc_readable_bytes(&l), LDISC_INPUT_BYTES - 8);
	assert_reads("xxxxxxx\n");
	type("x");
}

static void the_ring_wraps_around_without_losing_lines(void **state)
{
	for (int i = 0; i < 3000; i++) {
		type("some line\nand more\n");
		assert_reads("some line\n");
		assert_reads("and more\n");
		forget_echo();
	}
}

/* ---- input translation ---- */

static void carriage_return_becomes_newline(void **state)
{
	type("a\r");
	assert_reads("a\n");
	set_input(0, ICRNL);
	type("a\rb\n");
	assert_reads("a\rb\n");
	set_input(IGNCR, 0);
	type("a\rb\n");
	assert_reads("ab\n");
}

static void newline_becomes_carriage_return_with_inlcr(void **state)
{
	set_input(INLCR, ICRNL);
	set_char(VEOL, '\r');
	type("a\n");
	assert_reads("a\r");
}

static void istrip_takes_the_eighth_bit(void **state)
{
	set_input(ISTRIP, 0);
	type("\xe1\xe2\n");
	assert_reads("ab\n");
}

/* ---- signals ---- */

static void interrupt_quit_and_suspend_signal_and_flush(void **state)
{
	static const struct {
		const char *key, *echo;
		int signal;
	} keys[] = { { CTRL_C, "^C", SIGINT },
		     { "\x1c", "^\\", SIGQUIT },
		     { "\x1a", "^Z", SIGTSTP } };
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		type("whole\npart");
		type(keys[i].key);
		assert_int_equal(event.signal, keys[i].signal);
		assert_true(event.flush_output);
		assert_echo(keys[i].echo); /* what was to be echoed before is gone too */
		assert_nothing_to_read();
		type("\n");
		assert_reads("\n");
		forget_echo();
	}
}

static void input_stops_behind_a_signal(void **state)
{
	assert_int_equal(ldisc_input(&l, (const u8 *)"a" CTRL_C "b\n", 4, &event), 2);
	assert_int_equal(event.signal, SIGINT);
	type("b\n");
	assert_int_equal(event.signal, 0);
	assert_reads("b\n");
}

static void noflsh_keeps_what_was_typed(void **state)
{
	set_local(NOFLSH, 0);
	type("ab" CTRL_C);
	assert_int_equal(event.signal, SIGINT);
	assert_false(event.flush_output);
	assert_echo("ab^C");
	type("c\n");
	assert_reads("abc\n");
}

static void without_isig_the_keys_are_bytes(void **state)
{
	set_local(0, ISIG);
	type("a" CTRL_C "\n");
	assert_int_equal(event.signal, 0);
	assert_reads("a" CTRL_C "\n");
}

static void a_switched_off_character_is_a_byte(void **state)
{
	set_char(VINTR, POSIX_VDISABLE);
	type_bytes("\0" CTRL_C "\n", 3);
	assert_int_equal(event.signal, 0);
	assert_read_sized(10, "\0" CTRL_C "\n", 3, true);
}

static void signals_work_in_raw_mode_too(void **state)
{
	set_local(0, ICANON | ECHO);
	type("ab" CTRL_C);
	assert_int_equal(event.signal, SIGINT);
	assert_nothing_to_read();
}

/* ---- flow control ---- */

static void stop_and_start_are_taken_with_ixon(void **state)
{
	type("a\x13");
	assert_true(l.is_stopped);
	type("b");
	assert_true(l.is_stopped);
	type("\x11\n");
	assert_false(l.is_stopped);
	assert_reads("ab\n");
	set_input(0, IXON);
	type("\x13\n");
	assert_false(l.is_stopped);
	assert_reads("\x13\n");
}

static void any_key_restarts_with_ixany(void **state)
{
	set_input(IXANY, 0);
	type("\x13"
	     "a");
	assert_false(l.is_stopped);
}

static void a_signal_restarts_output(void **state)
{
	type("\x13" CTRL_C);
	assert_false(l.is_stopped);
	assert_int_equal(event.signal, SIGINT);
}

static void switching_ixon_off_restarts_output(void **state)
{
	type("\x13");
	set_input(0, IXON);
	assert_false(l.is_stopped);
}

static void a_stopped_terminal_still_hears_the_start_key(void **state)
{
	type("\x13");
	for (int i = 0; i < 4000; i++)
		type(i % 8 == 7 ? "\x15" : "x"); /* echo that nobody takes */
	type("\x11");
	assert_false(l.is_stopped);
}

/* ---- raw mode ---- */

static void raw_bytes_are_readable_at_once(void **state)
{
	set_local(0, ICANON | ECHO | ISIG | IEXTEN);
	set_input(0, ICRNL | IXON);
	type("a" ERASE "\r\n\x04");
	assert_int_equal(ldisc_readable_bytes(&l), 5);
	assert_true(ldisc_is_readable(&l, 5));
	assert_false(ldisc_is_readable(&l, 6));
	assert_read_sized(2, "a" ERASE, 2, false);
	assert_read_sized(10, "\r\n\x04", 3, false);
	assert_echo("");
}

static void raw_mode_may_echo(void **state)
{
	set_local(0, ICANON);
	type("a" ERASE "\r\x01\n");
	assert_echo("a^?\r\n^A^J"); /* Enter is a new line, NL a control character */
}

static void a_full_raw_buffer_holds_input_back(void **state)
{
	set_local(0, ICANON | ECHO);
	for (int i = 0; i < LDISC_INPUT_BYTES; i++)
		type("x");
	assert_int_equal(ldisc_input(&l, (const u8 *)"y", 1, &event), 0);
	u8 out[LDISC_INPUT_BYTES];
	bool done;
	assert_int_equal(ldisc_read(&l, out, sizeof(out), &done), sizeof(out));
	type("y");
	assert_read_sized(10, "y", 1, false);
}

static void half_a_line_becomes_readable_when_canonical_mode_ends(void **state)
{
	type("half");
	assert_nothing_to_read();
	set_local(0, ICANON);
	assert_read_sized(10, "half", 4, false);
}

static void loose_bytes_become_a_line_when_canonical_mode_begins(void **state)
{
	set_local(0, ICANON);
	type("loose");
	set_local(ICANON, 0);
	assert_true(ldisc_is_readable(&l, 1));
	type("x\n");
	assert_reads("loose");
	assert_reads("x\n");
}

static void flushing_forgets_lines_and_the_one_being_edited(void **state)
{
	type("line\nhalf");
	ldisc_flush_input(&l);
	assert_nothing_to_read();
	type("x\n");
	assert_reads("x\n");
}

/* ---- output ---- */

static void newline_is_sent_as_carriage_return_and_newline(void **state)
{
	assert_output("a\nb\n", "a\r\nb\r\n");
	set_output(0, ONLCR);
	assert_output("a\n", "a\n");
	set_output(ONLCR, OPOST);
	assert_output("a\n", "a\n");
}

static void tabs_become_blanks_with_xtabs(void **state)
{
	set_output(XTABS, 0);
	assert_output("a\tb", "a       b");
	assert_output("\r\tc", "\r        c");
	assert_output("\n12345678\td", "\r\n12345678        d");
	assert_output("\nab\b\te", "\r\nab\b       e");
}

static void carriage_return_options_are_obeyed(void **state)
{
	set_output(OCRNL, ONLCR);
	assert_output("a\r", "a\n");
	set_output(ONOCR, OCRNL | ONLCR);
	assert_output("\r", "\r");
	assert_output("\r\rb\r", "b\r");
}

static void output_stops_where_its_buffer_ends(void **state)
{
	u8 out[16];
	size_t used;
	set_output(XTABS, 0);
	assert_int_equal(ldisc_output(&l, (const u8 *)"\t\t\t", 3, out, sizeof(out), &used), 16);
	assert_int_equal(used, 2);
	assert_int_equal(ldisc_output(&l, (const u8 *)"ab", 2, out, 8, &used), 1);
	assert_int_equal(used, 1);
}

static void defaults_are_those_of_linux(void **state)
{
	assert_int_equal(l.termios.c_iflag, ICRNL | IXON);
	assert_int_equal(l.termios.c_oflag, OPOST | ONLCR);
	assert_int_equal(l.termios.c_lflag,
			 ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN);
	assert_memory_equal(l.termios.c_cc,
			    "\x03\x1c\x7f\x15\x04\x00\x01\x00\x11\x13\x1a\x00\x12\x0f\x17\x16", 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_is_read_when_it_is_finished),
		TEST(a_read_gives_one_line_of_several),
		TEST(a_short_read_leaves_the_rest_of_the_line),
		TEST(end_of_file_on_an_empty_line_reads_as_nothing),
		TEST(end_of_file_after_text_hands_it_over_without_a_newline),
		TEST(end_of_file_behind_a_read_that_fits_exactly_is_not_seen_again),
		TEST(other_end_of_line_characters_work_and_are_read),
		TEST(second_end_of_line_needs_iexten),
		TEST(a_typed_nul_is_an_ordinary_byte),
		TEST(a_line_of_4095_bytes_keeps_its_newline_and_loses_what_is_more),
		TEST(a_line_too_long_can_still_be_erased_and_interrupted),
		TEST(input_waits_outside_when_whole_lines_fill_the_buffer),
		TEST(the_ring_wraps_around_without_losing_lines),
		TEST(carriage_return_becomes_newline),
		TEST(newline_becomes_carriage_return_with_inlcr),
		TEST(istrip_takes_the_eighth_bit),
		TEST(interrupt_quit_and_suspend_signal_and_flush),
		TEST(input_stops_behind_a_signal),
		TEST(noflsh_keeps_what_was_typed),
		TEST(without_isig_the_keys_are_bytes),
		TEST(a_switched_off_character_is_a_byte),
		TEST(signals_work_in_raw_mode_too),
		TEST(stop_and_start_are_taken_with_ixon),
		TEST(any_key_restarts_with_ixany),
		TEST(a_signal_restarts_output),
		TEST(switching_ixon_off_restarts_output),
		TEST(a_stopped_terminal_still_hears_the_start_key),
		TEST(raw_bytes_are_readable_at_once),
		TEST(raw_mode_may_echo),
		TEST(a_full_raw_buffer_holds_input_back),
		TEST(half_a_line_becomes_readable_when_canonical_mode_ends),
		TEST(loose_bytes_become_a_line_when_canonical_mode_begins),
		TEST(flushing_forgets_lines_and_the_one_being_edited),
		TEST(newline_is_sent_as_carriage_return_and_newline),
		TEST(tabs_become_blanks_with_xtabs),
		TEST(carriage_return_options_are_obeyed),
		TEST(output_stops_where_its_buffer_ends),
		TEST(defaults_are_those_of_linux),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
