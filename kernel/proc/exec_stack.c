// SPDX-License-Identifier: MIT
/*
 * From the top down, as Linux has it:
 *
 *	stack_top ->  8 bytes of zeros
 *	              path of the program (AT_EXECFN)
 *	              environment strings, in order
 *	              argument strings, in order           <- as->arg_start
 *	              16 random bytes (AT_RANDOM), aligned
 *	              auxiliary vector, AT_NULL last
 *	              envp[], NULL
 *	              argv[], NULL
 *	sp ->         argc                                  (a multiple of 16)
 *
 * The space is not anybody's yet, so it is written from outside, a page at a time.
 */
#include "kernel/proc/exec_stack.h"

#include "arch/riscv/cpu/layout.h"
#include "fs/random.h"
#include "kernel/proc/exec_args.h"
#include "lib/abi/errno.h"
#include "lib/abi/mman.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"
#include "mm/vmm/aspace.h"

#define STACK_TOP      page_align_down(USER_MAX)
#define STACK_ALIGN    16UL
#define TOP_ZERO_BYTES sizeof(u64)
#define RANDOM_BYTES   16UL
#define AUXV_ADDED     3 /* AT_RANDOM, AT_EXECFN, AT_NULL */
/* Mapped below the first stack pointer at once; the region grows from there by faults. */
#define STACK_HEADROOM (128UL << 10)
/* mmap begins this far below the top at least, whatever RLIMIT_STACK says: it may be raised later.
 */
#define MMAP_GAP_MIN (128UL << 20)
#define MMAP_GAP_MAX (USER_MAX / 6 * 5)
#define MMAP_GUARD   (256 * PAGE_SIZE)

struct layout {
	uaddr_t name, strings, random, sp;
	u64 string_bytes;
	u32 argc, envc, auxv_count;
};

static struct layout layout_of(const struct exec_stack *s)
{
	struct layout l = { .string_bytes = exec_args_bytes(s->args),
			    .argc = exec_args_argc(s->args),
			    .envc = s->args->envc,
			    .auxv_count = s->auxv_count + AUXV_ADDED };
	const u64 words = 1 + (u64)l.argc + 1 + l.envc + 1;
	const u64 table_bytes = words * sizeof(u64) + l.auxv_count * sizeof(struct auxv_entry);
	l.name = STACK_TOP - TOP_ZERO_BYTES - (strlen(s->exec_name) + 1);
	l.strings = l.name - l.string_bytes;
	l.random = ALIGN_DOWN(l.strings - RANDOM_BYTES, STACK_ALIGN);
	l.sp = ALIGN_DOWN(l.random - table_bytes, STACK_ALIGN);
	return l;
}

int exec_stack_map(struct aspace *as, const struct exec_stack *s)
{
	const uaddr_t start = page_align_down(layout_of(s).sp) - STACK_HEADROOM;
	const struct map_args args = {
		.addr = start,
		.len_bytes = STACK_TOP - start,
		.prot = PROT_READ | PROT_WRITE | (s->is_executable ? PROT_EXEC : 0U),
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN | MAP_STACK
	};
	as->stack_limit_bytes = s->limit_bytes;
	/* The stack gets entries of the root to itself: fork copies the little there is of it, and
	 * need not look at what else is mapped. */
	const u64 gap = MMAP_GUARD + MAX(MIN(s->limit_bytes, MMAP_GAP_MAX), MMAP_GAP_MIN);
	as->mmap_top = ALIGN_DOWN(STACK_TOP - gap, GIGAPAGE_SIZE);
	as->stack_top = STACK_TOP;
	const s64 result = aspace_map(as, &args);
	return result < 0 ? (int)result : 0;
}

/* ---- writing ---------------------------------------------------------------------------- */

struct writer {
	struct aspace *as;
	uaddr_t at; /* where words[0] goes */
	u32 count;  /* words that wait in the buffer */
	bool failed;
	u64 *words; /* a page */
};
#define WRITER_WORDS (PAGE_SIZE / sizeof(u64))

