// SPDX-License-Identifier: MIT
/*
 * The last report. One hart makes it: the first to claim panic_cpu; the others are stopped before
 * anything is printed, and whoever panics meanwhile stops itself. From then on nobody holds a lock
 * against us: the console polls, printk and the dumpers take none.
 *
 * A panic inside the report (a damaged stack, a broken dumper) abandons the part that failed and
 * goes on with the next; each part is begun once, so it ends.
 */
#include "kernel/core/panic.h"

#include "arch/riscv/cpu/clock.h"
#include "arch/riscv/cpu/cpu.h"
#include "arch/riscv/cpu/layout.h"
#include "arch/riscv/cpu/sbi.h"
#include "arch/riscv/cpu/smp.h"
#include "arch/riscv/cpu/trap_frame.h"
#include "arch/riscv/cpu/unwind.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/printk.h"
#include "kernel/core/symbols.h"
#include "lib/format.h"

#define DUMPERS_MAX          16
#define BACKTRACE_MAX        32
#define PARTS_BEFORE_DUMPERS 3
#define PANICS_MAX           8 /* within the panic; each needs room on the stack */
#define NSEC_PER_SEC         1000000000ULL

#define NO_CPU (~0u)

static u32 panic_cpu = NO_CPU; /* atomic: who reports */

static void (*dumpers[DUMPERS_MAX])(void); /* atomic */
static u32 dumper_count;                   /* atomic */

/* only the hart that reports */
static char reason[512];
static u64 frame_pointer; /* where the backtrace begins */
static const struct trap_frame *frame;
static u32 next_part;

static const char *const exception_names[] = {
	[CAUSE_FETCH_MISALIGNED] = "misaligned instruction",
	[CAUSE_FETCH_ACCESS] = "instruction access fault",
	[CAUSE_ILLEGAL] = "illegal instruction",
	[CAUSE_BREAKPOINT] = "breakpoint",
	[CAUSE_LOAD_MISALIGNED] = "misaligned load",
	[CAUSE_LOAD_ACCESS] = "load access fault",
	[CAUSE_STORE_MISALIGNED] = "misaligned store",
	[CAUSE_STORE_ACCESS] = "store access fault",
	[CAUSE_USER_ECALL] = "system call",
	[CAUSE_FETCH_PAGE] = "instruction page fault",
	[CAUSE_LOAD_PAGE] = "load page fault",
	[CAUSE_STORE_PAGE] = "store page fault",
};

