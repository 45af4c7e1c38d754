/* SPDX-License-Identifier: MIT */
/* Files that tests read: device trees made by `make fixtures`. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

/* The whole file in memory of its exact size (free() it); fails the test if it is not there. */
static inline void *fixture_load(const char *name, size_t *len_bytes)
{
	char path[256];
	void *data;
	FILE *f;
	long size;

	snprintf(path, sizeof(path), FIXTURES_DIR "/%s", name);
	f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("%s is missing: make fixtures", path);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	rewind(f);
	data = malloc((size_t)size);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, (size_t)size, f), size);
	fclose(f);
	*len_bytes = (size_t)size;
	return data;
}
