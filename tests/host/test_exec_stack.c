// SPDX-License-Identifier: MIT
/* sources: kernel/proc/exec_args.c kernel/proc/exec_stack.c lib/string.c tests/host/shim/heap.c
 * tests/host/shim/panic.c */
/* Arguments on their way through the kernel, and the stack a program finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/riscv/cpu/layout.h"
#include "arch/riscv/cpu/usercopy.h"
#include "fs/random.h"
#include "kernel/proc/exec_args.h"
#include "kernel/proc/exec_stack.h"
#include "lib/abi/errno.h"
#include "lib/abi/limits.h"
#include "mm/vmm/aspace.h"
#include "tests/host/shim/machine.h"

#define STACK_LIMIT (8UL << 20)
#define BAD_ADDRESS 8UL
/* Of the fake space: as much below USER_MAX as any test uses. */
#define MEMORY_BYTES (8UL << 20)

_Thread_local struct arch_thread *host_current;

/* ---- below the unit: user memory is the host's, the new space an array ---------------------- */

static unsigned fail_after = ~0U; /* allocations that still succeed */
static char *memory;              /* the last MEMORY_BYTES below USER_MAX */
static struct map_args mapped;
static unsigned code_fences;

bool shim_should_fail(void)
{
	return fail_after != ~0U && fail_after-- == 0;
}

int get_user_u64(u64 *value, uaddr_t src)
{
	if (src == BAD_ADDRESS)
		return -EFAULT;
	memcpy(value, (const void *)src, sizeof(*value));
	return 0;
}

ssize_t strncpy_from_user(char *dst, uaddr_t src, size_t size)
{
	if (src == BAD_ADDRESS)
		return -EFAULT;
	for (size_t i = 0; i < size; i++) {
		dst[i] = ((const char *)src)[i];
		if (dst[i] == '\0')
			return (ssize_t)i;
	}
	return -ENAMETOOLONG;
}

void random_fill(void *buf, size_t len_bytes)
{
	memset(buf, 0xab, len_bytes);
}

int aspace_build(struct aspace *as, const struct map_args *args)
{
	mapped = *args;
	return 0;
}

static char *at(uaddr_t va)
{
	assert_true(va >= USER_MAX - MEMORY_BYTES && va < USER_MAX);
	return memory + (va - (USER_MAX - MEMORY_BYTES));
}

void *aspace_own_page(struct aspace *as, uaddr_t va)
{
	assert_true(va >= mapped.addr && va < mapped.addr + mapped.len_bytes);
	return fail_after != ~0U && fail_after-- == 0 ? NULL : at(va);
}

void fence_code(void)
{
	code_fences++;
}

static u64 word_at(uaddr_t va)
{
	u64 word;
	memcpy(&word, at(va), sizeof(word));
	return word;
}

/* ---- helpers -------------------------------------------------------------------------------- */

static int setup(void **state)
{
	fail_after = ~0U;
	code_fences = 0;
	memory = calloc(1, MEMORY_BYTES);
	return memory == NULL;
}

static int teardown(void **state)
{
	free(memory);
	return shim_objects_used() != 0; /* nothing leaked */
}

#define SAID(i) (1000 + (i)) /* types of what the caller says, and of each the value is @arg */

static void say_auxv(struct auxv_entry *to, const void *arg)
{
	for (u64 i = 0; i < EXEC_AUXV_SAID; i++)
		to[i] = (struct auxv_entry){ SAID(i), *(const u64 *)arg + i };
}

static const u64 said = 7;

/* Build the stack for @args; the strings it points to are compared by expect_stack(). */
static uaddr_t build(struct aspace *as, const struct exec_args *args)
{
	struct exec_stack s = { .args = args,
				.exec_name = "/bin/prog",
				.exec_name_bytes = sizeof("/bin/prog"),
				.limit_bytes = STACK_LIMIT };
	exec_stack_place(as, &s);
	assert_int_equal(exec_stack_map(as, &s), 0);
	assert_int_equal(exec_stack_fill(as, &s, say_auxv, &said), 0);
	assert_int_equal(s.sp % 16, 0);
	assert_int_equal(code_fences, 0);
	return s.sp;
}

