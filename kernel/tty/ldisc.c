/* SPDX-License-Identifier: MIT */
/*
 * The line discipline (ldisc.h). POSIX.1-2017 chapter 11 says what must happen; where it leaves a
 * choice, Linux's is taken, since programs are written against that.
 *
 * A typed byte goes through these steps, and the first that claims it ends its way:
 *   1. ISTRIP
 *   2. after VLNEXT: an ordinary byte
 *   3. VSTART VSTOP (IXON); VINTR VQUIT VSUSP (ISIG); IXANY
 *   4. CR and NL: IGNCR ICRNL INLCR
 *   5. canonical: VERASE VKILL VWERASE VLNEXT VREPRINT; line ends NL VEOF VEOL VEOL2
 *   6. an ordinary byte: stored and echoed
 *
 * An end of file is stored as a NUL that ends a line; readers drop it. A typed NUL never ends a
 * line, since a control character of value 0 is one that is switched off.
 */
#include "kernel/tty/ldisc.h"

#include "lib/abi/signal.h"
#include "lib/compiler.h"
#include "lib/string.h"

/* No byte typed makes more echo than this, see erase_line() and echo_reprint(), but for VWERASE on
 * a word that no screen has room for. */
#define ECHO_WORST_BYTES 2048
/* Erasing a longer line is shown as the kill character and a new line. */
#define KILL_COLUMNS_MAX   512
#define OUTPUT_WORST_BYTES 8 /* a tab */
#define TAB_COLUMNS        8

static_assert((LDISC_INPUT_BYTES & (LDISC_INPUT_BYTES - 1)) == 0, "counts are masked");
static_assert((LDISC_ECHO_BYTES & (LDISC_ECHO_BYTES - 1)) == 0, "counts are masked");
static_assert(3 * KILL_COLUMNS_MAX + 16 <= ECHO_WORST_BYTES, "a kill fits");

#define CTRL(c) ((c)&0x1f)

static bool local_flag(const struct ldisc *l, u32 flag)
{
	return (l->termios.c_lflag & flag) != 0;
}

static bool input_flag(const struct ldisc *l, u32 flag)
{
	return (l->termios.c_iflag & flag) != 0;
}

static bool output_flag(const struct ldisc *l, u32 flag)
{
	return (l->termios.c_oflag & flag) != 0;
}

static bool is_char(const struct ldisc *l, unsigned int index, u8 c)
{
	return c != POSIX_VDISABLE && l->termios.c_cc[index] == c;
}

static bool is_control(u8 c)
{
	return c < 0x20 || c == 0x7f;
}

/* The second and later bytes of a character in UTF-8. */
static bool is_continuation(const struct ldisc *l, u8 c)
{
	return input_flag(l, IUTF8) && (c & 0xc0) == 0x80;
}

/* For VWERASE. Beyond ASCII, the bytes that begin letters in UTF-8 and are letters in Latin-1. */
static bool is_word(u8 c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c >= 0xc0;
}

/* The input ring. */

static u8 input_at(const struct ldisc *l, u32 place)
{
	return l->input[place % LDISC_INPUT_BYTES];
}

static bool ends_line(const struct ldisc *l, u32 place)
{
	const u32 bit = place % LDISC_INPUT_BYTES;
	return (l->line_end[bit / 64] & BIT(bit % 64)) != 0;
}

static void mark_line_end(struct ldisc *l, u32 place)
{
	const u32 bit = place % LDISC_INPUT_BYTES;
	l->line_end[bit / 64] |= BIT(bit % 64);
}

static void clear_line_end(struct ldisc *l, u32 place)
{
	const u32 bit = place % LDISC_INPUT_BYTES;
	l->line_end[bit / 64] &= ~BIT(bit % 64);
}

/* One place is kept for the end of a line, so a line that is too long can still be finished. */
static bool has_room(const struct ldisc *l)
{
	const u32 limit = ldisc_is_canonical(l) ? LDISC_INPUT_BYTES - 1 : LDISC_INPUT_BYTES;
	return l->head - l->tail < limit;
}

static void store(struct ldisc *l, u8 c)
{
	clear_line_end(l, l->head);
	l->input[l->head++ % LDISC_INPUT_BYTES] = c;
}

static void store_line_end(struct ldisc *l, u8 c)
{
	if (l->head - l->tail >= LDISC_INPUT_BYTES)
		return;
	mark_line_end(l, l->head);
	l->input[l->head++ % LDISC_INPUT_BYTES] = c;
	l->ready = l->head;
}

/* Output. */

