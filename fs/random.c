/* SPDX-License-Identifier: MIT */
/*
 * A ChaCha20 generator with fast key erasure: a refill makes some blocks, the first half block of
 * which is the next key. What is handed out is wiped from the pool, so neither its key nor what is
 * left in it tells earlier output. A large request takes a key from the pool for a stream of its
 * own, made without the lock.
 */
#include "fs/random.h"

#include "arch/riscv/cpu/clock.h"
#include "kernel/core/spinlock.h"
#include "lib/abi/errno.h"
#include "lib/chacha.h"
#include "lib/compiler.h"
#include "lib/string.h"

#define BLOCK_BYTES    (CHACHA_BLOCK_WORDS * sizeof(u32))
#define KEY_BYTES      (CHACHA_KEY_WORDS * sizeof(u32))
#define POOL_BLOCKS    4
#define POOL_BYTES     (POOL_BLOCKS * BLOCK_BYTES - KEY_BYTES)
#define SMALL_BYTES    BLOCK_BYTES /* up to here a stream of its own would cost more */
#define JITTER_ROUNDS  256
#define SEED_BYTES_MIN 16
#define CHUNK_BYTES    256UL

static struct spinlock random_lock = SPINLOCK_INIT("random", RANK_DEVICE);
/* under random_lock */
static struct {
	u32 key[CHACHA_KEY_WORDS];
	u8 bytes[POOL_BYTES]; /* of which the first @left are random and nobody's */
} pool;
static_assert(sizeof(pool) == POOL_BLOCKS * BLOCK_BYTES, "refilled in whole blocks");
static size_t left;
static u64 blocks_made; /* the counter: no block is made twice */
static bool is_seeded;

#define STACK_WIPE_BYTES 768 /* more than all calls that work on keys and blocks need together */

/* Clear what nobody is going to look at again, so that the compiler would leave it out. */
static void wipe(void *secret, size_t len_bytes)
{
	memset(secret, 0, len_bytes);
	__asm__ volatile("" : : "r"(secret) : "memory"); /* somebody might look */
}

/*
 * Clear the stack below the caller: what it called just now had keys and blocks there, and they
 * would tell earlier output for as long as nothing else is called.
 */
static __noinline void wipe_used_stack(void)
{
	u8 used[STACK_WIPE_BYTES];
	wipe(used, sizeof(used));
}

/* The first block comes last, since it replaces the key of the others. */
static void refill_locked(void)
{
	const u64 stir = clock_ticks();
	for (int i = POOL_BLOCKS - 1; i >= 0; i--) {
		u32 *const block = (u32 *)&pool + i * CHACHA_BLOCK_WORDS;
		chacha20_block(pool.key, ++blocks_made, stir, block);
	}
	left = POOL_BYTES;
	wipe_used_stack();
}

/* At most POOL_BYTES. */
static void take_locked(void *buf, size_t len_bytes)
{
	if (left < len_bytes)
		refill_locked();
	left -= len_bytes;
	memcpy(buf, pool.bytes + left, len_bytes);
	memset(pool.bytes + left, 0, len_bytes);
}

/* Another key, which depends on the old one and @stir. What the old one made is no good any more.
 */
static void change_key_locked(u64 stir)
{
	u32 block[CHACHA_BLOCK_WORDS];
	chacha20_block(pool.key, ++blocks_made, stir, block);
	memcpy(pool.key, block, KEY_BYTES);
	left = 0;
}

static __noinline void absorb_locked(const u8 *bytes, size_t len)
{
	while (len > 0) {
		u32 chunk[CHACHA_KEY_WORDS] = { 0 };
		const size_t part = MIN(len, KEY_BYTES);
		memcpy(chunk, bytes, part);
		for (int i = 0; i < CHACHA_KEY_WORDS; i++)
			pool.key[i] ^= chunk[i];
		change_key_locked(part);
		bytes += part;
		len -= part;
	}
}

void random_seed(const void *seed, size_t len_bytes)
{
	spin_lock(&random_lock);
	absorb_locked(seed, len_bytes);
	wipe_used_stack();
	if (len_bytes >= SEED_BYTES_MIN)
		is_seeded = true;
	spin_unlock(&random_lock);
}

void random_stir(const void *bytes, size_t len_bytes)
{
	spin_lock(&random_lock);
	absorb_locked(bytes, len_bytes);
	wipe_used_stack();
	spin_unlock(&random_lock);
}

/* How long a little work takes varies with caches, interrupts and the firmware. Caller holds the
 * lock. */
static __noinline void gather_jitter_locked(void)
{
	for (int i = 0; i < JITTER_ROUNDS; i++)
		change_key_locked(clock_ticks());
	is_seeded = true;
}

/* @len_bytes > 0 from the stream of @key, which is used for nothing else. */
static __noinline void fill_from_stream(const u32 key[CHACHA_KEY_WORDS], u8 *at, size_t len_bytes)
{
	u32 block[CHACHA_BLOCK_WORDS];
	for (u64 counter = 0; len_bytes > 0; counter++) {
		const size_t part = MIN(len_bytes, BLOCK_BYTES);
		chacha20_block(key, counter, 0, block);
		memcpy(at, block, part);
		at += part;
		len_bytes -= part;
	}
}

/* More than the pool is for. */
static __noinline void fill_large(void *buf, size_t len_bytes)
{
	u32 key[CHACHA_KEY_WORDS];
	random_fill(key, sizeof(key));
	fill_from_stream(key, buf, len_bytes);
}

void random_fill(void *buf, size_t len_bytes)
{
	if (len_bytes > SMALL_BYTES) {
		fill_large(buf, len_bytes);
		wipe_used_stack();
		return;
	}
	spin_lock(&random_lock);
	if (!is_seeded) {
		gather_jitter_locked();
		wipe_used_stack();
	}
	take_locked(buf, len_bytes);
	spin_unlock(&random_lock);
}

ssize_t random_read(struct uio u)
{
	u8 chunk[CHUNK_BYTES];
	const size_t wanted = u.left;
	bool goes_on = true;
	while (u.left > 0 && goes_on) {
		const size_t part = MIN(u.left, CHUNK_BYTES);
		random_fill(chunk, part);
		goes_on = uio_copy_in(&u, chunk, part) == part && (u.left == 0 || uio_breathe());
	}
	wipe(chunk, sizeof(chunk));
	return u.left < wanted || wanted == 0 ? (ssize_t)(wanted - u.left) : -EFAULT;
}
