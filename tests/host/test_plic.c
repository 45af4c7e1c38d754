/* SPDX-License-Identifier: MIT */
/* sources: drivers/irqchip/plic.c drivers/base/irq.c drivers/base/device.c drivers/base/bind.c
 * lib/fdt.c lib/fdt_bus.c lib/string.c tests/host/shim/devices.c tests/host/shim/tree.c
 * tests/host/shim/heap.c tests/host/shim/machine.c tests/host/shim/panic.c */
/*
 * The PLIC driver: contexts from the trees of our machines, and the driver with the interrupt table
 * on a model of the controller that forgives as little as the hardware does (rules T27 to T31).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/riscv/cpu/cpu.h"
#include "drivers/base/bind.h"
#include "drivers/base/irq.h"
#include "drivers/irqchip/plic.h"
#include "lib/abi/errno.h"
#include "tests/host/shim/devices.h"
#include "tests/host/shim/machine.h"

bool shim_should_fail(void)
{
	return false;
}

extern const struct driver *const __start_drivers_table[], *const __stop_drivers_table[];

#define BASE     0x0c000000UL
#define LINES    54 /* of sifive_u: 1 .. 53 */
#define CONTEXTS 9

/* The model. */
static u32 priority[LINES];
static u64 pending, serving; /* by line */
static u64 enabled[CONTEXTS];
static u32 threshold[CONTEXTS];
static unsigned strays; /* accesses the specification does not provide for */
static unsigned lost;   /* completions of lines that are not enabled */

static u32 claim(u32 context)
{
	u32 best = 0;
	for (u32 line = 1; line < LINES; line++) {
		const u64 bit = BIT(line);
		if ((pending & enabled[context] & bit) != 0 && (serving & bit) == 0 &&
		    priority[line] > threshold[context] &&
		    (best == 0 || priority[line] > priority[best]))
			best = line;
	}
	serving |= best != 0 ? BIT(best) : 0;
	return best;
}

static u64 plic_read(paddr_t pa, unsigned width)
{
	const u64 off = pa - BASE;
	if (width != 4 || off % 4 != 0)
		strays++;
	if (off < 0x1000 && off / 4 < LINES)
		return priority[off / 4];
	if (off >= 0x2000 && off < 0x2000 + 0x80 * CONTEXTS && off % 0x80 < 8)
		return (u32)(enabled[(off - 0x2000) / 0x80] >> (off % 0x80 * 8));
	if (off >= 0x200000 && off < 0x200000 + 0x1000 * CONTEXTS && off % 0x1000 == 4)
		return claim((u32)((off - 0x200000) / 0x1000));
	strays++;
	return 0;
}

static void complete(u32 context, u32 line)
{
	if (line >= LINES || (enabled[context] & BIT(line)) == 0) {
		lost++;
		return;
	}
	serving &= ~BIT(line);
}

static void plic_write(paddr_t pa, u64 value, unsigned width)
{
	const u64 off = pa - BASE;
	if (width != 4 || off % 4 != 0)
		strays++;
	if (off < 0x1000 && off / 4 < LINES) {
		priority[off / 4] = (u32)value;
	} else if (off >= 0x2000 && off < 0x2000 + 0x80 * CONTEXTS && off % 0x80 < 8) {
		u64 *bits = &enabled[(off - 0x2000) / 0x80];
		const u64 shift = off % 0x80 * 8;
		*bits = (*bits & ~(0xffffffffUL << shift)) | value << shift;
	} else if (off >= 0x200000 && off < 0x200000 + 0x1000 * CONTEXTS) {
		const u32 context = (u32)((off - 0x200000) / 0x1000);
		if (off % 0x1000 == 0)
			threshold[context] = (u32)value;
		else if (off % 0x1000 == 4)
			complete(context, (u32)value);
		else
			strays++;
	} else {
		strays++;
	}
}

static void set_harts(u32 count, ...)
{
	va_list args;
	va_start(args, count);
	for (u32 i = 0; i < count; i++) {
		cpus[i].index = i;
		cpus[i].hartid = va_arg(args, u32);
	}
	va_end(args);
	cpu_count = count;
}

static u32 find_plic(const struct fdt *tree)
{
	u32 node = fdt_find_compatible(tree, FDT_NONE, "sifive,plic-1.0.0");
	assert_int_not_equal(node, FDT_NONE);
	return node;
}

static void virt_has_supervisor_contexts_at_odd_numbers(void **state)
{
	struct fdt tree;
	u32 context_of[CONFIG_NR_CPUS];
	tree_load("virt.dtb", &tree);
	set_harts(4, 2, 0, 1, 3); /* the boot hart first, whichever it is */
	assert_int_equal(plic_find_contexts(&tree, find_plic(&tree), context_of), 8);
	assert_int_equal(context_of[0], 5);
	assert_int_equal(context_of[1], 1);
	assert_int_equal(context_of[2], 3);
	assert_int_equal(context_of[3], 7);
	assert_int_equal(context_of[4], PLIC_CONTEXT_NONE);
}

static void first_hart_without_supervisor_mode_shifts_the_contexts(void **state)
{
	static const char *const names[] = { "sifive_u.dtb", "unmatched.dtb" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct fdt tree;
		u32 context_of[CONFIG_NR_CPUS];
		tree_load(names[i], &tree);
		set_harts(4, 3, 1, 2, 4);
		assert_int_equal(plic_find_contexts(&tree, find_plic(&tree), context_of), CONTEXTS);
		assert_int_equal(context_of[0], 6);
		assert_int_equal(context_of[1], 2);
		assert_int_equal(context_of[2], 4);
		assert_int_equal(context_of[3], 8);
		set_harts(1, 0);
		(void)plic_find_contexts(&tree, find_plic(&tree), context_of);
		assert_int_equal(context_of[0], PLIC_CONTEXT_NONE);
	}
}

