/* SPDX-License-Identifier: MIT */
/* The ChaCha20 block function (RFC 8439, section 2.3). */
#pragma once

#include "lib/types.h"

#define CHACHA_KEY_WORDS   8
#define CHACHA_BLOCK_WORDS 16

/*
 * The block of keystream number @counter under @key. The two words of the counter and the two of
 * the nonce stand as in the original cipher, which the RFC divides as one and three.
 */
void chacha20_block(const u32 key[CHACHA_KEY_WORDS], u64 counter, u64 nonce,
		    u32 out[CHACHA_BLOCK_WORDS]);