/* One byte through OPOST into @out (OUTPUT_WORST_BYTES), keeping the column. Returns how many. */
static size_t output_char(struct ldisc *l, u8 c, u8 *out)
{
	if (!output_flag(l, OPOST)) {
		out[0] = c;
		return 1;
	}
	switch (c) {
	case '\n':
		if (output_flag(l, ONLRET | ONLCR))
			l->column = 0;
		l->line_column = l->column;
		if (output_flag(l, ONLCR)) {
			out[0] = '\r';
			out[1] = '\n';
			return 2;
		}
		break;
	case '\r':
		if (output_flag(l, ONOCR) && l->column == 0)
			return 0;
		if (output_flag(l, OCRNL)) {
			c = '\n';
			if (!output_flag(l, ONLRET))
				break;
		}
		l->column = 0;
		l->line_column = 0;
		break;
	case '\t': {
		const u32 width = TAB_COLUMNS - l->column % TAB_COLUMNS;
		l->column += width;
		if ((l->termios.c_oflag & TABDLY) == XTABS) {
			memset(out, ' ', width);
			return width;
		}
		break;
	}
	case '\b':
		if (l->column > 0)
			l->column--;
		break;
	default:
		if (!is_control(c) && !is_continuation(l, c))
			l->column++;
	}
	out[0] = c;
	return 1;
}

size_t ldisc_output(struct ldisc *l, const u8 *in, size_t count, u8 *out, size_t size, size_t *used)
{
	size_t i = 0, made = 0;
	while (i < count && size - made >= OUTPUT_WORST_BYTES)
		made += output_char(l, in[i++], out + made);
	*used = i;
	return made;
}

/* Echo. */

static u32 echo_room(const struct ldisc *l)
{
	return LDISC_ECHO_BYTES - (l->echo_head - l->echo_tail);
}

/* Without room, which only a stopped terminal comes to, the echo is dropped and the input is not.
 */
static void echo_raw(struct ldisc *l, u8 c)
{
	u8 bytes[OUTPUT_WORST_BYTES];
	if (echo_room(l) < OUTPUT_WORST_BYTES)
		return;
	const size_t count = output_char(l, c, bytes);
	for (size_t i = 0; i < count; i++)
		l->echo[l->echo_head++ % LDISC_ECHO_BYTES] = bytes[i];
}

static void echo_char(struct ldisc *l, u8 c)
{
	if (is_control(c) && c != '\t' && local_flag(l, ECHOCTL)) {
		echo_raw(l, '^');
		echo_raw(l, c ^ 0x40);
		return;
	}
	echo_raw(l, c);
}

size_t ldisc_echo_peek(const struct ldisc *l, u8 *out, size_t size)
{
	const size_t count = MIN((size_t)(l->echo_head - l->echo_tail), size);
	for (size_t i = 0; i < count; i++)
		out[i] = l->echo[(l->echo_tail + i) % LDISC_ECHO_BYTES];
	return count;
}

void ldisc_echo_drop(struct ldisc *l, size_t count)
{
	l->echo_tail += count;
}

/* Columns that @c takes on the screen at @column. */
static u32 echo_width(const struct ldisc *l, u8 c, u32 column)
{
	if (c == '\t')
		return TAB_COLUMNS - column % TAB_COLUMNS;
	if (is_control(c))
		return local_flag(l, ECHOCTL) ? 2 : 0;
	return is_continuation(l, c) ? 0 : 1;
}

/* The column in which the byte at @place was echoed, from the line's beginning on. */
static u32 column_of(const struct ldisc *l, u32 place)
{
	u32 column = l->line_column;
	for (u32 i = l->ready; i != place; i++)
		column += echo_width(l, input_at(l, i), column);
	return column;
}

static void echo_rubout(struct ldisc *l, u8 c, u32 place)
{
	const u32 width = echo_width(l, c, c == '\t' ? column_of(l, place) : 0);
	for (u32 i = 0; i < width; i++) {
		echo_raw(l, '\b');
		if (c != '\t') {
			echo_raw(l, ' ');
			echo_raw(l, '\b');
		}
	}
}

/* Editing the line. */

/* Where the last character of the line begins; ready if the line has none. */
static u32 last_char(const struct ldisc *l)
{
	u32 place = l->head;
	while (place != l->ready) {
		place--;
		if (!is_continuation(l, input_at(l, place)))
			break;
	}
	return place;
}

static void erase_char(struct ldisc *l)
{
	const u32 place = last_char(l);
	if (local_flag(l, ECHO)) {
		if (local_flag(l, ECHOE))
			echo_rubout(l, input_at(l, place), place);
		else
			echo_char(l, l->termios.c_cc[VERASE]);
	}
	l->head = place;
}

