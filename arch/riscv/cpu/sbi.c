// SPDX-License-Identifier: MIT
/*
 * RISC-V Supervisor Binary Interface 1.0. Base (chapter 4), legacy (5), TIME (6), IPI (7), RFENCE
 * (8), HSM (9), SRST (10), debug console (SBI 2.0, chapter 12). Remote fences are only ever the
 * full ones: the forms with a range or an ASID are affected by CIP-1200 on the board (rules T3,
 * T4).
 */
#include "arch/riscv/cpu/sbi.h"

#include "arch/riscv/cpu/cpu.h"
#include "arch/riscv/cpu/mmu.h"
#include "lib/format.h"

enum sbi_extension {
	SBI_EXT_LEGACY_SET_TIMER = 0,
	SBI_EXT_LEGACY_PUTCHAR = 1,
	SBI_EXT_LEGACY_GETCHAR = 2,
	SBI_EXT_LEGACY_SEND_IPI = 4,
	SBI_EXT_LEGACY_FENCE_I = 5,
	SBI_EXT_LEGACY_SFENCE = 6,
	SBI_EXT_LEGACY_SHUTDOWN = 8,
	SBI_EXT_BASE = 0x10,
	SBI_EXT_TIME = 0x54494D45,
	SBI_EXT_IPI = 0x735049,
	SBI_EXT_RFENCE = 0x52464E43,
	SBI_EXT_HSM = 0x48534D,
	SBI_EXT_SRST = 0x53525354,
	SBI_EXT_DBCN = 0x4442434E,
};

enum {
	SBI_BASE_SPEC_VERSION = 0,
	SBI_BASE_IMPL_ID = 1,
	SBI_BASE_IMPL_VERSION = 2,
	SBI_BASE_PROBE = 3,
	SBI_BASE_MVENDORID = 4,
	SBI_BASE_MARCHID = 5,
	SBI_BASE_MIMPID = 6
};
enum { SBI_RFENCE_FENCE_I = 0, SBI_RFENCE_SFENCE_VMA = 1 };
enum { SBI_DBCN_WRITE = 0, SBI_DBCN_READ = 1 };

static bool has_time, has_ipi, has_rfence, has_hsm, has_srst, has_dbcn;

struct sbi_result {
	long error;
	long value;
};

static struct sbi_result sbi_call(u64 extension, u64 function, u64 a0, u64 a1, u64 a2, u64 a3)
{
	register u64 r0 __asm__("a0") = a0;
	register u64 r1 __asm__("a1") = a1;
	register u64 r2 __asm__("a2") = a2;
	register u64 r3 __asm__("a3") = a3;
	register u64 r6 __asm__("a6") = function;
	register u64 r7 __asm__("a7") = extension;
	__asm__ volatile("ecall"
			 : "+r"(r0), "+r"(r1)
			 : "r"(r2), "r"(r3), "r"(r6), "r"(r7)
			 : "memory");
	return (struct sbi_result){ (long)r0, (long)r1 };
}

static bool sbi_probe(u64 extension)
{
	const struct sbi_result r = sbi_call(SBI_EXT_BASE, SBI_BASE_PROBE, extension, 0, 0, 0);
	return r.error == 0 && r.value != 0;
}

void sbi_init(void)
{
	has_time = sbi_probe(SBI_EXT_TIME);
	has_ipi = sbi_probe(SBI_EXT_IPI);
	has_rfence = sbi_probe(SBI_EXT_RFENCE);
	has_hsm = sbi_probe(SBI_EXT_HSM);
	has_srst = sbi_probe(SBI_EXT_SRST);
	has_dbcn = sbi_probe(SBI_EXT_DBCN);
}

/* DBCN wants physical addresses; what is neither image nor RAM (there is no such text) goes byte by
 * byte. */
static paddr_t sbi_text_phys(const void *text)
{
	const u64 va = (u64)text;
	if (va >= KERNEL_BASE)
		return kernel_image_phys(text);
	if (va >= LINEAR_BASE && va < LINEAR_BASE + LINEAR_SIZE)
		return virt_to_phys(text);
	return 0;
}

