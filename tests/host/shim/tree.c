// SPDX-License-Identifier: MIT
/* Device trees for tests: from files, and made by hand (Devicetree Specification 0.4, chapter 5).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/host/shim/devices.h"

#define BEGIN_NODE 1
#define END_NODE   2
#define PROP       3
#define END        9
#define MAGIC      0xd00dfeed
#define VERSION    17
#define COMPATIBLE 16

#define STRUCTURE_AT 64 /* header, then an empty reservation block */
#define STRINGS_AT   12288
#define BLOB_BYTES   16384

static u8 blob[BLOB_BYTES] __aligned(8);
static u32 at, strings_at;
static u8 loaded[65536] __aligned(8);

void tree_load(const char *name, struct fdt *tree)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", FIXTURES_DIR, name);
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("%s is missing: run `make fixtures`", path);
	const size_t size = fread(loaded, 1, sizeof(loaded), f);
	fclose(f);
	assert_int_equal(fdt_open(loaded, size, tree), 0);
}

static void put_at(u32 where, u32 value)
{
	for (u32 i = 0; i < 4; i++)
		blob[where + i] = (u8)(value >> (24 - 8 * i));
}

static void put(u32 value)
{
	assert_true(at + 4 <= STRINGS_AT);
	put_at(at, value);
	at += 4;
}

static void put_bytes(const void *bytes, u32 len)
{
	assert_true(at + len + 4 <= STRINGS_AT);
	memcpy(blob + at, bytes, len);
	at = (at + len + 3) & ~3u;
}

void tree_begin(void)
{
	memset(blob, 0, sizeof(blob));
	at = STRUCTURE_AT;
	strings_at = STRINGS_AT;
}

void tree_node(const char *name)
{
	put(BEGIN_NODE);
	put_bytes(name, (u32)strlen(name) + 1);
}

void tree_end(void)
{
	put(END_NODE);
}

void tree_prop(const char *name, const void *value, u32 len_bytes)
{
	const u32 name_len = (u32)strlen(name) + 1;
	assert_true(strings_at + name_len <= BLOB_BYTES);
	put(PROP);
	put(len_bytes);
	put(strings_at - STRINGS_AT);
	put_bytes(value, len_bytes);
	memcpy(blob + strings_at, name, name_len);
	strings_at += name_len;
}

void tree_prop_string(const char *name, const char *value)
{
	tree_prop(name, value, (u32)strlen(value) + 1);
}

void tree_prop_cells(const char *name, unsigned count, ...)
{
	u8 value[64];
	va_list args;
	assert_true(count * 4 <= sizeof(value));
	va_start(args, count);
	for (unsigned i = 0; i < count; i++) {
		const u32 cell = va_arg(args, u32);
		for (u32 b = 0; b < 4; b++)
			value[4 * i + b] = (u8)(cell >> (24 - 8 * b));
	}
	va_end(args);
	tree_prop(name, value, count * 4);
}

void tree_finish(struct fdt *tree)
{
	put(END);
	const u32 header[] = { MAGIC,
			       strings_at,
			       STRUCTURE_AT,
			       STRINGS_AT,
			       40,
			       VERSION,
			       COMPATIBLE,
			       0,
			       strings_at - STRINGS_AT,
			       at - STRUCTURE_AT };
	for (u32 i = 0; i < ARRAY_SIZE(header); i++)
		put_at(4 * i, header[i]);
	if (fdt_open(blob, strings_at, tree) != 0)
		fail_msg("the tree made by hand: %s", tree->error);
}
