/* SPDX-License-Identifier: MIT */
/*
 * The argument and environment strings of an exec on their way from the old memory to the new:
 * gathered in kernel memory, changed by `#!` lines, and written to the new stack in the order Linux
 * has them.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

/* A `#!` line puts its interpreter and at most one argument before the script's path. */
#define EXEC_SCRIPT_DEPTH   5
#define EXEC_PREFIX_STRINGS (EXEC_SCRIPT_DEPTH * 2 + 1)

struct args_chunk;

/* Filled with the arguments first, then the environment; prefix strings may be put before either is
 * read. */
struct exec_args {
	struct args_chunk *first, *last; /* strings with their NULs, one behind the other */
	u64 bytes;                       /* in the chunks */
	u64 limit_bytes;                 /* of strings and pointers together */
	u32 argc, envc;                  /* strings in the chunks */
	u64 skipped_bytes;               /* argv[0] at the head of the chunks was replaced */
	u32 prefix_count;
	char *prefix[EXEC_PREFIX_STRINGS]; /* kmalloc'd; come before what is in the chunks */
};

/* @stack_limit_bytes: RLIMIT_STACK, a quarter of which may be used. */
void exec_args_init(struct exec_args *a, u64 stack_limit_bytes);
/* Give all memory back; @a is to be initialised again or forgotten. */
void exec_args_fini(struct exec_args *a);

/*
 * Read the NULL-terminated arrays of strings at user addresses @argv and @envp (0: empty).
 * Returns 0; -EFAULT; -E2BIG: a string or all of them too long; -ENOMEM.
 */
int exec_args_read_user(struct exec_args *a, uaddr_t argv, uaddr_t envp) __must_check;
/* One string of the kernel's, all arguments before the environment. 0; -E2BIG; -ENOMEM. */
int exec_args_add(struct exec_args *a, const char *string, bool is_environment) __must_check;

/* Replace argv[0] by @interpreter, @argument (may be NULL) and @script. 0; -E2BIG; -ENOMEM. */
int exec_args_put_interpreter(struct exec_args *a, const char *interpreter, const char *argument,
			      const char *script) __must_check;

/* Strings that the program will see as argv, and bytes of argv and envp together. */
u32 exec_args_argc(const struct exec_args *a);
u64 exec_args_bytes(const struct exec_args *a);

/*
 * Hand all bytes, in order, piece by piece, to @put; false from it ends that. For the copy itself
 * and for finding where each string begins.
 */
bool exec_args_for_each_piece(const struct exec_args *a,
			      bool (*put)(const char *bytes, size_t len_bytes, void *arg),
			      void *arg);
