/* SPDX-License-Identifier: MIT */
/* sources: kernel/tty/ldisc.c */
/* The line discipline: what is typed against what is shown, and editing the line. */
#include "tests/host/shim/keyboard.h"

/* ---- echo ---- */

static void what_is_typed_is_echoed(void **state)
{
	type("ls -l\n");
	assert_echo("ls -l\r\n");
}

static void control_characters_are_echoed_with_a_caret(void **state)
{
	type("\x01\x1b[A\t");
	assert_echo("^A^[[A\t");
	type("\x16\x7f");
	assert_echo("^\b^?");
}

static void without_echoctl_control_characters_are_echoed_as_they_are(void **state)
{
	set_local(0, ECHOCTL);
	type("\x01"
	     "b");
	assert_echo("\x01"
		    "b");
}

static void without_echo_nothing_is_shown(void **state)
{
	set_local(0, ECHO);
	type("secret" ERASE "\x15\x17\x12x\n");
	assert_echo("");
	assert_reads("\x12x\n"); /* reprint is for what is shown */
}

static void echonl_shows_the_newline_alone(void **state)
{
	set_local(ECHONL, ECHO);
	type("secret\n");
	assert_echo("\r\n");
}

static void echo_passes_through_output_processing(void **state)
{
	set_output(0, ONLCR);
	type("a\n");
	assert_echo("a\n");
	set_output(0, OPOST);
	type("b\n");
	assert_echo("b\n");
}

static void echo_without_room_holds_input_back(void **state)
{
	size_t taken = 0;
	while (ldisc_input(&l, (const u8 *)"x", 1, &event) == 1)
		taken++;
	assert_true(taken > 1000);
	u8 echo[LDISC_ECHO_BYTES];
	ldisc_echo_drop(&l, ldisc_echo_peek(&l, echo, sizeof(echo)));
	type("more");
	assert_echo("more");
}

/* ---- erasing ---- */

static void erase_takes_the_last_character_back(void **state)
{
	type("lx" ERASE "s\n");
	assert_echo("lx\b \bs\r\n");
	assert_reads("ls\n");
}

static void erase_stops_at_the_beginning_of_the_line(void **state)
{
	type("one\n");
	forget_echo();
	type("a" ERASE ERASE ERASE "b\n");
	assert_echo("a\b \bb\r\n");
	assert_reads("one\n");
	assert_reads("b\n");
}

static void erase_takes_a_caret_pair_as_two_columns(void **state)
{
	type("\x01" ERASE);
	assert_echo("^A\b \b\b \b");
}

static void erase_of_a_tab_goes_back_to_where_it_began(void **state)
{
	assert_output("$ ", "$ ");
	type("ab\t");
	forget_echo();
	type(ERASE);
	assert_echo("\b\b\b\b"); /* column 8 back to 4: behind "$ ab" */
	type("\tx" ERASE ERASE);
	assert_echo("\tx\b \b\b\b\b\b");
	type("\n");
	assert_reads("ab\n");
}

static void erase_without_echoe_shows_the_erase_character(void **state)
{
	set_local(0, ECHOE);
	type("ab" ERASE);
	assert_echo("ab^?");
	type("\n");
	assert_reads("a\n");
}

static void erase_takes_a_whole_utf8_character_with_iutf8(void **state)
{
	set_input(IUTF8, 0);
	type("a\xc3\xa4" ERASE);
	assert_echo("a\xc3\xa4\b \b");
	type("\xe2\x82\xac" ERASE "\n");
	assert_reads("a\n");
}

static void erase_takes_one_byte_without_iutf8(void **state)
{
	type("a\xc3\xa4" ERASE "\n");
	assert_reads("a\xc3\n");
}

static void word_erase_takes_blanks_and_then_the_word(void **state)
{
	type("cp one_2 two  \x17");
	assert_echo("cp one_2 two  \b \b\b \b\b \b\b \b\b \b");
	type("\x17x\n");
	assert_reads("cp x\n");
}

static void word_erase_needs_iexten(void **state)
{
	set_local(0, IEXTEN);
	type("a\x17\n");
	assert_reads("a\x17\n");
}

static void kill_takes_the_line_back(void **state)
{
	type("abc\x15");
	assert_echo("abc\b \b\b \b\b \b");
	type("x\n");
	assert_reads("x\n");
}

static void kill_without_echoke_starts_a_new_line(void **state)
{
	set_local(0, ECHOKE);
	type("abc\x15");
	assert_echo("abc^U\r\n");
	set_local(0, ECHOK);
	type("abc\x15");
	assert_echo("abc^U");
	type("x\n");
	assert_reads("x\n");
}

static void kill_of_a_very_long_line_starts_a_new_one(void **state)
{
	for (int i = 0; i < 600; i++) {
		type("x");
		forget_echo();
	}
	type("\x15");
	assert_echo("^U\r\n");
	type("y\n");
	assert_reads("y\n");
}

static void reprint_shows_the_line_again(void **state)
{
	type("ab\x01");
	forget_echo();
	type("\x12");
	assert_echo("^R\r\nab^A");
	type("\n");
	assert_reads("ab\x01\n");
}

static void literal_next_takes_the_meaning_away(void **state)
{
	type("a\x16\x03"
	     "b\x16\x7f\x16\n"
	     "c\n");
	assert_int_equal(event.signal, 0);
	assert_echo("a^\b^Cb^\b^?^\b^Jc\r\n");
	assert_reads("a\x03"
		     "b\x7f\nc\n");
}

static void literal_newline_does_not_end_the_line(void **state)
{
	type("a\x16\n");
	assert_nothing_to_read();
	type(ERASE ERASE "b\n");
	assert_reads("b\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_typed_is_echoed),
		TEST(control_characters_are_echoed_with_a_caret),
		TEST(without_echoctl_control_characters_are_echoed_as_they_are),
		TEST(without_echo_nothing_is_shown),
		TEST(echonl_shows_the_newline_alone),
		TEST(echo_passes_through_output_processing),
		TEST(echo_without_room_holds_input_back),
		TEST(erase_takes_the_last_character_back),
		TEST(erase_stops_at_the_beginning_of_the_line),
		TEST(erase_takes_a_caret_pair_as_two_columns),
		TEST(erase_of_a_tab_goes_back_to_where_it_began),
		TEST(erase_without_echoe_shows_the_erase_character),
		TEST(erase_takes_a_whole_utf8_character_with_iutf8),
		TEST(erase_takes_one_byte_without_iutf8),
		TEST(word_erase_takes_blanks_and_then_the_word),
		TEST(word_erase_needs_iexten),
		TEST(kill_takes_the_line_back),
		TEST(kill_without_echoke_starts_a_new_line),
		TEST(kill_of_a_very_long_line_starts_a_new_one),
		TEST(reprint_shows_the_line_again),
		TEST(literal_next_takes_the_meaning_away),
		TEST(literal_newline_does_not_end_the_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
