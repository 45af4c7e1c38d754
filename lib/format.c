/* SPDX-License-Identifier: MIT */
/*
 * One conversion at a time: parse_spec() reads what stands between the percent sign and the letter
 * into a struct spec, emit_*() writes the value. Digits are made backwards in a small buffer; zeros
 * and blanks are handed out in pieces, so a large width needs no large buffer.
 */
#include "lib/format.h"

#include "lib/string.h"

enum length { LENGTH_INT, LENGTH_CHAR, LENGTH_SHORT, LENGTH_LONG };

struct spec {
	bool left, plus, space, alternate, zero;
	bool has_precision;
	size_t width;
	size_t precision;
	enum length length;
	char conversion;
};

struct output {
	struct format_sink *sink;
	size_t total;
};

/* Of a 64-bit number in octal. */
#define DIGITS_MAX 22
/* A width or precision beyond this is somebody's mistake and not worth the output. */
#define WIDTH_MAX 4096

static void emit(struct output *out, const char *text, size_t len)
{
	if (len == 0)
		return;
	out->sink->put(out->sink, text, len);
	out->total += len;
}

static void emit_repeated(struct output *out, char c, size_t count)
{
	static const char blanks[] = "                ";
	static const char zeros[] = "0000000000000000";
	const char *const from = c == '0' ? zeros : blanks;

	while (count > 0) {
		const size_t piece = MIN(count, sizeof(blanks) - 1);

		emit(out, from, piece);
		count -= piece;
	}
}

/* @prefix (sign or 0x), zeros, @digits, padded to the width. */
static void emit_padded(struct output *out, const struct spec *spec, const char *prefix,
			size_t zeros, const char *digits, size_t digits_len)
{
	const size_t prefix_len = strlen(prefix);
	const size_t len = prefix_len + zeros + digits_len;
	const size_t fill = spec->width > len ? spec->width - len : 0;
	const bool fill_zeros = spec->zero && !spec->left && !spec->has_precision;

	if (!spec->left && !fill_zeros)
		emit_repeated(out, ' ', fill);
	emit(out, prefix, prefix_len);
	emit_repeated(out, '0', zeros + (fill_zeros ? fill : 0));
	emit(out, digits, digits_len);
	if (spec->left)
		emit_repeated(out, ' ', fill);
}

static void emit_number(struct output *out, const struct spec *spec, u64 value, unsigned int base,
			const char *sign)
{
	const char *const alphabet = spec->conversion == 'X' ? "0123456789ABCDEF" :
							       "0123456789abcdef";
	char buf[DIGITS_MAX];
	char *first = buf + sizeof(buf);
	const char *prefix = sign;
	size_t zeros = 0;
	size_t len;

	if (base == 16 && value != 0 && spec->alternate)
		prefix = spec->conversion == 'X' ? "0X" : "0x";
	for (; value != 0; value /= base)
		*--first = alphabet[value % base];
	len = (size_t)(buf + sizeof(buf) - first);
	if (spec->has_precision)
		zeros = spec->precision > len ? spec->precision - len : 0;
	else if (len == 0)
		zeros = 1;
	if (base == 8 && spec->alternate && zeros == 0)
		zeros = 1;
	emit_padded(out, spec, prefix, zeros, first, len);
}

static void emit_signed(struct output *out, const struct spec *spec, s64 value)
{
	const char *sign = "";

	if (value < 0)
		sign = "-";
	else if (spec->plus)
		sign = "+";
	else if (spec->space)
		sign = " ";
	/* Negated as unsigned: the smallest number has no positive counterpart. */
	emit_number(out, spec, value < 0 ? -(u64)value : (u64)value, 10, sign);
}

static void emit_string(struct output *out, const struct spec *spec, const char *s)
{
	struct spec text = *spec;
	size_t len;

	if (s == NULL)
		s = "(null)";
	len = spec->has_precision ? strnlen(s, spec->precision) : strlen(s);
	text.zero = false;
	emit_padded(out, &text, "", 0, s, len);
}

/* A run of digits; stops growing at WIDTH_MAX. */
static const char *parse_count(const char *p, size_t *value)
{
	*value = 0;
	for (; *p >= '0' && *p <= '9'; p++)
		*value = MIN(*value * 10 + (size_t)(*p - '0'), (size_t)WIDTH_MAX);
	return p;
}

static const char *parse_flags(const char *p, struct spec *spec)
{
	for (;; p++) {
		switch (*p) {
		case '-':
			spec->left = true;
			break;
		case '+':
			spec->plus = true;
			break;
		case ' ':
			spec->space = true;
			break;
		case '#':
			spec->alternate = true;
			break;
		case '0':
			spec->zero = true;
			break;
		default:
			return p;
		}
	}
}

static const char *parse_length(const char *p, struct spec *spec)
{
	switch (*p) {
	case 'h':
		spec->length = p[1] == 'h' ? LENGTH_CHAR : LENGTH_SHORT;
		return p[1] == 'h' ? p + 2 : p + 1;
	case 'l':
		spec->length = LENGTH_LONG;
		return p[1] == 'l' ? p + 2 : p + 1;
	case 'z':
	case 't':
	case 'j':
		spec->length = LENGTH_LONG;
		return p + 1;
	default:
		return p;
	}
}

