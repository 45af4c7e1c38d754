// SPDX-License-Identifier: MIT
/* sources: lib/fdt.c lib/fdt_bus.c lib/string.c lib/format.c lib/bits.c
 * drivers/serial/stdout_path.c drivers/base/device.c drivers/base/bind.c drivers/irqchip/plic.c
 * drivers/serial/ns16550.c drivers/serial/sifive_uart.c tests/host/shim/heap.c
 * tests/host/shim/machine.c tests/host/shim/panic.c tests/fuzz/replay.c */
/*
 * A device tree, as boot sees it: the reader's every question to every node, memory and
 * reservations, the harts, and the drivers' probes on devices that read as zero.
 */
#include <setjmp.h>
#include <stdarg.h>

#include "arch/riscv/boot/boot_tree.h"
#include "arch/riscv/boot/early_map.h"
#include "arch/riscv/cpu/cpu.h"
#include "arch/riscv/cpu/mmio.h"
#include "drivers/base/bind.h"
#include "drivers/irqchip/plic.h"
#include "drivers/serial/stdout_path.h"
#include "kernel/core/printk.h"
#include "mm/pmm/kmap.h"
#include "tests/fuzz/fuzz.h"
#include "tests/host/shim/machine.h"
/* Their state must be forgotten between inputs. */
#include "arch/riscv/boot/boot_tree.c"
#define cpus      scanned_cpus
#define cpu_count scanned_count
#include "arch/riscv/cpu/cpu.c"
#undef cpus
#undef cpu_count
#include "drivers/base/irq.c"
#include "drivers/serial/serial.c"
#include "mm/pmm/memblock.c"

/* Every question costs a walk, so an input is asked about few of its nodes; which, its size says.
 */
#define NODES_ASKED   4
#define NODES_SKIPPED 40 /* at most */
#define ENTRIES_ASKED 6
#define IMAGE_START   0x80200000UL
#define IMAGE_BYTES   0x200000UL
#define TREE_START    0x9fe00000UL

const void *early_fdt;
paddr_t early_fdt_phys = TREE_START;
size_t early_fdt_mapped_bytes;
const char _text[IMAGE_BYTES], _end[1];
paddr_t kernel_image_base = IMAGE_START;

extern const struct driver *const __start_drivers_table[], *const __stop_drivers_table[];

paddr_t kernel_image_phys(const void *symbol)
{
	return IMAGE_START;
}

bool shim_should_fail(void)
{
	return false;
}

void console_register(struct console *c)
{
}

void *kmap_device(paddr_t pa, size_t len_bytes)
{
	static u8 registers[16];
	return registers;
}

u64 shim_mmio_read(const volatile void *reg, unsigned width_bytes)
{
	return 0;
}

void shim_mmio_write(volatile void *reg, u64 value, unsigned width_bytes)
{
}

/* boot_stop() does not come back; what it prints says so. */
static jmp_buf stopped;
void printk(enum log_level level, const char *format, ...)
{
	if (strstr(format, "cannot start") != NULL)
		longjmp(stopped, 1);
}

/* ---- the reader ------------------------------------------------------------------------- */

static bool is_in_tree(const struct fdt *tree, const void *p, size_t len)
{
	const u8 *const at = p;
	return at >= tree->blob && at <= tree->blob + tree->total_bytes &&
	       len <= (size_t)(tree->blob + tree->total_bytes - at);
}

static void ask_numbers(const struct fdt *tree, u32 node)
{
	u64 addr, size;
	u32 controller, cell;
	for (u32 i = 0; i < ENTRIES_ASKED; i++) {
		(void)fdt_reg(tree, node, i, &addr, &size);
		(void)fdt_reg_raw(tree, node, i, &addr, &size);
		if (fdt_interrupt(tree, node, i, &cell, &controller) == 0)
			FUZZ_CHECK(fdt_node_name(tree, controller) != NULL);
		(void)fdt_interrupt_extended(tree, node, i, &controller, &cell);
		(void)fdt_reserve_entry(tree, i, &addr, &size);
	}
}

