// SPDX-License-Identifier: MIT
/*
 * PID 1: its process is made here instead of by fork, in group and session 0 as in Linux, so that
 * its own setsid() works. Its thread opens the console, tries the programs that may be init, and
 * enters user mode as the first that can be run; when none can there is nothing this system could
 * do.
 */
#include "kernel/proc/process.h"

#include "arch/riscv/cpu/trap_frame.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "fs/path.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/panic.h"
#include "kernel/core/printk.h"
#include "kernel/proc/exec.h"
#include "kernel/proc/exec_args.h"
#include "lib/abi/errno.h"
#include "lib/abi/fcntl.h"
#include "lib/string.h"

#define STDIO_COUNT     3
#define INIT_PATH_BYTES 128

static const char *const default_programs[] = { "/sbin/init", "/etc/init", "/bin/init", "/bin/sh" };
/* What a program may rely on; the command line comes after and so wins with programs that take the
 * last. */
static const char *const default_environment[] = {
	"HOME=/",
	"TERM=linux",
	"PATH=/sbin:/bin:/usr/sbin:/usr/bin",
};

/* Words of the command line that the kernel does not know. */
struct words {
	struct exec_args *args;
	bool wants_environment; /* of the two passes this is the second */
	int error;
};

static void add_word(const char *word, bool is_environment, void *arg)
{
	struct words *w = arg;
	if (w->error == 0 && is_environment == w->wants_environment)
		w->error = exec_args_add(w->args, word, is_environment);
}

static int add_words(struct exec_args *args, bool is_environment)
{
	struct words w = { .args = args, .wants_environment = is_environment };
	cmdline_for_each_unknown(add_word, &w);
	return w.error;
}

static int build_args(struct exec_args *args, const char *path)
{
	int error = exec_args_add(args, path, false);
	if (error == 0)
		error = add_words(args, false);
	for (size_t i = 0; i < ARRAY_SIZE(default_environment) && error == 0; i++)
		error = exec_args_add(args, default_environment[i], true);
	return error != 0 ? error : add_words(args, true);
}

static int run(const char *path)
{
	struct exec_args args;
	exec_args_init(&args, process_current()->limits[RLIMIT_STACK].soft);
	int error = build_args(&args, path);
	if (error == 0) {
		const struct exec_request request = { .path = path,
						      .name = path,
						      .name_len = strlen(path),
						      .follow_last = true };
		error = process_exec(&request, &args);
	}
	exec_args_fini(&args);
	if (error == 0)
		pr_info("init: running %s\n", path);
	else if (error != -ENOENT)
		pr_err("init: %s cannot be run: error %d\n", path, -error);
	return error;
}

/* Become init, or stop the machine saying what is missing. */
static void run_some_init(void)
{
	char path[INIT_PATH_BYTES] = "/init";
	const bool early_wanted = cmdline_get("rdinit", path, sizeof(path));
	if (run(path) == 0)
		return;
	if (early_wanted)
		pr_warn("init: rdinit=%s cannot be run, trying others\n", path);
	if (cmdline_get("init", path, sizeof(path))) {
		if (run(path) == 0)
			return;
		panic("no init found: init=%s cannot be run; does the root file system have it?",
		      path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(default_programs); i++) {
		if (run(default_programs[i]) == 0)
			return;
	}
	panic("no init found: put one at /sbin/init, or name it with init=");
}

/* Standard input, output and error. Without a console init runs all the same, as in Linux. */
static void open_console(struct process *p)
{
	const struct path_ctx paths = task_paths();
	for (int fd = 0; fd < STDIO_COUNT; fd++) {
		struct file *f;
		int error = path_open(&paths, NULL, "/dev/console", O_RDWR | O_NOCTTY, 0, &f);
		if (error == 0)
			error = (int)fd_install(p->leader->files, f, 0, false, STDIO_COUNT);
		if (error < 0) {
			pr_warn("init: no /dev/console (error %d)\n", -error);
			return;
		}
	}
}

static void init_main(void *arg)
{
	open_console(arg);
	run_some_init();
	trap_return_to_user();
}

static enum fork_mode fork_mode_wanted(enum fork_mode built_in)
{
	char mode[16];
	if (!cmdline_get("fork", mode, sizeof(mode)))
		return built_in;
	if (strcmp(mode, "copy") == 0)
		return FORK_COPY;
	if (strcmp(mode, "page") == 0)
		return FORK_PAGE;
	if (strcmp(mode, "table") == 0)
		return FORK_TABLE;
	pr_warn("fork=%s is not known: use copy, page or table\n", mode);
	return built_in;
}

void process_start_init(void)
{
	struct process *p = process_create();
	struct thread *thread = NULL;
	if (p != NULL) {
		process_init_limits(p);
		cpu_timers_init(&p->cpu_timers);
		inode_get(fs_root());
		p->root = fs_root();
		inode_get(fs_root());
		p->cwd = fs_root();
		p->umask = 022;
		p->fork_mode = fork_mode_wanted(p->fork_mode);
		p->leader->files = fd_table_create();
		thread = thread_create("init", init_main, p);
	}
	if (p == NULL || p->leader->files == NULL || thread == NULL)
		panic("no memory for PID 1");
	task_set_thread(p->leader, thread);
	if (process_publish(p, NULL) != 0 || p->pid != PID_INIT)
		panic("the first process is not PID 1");
	process_init_process = p;
	task_start(p->leader);
}
