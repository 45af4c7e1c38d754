// SPDX-License-Identifier: MIT
/*
 * exec. Everything that can fail happens beside the running program: the file is opened and
 * checked, `#!` lines are followed, and a new address space is built to the last byte of its stack.
 * Then the other threads of the process end, and then comes the point of no return, exec_commit(),
 * in which nothing can fail. So a bad image leaves the caller intact, whatever is bad about it.
 *
 * Where a fixed address is not asked for, a program stands at two thirds of the address space, as
 * in Linux, and its heap right behind it; interpreter, vDSO and mmap come down from below the
 * stack. Nothing is randomised.
 *
 * Locks: none across the whole; process_tree_lock and signals.lock for the fields that others look
 * at.
 */
#include "kernel/proc/exec.h"

#include "arch/riscv/cpu/fpu.h"
#include "arch/riscv/cpu/layout.h"
#include "arch/riscv/cpu/trap_frame.h"
#include "fs/file.h"
#include "fs/filemap.h"
#include "fs/fs.h"
#include "fs/path.h"
#include "kernel/core/printk.h"
#include "kernel/core/trace.h"
#include "kernel/proc/exec_args.h"
#include "kernel/proc/exec_load.h"
#include "kernel/proc/exec_script.h"
#include "kernel/proc/exec_stack.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/process.h"
#include "kernel/proc/rlimit.h"
#include "kernel/proc/strace.h"
#include "lib/abi/errno.h"
#include "lib/abi/fcntl.h"
#include "lib/abi/mount.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

/* Two thirds of the user half, on a page: what position-independent programs are linked to like. */
#define PROGRAM_BASE 0x2aaaaaa000UL
static_assert(PROGRAM_BASE < USER_MAX, "inside the user half");

#define CLOCK_TICKS_PER_SECOND 100
#define HWCAP_RV64GC                                                                          \
	(HWCAP_ISA('I') | HWCAP_ISA('M') | HWCAP_ISA('A') | HWCAP_ISA('F') | HWCAP_ISA('D') | \
	 HWCAP_ISA('C'))

/* arch/riscv/entry/vdso: the image that every program gets. */
extern const u8 vdso_start[], vdso_end[];

/* One exec in progress: what has been built and is not the process' yet. */
struct exec {
	const struct exec_request *request;
	struct exec_args *args;
	struct path_ctx paths;
	struct file *file; /* the program: not the script */
	char *exe_path;
	struct cred cred;
	bool is_secure; /* other rights than the caller's: AT_SECURE */
	struct elf_image program, interpreter;
	struct fd_table *files; /* a table of its own, if the old one may be shared */
	struct aspace *aspace;
	uaddr_t entry, sp;
};

/* ---- the file --------------------------------------------------------------------------- */

static int check_executable(const struct exec *x, const struct file *f)
{
	const struct inode *inode = f->inode;
	if (inode == NULL)
		return -EACCES;
	if ((inode->mode & S_IFMT) == S_IFLNK)
		return -ELOOP;
	if ((inode->mode & S_IFMT) != S_IFREG || inode->object == NULL)
		return -EACCES;
	if ((inode->fs->flags & MS_NOEXEC) != 0)
		return -EACCES;
	return inode_permission(inode, x->paths.cred, X_OK);
}

static void put_file(struct exec *x)
{
	if (x->file == NULL)
		return;
	inode_allow_write(x->file->inode);
	file_put(x->file);
}

/* @f is what is executed instead of x->file, if it may be; nobody may write it from here on. */
static int take_file(struct exec *x, struct file *f)
{
	int error = check_executable(x, f);
	if (error == 0)
		error = inode_deny_write(f->inode);
	if (error != 0)
		return error;
	put_file(x);
	file_get(f);
	x->file = f;
	return 0;
}