/* @p stands behind the percent sign. Takes the arguments of * from @args. */
static const char *parse_spec(const char *p, struct spec *spec, va_list *args)
{
	*spec = (struct spec){ .length = LENGTH_INT };
	p = parse_flags(p, spec);
	if (*p == '*') {
		const int width = va_arg(*args, int);

		spec->left = spec->left || width < 0;
		spec->width = MIN((size_t)(width < 0 ? -(s64)width : width), (size_t)WIDTH_MAX);
		p++;
	} else {
		p = parse_count(p, &spec->width);
	}
	if (*p == '.') {
		spec->has_precision = true;
		p++;
		if (*p == '*') {
			const int precision = va_arg(*args, int);

			/* A negative one counts as left out. */
			spec->has_precision = precision >= 0;
			spec->precision = precision < 0 ? 0 :
							  MIN((size_t)precision, (size_t)WIDTH_MAX);
			p++;
		} else {
			p = parse_count(p, &spec->precision);
		}
	}
	p = parse_length(p, spec);
	spec->conversion = *p;
	return *p == '\0' ? p : p + 1;
}

static s64 signed_argument(const struct spec *spec, va_list *args)
{
	switch (spec->length) {
	case LENGTH_CHAR:
		return (signed char)va_arg(*args, int);
	case LENGTH_SHORT:
		return (short)va_arg(*args, int);
	case LENGTH_LONG:
		return va_arg(*args, long);
	default:
		return va_arg(*args, int);
	}
}

static u64 unsigned_argument(const struct spec *spec, va_list *args)
{
	switch (spec->length) {
	case LENGTH_CHAR:
		return (u8)va_arg(*args, unsigned int);
	case LENGTH_SHORT:
		return (u16)va_arg(*args, unsigned int);
	case LENGTH_LONG:
		return va_arg(*args, unsigned long);
	default:
		return va_arg(*args, unsigned int);
	}
}

/* False: no such conversion. */
static bool emit_conversion(struct output *out, struct spec *spec, va_list *args)
{
	char c;

	switch (spec->conversion) {
	case 'd':
	case 'i':
		emit_signed(out, spec, signed_argument(spec, args));
		return true;
	case 'u':
		emit_number(out, spec, unsigned_argument(spec, args), 10, "");
		return true;
	case 'x':
	case 'X':
		emit_number(out, spec, unsigned_argument(spec, args), 16, "");
		return true;
	case 'o':
		emit_number(out, spec, unsigned_argument(spec, args), 8, "");
		return true;
	case 'p':
		emit_number(out, spec, (uintptr_t)va_arg(*args, void *), 16, "0x");
		return true;
	case 's':
		emit_string(out, spec, va_arg(*args, const char *));
		return true;
	case 'c':
		c = (char)va_arg(*args, int);
		spec->zero = false;
		emit_padded(out, spec, "", 0, &c, 1);
		return true;
	case '%':
		emit(out, "%", 1);
		return true;
	default:
		return false;
	}
}

size_t format_to_va(struct format_sink *sink, const char *format, va_list args)
{
	struct output out = { .sink = sink };
	va_list copy;

	/* A parameter of array type cannot be passed on by address; a local can. */
	va_copy(copy, args);
	while (*format != '\0') {
		const char *percent = format;
		struct spec spec;

		while (*percent != '\0' && *percent != '%')
			percent++;
		emit(&out, format, (size_t)(percent - format));
		if (*percent == '\0')
			break;
		format = parse_spec(percent + 1, &spec, &copy);
		if (!emit_conversion(&out, &spec, &copy))
			emit(&out, percent, (size_t)(format - percent));
	}
	va_end(copy);
	return out.total;
}

size_t format_to(struct format_sink *sink, const char *format, ...)
{
	va_list args;
	size_t total;

	va_start(args, format);
	total = format_to_va(sink, format, args);
	va_end(args);
	return total;
}

struct buffer_sink {
	struct format_sink sink;
	char *at;
	size_t left; /* bytes, without the NUL's */
};

static void buffer_put(struct format_sink *sink, const char *text, size_t len_bytes)
{
	struct buffer_sink *const b = container_of(sink, struct buffer_sink, sink);
	const size_t fitting = MIN(len_bytes, b->left);

	memcpy(b->at, text, fitting);
	b->at += fitting;
	b->left -= fitting;
}

static size_t format_to_buffer(char *buf, size_t size, const char *format, va_list args)
{
	struct buffer_sink b = {
		.sink = { .put = buffer_put },
		.at = buf,
		.left = size > 0 ? size - 1 : 0,
	};
	const size_t total = format_to_va(&b.sink, format, args);

	if (size > 0)
		*b.at = '\0';
	return total;
}

#if !defined(HOST_TEST) || defined(FORMAT_UNDER_TEST)

int vsnprintf(char *buf, size_t size, const char *format, va_list args)
{
	return (int)format_to_buffer(buf, size, format, args);
}

int snprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	size_t total;

	va_start(args, format);
	total = format_to_buffer(buf, size, format, args);
	va_end(args);
	return (int)total;
}

#endif

size_t format_buf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	size_t total;

	va_start(args, format);
	total = format_to_buffer(buf, size, format, args);
	va_end(args);
	return size == 0 ? 0 : MIN(total, size - 1);
}
