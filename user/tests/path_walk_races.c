// SPDX-License-Identifier: MIT
/*
 * Paths are walked while others rename, remove, replace and unmount what is on the way: a walker
 * finds what is there or nothing, and a name that always stands for something is always found. A
 * rename is one step: who has seen that it happened sees nothing any more of how it was before. And
 * many may change what is on the way: each finds what he left.
 */
/* oracle: linux-system */
#include "lib/test.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mount.h>

#define WALKERS 3
#define ROUNDS  300
#define RENAMES 2000
#define WORKERS 4
#define TURNS   100 /* even, as any number that was done: all ends where it began */

static atomic_bool is_over;
static atomic_ulong found; /* walks that ended at a file */

/* Everything that may be on the way: down, up again, over a link, out of a mount. */
static void *walk(void *arg)
{
	static const char *const paths[] = {
		"a/b/file",  "a/b/../b/file",      "link/file", "m/in/../../a/b/file",
		"m/in/file", "a/b/c/../../b/file",
	};
	while (!atomic_load(&is_over)) {
		for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
			struct stat st;
			if (stat(paths[i], &st) == 0) {
				CHECK(S_ISREG(st.st_mode));
				atomic_fetch_add(&found, 1);
			} else {
				CHECK(errno == ENOENT || errno == ENOTDIR);
			}
			const int fd = open(paths[i], O_RDONLY);
			if (fd >= 0)
				close(fd);
			else
				CHECK(errno == ENOENT || errno == ENOTDIR);
			CHECK_EQ(access("always", F_OK), 0);
		}
	}
	return arg;
}

static void put_file(const char *path)
{
	const int fd = open(path, O_CREAT | O_WRONLY, 0644);
	CHECK(fd >= 0);
	close(fd);
}

/* A walker may be inside at any moment, but none stays. */
static void unmount(const char *at)
{
	while (umount(at) != 0) {
		CHECK_EQ(errno, EBUSY);
		sched_yield();
	}
}

static void change_everything(void)
{
	CHECK_EQ(rename("a/b", "a/x"), 0);
	CHECK_EQ(rename("a/x", "b"), 0);
	CHECK_EQ(rename("b", "a/b"), 0);
	CHECK_EQ(unlink("a/b/file"), 0);
	CHECK_EQ(rmdir("a/b/c"), 0);
	CHECK_EQ(mkdir("a/b/c", 0755), 0);
	put_file("a/b/file");
	CHECK_EQ(unlink("link"), 0);
	CHECK_EQ(symlink("a/b", "link"), 0);
	put_file("other");
	CHECK_EQ(rename("other", "always"), 0);
	CHECK_EQ(mount("none", "m", "tmpfs", 0, NULL), 0);
	CHECK_EQ(mkdir("m/in", 0755), 0);
	put_file("m/in/file");
	unmount("m");
}

static void race(void)
{
	CHECK_EQ(mkdir("a", 0755), 0);
	CHECK_EQ(mkdir("a/b", 0755), 0);
	CHECK_EQ(mkdir("a/b/c", 0755), 0);
	CHECK_EQ(mkdir("m", 0755), 0);
	CHECK_EQ(symlink("a/b", "link"), 0);
	put_file("a/b/file");
	put_file("always");
	pthread_t walkers[WALKERS];
	for (int i = 0; i < WALKERS; i++)
		CHECK_EQ(pthread_create(&walkers[i], NULL, walk, NULL), 0);
	for (int i = 0; i < ROUNDS && has_time(); i++)
		change_everything();
	/* On one hart the rounds may have come between no two looks: now they all stand still. */
	while (atomic_load(&found) == 0)
		sched_yield();
	atomic_store(&is_over, true);
	for (int i = 0; i < WALKERS; i++)
		CHECK_EQ(pthread_join(walkers[i], NULL), 0);
}

static void what_is_on_the_way_may_change(void)
{
	CHECK_CHILD(race);
}

/* A directory that goes to and fro between two names. */
struct move {
	const char *names[2];
	unsigned int flags; /* of renameat2() */
	/* A way that leads first through what is true only after a rename to the second name (to
	 * the first), then through what is true only before it. */
	const char *halfway[2];
};

