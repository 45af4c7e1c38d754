/* SPDX-License-Identifier: MIT */
/* sources: lib/fdt.c lib/fdt_bus.c lib/string.c */
/* The device tree reader on the trees of the machines we run on, as they are. Damaged and hand-made
 * trees are in test_fdt_damaged.c and test_fdt_made.c. */
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

#define CELL_SUPERVISOR_EXTERNAL 9 /* PLIC entry of a hart's S-mode */

/* What HARDWARE.md says of each machine (T20, T27, T28, T32, T33). */
struct machine {
	const char *file;
	u32 timebase_hz;
	u32 harts;
	u32 harts_without_mmu; /* these come first */
	u64 memory_bytes;
	u64 uart;
	const char *uart_compatible;
	u32 uart_irq;
	u64 plic;
	u64 plic_bytes;
	u32 plic_sources;
	u32 first_context; /* of hart 0 in S-mode; 0: it has none */
};

static const struct machine machines[] = {
	{ "virt.dtb", 10000000, 4, 0, 2ULL << 30, 0x10000000, "ns16550a", 10, 0xc000000, 0x600000,
	  96, 1 },
	{ "sifive_u.dtb", 1000000, 5, 1, 2ULL << 30, 0x10010000, "sifive,uart0", 4, 0xc000000,
	  0x4000000, 53, 0 },
	{ "unmatched.dtb", 1000000, 5, 1, 16ULL << 30, 0x10010000, "sifive,uart0", 39, 0xc000000,
	  0x4000000, 69, 0 },
};
#define MACHINES (sizeof(machines) / sizeof(machines[0]))

static void *blobs[MACHINES];
static struct fdt trees[MACHINES];

static int load_trees(void **state)
{
	for (size_t i = 0; i < MACHINES; i++) {
		size_t size;

		blobs[i] = fixture_load(machines[i].file, &size);
		assert_int_equal(fdt_open(blobs[i], size, &trees[i]), 0);
		assert_null(trees[i].error);
		assert_true(fdt_total_size(&trees[i]) <= size);
	}
	return 0;
}

static int free_trees(void **state)
{
	for (size_t i = 0; i < MACHINES; i++)
		free(blobs[i]);
	return 0;
}

/* Run @check on every machine. */
static void on_each_machine(void (*check)(const struct machine *m, const struct fdt *f))
{
	for (size_t i = 0; i < MACHINES; i++)
		check(&machines[i], &trees[i]);
}

static void check_timebase_is_the_machines(const struct machine *m, const struct fdt *f)
{
	const u32 cpus = fdt_find_path(f, "/cpus");
	u32 hz;

	assert_int_equal(fdt_prop_u32(f, cpus, "timebase-frequency", &hz), 0);
	assert_int_equal(hz, m->timebase_hz);
}

static void timebase_is_the_machines(void **state)
{
	on_each_machine(check_timebase_is_the_machines);
}

static void check_harts_have_ids_and_only_application_harts_an_mmu(const struct machine *m,
								   const struct fdt *f)
{
	const u32 cpus = fdt_find_path(f, "/cpus");
	u32 harts = 0;
	u32 without_mmu = 0;

	assert_int_equal(fdt_address_cells(f, cpus), 1);
	assert_int_equal(fdt_size_cells(f, cpus), 0);
	fdt_for_each_child(f, cpu, cpus) {
		const char *const type = fdt_prop_string(f, cpu, "device_type");
		u64 hart, size, addr;

		if (type == NULL || strcmp(type, "cpu") != 0)
			continue;
		assert_int_equal(fdt_reg_raw(f, cpu, 0, &hart, &size), 0);
		assert_int_equal(size, 0);
		assert_true(hart < m->harts);
		/* A hart's number is no address: /cpus has no ranges. */
		assert_int_equal(fdt_reg(f, cpu, 0, &addr, &size), -EINVAL);
		harts++;
		if (fdt_prop_string(f, cpu, "mmu-type") == NULL) {
			assert_int_equal(hart, 0);
			without_mmu++;
		}
	}
	assert_int_equal(harts, m->harts);
	assert_int_equal(without_mmu, m->harts_without_mmu);
}

static void harts_have_ids_and_only_application_harts_an_mmu(void **state)
{
	on_each_machine(check_harts_have_ids_and_only_application_harts_an_mmu);
}

static void check_memory_is_found_by_its_type(const struct machine *m, const struct fdt *f)
{
	u64 addr, size;
	u32 found = 0;

	fdt_for_each_child(f, node, fdt_root(f)) {
		const char *const type = fdt_prop_string(f, node, "device_type");

		if (type == NULL || strcmp(type, "memory") != 0)
			continue;
		found++;
		assert_int_equal(fdt_reg(f, node, 0, &addr, &size), 0);
		assert_int_equal(addr, 0x80000000);
		assert_int_equal(size, m->memory_bytes);
		assert_int_equal(fdt_reg(f, node, 1, &addr, &size), -ENOENT);
	}
	assert_int_equal(found, 1);
}

static void memory_is_found_by_its_type(void **state)
{
	on_each_machine(check_memory_is_found_by_its_type);
}

