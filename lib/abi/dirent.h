/* SPDX-License-Identifier: MIT */
/* getdents64(2). */
#pragma once

#include "lib/types.h"

/* d_type is the file type of st_mode shifted down. */
#define DT_UNKNOWN 0
#define DT_FIFO    1
#define DT_CHR     2
#define DT_DIR     4
#define DT_BLK     6
#define DT_REG     8
#define DT_LNK     10
#define DT_SOCK    12
#define DT_WHT     14

#define MODE_TO_DT(mode) (((mode)&S_IFMT) >> 12)

struct linux_dirent64 {
	u64 d_ino;
	s64 d_off;    /* position of the entry after this one */
	u16 d_reclen; /* bytes from this entry to the next, a multiple of 8 */
	u8 d_type;
	char d_name[]; /* NUL-terminated */
};
static_assert(offsetof(struct linux_dirent64, d_name) == 19, "struct linux_dirent64");