static void ask_node(const struct fdt *tree, u32 node)
{
	static const char *const names[] = { "compatible", "reg", "status", "ranges", "x" };
	char path[64];
	const char *const name = fdt_node_name(tree, node);
	FUZZ_CHECK(is_in_tree(tree, name, strlen(name) + 1));
	FUZZ_CHECK(strlen(fdt_path_of(tree, node, path, sizeof(path))) < sizeof(path));
	const u32 parent = fdt_parent(tree, node);
	FUZZ_CHECK((parent == FDT_NONE) == (node == fdt_root(tree)));
	FUZZ_CHECK(parent == FDT_NONE || parent < node);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		u32 len = 0;
		const void *value = fdt_prop(tree, node, names[i], &len);
		FUZZ_CHECK(value == NULL || is_in_tree(tree, value, len));
		const char *s;
		for (u32 at = 0; (s = fdt_prop_string_at(tree, node, names[i], at)) != NULL &&
				 at < ENTRIES_ASKED;
		     at++)
			FUZZ_CHECK(is_in_tree(tree, s, strlen(s) + 1));
	}
	ask_numbers(tree, node);
}

static void ask_all(const struct fdt *tree)
{
	const u32 first = fdt_total_size(tree) % NODES_SKIPPED;
	u32 number = 0;
	fdt_for_each_node(tree, node) {
		if (number == first + NODES_ASKED)
			break;
		if (number++ < first)
			continue;
		ask_node(tree, node);
		u32 previous = node;
		fdt_for_each_child(tree, child, node) {
			FUZZ_CHECK(child > previous);
			previous = child;
			if (child - node > 4096)
				break;
		}
	}
	(void)fdt_find_path(tree, "/soc/serial@10000000");
	(void)fdt_find_path(tree, "serial0/x/y");
	(void)fdt_find_compatible(tree, FDT_NONE, "ns16550a");
}

/* ---- boot ------------------------------------------------------------------------------- */

/* Sorted, not empty, apart from each other. */
static void check_ranges(bool (*next_range)(unsigned index, struct mem_range *out), bool of_ram)
{
	struct mem_range r;
	paddr_t end = 0;
	for (unsigned i = 0; next_range(i, &r); i++) {
		FUZZ_CHECK(r.start < r.end && (i == 0 || r.start > end || !of_ram));
		FUZZ_CHECK(memblock_contains(memblock_ram, r.start, r.end));
		end = r.end;
	}
}

static void check_memory(void)
{
	paddr_t start, end;
	struct mem_range r;
	check_ranges(memblock_ram, true);
	check_ranges(memblock_mappable, false);
	check_ranges(memblock_free, false);
	boot_tree_initrd(&start, &end);
	FUZZ_CHECK(start == end || memblock_contains(memblock_mappable, start, end));
	/* Nobody gets what the image, the tree and the archive lie in. */
	for (unsigned i = 0; memblock_free(i, &r); i++) {
		FUZZ_CHECK(r.end <= IMAGE_START || r.start >= IMAGE_START + (u64)(_end - _text));
		FUZZ_CHECK(r.end <= TREE_START ||
			   r.start >= TREE_START + fdt_total_size(&boot_tree));
		FUZZ_CHECK(start == end || r.end <= start || r.start >= end);
	}
}

/* Controllers and ports begin what their drivers made, and live as long as the kernel. */
static void forget_devices(void)
{
	while (chips != NULL) {
		struct irq_chip *const chip = chips;
		chips = chip->next;
		kfree(chip->actions);
		kfree(chip);
	}
	while (port_count > 0)
		kfree(ports[--port_count]);
}

static void forget_all(void)
{
	forget_devices();
	memset(&ram, 0, sizeof(ram));
	memset(&reserved, 0, sizeof(reserved));
	memset(&no_map, 0, sizeof(no_map));
	initrd_is_refused = false;
	scanned_count = 0;
}

static void boot(void)
{
	u32 timebase_hz, node, number;
	size_t seed_bytes;
	forget_all();
	if (setjmp(stopped) != 0)
		return;
	boot_tree_open();
	(void)strlen(boot_tree_command_line());
	(void)boot_tree_rng_seed(&seed_bytes);
	ask_all(&boot_tree);
	boot_tree_memory(UINT64_MAX);
	check_memory();
	if (stdout_node(&boot_tree, &node) == 0 &&
	    stdout_alias_number(&boot_tree, node, &number) == 0)
		FUZZ_CHECK(number < 10);
	if (cpu_scan(&boot_tree, 0, &timebase_hz) != 0)
		return;
	FUZZ_CHECK(timebase_hz != 0 && scanned_count >= 1 && scanned_count <= CONFIG_NR_CPUS);
	/* The harts the drivers know are the machine's (tests/host/shim/machine.c). */
	memcpy(cpus, scanned_cpus, sizeof(cpus));
	cpu_count = scanned_count;
	(void)drivers_bind(&boot_tree, __start_drivers_table,
			   (size_t)(__stop_drivers_table - __start_drivers_table));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(data, size);
	early_fdt = copy;
	early_fdt_mapped_bytes = size;
	boot();
	free(copy);
	return 0;
}