static uaddr_t expect_strings(uaddr_t at_va, const char *const *strings, size_t count)
{
	for (size_t i = 0; i < count; i++, at_va += sizeof(u64))
		assert_string_equal(at(word_at(at_va)), strings[i]);
	assert_int_equal(word_at(at_va), 0);
	return at_va + sizeof(u64);
}

static u64 aux_value(uaddr_t auxv, u64 type)
{
	for (; word_at(auxv) != AT_NULL; auxv += sizeof(struct auxv_entry)) {
		if (word_at(auxv) == type)
			return word_at(auxv + sizeof(u64));
	}
	fail_msg("no aux entry %lu", (unsigned long)type);
	return 0;
}

static void expect_stack(uaddr_t sp, const char *const *argv, size_t argc, const char *const *envp,
			 size_t envc)
{
	assert_int_equal(word_at(sp), argc);
	const uaddr_t env = expect_strings(sp + sizeof(u64), argv, argc);
	const uaddr_t auxv = expect_strings(env, envp, envc);
	for (u64 i = 0; i < EXEC_AUXV_SAID; i++)
		assert_int_equal(aux_value(auxv, SAID(i)), said + i);
	assert_string_equal(at(aux_value(auxv, AT_EXECFN)), "/bin/prog");
	const uaddr_t random = aux_value(auxv, AT_RANDOM);
	assert_int_equal(word_at(random), 0xababababababababUL);
	assert_int_equal(word_at(random + sizeof(u64)), 0xababababababababUL);
	assert_int_equal(random % 16, 0);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void stack_has_arguments_environment_and_auxv(void **state)
{
	const char *const argv[] = { "prog", "", "two words", NULL };
	const char *const envp[] = { "A=1", "B=", NULL };
	struct exec_args args;
	struct aspace as = { 0 };
	exec_args_init(&args, STACK_LIMIT);
	assert_int_equal(exec_args_read_user(&args, (uaddr_t)argv, (uaddr_t)envp), 0);
	const uaddr_t sp = build(&as, &args);
	expect_stack(sp, argv, 3, envp, 2);
	assert_string_equal(at(as.arg_start), "prog");
	assert_string_equal(at(as.env_start), "A=1");
	assert_int_equal(as.arg_end, as.env_start);
	assert_memory_equal(at(as.env_end - sizeof("A=1") - sizeof("B=")), "A=1\0B=", 7);
	assert_int_equal(word_at(USER_MAX - 8), 0);
	exec_args_fini(&args);
}

/* What is made in its place, where a page ends there: in front of it, one behind the other. */
static void stack_is_the_same_wherever_pages_end(void **state)
{
	enum { USED_BYTES = 3 * 4096 };
	for (size_t len = 0; len < 4096; len += 8) {
		char *const padding = malloc(len + 1);
		memset(padding, 'p', len);
		padding[len] = '\0';
		const char *const argv[] = { "prog", padding, NULL };
		struct exec_args args;
		struct aspace as = { 0 };
		exec_args_init(&args, STACK_LIMIT);
		assert_int_equal(exec_args_read_user(&args, (uaddr_t)argv, 0), 0);
		expect_stack(build(&as, &args), argv, 2, NULL, 0);
		exec_args_fini(&args);
		free(padding);
		memset(memory + MEMORY_BYTES - USED_BYTES, 0, USED_BYTES);
	}
}

static void stack_without_environment(void **state)
{
	const char *const argv[] = { "prog", NULL };
	struct exec_args args;
	struct aspace as = { 0 };
	exec_args_init(&args, STACK_LIMIT);
	assert_int_equal(exec_args_read_user(&args, (uaddr_t)argv, 0), 0);
	expect_stack(build(&as, &args), argv, 1, NULL, 0);
	assert_int_equal(as.env_start, as.env_end);
	exec_args_fini(&args);
}

/* The pages of the strings and tables of 300 arguments, one after the other. */
static void stack_fails_cleanly_without_memory(void **state)
{
	const char *argv[301];
	for (size_t i = 0; i < 300; i++)
		argv[i] = "an argument of some length, of which there are many";
	argv[300] = NULL;
	struct exec_args args;
	struct aspace as = { 0 };
	exec_args_init(&args, STACK_LIMIT);
	assert_int_equal(exec_args_read_user(&args, (uaddr_t)argv, 0), 0);
	struct exec_stack s = { .args = &args,
				.exec_name = "p",
				.exec_name_bytes = sizeof("p"),
				.limit_bytes = STACK_LIMIT };
	assert_int_equal(exec_stack_map(&as, &s), 0);
	unsigned pages = 0;
	for (int error = -ENOMEM; error != 0; pages++) {
		fail_after = pages;
		error = exec_stack_fill(&as, &s, say_auxv, &said);
		assert_true(error == 0 || error == -ENOMEM);
	}
	fail_after = ~0U;
	assert_in_range(pages, 5, 7);
	exec_args_fini(&args);
}

static void stack_with_code_is_made_fetchable(void **state)
{
	const char *const argv[] = { "prog", NULL };
	struct exec_args args;
	struct aspace as = { 0 };
	exec_args_init(&args, STACK_LIMIT);
	assert_int_equal(exec_args_read_user(&args, (uaddr_t)argv, 0), 0);
	struct exec_stack s = { .args = &args,
				.exec_name = "p",
				.exec_name_bytes = sizeof("p"),
				.is_executable = true };
	assert_int_equal(exec_stack_map(&as, &s), 0);
	assert_int_equal(exec_stack_fill(&as, &s, say_auxv, &said), 0);
	assert_int_equal(code_fences, 1);
	exec_args_fini(&args);
}

static void args_without_argv_get_an_empty_name(void **state)
{
	const char *const empty[] = { "" };
	const char *const none[] = { NULL };
	struct exec_args args;
	struct aspace as = { 0 };
	exec_args_init(&args, STACK_LIMIT);
	assert_int_equal(exec_args_read_user(&args, (uaddr_t)none, 0), 0);
	expect_stack(build(&as, &args), empty, 1, NULL, 0);
	exec_args_fini(&args);
}

static void args_may_lie_across_chunks(void **state)
{
	char *argv[301] = { NULL };
	for (size_t i = 0; i < 300; i++) {
		argv[i] = malloc(i + 1);
		memset(argv[i], 'a' + (int)(i % 26), i);
		argv[i][i] = '\0';
	}
	struct exec_args args;
	struct aspace as = { 0 };
	exec_args_init(&args, STACK_LIMIT);
	assert_int_equal(exec_args_read_user(&args, (uaddr_t)argv, 0), 0);
	expect_stack(build(&as, &args), (const char *const *)argv, 300, NULL, 0);
	exec_args_fini(&args);
	for (size_t i = 0; i < 300; i++)
		free(argv[i]);
}

static void args_script_replaces_argv0(void **state)
{
	const char *const argv[] = { "script-as-called", "x", NULL };
	const char *const envp[] = { "E=1", NULL };
	const char *const once[] = { "/bin/sh", "-e", "/bin/script", "x" };
	const char *const twice[] = { "/bin/true", "/bin/sh", "-e", "/bin/script", "x" };
	struct exec_args args;
	struct aspace as = { 0 };
	exec_args_init(&args, STACK_LIMIT);
	assert_int_equal(exec_args_read_user(&args, (uaddr_t)argv, (uaddr_t)envp), 0);
	assert_int_equal(exec_args_put_interpreter(&args, "/bin/sh", "-e", "/bin/script"), 0);
	assert_int_equal(exec_args_argc(&args), 4);
	expect_stack(build(&as, &args), once, 4, envp, 1);
	/* /bin/sh is a script itself. */
	assert_int_equal(exec_args_put_interpreter(&args, "/bin/true", NULL, "/bin/sh"), 0);
	expect_stack(build(&as, &args), twice, 5, envp, 1);
	exec_args_fini(&args);
}

static void args_script_replaces_argv0_longer_than_a_chunk(void **state)
{
	char *name = malloc(9001);
	memset(name, 'n', 9000);
	name[9000] = '\0';
	const char *const argv[] = { name, "x", NULL };
	const char *const wanted[] = { "/bin/sh", "s", "x" };
	struct exec_args args;
	struct aspace as = { 0 };
	exec_args_init(&args, STACK_LIMIT);
	assert_int_equal(exec_args_read_user(&args, (uaddr_t)argv, 0), 0);
	assert_int_equal(exec_args_put_interpreter(&args, "/bin/sh", NULL, "s"), 0);
	expect_stack(build(&as, &args), wanted, 3, NULL, 0);
	exec_args_fini(&args);
	free(name);
}

static void args_bad_addresses_are_refused(void **state)
{
	const uaddr_t argv[] = { (uaddr_t) "prog", BAD_ADDRESS, 0 };
	struct exec_args args;
	exec_args_init(&args, STACK_LIMIT);
	assert_int_equal(exec_args_read_user(&args, BAD_ADDRESS, 0), -EFAULT);
	exec_args_fini(&args);
	exec_args_init(&args, STACK_LIMIT);
	assert_int_equal(exec_args_read_user(&args, (uaddr_t)argv, 0), -EFAULT);
	exec_args_fini(&args);
}

/* One string of MAX_ARG_STRLEN with its NUL fits, one more byte does not. */
static void args_one_string_has_a_limit(void **state)
{
	char *string = malloc(MAX_ARG_STRLEN + 1);
	memset(string, 's', MAX_ARG_STRLEN + 1);
	const char *const argv[] = { "prog", string, NULL };
	struct exec_args args;
	string[MAX_ARG_STRLEN - 1] = '\0';
	exec_args_init(&args, STACK_LIMIT);
	assert_int_equal(exec_args_read_user(&args, (uaddr_t)argv, 0), 0);
	exec_args_fini(&args);
	string[MAX_ARG_STRLEN - 1] = 's';
	string[MAX_ARG_STRLEN] = '\0';
	exec_args_init(&args, STACK_LIMIT);
	assert_int_equal(exec_args_read_user(&args, (uaddr_t)argv, 0), -E2BIG);
	exec_args_fini(&args);
	free(string);
}

/* Strings and pointers together: a quarter of the stack. */
static void args_together_have_a_limit(void **state)
{
	const size_t count = (2UL << 20) / (4 + sizeof(u64));
	const char **argv = malloc((count + 2) * sizeof(*argv));
	for (size_t i = 0; i <= count; i++)
		argv[i] = "abc";
	argv[count + 1] = NULL;
	struct exec_args args;
	exec_args_init(&args, STACK_LIMIT);
	assert_int_equal(exec_args_read_user(&args, (uaddr_t)argv, 0), -E2BIG);
	exec_args_fini(&args);
	argv[count - 1] = NULL;
	exec_args_init(&args, STACK_LIMIT);
	assert_int_equal(exec_args_read_user(&args, (uaddr_t)argv, 0), 0);
	exec_args_fini(&args);
	free(argv);
}

static void args_fail_cleanly_without_memory(void **state)
{
	char *string = malloc(10001);
	memset(string, 's', 10000);
	string[10000] = '\0';
	const char *const argv[] = { "prog", string, NULL };
	int error = -ENOMEM;
	unsigned allocations = 0;
	for (; error == -ENOMEM; allocations++) {
		struct exec_args args;
		fail_after = allocations;
		exec_args_init(&args, STACK_LIMIT);
		error = exec_args_read_user(&args, (uaddr_t)argv, 0);
		if (error == 0)
			error = exec_args_put_interpreter(&args, "/bin/sh", "a", "b");
		exec_args_fini(&args);
		assert_int_equal(shim_objects_used(), 0);
	}
	fail_after = ~0U;
	assert_int_equal(error, 0);
	assert_in_range(allocations, 5, 10);
	free(string);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(stack_has_arguments_environment_and_auxv, setup,
						teardown),
		cmocka_unit_test_setup_teardown(stack_is_the_same_wherever_pages_end, setup,
						teardown),
		cmocka_unit_test_setup_teardown(stack_without_environment, setup, teardown),
		cmocka_unit_test_setup_teardown(stack_fails_cleanly_without_memory, setup,
						teardown),
		cmocka_unit_test_setup_teardown(stack_with_code_is_made_fetchable, setup, teardown),
		cmocka_unit_test_setup_teardown(args_without_argv_get_an_empty_name, setup,
						teardown),
		cmocka_unit_test_setup_teardown(args_may_lie_across_chunks, setup, teardown),
		cmocka_unit_test_setup_teardown(args_script_replaces_argv0, setup, teardown),
		cmocka_unit_test_setup_teardown(args_script_replaces_argv0_longer_than_a_chunk,
						setup, teardown),
		cmocka_unit_test_setup_teardown(args_bad_addresses_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(args_one_string_has_a_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(args_together_have_a_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(args_fail_cleanly_without_memory, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
