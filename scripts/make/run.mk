# SPDX-License-Identifier: MIT
# QEMU and gdb. board/<name>/board.mk says which machine.

QEMU := qemu-system-riscv64
SMP ?= $(QEMU_SMP)
MEM ?= $(QEMU_MEM)
CMDLINE ?=
QEMU_COMMAND = $(QEMU) -M $(QEMU_MACHINE) $(if $(CPU),-cpu $(CPU)) -smp $(SMP) -m $(MEM) \
	       -kernel $(B)/Image $(if $(strip $(CMDLINE)),-append '$(CMDLINE)') $(QEMU_ARGS)

.PHONY: run debug have-qemu boot-test system-test test-failalloc test-fresh
have-qemu:
	@command -v $(QEMU) >/dev/null || { echo "$(QEMU) is missing: run scripts/setup" >&2; exit 1; }

run: $(B)/Image have-qemu
	@printf '  QEMU    %s, %s harts, %s. To leave: Ctrl-A, then X\n' $(QEMU_MACHINE) $(SMP) $(MEM)
	$(if $(filter 1,$(V)),,@)$(QEMU_COMMAND) -nographic

debug: $(B)/Image have-qemu
	@scripts/debug $(B) $(QEMU_MACHINE) $(QEMU_COMMAND)

boot-test: have-qemu
	@$(MAKE) kernel
	$(call say,BOOT,$(BOARD): to the shell and off again)$(PYTHON) scripts/boot_test.py $(B) $(QEMU_COMMAND)

system-test: have-qemu
	@scripts/run_system_tests '$(T)'

# Every allocation of every test program failing once, or of T=name. Takes hours for all.
test-failalloc: have-qemu
	@FAILALLOC=$(or $(T),all) scripts/run_system_tests every_allocation

# Both lines of the README, on machines installed for it. Needs root, so no part of anything else.
test-fresh:
	@$(PYTHON) scripts/test_fresh.py $(T)
