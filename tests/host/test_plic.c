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

/* The model: two controllers, one behind the other. */
#define CONTROLLER_BYTES 0x4000000UL

static struct controller {
	u32 priority[LINES];
	u64 pending, serving; /* by line */
	u64 enabled[CONTEXTS];
	u32 threshold[CONTEXTS];
} first, second;
static unsigned strays; /* accesses the specification does not provide for */
static unsigned lost;   /* completions of lines that are not enabled */

static u32 claim(struct controller *c, u32 context)
{
	u32 best = 0;
	for (u32 line = 1; line < LINES; line++) {
		const u64 bit = BIT(line);
		if ((c->pending & c->enabled[context] & bit) != 0 && (c->serving & bit) == 0 &&
		    c->priority[line] > c->threshold[context] &&
		    (best == 0 || c->priority[line] > c->priority[best]))
			best = line;
	}
	c->serving |= best != 0 ? BIT(best) : 0;
	return best;
}

static struct controller *controller_at(paddr_t pa)
{
	return pa < BASE + CONTROLLER_BYTES ? &first : &second;
}

static u64 plic_read(paddr_t pa, unsigned width)
{
	struct controller *const c = controller_at(pa);
	const u64 off = (pa - BASE) % CONTROLLER_BYTES;
	if (width != 4 || off % 4 != 0)
		strays++;
	if (off < 0x1000 && off / 4 < LINES)
		return c->priority[off / 4];
	if (off >= 0x2000 && off < 0x2000 + 0x80 * CONTEXTS && off % 0x80 < 8)
		return (u32)(c->enabled[(off - 0x2000) / 0x80] >> (off % 0x80 * 8));
	if (off >= 0x200000 && off < 0x200000 + 0x1000 * CONTEXTS && off % 0x1000 == 4)
		return claim(c, (u32)((off - 0x200000) / 0x1000));
	strays++;
	return 0;
}

static void complete(struct controller *c, u32 context, u32 line)
{
	if (line >= LINES || (c->enabled[context] & BIT(line)) == 0) {
		lost++;
		return;
	}
	c->serving &= ~BIT(line);
}

