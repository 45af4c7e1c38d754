# SPDX-License-Identifier: MIT
# Tests that run on this machine. tests/host/test_<subject>.c is one executable; its comment
# `/* sources: lib/rbtree.c ... */` names the files under test that are linked with it. So is
# tests/fuzz/fuzz_<subject>.c, which goes through the inputs that are known.

H := build/host
FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/fuzz_*.c))
HOST_TEST_SOURCES := $(sort $(wildcard tests/host/test_*.c)) $(FUZZ_SOURCES)
HOST_TESTS := $(patsubst %.c,$(H)/%,$(notdir $(HOST_TEST_SOURCES)))
ALL_HOST_TESTS := $(HOST_TESTS) $(H)/test_ptable_interleave
HOST_CFLAGS := -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	       -fno-omit-frame-pointer -fno-strict-aliasing -fno-common \
	       -Wall -Wextra -Werror -Wno-unused-parameter -Wvla
# Names in tests/host/shim stand in for those of the kernel: they are found first.
HOST_CPPFLAGS := -DHOST_TEST -DFIXTURES_DIR='"build/fixtures"' -DCONFIG_NR_CPUS=8 -DCONFIG_DEBUG_CHECKS=1 \
		 -DCONFIG_DEBUG_LOCKS=1 -DCONFIG_FORK_DEFAULT_TABLE=1 -DCONFIG_BOARD_NAME='"host"' \
		 -I tests/host/shim -I .

FIXTURES := $(addprefix build/fixtures/,virt.dtb sifive_u.dtb unmatched.dtb)

# The scripts that decide something, by pytest.
.PHONY: script-test
script-test: fixtures
	$(call say,TEST,tests/scripts)$(PYTHON) -m pytest -q -p no:cacheprovider -n $$(nproc) tests/scripts

.PHONY: host-test fixtures
fixtures: $(FIXTURES)
$(FIXTURES) &: scripts/make_fixtures $(wildcard build/packages/VERSIONS)
	$(call say,GEN,build/fixtures)scripts/make_fixtures

ifneq ($(and $(T),$(filter host-test,$(MAKECMDGOALS))),)
ifeq ($(filter $(H)/test_$(T) $(H)/fuzz_$(T),$(ALL_HOST_TESTS)),)
$(error T=$(T): there is neither tests/host/test_$(T).c nor tests/fuzz/fuzz_$(T).c)
endif
endif
host-test: $(patsubst %,%.passed,$(if $(T),$(filter $(H)/test_$(T) $(H)/fuzz_$(T),$(ALL_HOST_TESTS)),$(ALL_HOST_TESTS)))
	@printf '  host tests: %d programs passed\n' $(words $^)

$(H)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(HOST_CC) $(HOST_CFLAGS)' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(H)/obj/%.o: %.c $(H)/flags
	@mkdir -p $(@D)
	$(call say,HOSTCC,$<)$(HOST_CC) $(HOST_CFLAGS) $(HOST_CPPFLAGS) -MMD -MP -c -o $@ $<

# A test that passed need not run again until something it is made of changes.
$(H)/%.passed: $(H)/% $(FIXTURES)
	$(call say,TEST,$*)ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 \
		timeout 1800 $< >$(H)/$*.log 2>&1 </dev/null || \
		{ s=$$?; cat $(H)/$*.log; echo "$* failed ($$s). Again: $<" >&2; exit 1; }
	@touch $@

