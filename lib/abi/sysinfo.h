/* SPDX-License-Identifier: MIT */
/* sysinfo(2). */
#pragma once

#include "lib/types.h"

#define SI_LOAD_SHIFT 16 /* loads are fixed point numbers with this many bits behind the point */

struct ksysinfo {
	s64 uptime; /* seconds */
	u64 loads[3];
	u64 totalram; /* of mem_unit bytes, as the next ones */
	u64 freeram;
	u64 sharedram;
	u64 bufferram;
	u64 totalswap;
	u64 freeswap;
	u16 procs;
	u16 pad;
	u64 totalhigh;
	u64 freehigh;
	u32 mem_unit;
};
static_assert(sizeof(struct ksysinfo) == 112, "struct sysinfo");