static const struct move *move;
static atomic_ulong begun, done; /* renames; the first, and every other one, is to the second name
				  */

static void *look_for_halves(void *arg)
{
	while (!atomic_load(&is_over)) {
		const unsigned long before = atomic_load(&done);
		const bool is_there = access(move->halfway[before % 2], F_OK) == 0;
		/* More than one rename while we walked may lead anywhere. */
		if (atomic_load(&begun) <= before + 1)
			CHECK(!is_there);
		atomic_fetch_add(&found, 1);
	}
	return arg;
}

static void move_to_and_fro(void)
{
	pthread_t walkers[WALKERS];
	for (int i = 0; i < WALKERS; i++)
		CHECK_EQ(pthread_create(&walkers[i], NULL, look_for_halves, NULL), 0);
	while (atomic_load(&found) == 0)
		sched_yield();
	for (unsigned long i = 0; i < RENAMES && has_time(); i++) {
		atomic_store(&begun, i + 1);
		CHECK_EQ(syscall(SYS_renameat2, AT_FDCWD, move->names[i % 2], AT_FDCWD,
				 move->names[(i + 1) % 2], move->flags),
			 0);
		atomic_store(&done, i + 1);
	}
	atomic_store(&is_over, true);
	for (int i = 0; i < WALKERS; i++)
		CHECK_EQ(pthread_join(walkers[i], NULL), 0);
}

static void an_exchange_is_one_step(void)
{
	static const struct move exchange = {
		.names = { "left", "right" },
		.flags = RENAME_EXCHANGE,
		.halfway = { "right/in/../../left/in", "left/in/../../right/in" },
	};
	CHECK_EQ(mkdir("left", 0755), 0);
	CHECK_EQ(mkdir("right", 0755), 0);
	CHECK_EQ(mkdir("left/in", 0755), 0);
	move = &exchange;
	CHECK_CHILD(move_to_and_fro);
}

static void a_rename_is_one_step(void)
{
	static const struct move rename = {
		.names = { "old", "new" },
		.halfway = { "new/../old", "old/../new" },
	};
	CHECK_EQ(mkdir("old", 0755), 0);
	move = &rename;
	CHECK_CHILD(move_to_and_fro);
}

static void a_directory_comes_with_its_parent(void)
{
	static const struct move between = {
		.names = { "from/x", "to/x" },
		.halfway = { "to/x/../in_from", "from/x/../in_to" },
	};
	CHECK_EQ(mkdir("from", 0755), 0);
	CHECK_EQ(mkdir("to", 0755), 0);
	CHECK_EQ(mkdir("from/x", 0755), 0);
	put_file("from/in_from");
	put_file("to/in_to");
	move = &between;
	CHECK_CHILD(move_to_and_fro);
}

/*
 * All change the same directories at once, each his own names in them, and one thing that all want.
 * So everybody knows what his own calls must say, whatever the others do. He works in home<me>, and
 * reaches all from there, while the directory above it goes to and fro.
 */
static int me, home_fd;
static char homes[2][PATH_MAX]; /* what my working directory may be called */

static const char *name_of(const char *format, int number)
{
	static char names[4][64];
	static unsigned int next;
	char *name = names[next++ % ARRAY_SIZE(names)];
	snprintf(name, sizeof(names[0]), format, number);
	return name;
}

static void check_where_i_am(void)
{
	char at[PATH_MAX];
	CHECK(getcwd(at, sizeof(at)) != NULL);
	CHECK(strcmp(at, homes[0]) == 0 || strcmp(at, homes[1]) == 0);
	CHECK_EQ(access(name_of("../home%d/mine", me), F_OK), 0);
}

