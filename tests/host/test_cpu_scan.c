/* SPDX-License-Identifier: MIT */
/* sources: arch/riscv/cpu/cpu.c lib/fdt.c lib/fdt_bus.c lib/string.c tests/host/shim/tree.c */
/* Which harts of a tree are ours, and in which order (rules T19, T20). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/riscv/cpu/cpu_scan.h"
#include "lib/abi/errno.h"
#include "tests/host/shim/devices.h"

static void add_hart(u32 hartid, const char *mmu_type, const char *status)
{
	tree_node("cpu");
	tree_prop_string("device_type", "cpu");
	tree_prop_cells("reg", 1, hartid);
	if (mmu_type != NULL)
		tree_prop_string("mmu-type", mmu_type);
	if (status != NULL)
		tree_prop_string("status", status);
	tree_end();
}

static void begin_harts(u32 timebase_hz)
{
	tree_begin();
	tree_node("");
	tree_node("cpus");
	tree_prop_cells("#address-cells", 1, 1u);
	tree_prop_cells("#size-cells", 1, 0u);
	if (timebase_hz != 0)
		tree_prop_cells("timebase-frequency", 1, timebase_hz);
}

static int scan(u32 boot_hartid)
{
	struct fdt tree;
	u32 timebase_hz;
	tree_end();
	tree_end();
	tree_finish(&tree);
	memset(cpus, 0, sizeof(cpus));
	cpu_count = 0;
	return cpu_scan(&tree, boot_hartid, &timebase_hz);
}

static void harts_without_paging_or_disabled_are_left_alone(void **state)
{
	begin_harts(1000000);
	add_hart(0, NULL, NULL);
	add_hart(1, "riscv,none", "okay");
	add_hart(2, "riscv,sv39", NULL);
	add_hart(3, "riscv,sv39", "disabled");
	add_hart(4, "riscv,sv48", "okay");
	assert_int_equal(scan(4), 0);
	assert_int_equal(cpu_count, 2);
	assert_int_equal(cpus[0].hartid, 4);
	assert_int_equal(cpus[1].hartid, 2);
}

static void the_machines_harts_are_found_whichever_boots(void **state)
{
	static const char *const names[] = { "sifive_u.dtb", "unmatched.dtb" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct fdt tree;
		u32 timebase_hz;
		tree_load(names[i], &tree);
		memset(cpus, 0, sizeof(cpus));
		cpu_count = 0;
		assert_int_equal(cpu_scan(&tree, 3, &timebase_hz), 0);
		assert_int_equal(timebase_hz, 1000000);
		assert_int_equal(cpu_count, 4);
		static const u32 order[] = { 3, 1, 2, 4 };
		for (u32 cpu = 0; cpu < cpu_count; cpu++) {
			assert_int_equal(cpus[cpu].index, cpu);
			assert_true(cpus[cpu].bit == BIT(cpu));
			assert_int_equal(cpus[cpu].hartid, order[cpu]);
		}
	}
}

static void more_harts_than_there_is_room_for_stay_where_they_are(void **state)
{
	begin_harts(1000000);
	for (u32 hartid = 0; hartid < CONFIG_NR_CPUS + 2; hartid++)
		add_hart(hartid, "riscv,sv39", NULL);
	assert_int_equal(scan(CONFIG_NR_CPUS + 1), 0);
	assert_int_equal(cpu_count, CONFIG_NR_CPUS);
	assert_int_equal(cpus[0].hartid, CONFIG_NR_CPUS + 1);
}

static void a_tree_without_a_timebase_is_refused(void **state)
{
	begin_harts(0);
	add_hart(0, "riscv,sv39", NULL);
	assert_int_equal(scan(0), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(harts_without_paging_or_disabled_are_left_alone),
		cmocka_unit_test(the_machines_harts_are_found_whichever_boots),
		cmocka_unit_test(more_harts_than_there_is_room_for_stay_where_they_are),
		cmocka_unit_test(a_tree_without_a_timebase_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
