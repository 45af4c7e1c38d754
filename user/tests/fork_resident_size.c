// SPDX-License-Identifier: MIT
/* oracle: linux-system */
/* modes: all */
/* What /proc says is resident, right after a fork and after what is done with the memory then: the
 * same as if nothing were shared. Totals may be off by what harts keep for themselves; sums of
 * smaps are exact. */
#include "lib/forks.h"

#define TABLES 4
#define PAGES  (TABLES * TABLE_PAGES)
#define SEED   13000UL
#define KIB    ((long)(PAGE >> 10))
#define AREA   ((long)PAGES * KIB)
/* Totals of less are of no account here. */
#define OFF (AREA / 4)

static char *area;
static struct gate go, done;
static char text[1 << 16];

static const char *read_file(const char *path)
{
	const int fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	size_t size = 0;
	ssize_t n;
	while ((n = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
		size += (size_t)n;
	CHECK_EQ(n, 0);
	text[size] = '\0';
	close(fd);
	return text;
}

static long kib(const char *from, const char *name)
{
	const char *line = from != NULL ? strstr(from, name) : NULL;
	CHECK(line != NULL);
	return strtol(line + strlen(name), NULL, 10);
}

static long status_kib(const char *name)
{
	return kib(read_file("/proc/self/status"), name);
}

/* Of the mapping that starts at @mapping. */
static long smaps_kib(const char *mapping, const char *name)
{
	char line[32];
	snprintf(line, sizeof(line), "%lx-", (unsigned long)mapping);
	return kib(strstr(read_file("/proc/self/smaps"), line), name);
}

static void check_near(long got, long wanted)
{
	if (got < wanted - OFF || got > wanted + OFF)
		test_fail(__FILE__, __LINE__, "%ld kB is not about %ld kB", got, wanted);
}

static long without; /* VmRSS before the area is touched */

static void look_at_child(void)
{
	check_near(status_kib("\nVmRSS:"), without + AREA);
	CHECK(status_kib("\nVmHWM:") >= status_kib("\nVmRSS:") - OFF);
	CHECK_EQ(smaps_kib(area, "\nRss:"), AREA);
	CHECK_EQ(smaps_kib(area, "\nAnonymous:"), AREA);
	/* Looked at, and then touched. */
	mark_pages(area, PAGES / 2, SEED);
	check_near(status_kib("\nVmRSS:"), without + AREA);
	CHECK_EQ(smaps_kib(area, "\nRss:"), AREA);
	CHECK_EQ(madvise(area, TABLE_BYTES, MADV_DONTNEED), 0);
	CHECK_EQ(smaps_kib(area, "\nRss:"), AREA - (long)TABLE_PAGES * KIB);
	check_near(status_kib("\nVmRSS:"), without + AREA - (long)TABLE_PAGES * KIB);
	/* The front half goes, and two thirds of a table. */
	CHECK_EQ(munmap(area, PAGES / 2 * PAGE + 300 * PAGE), 0);
	const char *rest = area + (PAGES / 2 + 300) * PAGE;
	CHECK_EQ(smaps_kib(rest, "\nRss:"), AREA / 2 - 300 * KIB);
	check_near(status_kib("\nVmRSS:"), without + AREA / 2 - 300 * KIB);
	CHECK(status_kib("\nVmHWM:") >= without + AREA - OFF);
	CHECK_EQ(munmap((void *)rest, PAGES / 2 * PAGE - 300 * PAGE), 0);
	check_near(status_kib("\nVmRSS:"), without);
}

static void a_child_has_as_much_as_its_parent_until_it_drops_some(void)
{
	area = map_tables(TABLES);
	without = status_kib("\nVmRSS:");
	mark_pages(area, PAGES, SEED);
	check_near(status_kib("\nVmRSS:"), without + AREA);
	for (int i = 0; i < 2; i++) {
		CHECK_CHILD(look_at_child);
		check_near(status_kib("\nVmRSS:"), without + AREA);
		CHECK_EQ(smaps_kib(area, "\nRss:"), AREA);
	}
	check_pages(area, PAGES, SEED);
	CHECK_EQ(munmap(area, PAGES * PAGE), 0);
	check_near(status_kib("\nVmRSS:"), without);
}

static void a_grandchild_too(void)
{
	CHECK_CHILD(look_at_child);
	CHECK_EQ(smaps_kib(area, "\nRss:"), AREA);
}

static void and_so_do_generations(void)
{
	area = map_tables(TABLES);
	without = status_kib("\nVmRSS:");
	mark_pages(area, PAGES, SEED);
	CHECK_CHILD(a_grandchild_too);
	CHECK_EQ(munmap(area, PAGES * PAGE), 0);
}

/* ---- how much of it is shared ---- */

static void look_at_sharing(void)
{
	CHECK_EQ(smaps_kib(area, "\nPss:"), AREA / 2);
	CHECK_EQ(smaps_kib(area, "\nPrivate_Dirty:"), 0);
	CHECK_EQ(smaps_kib(area, "\nShared_Dirty:"), AREA);
	mark_pages(area, 100, SEED);
	CHECK_EQ(smaps_kib(area, "\nPrivate_Dirty:"), 100 * KIB);
	CHECK_EQ(smaps_kib(area, "\nShared_Dirty:"), AREA - 100 * KIB);
	CHECK_EQ(smaps_kib(area, "\nPss:"), 100 * KIB + (AREA - 100 * KIB) / 2);
}

static void what_two_have_is_shared(void)
{
	area = map_tables(TABLES);
	mark_pages(area, PAGES, SEED);
	CHECK_EQ(smaps_kib(area, "\nPrivate_Dirty:"), AREA);
	if (!fork_copies_pages())
		CHECK_CHILD(look_at_sharing);
	CHECK_EQ(smaps_kib(area, "\nPrivate_Dirty:"), AREA);
	CHECK_EQ(smaps_kib(area, "\nPss:"), AREA);
	CHECK_EQ(munmap(area, PAGES * PAGE), 0);
}

/* ---- pages that a file takes away ---- */

static void look_after_truncation(void)
{
	CHECK_EQ(smaps_kib(area, "\nRss:"), AREA);
	gate_open(&done, 1);
	gate_wait(&go);
	CHECK_EQ(smaps_kib(area, "\nRss:"), AREA / 4);
	check_near(status_kib("\nVmRSS:"), without + AREA / 4);
	check_pages(area, PAGES / 4, SEED);
	CHECK_EQ(smaps_kib(area, "\nRss:"), AREA / 4);
	CHECK_EQ(munmap(area, PAGES * PAGE), 0);
	check_near(status_kib("\nVmRSS:"), without);
}

static void a_file_that_shrinks_takes_from_the_size_of_all(void)
{
	const int fd = make_file("f", PAGES * PAGE);
	gate_init(&go);
	gate_init(&done);
	area = map_tables(TABLES);
	without = status_kib("\nVmRSS:");
	CHECK(mmap(area, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0) ==
	      area);
	mark_pages(area, PAGES, SEED);
	const pid_t pid = start_child(look_after_truncation);
	gate_wait(&done);
	CHECK_EQ(ftruncate(fd, PAGES / 4 * PAGE), 0);
	CHECK_EQ(smaps_kib(area, "\nRss:"), AREA / 4);
	check_near(status_kib("\nVmRSS:"), without + AREA / 4);
	gate_open(&go, 1);
	CHECK_EXITED(wait_for(pid), 0);
	CHECK_EQ(smaps_kib(area, "\nRss:"), AREA / 4);
	CHECK_EQ(munmap(area, PAGES * PAGE), 0);
	check_near(status_kib("\nVmRSS:"), without);
	close(fd);
	gate_close(&go);
	gate_close(&done);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(a_child_has_as_much_as_its_parent_until_it_drops_some),
		TEST(and_so_do_generations),
		TEST(what_two_have_is_shared),
		TEST(a_file_that_shrinks_takes_from_the_size_of_all),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
