/* SPDX-License-Identifier: MIT */
/*
 * User and group ids of the running process: set*id with real, effective and saved ids as POSIX and
 * Linux have them. Whoever has effective user id 0 may become anybody.
 */
#pragma once

#include "lib/compiler.h"
#include "lib/types.h"

#define CRED_UNCHANGED (~0U) /* -1 in the calls that set several */

struct cred_ids {
	u32 real, effective, saved;
};
enum cred_kind { CRED_USER, CRED_GROUP };

void cred_get(enum cred_kind kind, struct cred_ids *out);
/* setuid, setgid. 0, -EPERM, -EINVAL. */
int cred_set(enum cred_kind kind, u32 id) __must_check;
/* setreuid, setregid. */
int cred_set_two(enum cred_kind kind, u32 real, u32 effective) __must_check;
/* setresuid, setresgid. */
int cred_set_three(enum cred_kind kind, const struct cred_ids *ids) __must_check;
