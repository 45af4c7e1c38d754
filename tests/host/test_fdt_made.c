/* SPDX-License-Identifier: MIT */
/* sources: lib/fdt.c lib/fdt_bus.c lib/string.c */
/* The device tree reader on small trees made here: what the machines' own trees do not have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/abi/errno.h"
#include "lib/fdt.h"

/* A tree under construction: two blocks that finish() puts behind a header. */
struct builder {
	u8 structure[4096], strings[1024], reserve[256];
	u32 structure_len, strings_len, reserve_len;
	u8 *blob;
	struct fdt fdt;
};

static void put_be32(u8 *p, u32 v)
{
	p[0] = (u8)(v >> 24);
	p[1] = (u8)(v >> 16);
	p[2] = (u8)(v >> 8);
	p[3] = (u8)v;
}

static void add_cell(struct builder *b, u32 v)
{
	put_be32(b->structure + b->structure_len, v);
	b->structure_len += 4;
}

static void add_bytes(struct builder *b, const void *bytes, size_t len)
{
	memcpy(b->structure + b->structure_len, bytes, len);
	b->structure_len += (u32)len;
	while (b->structure_len % 4 != 0)
		b->structure[b->structure_len++] = 0;
}

static void begin(struct builder *b, const char *name)
{
	add_cell(b, 1);
	add_bytes(b, name, strlen(name) + 1);
}

static void end(struct builder *b)
{
	add_cell(b, 2);
}

static void add_prop(struct builder *b, const char *name, const void *bytes, size_t len)
{
	add_cell(b, 3);
	add_cell(b, (u32)len);
	add_cell(b, b->strings_len);
	add_bytes(b, bytes, len);
	memcpy(b->strings + b->strings_len, name, strlen(name) + 1);
	b->strings_len += (u32)strlen(name) + 1;
}

#define add_string(b, name, text) add_prop(b, name, text, sizeof(text))
#define add_cells(b, name, ...)                               \
	add_cell_array(b, name, (const u32[]){ __VA_ARGS__ }, \
		       sizeof((const u32[]){ __VA_ARGS__ }) / sizeof(u32))

static void add_cell_array(struct builder *b, const char *name, const u32 *cells, size_t count)
{
	u8 bytes[256];

	for (size_t i = 0; i < count; i++)
		put_be32(bytes + 4 * i, cells[i]);
	add_prop(b, name, bytes, count * 4);
}

static void add_reservation(struct builder *b, u64 addr, u64 size)
{
	put_be32(b->reserve + b->reserve_len, (u32)(addr >> 32));
	put_be32(b->reserve + b->reserve_len + 4, (u32)addr);
	put_be32(b->reserve + b->reserve_len + 8, (u32)(size >> 32));
	put_be32(b->reserve + b->reserve_len + 12, (u32)size);
	b->reserve_len += 16;
}

/* Put it together at @misalignment and open it. Returns what fdt_open() does. */
static int finish(struct builder *b, size_t misalignment)
{
	const u32 at_structure = FDT_HEADER_BYTES + b->reserve_len;
	const u32 at_strings = at_structure + b->structure_len;
	const u32 total = at_strings + b->strings_len;
	u8 *p;

	b->blob = malloc(misalignment + total);
	p = b->blob + misalignment;
	memset(p, 0, FDT_HEADER_BYTES);
	put_be32(p, 0xd00dfeed);
	put_be32(p + 4, total);
	put_be32(p + 8, at_structure);
	put_be32(p + 12, at_strings);
	put_be32(p + 16, FDT_HEADER_BYTES);
	put_be32(p + 20, 17);
	put_be32(p + 24, 16);
	put_be32(p + 32, b->strings_len);
	put_be32(p + 36, b->structure_len);
	memcpy(p + FDT_HEADER_BYTES, b->reserve, b->reserve_len);
	memcpy(p + at_structure, b->structure, b->structure_len);
	memcpy(p + at_strings, b->strings, b->strings_len);
	return fdt_open(p, total, &b->fdt);
}

static void finish_whole(struct builder *b)
{
	end(b);
	add_cell(b, 9);
	assert_int_equal(finish(b, 0), 0);
}

