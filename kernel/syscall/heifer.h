/* SPDX-License-Identifier: MIT */
/*
 * What Heifer offers programs beyond Linux's system calls: for its own tests and benchmarks.
 * Programs that also run on Linux take the -EINVAL they get there for "not on Heifer".
 */
#pragma once

/* prctl(PR_HEIFER_SET_FORK_MODE, mode): how fork copies memory for this process and its future
 * children. The modes are those of fork= on the command line. */
#define PR_HEIFER_SET_FORK_MODE 0x48460001
/* prctl(PR_HEIFER_GET_FORK_MODE): the mode. */
#define PR_HEIFER_GET_FORK_MODE 0x48460002
#define HEIFER_FORK_COPY        0
#define HEIFER_FORK_PAGE        1
#define HEIFER_FORK_TABLE       2
