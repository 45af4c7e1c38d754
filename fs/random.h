/* SPDX-License-Identifier: MIT */
/*
 * Random bytes. Never blocks. Without a seed from the firmware they come from timer jitter: good
 * enough for hash tables and stack canaries, NOT for keys.
 */
#pragma once

#include "fs/uio.h"
#include "lib/types.h"

/* Stir in what the firmware or a driver knows (/chosen/rng-seed). Any number of times; it only
 * adds. */
void random_seed(const void *seed, size_t len_bytes);
/* The same with bytes that anybody may know: they do no harm and count for nothing. */
void random_stir(const void *bytes, size_t len_bytes);
void random_fill(void *buf, size_t len_bytes);
/* All that is wanted, or less if a signal comes; the kernel keeps no copy. Bytes or -EFAULT.
 * Context: may sleep. */
ssize_t random_read(struct uio u);
