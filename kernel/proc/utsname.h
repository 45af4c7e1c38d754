/* SPDX-License-Identifier: MIT */
/* What the system is called: uname(2), and the files of /proc/sys/kernel that say the same. */
#pragma once

#include "lib/abi/uname.h"
#include "lib/compiler.h"

enum utsname_settable { UTSNAME_NODE, UTSNAME_DOMAIN };

void utsname_get(struct kutsname *out);
/* The running task must be root's. 0, -EPERM, -EINVAL: longer than UTS_LEN. */
int utsname_set(enum utsname_settable which, const char *name, size_t len) __must_check;
