/* SPDX-License-Identifier: MIT */
/*
 * Fuzz targets: what parses input from outside is given any bytes at all, on this machine, with
 * sanitizers. Each tests/fuzz/fuzz_<subject>.c is one target, linked with the files its comment
 * names, in two ways:
 *
 *	make fuzz T=<subject>	with libFuzzer (clang), which looks for new inputs
 *	make host-test		with replay.c (gcc), which gives it those that are known: the
 *corpus, seeds made by make_seeds.py, and some mutations of both
 *
 * A target must not keep anything from one input for the next.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold of a result, whatever the input. */
#define FUZZ_CHECK(condition)                                                            \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, \
				#condition);                                             \
			abort();                                                         \
		}                                                                        \
	} while (0)

/* A copy of exactly @size bytes, so that the sanitizer sees who reads behind its end. free() it. */
static inline void *fuzz_copy(const void *data, size_t size)
{
	void *copy = malloc(size != 0 ? size : 1);
	FUZZ_CHECK(copy != NULL);
	return size != 0 ? memcpy(copy, data, size) : copy;
}