static void writer_flush(struct writer *w)
{
	const size_t len = w->count * sizeof(u64);
	if (aspace_write(w->as, w->at, w->words, len) != len)
		w->failed = true;
	w->at += len;
	w->count = 0;
}

static void write_word(struct writer *w, u64 word)
{
	if (w->count == WRITER_WORDS)
		writer_flush(w);
	w->words[w->count++] = word;
}

/* Turns a stream of strings into pointers to them. */
struct pointers {
	struct writer *w;
	uaddr_t at;    /* address of the next byte of the stream */
	u32 argc_left; /* after so many strings comes the NULL of argv */
	bool at_string_start;
	uaddr_t env_start;
};

static bool write_pointers(const char *bytes, size_t len_bytes, void *arg)
{
	struct pointers *p = arg;
	const char *const end = bytes + len_bytes;
	while (bytes < end) {
		if (p->at_string_start) {
			if (p->argc_left == 0 && p->env_start == 0) {
				write_word(p->w, 0);
				p->env_start = p->at;
			} else if (p->argc_left != 0) {
				p->argc_left--;
			}
			write_word(p->w, p->at);
		}
		const size_t len = strnlen(bytes, (size_t)(end - bytes));
		const bool ends = bytes + len < end;
		const size_t taken = ends ? len + 1 : len;
		p->at_string_start = ends;
		p->at += taken;
		bytes += taken;
	}
	return true;
}

struct bytes_writer {
	struct aspace *as;
	uaddr_t at;
};

static bool write_bytes(const char *bytes, size_t len_bytes, void *arg)
{
	struct bytes_writer *w = arg;
	if (aspace_write(w->as, w->at, bytes, len_bytes) != len_bytes)
		return false;
	w->at += len_bytes;
	return true;
}

static bool write_strings(struct aspace *as, const struct exec_stack *s, const struct layout *l)
{
	u64 random[RANDOM_BYTES / sizeof(u64)];
	random_fill(random, sizeof(random));
	struct bytes_writer w = { as, l->random };
	if (!write_bytes((const char *)random, sizeof(random), &w))
		return false;
	w.at = l->strings;
	if (!exec_args_for_each_piece(s->args, write_bytes, &w))
		return false;
	return write_bytes(s->exec_name, strlen(s->exec_name) + 1, &w);
}

static void write_auxv(struct writer *w, const struct exec_stack *s, const struct layout *l)
{
	for (u32 i = 0; i < s->auxv_count; i++) {
		write_word(w, s->auxv[i].type);
		write_word(w, s->auxv[i].value);
	}
	const struct auxv_entry added[AUXV_ADDED] = { { AT_RANDOM, l->random },
						      { AT_EXECFN, l->name },
						      { AT_NULL, 0 } };
	for (u32 i = 0; i < AUXV_ADDED; i++) {
		write_word(w, added[i].type);
		write_word(w, added[i].value);
	}
}

int exec_stack_fill(struct aspace *as, const struct exec_stack *s, uaddr_t *sp)
{
	const struct layout l = layout_of(s);
	if (!write_strings(as, s, &l))
		return -ENOMEM;

	struct writer w = { .as = as, .at = l.sp, .words = kmalloc(PAGE_SIZE) };
	if (w.words == NULL)
		return -ENOMEM;
	struct pointers p = { .w = &w,
			      .at = l.strings,
			      .argc_left = l.argc,
			      .at_string_start = true };
	write_word(&w, l.argc);
	(void)exec_args_for_each_piece(s->args, write_pointers, &p); /* always goes on */
	if (p.env_start == 0) { /* no environment: its NULL follows argv's */
		write_word(&w, 0);
		p.env_start = l.name;
	}
	write_word(&w, 0);
	write_auxv(&w, s, &l);
	writer_flush(&w);
	kfree(w.words);
	if (w.failed)
		return -ENOMEM;

	as->arg_start = l.strings;
	as->arg_end = p.env_start;
	as->env_start = p.env_start;
	as->env_end = l.name;
	*sp = l.sp;
	return 0;
}
