// SPDX-License-Identifier: MIT
/*
 * Strings stand in a list of chunks, so that many need no large block, and a string may
 * lie across chunks. Nothing is moved when a `#!` line changes the arguments: the old argv[0] is
 * skipped, and the new ones are kept apart in front.
 *
 * Locks: none; an exec_args belongs to one call.
 */
#include "kernel/proc/exec_args.h"

#include "arch/riscv/cpu/pte.h"
#include "arch/riscv/cpu/usercopy.h"
#include "lib/abi/errno.h"
#include "lib/abi/limits.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

/* Linux: a quarter of the stack, at least ARG_MAX, at most three quarters of 8 MiB. */
#define LIMIT_MAX_BYTES (6UL << 20)

#define CHUNK_BYTES 2048

struct args_chunk {
	struct args_chunk *next;
	size_t used;
	char bytes[CHUNK_BYTES - 2 * sizeof(void *)];
};
static_assert(sizeof(struct args_chunk) == CHUNK_BYTES, "the largest that comes from a slab");

void exec_args_init(struct exec_args *a, u64 stack_limit_bytes)
{
	a->first = a->last = NULL;
	a->bytes = a->skipped_bytes = 0;
	a->argc = a->envc = 0;
	a->prefix_count = 0;
	a->limit_bytes = MAX(MIN(stack_limit_bytes / 4, LIMIT_MAX_BYTES), (u64)ARG_MAX);
}

void exec_args_fini(struct exec_args *a)
{
	struct args_chunk *next;
	for (struct args_chunk *c = a->first; c != NULL; c = next) {
		next = c->next;
		kfree(c);
	}
	for (u32 i = 0; i < a->prefix_count; i++)
		kfree(a->prefix[i]);
}

/* A chunk with room for a byte at least. NULL: no memory. */
static struct args_chunk *chunk_with_room(struct exec_args *a)
{
	if (a->last != NULL && a->last->used < sizeof(a->last->bytes))
		return a->last;
	struct args_chunk *c = kmalloc(sizeof(*c));
	if (c == NULL)
		return NULL;
	c->next = NULL;
	c->used = 0;
	if (a->last != NULL)
		a->last->next = c;
	else
		a->first = c;
	a->last = c;
	return c;
}

static bool over_limit(const struct exec_args *a)
{
	const u64 pointers = (u64)a->argc + a->envc + a->prefix_count;
	return exec_args_bytes(a) + pointers * sizeof(u64) > a->limit_bytes;
}

/* The string at @src, behind the others. */
static int add_user(struct exec_args *a, uaddr_t src)
{
	u64 string_bytes = 0;
	for (;;) {
		struct args_chunk *c = chunk_with_room(a);
		if (c == NULL)
			return -ENOMEM;
		const size_t room = sizeof(c->bytes) - c->used;
		const ssize_t len = strncpy_from_user(c->bytes + c->used, src, room);
		const bool goes_on = len == -ENAMETOOLONG; /* the room is full */
		if (len < 0 && !goes_on)
			return (int)len;
		const size_t taken = goes_on ? room : (size_t)len + 1;
		c->used += taken;
		a->bytes += taken;
		string_bytes += taken;
		if (string_bytes > MAX_ARG_STRLEN || over_limit(a))
			return -E2BIG;
		if (!goes_on)
			return 0;
		src += taken;
	}
}

/* All strings of the array at @array; their number to *@count. */
static int read_array(struct exec_args *a, uaddr_t array, u32 *count)
{
	if (array == 0)
		return 0;
	for (;;) {
		u64 string;
		if (get_user_u64(&string, array) != 0)
			return -EFAULT;
		if (string == 0)
			return 0;
		(*count)++; /* over_limit() ends this long before it wraps */
		const int error = add_user(a, string);
		if (error != 0)
			return error;
		array += sizeof(string);
	}
}

int exec_args_read_user(struct exec_args *a, uaddr_t argv, uaddr_t envp)
{
	int error = read_array(a, argv, &a->argc);
	/* A program may rely on argv[0]; Linux invents an empty one since 5.18. */
	if (error == 0 && a->argc == 0)
		error = exec_args_add(a, "", false);
	return error != 0 ? error : read_array(a, envp, &a->envc);
}

int exec_args_add(struct exec_args *a, const char *string, bool is_environment)
{
	size_t left = strlen(string) + 1;
	if (left > MAX_ARG_STRLEN)
		return -E2BIG;
	while (left != 0) {
		struct args_chunk *c = chunk_with_room(a);
		if (c == NULL)
			return -ENOMEM;
		const size_t part = MIN(left, sizeof(c->bytes) - c->used);
		memcpy(c->bytes + c->used, string, part);
		c->used += part;
		a->bytes += part;
		string += part;
		left -= part;
	}
	if (is_environment)
		a->envc++;
	else
		a->argc++;
	return over_limit(a) ? -E2BIG : 0;
}

/* ---- interpreters ----------------------------------------------------------------------- */

/* Bytes of the first string in the chunks, with its NUL. */
static u64 first_string_bytes(const struct exec_args *a)
{
	u64 bytes = 0;
	for (const struct args_chunk *c = a->first; c != NULL; c = c->next) {
		const size_t len = strnlen(c->bytes, c->used);
		bytes += len;
		if (len < c->used)
			return bytes + 1;
	}
	return bytes;
}

static void drop_first(struct exec_args *a)
{
	if (a->prefix_count != 0) {
		kfree(a->prefix[0]);
		a->prefix_count--;
		memmove(a->prefix, a->prefix + 1, a->prefix_count * sizeof(a->prefix[0]));
	} else if (a->argc != 0) {
		a->skipped_bytes = first_string_bytes(a);
		a->argc--;
	}
}

static int put_first(struct exec_args *a, const char *string)
{
	if (a->prefix_count == EXEC_PREFIX_STRINGS)
		return -E2BIG;
	const size_t size = strlen(string) + 1;
	char *copy = kmalloc(size);
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, string, size);
	memmove(a->prefix + 1, a->prefix, a->prefix_count * sizeof(a->prefix[0]));
	a->prefix[0] = copy;
	a->prefix_count++;
	return over_limit(a) ? -E2BIG : 0;
}

int exec_args_put_interpreter(struct exec_args *a, const char *interpreter, const char *argument,
			      const char *script)
{
	drop_first(a);
	int error = put_first(a, script);
	if (error == 0 && argument != NULL)
		error = put_first(a, argument);
	return error != 0 ? error : put_first(a, interpreter);
}

/* ---- reading back ----------------------------------------------------------------------- */

u32 exec_args_argc(const struct exec_args *a)
{
	return a->argc + a->prefix_count;
}

u64 exec_args_bytes(const struct exec_args *a)
{
	u64 bytes = a->bytes - a->skipped_bytes;
	for (u32 i = 0; i < a->prefix_count; i++)
		bytes += strlen(a->prefix[i]) + 1;
	return bytes;
}

bool exec_args_for_each_piece(const struct exec_args *a,
			      bool (*put)(const char *bytes, size_t len_bytes, void *arg),
			      void *arg)
{
	for (u32 i = 0; i < a->prefix_count; i++) {
		if (!put(a->prefix[i], strlen(a->prefix[i]) + 1, arg))
			return false;
	}
	u64 skip = a->skipped_bytes;
	for (const struct args_chunk *c = a->first; c != NULL; c = c->next) {
		if (skip >= c->used) {
			skip -= c->used;
			continue;
		}
		if (!put(c->bytes + skip, c->used - skip, arg))
			return false;
		skip = 0;
	}
	return true;
}
