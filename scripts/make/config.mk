# SPDX-License-Identifier: MIT
# Which kernel is built, by what and how.

BOARD ?= virt
BOARDS := $(notdir $(patsubst %/defconfig,%,$(wildcard board/*/defconfig)))
ifeq ($(filter $(BOARD),$(BOARDS)),)
$(error BOARD=$(BOARD): there is no board/$(BOARD)/defconfig. The boards are: $(BOARDS))
endif

is_on = $(filter-out 0 n no,$($(1)))
# K is for what is compiled; B for what is linked, with the tests in its root file system or without.
K := build/$(BOARD)$(if $(call is_on,LLVM),-llvm)$(if $(call is_on,DEBUG),-debug)
B := $(K)$(if $(call is_on,TESTS),-tests)
FRAGMENTS := $(if $(call is_on,DEBUG),scripts/make/debug.config)

CROSS_COMPILE ?= riscv64-linux-gnu-
ifeq ($(call is_on,LLVM),)
CC      := $(CROSS_COMPILE)gcc
LD      := $(CROSS_COMPILE)ld
NM      := $(CROSS_COMPILE)nm
OBJCOPY := $(CROSS_COMPILE)objcopy
SIZE    := $(CROSS_COMPILE)size
else
# LLVM=-14 means clang-14, ld.lld-14 and so on. Linker relaxation is newer than Debian 12's lld.
LLVM_SUFFIX := $(filter -%,$(LLVM))
CC      := clang$(LLVM_SUFFIX) --target=riscv64-linux-gnu -mno-relax
LD      := ld.lld$(LLVM_SUFFIX)
NM      := llvm-nm$(LLVM_SUFFIX)
OBJCOPY := llvm-objcopy$(LLVM_SUFFIX)
SIZE    := llvm-size$(LLVM_SUFFIX)
endif
# Programs are gcc's, whoever compiles the kernel: their C library is. Its binutils are there in any case.
USER_CC := $(CROSS_COMPILE)gcc
READELF := $(CROSS_COMPILE)readelf
HOST_CC := gcc
# Debian's own, which sees Debian's modules; another Python on PATH would not.
PYTHON  := /usr/bin/python3
# labgrid, where setup had to fetch it.
export PYTHONPATH := $(if $(wildcard build/packages/python),$(CURDIR)/build/packages/python)

# Goals that need no configuration: they build no kernel, or have a make of their own do it.
PLAIN_GOALS := help clean check test host-test script-test fixtures fuzz user-tests user-test-qemu \
	       system-test test-board test-failalloc test-linux test-fresh test-reproducible boot-test \
	       bench bench-check bench-accept profile \
	       lint-style lint-format lint-shell lint-python lint-abi lint-calls new-syscall
ifneq ($(if $(MAKECMDGOALS),$(filter-out $(PLAIN_GOALS),$(MAKECMDGOALS)),kernel),)
include $(K)/generated/config.mk
CC_FILE := $(realpath $(shell command -v $(firstword $(CC))))
ifeq ($(CC_FILE),)
$(error $(firstword $(CC)) is missing: run scripts/setup)
endif
# What this compiler takes, tried once.
CC_PROBED := build/probed$(subst /,_,$(CC_FILE)).mk
include $(CC_PROBED)
$(CC_PROBED): scripts/probe_compiler $(CC_FILE)
	@mkdir -p $(@D)
	$(call say,PROBE,$(firstword $(CC)))scripts/probe_compiler $(CC) >$@
endif
include board/$(BOARD)/board.mk

$(K)/generated/config.mk: Kconfig board/$(BOARD)/defconfig $(FRAGMENTS) scripts/kconfig.py \
			  $(or $(wildcard $(K)/.config),FORCE)
	$(call say,CONFIG,$(K)/.config)$(PYTHON) scripts/kconfig.py configure $(K) \
		board/$(BOARD)/defconfig $(FRAGMENTS)
$(K)/generated/config.h: $(K)/generated/config.mk ;

.PHONY: menuconfig savedefconfig diffconfig
menuconfig:
	$(PYTHON) scripts/kconfig.py menuconfig $(K)
savedefconfig:
	$(if $(FRAGMENTS),$(error savedefconfig goes without DEBUG: it is no part of a defconfig))
	@$(PYTHON) scripts/kconfig.py savedefconfig $(K) board/$(BOARD)/defconfig
# WITH is another board, or a .config; without it, what this one was made from.
diffconfig:
	@$(PYTHON) scripts/kconfig.py diffconfig $(K) $(if $(WITH),$(or $(wildcard board/$(WITH)/defconfig),$(WITH)), \
		board/$(BOARD)/defconfig $(FRAGMENTS))

# The same sources give the same bytes: the time is that of the last commit.
GIT := git --no-optional-locks
SOURCE_DATE_EPOCH ?= $(or $(shell $(GIT) log -1 --format=%ct 2>/dev/null),1735689600)
export SOURCE_DATE_EPOCH
HEIFER_VERSION := $(or $(shell $(GIT) describe --always --dirty 2>/dev/null),unknown)

# The harts of the Unmatched: no FPU in kernel code, no bit manipulation, no access off alignment.
ARCH_FLAGS := $(CC_MARCH) -mabi=lp64 -mcmodel=medany $(CC_STRICT_ALIGN)
WARNINGS := -Wall -Wextra -Werror -Wno-unused-parameter -Wmissing-prototypes -Wstrict-prototypes -Wvla
KERNEL_CPPFLAGS := -nostdinc -isystem $(CC_INCLUDE) \
		   -I . -I $(K) -include $(K)/generated/config.h
KERNEL_CFLAGS := -std=gnu11 $(ARCH_FLAGS) -ffreestanding -fno-builtin -fno-pic -fno-pie \
		 -fno-stack-protector -fno-common -fno-strict-aliasing \
		 -f$(if $(CONFIG_FRAME_POINTERS),no-)omit-frame-pointer \
		 -fno-asynchronous-unwind-tables -fno-unwind-tables -ffile-prefix-map=$(CURDIR)=. -O2 -g $(WARNINGS)
# clang 14's assembler maps no folder in the line table of DWARF 5.
KERNEL_AFLAGS := $(ARCH_FLAGS) -gdwarf-4 -ffile-prefix-map=$(CURDIR)=.
KERNEL_LDFLAGS := -melf64lriscv -static --build-id=none -z max-page-size=4096 --discard-locals --fatal-warnings
