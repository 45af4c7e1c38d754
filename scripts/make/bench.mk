# SPDX-License-Identifier: MIT
# What operations cost, in instructions, on Heifer and on Linux: scripts/bench.py says how.

# The same root file system for both, made without dates: what did not change need not be counted again.
BENCH_ROOT := build/bench/root
build/bench/initramfs.cpio: $(P)/busybox $(P)/applets $(U)/bench/bench FORCE
	@mkdir -p $(BENCH_ROOT)/bin
	@cp $(U)/bench/bench $(BENCH_ROOT)/bin/
	@$(PYTHON) scripts/gen_initramfs.py $@ $(ROOTFS_BUSYBOX) --epoch 0 \
		--tree tests/linux --tree tests/bench/rootfs --tree $(BENCH_ROOT)

# Heifer's release build, whatever else the command line asks for.
.PHONY: bench-kernel bench bench-check bench-accept
bench-kernel:
	@$(MAKE) BOARD=virt DEBUG= TESTS= kernel
BENCH_NEEDS := bench-kernel build/bench/initramfs.cpio have-qemu
BENCH := $(PYTHON) scripts/bench.py --image build/virt$(if $(call is_on,LLVM),-llvm)/Image --compiler '$(CC)'

is_given = $(filter-out undefined default file,$(origin $(1)))
bench: $(P)/linux $(BENCH_NEEDS) $(if $(filter harts,$(ROWS)),build/bench/harts.so) build/bench/profile.so \
	$(U)/bench/bench.elf
	@$(BENCH) measure $(if $(ROWS),--rows '$(ROWS)') $(if $(MACHINES),--machines '$(MACHINES)') \
		$(if $(call is_given,MEM),--memory '$(MEM)') $(if $(call is_given,SMP),--harts '$(SMP)')

# The small rows, on Heifer alone.
bench-check bench-accept: $(BENCH_NEEDS)
	@$(BENCH) $(@:bench-%=%) $(if $(ROWS),--rows '$(ROWS)')

# By which functions: scripts/profile.py --help. The plugin is compiled each time, for QEMU may be another.
# Harts that take short turns want one that is newer than Debian 12's: scripts/bench_harts.py.
.PHONY: have-new-qemu
have-new-qemu:
	@scripts/fetch_packages --qemu
build/bench/harts.so: have-new-qemu
build/bench/profile.so: PLUGIN_QEMU = qemu-system-riscv64
build/bench/harts.so: PLUGIN_QEMU = $$(scripts/fetch_packages --print-qemu)
build/bench/profile.so build/bench/harts.so: tests/bench/profile_plugin.c have-qemu FORCE
	@mkdir -p $(@D)
	$(call say,HOSTCC,$<)$(HOST_CC) -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -shared \
		-DPLUGIN_VERSION=$$($(PYTHON) scripts/profile.py --plugin-version "$(PLUGIN_QEMU)") -o $@ $<
.PHONY: profile
profile: $(BENCH_NEEDS) build/bench/profile.so $(U)/bench/bench.elf
	@$(PYTHON) scripts/profile.py --image build/virt$(if $(call is_on,LLVM),-llvm)/Image $(ROWS) \
		$(if $(TREE),--tree '$(TREE)') $(CODE:%=--code %) $(if $(call is_on,LINES),--lines)
