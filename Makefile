# SPDX-License-Identifier: MIT
#
# `make help` says what there is to make. The rules are in scripts/make/, a file each for:
#   config.mk   board, options, tools, flags      host.mk   tests that run on this machine
#   sources.mk  what the kernel is built from     run.mk    QEMU and gdb
#   kernel.mk   the kernel                        lint.mk   what is checked about the sources
#   user.mk     programs and the root file system
#   bench.mk    what operations cost, beside Linux
#   sdcard.mk   the card a board boots from
# Everything made goes to build/.

.DEFAULT_GOAL := kernel
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# All processors, unless the command line says otherwise, which make lets win. A make called by this one
# shares its job slots.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

# `make V=1` shows commands instead of names. Used as $(call say,CC,$<)command
ifeq ($(V),1)
say =
else
say = @printf '  %-7s %s\n' '$(1)' '$(2)';
endif

include scripts/make/config.mk
include scripts/make/sources.mk
include scripts/make/kernel.mk
include scripts/make/user.mk
include scripts/make/sdcard.mk
include scripts/make/host.mk
include scripts/make/run.mk
include scripts/make/bench.mk
include scripts/make/lint.mk

.PHONY: help check test clean FORCE

# One screen.
help:
	@sed 's/^# \?//; 1,2d' scripts/make/help.txt

# What to run before every commit: under two minutes.
check:
	@$(MAKE) host-test
	@$(MAKE) script-test
	@$(MAKE) lint
	@$(MAKE) boot-test

# Everything the README promises.
test:
	@$(MAKE) lint
	@$(MAKE) host-test
	@$(MAKE) model-test
	@$(MAKE) script-test
	@$(MAKE) user-test-qemu
	@$(MAKE) boot-test
	@$(MAKE) boot-test BOARD=unmatched
	@$(MAKE) sdcard
	@$(MAKE) sdcard BOARD=unmatched
	@$(MAKE) system-test
	@$(MAKE) test-linux

# What setup fetched stays: it is no product of this tree, and fetching it needs a network.
clean:
	$(call say,CLEAN,build)find build -mindepth 1 -maxdepth 1 ! -name packages -exec rm -rf {} + 2>/dev/null || true

FORCE:
