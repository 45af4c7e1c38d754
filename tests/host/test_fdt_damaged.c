/* SPDX-License-Identifier: MIT */
/* sources: lib/fdt.c lib/fdt_bus.c lib/string.c */
/*
 * The machines' trees, cut off at every length and with bytes changed: every function is called on
 * every node that is left. What counts is that the sanitizers have nothing to say and that it ends.
 * Blobs are allocated with their exact size. The seed is fixed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "lib/abi/errno.h"
#include "lib/fdt.h"

#define FLIP_ROUNDS 1000

static const char *const files[] = { "virt.dtb", "sifive_u.dtb", "unmatched.dtb" };
#define FILES (sizeof(files) / sizeof(files[0]))

static u64 random_state;

static u32 random_next(void)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(random_state >> 33);
}

static u32 get_be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static void put_be32(u8 *p, u32 v)
{
	p[0] = (u8)(v >> 24);
	p[1] = (u8)(v >> 16);
	p[2] = (u8)(v >> 8);
	p[3] = (u8)v;
}

/* A tree without the empty space that QEMU leaves at its end. */
static u8 *load_compact(const char *file, size_t *len)
{
	u8 *const blob = fixture_load(file, len);
	const u32 structure_end = get_be32(blob + 8) + get_be32(blob + 36);
	const u32 strings_end = get_be32(blob + 12) + get_be32(blob + 32);

	*len = structure_end > strings_end ? structure_end : strings_end;
	put_be32(blob + 4, (u32)*len);
	return blob;
}

/* Read every byte of it. */
static u32 touch(const void *bytes, size_t len)
{
	const u8 *const p = bytes;
	volatile u32 sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += p[i];
	return sum;
}

static void exercise_node(const struct fdt *f, u32 node)
{
	static const char *const names[] = { "reg", "compatible", "ranges", "interrupts",
					     "phandle" };
	char path[64];
	u64 a, s;
	u32 x, y, len;

	touch(fdt_node_name(f, node), strlen(fdt_node_name(f, node)));
	touch(path, strlen(fdt_path_of(f, node, path, sizeof(path))));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const void *const value = fdt_prop(f, node, names[i], &len);
		const char *s1;

		if (value != NULL)
			touch(value, len);
		(void)fdt_prop_u32(f, node, names[i], &x);
		(void)fdt_prop_u64(f, node, names[i], &a);
		(void)fdt_prop_cells(f, node, names[i], 1, 2, &a);
		for (u32 k = 0; k < 4; k++) {
			s1 = fdt_prop_string_at(f, node, names[i], k);
			if (s1 != NULL)
				touch(s1, strlen(s1));
		}
	}
	(void)fdt_is_compatible(f, node, "nothing");
	(void)fdt_node_is_enabled(f, node);
	for (u32 i = 0; i < 3; i++) {
		(void)fdt_reg(f, node, i, &a, &s);
		(void)fdt_reg_raw(f, node, i, &a, &s);
		(void)fdt_interrupt(f, node, i, &x, &y);
		(void)fdt_interrupt_extended(f, node, i, &x, &y);
	}
}

/* @one_of: look closely at one of so many nodes only. */
static void exercise(const struct fdt *f, u32 one_of)
{
	const char *path;
	u64 a, s;

	fdt_for_each_node(f, node) {
		if (random_next() % one_of == 0)
			exercise_node(f, node);
	}
	for (u32 i = 0; fdt_reserve_entry(f, i, &a, &s) == 0 && i < 100; i++)
		;
	path = fdt_prop_string(f, fdt_find_path(f, "/chosen"), "stdout-path");
	if (path != NULL)
		(void)fdt_find_path(f, path);
	(void)fdt_find_path(f, "serial0/x");
	(void)fdt_find_compatible(f, FDT_NONE, "sifive,plic-1.0.0");
}

/* Open a copy of exactly @len bytes and use it if that succeeds. */
static int try_copy(const u8 *bytes, size_t len, u32 one_of)
{
	u8 *const copy = malloc(len > 0 ? len : 1);
	struct fdt f;
	int err;

	memcpy(copy, bytes, len);
	err = fdt_open(copy, len, &f);
	if (err == 0)
		exercise(&f, one_of);
	else
		assert_non_null(f.error);
	free(copy);
	return err;
}

static void whole_trees_pass(void **state)
{
	for (size_t i = 0; i < FILES; i++) {
		size_t len;
		u8 *const blob = load_compact(files[i], &len);

		assert_int_equal(try_copy(blob, len, 1), 0);
		free(blob);
	}
}

static void a_tree_cut_off_at_any_length_is_refused(void **state)
{
	for (size_t i = 0; i < FILES; i++) {
		size_t len;
		u8 *const blob = load_compact(files[i], &len);

		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(try_copy(blob, cut, 1), -EINVAL);
		free(blob);
	}
}

static void a_structure_block_cut_off_at_any_length_is_refused(void **state)
{
	for (size_t i = 0; i < FILES; i++) {
		size_t len;
		u8 *const blob = load_compact(files[i], &len);
		const u32 structure_len = get_be32(blob + 36);

		/* All but the last token, which says that the tree has ended. */
		for (u32 cut = 0; cut < structure_len - 4; cut++) {
			put_be32(blob + 36, cut);
			assert_int_equal(try_copy(blob, len, 1), -EINVAL);
		}
		free(blob);
	}
}

static void strings_cut_off_at_any_length_do_no_harm(void **state)
{
	for (size_t i = 0; i < FILES; i++) {
		size_t len;
		u8 *const blob = load_compact(files[i], &len);
		const u32 strings_len = get_be32(blob + 32);

		for (u32 cut = 0; cut < strings_len; cut++) {
			put_be32(blob + 32, cut);
			(void)try_copy(blob, len, 50);
		}
		free(blob);
	}
}

static void changed_bytes_do_no_harm(void **state)
{
	random_state = 20240229;
	for (size_t i = 0; i < FILES; i++) {
		size_t len;
		u8 *const blob = load_compact(files[i], &len);
		u8 *const copy = malloc(len);
		u32 opened = 0;

		for (u32 round = 0; round < FLIP_ROUNDS; round++) {
			memcpy(copy, blob, len);
			for (u32 flips = 1 + random_next() % 8; flips > 0; flips--)
				copy[random_next() % len] = (u8)random_next();
			opened += try_copy(copy, len, 10) == 0 ? 1 : 0;
		}
		/* Enough of them still open for the walk to mean something. */
		assert_true(opened > FLIP_ROUNDS / 10);
		free(copy);
		free(blob);
	}
}

static void changed_headers_do_no_harm(void **state)
{
	random_state = 4;
	for (size_t i = 0; i < FILES; i++) {
		size_t len;
		u8 *const blob = load_compact(files[i], &len);
		u8 *const copy = malloc(len);

		for (u32 at = 4; at < FDT_HEADER_BYTES; at += 4) {
			for (u32 round = 0; round < 40; round++) {
				memcpy(copy, blob, len);
				put_be32(copy + at, round < 10 ? (u32)len + round - 5 :
						    round < 20 ? UINT32_MAX - round + 10 :
								 random_next() % (u32)(2 * len));
				(void)try_copy(copy, len, 50);
			}
		}
		free(copy);
		free(blob);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_trees_pass),
		cmocka_unit_test(a_tree_cut_off_at_any_length_is_refused),
		cmocka_unit_test(a_structure_block_cut_off_at_any_length_is_refused),
		cmocka_unit_test(strings_cut_off_at_any_length_do_no_harm),
		cmocka_unit_test(changed_bytes_do_no_harm),
		cmocka_unit_test(changed_headers_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
