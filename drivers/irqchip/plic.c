// SPDX-License-Identifier: MIT
/*
 * The platform-level interrupt controller. RISC-V Platform-Level Interrupt Controller Specification
 * 1.0.0.
 *
 * Why a hart's number is not its context's (rule T27): the controller has a context for each hart
 * and privilege mode that can take interrupts; harts differ in what modes they have; and the first
 * hart may have machine mode alone. So contexts are counted as the node's interrupts-extended lists
 * them, and the hart behind each entry is the cpu node above the interrupt controller it names.
 *
 * A machine may have several controllers, each for the harts of its socket. All lines of one go to
 * one hart: the one that booted, or the first of ours that it serves. Locks: enable bits and
 * priorities are under the table lock of drivers/base/irq.c; claim and complete touch only the own
 * hart's context.
 */
#include "drivers/irqchip/plic.h"

#include "arch/riscv/cpu/csr.h"
#include "arch/riscv/cpu/mmio.h"
#include "drivers/base/device.h"
#include "drivers/base/irq.h"
#include "kernel/core/panic.h"
#include "lib/abi/errno.h"
#include "mm/pmm/kmap.h"
#include "mm/pmm/slab.h"

#define PRIORITY(line)          (4 * (size_t)(line))
#define ENABLE(context, line)   (0x2000 + 0x80 * (size_t)(context) + 4 * ((size_t)(line) / 32))
#define ENABLE_BIT(line)        (1U << ((line) % 32))
#define CONTEXTS_OFFSET         0x200000 /* where the pages of the contexts begin */
#define THRESHOLD(context)      (0x1000 * (size_t)(context))
#define CLAIM_COMPLETE(context) (0x1000 * (size_t)(context) + 4)

#define PRIORITY_ON   1U
#define THRESHOLD_ALL 0U /* whatever has a priority comes through */
#define LINES_MAX     1023U
#define CONTEXTS_MAX  15872U

struct plic {
	struct irq_chip chip;

	/* set once by probe */
	u8 *lines;     /* priorities and enable bits */
	u8 *contexts;  /* a page each */
	u32 routed_to; /* the hart that serves its lines, by cpu index */
	u32 context_of[CONFIG_NR_CPUS];

	/* What was let in, as the enable bits of the hart that serves it have it: starting that
	 * hart clears them. Under the table lock. */
	u32 let_in[LINES_MAX / 32 + 1];
};

static struct plic *plic_of(struct irq_chip *chip)
{
	return container_of(chip, struct plic, chip);
}

static u32 own_context(const struct plic *plic)
{
	return plic->context_of[cpu_index()];
}

static bool plic_is_enabled(const struct plic *plic, u32 context, u32 line)
{
	return (read32(plic->lines + ENABLE(context, line)) & ENABLE_BIT(line)) != 0;
}

/* The enable bits of @line and its neighbours become what let_in has. */
static void write_enable_bits(const struct plic *plic, u32 line)
{
	write32(plic->lines + ENABLE(plic->context_of[plic->routed_to], line),
		plic->let_in[line / 32]);
}

static void plic_enable(struct irq_chip *chip, u32 line)
{
	struct plic *plic = plic_of(chip);
	write32(plic->lines + PRIORITY(line), PRIORITY_ON);
	plic->let_in[line / 32] |= ENABLE_BIT(line);
	write_enable_bits(plic, line);
}

static void plic_disable(struct irq_chip *chip, u32 line)
{
	struct plic *plic = plic_of(chip);
	plic->let_in[line / 32] &= ~ENABLE_BIT(line);
	write_enable_bits(plic, line);
}

static u32 plic_claim(struct irq_chip *chip)
{
	const struct plic *plic = plic_of(chip);
	const u32 context = own_context(plic);
	return context == PLIC_CONTEXT_NONE ? 0 : read32(plic->contexts + CLAIM_COMPLETE(context));
}

static void plic_complete(struct irq_chip *chip, u32 line)
{
	const struct plic *plic = plic_of(chip);
	const u32 context = own_context(plic);
	/* The controller ignores the completion of a line that is not enabled in the context,
	 * and that line would never come again (rule T30). */
	DEBUG_ASSERT(plic_is_enabled(plic, context, line));
	write32(plic->contexts + CLAIM_COMPLETE(context), line);
}

/* Firmware leaves thresholds at 7 and enable bits as it likes, at each start of a hart (rule
 * T29). */
