// SPDX-License-Identifier: MIT
/*
 * A static program at an address that the kernel chooses (ET_DYN without interpreter): its
 * relocations are its own work. Without libc, because the cross compiler's has no start-up code for
 * this kind.
 */
#include <elf.h>
#include <stddef.h>

static int value = 42;
static int *volatile pointers[] = { &value, &value };
static const char *volatile words[] = { "alpha", "beta", "gamma" };
static char bss[20000];

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));
extern const Elf64_Dyn _DYNAMIC[] __attribute__((visibility("hidden")));

__asm__(".globl _start\n"
	"_start:\n"
	"	mv	a0, sp\n"
	"	call	start\n"
	"	li	a7, 93\n"
	"	ecall\n");

int start(const unsigned long *stack);

static void relocate(unsigned long base)
{
	const Elf64_Rela *relocations = NULL;
	unsigned long bytes = 0;
	for (const Elf64_Dyn *d = _DYNAMIC; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_RELA)
			relocations = (const Elf64_Rela *)(base + d->d_un.d_ptr);
		if (d->d_tag == DT_RELASZ)
			bytes = d->d_un.d_val;
	}
	for (unsigned long i = 0; i < bytes / sizeof(*relocations); i++)
		if (ELF64_R_TYPE(relocations[i].r_info) == R_RISCV_RELATIVE)
			*(unsigned long *)(base + relocations[i].r_offset) =
				base + (unsigned long)relocations[i].r_addend;
}

static unsigned long auxv_value(const unsigned long *stack, unsigned long type)
{
	const unsigned long *at = stack + 1 + stack[0] + 1;
	while (*at != 0)
		at++;
	for (at++; at[0] != AT_NULL; at += 2)
		if (at[0] == type)
			return at[1];
	return 0;
}

int start(const unsigned long *stack)
{
	const unsigned long base = (unsigned long)&__ehdr_start;
	relocate(base);
	if (base == 0 || auxv_value(stack, AT_PHDR) != base + __ehdr_start.e_phoff)
		return 1;
	if (auxv_value(stack, AT_ENTRY) != base + __ehdr_start.e_entry)
		return 2;
	if (pointers[1] != &value || *pointers[0] != 42 || words[2][0] != 'g')
		return 3;
	for (size_t i = 0; i < sizeof(bss); i++)
		if (((volatile char *)bss)[i] != 0)
			return 4;
	return stack[0] == 2 ? 0 : 5;
}
