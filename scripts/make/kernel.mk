# SPDX-License-Identifier: MIT
# The kernel: generated headers, objects, the vDSO, two links, the flat image.

G := $(B)/generated
.PHONY: kernel
kernel: $(B)/heifer.elf $(B)/Image $(B)/compile_commands.json

# Move $@.new to $@ if they differ, so that what depends on it is made again only then.
replace_if_changed = if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# What a change of flags must make again is made again: everything depends on this list.
$(G)/flags: FORCE | $(G)/config.mk
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(KERNEL_CFLAGS) $(KERNEL_CPPFLAGS)' '$(KERNEL_AFLAGS)' \
		'$(LD) $(KERNEL_LDFLAGS)' >$@.new
	@$(replace_if_changed)

$(G)/version.h: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '/* Made by scripts/make/kernel.mk. */' '#pragma once' \
		'#define HEIFER_VERSION     "$(HEIFER_VERSION)"' \
		'#define HEIFER_BUILD_EPOCH $(SOURCE_DATE_EPOCH)' >$@.new
	@$(replace_if_changed)

$(G)/asm_offsets.h: $(ASM_OFFSETS) $(G)/flags $(G)/config.h $(G)/syscalls
	$(call say,GEN,$@)$(CC) $(KERNEL_CFLAGS) $(KERNEL_CPPFLAGS) -MMD -MP -MF $(G)/asm_offsets.d -MT $@ \
		-S -o $(G)/asm_offsets.s $<
	@{ printf '/* Made from $(ASM_OFFSETS). */\n'; \
	   sed -n 's/.*"->\([A-Z_0-9]*\) \(.*\)"/#define \1 \2/p' $(G)/asm_offsets.s; } >$@

# One run writes several files; the stamp stands for them.
$(G)/syscalls: kernel/syscall/syscalls.tbl scripts/gen_syscalls.py lib/abi/errno.h lib/abi/signal.h | $(G)/config.mk
	$(call say,GEN,$(G)/syscall_*)$(PYTHON) scripts/gen_syscalls.py $< $(G)
	@touch $@

# The vDSO: user code, so without the kernel's flags.
VDSO_OBJECTS := $(patsubst %,$(B)/vdso/%.o,$(notdir $(basename $(VDSO_SOURCES))))
VDSO_FLAGS := -march=rv64imac -mabi=lp64 -fPIC -O2 -g -ffile-prefix-map=$(CURDIR)=. -Wall -Werror
$(B)/vdso/%.o: $(VDSO_FOLDER)/%.S $(G)/flags $(G)/config.h $(G)/syscalls
	@mkdir -p $(@D)
	$(call say,AS,$<)$(CC) $(VDSO_FLAGS) -nostdinc -I . -I $(B) -MMD -MP -c -o $@ $<
$(B)/vdso/%.o: $(VDSO_FOLDER)/%.c $(G)/flags $(G)/config.h $(G)/syscalls
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(VDSO_FLAGS) $(KERNEL_CPPFLAGS) -MMD -MP -c -o $@ $<
$(B)/vdso.so: $(VDSO_OBJECTS) $(VDSO_FOLDER)/vdso.lds
	$(call say,LD,$@)$(LD) -melf64lriscv -shared --hash-style=both -soname=linux-vdso.so.1 --build-id=none \
		-z max-page-size=4096 --no-undefined -T $(VDSO_FOLDER)/vdso.lds -o $@.debug $(VDSO_OBJECTS)
	@$(OBJCOPY) -S $@.debug $@

$(G)/vdso_offsets.h: $(B)/vdso.so
	$(call say,GEN,$@)$(NM) -D --defined-only $< | \
		sed -n 's/^\([0-9a-f]*\) T \([A-Za-z_0-9]*\).*/#define VDSO_SYM_\2 0x\1/p' >$@

GENERATED := $(addprefix $(G)/,config.h version.h asm_offsets.h syscalls vdso_offsets.h)

$(B)/obj/%.o: %.c $(G)/flags | $(GENERATED)
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(KERNEL_CFLAGS) $(KERNEL_CPPFLAGS) -MMD -MP -c -o $@ $<
$(B)/obj/%.S.o: %.S $(G)/flags | $(GENERATED)
	@mkdir -p $(@D)
	$(call say,AS,$<)$(CC) $(KERNEL_AFLAGS) $(KERNEL_CPPFLAGS) $(AFLAGS_EXTRA) -MMD -MP -c -o $@ $<