/* Back over what is not a word, then over the word. */
static void erase_word(struct ldisc *l)
{
	bool in_word = false;
	while (l->head != l->ready) {
		const u32 place = last_char(l);
		const u8 c = input_at(l, place);
		if (in_word && !is_word(c))
			break;
		in_word |= is_word(c);
		if (local_flag(l, ECHO))
			echo_rubout(l, c, place);
		l->head = place;
	}
}

static void erase_line(struct ldisc *l)
{
	const u32 shown = ECHO | ECHOE | ECHOK | ECHOKE;
	const bool rubs_out = (l->termios.c_lflag & shown) == shown;
	if (rubs_out && column_of(l, l->head) - l->line_column <= KILL_COLUMNS_MAX) {
		while (l->head != l->ready) {
			const u32 place = last_char(l);
			echo_rubout(l, input_at(l, place), place);
			l->head = place;
		}
		return;
	}
	l->head = l->ready;
	if (local_flag(l, ECHO)) {
		echo_char(l, l->termios.c_cc[VKILL]);
		if (local_flag(l, ECHOK))
			echo_raw(l, '\n');
	}
}

/* Show the line again; of a very long one, the end. */
static void echo_reprint(struct ldisc *l)
{
	const u32 limit = (ECHO_WORST_BYTES - 16) / OUTPUT_WORST_BYTES;
	const u32 length = l->head - l->ready;
	echo_char(l, l->termios.c_cc[VREPRINT]);
	echo_raw(l, '\n');
	for (u32 place = l->head - MIN(length, limit); place != l->head; place++)
		echo_char(l, input_at(l, place));
}

static void erase(struct ldisc *l, u8 c)
{
	if (l->head == l->ready)
		return;
	if (is_char(l, VERASE, c))
		erase_char(l);
	else if (is_char(l, VKILL, c))
		erase_line(l);
	else
		erase_word(l);
}

/* Input, in the order of the steps above. */

/*
 * What a line that is full does not take is not shown either: erasing would be out of step.
 * @is_enter: a newline made from CR, which is shown as one; others get here in raw mode or after
 * VLNEXT, and are control characters.
 */
static void input_ordinary(struct ldisc *l, u8 c, bool is_enter)
{
	if (!has_room(l))
		return;
	if (local_flag(l, ECHO)) {
		if (l->head == l->ready)
			l->line_column = l->column;
		if (is_enter)
			echo_raw(l, c);
		else
			echo_char(l, c);
	}
	store(l, c);
}

/* Step 3. True: @c is used up. */
static bool input_flow_or_signal(struct ldisc *l, u8 c, struct ldisc_event *event)
{
	static const struct {
		u8 index;
		u8 signal;
	} signals[] = { { VINTR, SIGINT }, { VQUIT, SIGQUIT }, { VSUSP, SIGTSTP } };

	if (input_flag(l, IXON)) {
		if (is_char(l, VSTART, c)) {
			l->is_stopped = false;
			return true;
		}
		if (is_char(l, VSTOP, c)) {
			l->is_stopped = true;
			return true;
		}
	}
	for (size_t i = 0; local_flag(l, ISIG) && i < ARRAY_SIZE(signals); i++) {
		if (!is_char(l, signals[i].index, c))
			continue;
		if (!local_flag(l, NOFLSH)) {
			ldisc_flush_input(l);
			l->echo_tail = l->echo_head;
			event->flush_output = true;
		}
		l->is_stopped = false;
		event->signal = signals[i].signal;
		if (local_flag(l, ECHO))
			echo_char(l, c);
		return true;
	}
	if (l->is_stopped && input_flag(l, IXON) && input_flag(l, IXANY))
		l->is_stopped = false;
	return false;
}

/* Step 5. True: @c is used up. */
static bool input_canonical(struct ldisc *l, u8 c)
{
	const bool extended = local_flag(l, IEXTEN);

	if (is_char(l, VERASE, c) || is_char(l, VKILL, c) || (extended && is_char(l, VWERASE, c))) {
		erase(l, c);
		return true;
	}
	if (extended && is_char(l, VLNEXT, c)) {
		l->literal_next = true;
		if (local_flag(l, ECHO) && local_flag(l, ECHOCTL)) {
			/* The caret stands until the next byte covers it. */
			if (l->head == l->ready)
				l->line_column = l->column;
			echo_raw(l, '^');
			echo_raw(l, '\b');
		}
		return true;
	}
	if (extended && local_flag(l, ECHO) && is_char(l, VREPRINT, c)) {
		echo_reprint(l);
		return true;
	}
	if (c == '\n') {
		if (local_flag(l, ECHO | ECHONL))
			echo_raw(l, c);
		store_line_end(l, c);
		return true;
	}
	if (is_char(l, VEOF, c)) {
		store_line_end(l, 0);
		return true;
	}
	if (is_char(l, VEOL, c) || (extended && is_char(l, VEOL2, c))) {
		if (local_flag(l, ECHO))
			echo_char(l, c);
		store_line_end(l, c);
		return true;
	}
	return false;
}

