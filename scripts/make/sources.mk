# SPDX-License-Identifier: MIT
# What the kernel is built from: every .c and .S below these folders, but for what is listed here.

KERNEL_FOLDERS := arch kernel mm drivers fs lib

# Only with the option behind the colon.
OPTIONAL_SOURCES := \
	kernel/proc/provoke.c:DEBUG_LOCKS \
	mm/pmm/failalloc.c:DEBUG_CHECKS \
	kernel/sched/watchdog.c:DEBUG_LOCKS \
	drivers/serial/ns16550.c:SERIAL_NS16550 \
	drivers/serial/sifive_uart.c:SERIAL_SIFIVE \
	drivers/irqchip/plic.c:IRQCHIP_PLIC

# Not a part of the image: compiled for what the compiler says about them, or by a rule of their own.
ASM_OFFSETS := arch/riscv/cpu/asm_offsets.c
ABI_CHECK   := kernel/syscall/abi_check.c
LINKER_SCRIPT := arch/riscv/boot/kernel.lds.S
# The vDSO runs in user mode; only vdso_image.S, which holds the finished thing, is kernel.
VDSO_FOLDER := arch/riscv/entry/vdso
VDSO_IMAGE  := $(VDSO_FOLDER)/vdso_image.S
VDSO_SOURCES := $(filter-out $(VDSO_IMAGE),$(wildcard $(VDSO_FOLDER)/*.[cS]))

SWITCHED_OFF := $(foreach pair,$(OPTIONAL_SOURCES),$(if \
	$(CONFIG_$(word 2,$(subst :, ,$(pair)))),,$(word 1,$(subst :, ,$(pair)))))
KERNEL_SOURCES := $(filter-out $(ASM_OFFSETS) $(ABI_CHECK) $(VDSO_SOURCES) $(SWITCHED_OFF) %.lds.S,\
	$(sort $(shell find $(KERNEL_FOLDERS) -name '*.[cS]')))
# fpu.c and fpu.S may stand side by side: fpu.o, fpu.S.o.
KERNEL_OBJECTS := $(patsubst %,$(K)/obj/%.o,$(KERNEL_SOURCES:.c=))
