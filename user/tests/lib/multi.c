// SPDX-License-Identifier: MIT
/*
 * All test programs are this one ELF: a static C library in each of them would not fit into a
 * machine of 32 MiB. It is the program that argv[0] names, or with any other name the one that its
 * first argument names. The table is made by the build from the names of the sources.
 *
 * As fork=copy, fork=page or fork=table it is the program that its first argument names, with fork
 * working so for that program and its children (Heifer only).
 */
#include "lib/multi.h"

#include "kernel/syscall/heifer.h"
#include "lib/test.h"

#include <sys/prctl.h>

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

static const struct test_program *find(const char *name)
{
	for (const struct test_program *p = test_programs; p->name != NULL; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

/* False: @name is that of a mode, but there are none here. */
static bool set_fork_mode(const char *name)
{
	static const char *const modes[] = {
		[HEIFER_FORK_COPY] = "fork=copy",
		[HEIFER_FORK_PAGE] = "fork=page",
		[HEIFER_FORK_TABLE] = "fork=table",
	};
	for (size_t mode = 0; mode < ARRAY_SIZE(modes); mode++)
		if (strcmp(name, modes[mode]) == 0)
			return prctl(PR_HEIFER_SET_FORK_MODE, mode) == 0;
	return true;
}

int main(int argc, char **argv)
{
	const struct test_program *program = argc > 0 ? find(base_name(argv[0])) : NULL;
	if (argc > 0 && strcmp(base_name(argv[0]), "sweep") == 0)
		return sweep_main(argc, argv);
	if (argc > 0 && !set_fork_mode(base_name(argv[0]))) {
		fprintf(stderr, "%s: only on Heifer\n", argv[0]);
		return 2;
	}
	if (program == NULL && argc > 1) {
		argc--, argv++;
		program = find(base_name(argv[0]));
	}
	if (program != NULL) {
		test_name = program->name;
		return program->main(argc, argv);
	}
	fprintf(stderr, "usage: tests NAME; the names are:\n");
	for (const struct test_program *p = test_programs; p->name != NULL; p++)
		fprintf(stderr, "%s\n", p->name);
	return 2;
}
