/* SPDX-License-Identifier: MIT */
/* sources: lib/cpio.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/abi/errno.h"
#include "lib/abi/limits.h"
#include "lib/cpio.h"

struct archive {
	u8 bytes[16384];
	size_t len;
};

static void pad(struct archive *a, size_t start)
{
	while ((a->len - start) % 4 != 0)
		a->bytes[a->len++] = 0;
}

static void add_raw(struct archive *a, const char *magic, const char *name, u32 name_size, u32 mode,
		    const void *data, u32 data_len, u32 check)
{
	const size_t start = a->len;
	const u32 fields[13] = { 7, mode, 11, 12, 2,         1700000000, data_len,
				 1, 2,    5,  1,  name_size, check };

	memcpy(a->bytes + a->len, magic, 6);
	a->len += 6;
	for (size_t i = 0; i < 13; i++)
		a->len += (size_t)sprintf((char *)a->bytes + a->len, i % 2 == 0 ? "%08x" : "%08X",
					  fields[i]);
	memcpy(a->bytes + a->len, name, name_size);
	a->len += name_size;
	pad(a, start);
	memcpy(a->bytes + a->len, data, data_len);
	a->len += data_len;
	pad(a, start);
}

static void add(struct archive *a, const char *name, u32 mode, const char *text)
{
	add_raw(a, "070701", name, (u32)strlen(name) + 1, mode, text, (u32)strlen(text), 0);
}

static void add_trailer(struct archive *a)
{
	add(a, "TRAILER!!!", 0, "");
}

/* Go through a copy of exactly @len bytes. Entries seen, or -EINVAL; the reader's end in @end. */
static int walk(const struct archive *a, size_t len, size_t *end)
{
	u8 *const copy = malloc(len > 0 ? len : 1);
	struct cpio_reader r;
	struct cpio_entry e;
	volatile u32 sum = 0;
	int entries = 0;
	int more;

	memcpy(copy, a->bytes, len);
	cpio_init(&r, copy, len);
	while ((more = cpio_next(&r, &e)) == 1) {
		assert_int_equal(strlen(e.name), e.name_len);
		for (u32 i = 0; i < e.data_len; i++)
			sum += e.data[i];
		entries++;
	}
	if (end != NULL)
		*end = r.offset;
	free(copy);
	return more == 0 ? entries : more;
}

static void every_field_of_an_entry_is_read(void **state)
{
	struct archive a = { .len = 0 };
	struct cpio_reader r;
	struct cpio_entry e;

	add(&a, "etc/passwd", 0100644, "root:x:0:0\n");
	add(&a, "dev/console", 0020600, "");
	add_trailer(&a);
	cpio_init(&r, a.bytes, a.len);
	assert_int_equal(cpio_next(&r, &e), 1);
	assert_string_equal(e.name, "etc/passwd");
	assert_int_equal(e.name_len, 10);
	assert_int_equal(e.ino, 7);
	assert_int_equal(e.mode, 0100644);
	assert_int_equal(e.uid, 11);
	assert_int_equal(e.gid, 12);
	assert_int_equal(e.nlink, 2);
	assert_int_equal(e.mtime, 1700000000);
	assert_int_equal(e.dev_major, 1);
	assert_int_equal(e.dev_minor, 2);
	assert_int_equal(e.rdev_major, 5);
	assert_int_equal(e.rdev_minor, 1);
	assert_int_equal(e.data_len, 11);
	assert_memory_equal(e.data, "root:x:0:0\n", 11);
	assert_int_equal(cpio_next(&r, &e), 1);
	assert_string_equal(e.name, "dev/console");
	assert_int_equal(e.data_len, 0);
	assert_int_equal(cpio_next(&r, &e), 0);
	assert_int_equal(cpio_next(&r, &e), 0);
}

static void names_and_contents_of_every_length_keep_the_padding_straight(void **state)
{
	struct archive a = { .len = 0 };
	char text[] = "abcdefgh";
	int added = 0;

	for (size_t name = 1; name <= 8; name++) {
		for (size_t data = 0; data <= 8; data++) {
			char short_name[9] = { 0 };
			char short_text[9] = { 0 };

			memcpy(short_name, text, name);
			memcpy(short_text, text, data);
			add(&a, short_name, 0100644, short_text);
			added++;
		}
	}
	add_trailer(&a);
	assert_int_equal(walk(&a, a.len, NULL), added);
}

