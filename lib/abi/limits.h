/* SPDX-License-Identifier: MIT */
/* Limits that programs are compiled with. */
#pragma once

#define PATH_MAX       4096 /* with the NUL */
#define NAME_MAX       255
#define PIPE_BUF       4096
#define ARG_MAX        131072
#define NGROUPS_MAX    65536
#define MAX_ARG_STRLEN 131072 /* one argument or environment string of exec, with its NUL */
#define SYMLINKS_MAX   40     /* followed in one lookup */
