/* SPDX-License-Identifier: MIT */
/* sources: drivers/serial/stdout_path.c drivers/base/device.c drivers/base/bind.c lib/fdt.c
 * lib/fdt_bus.c lib/string.c tests/host/shim/devices.c tests/host/shim/tree.c
 * tests/host/shim/panic.c */
/* Binding drivers to nodes, what drivers read from them, and which port the tree calls the console.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "drivers/base/bind.h"
#include "drivers/serial/stdout_path.h"
#include "lib/abi/errno.h"
#include "tests/host/shim/devices.h"

/* ---- stdout-path ---- */

static void the_console_of_each_machine_is_found(void **state)
{
	static const struct {
		const char *file, *path;
	} machines[] = {
		{ "virt.dtb", "/soc/serial@10000000" },
		{ "sifive_u.dtb", "/soc/serial@10010000" },
		{ "unmatched.dtb", "/soc/serial@10010000" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		struct fdt tree;
		u32 node;
		tree_load(machines[i].file, &tree);
		assert_int_equal(stdout_node(&tree, &node), 0);
		assert_int_equal(node, fdt_find_path(&tree, machines[i].path));
	}
}

/* A tree with two serial ports behind aliases, and @stdout_path (NULL: none). */
static void make_tree(struct fdt *tree, const char *stdout_path)
{
	tree_begin();
	tree_node("");
	tree_node("aliases");
	tree_prop_string("serial0", "/uart@2000");
	tree_prop_string("serial3", "/uart@1000");
	tree_end();
	tree_node("chosen");
	if (stdout_path != NULL)
		tree_prop_string("stdout-path", stdout_path);
	tree_end();
	tree_node("uart@1000");
	tree_end();
	tree_node("uart@2000");
	tree_end();
	tree_end();
	tree_finish(tree);
}

static void stdout_path_may_be_a_path_or_an_alias_with_options(void **state)
{
	static const struct {
		const char *text, *path;
	} cases[] = {
		{ "/uart@1000", "/uart@1000" },   { "/uart@1000:115200n8", "/uart@1000" },
		{ "serial0", "/uart@2000" },      { "serial0:115200n8", "/uart@2000" },
		{ "serial3:9600", "/uart@1000" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fdt tree;
		u32 node;
		make_tree(&tree, cases[i].text);
		assert_int_equal(stdout_node(&tree, &node), 0);
		assert_int_equal(node, fdt_find_path(&tree, cases[i].path));
	}
}

static void stdout_path_that_leads_nowhere_is_no_console(void **state)
{
	static const char *const texts[] = { NULL, "", ":115200", "serial1", "/uart@9", "serial9" };
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct fdt tree;
		u32 node = 1234;
		make_tree(&tree, texts[i]);
		assert_int_equal(stdout_node(&tree, &node), -ENOENT);
		assert_int_equal(node, 1234);
	}
}

static void aliases_number_the_ports(void **state)
{
	struct fdt tree;
	u32 number;
	make_tree(&tree, NULL);
	assert_int_equal(stdout_alias_number(&tree, fdt_find_path(&tree, "/uart@1000"), &number),
			 0);
	assert_int_equal(number, 3);
	assert_int_equal(stdout_alias_number(&tree, fdt_find_path(&tree, "/uart@2000"), &number),
			 0);
	assert_int_equal(number, 0);
	assert_int_equal(stdout_alias_number(&tree, fdt_find_path(&tree, "/chosen"), &number),
			 -ENOENT);
}

/* ---- binding ---- */

static char probed[256]; /* the paths, each with a blank behind it */
static int probe_result;

static int probe_a(const struct device *dev)
{
	strncat(probed, "a:", sizeof(probed) - strlen(probed) - 1);
	strncat(probed, dev->path, sizeof(probed) - strlen(probed) - 1);
	strncat(probed, " ", sizeof(probed) - strlen(probed) - 1);
	return probe_result;
}

static int probe_b(const struct device *dev)
{
	strncat(probed, "b:", sizeof(probed) - strlen(probed) - 1);
	strncat(probed, dev->path, sizeof(probed) - strlen(probed) - 1);
	strncat(probed, " ", sizeof(probed) - strlen(probed) - 1);
	return 0;
}

static const char *const a_serves[] = { "x,a2", "x,a", NULL };
static const char *const b_serves[] = { "x,b", NULL };
static const struct driver driver_a = { .name = "a",
					.stage = DRIVER_DEVICE,
					.compatible = a_serves,
					.probe = probe_a };
static const struct driver driver_b = { .name = "b",
					.stage = DRIVER_INTERRUPTS,
					.compatible = b_serves,
					.probe = probe_b };
static const struct driver *const drivers[] = { &driver_a, &driver_b };

static int forget_probes(void **state)
{
	probed[0] = '\0';
	probe_result = 0;
	shim_log_clear();
	return 0;
}

static void device_node(const char *name, const char *compatible, const char *status)
{
	tree_node(name);
	tree_prop_string("compatible", compatible);
	if (status != NULL)
		tree_prop_string("status", status);
}

static void controllers_come_first_wherever_they_stand(void **state)
{
	struct fdt tree;
	tree_begin();
	tree_node("");
	device_node("first@1", "x,a", NULL);
	tree_end();
	device_node("last@2", "x,b", "okay");
	tree_end();
	tree_end();
	tree_finish(&tree);
	assert_int_equal(drivers_bind(&tree, drivers, ARRAY_SIZE(drivers)), 2);
	assert_string_equal(probed, "b:/last@2 a:/first@1 ");
	assert_non_null(strstr(shim_log, "a: serves /first@1\n"));
	assert_non_null(strstr(shim_log, "b: serves /last@2\n"));
}

static void disabled_nodes_and_what_is_below_them_are_left_alone(void **state)
{
	struct fdt tree;
	tree_begin();
	tree_node("");
	device_node("off@1", "x,a", "disabled");
	device_node("below@1", "x,a", NULL);
	device_node("deeper@1", "x,a", NULL);
	tree_end();
	tree_end();
	device_node("below@2", "x,b", "okay");
	tree_end();
	tree_end();
	device_node("off@2", "x,a", "reserved");
	tree_end();
	tree_node("bus");
	device_node("on@3", "x,a", "ok");
	tree_end();
	tree_end();
	device_node("off@4", "x,a", "fail");
	tree_end();
	tree_end();
	tree_finish(&tree);
	assert_int_equal(drivers_bind(&tree, drivers, ARRAY_SIZE(drivers)), 1);
	assert_string_equal(probed, "a:/bus/on@3 ");
}

static void a_driver_serves_any_of_its_compatible_strings(void **state)
{
	struct fdt tree;
	tree_begin();
	tree_node("");
	tree_node("both@1");
	tree_prop("compatible", "y,new\0x,a2", sizeof("y,new\0x,a2"));
	tree_end();
	device_node("near@2", "x,a3", NULL);
	tree_end();
	tree_end();
	tree_finish(&tree);
	assert_int_equal(drivers_bind(&tree, drivers, ARRAY_SIZE(drivers)), 1);
	assert_string_equal(probed, "a:/both@1 ");
}

static void a_device_that_fails_does_not_stop_the_others(void **state)
{
	struct fdt tree;
	tree_begin();
	tree_node("");
	device_node("bad@1", "x,a", NULL);
	tree_end();
	device_node("bad@2", "x,a", NULL);
	tree_end();
	device_node("good@3", "x,b", NULL);
	tree_end();
	tree_end();
	tree_finish(&tree);
	probe_result = -EINVAL;
	assert_int_equal(drivers_bind(&tree, drivers, ARRAY_SIZE(drivers)), 1);
	assert_string_equal(probed, "b:/good@3 a:/bad@1 a:/bad@2 ");
	assert_null(strstr(shim_log, "a: serves"));
}

/* ---- what drivers ask ---- */

static struct device device_at(const struct fdt *tree, const char *path)
{
	struct device dev = { .tree = tree,
			      .node = fdt_find_path(tree, path),
			      .driver = &driver_a };
	(void)fdt_path_of(tree, dev.node, dev.path, sizeof(dev.path));
	return dev;
}

static void registers_and_interrupts_come_from_the_node(void **state)
{
	struct fdt tree;
	paddr_t pa;
	struct irq_line line;
	tree_load("unmatched.dtb", &tree);
	const struct device dev = device_at(&tree, "/soc/serial@10010000");
	assert_int_equal(device_registers(&dev, 0, 0x1c, &pa), 0);
	assert_int_equal(pa, 0x10010000);
	assert_int_equal(device_irq(&dev, 0, &line), 0);
	assert_int_equal(line.number, 39); /* T32 */
	assert_int_equal(device_u32(&dev, "no-such-property", 77), 77);
	const struct device plic = device_at(&tree, "/soc/interrupt-controller@c000000");
	assert_int_equal(line.controller, plic.node);
	assert_int_equal(device_u32(&plic, "riscv,ndev", 0), 69);
}

/* The same devices are wired otherwise on each machine (T32). */
static void interrupts_are_the_machines(void **state)
{
	static const struct {
		const char *file, *path;
		u32 number;
	} wires[] = {
		{ "virt.dtb", "/soc/serial@10000000", 10 },
		{ "sifive_u.dtb", "/soc/serial@10010000", 4 },
		{ "sifive_u.dtb", "/soc/serial@10011000", 5 },
		{ "sifive_u.dtb", "/soc/spi@10050000", 6 },
		{ "unmatched.dtb", "/soc/serial@10010000", 39 },
		{ "unmatched.dtb", "/soc/serial@10011000", 40 },
		{ "unmatched.dtb", "/soc/spi@10050000", 43 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(wires); i++) {
		struct fdt tree;
		struct irq_line line;
		tree_load(wires[i].file, &tree);
		const struct device dev = device_at(&tree, wires[i].path);
		assert_int_equal(device_irq(&dev, 0, &line), 0);
		assert_int_equal(line.number, wires[i].number);
		assert_int_equal(line.controller,
				 fdt_find_compatible(&tree, FDT_NONE, "sifive,plic-1.0.0"));
	}
}

static void what_is_missing_is_an_error_that_names_the_node(void **state)
{
	struct fdt tree;
	paddr_t pa;
	struct irq_line line;
	u8 *base;
	tree_begin();
	tree_node("");
	tree_prop_cells("#address-cells", 1, 1u);
	tree_prop_cells("#size-cells", 1, 1u);
	tree_node("bare@1");
	tree_end();
	tree_node("short@2");
	tree_prop_cells("reg", 2, 2u, 0x10u);
	tree_end();
	tree_end();
	tree_finish(&tree);

	const struct device bare = device_at(&tree, "/bare@1");
	assert_int_equal(device_map(&bare, 0, 4, &base), -EINVAL);
	assert_non_null(strstr(shim_log, "a: /bare@1: no usable entry 0 in its reg"));
	assert_int_equal(device_irq(&bare, 0, &line), -EINVAL);
	assert_non_null(strstr(shim_log, "a: /bare@1: no usable entry 0 in its interrupts"));

	const struct device brief = device_at(&tree, "/short@2");
	assert_int_equal(device_registers(&brief, 0, 0x10, &pa), 0);
	assert_int_equal(device_registers(&brief, 0, 0x14, &pa), -EINVAL);
	assert_non_null(strstr(shim_log, "a: /short@2: entry 0 of its reg has 16 bytes, not 20"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_console_of_each_machine_is_found),
		cmocka_unit_test(stdout_path_may_be_a_path_or_an_alias_with_options),
		cmocka_unit_test(stdout_path_that_leads_nowhere_is_no_console),
		cmocka_unit_test(aliases_number_the_ports),
		cmocka_unit_test_setup(controllers_come_first_wherever_they_stand, forget_probes),
		cmocka_unit_test_setup(disabled_nodes_and_what_is_below_them_are_left_alone,
				       forget_probes),
		cmocka_unit_test_setup(a_driver_serves_any_of_its_compatible_strings,
				       forget_probes),
		cmocka_unit_test_setup(a_device_that_fails_does_not_stop_the_others, forget_probes),
		cmocka_unit_test_setup(registers_and_interrupts_come_from_the_node, forget_probes),
		cmocka_unit_test(interrupts_are_the_machines),
		cmocka_unit_test_setup(what_is_missing_is_an_error_that_names_the_node,
				       forget_probes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