static void archives_one_behind_the_other_count_as_one(void **state)
{
	struct archive a = { .len = 0 };
	struct cpio_reader r;
	struct cpio_entry e;

	add(&a, "first", 0100644, "1");
	add_trailer(&a);
	while (a.len % 512 != 0)
		a.bytes[a.len++] = 0;
	add(&a, "second", 0100644, "2");
	add_trailer(&a);
	/* Directly behind, and zeros at the very end. */
	add(&a, "third", 0100644, "3");
	add_trailer(&a);
	memset(a.bytes + a.len, 0, 100);
	a.len += 100;
	cpio_init(&r, a.bytes, a.len);
	assert_int_equal(cpio_next(&r, &e), 1);
	assert_int_equal(e.archive, 0);
	assert_int_equal(cpio_next(&r, &e), 1);
	assert_string_equal(e.name, "second");
	assert_int_equal(e.archive, 1);
	assert_int_equal(cpio_next(&r, &e), 1);
	assert_int_equal(e.archive, 2);
	assert_int_equal(cpio_next(&r, &e), 0);
}

static void nothing_and_only_zeros_are_empty_archives(void **state)
{
	struct archive a = { .len = 600 };

	assert_int_equal(walk(&a, 0, NULL), 0);
	assert_int_equal(walk(&a, 600, NULL), 0);
	a.len = 0;
	add_trailer(&a);
	assert_int_equal(walk(&a, a.len, NULL), 0);
}

static void an_archive_cut_off_anywhere_is_damaged_where_the_entry_begins(void **state)
{
	struct archive a = { .len = 0 };
	size_t starts[4], end;

	starts[0] = 0;
	add(&a, "one", 0100644, "some content");
	starts[1] = a.len;
	add(&a, "two", 0100755, "more");
	starts[2] = a.len;
	add_trailer(&a);
	starts[3] = a.len;
	for (size_t cut = 1; cut < a.len; cut++) {
		size_t in = 0;

		while (cut >= starts[in + 1])
			in++;
		/* The trailer's own padding may be missing. */
		if (cut >= starts[2] + 110 + sizeof("TRAILER!!!"))
			continue;
		assert_int_equal(walk(&a, cut, &end), -EINVAL);
		assert_int_equal(end, starts[in]);
	}
}

static void garbage_behind_the_trailer_is_damage(void **state)
{
	struct archive a = { .len = 0 };
	size_t good, end;

	add(&a, "one", 0100644, "x");
	add_trailer(&a);
	good = a.len;
	memcpy(a.bytes + a.len, "\x1f\x8b compressed", 13);
	a.len += 13;
	assert_int_equal(walk(&a, a.len, &end), -EINVAL);
	assert_int_equal(end, good);
}

static void other_forms_are_refused(void **state)
{
	static const char *const magics[] = { "070707", "070700", "\xc7\x71....", "070703" };

	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		struct archive a = { .len = 0 };

		add_raw(&a, magics[i], "x", 2, 0100644, "", 0, 0);
		add_trailer(&a);
		assert_int_equal(walk(&a, a.len, NULL), -EINVAL);
	}
}

static void check_sums_count_where_the_form_has_them(void **state)
{
	struct archive good = { .len = 0 };
	struct archive bad = { .len = 0 };
	struct archive plain = { .len = 0 };

	add_raw(&good, "070702", "x", 2, 0100644, "abc", 3, 'a' + 'b' + 'c');
	add_trailer(&good);
	assert_int_equal(walk(&good, good.len, NULL), 1);
	add_raw(&bad, "070702", "x", 2, 0100644, "abc", 3, 1);
	add_trailer(&bad);
	assert_int_equal(walk(&bad, bad.len, NULL), -EINVAL);
	add_raw(&plain, "070701", "x", 2, 0100644, "abc", 3, 1);
	add_trailer(&plain);
	assert_int_equal(walk(&plain, plain.len, NULL), 1);
}

