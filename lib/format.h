/* SPDX-License-Identifier: MIT */
/*
 * printf without a C library: d i u x X o c s p %, flags "0 - + space #", width and precision
 * (numbers or *), lengths hh h l ll z t. No floating point, no %n, no positional arguments; what is
 * not known is copied as it stands. Context: any; nothing is allocated and the stack use is small.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

/*
 * Where text goes, piece by piece: embed it in a struct of your own and find that with
 * container_of.
 */
struct format_sink {
	void (*put)(struct format_sink *sink, const char *text, size_t len_bytes);
};

/* Return how many bytes were handed to @sink. */
size_t format_to(struct format_sink *sink, const char *format, ...) __printf(2, 3);
size_t format_to_va(struct format_sink *sink, const char *format, va_list args) __printf(2, 0);

#if defined(HOST_TEST) && !defined(FORMAT_UNDER_TEST)
#include <stdio.h>
#else
/*
 * At most @size bytes into @buf, always terminated (if @size > 0).
 * Returns: the length the whole text has, without its NUL: cut off if that is >= @size.
 */
int snprintf(char *buf, size_t size, const char *format, ...) __printf(3, 4);
int vsnprintf(char *buf, size_t size, const char *format, va_list args) __printf(3, 0);
#endif

/* The same, but returns what is in @buf: for putting texts one behind the other. */
size_t format_buf(char *buf, size_t size, const char *format, ...) __printf(3, 4);