static u64 reg_of(const struct fdt *f, const char *path)
{
	u64 addr, size;

	assert_int_equal(fdt_reg(f, fdt_find_path(f, path), 0, &addr, &size), 0);
	return addr;
}

static int reg_error(const struct fdt *f, const char *path)
{
	u64 addr, size;

	return fdt_reg(f, fdt_find_path(f, path), 0, &addr, &size);
}

static void addresses_are_translated_through_every_bus(void **state)
{
	struct builder b = { .blob = NULL };
	u64 addr, size;

	begin(&b, "");
	add_cells(&b, "#address-cells", 2);
	add_cells(&b, "#size-cells", 2);
	begin(&b, "outer");
	add_cells(&b, "#address-cells", 1);
	add_cells(&b, "#size-cells", 1);
	/* Two windows: 0x0 -> 0x4_0000_0000, 0x8000 -> 0x5_0000_0000. */
	add_cells(&b, "ranges", 0, 4, 0, 0x1000, 0x8000, 5, 0, 0x1000);
	begin(&b, "inner");
	add_cells(&b, "#address-cells", 1);
	add_cells(&b, "#size-cells", 1);
	add_cells(&b, "ranges", 0x100, 0x8200, 0x80);
	begin(&b, "deep@110");
	add_cells(&b, "reg", 0x110, 0x20, 0x170, 0x10, 0x171, 0x10);
	end(&b);
	end(&b);
	begin(&b, "flat");
	add_cells(&b, "#address-cells", 1);
	add_cells(&b, "#size-cells", 1);
	add_prop(&b, "ranges", "", 0);
	begin(&b, "near@20");
	add_cells(&b, "reg", 0x20, 4);
	end(&b);
	begin(&b, "far@2000");
	add_cells(&b, "reg", 0x2000, 4);
	end(&b);
	end(&b);
	end(&b);
	finish_whole(&b);

	assert_true(reg_of(&b.fdt, "/outer/inner/deep@110") == 0x500000210ULL);
	assert_true(reg_of(&b.fdt, "/outer/flat/near@20") == 0x400000020ULL);
	/* Outside every window. */
	assert_int_equal(reg_error(&b.fdt, "/outer/flat/far@2000"), -EINVAL);
	assert_int_equal(
		fdt_reg(&b.fdt, fdt_find_path(&b.fdt, "/outer/inner/deep"), 1, &addr, &size), 0);
	assert_true(addr == 0x500000270ULL && size == 0x10);
	/* Begins inside, ends outside. */
	assert_int_equal(fdt_reg(&b.fdt, fdt_find_path(&b.fdt, "/outer/inner/deep"), 2, &addr,
				 &size),
			 -EINVAL);
	assert_int_equal(fdt_reg(&b.fdt, fdt_find_path(&b.fdt, "/outer/inner/deep"), 3, &addr,
				 &size),
			 -ENOENT);
	free(b.blob);
}

static void addresses_behind_a_bus_without_ranges_are_refused(void **state)
{
	struct builder b = { .blob = NULL };
	u64 addr, size;

	begin(&b, "");
	begin(&b, "i2c@1000");
	add_cells(&b, "reg", 0, 0x1000, 0x100);
	add_cells(&b, "#address-cells", 1);
	add_cells(&b, "#size-cells", 0);
	begin(&b, "pmic@58");
	add_cells(&b, "reg", 0x58);
	end(&b);
	end(&b);
	begin(&b, "pci");
	add_cells(&b, "#address-cells", 3);
	add_cells(&b, "#size-cells", 2);
	add_cells(&b, "ranges", 0, 0, 0, 0, 0, 0, 0x1000);
	begin(&b, "device@0");
	add_cells(&b, "reg", 0, 0, 0, 0, 0);
	end(&b);
	end(&b);
	begin(&b, "odd");
	add_cells(&b, "reg", 1, 2);
	end(&b);
	finish_whole(&b);

	/* The default is two cells of address and one of size. */
	assert_int_equal(reg_of(&b.fdt, "/i2c"), 0x1000);
	assert_int_equal(reg_error(&b.fdt, "/i2c/pmic"), -EINVAL);
	assert_int_equal(fdt_reg_raw(&b.fdt, fdt_find_path(&b.fdt, "/i2c/pmic"), 0, &addr, &size),
			 0);
	assert_true(addr == 0x58 && size == 0);
	assert_int_equal(reg_error(&b.fdt, "/pci/device"), -EINVAL);
	assert_int_equal(reg_error(&b.fdt, "/pci"), -ENOENT);
	assert_int_equal(reg_error(&b.fdt, "/odd"), -EINVAL);
	free(b.blob);
}

