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
#include "arch/riscv/cpu/sbi.h"
#include "arch/riscv/cpu/sections.h"
#include "arch/riscv/cpu/smp.h"
#include "arch/riscv/cpu/trap_frame.h"
#include "arch/riscv/cpu/unwind.h"
#include "generated/version.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/printk.h"
#include "kernel/core/symbols.h"
#include "lib/format.h"

#define DUMPERS_MAX          16
#define BACKTRACE_MAX        32
#define PARTS_BEFORE_DUMPERS 4
#define LAST_PART            (PARTS_BEFORE_DUMPERS + DUMPERS_MAX)
#define PANICS_MAX           8 /* within the panic; each needs room on the stack */
#define NSEC_PER_SEC         1000000000ULL

#define NO_CPU (~0u)

static u32 panic_cpu = NO_CPU; /* atomic: who reports */

static void (*dumpers[DUMPERS_MAX])(void); /* atomic */
static u32 dumper_count;                   /* atomic */

/* only the hart that reports */
static char reason[512];
static u64 frame_pointer; /* where the backtrace begins, if there is no */
static const struct trap_frame *frame;
static u64 backtrace[BACKTRACE_MAX];
static u32 backtrace_count;
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
	pr_emerg("Heifer %s (%s), hart %u of %u (hart id %u)", HEIFER_VERSION, CONFIG_BOARD_NAME,
		 cpu->index, cpu_count, cpu->hartid);
}

static bool is_text(u64 address)
{
	return address >= (u64)_text && address + 4 <= (u64)_text_end;
}

/* As objdump writes it: its length is in the lowest two bits. Not read if it is none of ours. */
static void format_instruction(char *buf, size_t size, u64 pc)
{
	const u16 *halves = (const u16 *)pc;
	if (pc % 2 != 0 || !is_text(pc))
		(void)format_buf(buf, size, "none");
	else if ((halves[0] & 3) == 3)
		(void)format_buf(buf, size, "%04x%04x", halves[1], halves[0]);
	else
		(void)format_buf(buf, size, "%04x", halves[0]);
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
	char instruction[16];
	format_instruction(instruction, sizeof(instruction), frame->x[REG_PC]);
	pr_emerg("instruction %s", instruction);
}

static void print_places(const u64 *places, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char place[SYMBOL_TEXT_MAX];
		symbols_format(place, sizeof(place), places[i]);
		pr_emerg("  [%016lx] %s", places[i], place);
	}
}

static void print_backtrace(void)
{
	pr_emerg(IS_ENABLED(CONFIG_FRAME_POINTERS) ?
			 "Backtrace:" :
			 "Backtrace, with calls that may have returned:");
	if (frame != NULL)
		backtrace_count = (u32)unwind_trap(frame, backtrace, BACKTRACE_MAX);
	else
		backtrace_count = (u32)unwind_stack(frame_pointer, backtrace, BACKTRACE_MAX);
	print_places(backtrace, backtrace_count);
}

static void print_other_harts(void)
{
	for (u32 i = 0; i < cpu_count; i++) {
		const struct smp_sample *s = smp_sample_of(i);
		if (i == cpu_index() || s->count == 0)
			continue;
		pr_emerg("Hart %u:", i);
		print_places(s->places, MIN(s->count, (u32)SMP_SAMPLE_MAX));
	}
}

/* All that scripts/decode.py needs, should this line be the only one that was kept. */
static void print_summary(void)
{
	char text[BACKTRACE_MAX * 17 + 1];
	char instruction[16] = "none";
	size_t len = 0;
	if (frame != NULL)
		format_instruction(instruction, sizeof(instruction), frame->x[REG_PC]);
	for (u32 i = 0; i < backtrace_count; i++)
		len += format_buf(text + len, sizeof(text) - len, " %lx", backtrace[i]);
	pr_emerg("scripts/decode.py %s %lx:%s%s", HEIFER_VERSION,
		 frame != NULL ? frame->x[REG_PC] : 0, instruction, len != 0 ? text : "");
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
	case 3:
		print_other_harts();
		break;
	case LAST_PART:
		print_summary();
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
	while (next_part <= LAST_PART) {
		const u32 part = next_part++;
		print_part(part);
	}
	reboot_or_stop();
}

/* @file NULL: the registers or the text tell the place. */
static void format_reason(char *buf, size_t size, const char *file, int line, const char *format,
			  va_list args)
{
	const int len = vsnprintf(buf, size, format, args);
	if (file != NULL && (size_t)len < size)
		(void)format_buf(buf + len, size - (size_t)len, " (%s:%d)", file, line);
}

/* Become the hart that reports, or never return. */
static void claim(const char *file, int line, const char *format, va_list args)
{
	irq_disable();
	u32 owner = NO_CPU;
	if (__atomic_compare_exchange_n(&panic_cpu, &owner, cpu_index(), false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE)) {
		format_reason(reason, sizeof(reason), file, line, format, args);
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
	format_reason(second_reason, sizeof(second_reason), file, line, format, args);
	console_set_polled();
	pr_emerg("Panic within the panic: %s", second_reason);
	report();
}

void panic_at(const char *file, int line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	claim(file, line, format, args);
	va_end(args);
	frame_pointer = (u64)__builtin_frame_address(0);
	report();
}

void(panic)(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	claim(NULL, 0, format, args);
	va_end(args);
	frame_pointer = (u64)__builtin_frame_address(0);
	report();
}

void panic_with_frame(const struct trap_frame *f, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	claim(NULL, 0, format, args);
	va_end(args);
	frame = f;
	report();
}