static void a_node_without_what_is_needed_is_an_error_that_names_it(void **state)
{
	struct fdt tree;
	tree_begin();
	tree_node("");
	tree_node("plic@c000000");
	tree_prop_string("compatible", "riscv,plic0");
	tree_end();
	tree_end();
	tree_finish(&tree);
	shim_log_clear();
	assert_int_equal(drivers_bind(&tree, __start_drivers_table, 1), 0);
	assert_non_null(strstr(shim_log, "plic: /plic@c000000: riscv,ndev"));

	tree_begin();
	tree_node("");
	tree_node("plic@c000000");
	tree_prop_string("compatible", "riscv,plic0");
	tree_prop_cells("riscv,ndev", 1, 53u);
	tree_end();
	tree_end();
	tree_finish(&tree);
	shim_log_clear();
	assert_int_equal(drivers_bind(&tree, __start_drivers_table, 1), 0);
	assert_non_null(strstr(shim_log, "plic: /plic@c000000: no supervisor context for hart"));
}

/* The driver on the model, in one piece: it can be brought up once. */
static unsigned served[LINES];

static void handler(void *arg)
{
	const u32 line = (u32)(uintptr_t)arg;
	served[line]++;
	pending &= ~BIT(line); /* the device is content */
}

static void bring_up(void)
{
	struct fdt tree;
	tree_load("sifive_u.dtb", &tree);
	set_harts(4, 3, 1, 2, 4);
	host_current->cpu = &cpus[0];
	shim_device_read = plic_read;
	shim_device_write = plic_write;
	for (u32 c = 0; c < CONTEXTS; c++) {
		threshold[c] = 7; /* as OpenSBI leaves it */
		enabled[c] = ~1UL;
	}
	assert_int_equal(irq_register(4, handler, NULL), -ENXIO);
	assert_int_equal(drivers_bind(&tree, __start_drivers_table, 1), 1);
}

static void lines_reach_their_handler_and_come_again(void **state)
{
	bring_up();
	assert_int_equal(threshold[6], 0);
	assert_int_equal(enabled[6], 0);
	assert_non_null(strstr(shim_log, "plic: serves /soc/interrupt-controller@c000000"));

	assert_int_equal(irq_register(4, handler, (void *)4), 0);
	assert_int_equal(irq_register(53, handler, (void *)53), 0);
	assert_int_equal(irq_register(4, handler, NULL), -EBUSY);
	assert_int_equal(irq_register(0, handler, NULL), -EINVAL);
	assert_int_equal(irq_register(54, handler, NULL), -EINVAL);
	assert_int_equal(enabled[6], BIT(4) | BIT(53));
	assert_true(priority[4] > 0 && priority[53] > 0);

	for (unsigned i = 1; i <= 3; i++) {
		pending = BIT(4) | BIT(53);
		irq_handle_external();
		assert_int_equal(served[4], i);
		assert_int_equal(served[53], i);
		assert_int_equal(serving, 0);
	}
	assert_int_equal(irq_count(0), 6);
	assert_int_equal(lost, 0);
	assert_int_equal(strays, 0);
}

static void nothing_to_claim_is_not_completed(void **state)
{
	pending = 0;
	irq_handle_external();
	assert_int_equal(lost, 0);
	assert_int_equal(irq_count(0), 6);
}

static void a_line_without_handler_is_completed_and_then_shut_out(void **state)
{
	shim_log_clear();
	enabled[6] |= BIT(9); /* somebody else enabled it */
	priority[9] = 1;
	pending = BIT(9);
	irq_handle_external();
	assert_int_equal(lost, 0);
	assert_int_equal(serving, 0);
	assert_int_equal(enabled[6] & BIT(9), 0);
	assert_non_null(strstr(shim_log, "line 9 has no handler"));
	pending = 0;
}

static void other_harts_clear_their_own_context(void **state)
{
	host_current->cpu = &cpus[1];
	irq_init_hart();
	assert_int_equal(threshold[2], 0);
	assert_int_equal(enabled[2], 0);
	/* Lines go to the boot hart: nothing to claim here. */
	pending = BIT(4);
	irq_handle_external();
	assert_int_equal(served[4], 3);
	assert_int_equal(threshold[4], 7);
	host_current->cpu = &cpus[0];
	irq_handle_external();
	assert_int_equal(served[4], 4);
	assert_int_equal(strays, 0);
}

static void a_second_controller_is_refused(void **state)
{
	struct fdt tree;
	tree_load("sifive_u.dtb", &tree);
	shim_log_clear();
	assert_int_equal(drivers_bind(&tree, __start_drivers_table, 1), 0);
	assert_non_null(strstr(shim_log, "plic: /soc/interrupt-controller@c000000: a second"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(virt_has_supervisor_contexts_at_odd_numbers),
		cmocka_unit_test(first_hart_without_supervisor_mode_shifts_the_contexts),
		cmocka_unit_test(a_node_without_what_is_needed_is_an_error_that_names_it),
		cmocka_unit_test(lines_reach_their_handler_and_come_again),
		cmocka_unit_test(nothing_to_claim_is_not_completed),
		cmocka_unit_test(a_line_without_handler_is_completed_and_then_shut_out),
		cmocka_unit_test(other_harts_clear_their_own_context),
		cmocka_unit_test(a_second_controller_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
