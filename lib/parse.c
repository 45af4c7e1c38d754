/* SPDX-License-Identifier: MIT */
/* Numbers from text; overflow is found before it happens. */
#include "lib/parse.h"

#include "lib/abi/errno.h"
#include "lib/checked_math.h"

#define BASE_MAX 16
#define NO_DIGIT BASE_MAX

static unsigned int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return NO_DIGIT;
}

int parse_u64_prefix(const char **text, unsigned int base, u64 *value)
{
	const char *p = *text;
	u64 result = 0;
	const char *first;

	if ((base == 0 || base == 16) && p[0] == '0' && (p[1] == 'x' || p[1] == 'X') &&
	    digit_of(p[2]) < 16) {
		p += 2;
		base = 16;
	} else if (base == 0) {
		base = p[0] == '0' ? 8 : 10;
	}
	for (first = p; digit_of(*p) < base; p++) {
		if (!checked_mul(result, base, &result) ||
		    !checked_add(result, digit_of(*p), &result))
			return -ERANGE;
	}
	if (p == first)
		return -EINVAL;
	*text = p;
	*value = result;
	return 0;
}

int parse_u64(const char *text, unsigned int base, u64 *value)
{
	u64 result;
	const int err = parse_u64_prefix(&text, base, &result);

	if (err != 0)
		return err;
	if (*text != '\0')
		return -EINVAL;
	*value = result;
	return 0;
}

/* The shift that a unit stands for; negative: no unit. */
static int shift_of(char unit)
{
	if (unit == 'K' || unit == 'k')
		return 10;
	if (unit == 'M' || unit == 'm')
		return 20;
	if (unit == 'G' || unit == 'g')
		return 30;
	if (unit == 'T' || unit == 't')
		return 40;
	return -1;
}

int parse_size(const char *text, u64 *bytes)
{
	u64 result;
	const int err = parse_u64_prefix(&text, 0, &result);

	if (err != 0)
		return err;
	if (*text != '\0') {
		const int shift = shift_of(*text);

		if (shift < 0 || text[1] != '\0')
			return -EINVAL;
		if (!checked_mul(result, 1ULL << shift, &result))
			return -ERANGE;
	}
	*bytes = result;
	return 0;
}
