# SPDX-License-Identifier: MIT
# What runs on Heifer: the test programs and the root file system.

# The test programs are one static ELF that is called by many names; user/tests/lib/multi.c says why.
# What must be an ELF of its own is in user/tests/programs; how each is linked is the point of it.
U := build/user
USER_TEST_NAMES := $(sort $(patsubst user/tests/%.c,%,$(wildcard user/tests/*.c)))
USER_TEST_OBJECTS := $(USER_TEST_NAMES:%=$(U)/obj/%.o) $(patsubst %,$(U)/obj/lib/%.o,test forks multi sweep vdso)
USER_PROGRAMS := $(patsubst user/tests/programs/%.c,$(U)/programs/%,$(wildcard user/tests/programs/*.c))
USER_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g0 -fno-strict-aliasing -Wall -Wextra -Werror \
	       -Wno-unused-parameter -I .
TEST_CFLAGS := -I user/tests $(USER_CFLAGS)

PROGRAM_FLAGS_data_bss := -static
PROGRAM_FLAGS_minimal := -static -nostdlib -ffreestanding
PROGRAM_FLAGS_static_pie := -fPIE -pie -nostdlib -ffreestanding -fno-stack-protector \
			    -Wl,--no-dynamic-linker,-z,text,-z,max-page-size=4096

# The system call fuzzer is one of these programs, made of several sources.
FUZZ_OBJECTS := $(patsubst user/fuzz/%.c,$(U)/fuzz/%.o,$(sort $(wildcard user/fuzz/*.c)))
FUZZ_CFLAGS := $(USER_CFLAGS) -fno-stack-protector -I $(U)/fuzz
USER_PROGRAMS += $(U)/programs/sysfuzz

# The benchmark is another, and goes by two names. layout.c says why it is the last.
BENCH_NAMES := $(patsubst user/bench/%.c,%,$(sort $(wildcard user/bench/*.c)))
BENCH_OBJECTS := $(patsubst %,$(U)/obj/bench/%.o,$(filter-out layout,$(BENCH_NAMES)) layout)
BENCH_CFLAGS := $(USER_CFLAGS)
USER_PROGRAMS += $(U)/bench/bench $(U)/bench/forkstat

.PHONY: user-tests user-test-qemu bench-program
bench-program: $(U)/bench/bench $(U)/bench/forkstat
user-tests: $(U)/tests $(USER_PROGRAMS)

$(U)/obj/lib/%.o: user/tests/lib/%.c scripts/make/user.mk
	@mkdir -p $(@D)
	$(call say,USERCC,$<)$(USER_CC) $(TEST_CFLAGS) -MMD -MP -c -o $@ $<
$(U)/obj/%.o: user/tests/%.c scripts/make/user.mk
	@mkdir -p $(@D)
	$(call say,USERCC,$<)$(USER_CC) $(TEST_CFLAGS) -Dtest_main=test_main_$* -MMD -MP -c -o $@ $<
# Written when the names change: a test that is gone must go from the table.
$(U)/table.c: FORCE
	@mkdir -p $(@D)
	@{ echo '#include "lib/multi.h"'; \
	   for n in $(USER_TEST_NAMES); do echo "int test_main_$$n(int, char **);"; done; \
	   echo 'const struct test_program test_programs[] = {'; \
	   for n in $(USER_TEST_NAMES); do echo "	{ \"$$n\", test_main_$$n },"; done; \
	   echo '	{ 0, 0 }'; echo '};'; } >$@.new; \
	if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(U)/tests: $(USER_TEST_OBJECTS) $(U)/table.c
	$(call say,USERLD,$@)$(USER_CC) $(TEST_CFLAGS) -static -s -pthread -o $@ $^ -lm
$(U)/programs/%: user/tests/programs/%.c scripts/make/user.mk
	@mkdir -p $(@D)
	$(call say,USERCC,$<)$(USER_CC) $(USER_CFLAGS) -s $(PROGRAM_FLAGS_$*) -o $@ $<
$(U)/fuzz/syscall_kinds.h: kernel/syscall/syscalls.tbl scripts/gen_syscalls.py
	$(call say,GEN,$@)$(PYTHON) scripts/gen_syscalls.py $< $(@D)
$(U)/fuzz/%.o: user/fuzz/%.c $(U)/fuzz/syscall_kinds.h scripts/make/user.mk
	$(call say,USERCC,$<)$(USER_CC) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<
$(U)/programs/sysfuzz: $(FUZZ_OBJECTS)
	@mkdir -p $(@D)
	$(call say,USERLD,$@)$(USER_CC) $(FUZZ_CFLAGS) -static -s -o $@ $^
$(U)/obj/bench/%.o: user/bench/%.c scripts/make/user.mk
	@mkdir -p $(@D)
	$(call say,USERCC,$<)$(USER_CC) $(BENCH_CFLAGS) -MMD -MP -c -o $@ $<
$(U)/bench/bench: $(BENCH_OBJECTS)
	@mkdir -p $(@D)
	$(call say,USERLD,$@)$(USER_CC) $(BENCH_CFLAGS) -static -s -o $@ $^
# The same with symbols.
$(U)/bench/bench.elf: $(BENCH_OBJECTS)
	@mkdir -p $(@D)
	$(call say,USERLD,$@)$(USER_CC) $(BENCH_CFLAGS) -static -o $@ $^
$(U)/bench/forkstat: $(U)/bench/bench
	@ln -sf bench $@
-include $(USER_TEST_OBJECTS:.o=.d) $(FUZZ_OBJECTS:.o=.d) $(BENCH_OBJECTS:.o=.d)

# The same programs on Linux, as far as qemu-user is a faithful one.
user-test-qemu: user-tests
	@scripts/run_user_tests $(T)

# The root file system: Debian's BusyBox, user/rootfs, the test programs if asked for, ROOTFS_ADD.
P := build/packages
$(P)/busybox:
	@echo "$@ is missing: run scripts/setup" >&2; exit 1
# The list of what BusyBox is called comes from BusyBox. Two makes at a time may want it, and neither half of one.
$(P)/applets: $(P)/busybox
	$(call say,GEN,$@)$$(command -v qemu-riscv64-static || command -v qemu-riscv64) $< --list-full >$@.$$$$ && \
		mv $@.$$$$ $@

# Always run: it is quick, sees what changed in any of the trees, and writes only then.
ROOTFS_BUSYBOX := --epoch $(SOURCE_DATE_EPOCH) --busybox $(P)/busybox --applets $(P)/applets --tree user/rootfs
ROOTFS_TESTS := --tests $(U)/tests $(USER_TEST_NAMES) --test-programs $(USER_PROGRAMS) \
		--test-commands tests/commands/run $(wildcard tests/commands/*.sh)
$(B)/initramfs.cpio: $(P)/busybox $(P)/applets $(if $(call is_on,TESTS),$(U)/tests $(USER_PROGRAMS)) FORCE \
		     | $(K)/generated/config.mk
	@$(PYTHON) scripts/gen_initramfs.py $@ $(ROOTFS_BUSYBOX) \
		$(if $(call is_on,TESTS),$(ROOTFS_TESTS)) $(if $(ROOTFS_ADD),--tree '$(ROOTFS_ADD)')

# The same for Debian's kernel, the oracle: it only wants to be told what Heifer does by itself.
L := build/linux
$(P)/linux:
	@scripts/fetch_packages --linux
$(L)/initramfs.cpio: $(P)/busybox $(P)/applets $(U)/tests $(USER_PROGRAMS) FORCE
	@mkdir -p $(@D)
	@$(PYTHON) scripts/gen_initramfs.py $@ $(ROOTFS_BUSYBOX) $(ROOTFS_TESTS) --tree tests/linux

# Command lines and test programs on Linux and on Heifer: T='SUBJECT/CASE...' for some of them.
.PHONY: test-linux
test-linux: $(P)/linux $(L)/initramfs.cpio have-qemu
	@$(MAKE) TESTS=1
	@$(MAKE) TESTS=1 DEBUG=1
	@$(PYTHON) scripts/linux_test.py $(T)
