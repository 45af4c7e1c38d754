// SPDX-License-Identifier: MIT
/* sources: fs/name_index.c lib/rbtree.c */
/* A directory's names: found again, and listed in an order that survives changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "fs/name_index.h"

#define NAMES 5000

static struct name_index names;
static struct name_entry entries[NAMES];
static char texts[NAMES][16] __aligned(NAME_WORD);

static int setup(void **state)
{
	names = (struct name_index){ 0 };
	for (int i = 0; i < NAMES; i++) {
		entries[i].len = (u32)snprintf(texts[i], sizeof(texts[i]), "name%d", i);
		entries[i].name = texts[i];
		entries[i].key = name_of(texts[i]).key;
	}
	return 0;
}

static struct name_entry *find(const char *text)
{
	const struct name name = name_of(text);
	return name_index_find(&names, &name);
}

/* For the same again: a key is used up by being inserted. */
static struct name_entry entry_like(int i)
{
	return (struct name_entry){ .name = texts[i],
				    .len = entries[i].len,
				    .key = name_of(texts[i]).key };
}

static void every_name_is_found_and_no_other(void **state)
{
	for (int i = 0; i < NAMES; i++)
		name_index_insert(&names, &entries[i]);
	assert_int_equal(names.count, NAMES);
	for (int i = 0; i < NAMES; i++)
		assert_ptr_equal(find(texts[i]), &entries[i]);
	assert_null(find("name"));
	assert_null(find("name5000"));
	assert_null(find("nam"));
}

static void keys_are_positions_that_a_program_can_hold(void **state)
{
	u64 last = 0;
	for (int i = 0; i < NAMES; i++)
		name_index_insert(&names, &entries[i]);
	for (const struct name_entry *e = name_index_from(&names, 0); e != NULL;
	     e = name_index_after(e)) {
		assert_true(e->key > last && e->key > 2 && e->key < INT64_MAX);
		last = e->key;
	}
}

static void listing_goes_on_whatever_was_removed(void **state)
{
	int seen = 0;
	for (int i = 0; i < NAMES; i++)
		name_index_insert(&names, &entries[i]);
	/* As rm -r does it: remove what was listed, then go on from the position behind it. */
	u64 pos = 0;
	struct name_entry *e;
	while ((e = name_index_from(&names, pos)) != NULL) {
		pos = e->key + 1;
		name_index_remove(&names, e);
		seen++;
	}
	assert_int_equal(seen, NAMES);
	assert_int_equal(names.count, 0);
}

static void equal_hashes_are_told_apart(void **state)
{
	for (int i = 0; i < 4; i++)
		name_index_insert(&names, &entries[i]);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < i; j++)
			assert_int_not_equal(entries[i].key, entries[j].key);
	/* The same name again, as a collision that is as bad as can be. */
	struct name_entry twin = entry_like(0);
	name_index_insert(&names, &twin);
	assert_int_equal(twin.key, entries[0].key + 1);
	name_index_remove(&names, &entries[0]);
	assert_ptr_equal(find(texts[0]), &twin);
	entries[0] = entry_like(0);
	name_index_insert(&names, &entries[0]);
	assert_int_equal(entries[0].key, twin.key - 1);
}

/*
 * Names of all lengths and alignments, with neighbours that are no part of them: what is found is
 * what strncmp() says.
 */
static void names_are_told_apart_at_every_alignment_and_length(void **state)
{
	static char stored[3][64] __aligned(NAME_WORD);
	static char text[80];
	for (size_t len = 1; len <= 40; len++) {
		struct name_entry e[3];
		names = (struct name_index){ 0 };
		for (size_t i = 0; i < 3; i++) {
			memset(stored[i], 0, sizeof(stored[i]));
			memset(stored[i], 'a', len);
			stored[i][i == 1 ? 0 : len - 1] = "abc"[i];
			e[i] = (struct name_entry){ .name = stored[i],
						    .len = (u32)len,
						    .key = name_of(stored[i]).key };
			name_index_insert(&names, &e[i]);
		}
		for (size_t at = 0; at < 8; at++) {
			for (size_t i = 0; i < 3; i++) {
				memset(text, '/', sizeof(text));
				memcpy(text + at, stored[i], len);
				assert_ptr_equal(find(text + at), &e[i]);
				for (size_t k = 0; k < len; k++) {
					text[at + k] ^= 0x80;
					assert_null(find(text + at));
					text[at + k] ^= 0x80;
				}
			}
		}
	}
}

/* Wherever it stands and whatever is behind it, also if that is no memory. */
static void a_component_ends_at_a_slash_or_at_the_end(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *const area =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(area, MAP_FAILED);
	assert_int_equal(mprotect(area + page, page, PROT_NONE), 0);
	static const char behind[] = { '\0', '/', '.', 1, (char)0x80, (char)0xff };
	for (size_t len = 0; len < 40; len++) {
		struct name first = { 0 };
		for (size_t left = 0; left < 20; left++) {
			char *const text = area + page - left - 1 - len;
			memset(area, '/', page);
			for (size_t i = 0; i < len; i++)
				text[i] = (char)(len % 2 == 0 ? 0xff - i : '.' + 2 * (i % 2));
			memset(text + len + 1, behind[left % sizeof(behind)], left);
			text[len] = left % 2 == 0 ? '/' : '\0';
			struct name name;
			name_scan(&name, text);
			assert_ptr_equal(name.text, text);
			assert_int_equal(name.len, len);
			if (left == 0)
				first = name;
			assert_true(name.last == first.last && name.key == first.key);
			u64 last = 0;
			memcpy(&last, text + len / 8 * 8, len % 8);
			assert_true(name.last == last);
		}
	}
	assert_int_equal(munmap(area, 2 * page), 0);
}

static void names_of_one_hash_are_limited(void **state)
{
	const struct name first = name_of(texts[0]), second = name_of(texts[1]);
	struct name_entry twins[NAME_TWINS_MAX];
	names = (struct name_index){ 0 };
	for (int i = 0; i < NAME_TWINS_MAX; i++) {
		assert_true(name_index_has_room(&names, &first, 7));
		/* The same name again, as a collision that is as bad as can be. */
		twins[i] = entry_like(0);
		twins[i].owner = 7;
		name_index_insert(&names, &twins[i]);
	}
	assert_false(name_index_has_room(&names, &first, 7));
	assert_true(name_index_has_room(&names, &second, 7));
	assert_true(name_index_has_room(&names, &first, 8));
	name_index_remove(&names, &twins[3]);
	assert_true(name_index_has_room(&names, &first, 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_name_is_found_and_no_other, setup),
		cmocka_unit_test_setup(keys_are_positions_that_a_program_can_hold, setup),
		cmocka_unit_test_setup(listing_goes_on_whatever_was_removed, setup),
		cmocka_unit_test_setup(equal_hashes_are_told_apart, setup),
		cmocka_unit_test(a_component_ends_at_a_slash_or_at_the_end),
		cmocka_unit_test(names_are_told_apart_at_every_alignment_and_length),
		cmocka_unit_test_setup(names_of_one_hash_are_limited, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
