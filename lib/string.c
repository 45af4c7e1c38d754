/* SPDX-License-Identifier: MIT */
/*
 * Memory is moved in words of eight bytes when both addresses allow it, eight words at a time; when
 * they are misaligned to each other, aligned words are read and shifted together, never reading a
 * byte outside the source. Short pieces go byte by byte.
 *
 * KEEP_LOOP() in a loop keeps the compiler from recognising memset or memcpy in it and replacing it
 * by a call to the function that it stands in. It costs no instruction.
 */
#include "lib/string.h"

#define KEEP_LOOP() __asm__ volatile("")

/* May stand for bytes of any type. */
typedef u64 __attribute__((may_alias)) word_t;

#define WORD        sizeof(word_t)
#define BLOCK       (8 * WORD) /* bytes in one round of the unrolled loops */
#define PAGE_BYTES  4096
#define SHORT_BYTES (2 * WORD)            /* below this, aligning costs more than it saves */
#define EACH_BYTE   0x0101010101010101ULL /* times a byte: a word of it */
#define BYTES_BELOW 0x0001020304050607ULL /* times 1 << 8n: n in the highest byte */
#define LENGTH_MAX  (~(size_t)0 / 2)      /* of any string, so that no sum overflows */

static __always_inline void copy_block(word_t *d, const word_t *s)
{
	const word_t w0 = s[0], w1 = s[1], w2 = s[2], w3 = s[3];
	const word_t w4 = s[4], w5 = s[5], w6 = s[6], w7 = s[7];

	d[0] = w0;
	d[1] = w1;
	d[2] = w2;
	d[3] = w3;
	d[4] = w4;
	d[5] = w5;
	d[6] = w6;
	d[7] = w7;
}

/* The whole words of less than a block, @n bytes. */
static __always_inline void copy_words(word_t *d, const word_t *s, size_t n)
{
	if ((n & (4 * WORD)) != 0) {
		const word_t w0 = s[0], w1 = s[1], w2 = s[2], w3 = s[3];

		d[0] = w0;
		d[1] = w1;
		d[2] = w2;
		d[3] = w3;
		d += 4;
		s += 4;
	}
	if ((n & (2 * WORD)) != 0) {
		const word_t w0 = s[0], w1 = s[1];

		d[0] = w0;
		d[1] = w1;
		d += 2;
		s += 2;
	}
	if ((n & WORD) != 0)
		d[0] = s[0];
}

static __always_inline void fill_block(word_t *d, word_t value)
{
	d[0] = value;
	d[1] = value;
	d[2] = value;
	d[3] = value;
	d[4] = value;
	d[5] = value;
	d[6] = value;
	d[7] = value;
}

static __always_inline void fill_words(word_t *d, word_t value, size_t n)
{
	if ((n & (4 * WORD)) != 0) {
		d[0] = value;
		d[1] = value;
		d[2] = value;
		d[3] = value;
		d += 4;
	}
	if ((n & (2 * WORD)) != 0) {
		d[0] = value;
		d[1] = value;
		d += 2;
	}
	if ((n & WORD) != 0)
		d[0] = value;
}

/* In host tests these are the C library's (see the header). */
#if !defined(HOST_TEST) || defined(STRING_UNDER_TEST)

static inline bool is_word_aligned(const void *p)
{
	return ((uintptr_t)p & (WORD - 1)) == 0;
}

static __always_inline void copy_bytes(u8 *d, const u8 *s, size_t n)
{
	for (; n > 0; n--) {
		*d++ = *s++;
		KEEP_LOOP();
	}
}

/*
 * The rest of a copy when @d is aligned and @s is not. The bytes of the source's first, partial
 * word are fetched singly; from then on each destination word is the end of one source word and the
 * beginning of the next. When fewer than two words are left, the next aligned word might reach past
 * the end. Returns @dst, so that memcpy can end in it.
 */
static __noinline void *copy_shifted(void *dst, u8 *d, const u8 *s, size_t n)
{
	const unsigned int offset = (uintptr_t)s & (WORD - 1);
	const unsigned int down = 8 * offset;
	const unsigned int up = 64 - down;
	const word_t *next = (const word_t *)(s + (WORD - offset));
	word_t current = 0;

	for (unsigned int i = offset; i < WORD; i++)
		current |= (word_t)s[i - offset] << (8 * i);
	for (; n >= 5 * WORD; n -= 4 * WORD, d += 4 * WORD, s += 4 * WORD, next += 4) {
		const word_t a = next[0], b = next[1], c = next[2], e = next[3];

		((word_t *)d)[0] = (current >> down) | (a << up);
		((word_t *)d)[1] = (a >> down) | (b << up);
		((word_t *)d)[2] = (b >> down) | (c << up);
		((word_t *)d)[3] = (c >> down) | (e << up);
		current = e;
	}
	for (; n >= 2 * WORD; n -= WORD, d += WORD, s += WORD) {
		const word_t following = *next++;

		*(word_t *)d = (current >> down) | (following << up);
		current = following;
	}
	copy_bytes(d, s, n);
	return dst;
}

/* From low to high addresses; right for overlapping areas too if @dst is below @src. */
static __always_inline void *copy_forward(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if (n >= SHORT_BYTES) {
		for (; !is_word_aligned(d); n--) {
			*d++ = *s++;
			KEEP_LOOP();
		}
		if (!is_word_aligned(s))
			return copy_shifted(dst, d, s, n);
		for (; n >= BLOCK; n -= BLOCK, d += BLOCK, s += BLOCK)
			copy_block((word_t *)d, (const word_t *)s);
		copy_words((word_t *)d, (const word_t *)s, n);
		d += n & ~(WORD - 1);
		s += n & ~(WORD - 1);
		n %= WORD;
	}
	copy_bytes(d, s, n);
	return dst;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t len_bytes)
{
	return copy_forward(dst, src, len_bytes);
}