/* Order of struct trap_frame.x: the pc has the place of x0. */
static const char *const register_names[32] = {
	"pc", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
	"a1", "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
	"s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};

bool panic_is_elsewhere(void)
{
	const u32 cpu = __atomic_load_n(&panic_cpu, __ATOMIC_ACQUIRE);
	return unlikely(cpu != NO_CPU) && cpu != cpu_index();
}

void panic_register_dumper(void (*dump)(void))
{
	const u32 slot = __atomic_fetch_add(&dumper_count, 1, __ATOMIC_RELAXED);
	ASSERT(slot < DUMPERS_MAX);
	__atomic_store_n(&dumpers[slot], dump, __ATOMIC_RELEASE);
}

static void print_reason(void)
{
	const struct cpu *cpu = this_cpu();
	pr_emerg("Kernel panic: %s", reason);
	pr_emerg("hart %u of %u (hart id %u)", cpu->index, cpu_count, cpu->hartid);
}

static void print_registers(void)
{
	if (frame == NULL)
		return;
	for (u32 i = 0; i < ARRAY_SIZE(register_names); i += 4)
		pr_emerg("%4s %016lx %4s %016lx %4s %016lx %4s %016lx", register_names[i],
			 frame->x[i], register_names[i + 1], frame->x[i + 1], register_names[i + 2],
			 frame->x[i + 2], register_names[i + 3], frame->x[i + 3]);
	const char *name = "interrupt";
	if (frame->cause < ARRAY_SIZE(exception_names))
		name = exception_names[frame->cause];
	pr_emerg("status %016lx  cause %lx (%s)  badaddr %016lx", frame->status, frame->cause,
		 name != NULL ? name : "reserved", frame->badaddr);
}

static void print_place(u64 return_address)
{
	char place[SYMBOL_TEXT_MAX];
	symbols_format(place, sizeof(place), return_address);
	pr_emerg("  [%016lx] %s", return_address, place);
}

static void print_pc(u64 pc)
{
	const char *name;
	u64 offset;
	if (symbols_lookup(pc, &name, &offset))
		pr_emerg("  [%016lx] %s+0x%lx", pc, name, offset);
	else
		pr_emerg("  [%016lx]", pc);
}

/*
 * A leaf function saves its caller's s0 where others save ra: then the first record names a place
 * in the stack instead of one in the text, and the caller is still in ra.
 */
static void skip_leaf_record(u64 low, u64 high)
{
	if (frame_pointer % 16 != 0 || frame_pointer < low + 16 || frame_pointer > high)
		return;
	const u64 saved = ((const u64 *)frame_pointer)[-1];
	if (saved < low || saved > high)
		return;
	print_place(frame->x[REG_RA]);
	frame_pointer = saved;
}

static void print_backtrace(void)
{
	static u64 pcs[BACKTRACE_MAX];

	pr_emerg("Backtrace:");
	/* Every kernel stack fills a slot of its own size: so the stack's ends follow from any
	 * place in it. */
	const u64 low = ALIGN_DOWN(frame_pointer - 1, (u64)KSTACK_SIZE);
	const u64 high = low + KSTACK_SIZE;
	if (frame != NULL) {
		print_pc(frame->x[REG_PC]);
		skip_leaf_record(low, high);
	}
	const size_t n = unwind_stack(frame_pointer, low, high, pcs, BACKTRACE_MAX);
	for (size_t i = 0; i < n; i++)
		print_place(pcs[i]);
}

static void run_dumper(u32 slot)
{
	void (*dump)(void) = __atomic_load_n(&dumpers[slot], __ATOMIC_ACQUIRE);
	if (dump != NULL)
		dump();
}

/* Run by @part number so that a dumper that panics is passed over. */
static void print_part(u32 part)
{
	switch (part) {
	case 0:
		print_reason();
		break;
	case 1:
		print_registers();
		break;
	case 2:
		print_backtrace();
		break;
	default:
		run_dumper(part - PARTS_BEFORE_DUMPERS);
	}
}

static __noreturn void reboot_or_stop(void)
{
	char value[16];
	u64 seconds = 0;
	bool reboots = cmdline_get("panic", value, sizeof(value)) && value[0] != '\0';
	if (reboots && value[0] != '-') {
		/* Linux's meaning: 0 = stop, negative = reboot at once. */
		reboots = cmdline_get_u64("panic", &seconds) && seconds != 0;
	}
	pr_emerg("%s", reboots ? "Rebooting." : "The system is stopped.");
	pr_emerg("---[ end of panic ]---");
	if (reboots) {
		clock_spin(seconds * NSEC_PER_SEC);
		sbi_system_reset(SBI_COLD_REBOOT);
	}
	smp_stop_self();
}

static __noreturn void report(void)
{
	while (next_part < PARTS_BEFORE_DUMPERS + DUMPERS_MAX) {
		const u32 part = next_part++;
		print_part(part);
	}
	reboot_or_stop();
}

/* Become the hart that reports, or never return. */
static void claim(const char *format, va_list args)
{
	irq_disable();
	u32 owner = NO_CPU;
	if (__atomic_compare_exchange_n(&panic_cpu, &owner, cpu_index(), false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE)) {
		vsnprintf(reason, sizeof(reason), format, args);
		smp_stop_others();
		console_set_polled();
		return;
	}
	if (owner != cpu_index())
		smp_stop_self();

	static u32 again; /* only the hart that reports */
	static char second_reason[256];
	if (again++ > PANICS_MAX)
		smp_stop_self();
	vsnprintf(second_reason, sizeof(second_reason), format, args);
	console_set_polled();
	pr_emerg("Panic within the panic: %s", second_reason);
	report();
}

void panic(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	claim(format, args);
	va_end(args);
	frame_pointer = (u64)__builtin_frame_address(0);
	report();
}

void panic_with_frame(const struct trap_frame *f, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	claim(format, args);
	va_end(args);
	frame = f;
	frame_pointer = f->x[REG_S0];
	report();
}