/* Open @path for its inode alone: no right to read is needed, and no device is woken. */
static int open_program(struct exec *x, struct inode *start, const char *path, bool follow_last)
{
	struct file *f;
	const u32 flags = O_PATH | O_CLOEXEC | (follow_last ? 0 : O_NOFOLLOW);
	int error = path_open(&x->paths, start, path, flags, 0, &f);
	if (error != 0)
		return error;
	error = take_file(x, f);
	file_put(f);
	return error;
}

static int open_requested(struct exec *x)
{
	const struct exec_request *r = x->request;
	if (r->file == NULL)
		return open_program(x, r->start, r->path, r->follow_last);
	return take_file(x, r->file);
}

/* Read the beginning of x->file into @head, zeros behind its end. Bytes of the file, or -errno. */
static ssize_t read_head(const struct exec *x, char head[EXEC_HEAD_BYTES])
{
	memset(head, 0, EXEC_HEAD_BYTES);
	return exec_read(x->file->inode, head, EXEC_HEAD_BYTES, 0);
}

/*
 * Follow `#!` lines until x->file is no script, leaving its first bytes in @head. Bytes read, or
 * -errno.
 */
static ssize_t follow_scripts(struct exec *x, char head[EXEC_HEAD_BYTES])
{
	/* The path by which each script is known to its interpreter. */
	const char *name = x->request->name;
	char *name_copy = NULL;
	ssize_t n = read_head(x, head);
	for (int depth = 0; n >= 0 && exec_script_is(head); depth++) {
		struct exec_script script;
		int error = depth == EXEC_SCRIPT_DEPTH ? -ELOOP : exec_script_parse(head, &script);
		if (error == 0)
			error = exec_args_put_interpreter(x->args, script.interpreter,
							  script.argument, name);
		if (error == 0)
			error = open_program(x, NULL, script.interpreter, true);
		if (error != 0) {
			n = error;
			break;
		}
		/* The next head overwrites this one. */
		kfree(name_copy);
		const size_t size = strlen(script.interpreter) + 1;
		name_copy = kmalloc(size);
		if (name_copy == NULL) {
			n = -ENOMEM;
			break;
		}
		memcpy(name_copy, script.interpreter, size);
		name = name_copy;
		n = read_head(x, head);
	}
	kfree(name_copy);
	return n;
}

/* setuid and setgid bits, and saved ids. */
static void choose_cred(struct exec *x)
{
	const struct inode *inode = x->file->inode;
	const u32 mode = inode->mode;
	x->cred = *cred_current();
	if ((inode->fs->flags & MS_NOSUID) == 0 && !x->cred.no_new_privs) {
		if ((mode & S_ISUID) != 0)
			x->cred.euid = inode->uid;
		if ((mode & S_ISGID) != 0 && (mode & S_IXGRP) != 0)
			x->cred.egid = inode->gid;
	}
	x->cred.suid = x->cred.euid;
	x->cred.sgid = x->cred.egid;
	x->is_secure = x->cred.euid != x->cred.uid || x->cred.egid != x->cred.gid;
}

/* ---- the new memory --------------------------------------------------------------------- */

static int load_interpreter(struct exec *x)
{
	char *path;
	int error = elf_image_interpreter(&x->program, x->file->inode, &path);
	if (error != 0)
		return error;
	struct file *f;
	error = path_open(&x->paths, NULL, path, O_PATH | O_CLOEXEC, 0, &f);
	kfree(path);
	if (error != 0)
		return error;
	char head[sizeof(struct elf_header)];
	ssize_t n = 0;
	error = check_executable(x, f);
	if (error == 0) {
		filemap_set_path(f->inode->object, f->path);
		n = exec_read(f->inode, head, sizeof(head), 0);
		error = n < 0 ? (int)n : 0;
	}
	if (error == 0)
		error = elf_image_read(&x->interpreter, f->inode, head, (size_t)n);
	/* Whatever is wrong with it, the program cannot run. */
	if (error == -ENOEXEC)
		error = -ELIBBAD;
	if (error == 0)
		error = elf_image_map(&x->interpreter, f->inode, x->aspace, 0);
	file_put(f); /* the regions hold what they need */
	return error;
}

