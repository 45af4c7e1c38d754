/* SPDX-License-Identifier: MIT */
/* The first stack of a program: strings, auxiliary vector, environment, arguments. */
#pragma once

#include "lib/abi/auxv.h"
#include "lib/compiler.h"
#include "lib/types.h"

struct aspace;
struct exec_args;

#define EXEC_AUXV_MAX 24

struct exec_stack {
	const struct exec_args *args;
	const char *exec_name;  /* AT_EXECFN: the path as it was given */
	size_t exec_name_bytes; /* with its NUL */
	bool is_executable;
	u64 limit_bytes; /* RLIMIT_STACK */
	/* without AT_RANDOM, AT_EXECFN and AT_NULL, which are added */
	const struct auxv_entry *auxv;
	u32 auxv_count;
};

/* Map the region for the stack at the top of @as, large enough for what exec_stack_fill() will
 * write; @s->auxv may still be missing. Context: may sleep.  Returns 0 or -ENOMEM. */
int exec_stack_map(struct aspace *as, const struct exec_stack *s) __must_check;

/*
 * Write everything and note in @as where /proc finds arguments and environment. The stack pointer
 * to *@sp. Context: may sleep.  Returns 0 or -ENOMEM.
 */
int exec_stack_fill(struct aspace *as, const struct exec_stack *s, uaddr_t *sp) __must_check;
