// SPDX-License-Identifier: MIT
/*
 * From the top down, as Linux has it:
 *
 *	stack_top ->  8 bytes of zeros
 *	              path of the program (AT_EXECFN)
 *	              environment strings, in order
 *	              argument strings, in order           <- as->arg_start
 *	              16 random bytes (AT_RANDOM), aligned: in one page
 *	              auxiliary vector, AT_NULL last
 *	              envp[], NULL
 *	              argv[], NULL
 *	sp ->         argc                                  (a multiple of 16)
 *
 * Path and strings begin at a whole word, so that they are copied by words; of the strings each
 * follows the one before it at once, which programs that write a title over them rely on. What is
 * left between is zeros. The space is not anybody's yet, so it is written from outside, from
 * the bottom up, each page through the linear map.
 */
#include "kernel/proc/exec_stack.h"

#include "arch/riscv/cpu/layout.h"
#include "fs/random.h"
#include "kernel/proc/exec_args.h"
#include "lib/abi/errno.h"
#include "lib/abi/mman.h"
#include "lib/string.h"
#include "mm/vmm/aspace.h"
#include "mm/vmm/fence.h"

#define STACK_TOP      page_align_down(USER_MAX)
#define STACK_ALIGN    16UL
#define TOP_ZERO_BYTES sizeof(u64)
#define RANDOM_BYTES   16UL
#define AUXV_BYTES     (EXEC_AUXV_ENTRIES * sizeof(struct auxv_entry))
/* Mapped below the first stack pointer at once; the region grows from there by faults. */
#define STACK_HEADROOM (128UL << 10)
/* mmap begins this far below the top at least, whatever RLIMIT_STACK says: it may be raised later.
 */
#define MMAP_GAP_MIN (128UL << 20)
#define MMAP_GAP_MAX (USER_MAX / 6 * 5)
#define MMAP_GUARD   (256 * PAGE_SIZE)

static void lay_out(struct exec_stack *s)
{
	const u64 string_bytes = exec_args_bytes(s->args);
	const u64 words = 1 + (u64)exec_args_argc(s->args) + 1 + s->args->envc + 1;
	const u64 table_bytes = words * sizeof(u64) + AUXV_BYTES;
	s->name = ALIGN_DOWN(STACK_TOP - TOP_ZERO_BYTES - s->exec_name_bytes, sizeof(u64));
	s->strings = ALIGN_DOWN(s->name - string_bytes, sizeof(u64));
	s->strings_end = s->strings + string_bytes;
	s->random = ALIGN_DOWN(s->strings - RANDOM_BYTES, RANDOM_BYTES);
	s->sp = ALIGN_DOWN(s->random - table_bytes, STACK_ALIGN);
}

void exec_stack_place(struct aspace *as, const struct exec_stack *s)
{
	as->stack_limit_bytes = s->limit_bytes;
	/* The stack gets entries of the root to itself: fork copies the little there is of it, and
	 * need not look at what else is mapped. */
	const u64 gap = MMAP_GUARD + MAX(MIN(s->limit_bytes, MMAP_GAP_MAX), MMAP_GAP_MIN);
	as->mmap_top = ALIGN_DOWN(STACK_TOP - gap, GIGAPAGE_SIZE);
	as->stack_top = STACK_TOP;
}

int exec_stack_map(struct aspace *as, struct exec_stack *s)
{
	lay_out(s);
	const uaddr_t start = page_align_down(s->sp) - STACK_HEADROOM;
	const struct map_args args = {
		.addr = start,
		.len_bytes = STACK_TOP - start,
		.prot = PROT_READ | PROT_WRITE | (s->is_executable ? PROT_EXEC : 0U),
		.flags = MAP_GROWSDOWN,
	};
	return aspace_build(as, &args);
}

/* ---- writing ---------------------------------------------------------------------------- */

/* Writes upwards from @at, through the kernel's view of one page after the other. */
struct writer {
	struct aspace *as;
	uaddr_t at;
	u8 *to;      /* of the byte at @at */
	size_t room; /* bytes left in that page; 0: the page is still to be had */
	bool failed; /* what comes is dropped */
};

