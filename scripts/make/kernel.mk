# SPDX-License-Identifier: MIT
# The kernel: generated headers, objects, the vDSO, two links, the flat image.

G := $(K)/generated
SYSCALL_HEADERS := $(patsubst %,$(G)/%.h,syscall_protos syscall_table syscall_info syscall_kinds abi_words)
W := $(B)/link
.PHONY: kernel
kernel: $(B)/heifer.elf $(B)/Image $(K)/compile_commands.json

# Move $@.new to $@ if they differ, so that what depends on it is made again only then.
replace_if_changed = if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# What a change of flags must make again is made again: everything depends on this list.
$(G)/flags: FORCE | $(G)/config.mk
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(KERNEL_CFLAGS) $(KERNEL_CPPFLAGS)' '$(KERNEL_AFLAGS)' \
		'$(LD) $(KERNEL_LDFLAGS)' '$(HOT_FOLDERS)' >$@.new
	@$(replace_if_changed)

$(G)/version.h: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '/* Made by scripts/make/kernel.mk. */' '#pragma once' \
		'#define HEIFER_VERSION     "$(HEIFER_VERSION)"' \
		'#define HEIFER_BUILD_EPOCH $(SOURCE_DATE_EPOCH)' >$@.new
	@$(replace_if_changed)

$(G)/asm_offsets.h: $(ASM_OFFSETS) $(G)/flags $(G)/config.h $(SYSCALL_HEADERS)
	$(call say,GEN,$@)$(CC) $(KERNEL_CFLAGS) $(KERNEL_CPPFLAGS) -MMD -MP -MF $(G)/asm_offsets.d -MT $@ \
		-S -o $(G)/asm_offsets.s $<
	@{ printf '/* Made from $(ASM_OFFSETS). */\n'; \
	   sed -n 's/.*"->\([A-Z_0-9]*\) \(.*\)"/#define \1 \2/p' $(G)/asm_offsets.s; } >$@

# By name, not by a stamp: what includes one of them has to see that it is new.
$(SYSCALL_HEADERS) &: kernel/syscall/syscalls.tbl scripts/gen_syscalls.py lib/abi/errno.h lib/abi/signal.h \
		      | $(G)/config.mk
	$(call say,GEN,$(G)/syscall_*)$(PYTHON) scripts/gen_syscalls.py $< $(G)

# The vDSO: user code, so without the kernel's flags.
VDSO_OBJECTS := $(patsubst %,$(K)/vdso/%.o,$(notdir $(basename $(VDSO_SOURCES))))
VDSO_FLAGS := -march=rv64imac -mabi=lp64 -fPIC -O2 -g -ffile-prefix-map=$(CURDIR)=. -Wall -Werror
$(K)/vdso/%.o: $(VDSO_FOLDER)/%.S $(G)/flags $(G)/config.h $(SYSCALL_HEADERS)
	@mkdir -p $(@D)
	$(call say,AS,$<)$(CC) $(VDSO_FLAGS) -nostdinc -I . -I $(K) -MMD -MP -c -o $@ $<
