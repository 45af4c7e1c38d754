/* SPDX-License-Identifier: MIT */
/* sources: lib/elf.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/abi/errno.h"
#include "lib/elf.h"

#define FILE_BYTES 0x20000ULL
#define VA_LIMIT   0x3ffffff000ULL

/* A program as a static link makes it; tests spoil one thing each. */
struct program {
	struct elf_header header;
	struct elf_segment segments[ELF_SEGMENTS_MAX];
};

static void make_program(struct program *p)
{
	*p = (struct program){
		.header = {
			.e_ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
			.e_type = ET_EXEC,
			.e_machine = 243,
			.e_version = 1,
			.e_entry = 0x10100,
			.e_phoff = 64,
			.e_flags = 5,
			.e_ehsize = 64,
			.e_phentsize = 56,
			.e_phnum = 3,
		},
		.segments = {
			{ PT_LOAD, PF_R | PF_X, 0, 0x10000, 0x10000, 0x1234, 0x1234, 0x1000 },
			{ PT_LOAD, PF_R | PF_W, 0x1800, 0x12800, 0x12800, 0x400, 0x3000, 0x1000 },
			{ PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16 },
		},
	};
}

static int check_header(const struct program *p)
{
	struct elf_header out;

	return elf_check_header(&p->header, sizeof(p->header), &out);
}

static int check_segments(const struct program *p, struct elf_layout *out)
{
	return elf_check_segments(&p->header, p->segments, FILE_BYTES, VA_LIMIT, out);
}

static void a_sound_header_is_copied_out_at_any_alignment(void **state)
{
	struct program p;
	u8 *const bytes = malloc(sizeof(p.header) + 1);
	struct elf_header out;

	make_program(&p);
	memcpy(bytes + 1, &p.header, sizeof(p.header));
	assert_int_equal(elf_check_header(bytes + 1, sizeof(p.header), &out), 0);
	assert_memory_equal(&out, &p.header, sizeof(out));
	assert_int_equal(elf_segments_bytes(&out), 3 * 56);
	free(bytes);
}

static void a_file_shorter_than_a_header_is_refused(void **state)
{
	struct program p;
	struct elf_header out;

	make_program(&p);
	for (size_t len = 0; len < sizeof(p.header); len++) {
		u8 *const bytes = malloc(len > 0 ? len : 1);

		memcpy(bytes, &p.header, len);
		assert_int_equal(elf_check_header(bytes, len, &out), -ENOEXEC);
		free(bytes);
	}
}

#define REFUSE_HEADER(member, value)                           \
	do {                                                   \
		struct program p_;                             \
		make_program(&p_);                             \
		p_.header.member = (value);                    \
		assert_int_equal(check_header(&p_), -ENOEXEC); \
	} while (0)

static void headers_of_other_things_are_refused(void **state)
{
	struct program p;

	make_program(&p);
	assert_int_equal(check_header(&p), 0);
	REFUSE_HEADER(e_ident[0], '#');
	REFUSE_HEADER(e_ident[3], 'f');
	REFUSE_HEADER(e_ident[4], 1); /* 32 bits */
	REFUSE_HEADER(e_ident[5], 2); /* big-endian */
	REFUSE_HEADER(e_ident[6], 0);
	REFUSE_HEADER(e_type, 1);     /* relocatable */
	REFUSE_HEADER(e_type, 4);     /* core */
	REFUSE_HEADER(e_machine, 62); /* x86-64 */
	REFUSE_HEADER(e_version, 2);
	REFUSE_HEADER(e_flags, 8); /* RVE */
	REFUSE_HEADER(e_phentsize, 32);
	REFUSE_HEADER(e_phnum, 0);
	REFUSE_HEADER(e_phnum, ELF_SEGMENTS_MAX + 1);
	REFUSE_HEADER(e_phnum, 0xffff);
}