static void status_says_whether_a_node_is_enabled(void **state)
{
	struct builder b = { .blob = NULL };

	begin(&b, "");
	begin(&b, "absent");
	end(&b);
	begin(&b, "okay");
	add_string(&b, "status", "okay");
	end(&b);
	begin(&b, "ok");
	add_string(&b, "status", "ok");
	end(&b);
	begin(&b, "disabled");
	add_string(&b, "status", "disabled");
	end(&b);
	begin(&b, "odd");
	add_prop(&b, "status", "okay", 4);
	end(&b);
	finish_whole(&b);
	assert_true(fdt_node_is_enabled(&b.fdt, fdt_find_path(&b.fdt, "/absent")));
	assert_true(fdt_node_is_enabled(&b.fdt, fdt_find_path(&b.fdt, "/okay")));
	assert_true(fdt_node_is_enabled(&b.fdt, fdt_find_path(&b.fdt, "/ok")));
	assert_false(fdt_node_is_enabled(&b.fdt, fdt_find_path(&b.fdt, "/disabled")));
	assert_false(fdt_node_is_enabled(&b.fdt, fdt_find_path(&b.fdt, "/odd")));
	free(b.blob);
}

static void properties_of_each_form(void **state)
{
	struct builder b = { .blob = NULL };
	const u32 root = 0;
	u32 v, len;
	u64 w;

	begin(&b, "");
	add_cells(&b, "one", 0x12345678);
	add_cells(&b, "two", 0x1, 0x2);
	add_prop(&b, "empty", "", 0);
	add_prop(&b, "list", "first\0second\0\0last", 19);
	add_prop(&b, "raw", "abc", 3);
	finish_whole(&b);

	assert_int_equal(fdt_root(&b.fdt), root);
	assert_int_equal(fdt_prop_u32(&b.fdt, root, "one", &v), 0);
	assert_int_equal(v, 0x12345678);
	assert_int_equal(fdt_prop_u64(&b.fdt, root, "one", &w), 0);
	assert_int_equal(w, 0x12345678);
	assert_int_equal(fdt_prop_u64(&b.fdt, root, "two", &w), 0);
	assert_true(w == 0x100000002ULL);
	assert_int_equal(fdt_prop_u32(&b.fdt, root, "two", &v), -EINVAL);
	assert_int_equal(fdt_prop_u32(&b.fdt, root, "none", &v), -ENOENT);
	assert_int_equal(fdt_prop_u64(&b.fdt, root, "raw", &w), -EINVAL);
	assert_int_equal(fdt_prop_cells(&b.fdt, root, "two", 1, 1, &w), 0);
	assert_int_equal(w, 2);
	assert_int_equal(fdt_prop_cells(&b.fdt, root, "two", 1, 2, &w), -EINVAL);
	assert_int_equal(fdt_prop_cells(&b.fdt, root, "two", 2, 0, &w), 0);
	assert_int_equal(w, 0);
	assert_int_equal(fdt_prop_cells(&b.fdt, root, "two", UINT32_MAX, 2, &w), -EINVAL);
	assert_int_equal(fdt_prop_cells(&b.fdt, root, "two", 0, 3, &w), -EINVAL);
	assert_non_null(fdt_prop(&b.fdt, root, "empty", &len));
	assert_int_equal(len, 0);
	assert_null(fdt_prop_string(&b.fdt, root, "empty"));
	assert_null(fdt_prop_string(&b.fdt, root, "raw"));
	assert_string_equal(fdt_prop_string_at(&b.fdt, root, "list", 0), "first");
	assert_string_equal(fdt_prop_string_at(&b.fdt, root, "list", 1), "second");
	assert_string_equal(fdt_prop_string_at(&b.fdt, root, "list", 2), "");
	assert_string_equal(fdt_prop_string_at(&b.fdt, root, "list", 3), "last");
	assert_null(fdt_prop_string_at(&b.fdt, root, "list", 4));
	free(b.blob);
}

