/* SPDX-License-Identifier: MIT */
/*
 * Memory and strings as <string.h> has them, without a C library, and whole pages. Nothing here
 * makes a misaligned access: the hardware we run on would trap for each. The compiler may call
 * memcpy, memmove, memset and memcmp on its own, so those keep their standard names and meanings.
 *
 * In host tests the C library's functions are used, so that the sanitizers see every access; only
 * tests/host/test_string.c compiles ours, under other names.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

#if defined(HOST_TEST) && !defined(STRING_UNDER_TEST)
#include <string.h>
#else
void *memcpy(void *restrict dst, const void *restrict src, size_t len_bytes);
void *memmove(void *dst, const void *src, size_t len_bytes);
void *memset(void *dst, int byte, size_t len_bytes);
int memcmp(const void *a, const void *b, size_t len_bytes);
void *memchr(const void *buf, int byte, size_t len_bytes);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *wanted);
#endif

/*
 * Copy @src into @dst of @size bytes, cut off if need be and always terminated (if @size > 0).
 * Returns the length of @src: cut off if that is >= @size.
 */
size_t strlcpy(char *dst, const char *src, size_t size);

/* Does @s begin with @prefix? */
bool string_has_prefix(const char *s, const char *prefix);

/*
 * memset to 0 and memcpy of objects that are aligned to 8 and of a size the compiler knows: without
 * a call, and without the questions that those begin and end with.
 */
#define WORDS_BLOCK 64 /* bytes in one round */
static __always_inline void words_clear(void *dst, size_t len_bytes)
{
	u8 *d = (u8 *)__builtin_assume_aligned(dst, sizeof(u64));
	for (size_t n = len_bytes / WORDS_BLOCK; n > 0; n--, d += WORDS_BLOCK)
		__builtin_memset(d, 0, WORDS_BLOCK);
	__builtin_memset(d, 0, len_bytes % WORDS_BLOCK);
}
static __always_inline void words_copy(void *restrict dst, const void *restrict src,
				       size_t len_bytes)
{
	u8 *d = (u8 *)__builtin_assume_aligned(dst, sizeof(u64));
	const u8 *s = (const u8 *)__builtin_assume_aligned(src, sizeof(u64));
	for (size_t n = len_bytes / WORDS_BLOCK; n > 0; n--, d += WORDS_BLOCK, s += WORDS_BLOCK)
		__builtin_memcpy(d, s, WORDS_BLOCK);
	__builtin_memcpy(d, s, len_bytes % WORDS_BLOCK);
}

/* Copy or clear a page of 4096 bytes; the addresses are multiples of 8 (pages are). */
void page_copy(void *dst, const void *src);
void page_clear(void *dst);