static void plic_write(paddr_t pa, u64 value, unsigned width)
{
	struct controller *const c = controller_at(pa);
	const u64 off = (pa - BASE) % CONTROLLER_BYTES;
	if (width != 4 || off % 4 != 0)
		strays++;
	if (off < 0x1000 && off / 4 < LINES) {
		c->priority[off / 4] = (u32)value;
	} else if (off >= 0x2000 && off < 0x2000 + 0x80 * CONTEXTS && off % 0x80 < 8) {
		u64 *bits = &c->enabled[(off - 0x2000) / 0x80];
		const u64 shift = off % 0x80 * 8;
		*bits = (*bits & ~(0xffffffffUL << shift)) | value << shift;
	} else if (off >= 0x200000 && off < 0x200000 + 0x1000 * CONTEXTS) {
		const u32 context = (u32)((off - 0x200000) / 0x1000);
		if (off % 0x1000 == 0)
			c->threshold[context] = (u32)value;
		else if (off % 0x1000 == 4)
			complete(c, context, (u32)value);
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
	assert_non_null(
		strstr(shim_log, "plic: /plic@c000000: no supervisor context for a hart of ours"));
}

/* The driver on the model. */
static unsigned served[LINES];

static void handler(void *arg)
{
	const u32 line = (u32)(uintptr_t)arg;
	served[line]++;
	first.pending &= ~BIT(line); /* the device is content */
	second.pending &= ~BIT(line);
}

/* The node of the controller that the lines of the test are of. */
static u32 controller_node;

static int take(u32 number, irq_handler_t handler_of_it)
{
	const struct irq_line line = { .controller = controller_node, .number = number };
	return irq_register(&line, handler_of_it, (void *)(uintptr_t)number);
}

/* What starting a hart leaves of its context (rule T29). */
static void firmware_starts(struct controller *c, u32 context, u64 enabled_bits)
{
	c->threshold[context] = 7;
	c->enabled[context] = enabled_bits;
}

static void bring_up(void)
{
	struct fdt tree;
	tree_load("sifive_u.dtb", &tree);
	set_harts(4, 3, 1, 2, 4);
	host_current->cpu = &cpus[0];
	shim_device_read = plic_read;
	shim_device_write = plic_write;
	for (u32 c = 0; c < CONTEXTS; c++)
		firmware_starts(&first, c, ~1UL);
	controller_node = find_plic(&tree);
	assert_int_equal(take(4, handler), -ENXIO);
	assert_int_equal(drivers_bind(&tree, __start_drivers_table, 1), 1);
}

static void lines_reach_their_handler_and_come_again(void **state)
{
	bring_up();
	assert_int_equal(first.threshold[6], 0);
	assert_int_equal(first.enabled[6], 0);
	assert_non_null(strstr(shim_log, "plic: serves /soc/interrupt-controller@c000000"));

	assert_int_equal(take(4, handler), 0);
	assert_int_equal(take(53, handler), 0);
	assert_int_equal(take(4, handler), -EBUSY);
	assert_int_equal(take(0, handler), -EINVAL);
	assert_int_equal(take(54, handler), -EINVAL);
	assert_int_equal(first.enabled[6], BIT(4) | BIT(53));
	assert_true(first.priority[4] > 0 && first.priority[53] > 0);

	for (unsigned i = 1; i <= 3; i++) {
		first.pending = BIT(4) | BIT(53);
		irq_handle_external();
		assert_int_equal(served[4], i);
		assert_int_equal(served[53], i);
		assert_int_equal(first.serving, 0);
	}
	assert_int_equal(irq_count(0), 6);
	assert_int_equal(lost, 0);
	assert_int_equal(strays, 0);
}

static void nothing_to_claim_is_not_completed(void **state)
{
	first.pending = 0;
	irq_handle_external();
	assert_int_equal(lost, 0);
	assert_int_equal(irq_count(0), 6);
}

static void a_line_without_handler_is_completed_and_then_shut_out(void **state)
{
	shim_log_clear();
	first.enabled[6] |= BIT(9); /* somebody else enabled it */
	first.priority[9] = 1;
	first.pending = BIT(9);
	irq_handle_external();
	assert_int_equal(lost, 0);
	assert_int_equal(first.serving, 0);
	assert_int_equal(first.enabled[6] & BIT(9), 0);
	assert_non_null(strstr(shim_log, "line 9 has no handler"));
	first.pending = 0;
}

static void other_harts_clear_their_own_context(void **state)
{
	host_current->cpu = &cpus[1];
	irq_init_hart();
	assert_int_equal(first.threshold[2], 0);
	assert_int_equal(first.enabled[2], 0);
	/* Lines go to the boot hart: nothing to claim here. */
	first.pending = BIT(4);
	irq_handle_external();
	assert_int_equal(served[4], 3);
	assert_int_equal(first.threshold[4], 7);
	host_current->cpu = &cpus[0];
	irq_handle_external();
	assert_int_equal(served[4], 4);
	assert_int_equal(strays, 0);
}

static void tree_hart(const char *name, u32 hartid, u32 phandle)
{
	tree_node(name);
	tree_prop_cells("reg", 1, hartid);
	tree_node("interrupt-controller");
	tree_prop_cells("#interrupt-cells", 1, 1u);
	tree_prop_cells("phandle", 1, phandle);
	tree_end();
	tree_end();
}

static void tree_plic(const char *name, u32 base, u32 intc)
{
	tree_node(name);
	tree_prop_string("compatible", "riscv,plic0");
	tree_prop_cells("reg", 2, base, (u32)CONTROLLER_BYTES);
	tree_prop_cells("riscv,ndev", 1, 53u);
	tree_prop_cells("interrupts-extended", 2, intc, 9u);
	tree_end();
}

/* QEMU's virt with two sockets: the console's line is the first controller's, which knows nothing
 * of a boot hart in the other socket. */
static void each_controller_is_served_by_a_hart_it_knows(void **state)
{
	struct fdt tree;
	tree_begin();
	tree_node("");
	tree_prop_cells("#address-cells", 1, 1u);
	tree_prop_cells("#size-cells", 1, 1u);
	tree_node("cpus");
	tree_prop_cells("#address-cells", 1, 1u);
	tree_prop_cells("#size-cells", 1, 0u);
	tree_hart("cpu@0", 0, 1);
	tree_hart("cpu@1", 1, 2);
	tree_end();
	tree_plic("plic@c000000", BASE, 1);
	tree_plic("plic@10000000", BASE + CONTROLLER_BYTES, 2);
	tree_end();
	tree_finish(&tree);
	memset(&first, 0, sizeof(first));
	set_harts(2, 1, 0);
	host_current->cpu = &cpus[0];
	assert_int_equal(drivers_bind(&tree, __start_drivers_table, 1), 2);
	controller_node = fdt_find_path(&tree, "/plic@c000000");
	assert_int_equal(take(5, handler), 0);
	controller_node = fdt_find_path(&tree, "/plic@10000000");
	assert_int_equal(take(6, handler), 0);

	first.pending = BIT(5);
	second.pending = BIT(6);
	irq_handle_external();
	assert_int_equal(served[5], 0);
	assert_int_equal(served[6], 1);

	firmware_starts(&first, 0, ~1UL);
	host_current->cpu = &cpus[1];
	irq_init_hart();
	assert_int_equal(first.enabled[0], BIT(5));
	irq_handle_external();
	assert_int_equal(served[5], 1);
	assert_int_equal(served[6], 1);
	assert_int_equal(lost, 0);
	assert_int_equal(strays, 0);
	host_current->cpu = &cpus[0];
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
		cmocka_unit_test(each_controller_is_served_by_a_hart_it_knows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