static void layout_of_a_static_program(void **state)
{
	struct program p;
	struct elf_layout l;

	make_program(&p);
	assert_int_equal(check_segments(&p, &l), 0);
	assert_int_equal(l.start, 0x10000);
	assert_int_equal(l.brk_start, 0x15800);
	assert_int_equal(l.end, 0x16000);
	assert_int_equal(l.align, 0x1000);
	assert_int_equal(l.phdr_vaddr, 0x10040);
	assert_null(l.interp);
	assert_false(l.wants_executable_stack);
	assert_int_equal(elf_segment_prot(&p.segments[0]), PROT_READ | PROT_EXEC);
	assert_int_equal(elf_segment_prot(&p.segments[1]), PROT_READ | PROT_WRITE);
}

static void the_first_interpreter_and_an_executable_stack_are_found(void **state)
{
	struct program p;
	struct elf_layout l;

	make_program(&p);
	p.header.e_phnum = 5;
	p.segments[2].p_flags |= PF_X;
	p.segments[3] =
		(struct elf_segment){ .p_type = PT_INTERP, .p_offset = 0x200, .p_filesz = 20 };
	p.segments[4] =
		(struct elf_segment){ .p_type = PT_INTERP, .p_offset = 0x300, .p_filesz = 20 };
	assert_int_equal(check_segments(&p, &l), 0);
	assert_ptr_equal(l.interp, &p.segments[3]);
	assert_true(l.wants_executable_stack);
}

static void unsound_interpreters_are_refused(void **state)
{
	static const u64 unsound[][2] = {
		/* offset, size */
		{ 0x200, 0 },          { 0x200, 1 },           { 0x200, 4097 },
		{ FILE_BYTES - 4, 5 }, { UINT64_MAX - 1, 20 }, { UINT64_MAX, 2 },
	};

	for (size_t i = 0; i < sizeof(unsound) / sizeof(unsound[0]); i++) {
		struct program p;
		struct elf_layout l;

		make_program(&p);
		p.segments[2] = (struct elf_segment){ .p_type = PT_INTERP,
						      .p_offset = unsound[i][0],
						      .p_filesz = unsound[i][1] };
		assert_int_equal(check_segments(&p, &l), -ENOEXEC);
	}
}

#define REFUSE_SEGMENT(index, member, value)                          \
	do {                                                          \
		struct program p_;                                    \
		struct elf_layout l_;                                 \
		make_program(&p_);                                    \
		p_.segments[index].member = (value);                  \
		assert_int_equal(check_segments(&p_, &l_), -ENOEXEC); \
	} while (0)

static void segments_outside_of_the_file_are_refused(void **state)
{
	REFUSE_SEGMENT(1, p_filesz, FILE_BYTES);
	REFUSE_SEGMENT(1, p_offset, FILE_BYTES + 0x800);
	REFUSE_SEGMENT(1, p_offset, UINT64_MAX - 0x7ff);
	REFUSE_SEGMENT(1, p_filesz, UINT64_MAX);
	REFUSE_SEGMENT(1, p_filesz, 0x3001); /* more than p_memsz */
}

static void segments_outside_of_user_memory_are_refused(void **state)
{
	REFUSE_SEGMENT(1, p_vaddr, VA_LIMIT + 0x800);
	REFUSE_SEGMENT(1, p_vaddr, VA_LIMIT - 0x800);
	REFUSE_SEGMENT(1, p_vaddr, 0xffffffff80000800ULL);
	REFUSE_SEGMENT(1, p_memsz, UINT64_MAX);
	REFUSE_SEGMENT(1, p_memsz, VA_LIMIT);
}

static void overlapping_and_descending_segments_are_refused(void **state)
{
	REFUSE_SEGMENT(1, p_vaddr, 0x10800);
	REFUSE_SEGMENT(1, p_vaddr, 0x0800);
	REFUSE_SEGMENT(0, p_memsz, 0x2801);
}