static void interrupts_are_inherited_and_extended_ones_go_first(void **state)
{
	struct builder b = { .blob = NULL };
	u32 irq, controller;

	begin(&b, "");
	add_cells(&b, "interrupt-parent", 7);
	begin(&b, "a");
	add_cells(&b, "phandle", 7);
	add_cells(&b, "#interrupt-cells", 2);
	begin(&b, "below");
	add_cells(&b, "interrupts", 70, 4);
	end(&b);
	end(&b);
	begin(&b, "b");
	add_cells(&b, "phandle", 8);
	add_cells(&b, "#interrupt-cells", 1);
	end(&b);
	begin(&b, "user");
	add_cells(&b, "interrupts", 10, 4, 11, 4);
	end(&b);
	begin(&b, "both");
	add_cells(&b, "interrupts", 10, 4);
	add_cells(&b, "interrupts-extended", 7, 20, 1, 8, 30);
	end(&b);
	begin(&b, "cut");
	add_cells(&b, "interrupts", 10, 4, 11);
	end(&b);
	begin(&b, "cut-extended");
	add_cells(&b, "interrupts-extended", 8, 30, 7, 20);
	end(&b);
	begin(&b, "lost");
	add_cells(&b, "interrupts-extended", 99, 30);
	end(&b);
	begin(&b, "silent");
	end(&b);
	finish_whole(&b);

	const struct fdt *const f = &b.fdt;
	const u32 user = fdt_find_path(f, "/user");
	const u32 both = fdt_find_path(f, "/both");

	assert_int_equal(fdt_interrupt(f, user, 1, &irq, &controller), 0);
	assert_int_equal(irq, 11);
	assert_int_equal(controller, fdt_find_path(f, "/a"));
	assert_int_equal(fdt_interrupt(f, user, 2, &irq, &controller), -ENOENT);
	assert_int_equal(fdt_interrupt(f, both, 0, &irq, &controller), 0);
	assert_int_equal(irq, 20);
	assert_int_equal(fdt_interrupt(f, both, 1, &irq, &controller), 0);
	assert_int_equal(irq, 30);
	assert_int_equal(controller, fdt_find_path(f, "/b"));
	assert_int_equal(fdt_interrupt(f, both, 2, &irq, &controller), -ENOENT);
	assert_int_equal(fdt_interrupt(f, fdt_find_path(f, "/cut"), 0, &irq, &controller), -EINVAL);
	assert_int_equal(fdt_interrupt(f, fdt_find_path(f, "/cut-extended"), 0, &irq, &controller),
			 0);
	assert_int_equal(fdt_interrupt(f, fdt_find_path(f, "/cut-extended"), 1, &irq, &controller),
			 -EINVAL);
	assert_int_equal(fdt_interrupt(f, fdt_find_path(f, "/lost"), 0, &irq, &controller),
			 -EINVAL);
	assert_int_equal(fdt_interrupt(f, fdt_find_path(f, "/silent"), 0, &irq, &controller),
			 -ENOENT);
	/* The nearest controller above serves where nobody says otherwise. */
	assert_int_equal(fdt_interrupt(f, fdt_find_path(f, "/a/below"), 0, &irq, &controller), 0);
	assert_int_equal(irq, 70);
	assert_int_equal(controller, fdt_find_path(f, "/a"));
	free(b.blob);
}

