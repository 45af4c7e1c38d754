/* SPDX-License-Identifier: MIT */
/* The programs of the one ELF; the build makes the table. */
#pragma once

struct test_program {
	const char *name;
	int (*main)(int argc, char **argv);
};

/* Ends with a name that is NULL. */
extern const struct test_program test_programs[];

/*
 * `sweep NAME [FIRST [STEP]]`: run the program NAME with its Nth allocation failing, N = FIRST,
 * FIRST + STEP, ... until no run reaches it; `sweep NAME chain`: once for each new way to reach
 * one. Debug builds of Heifer only (sweep.c).
 */
int sweep_main(int argc, char **argv);