static void unmappable_offsets_and_odd_alignments_are_refused(void **state)
{
	REFUSE_SEGMENT(1, p_offset, 0x1804);
	REFUSE_SEGMENT(1, p_align, 0x1800);
	REFUSE_SEGMENT(1, p_align, 3);
	REFUSE_SEGMENT(1, p_align, 1ULL << 63);
}

static void alignments_are_taken_from_the_largest_segment(void **state)
{
	struct program p;
	struct elf_layout l;

	make_program(&p);
	p.segments[0].p_align = 0;
	p.segments[1].p_align = 1;
	assert_int_equal(check_segments(&p, &l), 0);
	assert_int_equal(l.align, 0x1000);
	p.segments[1].p_align = 0x200000;
	assert_int_equal(check_segments(&p, &l), 0);
	assert_int_equal(l.align, 0x200000);
}

static void a_program_without_anything_to_load_is_refused(void **state)
{
	struct program p;
	struct elf_layout l;

	make_program(&p);
	p.segments[0].p_type = PT_NOTE;
	p.segments[1].p_type = PT_NOTE;
	assert_int_equal(check_segments(&p, &l), -ENOEXEC);
	make_program(&p);
	p.segments[0].p_memsz = p.segments[0].p_filesz = 0;
	p.segments[1].p_memsz = p.segments[1].p_filesz = 0;
	assert_int_equal(check_segments(&p, &l), -ENOEXEC);
}

static void program_headers_outside_of_memory_have_no_address(void **state)
{
	struct program p;
	struct elf_layout l;

	make_program(&p);
	p.header.e_phoff = 0x1000 + 0x1234;
	assert_int_equal(check_segments(&p, &l), 0);
	assert_int_equal(l.phdr_vaddr, 0);
	/* Half in, half out. */
	p.header.e_phoff = 0x1234 - 56;
	assert_int_equal(check_segments(&p, &l), 0);
	assert_int_equal(l.phdr_vaddr, 0);
	p.header.e_phoff = UINT64_MAX;
	assert_int_equal(check_segments(&p, &l), 0);
	assert_int_equal(l.phdr_vaddr, 0);
}

static void random_segments_never_pass_with_an_impossible_layout(void **state)
{
	u64 seed = 7;
	u32 passed = 0;

	for (u32 round = 0; round < 200000; round++) {
		struct program p;
		struct elf_layout l;

		make_program(&p);
		for (u32 i = 0; i < 4; i++) {
			u8 *const bytes = (u8 *)p.segments;

			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			bytes[(seed >> 33) % (3 * sizeof(struct elf_segment))] = (u8)(seed >> 60);
		}
		if (check_segments(&p, &l) != 0)
			continue;
		passed++;
		assert_true(l.start < l.end && l.end <= VA_LIMIT);
		assert_true(l.brk_start > l.start && l.brk_start <= l.end);
	}
	assert_true(passed > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_header_is_copied_out_at_any_alignment),
		cmocka_unit_test(a_file_shorter_than_a_header_is_refused),
		cmocka_unit_test(headers_of_other_things_are_refused),
		cmocka_unit_test(layout_of_a_static_program),
		cmocka_unit_test(the_first_interpreter_and_an_executable_stack_are_found),
		cmocka_unit_test(unsound_interpreters_are_refused),
		cmocka_unit_test(segments_outside_of_the_file_are_refused),
		cmocka_unit_test(segments_outside_of_user_memory_are_refused),
		cmocka_unit_test(overlapping_and_descending_segments_are_refused),
		cmocka_unit_test(unmappable_offsets_and_odd_alignments_are_refused),
		cmocka_unit_test(alignments_are_taken_from_the_largest_segment),
		cmocka_unit_test(a_program_without_anything_to_load_is_refused),
		cmocka_unit_test(program_headers_outside_of_memory_have_no_address),
		cmocka_unit_test(random_segments_never_pass_with_an_impossible_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
