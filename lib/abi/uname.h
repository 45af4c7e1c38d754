/* SPDX-License-Identifier: MIT */
/* uname(2). */
#pragma once

#include "lib/types.h"

#define UTS_LEN 64 /* of a name, without its NUL */

struct kutsname {
	char sysname[UTS_LEN + 1];
	char nodename[UTS_LEN + 1];
	char release[UTS_LEN + 1];
	char version[UTS_LEN + 1];
	char machine[UTS_LEN + 1];
	char domainname[UTS_LEN + 1];
};
static_assert(sizeof(struct kutsname) == 390, "struct new_utsname");