$(K)/vdso/%.o: $(VDSO_FOLDER)/%.c $(G)/flags $(G)/config.h $(SYSCALL_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(VDSO_FLAGS) $(KERNEL_CPPFLAGS) -MMD -MP -c -o $@ $<
$(K)/vdso.so: $(VDSO_OBJECTS) $(VDSO_FOLDER)/vdso.lds
	$(call say,LD,$@)$(LD) -melf64lriscv -shared --hash-style=both -soname=linux-vdso.so.1 --build-id=none \
		-z max-page-size=4096 --no-undefined -T $(VDSO_FOLDER)/vdso.lds -o $@.debug $(VDSO_OBJECTS)
	@$(OBJCOPY) -S $@.debug $@

$(G)/vdso_offsets.h: $(K)/vdso.so
	$(call say,GEN,$@)$(NM) -D --defined-only $< | \
		sed -n 's/^\([0-9a-f]*\) T \([A-Za-z_0-9]*\).*/#define VDSO_SYM_\2 0x\1/p' >$@

GENERATED := $(addprefix $(G)/,config.h version.h asm_offsets.h vdso_offsets.h) $(SYSCALL_HEADERS)

# What calls, faults and switches run through is inlined further: over all rows of make bench 2.5 % fewer
# instructions, for a tenth more code.
HOT_FOLDERS := arch/riscv/cpu arch/riscv/entry fs kernel/proc kernel/sched kernel/syscall mm/vmm
$(HOT_FOLDERS:%=$(K)/obj/%/%.o): KERNEL_CFLAGS += -O3

$(K)/obj/%.o: %.c $(G)/flags | $(GENERATED)
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(KERNEL_CFLAGS) $(KERNEL_CPPFLAGS) -MMD -MP -c -o $@ $<
$(K)/obj/%.S.o: %.S $(G)/flags | $(GENERATED)
	@mkdir -p $(@D)
	$(call say,AS,$<)$(CC) $(KERNEL_AFLAGS) $(KERNEL_CPPFLAGS) $(AFLAGS_EXTRA) -MMD -MP -c -o $@ $<
# The registers of the FPU, which the rest of the kernel is compiled not to know.
$(K)/obj/arch/riscv/cpu/fpu_registers.S.o $(K)/obj/arch/riscv/cpu/user_sigframe.S.o: AFLAGS_EXTRA := -march=rv64gc
$(K)/obj/$(VDSO_IMAGE).o: AFLAGS_EXTRA := -DVDSO_PATH='"$(K)/vdso.so"'
$(K)/obj/$(VDSO_IMAGE).o: $(K)/vdso.so

# Generated assembly.
$(W)/%.o: $(W)/%.S $(G)/flags
	$(call say,AS,$<)$(CC) $(KERNEL_AFLAGS) -c -o $@ $<

# The root file system, on a page of its own. Empty without CONFIG_INITRAMFS.
$(W)/initramfs.S: $(G)/config.mk $(lastword $(MAKEFILE_LIST))
	@mkdir -p $(@D)
	@printf '%s\n' '/* Made by scripts/make/kernel.mk. */' '	.section .initramfs, "a"' \
		'	.balign 4096' '	.globl initramfs_start, initramfs_end' 'initramfs_start:' \
		$(if $(CONFIG_INITRAMFS),'	.incbin "$(B)/initramfs.cpio"') 'initramfs_end:' >$@
$(W)/initramfs.o: $(if $(CONFIG_INITRAMFS),$(B)/initramfs.cpio)

$(G)/kernel.lds: $(LINKER_SCRIPT) $(G)/flags $(G)/config.h
	$(call say,CPP,$<)$(CC) -E -P -D__ASSEMBLER__ -x assembler-with-cpp $(KERNEL_CPPFLAGS) \
		-MMD -MP -MF $@.d -MT $@ -o $@ $<

# Two links: the symbol table is made from the first and stands behind the code, which so does not move.
LINK = $(LD) $(KERNEL_LDFLAGS) -T $(G)/kernel.lds -Map $@.map -o $@
LINKED := $(KERNEL_OBJECTS) $(W)/initramfs.o
$(W)/symbols_none.S: scripts/gen_symbols.py | $(G)/config.mk
	@mkdir -p $(@D)
	@$(PYTHON) scripts/gen_symbols.py --empty $@
$(W)/first.elf: $(LINKED) $(W)/symbols_none.o $(G)/kernel.lds
	$(call say,LD,$@)$(LINK) $(LINKED) $(W)/symbols_none.o
	@$(NM) -n $@ >$(W)/first.nm
$(W)/symbols.S: $(W)/first.elf scripts/gen_symbols.py
	$(if $(CONFIG_LINE_NUMBERS),@$(READELF) --debug-dump=decodedline -W $< 2>/dev/null >$(W)/first.lines)
	$(call say,GEN,$@)$(PYTHON) scripts/gen_symbols.py $(W)/first.nm $@ \
		$(if $(CONFIG_LINE_NUMBERS),$(W)/first.lines)
$(B)/heifer.elf: $(LINKED) $(W)/symbols.o $(G)/kernel.lds
	$(call say,LD,$@)$(LINK) $(LINKED) $(W)/symbols.o
	@mv $@.map $(B)/heifer.map
	@$(NM) -n $@ >$(W)/second.nm
	@$(PYTHON) scripts/gen_symbols.py --compare $(W)/first.nm $(W)/second.nm

$(B)/Image: $(B)/heifer.elf
	$(call say,IMAGE,$@)$(OBJCOPY) -O binary $< $@

$(K)/compile_commands.json: $(G)/flags scripts/gen_compile_commands.py $(KERNEL_SOURCES)
	@printf '%s\n' $(KERNEL_SOURCES) >$(G)/sources
	@$(PYTHON) scripts/gen_compile_commands.py $(G)/sources $(K) \
		'$(CC) $(KERNEL_CFLAGS) $(KERNEL_CPPFLAGS)' '$(CC) $(KERNEL_AFLAGS) $(KERNEL_CPPFLAGS)' >$@

.PHONY: size
size: kernel
	@$(PYTHON) scripts/size_report.py $(K) $(B) $(SIZE)

-include $(KERNEL_OBJECTS:.o=.d) $(VDSO_OBJECTS:.o=.d) $(G)/asm_offsets.d $(G)/kernel.lds.d
