// SPDX-License-Identifier: MIT
/* The vDSO, read as a dynamic linker would: by its program headers and its hash table. */
#include "lib/test.h"

#include <elf.h>
#include <sys/auxv.h>

struct vdso {
	const Elf64_Sym *symbols;
	const char *strings;
	const uint32_t *hash;
};

static void read_dynamic(struct vdso *v, uintptr_t bias, const Elf64_Dyn *d)
{
	for (; d->d_tag != DT_NULL; d++) {
		const uintptr_t at = bias + d->d_un.d_ptr;
		if (d->d_tag == DT_SYMTAB)
			v->symbols = (const Elf64_Sym *)at;
		if (d->d_tag == DT_STRTAB)
			v->strings = (const char *)at;
		if (d->d_tag == DT_HASH)
			v->hash = (const uint32_t *)at;
	}
}

const void *vdso_find(const char *name)
{
	const uintptr_t base = getauxval(AT_SYSINFO_EHDR);
	if (base == 0)
		return NULL;
	const Elf64_Ehdr *e = (const Elf64_Ehdr *)base;
	const Elf64_Phdr *p = (const Elf64_Phdr *)(base + e->e_phoff);
	uintptr_t bias = base;
	for (int i = 0; i < e->e_phnum; i++)
		if (p[i].p_type == PT_LOAD)
			bias = base + p[i].p_offset - p[i].p_vaddr;
	struct vdso v = { NULL, NULL, NULL };
	for (int i = 0; i < e->e_phnum; i++)
		if (p[i].p_type == PT_DYNAMIC)
			read_dynamic(&v, bias, (const Elf64_Dyn *)(base + p[i].p_offset));
	if (v.symbols == NULL || v.strings == NULL || v.hash == NULL)
		return NULL;
	for (uint32_t i = 0; i < v.hash[1]; i++)
		if (strcmp(v.strings + v.symbols[i].st_name, name) == 0)
			return (const void *)(bias + v.symbols[i].st_value);
	return NULL;
}