# The registers of the FPU, which the rest of the kernel is compiled not to know.
$(B)/obj/arch/riscv/cpu/fpu_registers.S.o $(B)/obj/arch/riscv/cpu/user_sigframe.S.o: AFLAGS_EXTRA := -march=rv64gc
$(B)/obj/$(VDSO_IMAGE).o: AFLAGS_EXTRA := -DVDSO_PATH='"$(B)/vdso.so"'
$(B)/obj/$(VDSO_IMAGE).o: $(B)/vdso.so

# Generated assembly.
$(G)/%.o: $(G)/%.S $(G)/flags
	$(call say,AS,$<)$(CC) $(KERNEL_AFLAGS) -c -o $@ $<

# The root file system, on a page of its own. Empty without CONFIG_INITRAMFS.
$(G)/initramfs.S: $(G)/config.mk $(lastword $(MAKEFILE_LIST))
	@printf '%s\n' '/* Made by scripts/make/kernel.mk. */' '	.section .initramfs, "a"' \
		'	.balign 4096' '	.globl initramfs_start, initramfs_end' 'initramfs_start:' \
		$(if $(CONFIG_INITRAMFS),'	.incbin "$(B)/initramfs.cpio"') 'initramfs_end:' >$@
$(G)/initramfs.o: $(if $(CONFIG_INITRAMFS),$(B)/initramfs.cpio)

$(G)/kernel.lds: $(LINKER_SCRIPT) $(G)/flags $(G)/config.h
	$(call say,CPP,$<)$(CC) -E -P -D__ASSEMBLER__ -x assembler-with-cpp $(KERNEL_CPPFLAGS) \
		-MMD -MP -MF $@.d -MT $@ -o $@ $<

# Two links: the symbol table is made from the first and stands behind the code, which so does not move.
LINK = $(LD) $(KERNEL_LDFLAGS) -T $(G)/kernel.lds -Map $@.map -o $@
LINKED := $(KERNEL_OBJECTS) $(G)/initramfs.o
$(G)/symbols_none.S: scripts/gen_symbols.py | $(G)/config.mk
	@$(PYTHON) scripts/gen_symbols.py --empty $@
$(G)/first.elf: $(LINKED) $(G)/symbols_none.o $(G)/kernel.lds
	$(call say,LD,$@)$(LINK) $(LINKED) $(G)/symbols_none.o
	@$(NM) -n $@ >$(G)/first.nm
$(G)/symbols.S: $(G)/first.elf scripts/gen_symbols.py
	$(if $(CONFIG_LINE_NUMBERS),@$(READELF) --debug-dump=decodedline -W $< 2>/dev/null >$(G)/first.lines)
	$(call say,GEN,$@)$(PYTHON) scripts/gen_symbols.py $(G)/first.nm $@ \
		$(if $(CONFIG_LINE_NUMBERS),$(G)/first.lines)
$(B)/heifer.elf: $(LINKED) $(G)/symbols.o $(G)/kernel.lds
	$(call say,LD,$@)$(LINK) $(LINKED) $(G)/symbols.o
	@mv $@.map $(B)/heifer.map
	@$(NM) -n $@ >$(G)/second.nm
	@$(PYTHON) scripts/gen_symbols.py --compare $(G)/first.nm $(G)/second.nm

$(B)/Image: $(B)/heifer.elf
	$(call say,IMAGE,$@)$(OBJCOPY) -O binary $< $@

$(B)/compile_commands.json: $(G)/flags scripts/gen_compile_commands.py $(KERNEL_SOURCES)
	@printf '%s\n' $(KERNEL_SOURCES) >$(G)/sources
	@$(PYTHON) scripts/gen_compile_commands.py $(G)/sources $(B) \
		'$(CC) $(KERNEL_CFLAGS) $(KERNEL_CPPFLAGS)' '$(CC) $(KERNEL_AFLAGS) $(KERNEL_CPPFLAGS)' >$@

.PHONY: size
size: kernel
	@$(PYTHON) scripts/size_report.py $(B) $(SIZE)

-include $(KERNEL_OBJECTS:.o=.d) $(VDSO_OBJECTS:.o=.d) $(G)/asm_offsets.d $(G)/kernel.lds.d