static void reservations_end_at_the_pair_of_zeros(void **state)
{
	struct builder b = { .blob = NULL };
	u64 addr, size;

	add_reservation(&b, 0x80000000, 0x40000);
	add_reservation(&b, 0x47fff0000ULL, 0x10000);
	add_reservation(&b, 0, 0);
	add_reservation(&b, 0x1234, 0x1000);
	begin(&b, "");
	finish_whole(&b);
	assert_int_equal(fdt_reserve_entry(&b.fdt, 0, &addr, &size), 0);
	assert_true(addr == 0x80000000 && size == 0x40000);
	assert_int_equal(fdt_reserve_entry(&b.fdt, 1, &addr, &size), 0);
	assert_true(addr == 0x47fff0000ULL && size == 0x10000);
	assert_int_equal(fdt_reserve_entry(&b.fdt, 2, &addr, &size), -ENOENT);
	assert_int_equal(fdt_reserve_entry(&b.fdt, 3, &addr, &size), -ENOENT);
	free(b.blob);
}

static void paths_match_with_and_without_unit_address(void **state)
{
	struct builder b = { .blob = NULL };
	char path[32];
	u32 first, second;

	begin(&b, "");
	begin(&b, "uart@1000");
	end(&b);
	begin(&b, "uart@2000");
	begin(&b, "child");
	end(&b);
	end(&b);
	begin(&b, "uartx");
	end(&b);
	finish_whole(&b);

	const struct fdt *const f = &b.fdt;

	first = fdt_find_path(f, "/uart@1000");
	second = fdt_find_path(f, "/uart@2000");
	assert_int_not_equal(first, second);
	assert_int_equal(fdt_find_path(f, "/uart"), first);
	assert_int_equal(fdt_find_path(f, "/uart@2000/child"), fdt_first_child(f, second));
	assert_int_equal(fdt_find_path(f, "//uart@2000//child/"), fdt_first_child(f, second));
	assert_int_equal(fdt_find_path(f, "/"), fdt_root(f));
	assert_int_equal(fdt_find_path(f, "/uart@10"), FDT_NONE);
	assert_int_equal(fdt_find_path(f, "/uar"), FDT_NONE);
	assert_int_equal(fdt_find_path(f, "/uart@1000/none"), FDT_NONE);
	assert_int_equal(fdt_find_path(f, ""), FDT_NONE);
	assert_int_equal(fdt_find_path(f, "serial0"), FDT_NONE);
	assert_string_equal(fdt_path_of(f, fdt_first_child(f, second), path, sizeof(path)),
			    "/uart@2000/child");
	assert_string_equal(fdt_path_of(f, fdt_first_child(f, second), path, 8), "/uart@2");
	assert_string_equal(fdt_path_of(f, fdt_root(f), path, sizeof(path)), "/");
	assert_string_equal(fdt_path_of(f, 4, path, sizeof(path)), "(no node)");
	free(b.blob);
}

static void walking_ends_where_the_tree_does(void **state)
{
	struct builder b = { .blob = NULL };
	int depth = 0;
	u32 a, aa;

	add_cell(&b, 4);
	begin(&b, "");
	add_cell(&b, 4);
	begin(&b, "a");
	begin(&b, "aa");
	end(&b);
	end(&b);
	add_cell(&b, 4);
	begin(&b, "b");
	end(&b);
	end(&b);
	/* Behind the root: not a part of the tree, even if it looks like one. */
	begin(&b, "stranger");
	finish_whole(&b);

	const struct fdt *const f = &b.fdt;

	a = fdt_first_child(f, fdt_root(f));
	assert_string_equal(fdt_node_name(f, a), "a");
	aa = fdt_next_node(f, a, &depth);
	assert_string_equal(fdt_node_name(f, aa), "aa");
	assert_int_equal(depth, 1);
	assert_string_equal(fdt_node_name(f, fdt_next_sibling(f, a)), "b");
	assert_int_equal(fdt_next_sibling(f, aa), FDT_NONE);
	assert_int_equal(fdt_next_sibling(f, fdt_next_sibling(f, a)), FDT_NONE);
	assert_int_equal(fdt_next_sibling(f, fdt_root(f)), FDT_NONE);
	assert_int_equal(fdt_first_child(f, aa), FDT_NONE);
	assert_int_equal(fdt_parent(f, aa), a);
	assert_int_equal(fdt_parent(f, fdt_root(f)), FDT_NONE);
	assert_int_equal(fdt_find_path(f, "/stranger"), FDT_NONE);
	assert_int_equal(fdt_first_child(f, FDT_NONE), FDT_NONE);
	assert_int_equal(fdt_next_node(f, FDT_NONE, NULL), FDT_NONE);
	assert_string_equal(fdt_node_name(f, FDT_NONE), "");
	free(b.blob);
}

