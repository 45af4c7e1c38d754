/* SPDX-License-Identifier: MIT */
/* The programs of the one ELF; the build makes the table. */
#pragma once

struct test_program {
	const char *name;
	int (*main)(int argc, char **argv);
};

/* Ends with a name that is NULL. */
extern const struct test_program test_programs[];
