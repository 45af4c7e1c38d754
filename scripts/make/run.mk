# SPDX-License-Identifier: MIT
# QEMU and gdb. board/<name>/board.mk says which machine.

QEMU := qemu-system-riscv64
# How the kernel gets there: direct, by QEMU; sd, by boot loaders from the card that `make sdcard` makes;
# rehearsal, by the board's own boot loaders from such a card.
BOOT ?= direct
# Where scripts/rehearse.py puts what QEMU is started with.
CHAIN := $(B)/chain-$(BOOT)
QEMU_DRIVE = -drive file=$(1),if=$(2),format=raw,snapshot=on
ifeq ($(filter $(BOOT),direct $(QEMU_BOOTS)),)
$(error BOOT=$(BOOT): $(BOARD) starts by BOOT=direct (QEMU loads the kernel) or one of: $(QEMU_BOOTS))
endif
ifneq ($(BOOT),direct)
ifneq ($(strip $(CMDLINE)),)
$(error CMDLINE is for BOOT=direct: on the card, the command line is in board/extlinux.conf)
endif
endif

SMP ?= $(QEMU_SMP)
MEM ?= $(or $(QEMU_MEM_$(BOOT)),$(QEMU_MEM))
CMDLINE ?=
QEMU_START_direct = -M $(QEMU_MACHINE) -kernel $(B)/Image $(if $(strip $(CMDLINE)),-append '$(CMDLINE)')
QEMU_NEEDS_direct = $(B)/Image
QEMU_COMMAND = $(QEMU) $(QEMU_START_$(BOOT)) $(if $(CPU),-cpu $(CPU)) -smp $(SMP) -m $(MEM) $(QEMU_ARGS)

.PHONY: run debug have-qemu can-boot bootable boot-test system-test test-failalloc test-fresh
have-qemu:
	@command -v $(QEMU) >/dev/null || { echo "$(QEMU) is missing: run scripts/setup" >&2; exit 1; }

# All files that QEMU is started with.
bootable: $(QEMU_NEEDS_$(BOOT))

$(CHAIN)/card.img: $(CARD_IMG) scripts/rehearse.py
	$(call say,REHEARS,$@)$(PYTHON) scripts/rehearse.py make $(BOOT) $(CARD_IMG) $(CHAIN)
	$(if $(filter 1,$(V)),,@)$(PYTHON) scripts/rehearse.py compare $(BOOT) $(CARD_IMG) $@

# Not every QEMU reads SD cards.
can-boot: bootable have-qemu
	$(if $(QEMU_READS_CARDS),@$(PYTHON) scripts/rehearse.py probe $(QEMU) $(CHAIN))

run: can-boot
	@printf '  QEMU    %s, %s harts, %s. To leave: Ctrl-A, then X\n' $(QEMU_MACHINE) $(SMP) $(MEM)
	$(if $(filter 1,$(V)),,@)$(QEMU_COMMAND) -nographic

debug: can-boot
	@scripts/debug $(if $(filter direct,$(BOOT)),$(B),$(CARD)) $(QEMU_MACHINE) $(QEMU_COMMAND)

boot-test: have-qemu
	@$(MAKE) bootable
	$(call say,BOOT,$(BOARD): to the shell and off again)$(PYTHON) scripts/boot_test.py $(B) $(QEMU_COMMAND)

system-test: have-qemu
	@scripts/run_system_tests '$(T)'

# On a board: PORT is its serial port, POWER_ON and POWER_OFF are commands, without which you are asked.
.PHONY: test-board
test-board:
	@scripts/test_board $(if $(PORT),--port '$(PORT)') $(if $(LAB),--lab '$(LAB)') \
		$(if $(POWER_ON),--power-on '$(POWER_ON)') $(if $(POWER_OFF),--power-off '$(POWER_OFF)') '$(T)'

# Every allocation of every test program failing once, or of T=name. Takes hours for all.
test-failalloc: have-qemu
	@FAILALLOC=$(or $(T),all) scripts/run_system_tests every_allocation

# Both lines of the README, on machines installed for it. Needs root, so no part of anything else.
test-fresh:
	@$(PYTHON) scripts/test_fresh.py $(T)
