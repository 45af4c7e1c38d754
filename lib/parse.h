/* SPDX-License-Identifier: MIT */
/* Numbers from text. Results are set only on success; a text is taken whole or not at all. */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

/*
 * An unsigned number of @base 2 to 16, or 0: hexadecimal after 0x, octal after 0, else decimal.
 * Returns: 0; -EINVAL (empty, or something that is no digit); -ERANGE (beyond 64 bits).
 */
__must_check int parse_u64(const char *text, unsigned int base, u64 *value);

/*
 * A number as above (base 0), then nothing or one of K M G T in either case: times 1024, 1024
 * squared and so on.
 */
__must_check int parse_size(const char *text, u64 *bytes);

/*
 * The digits at *@text (base as above) as far as they go, and *@text moved behind them. For texts
 * in which more follows. The same errors; *@text stays then.
 */
__must_check int parse_u64_prefix(const char **text, unsigned int base, u64 *value);