static void unsound_names_are_refused(void **state)
{
	static char long_name[PATH_MAX + 2];
	struct archive a = { .len = 0 };

	add_raw(&a, "070701", "", 1, 0100644, "", 0, 0); /* empty */
	assert_int_equal(walk(&a, a.len, NULL), -EINVAL);
	a.len = 0;
	add_raw(&a, "070701", "abcd", 4, 0100644, "", 0, 0); /* not terminated */
	assert_int_equal(walk(&a, a.len, NULL), -EINVAL);
	a.len = 0;
	add_raw(&a, "070701", "ab\0d", 5, 0100644, "", 0, 0); /* terminated too early */
	assert_int_equal(walk(&a, a.len, NULL), -EINVAL);
	a.len = 0;
	memset(long_name, 'n', sizeof(long_name) - 1);
	add_raw(&a, "070701", long_name, PATH_MAX + 1, 0100644, "", 0, 0);
	assert_int_equal(walk(&a, a.len, NULL), -EINVAL);
}

static void sizes_beyond_the_archive_are_refused(void **state)
{
	struct archive a = { .len = 0 };

	add(&a, "one", 0100644, "content");
	add_trailer(&a);
	/* Digit by digit of c_filesize, then of c_namesize. */
	for (size_t at = 54; at < 62; at++) {
		struct archive b = a;

		b.bytes[at] = 'f';
		assert_int_equal(walk(&b, b.len, NULL), -EINVAL);
		b.bytes[at] = 'g';
		assert_int_equal(walk(&b, b.len, NULL), -EINVAL);
		b = a;
		b.bytes[at + 40] = 'F';
		assert_int_equal(walk(&b, b.len, NULL), -EINVAL);
	}
}

/* In the field of the device's minor number, which may be anything. */
static void every_byte_at_every_place_is_a_digit_or_damage(void **state)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	struct archive a = { .len = 0 };

	add(&a, "one", 0100644, "");
	add_trailer(&a);
	for (u32 place = 0; place < 8; place++) {
		for (u32 byte = 0; byte < 256; byte++) {
			const char *const digit = byte != 0 ? strchr(digits, (int)byte) : NULL;
			struct cpio_reader r;
			struct cpio_entry e;
			u32 value;

			memcpy(a.bytes + 6 + 10 * 8, "19afAF50", 8);
			a.bytes[6 + 10 * 8 + place] = (u8)byte;
			cpio_init(&r, a.bytes, a.len);
			assert_int_equal(cpio_next(&r, &e), digit != NULL ? 1 : -EINVAL);
			if (digit == NULL)
				continue;
			value = (u32)(digit - digits);
			value = value > 15 ? value - 6 : value;
			assert_int_equal(e.rdev_minor >> (4 * (7 - place)) & 15, value);
			assert_int_equal((e.rdev_minor ^ 0x19afaf50) & ~(15U << 4 * (7 - place)),
					 0);
		}
	}
}

static void changed_bytes_do_no_harm(void **state)
{
	struct archive a = { .len = 0 };
	u64 seed = 99;

	for (int i = 0; i < 10; i++) {
		char name[32];

		snprintf(name, sizeof(name), "dir/file%d", i);
		add(&a, name, 0100644, "0123456789abcdef" + i);
	}
	add_trailer(&a);
	for (u32 round = 0; round < 20000; round++) {
		struct archive b = { .len = a.len };

		memcpy(b.bytes, a.bytes, a.len);
		for (u32 i = 0; i <= round % 4; i++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			b.bytes[(seed >> 33) % b.len] = "0123456789abcdefF\0x"[(seed >> 25) % 19];
		}
		(void)walk(&b, b.len, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_an_entry_is_read),
		cmocka_unit_test(names_and_contents_of_every_length_keep_the_padding_straight),
		cmocka_unit_test(archives_one_behind_the_other_count_as_one),
		cmocka_unit_test(nothing_and_only_zeros_are_empty_archives),
		cmocka_unit_test(an_archive_cut_off_anywhere_is_damaged_where_the_entry_begins),
		cmocka_unit_test(garbage_behind_the_trailer_is_damage),
		cmocka_unit_test(other_forms_are_refused),
		cmocka_unit_test(check_sums_count_where_the_form_has_them),
		cmocka_unit_test(unsound_names_are_refused),
		cmocka_unit_test(sizes_beyond_the_archive_are_refused),
		cmocka_unit_test(every_byte_at_every_place_is_a_digit_or_damage),
		cmocka_unit_test(changed_bytes_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
