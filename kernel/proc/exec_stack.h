/* SPDX-License-Identifier: MIT */
/* The first stack of a program: strings, auxiliary vector, environment, arguments. */
#pragma once

#include "lib/abi/auxv.h"
#include "lib/compiler.h"
#include "lib/types.h"

struct aspace;
struct exec_args;

/* Entries of the auxiliary vector: what the caller says, then AT_RANDOM, AT_EXECFN and AT_NULL. */
#define EXEC_AUXV_SAID    16
#define EXEC_AUXV_ENTRIES (EXEC_AUXV_SAID + 3)

struct exec_stack {
	const struct exec_args *args;
	const char *exec_name;  /* AT_EXECFN: the path as it was given */
	size_t exec_name_bytes; /* with its NUL */
	bool is_executable;
	u64 limit_bytes; /* RLIMIT_STACK */
	/* exec_stack_map()'s: where things will be */
	uaddr_t sp, random, strings, strings_end, name;
};

/* Note in @as where its stack will be, and how far below it mmap may begin. */
void exec_stack_place(struct aspace *as, const struct exec_stack *s);

/* Map the region for the stack at the top of @as, large enough for what exec_stack_fill() will
 * write. Context: may sleep.  Returns 0 or -ENOMEM. */
int exec_stack_map(struct aspace *as, struct exec_stack *s) __must_check;

/*
 * Write everything and note in @as where /proc finds arguments and environment. @say_auxv puts
 * EXEC_AUXV_SAID entries, from what @arg tells it. Context: may sleep.  Returns 0: the program
 * begins with @s->sp; or -ENOMEM.
 */
int exec_stack_fill(struct aspace *as, const struct exec_stack *s,
		    void (*say_auxv)(struct auxv_entry *to, const void *arg), const void *arg)
	__must_check;
