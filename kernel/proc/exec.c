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
#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/filemap.h"
#include "fs/fs.h"
#include "fs/path.h"
#include "kernel/core/panic.h"
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
#include "mm/pmm/pmm.h"
#include "mm/pmm/slab.h"
#include "mm/vmm/object.h"

/* Two thirds of the user half, on a page: what position-independent programs are linked to like. */
#define PROGRAM_BASE 0x2aaaaaa000UL
static_assert(PROGRAM_BASE < USER_MAX, "inside the user half");

#define CLOCK_TICKS_PER_SECOND 100
#define HWCAP_RV64GC                                                                          \
	(HWCAP_ISA('I') | HWCAP_ISA('M') | HWCAP_ISA('A') | HWCAP_ISA('F') | HWCAP_ISA('D') | \
	 HWCAP_ISA('C'))

/* arch/riscv/entry/vdso: the image that every program gets. */
extern const u8 vdso_start[], vdso_end[];

/* Set once at boot: that image, for all. */
static struct vm_object *vdso_object;

static size_t vdso_pages(void)
{
	return page_align_up((u64)(vdso_end - vdso_start)) >> PAGE_SHIFT;
}

void exec_init(void)
{
	vdso_object = vm_object_create_image(vdso_start, vdso_pages());
	if (vdso_object == NULL)
		panic("no memory for the vDSO");
}

/* The beginning of a file, as it stands in the page cache: what somebody may be writing, so that
 * what is checked is a copy. */
struct exec_head {
	struct page *page; /* counted; NULL: none */
	const char *bytes;
	size_t len_bytes;
};