static void
check_console_is_found_through_stdout_path_and_has_its_interrupt(const struct machine *m,
								 const struct fdt *f)
{
	const u32 chosen = fdt_find_path(f, "/chosen");
	const char *const path = fdt_prop_string(f, chosen, "stdout-path");
	u32 uart, irq, controller;
	u64 addr, size;

	assert_non_null(path);
	uart = fdt_find_path(f, path);
	assert_int_not_equal(uart, FDT_NONE);
	assert_true(fdt_is_compatible(f, uart, m->uart_compatible));
	assert_true(fdt_node_is_enabled(f, uart));
	assert_int_equal(fdt_reg(f, uart, 0, &addr, &size), 0);
	assert_int_equal(addr, m->uart);
	assert_int_equal(fdt_interrupt(f, uart, 0, &irq, &controller), 0);
	assert_int_equal(irq, m->uart_irq);
	assert_true(fdt_is_compatible(f, controller, "sifive,plic-1.0.0"));
	assert_int_equal(fdt_interrupt(f, uart, 1, &irq, &controller), -ENOENT);
}

static void console_is_found_through_stdout_path_and_has_its_interrupt(void **state)
{
	on_each_machine(check_console_is_found_through_stdout_path_and_has_its_interrupt);
}

static void check_plic_has_its_sources_and_registers(const struct machine *m, const struct fdt *f)
{
	const u32 plic = fdt_find_compatible(f, FDT_NONE, "sifive,plic-1.0.0");
	u64 addr, size;
	u32 sources;

	assert_int_not_equal(plic, FDT_NONE);
	assert_int_equal(fdt_find_compatible(f, plic, "sifive,plic-1.0.0"), FDT_NONE);
	assert_int_equal(fdt_prop_u32(f, plic, "riscv,ndev", &sources), 0);
	/* QEMU 10 counts virt's sources without source 0. */
	assert_in_range(sources, m->plic_sources - (m->plic_sources == 96), m->plic_sources);
	assert_int_equal(fdt_reg(f, plic, 0, &addr, &size), 0);
	assert_int_equal(addr, m->plic);
	assert_int_equal(size, m->plic_bytes);
}

static void plic_has_its_sources_and_registers(void **state)
{
	on_each_machine(check_plic_has_its_sources_and_registers);
}

static void check_plic_contexts_belong_to_the_harts_that_the_tree_names(const struct machine *m,
									const struct fdt *f)
{
	const u32 plic = fdt_find_compatible(f, FDT_NONE, "sifive,plic-1.0.0");
	u32 supervisor_contexts = 0;
	u32 controller, cell, i;

	for (i = 0; fdt_interrupt_extended(f, plic, i, &controller, &cell) == 0; i++) {
		u64 hart, size;

		assert_int_equal(fdt_reg_raw(f, fdt_parent(f, controller), 0, &hart, &size), 0);
		if (cell != CELL_SUPERVISOR_EXTERNAL)
			continue;
		supervisor_contexts++;
		/* 2n + 1 on virt; 2n where hart 0 has one context only. */
		assert_int_equal(i, 2 * hart + m->first_context);
	}
	assert_int_equal(fdt_interrupt_extended(f, plic, i, &controller, &cell), -ENOENT);
	assert_int_equal(supervisor_contexts, m->harts - m->harts_without_mmu);
}

static void plic_contexts_belong_to_the_harts_that_the_tree_names(void **state)
{
	on_each_machine(check_plic_contexts_belong_to_the_harts_that_the_tree_names);
}

static void aliases_are_followed(void **state)
{
	const struct fdt *const f = &trees[2];

	assert_int_equal(fdt_find_path(f, "serial0"), fdt_find_path(f, "/soc/serial@10010000"));
	assert_int_equal(fdt_find_path_len(f, "serial1:115200n8", strlen("serial1")),
			 fdt_find_path(f, "/soc/serial@10011000"));
	assert_int_equal(fdt_find_path(f, "serial9"), FDT_NONE);
	assert_int_equal(fdt_find_path(f, "serial"), FDT_NONE);
}

static void check_every_node_is_found_again_by_its_path(const struct machine *m,
							const struct fdt *f)
{
	u32 nodes = 0;
	int depth = 0;

	for (u32 n = fdt_root(f); n != FDT_NONE; n = fdt_next_node(f, n, &depth)) {
		char path[256];
		u32 parent = fdt_parent(f, n);
		bool is_child = n == fdt_root(f);

		assert_true(depth >= 0 && depth < FDT_DEPTH_MAX);
		fdt_path_of(f, n, path, sizeof(path));
		assert_int_equal(fdt_find_path(f, path), n);
		assert_int_equal(parent == FDT_NONE, is_child);
		fdt_for_each_child(f, child, parent)
			is_child = is_child || child == n;
		assert_true(is_child);
		nodes++;
	}
	assert_true(nodes > 25);
}

static void every_node_is_found_again_by_its_path(void **state)
{
	on_each_machine(check_every_node_is_found_again_by_its_path);
}

static void check_trees_without_reservations_have_none(const struct machine *m, const struct fdt *f)
{
	u64 addr, size;

	assert_int_equal(fdt_reserve_entry(f, 0, &addr, &size), -ENOENT);
}

static void trees_without_reservations_have_none(void **state)
{
	on_each_machine(check_trees_without_reservations_have_none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timebase_is_the_machines),
		cmocka_unit_test(harts_have_ids_and_only_application_harts_an_mmu),
		cmocka_unit_test(memory_is_found_by_its_type),
		cmocka_unit_test(console_is_found_through_stdout_path_and_has_its_interrupt),
		cmocka_unit_test(plic_has_its_sources_and_registers),
		cmocka_unit_test(plic_contexts_belong_to_the_harts_that_the_tree_names),
		cmocka_unit_test(aliases_are_followed),
		cmocka_unit_test(every_node_is_found_again_by_its_path),
		cmocka_unit_test(trees_without_reservations_have_none),
	};

	return cmocka_run_group_tests(tests, load_trees, free_trees);
}