/* Made, found, renamed, covered, uncovered, removed: each step is there for me when it is done. */
static void change_my_names(void)
{
	const char *const old = name_of("../../shared/old%d", me);
	const char *const new = name_of("../../shared/new%d", me);
	char in_old[80], in_new[80];
	struct stat st;
	snprintf(in_old, sizeof(in_old), "%s/file", old);
	snprintf(in_new, sizeof(in_new), "%s/file", new);
	CHECK_EQ(mkdir(old, 0755), 0);
	put_file(in_old);
	CHECK_EQ(rename(old, new), 0);
	CHECK_ERRNO(access(in_old, F_OK), ENOENT);
	CHECK_EQ(access(in_new, F_OK), 0);

	CHECK_EQ(mount("none", new, "tmpfs", 0, NULL), 0);
	CHECK_ERRNO(access(in_new, F_OK), ENOENT);
	CHECK_ERRNO(rmdir(new), EBUSY);
	put_file(in_new);
	unmount(new);

	CHECK_EQ(stat(in_new, &st), 0);
	CHECK(S_ISREG(st.st_mode));
	CHECK_EQ(unlink(in_new), 0);
	CHECK_EQ(rmdir(new), 0);
	CHECK_ERRNO(access(new, F_OK), ENOENT);
}

/* Of those who want it at the same time one gets it. */
static void pass_the_ball(void)
{
	char from[64], to[64];
	snprintf(from, sizeof(from), "../../place%d/ball", me);
	snprintf(to, sizeof(to), "../../place%d/ball", (me + 1) % WORKERS);
	if (rename(from, to) == 0)
		return;
	CHECK_EQ(errno, ENOENT);
	if (rename(to, from) != 0)
		CHECK_EQ(errno, ENOENT);
}

static void work(void)
{
	CHECK_EQ(fchdir(home_fd), 0);
	put_file("mine");
	for (int i = 0; i < TURNS && (i % 2 != 0 || has_time()); i++) {
		change_my_names();
		pass_the_ball();
		check_where_i_am();
		if (me == 0)
			CHECK_EQ(rename(name_of("../../top%d", i % 2),
					name_of("../../top%d", (i + 1) % 2)),
				 0);
	}
}

static void many_change_at_once(void)
{
	char base[PATH_MAX - 64];
	pid_t workers[WORKERS];
	int fds[WORKERS];
	CHECK(getcwd(base, sizeof(base)) != NULL);
	CHECK_EQ(mkdir("top0", 0755), 0);
	CHECK_EQ(mkdir("shared", 0755), 0);
	for (int i = 0; i < WORKERS; i++) {
		CHECK_EQ(mkdir(name_of("top0/home%d", i), 0755), 0);
		CHECK_EQ(mkdir(name_of("place%d", i), 0755), 0);
		fds[i] = open(name_of("top0/home%d", i), O_RDONLY | O_DIRECTORY);
		CHECK(fds[i] >= 0);
	}
	CHECK_EQ(mkdir("place0/ball", 0755), 0);
	put_file("place0/ball/in");
	for (me = 0; me < WORKERS; me++) {
		for (int top = 0; top < 2; top++)
			snprintf(homes[top], sizeof(homes[top]), "%s/top%d/home%d", base, top, me);
		home_fd = fds[me];
		workers[me] = start_child(work);
	}
	for (int i = 0; i < WORKERS; i++) {
		CHECK_EQ(wait_for(workers[i]), 0);
		close(fds[i]);
	}

	/* Nothing is left over, and of the ball there is still one. */
	int balls = 0;
	for (int i = 0; i < WORKERS; i++) {
		struct stat st;
		const bool has_ball = access(name_of("place%d/ball/in", i), F_OK) == 0;
		CHECK_EQ(stat(name_of("place%d", i), &st), 0);
		CHECK_EQ(st.st_nlink, 2 + has_ball);
		balls += has_ball;
	}
	CHECK_EQ(balls, 1);
	CHECK_EQ(rmdir("shared"), 0);
	CHECK_EQ(access("top0/home0/mine", F_OK), 0);
}

int test_main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		TEST(what_is_on_the_way_may_change), TEST(an_exchange_is_one_step),
		TEST(a_rename_is_one_step),          TEST(a_directory_comes_with_its_parent),
		TEST(many_change_at_once),
	};
	return test_run(cases, ARRAY_SIZE(cases));
}