/* One exec in progress: what has been built and is not the process' yet. */
struct exec {
	const struct exec_request *request;
	struct exec_args *args;
	struct path_ctx paths;
	struct file *file;     /* the program: not the script */
	struct exec_head head; /* its beginning */
	u32 euid, egid;
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

/* @f is what is executed instead of x->file, if it may be; nobody may write it from here on. */
static int take_file(struct exec *x, struct file *f)
{
	int error = check_executable(x, f);
	if (error == 0)
		error = inode_deny_write(f->inode);
	if (error != 0)
		return error;
	process_put_exe(x->file);
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
	/* A file of its own: the caller's lives on in whatever holds it, locks and all. */
	inode_get(r->file->inode);
	struct file *f = file_create(&file_path_ops, r->file->inode, O_PATH, NULL);
	if (f == NULL)
		return -ENOMEM;
	f->path = file_path_alloc(r->file, x->paths.root); /* without one, /proc lacks it */
	const int error = take_file(x, f);
	file_put(f);
	return error;
}

static void head_put(struct exec_head *head)
{
	if (head->page != NULL)
		pmm_put(head->page);
	*head = (struct exec_head){ .page = NULL };
}

/* @inode's instead of what @head was. */
static int head_get(struct exec_head *head, const struct inode *inode)
{
	struct vm_object *o = inode->object;
	const u64 size = filemap_size(o);
	head_put(head);
	const int error = size != 0 ? filemap_hold_page(o, 0, &head->page) : 0;
	if (error != 0 || size == 0)
		return error;
	head->bytes = page_to_virt(head->page);
	head->len_bytes = MIN(size, PAGE_SIZE);
	return 0;
}

/* Follow `#!` lines until x->file, whose first page is x->head, is no script. */
static int follow_scripts(struct exec *x)
{
	/* The path by which each script is known to its interpreter. */
	const char *name = x->request->name;
	char *name_copy = NULL;
	int error = head_get(&x->head, x->file->inode);
	for (int depth = 0; error == 0 && exec_script_is(x->head.bytes, x->head.len_bytes);
	     depth++) {
		char line[EXEC_SCRIPT_BYTES] = { 0 };
		struct exec_script script;
		memcpy(line, x->head.bytes, MIN(x->head.len_bytes, sizeof(line)));
		error = depth == EXEC_SCRIPT_DEPTH ? -ELOOP : exec_script_parse(line, &script);
		if (error == 0)
			error = exec_args_put_interpreter(x->args, script.interpreter,
							  script.argument, name);
		if (error == 0)
			error = open_program(x, NULL, script.interpreter, true);
		if (error != 0)
			break;
		/* The next line overwrites this one. */
		kfree(name_copy);
		const size_t size = strlen(script.interpreter) + 1;
		name_copy = kmalloc(size);
		if (name_copy == NULL) {
			error = -ENOMEM;
			break;
		}
		memcpy(name_copy, script.interpreter, size);
		name = name_copy;
		error = head_get(&x->head, x->file->inode);
	}
	kfree(name_copy);
	return error;
}

/* setuid and setgid bits. */
static void choose_cred(struct exec *x)
{
	const struct inode *inode = x->file->inode;
	const u32 mode = inode->mode;
	const struct cred *cred = cred_current();
	x->euid = cred->euid;
	x->egid = cred->egid;
	if ((inode->fs->flags & MS_NOSUID) == 0 && !cred->no_new_privs) {
		if ((mode & S_ISUID) != 0)
			x->euid = inode->uid;
		if ((mode & S_ISGID) != 0 && (mode & S_IXGRP) != 0)
			x->egid = inode->gid;
	}
	x->is_secure = x->euid != cred->uid || x->egid != cred->gid;
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
	struct exec_head head = { .page = NULL };
	error = check_executable(x, f);
	if (error == 0) {
		file_name_mapping(f, x->paths.root);
		error = head_get(&head, f->inode);
	}
	if (error == 0)
		error = elf_image_read(&x->interpreter, f->inode, head.bytes, head.len_bytes);
	head_put(&head);
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
	file_name_mapping(x->file, x->paths.root);
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

/* What the program is told besides its arguments, all but the memory being there. */
static int fill_stack(struct exec *x, struct exec_stack *s)
{
	const struct elf_image *program = &x->program;
	const uaddr_t headers = program->layout.phdr_vaddr;
	const struct cred *cred = cred_current();
	const struct auxv_entry auxv[] = {
		{ AT_SYSINFO_EHDR, x->aspace->vdso },
		{ AT_MINSIGSTKSZ, sizeof(struct rt_sigframe) },
		{ AT_HWCAP, HWCAP_RV64GC },
		{ AT_PAGESZ, PAGE_SIZE },
		{ AT_CLKTCK, CLOCK_TICKS_PER_SECOND },
		{ AT_PHDR, headers != 0 ? headers + program->bias : 0 },
		{ AT_PHENT, sizeof(struct elf_segment) },
		{ AT_PHNUM, program->header.e_phnum },
		{ AT_BASE, x->interpreter.bias },
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, elf_image_entry(program) },
		{ AT_UID, cred->uid },
		{ AT_EUID, x->euid },
		{ AT_GID, cred->gid },
		{ AT_EGID, x->egid },
		{ AT_SECURE, x->is_secure },
	};
	static_assert(ARRAY_SIZE(auxv) <= EXEC_AUXV_MAX, "exec_stack_map() leaves room");
	s->auxv = auxv;
	s->auxv_count = ARRAY_SIZE(auxv);
	return exec_stack_fill(x->aspace, s, &x->sp);
}

static int build_memory(struct exec *x)
{
	const struct process *p = process_current();
	x->aspace = aspace_create();
	if (x->aspace == NULL)
		return -ENOMEM;
	rlimit_apply(x->aspace, p->limits);

	struct exec_stack stack = {
		.args = x->args,
		.exec_name = x->request->name,
		.exec_name_bytes = strlen(x->request->name) + 1,
		.is_executable = x->program.layout.wants_executable_stack,
		.limit_bytes = p->limits[RLIMIT_STACK].soft,
	};
	/* The stack first: it says where mmap may begin. */
	int error = exec_stack_map(x->aspace, &stack);
	if (error == 0)
		error = load_images(x);
	if (error == 0) {
		uaddr_t vdso;
		error = aspace_map_vdso(x->aspace, vdso_object, vdso_pages(), &vdso);
	}
	if (error != 0)
		return error;
	error = fill_stack(x, &stack);
	/* The program need not begin with a fault; where it begins nowhere, it will see. */
	const int no_entry = error == 0 ? aspace_fault(x->aspace, x->entry, ACCESS_EXEC) : 0;
	(void)no_entry;
	return error;
}

/* ---- from one to the other -------------------------------------------------------------- */

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
	int error = open_requested(x);
	if (error == 0)
		error = follow_scripts(x);
	if (error == 0)
		error = elf_image_read(&x->program, x->file->inode, x->head.bytes,
				       x->head.len_bytes);
	if (error != 0)
		return error;
	choose_cred(x);
	return build_memory(x);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

static void swap_files(struct process *p, struct exec *x)
{
	struct task *t = task_current();
	spin_lock(&p->signals.lock);
	struct file *old_exe = p->exe;
	p->exe = x->file;
	struct fd_table *old_files = NULL;
	if (x->files != NULL) {
		old_files = t->files;
		t->files = x->files;
	}
	spin_unlock(&p->signals.lock);
	x->file = NULL;
	x->files = NULL;
	process_put_exe(old_exe);
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
	struct cred *cred = &t->task->cred;
	cred->euid = cred->suid = x->euid;
	cred->egid = cred->sgid = x->egid;
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
	trace_name(TRACE_EXEC, x->euid, t->name);
}

/* Also of a half-built one. */
static void exec_fini(struct exec *x)
{
	elf_image_fini(&x->program);
	elf_image_fini(&x->interpreter);
	head_put(&x->head);
	process_put_exe(x->file);
	if (x->files != NULL)
		fd_table_put(x->files);
	if (x->aspace != NULL)
		aspace_put(x->aspace);
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
