# SPDX-License-Identifier: MIT
# What is checked about the sources and the finished kernel. Every message says what to do.

LINT_C = $(sort $(shell find arch kernel mm drivers fs lib user tests -name '*.[ch]' 2>/dev/null))
LINT_SHELL = .ci/run $(sort $(shell grep -lsE '^\#!/bin/(ba)?sh' scripts/*)) tests/commands/run tests/linux/init \
	     tests/bench/rootfs/bin/bench_run
LINT_PYTHON = $(sort $(shell find scripts tests -name '*.py') $(shell grep -lsE '^\#!.*python' scripts/*))

# Not a part of lint: it builds the last commit four times.
.PHONY: test-reproducible
test-reproducible:
	@scripts/check_reproducible

.PHONY: lint lint-style lint-format lint-layers lint-shell lint-python lint-abi lint-binary lint-calls fix
lint: lint-calls lint-style lint-format lint-layers lint-shell lint-python lint-abi lint-binary

lint-style:
	$(call say,LINT,style)$(PYTHON) scripts/check_style.py || \
		{ echo "what needs no thought is mended by: make fix" >&2; exit 1; }

# The next version of clang-format breaks lines elsewhere; only the one the tree is formatted with judges.
CLANG_FORMAT := $(shell command -v clang-format-14 || command -v clang-format)
CLANG_FORMAT_IS_OURS = $(findstring version 14.,$(shell $(CLANG_FORMAT) --version 2>/dev/null))
lint-format:
ifneq ($(CLANG_FORMAT_IS_OURS),)
	$(call say,LINT,format)$(CLANG_FORMAT) --dry-run -Werror $(LINT_C) || \
		{ echo "to mend it: make fix" >&2; exit 1; }
else
	@printf '  %-7s %s\n' LINT 'format: left out, for it needs clang-format 14 (Debian 12)'
endif

CHECK_LAYERS = $(PYTHON) scripts/check_layers.py --objects $(K)/obj --nm $(NM)
# Needs the objects: who calls whom is read from them.
lint-layers: $(B)/heifer.elf
	$(call say,LINT,floors)$(CHECK_LAYERS) --check docs/floors.md

LOCK_TABLE = $(PYTHON) scripts/gen_lock_table.py
.PHONY: lint-locks lint-traps
lint: lint-locks lint-traps
lint-locks:
	$(call say,LINT,locks)$(LOCK_TABLE) --check docs/locking.md

lint-traps:
	$(call say,LINT,what docs name)$(PYTHON) scripts/check_traps.py

lint-shell:
	$(call say,LINT,shell)shellcheck $(LINT_SHELL) || \
		{ echo "every message names a page that says what to do" >&2; exit 1; }

lint-python:
	$(call say,LINT,python)for f in $(LINT_PYTHON); do \
		$(PYTHON) -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' $$f || exit 1; done

# Compiled, not run: static assertions against the toolchain's own Linux headers.
lint-abi:
	$(call say,LINT,ABI)mkdir -p build/lint && \
	$(PYTHON) scripts/gen_syscalls.py kernel/syscall/syscalls.tbl build/lint && \
	for f in $(ABI_CHECK) build/lint/syscall_check.c; do \
		$(USER_CC) -std=gnu11 -Wall -Wextra -Werror -I . -fsyntax-only $$f || \
		{ echo "lib/abi and kernel/syscall/syscalls.tbl must say what Linux says" >&2; exit 1; }; done

lint-binary: $(B)/heifer.elf $(B)/Image
	$(call say,LINT,$(B)/heifer.elf)$(PYTHON) scripts/check_binary.py $(B) $(CROSS_COMPILE)

lint-calls:
	$(call say,LINT,docs/syscalls.md)$(PYTHON) scripts/gen_syscall_docs.py --check docs/syscalls.md

fix: $(B)/heifer.elf
	$(call say,FIX,format)$(if $(CLANG_FORMAT_IS_OURS),$(CLANG_FORMAT) -i $(LINT_C), \
		echo "left out, for it needs clang-format 14")
	$(call say,FIX,style)$(PYTHON) scripts/check_style.py --fix
	$(call say,FIX,docs/floors.md)$(CHECK_LAYERS) --write docs/floors.md
	$(call say,FIX,docs/locking.md)$(LOCK_TABLE) --write docs/locking.md
	$(call say,FIX,docs/syscalls.md)$(PYTHON) scripts/gen_syscall_docs.py --write docs/syscalls.md

# The skeleton of a system call: docs/tutorial-first-syscall.md.
.PHONY: new-syscall
new-syscall:
	@$(PYTHON) scripts/new_syscall $(NAME) $(FILE) $(ARGS)
