/* SPDX-License-Identifier: MIT */
/*
 * A ChaCha20 generator (RFC 8439, section 2.3, with 20 rounds) with fast key erasure: each request
 * draws one block under the lock; half of it becomes the next key, so earlier output cannot be
 * computed back, and the other half keys this request's own stream, made without the lock.
 */
#include "fs/random.h"

#include "arch/riscv/cpu/clock.h"
#include "kernel/core/spinlock.h"
#include "lib/compiler.h"
#include "lib/string.h"

#define KEY_WORDS      8
#define BLOCK_WORDS    16
#define BLOCK_BYTES    (BLOCK_WORDS * sizeof(u32))
#define KEY_BYTES      (KEY_WORDS * sizeof(u32))
#define DOUBLE_ROUNDS  10
#define JITTER_ROUNDS  256
#define SEED_BYTES_MIN 16

static struct spinlock random_lock = SPINLOCK_INIT("random", RANK_DEVICE);
/* under random_lock */
static u32 pool_key[KEY_WORDS];
static u64 pool_draws;
static bool is_seeded;

static u32 rotate_left(u32 x, unsigned int n)
{
	return (x << n) | (x >> (32 - n));
}

static void quarter_round(u32 *s, int a, int b, int c, int d)
{
	s[a] += s[b];
	s[d] = rotate_left(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotate_left(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotate_left(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotate_left(s[b] ^ s[c], 7);
}

/* @counter and @nonce fill the four words behind the key. */
static void chacha_block(const u32 key[KEY_WORDS], u64 counter, u64 nonce, u32 out[BLOCK_WORDS])
{
	/* "expand 32-byte k" */
	const u32 start[BLOCK_WORDS] = {
		0x61707865,   0x3320646e,
		0x79622d32,   0x6b206574,
		key[0],       key[1],
		key[2],       key[3],
		key[4],       key[5],
		key[6],       key[7],
		(u32)counter, (u32)(counter >> 32),
		(u32)nonce,   (u32)(nonce >> 32),
	};
	memcpy(out, start, sizeof(start));
	for (int i = 0; i < DOUBLE_ROUNDS; i++) {
		for (int column = 0; column < 4; column++)
			quarter_round(out, column, 4 + column, 8 + column, 12 + column);
		for (int column = 0; column < 4; column++)
			quarter_round(out, column, 4 + (column + 1) % 4, 8 + (column + 2) % 4,
				      12 + (column + 3) % 4);
	}
	for (int i = 0; i < BLOCK_WORDS; i++)
		out[i] += start[i];
}

/* The next key, and half a block for the caller. Caller holds the lock. */
static void draw_locked(u64 stir, u32 out[KEY_WORDS])
{
	u32 block[BLOCK_WORDS];
	chacha_block(pool_key, ++pool_draws, stir, block);
	memcpy(pool_key, block, KEY_BYTES);
	memcpy(out, block + KEY_WORDS, KEY_BYTES);
}

static void absorb_locked(const u8 *bytes, size_t len)
{
	u32 ignored[KEY_WORDS];
	while (len > 0) {
		u32 chunk[KEY_WORDS] = { 0 };
		const size_t part = MIN(len, KEY_BYTES);
		memcpy(chunk, bytes, part);
		for (int i = 0; i < KEY_WORDS; i++)
			pool_key[i] ^= chunk[i];
		draw_locked(part, ignored);
		bytes += part;
		len -= part;
	}
}

void random_seed(const void *seed, size_t len_bytes)
{
	spin_lock(&random_lock);
	absorb_locked(seed, len_bytes);
	if (len_bytes >= SEED_BYTES_MIN)
		is_seeded = true;
	spin_unlock(&random_lock);
}

void random_stir(const void *bytes, size_t len_bytes)
{
	spin_lock(&random_lock);
	absorb_locked(bytes, len_bytes);
	spin_unlock(&random_lock);
}

/* How long a little work takes varies with caches, interrupts and the firmware. Caller holds the
 * lock. */
static void gather_jitter_locked(void)
{
	u32 ignored[KEY_WORDS];
	for (int i = 0; i < JITTER_ROUNDS; i++)
		draw_locked(clock_ticks(), ignored);
	is_seeded = true;
}

void random_fill(void *buf, size_t len_bytes)
{
	u32 key[KEY_WORDS];
	u32 block[BLOCK_WORDS];
	spin_lock(&random_lock);
	if (!is_seeded)
		gather_jitter_locked();
	draw_locked(clock_ticks(), key);
	spin_unlock(&random_lock);

	u8 *at = buf;
	for (u64 counter = 0; len_bytes > 0; counter++) {
		const size_t part = MIN(len_bytes, BLOCK_BYTES);
		chacha_block(key, counter, 0, block);
		memcpy(at, block, part);
		at += part;
		len_bytes -= part;
	}
}