static void input_char(struct ldisc *l, u8 c, struct ldisc_event *event)
{
	bool is_enter = false;

	if (input_flag(l, ISTRIP))
		c &= 0x7f;
	if (l->literal_next) {
		l->literal_next = false;
		input_ordinary(l, c, false);
		return;
	}
	if (input_flow_or_signal(l, c, event))
		return;
	if (c == '\r') {
		if (input_flag(l, IGNCR))
			return;
		is_enter = input_flag(l, ICRNL);
		if (is_enter)
			c = '\n';
	} else if (c == '\n' && input_flag(l, INLCR)) {
		c = '\r';
	}
	if (ldisc_is_canonical(l) && input_canonical(l, c))
		return;
	input_ordinary(l, c, is_enter);
}

bool ldisc_accepts(const struct ldisc *l)
{
	if (!l->is_stopped && echo_room(l) < ECHO_WORST_BYTES)
		return false;
	/* A line that is too long loses bytes: the one that finishes it must get through. */
	return has_room(l) || (ldisc_is_canonical(l) && l->ready == l->tail);
}

size_t ldisc_input(struct ldisc *l, const u8 *bytes, size_t count, struct ldisc_event *event)
{
	size_t i = 0;
	*event = (struct ldisc_event){ 0 };
	while (i < count && event->signal == 0 && ldisc_accepts(l))
		input_char(l, bytes[i++], event);
	return i;
}

void ldisc_flush_input(struct ldisc *l)
{
	l->tail = l->ready = l->head;
	l->literal_next = false;
}

/* Reading. */

u32 ldisc_readable_bytes(const struct ldisc *l)
{
	if (!ldisc_is_canonical(l))
		return l->head - l->tail;
	u32 count = 0;
	for (u32 place = l->tail; place != l->ready; place++)
		count += !(ends_line(l, place) && input_at(l, place) == 0);
	return count;
}

bool ldisc_is_readable(const struct ldisc *l, u32 least)
{
	if (ldisc_is_canonical(l))
		return l->ready != l->tail;
	return l->head - l->tail >= least;
}

size_t ldisc_read(struct ldisc *l, u8 *out, size_t size, bool *line_done)
{
	const bool canonical = ldisc_is_canonical(l);
	const u32 end = canonical ? l->ready : l->head;
	size_t count = 0;

	*line_done = false;
	while (l->tail != end && !*line_done) {
		const u8 c = input_at(l, l->tail);
		const bool last = canonical && ends_line(l, l->tail);
		/* An end of file right behind the last byte asked for belongs to this read. */
		const bool is_eof = last && c == 0;
		if (!is_eof && count == size)
			break;
		if (!is_eof)
			out[count++] = c;
		*line_done = last;
		l->tail++;
	}
	if (!canonical)
		l->ready = l->tail;
	return count;
}

/* Attributes. */

void ldisc_set_termios(struct ldisc *l, const struct ktermios *termios)
{
	const u32 changed = l->termios.c_lflag ^ termios->c_lflag;
	const bool had_flow = input_flag(l, IXON);
	l->termios = *termios;
	if (changed & ICANON) {
		/* What is there becomes a line, or loose bytes. */
		memset(l->line_end, 0, sizeof(l->line_end));
		l->literal_next = false;
		l->ready = l->tail;
		if (ldisc_is_canonical(l) && l->head != l->tail) {
			mark_line_end(l, l->head - 1);
			l->ready = l->head;
		}
	}
	if (had_flow && !input_flag(l, IXON))
		l->is_stopped = false;
}

void ldisc_init(struct ldisc *l)
{
	memset(l, 0, sizeof(*l));
	l->termios = (struct ktermios){
		.c_iflag = ICRNL | IXON,
		.c_oflag = OPOST | ONLCR,
		.c_cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL,
		.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
		.c_cc = { [VINTR] = CTRL('C'),
			  [VQUIT] = CTRL('\\'),
			  [VERASE] = 0x7f,
			  [VKILL] = CTRL('U'),
			  [VEOF] = CTRL('D'),
			  [VMIN] = 1,
			  [VSTART] = CTRL('Q'),
			  [VSTOP] = CTRL('S'),
			  [VSUSP] = CTRL('Z'),
			  [VREPRINT] = CTRL('R'),
			  [VDISCARD] = CTRL('O'),
			  [VWERASE] = CTRL('W'),
			  [VLNEXT] = CTRL('V') },
	};
}
