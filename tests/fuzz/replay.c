// SPDX-License-Identifier: MIT
/*
 * A fuzz target without a fuzzer: every file of its corpus and seeds, as it is and damaged in a few
 * ways that are the same each time. An input that takes too long is a failure, too.
 *
 * usage: fuzz_<subject> [FILE...]	without files: corpus and seeds of the subject
 */
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define SECONDS_AN_INPUT 20
#define MUTATIONS        60
#define PATH_BYTES       512

static unsigned inputs;
static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
	random_state = random_state * 6364136223846793005 + 1442695040888963407;
	return (random_state >> 33) % limit;
}

static void run(const char *name, const uint8_t *data, size_t size)
{
	alarm(SECONDS_AN_INPUT);
	(void)LLVMFuzzerTestOneInput(data, size);
	alarm(0);
	(void)name;
	inputs++;
}

/* A few bytes changed, or the end cut off. */
static void run_mutations(const char *name, const uint8_t *data, size_t size)
{
	static const uint8_t bytes[] = { 0, 1, 4, 0x7f, 0x80, 0xff, '0', 'f', '/', ' ' };
	random_state = size;
	for (unsigned i = 0; i < MUTATIONS && size != 0; i++) {
		uint8_t *copy = fuzz_copy(data, size);
		size_t length = size;
		for (uint64_t n = 1 + random_below(4); n != 0; n--) {
			const uint64_t at =
				random_below(random_below(2) == 0 ? size : (size + 7) / 8);
			copy[at] = bytes[random_below(sizeof(bytes))];
		}
		if (random_below(4) == 0)
			length = random_below(size);
		run(name, copy, length);
		free(copy);
	}
}

static void run_file(const char *path)
{
	struct stat st;
	FILE *f = fopen(path, "rb");
	FUZZ_CHECK(f != NULL && fstat(fileno(f), &st) == 0);
	uint8_t *data = malloc((size_t)st.st_size + 1);
	FUZZ_CHECK(data != NULL);
	const size_t size = fread(data, 1, (size_t)st.st_size, f);
	fclose(f);
	run(path, data, size);
	run_mutations(path, data, size);
	free(data);
}

static void run_folder(const char *folder, const char *subject)
{
	char path[PATH_BYTES];
	snprintf(path, sizeof(path), "%s/%s", folder, subject);
	DIR *d = opendir(path);
	for (struct dirent *e = d != NULL ? readdir(d) : NULL; e != NULL; e = readdir(d)) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", folder, subject, e->d_name);
		run_file(path);
	}
	if (d != NULL)
		closedir(d);
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *subject = (slash != NULL ? slash + 1 : argv[0]) + strlen("fuzz_");
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc == 1) {
		run_folder("tests/fuzz/corpus", subject);
		run_folder("build/fuzz/seeds", subject);
	}
	printf("%s: %u inputs\n", subject, inputs);
	return inputs != 0 ? 0 : 1;
}