# The model of fork by sharing tables: docs/fork.md. T=name for one run, with the way to what is wrong;
# MODEL=all for the large ones, too, which take gigabytes and so go one by one.
M := build/model
.PHONY: model-test
ifneq ($(filter-out all,$(MODEL)),)
$(error MODEL=$(MODEL): the only value is all)
endif
$(M)/model: $(wildcard tests/model/*.[ch])
	@mkdir -p $(@D)
	$(call say,HOSTCC,tests/model)$(HOST_CC) -std=c11 -O2 -Wall -Wextra -Werror -Wno-missing-field-initializers \
		-I . -o $@ $(filter %.c,$^)

$(M)/passed: $(M)/model tests/model/which_harts.py
	$(call say,TEST,tests/model)tests/model/which_harts.py && $< --list | xargs -n 1 -P $$(nproc) $<
	@touch $@

ifneq ($(T),)
model-test: $(M)/model
	@$< --tell $(T)
else ifeq ($(MODEL),all)
model-test: $(M)/model
	@$< --list-all | xargs -n 1 $<
else
model-test: $(M)/passed
endif

# The real mm/vmm under a scheduler of its own. The compiler's calls before each access, which are the
# thread sanitizer's, lead to tests/host/interleave/machine.c. With the mistakes of mutants.txt it must fail.
IL := $(H)/interleave
IL_CFLAGS := $(filter-out -O1 -fsanitize% -fno-sanitize%,$(HOST_CFLAGS)) -O2
IL_KERNEL_CFLAGS := $(IL_CFLAGS) -fsanitize=thread -Wno-tsan
IL_KERNEL := $(patsubst %.c,$(IL)/%.o,$(filter-out mm/vmm/ptable_stock.c,$(wildcard mm/vmm/*.c)) \
	     lib/bits.c lib/rbtree.c lib/string.c)
IL_HARNESS := $(patsubst %.c,$(IL)/%.o,$(wildcard tests/host/interleave/*.c))
IL_LINK := $(HOST_CC) -Wl,--wrap=aspace_check,--wrap=page_copy
IL_MUTANTS := $(shell sed -n 's/^== \(.*\):.*/\1/p' tests/host/interleave/mutants.txt)
IL_CAUGHT := $(IL_MUTANTS:%=$(IL)/mutants/%/caught)
$(IL_KERNEL): $(IL)/%.o: %.c $(H)/flags
	@mkdir -p $(@D)
	$(call say,HOSTCC,$< (interleave))$(HOST_CC) $(IL_KERNEL_CFLAGS) $(HOST_CPPFLAGS) -MMD -MP -c -o $@ $<
$(IL_HARNESS): $(IL)/%.o: %.c $(H)/flags
	@mkdir -p $(@D)
	$(call say,HOSTCC,$<)$(HOST_CC) $(IL_CFLAGS) $(HOST_CPPFLAGS) -MMD -MP -c -o $@ $<
$(H)/test_ptable_interleave: $(IL_KERNEL) $(IL_HARNESS)
	$(call say,HOSTLD,$@)$(IL_LINK) -o $@ $^
$(IL_CAUGHT): $(IL)/mutants/%/caught: $(IL_KERNEL) $(IL_HARNESS) \
		$(addprefix tests/host/interleave/,mutants.txt try_mutant)
	$(call say,MUTANT,$*)tests/host/interleave/try_mutant $* $(@D) \
		'$(HOST_CC) $(IL_KERNEL_CFLAGS) $(HOST_CPPFLAGS)' '$(IL_LINK)' $(IL_KERNEL) $(IL_HARNESS)
	@touch $@
$(H)/test_ptable_interleave.passed: $(IL_CAUGHT)
-include $(IL_KERNEL:.o=.d) $(IL_HARNESS:.o=.d)

# What the fuzz targets begin with.
FUZZ_SEEDS := build/fuzz/seeds
$(FUZZ_SEEDS)/made: tests/fuzz/make_seeds.py scripts/gen_initramfs.py $(FIXTURES)
	$(call say,GEN,$(@D))$(PYTHON) $< $(@D) $(FIXTURES) && touch $@
$(patsubst tests/fuzz/%.c,$(H)/%.passed,$(FUZZ_SOURCES)): $(FUZZ_SEEDS)/made $(shell find tests/fuzz/corpus -type f)

# Looking for new inputs, with clang's libFuzzer: T=name for one subject, SECONDS for each.
.PHONY: fuzz
SECONDS ?= 60
FUZZ_SUBJECTS := $(if $(filter fuzz,$(MAKECMDGOALS)),$(or $(T),$(FUZZ_SOURCES:tests/fuzz/fuzz_%.c=%)))
fuzz: $(FUZZ_SUBJECTS:%=build/fuzz/fuzz_%) $(FUZZ_SEEDS)/made
	@scripts/fuzz $(SECONDS) $(FUZZ_SUBJECTS)
# The sources are the words of the comment that end so; libFuzzer has a main() of its own.
FUZZ_FILES = $(filter-out %/replay.c,$(filter %.c,$(shell sed -n '/sources:/,/\*\//p' $<)))
build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c FORCE
	@mkdir -p $(@D)
	$(call say,CLANG,$@)clang $(filter-out -W%,$(HOST_CFLAGS)) -fsanitize=fuzzer $(HOST_CPPFLAGS) \
		-o $@ $< $(FUZZ_FILES) -lcmocka

# For each test: its executable from its objects.
ifneq ($(filter host-test $(H)/%,$(MAKECMDGOALS)),)
$(shell mkdir -p $(H) && awk -f scripts/make/host_rules.awk $(HOST_TEST_SOURCES) >$(H)/rules.mk)
include $(H)/rules.mk
$(HOST_TESTS):
	$(call say,HOSTLD,$@)$(HOST_CC) $(HOST_CFLAGS) -o $@ $^ -lcmocka -lm
endif
-include $(shell find $(H)/obj -name '*.d' 2>/dev/null)