void sbi_console_write(const char *text, size_t len_bytes)
{
	while (has_dbcn && len_bytes != 0) {
		const paddr_t pa = sbi_text_phys(text);
		const struct sbi_result r =
			pa == 0 ? (struct sbi_result){ -1, 0 } :
				  sbi_call(SBI_EXT_DBCN, SBI_DBCN_WRITE, len_bytes, pa, 0, 0);
		if (r.error != 0 || r.value <= 0)
			break;
		text += r.value;
		len_bytes -= (size_t)r.value;
	}
	for (; len_bytes != 0; text++, len_bytes--)
		sbi_call(SBI_EXT_LEGACY_PUTCHAR, 0, (u8)*text, 0, 0, 0);
}

int sbi_console_getc(void)
{
	static char byte;
	if (has_dbcn) {
		const struct sbi_result r =
			sbi_call(SBI_EXT_DBCN, SBI_DBCN_READ, 1, kernel_image_phys(&byte), 0, 0);
		return r.error == 0 && r.value == 1 ? (u8)READ_ONCE(byte) : -1;
	}
	return (int)sbi_call(SBI_EXT_LEGACY_GETCHAR, 0, 0, 0, 0, 0).error;
}

void sbi_set_timer(u64 ticks)
{
	if (likely(has_time))
		sbi_call(SBI_EXT_TIME, 0, ticks, 0, 0, 0);
	else
		sbi_call(SBI_EXT_LEGACY_SET_TIMER, 0, ticks, 0, 0, 0);
}

/*
 * The legacy calls take the address of a mask in virtual memory that covers hart ids from 0 on: 64
 * of them are enough for firmware that old.
 */
static void sbi_legacy_on_harts(u64 extension, u64 mask, u64 base, u64 start, u64 size)
{
	const u64 shifted = base < 64 ? mask << base : 0;
	sbi_call(extension, 0, (u64)&shifted, start, size, 0);
}

void sbi_send_ipi(u64 mask, u64 base)
{
	if (likely(has_ipi))
		sbi_call(SBI_EXT_IPI, 0, mask, base, 0, 0);
	else
		sbi_legacy_on_harts(SBI_EXT_LEGACY_SEND_IPI, mask, base, 0, 0);
}

void sbi_remote_sfence_all(u64 mask, u64 base)
{
	if (likely(has_rfence))
		sbi_call(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA, mask, base, 0, ~0UL);
	else
		sbi_legacy_on_harts(SBI_EXT_LEGACY_SFENCE, mask, base, 0, ~0UL);
}

void sbi_remote_fence_i(u64 mask, u64 base)
{
	if (likely(has_rfence))
		sbi_call(SBI_EXT_RFENCE, SBI_RFENCE_FENCE_I, mask, base, 0, 0);
	else
		sbi_legacy_on_harts(SBI_EXT_LEGACY_FENCE_I, mask, base, 0, 0);
}

long sbi_hart_start(u64 hartid, paddr_t start, u64 opaque)
{
	if (!has_hsm)
		return SBI_ERR_NOT_SUPPORTED;
	return sbi_call(SBI_EXT_HSM, 0, hartid, start, opaque, 0).error;
}

void sbi_system_reset(enum sbi_reset_type type)
{
	if (has_srst)
		sbi_call(SBI_EXT_SRST, 0, type, 0, 0, 0);
	/* Still here: SRST is absent or has no driver behind it (rule T40). */
	if (type == SBI_SHUTDOWN)
		sbi_call(SBI_EXT_LEGACY_SHUTDOWN, 0, 0, 0, 0, 0);
}

static u64 sbi_base(u64 function)
{
	return (u64)sbi_call(SBI_EXT_BASE, function, 0, 0, 0, 0).value;
}

void sbi_describe(char *buf, size_t size)
{
	const u64 spec = sbi_base(SBI_BASE_SPEC_VERSION);
	snprintf(buf, size, "SBI %lu.%lu, implementation %lu version %#lx:%s%s%s%s%s%s",
		 spec >> 24 & 0x7f, spec & 0xffffff, sbi_base(SBI_BASE_IMPL_ID),
		 sbi_base(SBI_BASE_IMPL_VERSION), has_time ? " TIME" : "", has_ipi ? " IPI" : "",
		 has_rfence ? " RFENCE" : "", has_hsm ? " HSM" : "", has_srst ? " SRST" : "",
		 has_dbcn ? " DBCN" : "");
}

void sbi_describe_hart(char *buf, size_t size)
{
	snprintf(buf, size, "mvendorid %#lx, marchid %#lx, mimpid %#lx",
		 sbi_base(SBI_BASE_MVENDORID), sbi_base(SBI_BASE_MARCHID),
		 sbi_base(SBI_BASE_MIMPID));
}