void *memmove(void *dst, const void *src, size_t len_bytes)
{
	u8 *d = dst;
	const u8 *s = src;

	/* Below the source, or past its end (then the difference is at least the length). */
	if ((uintptr_t)d - (uintptr_t)s >= len_bytes)
		return copy_forward(dst, src, len_bytes);
	d += len_bytes;
	s += len_bytes;
	if ((((uintptr_t)d ^ (uintptr_t)s) & (WORD - 1)) == 0) {
		while (len_bytes > 0 && !is_word_aligned(d)) {
			*--d = *--s;
			len_bytes--;
			KEEP_LOOP();
		}
		for (; len_bytes >= WORD; len_bytes -= WORD) {
			d -= WORD;
			s -= WORD;
			*(word_t *)d = *(const word_t *)s;
			KEEP_LOOP();
		}
	}
	for (; len_bytes > 0; len_bytes--) {
		*--d = *--s;
		KEEP_LOOP();
	}
	return dst;
}

void *memset(void *dst, int byte, size_t len_bytes)
{
	const word_t value = (u8)byte * EACH_BYTE;
	u8 *d = dst;

	if (len_bytes >= SHORT_BYTES) {
		for (; !is_word_aligned(d); len_bytes--) {
			*d++ = (u8)byte;
			KEEP_LOOP();
		}
		for (; len_bytes >= BLOCK; len_bytes -= BLOCK, d += BLOCK)
			fill_block((word_t *)d, value);
		fill_words((word_t *)d, value, len_bytes);
		d += len_bytes & ~(WORD - 1);
		len_bytes %= WORD;
	}
	for (; len_bytes > 0; len_bytes--) {
		*d++ = (u8)byte;
		KEEP_LOOP();
	}
	return dst;
}

int memcmp(const void *a, const void *b, size_t len_bytes)
{
	const u8 *x = a;
	const u8 *y = b;

	/* Skip what is equal word by word; the word that differs is looked at byte by byte. */
	if (is_word_aligned(x) && is_word_aligned(y)) {
		while (len_bytes >= WORD && *(const word_t *)x == *(const word_t *)y) {
			x += WORD;
			y += WORD;
			len_bytes -= WORD;
		}
	}
	for (; len_bytes > 0; len_bytes--, x++, y++) {
		if (*x != *y)
			return *x < *y ? -1 : 1;
	}
	return 0;
}

void *memchr(const void *buf, int byte, size_t len_bytes)
{
	for (const u8 *p = buf; len_bytes > 0; len_bytes--, p++) {
		if (*p == (u8)byte)
			return (void *)p;
	}
	return NULL;
}

/* By words at their alignment, of each of which some byte is the string's or its NUL. */
static __always_inline __reads_whole_words size_t length_below(const char *s, size_t max)
{
	const size_t before = (uintptr_t)s & (WORD - 1);
	const word_t *at = (const word_t *)(s - before);
	const size_t end = before + max;
	word_t word = *at | ((1ULL << 8 * before) - 1); /* no NUL there */
	word_t nuls;
	size_t len = 0; /* with @before */

	/* 0x80 in every byte that is 0; above the lowest of them it may be there wrongly. */
	while ((nuls = (word - EACH_BYTE) & ~word & EACH_BYTE * 0x80) == 0) {
		len += WORD;
		if (len >= end)
			return max;
		word = *++at;
	}
	len += ((nuls & -nuls) >> 7) * BYTES_BELOW >> 56;
	return MIN(len, end) - before;
}

size_t __reads_whole_words strlen(const char *s)
{
	return length_below(s, LENGTH_MAX);
}

size_t __reads_whole_words strnlen(const char *s, size_t max)
{
	return max != 0 ? length_below(s, MIN(max, LENGTH_MAX)) : 0;
}

int strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return (int)(u8)*a - (int)(u8)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (; max > 0; max--, a++, b++) {
		if (*a != *b)
			return (int)(u8)*a - (int)(u8)*b;
		if (*a == '\0')
			return 0;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++) {
		if (*s == '\0')
			return NULL;
	}
	return (char *)s;
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	do {
		if (*s == (char)c)
			last = s;
	} while (*s++ != '\0');
	return (char *)last;
}

char *strstr(const char *s, const char *wanted)
{
	for (; !string_has_prefix(s, wanted); s++) {
		if (*s == '\0')
			return NULL;
	}
	return (char *)s;
}

#endif

size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = 0;

	for (; src[len] != '\0'; len++) {
		if (len + 1 < size)
			dst[len] = src[len];
	}
	if (size > 0)
		dst[MIN(len, size - 1)] = '\0';
	return len;
}

bool string_has_prefix(const char *s, const char *prefix)
{
	for (; *prefix != '\0'; s++, prefix++) {
		if (*s != *prefix)
			return false;
	}
	return true;
}

void page_copy(void *dst, const void *src)
{
	word_t *d = dst;
	const word_t *s = src;
	const word_t *const end = s + PAGE_BYTES / WORD;

	do {
		copy_block(d, s);
		copy_block(d + 8, s + 8);
		copy_block(d + 16, s + 16);
		copy_block(d + 24, s + 24);
		d += 32;
		s += 32;
	} while (s != end);
}

void page_clear(void *dst)
{
	word_t *d = dst;
	word_t *const end = d + PAGE_BYTES / WORD;

	do {
		fill_block(d, 0);
		fill_block(d + 8, 0);
		fill_block(d + 16, 0);
		fill_block(d + 24, 0);
		d += 32;
	} while (d != end);
}