static void plic_init_hart(struct irq_chip *chip)
{
	const struct plic *plic = plic_of(chip);
	const u32 context = own_context(plic);
	if (context == PLIC_CONTEXT_NONE)
		return;
	for (u32 line = 0; line <= chip->line_count; line += 32)
		write32(plic->lines + ENABLE(context, line),
			cpu_index() == plic->routed_to ? plic->let_in[line / 32] : 0);
	write32(plic->contexts + THRESHOLD(context), THRESHOLD_ALL);
}

static const struct irq_chip_ops plic_ops = {
	.enable = plic_enable,
	.disable = plic_disable,
	.claim = plic_claim,
	.complete = plic_complete,
	.init_hart = plic_init_hart,
};

/* The cpu index of the hart whose interrupt controller is @intc; CONFIG_NR_CPUS if it is none of
 * ours. */
static u32 cpu_above(const struct fdt *tree, u32 intc)
{
	u64 hartid, size_bytes;
	if (fdt_reg_raw(tree, fdt_parent(tree, intc), 0, &hartid, &size_bytes) != 0)
		return CONFIG_NR_CPUS;
	for (u32 cpu = 0; cpu < cpu_count; cpu++) {
		if (cpus[cpu].hartid == hartid)
			return cpu;
	}
	return CONFIG_NR_CPUS;
}

u32 plic_find_contexts(const struct fdt *tree, u32 node, u32 context_of[CONFIG_NR_CPUS])
{
	for (u32 cpu = 0; cpu < CONFIG_NR_CPUS; cpu++)
		context_of[cpu] = PLIC_CONTEXT_NONE;

	u32 context = 0;
	for (; context < CONTEXTS_MAX; context++) {
		u32 intc, cause;
		if (fdt_interrupt_extended(tree, node, context, &intc, &cause) != 0)
			break;
		/* Machine mode's entries are 11, or -1 where there is no wire. */
		if (cause != IRQ_EXTERNAL)
			continue;
		const u32 cpu = cpu_above(tree, intc);
		if (cpu < CONFIG_NR_CPUS)
			context_of[cpu] = context;
	}
	return context;
}

/* Only the pages that are used: the whole window is 64 MiB on the FU740 (rule T11). */
static int plic_map(struct plic *plic, const struct device *dev, u32 context_count)
{
	const size_t contexts_bytes = THRESHOLD(context_count);
	paddr_t pa;
	const int error = device_registers(dev, 0, CONTEXTS_OFFSET + contexts_bytes, &pa);
	if (error != 0)
		return error;
	plic->lines = kmap_device(pa, ENABLE(context_count, 0));
	plic->contexts = kmap_device(pa + CONTEXTS_OFFSET, contexts_bytes);
	if (plic->lines == NULL || plic->contexts == NULL) {
		device_error(dev, "no memory to map its registers");
		return -ENOMEM;
	}
	return 0;
}

/* What the node says, and the registers. The error has been reported. */
static int plic_setup(struct plic *plic, const struct device *dev)
{
	plic->chip.ops = &plic_ops;
	plic->chip.node = dev->node;
	plic->chip.line_count = device_u32(dev, "riscv,ndev", 0);
	if (plic->chip.line_count == 0 || plic->chip.line_count > LINES_MAX) {
		device_error(dev, "riscv,ndev is missing or not in 1 .. %u", LINES_MAX);
		return -EINVAL;
	}
	const u32 context_count = plic_find_contexts(dev->tree, dev->node, plic->context_of);
	while (plic->routed_to < cpu_count &&
	       plic->context_of[plic->routed_to] == PLIC_CONTEXT_NONE)
		plic->routed_to++;
	if (plic->routed_to == cpu_count) {
		device_error(dev,
			     "no supervisor context for a hart of ours in interrupts-extended");
		return -EINVAL;
	}
	return plic_map(plic, dev, context_count);
}

static int plic_probe(const struct device *dev)
{
	struct plic *plic = kzalloc(sizeof(*plic));
	if (plic == NULL) {
		device_error(dev, "no memory");
		return -ENOMEM;
	}
	int error = plic_setup(plic, dev);
	if (error != 0)
		goto free_state;
	plic_init_hart(&plic->chip);
	error = irq_chip_register(&plic->chip);
	if (error != 0) {
		device_error(dev, "not registered: error %d", error);
		goto free_state;
	}
	return 0;

free_state:
	kfree(plic);
	return error;
}

static const char *const plic_compatible[] = { "sifive,plic-1.0.0", "riscv,plic0", NULL };

static const struct driver plic_driver = {
	.name = "plic",
	.stage = DRIVER_INTERRUPTS,
	.compatible = plic_compatible,
	.probe = plic_probe,
};
DRIVER_REGISTER(plic_driver);