static bool writer_has_room(struct writer *w)
{
	if (likely(w->room != 0))
		return true;
	w->to = w->failed ? NULL : aspace_own_page(w->as, w->at);
	w->failed = w->to == NULL;
	w->room = w->failed ? 0 : PAGE_SIZE - page_offset(w->at);
	return !w->failed;
}

static void writer_advance(struct writer *w, size_t len_bytes)
{
	w->at += len_bytes;
	w->to += len_bytes;
	w->room -= len_bytes;
}

/* Words never lie across pages. */
static void write_word(struct writer *w, u64 word)
{
	if (!writer_has_room(w))
		return;
	*(u64 *)w->to = word;
	writer_advance(w, sizeof(word));
}

static bool write_bytes(const char *bytes, size_t len_bytes, void *arg)
{
	struct writer *w = arg;
	while (len_bytes != 0 && writer_has_room(w)) {
		const size_t part = MIN(len_bytes, w->room);
		memcpy(w->to, bytes, part);
		writer_advance(w, part);
		bytes += part;
		len_bytes -= part;
	}
	return !w->failed;
}

/* The pages are new, so that what is skipped is zeros. */
static void writer_skip_to(struct writer *w, uaddr_t at)
{
	while (w->at < at && writer_has_room(w))
		writer_advance(w, MIN(at - w->at, w->room));
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

/* argc, argv and envp. Returns where the environment strings begin. */
static uaddr_t write_tables(struct writer *w, const struct exec_stack *s)
{
	struct pointers p = { .w = w,
			      .at = s->strings,
			      .argc_left = exec_args_argc(s->args),
			      .at_string_start = true };
	write_word(w, p.argc_left);
	(void)exec_args_for_each_piece(s->args, write_pointers, &p); /* always goes on */
	if (p.env_start == 0) { /* no environment: its NULL follows argv's */
		write_word(w, 0);
		p.env_start = s->strings_end;
	}
	write_word(w, 0);
	return p.env_start;
}

int exec_stack_fill(struct aspace *as, const struct exec_stack *s,
		    void (*say_auxv)(struct auxv_entry *to, const void *arg), const void *arg)
{
	struct writer w = { .as = as, .at = s->sp };
	const uaddr_t env_start = write_tables(&w, s);

	struct auxv_entry apart[EXEC_AUXV_ENTRIES];
	const bool in_place = writer_has_room(&w) && w.room >= AUXV_BYTES;
	struct auxv_entry *const auxv = in_place ? (struct auxv_entry *)w.to : apart;
	say_auxv(auxv, arg);
	auxv[EXEC_AUXV_SAID] = (struct auxv_entry){ AT_RANDOM, s->random };
	auxv[EXEC_AUXV_SAID + 1] = (struct auxv_entry){ AT_EXECFN, s->name };
	auxv[EXEC_AUXV_SAID + 2] = (struct auxv_entry){ AT_NULL, 0 };
	if (likely(in_place))
		writer_advance(&w, AUXV_BYTES);
	else
		(void)write_bytes((const char *)apart, AUXV_BYTES, &w);

	writer_skip_to(&w, s->random);
	if (writer_has_room(&w)) { /* for all of them, and nowhere else is a copy */
		random_fill(w.to, RANDOM_BYTES);
		writer_advance(&w, RANDOM_BYTES);
	}
	writer_skip_to(&w, s->strings);
	(void)exec_args_for_each_piece(s->args, write_bytes, &w);
	writer_skip_to(&w, s->name);
	(void)write_bytes(s->exec_name, s->exec_name_bytes, &w);
	if (w.failed)
		return -ENOMEM;
	/* Written through the linear map, which no instruction cache hears of (H25). */
	if (s->is_executable)
		fence_code();

	as->arg_start = s->strings;
	as->arg_end = env_start;
	as->env_start = env_start;
	as->env_end = s->strings_end;
	return 0;
}