static void a_misaligned_blob_is_read_all_the_same(void **state)
{
	for (size_t misalignment = 1; misalignment < 8; misalignment++) {
		struct builder b = { .blob = NULL };

		add_reservation(&b, 1, 2);
		begin(&b, "");
		begin(&b, "x@10");
		add_cells(&b, "reg", 0, 0x10, 4);
		end(&b);
		end(&b);
		add_cell(&b, 9);
		assert_int_equal(finish(&b, misalignment), 0);
		assert_int_equal(reg_of(&b.fdt, "/x"), 0x10);
		free(b.blob);
	}
}

static void broken_trees_are_refused_with_a_reason(void **state)
{
	static const struct {
		u32 tokens[8];
		u32 count;
	} broken[] = {
		{ { 0 }, 0 },                    /* empty */
		{ { 9 }, 1 },                    /* no root */
		{ { 2 }, 1 },                    /* end before begin */
		{ { 1, 0 }, 2 },                 /* root without end */
		{ { 1, 0, 9 }, 3 },              /* end of tree inside a node */
		{ { 1, 0, 5, 2, 9 }, 5 },        /* unknown token */
		{ { 3, 0, 0 }, 3 },              /* property before the root */
		{ { 1, 0, 3, 0, 9, 2, 9 }, 7 },  /* name outside of the strings */
		{ { 1, 0, 3, 64, 0, 2, 9 }, 7 }, /* value longer than the block */
		{ { 1, 0, 3, ~0U, 0, 2, 9 }, 7 },
		{ { 1, 0x41414141 }, 2 }, /* name not terminated */
		{ { 1, 0, 3, 0 }, 4 },    /* property cut off */
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct builder b = { .blob = NULL };

		for (u32 t = 0; t < broken[i].count; t++)
			add_cell(&b, broken[i].tokens[t]);
		assert_int_equal(finish(&b, 0), -EINVAL);
		assert_non_null(b.fdt.error);
		/* Who goes on nevertheless finds an empty tree. */
		assert_int_equal(fdt_root(&b.fdt), FDT_NONE);
		assert_int_equal(fdt_find_path(&b.fdt, "/cpus"), FDT_NONE);
		free(b.blob);
	}
}

static void a_property_behind_a_child_is_refused(void **state)
{
	struct builder b = { .blob = NULL };

	begin(&b, "");
	begin(&b, "child");
	end(&b);
	add_cells(&b, "late", 1);
	end(&b);
	add_cell(&b, 9);
	assert_int_equal(finish(&b, 0), -EINVAL);
	free(b.blob);
}

static void depth_is_limited(void **state)
{
	for (u32 levels = FDT_DEPTH_MAX; levels <= FDT_DEPTH_MAX + 1; levels++) {
		struct builder b = { .blob = NULL };

		begin(&b, "");
		for (u32 i = 1; i < levels; i++)
			begin(&b, "n");
		for (u32 i = 0; i < levels; i++)
			end(&b);
		add_cell(&b, 9);
		assert_int_equal(finish(&b, 0), levels <= FDT_DEPTH_MAX ? 0 : -EINVAL);
		free(b.blob);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_translated_through_every_bus),
		cmocka_unit_test(addresses_behind_a_bus_without_ranges_are_refused),
		cmocka_unit_test(status_says_whether_a_node_is_enabled),
		cmocka_unit_test(properties_of_each_form),
		cmocka_unit_test(interrupts_are_inherited_and_extended_ones_go_first),
		cmocka_unit_test(reservations_end_at_the_pair_of_zeros),
		cmocka_unit_test(paths_match_with_and_without_unit_address),
		cmocka_unit_test(walking_ends_where_the_tree_does),
		cmocka_unit_test(a_misaligned_blob_is_read_all_the_same),
		cmocka_unit_test(broken_trees_are_refused_with_a_reason),
		cmocka_unit_test(a_property_behind_a_child_is_refused),
		cmocka_unit_test(depth_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
