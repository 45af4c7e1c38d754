/* SPDX-License-Identifier: MIT */
/* sources: lib/chacha.c fs/random.c fs/uio.c tests/host/shim/machine.c tests/host/shim/panic.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/riscv/cpu/clock.h"
#include "fs/random.h"
#include "lib/chacha.h"
#include "lib/compiler.h"

u64 clock_ticks(void)
{
	return 1;
}

/* RFC 8439, section 2.3.2. */
static void block_is_the_one_of_the_rfc(void **state)
{
	static const u32 wanted[CHACHA_BLOCK_WORDS] = {
		0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
		0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
		0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2,
	};
	u8 key_bytes[32];
	u32 key[CHACHA_KEY_WORDS], out[CHACHA_BLOCK_WORDS];
	for (u8 i = 0; i < sizeof(key_bytes); i++)
		key_bytes[i] = i;
	memcpy(key, key_bytes, sizeof(key));
	chacha20_block(key, 1 | 0x09000000ULL << 32, 0x4a000000, out);
	assert_memory_equal(out, wanted, sizeof(out));
}

static void block_may_replace_its_key(void **state)
{
	u32 words[CHACHA_BLOCK_WORDS] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	u32 apart[CHACHA_BLOCK_WORDS];
	chacha20_block(words, 9, 10, apart);
	chacha20_block(words, 9, 10, words);
	assert_memory_equal(words, apart, sizeof(words));
}

#define DRAWS 200

static void no_bytes_come_twice(void **state)
{
	u8 draws[DRAWS][16];
	random_seed("a seed of sixteen bytes, or more", 32);
	for (size_t i = 0; i < DRAWS; i++)
		random_fill(draws[i], sizeof(draws[i]));
	for (size_t i = 0; i < DRAWS; i++) {
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(draws[i], draws[k], sizeof(draws[i]));
	}
}

/* A byte of it differs from what was there in one of many tries, and none beside it ever. */
static void each_length_is_filled_and_no_more(void **state)
{
	for (size_t len = 0; len <= 300; len++) {
		u8 buf[302], seen[302] = { 0 };
		for (int try = 0; try < 16; try++) {
			memset(buf, 0xa5, sizeof(buf));
			random_fill(buf + 1, len);
			assert_int_equal(buf[0], 0xa5);
			assert_int_equal(buf[len + 1], 0xa5);
			for (size_t i = 1; i <= len; i++)
				seen[i] |= buf[i] != 0xa5;
		}
		for (size_t i = 1; i <= len; i++)
			assert_true(seen[i]);
	}
}

/* What a read handed out last, and where it lay in the kernel. */
static const u8 *handed_from;
static u8 handed[1024];
static size_t handed_bytes;

size_t copy_to_user(uaddr_t dst, const void *src, size_t len_bytes)
{
	if (dst == 0)
		return len_bytes;
	handed_from = src;
	handed_bytes = len_bytes;
	memcpy(handed, src, len_bytes);
	memcpy((void *)dst, src, len_bytes);
	return 0;
}

size_t copy_from_user(void *dst, uaddr_t src, size_t len_bytes)
{
	return len_bytes;
}

size_t clear_user(uaddr_t dst, size_t len_bytes)
{
	return len_bytes;
}

void schedule(void)
{
}

/* The stack that a function leaves behind is nobody's, says the sanitizer. */
__attribute__((no_sanitize_address)) static bool is_still_there(void)
{
	size_t same = 0;
	for (size_t i = 0; i < handed_bytes; i++)
		same += handed[i] != 0 && ((const volatile u8 *)handed_from)[i] == handed[i];
	return same != 0;
}

static void read_leaves_nothing_behind(void **state)
{
	static u8 buf[1000];
	static const size_t lengths[] = { 1, 16, 64, 65, 256, 300, 1000 };
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		const struct uio u = uio_of_user((uaddr_t)buf, lengths[i]);
		assert_int_equal(random_read(u), lengths[i]);
		assert_false(is_still_there());
	}
	assert_int_equal(random_read(uio_of_user(0, 10)), -EFAULT);
	assert_int_equal(random_read(uio_of_user(0, 0)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(block_is_the_one_of_the_rfc),
		cmocka_unit_test(block_may_replace_its_key),
		cmocka_unit_test(no_bytes_come_twice),
		cmocka_unit_test(each_length_is_filled_and_no_more),
		cmocka_unit_test(read_leaves_nothing_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
