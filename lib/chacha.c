/* SPDX-License-Identifier: MIT */
/*
 * Every index is a constant once the quarter rounds are inlined, so that the compiler keeps the
 * sixteen words in registers through all rounds.
 */
#include "lib/chacha.h"

#include "lib/compiler.h"
#include "lib/string.h"

#define DOUBLE_ROUNDS 10

/* Words have 64 bits, of which the upper half is anything: to extend each after its rotation would
 * take an instruction in ten. */
static __always_inline u64 rotate_left(u64 x, unsigned int n)
{
	return (x << n) | ((u32)x >> (32 - n));
}

static __always_inline void quarter_round(u64 *s, int a, int b, int c, int d)
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

static __always_inline void double_round(u64 *s)
{
	quarter_round(s, 0, 4, 8, 12); /* columns */
	quarter_round(s, 1, 5, 9, 13);
	quarter_round(s, 2, 6, 10, 14);
	quarter_round(s, 3, 7, 11, 15);
	quarter_round(s, 0, 5, 10, 15); /* diagonals */
	quarter_round(s, 1, 6, 11, 12);
	quarter_round(s, 2, 7, 8, 13);
	quarter_round(s, 3, 4, 9, 14);
}

void chacha20_block(const u32 key[CHACHA_KEY_WORDS], u64 counter, u64 nonce,
		    u32 out[CHACHA_BLOCK_WORDS])
{
	/* "expand 32-byte k" */
	const u64 start[CHACHA_BLOCK_WORDS] = {
		0x61707865, 0x3320646e,    0x79622d32, 0x6b206574,  key[0], key[1],
		key[2],     key[3],        key[4],     key[5],      key[6], key[7],
		counter,    counter >> 32, nonce,      nonce >> 32,
	};
	u64 s[CHACHA_BLOCK_WORDS];
	memcpy(s, start, sizeof(s));
	for (int i = 0; i < DOUBLE_ROUNDS; i++)
		double_round(s);
	for (int i = 0; i < CHACHA_BLOCK_WORDS; i++)
		out[i] = (u32)(s[i] + start[i]);
}