static int load_images(struct exec *x)
{
	filemap_set_path(x->file->inode->object, x->file->path);
	const bool is_fixed = x->program.header.e_type == ET_EXEC;
	int error =
		elf_image_map(&x->program, x->file->inode, x->aspace, is_fixed ? 0 : PROGRAM_BASE);
	if (error != 0)
		return error;
	const uaddr_t heap = page_align_up(x->program.layout.brk_start + x->program.bias);
	x->aspace->brk_start = heap;
	x->aspace->brk_end = heap;
	if (x->program.layout.interp == NULL) {
		x->entry = elf_image_entry(&x->program);
		return 0;
	}
	error = load_interpreter(x);
	if (error == 0)
		x->entry = elf_image_entry(&x->interpreter);
	return error;
}

static void fill_auxv(const struct exec *x, struct exec_stack *s)
{
	const struct elf_image *program = &x->program;
	const uaddr_t headers = program->layout.phdr_vaddr;
	exec_stack_add_aux(s, AT_SYSINFO_EHDR, x->aspace->vdso);
	exec_stack_add_aux(s, AT_MINSIGSTKSZ, sizeof(struct rt_sigframe));
	exec_stack_add_aux(s, AT_HWCAP, HWCAP_RV64GC);
	exec_stack_add_aux(s, AT_PAGESZ, PAGE_SIZE);
	exec_stack_add_aux(s, AT_CLKTCK, CLOCK_TICKS_PER_SECOND);
	exec_stack_add_aux(s, AT_PHDR, headers != 0 ? headers + program->bias : 0);
	exec_stack_add_aux(s, AT_PHENT, sizeof(struct elf_segment));
	exec_stack_add_aux(s, AT_PHNUM, program->header.e_phnum);
	exec_stack_add_aux(s, AT_BASE, x->interpreter.bias);
	exec_stack_add_aux(s, AT_FLAGS, 0);
	exec_stack_add_aux(s, AT_ENTRY, elf_image_entry(program));
	exec_stack_add_aux(s, AT_UID, x->cred.uid);
	exec_stack_add_aux(s, AT_EUID, x->cred.euid);
	exec_stack_add_aux(s, AT_GID, x->cred.gid);
	exec_stack_add_aux(s, AT_EGID, x->cred.egid);
	exec_stack_add_aux(s, AT_SECURE, x->is_secure);
}

static int build_memory(struct exec *x)
{
	const struct process *p = process_current();
	x->aspace = aspace_create();
	if (x->aspace == NULL)
		return -ENOMEM;
	rlimit_apply(x->aspace, p->limits);

	struct exec_stack stack;
	stack.args = x->args;
	stack.exec_name = x->request->name;
	stack.is_executable = x->program.layout.wants_executable_stack;
	stack.limit_bytes = p->limits[RLIMIT_STACK].soft;
	stack.auxv_count = 0;
	/* The stack first: it says where mmap may begin. */
	int error = exec_stack_map(x->aspace, &stack);
	if (error == 0)
		error = load_images(x);
	if (error == 0) {
		uaddr_t vdso;
		const size_t pages = page_align_up((u64)(vdso_end - vdso_start)) >> PAGE_SHIFT;
		error = aspace_map_vdso(x->aspace, vdso_start, pages, &vdso);
	}
	if (error == 0) {
		fill_auxv(x, &stack);
		error = exec_stack_fill(x->aspace, &stack, &x->sp);
	}
	return error;
}

/* ---- from one to the other -------------------------------------------------------------- */

/* What the commit would otherwise have to allocate. */
static int prepare_rest(struct exec *x)
{
	const struct process *p = process_current();
	const char *path = x->file->path != NULL ? x->file->path : x->request->path;
	/* Reached through /proc/self/exe, the file came without a name, but it has one. */
	if (x->file->path == NULL && x->file->inode == p->exe && p->exe_path != NULL)
		path = p->exe_path;
	const size_t size = strlen(path) + 1;
	x->exe_path = kmalloc(size);
	if (x->exe_path == NULL)
		return -ENOMEM;
	memcpy(x->exe_path, path, size);
	return 0;
}

/*
 * The other threads end. What they might have shared the table of files with is known then; memory
 * for a copy may be missing, and the caller goes on alone.
 */
static int leave_others(struct exec *x)
{
	const int error = process_become_single();
	if (error != 0)
		return error;
	struct fd_table *files = task_current()->files;
	if (!fd_table_is_shared(files))
		return 0;
	x->files = fd_table_clone(files);
	return x->files != NULL ? 0 : -ENOMEM;
}

static int prepare(struct exec *x)
{
	char head[EXEC_HEAD_BYTES];
	int error = open_requested(x);
	if (error != 0)
		return error;
	const ssize_t n = follow_scripts(x, head);
	if (n < 0)
		return (int)n;
	error = elf_image_read(&x->program, x->file->inode, head, (size_t)n);
	if (error != 0)
		return error;
	choose_cred(x);
	error = build_memory(x);
	return error != 0 ? error : prepare_rest(x);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

static void swap_files(struct process *p, struct exec *x)
{
	struct task *t = task_current();
	inode_get(x->file->inode);
	(void)inode_deny_write(x->file->inode); /* x->file does already */
	spin_lock(&p->signals.lock);
	struct inode *old_exe = p->exe;
	p->exe = x->file->inode;
	char *old_path = p->exe_path;
	p->exe_path = x->exe_path;
	struct fd_table *old_files = NULL;
	if (x->files != NULL) {
		old_files = t->files;
		t->files = x->files;
	}
	spin_unlock(&p->signals.lock);
	x->exe_path = NULL;
	x->files = NULL;
	process_put_exe(old_exe);
	kfree(old_path);
	if (old_files != NULL)
		fd_table_put(old_files);
	fd_table_close_on_exec(t->files);
}

/* The point of no return. Nothing here can fail. */
static void exec_commit(struct exec *x)
{
	struct process *p = process_current();
	struct thread *t = thread_current();
	spin_lock(&process_tree_lock);
	p->has_execed = true;
	p->exit_signal = SIGCHLD; /* whatever clone was told */
	if (x->is_secure)
		p->parent_death_signal = 0;
	spin_unlock(&process_tree_lock);
	/* The rights first: who may not look at a program with these finds nothing of it. */
	spin_lock(&p->signals.lock);
	t->task->cred = x->cred;
	spin_unlock(&p->signals.lock);
	if (x->is_secure)
		strace_drop(p);
	process_replace_memory(x->aspace);
	x->aspace = NULL;
	swap_files(p, x);
	signal_state_exec();
	(void)strlcpy(t->name, base_name(x->request->name), sizeof(t->name)); /* cut as in Linux */
	trap_frame_init_user(thread_user_frame(&t->arch), x->entry, x->sp);
	fpu_reset(&t->arch);
	trace_name(TRACE_EXEC, t->task->cred.euid, t->name);
}

/* Also of a half-built one. */
static void exec_fini(struct exec *x)
{
	elf_image_fini(&x->program);
	elf_image_fini(&x->interpreter);
	put_file(x);
	if (x->files != NULL)
		fd_table_put(x->files);
	if (x->aspace != NULL)
		aspace_put(x->aspace);
	kfree(x->exe_path);
}

int process_exec(const struct exec_request *request, struct exec_args *args)
{
	struct exec x = { .request = request, .args = args, .paths = task_paths() };
	int error = prepare(&x);
	if (error == 0)
		error = leave_others(&x);
	if (error == 0)
		exec_commit(&x);
	exec_fini(&x);
	return error;
}
