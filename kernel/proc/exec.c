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
#include "lib/abi/mman.h"
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

static u64 vdso_bytes(void)
{
	return page_align_up((u64)(vdso_end - vdso_start));
}

void exec_init(void)
{
	vdso_object = vm_object_create_image(vdso_start, vdso_bytes() >> PAGE_SHIFT);
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
	struct elf_image program;
	struct fd_table *files; /* a table of its own, if the old one may be shared */
	struct aspace *aspace;
	uaddr_t interpreter_bias; /* 0: there is no interpreter */
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

/* @f, the caller's reference, is what is executed instead of x->file, if it may be; nobody may
 * write it from here on. */
static int take_file(struct exec *x, struct file *f)
{
	int error = check_executable(x, f);
	if (error == 0)
		error = inode_deny_write(f->inode);
	if (error != 0) {
		file_put(f);
		return error;
	}
	process_put_exe(x->file);
	x->file = f;
	return 0;
}

/* Open @path for its inode alone: no right to read is needed, and no device is woken. */
static int open_program(struct exec *x, struct inode *start, const char *path, bool follow_last)
{
	struct file *f;
	const u32 flags = O_PATH | O_CLOEXEC | (follow_last ? 0 : O_NOFOLLOW);
	const int error = path_open(&x->paths, start, path, flags, 0, &f);
	return error != 0 ? error : take_file(x, f);
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
	return take_file(x, f);
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
		if (error == 0 && x->request->name_is_lost)
			error = -ENOENT;
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

static int map_vdso(struct aspace *as, uaddr_t at)
{
	const struct map_args args = {
		.addr = at,
		.len_bytes = vdso_bytes(),
		.prot = PROT_READ | PROT_EXEC,
		.max_prot = PROT_READ | PROT_EXEC,
		.object = vdso_object,
	};
	as->vdso = at;
	return aspace_build(as, &args);
}

/* @image, which has just been mapped, gets the place of the vDSO if it is linked to that. */
static int give_way(struct aspace *as, const struct elf_image *image)
{
	if (likely(image->layout.end + image->bias <= as->vdso ||
		   image->layout.start + image->bias >= as->vdso + vdso_bytes()))
		return 0;
	uaddr_t at;
	const int error = aspace_find_room(as, vdso_bytes(), &at);
	return error != 0 ? error : map_vdso(as, at);
}

/* Where the program begins is the interpreter's from here on. */
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
	struct elf_image interpreter = { .segments = NULL };
	error = check_executable(x, f);
	if (error == 0) {
		file_name_mapping(f, x->paths.root);
		error = head_get(&head, f->inode);
	}
	if (error == 0)
		error = elf_image_read(&interpreter, f->inode, head.bytes, head.len_bytes);
	head_put(&head);
	/* Whatever is wrong with it, the program cannot run. */
	if (error == -ENOEXEC)
		error = -ELIBBAD;
	if (error == 0)
		error = elf_image_map(&interpreter, f->inode, x->aspace, 0);
	if (error == 0)
		error = give_way(x->aspace, &interpreter);
	x->interpreter_bias = interpreter.bias;
	x->entry = elf_image_entry(&interpreter);
	elf_image_fini(&interpreter);
	file_put(f); /* the regions hold what they need */
	return error;
}

static int load_images(struct exec *x)
{
	file_name_mapping(x->file, x->paths.root);
	const bool is_fixed = x->program.header.e_type == ET_EXEC;
	int error =
		elf_image_map(&x->program, x->file->inode, x->aspace, is_fixed ? 0 : PROGRAM_BASE);
	if (error == 0)
		error = give_way(x->aspace, &x->program);
	if (error != 0)
		return error;
	const uaddr_t heap = page_align_up(x->program.layout.brk_start + x->program.bias);
	x->aspace->brk_start = heap;
	x->aspace->brk_end = heap;
	x->entry = elf_image_entry(&x->program);
	return x->program.layout.interp != NULL ? load_interpreter(x) : 0;
}

/* What the program is told besides its arguments, all but its stack being there. */
static void say_auxv(struct auxv_entry *first, const void *exec)
{
	struct auxv_entry *to = first;
	const struct exec *x = exec;
	const struct elf_image *program = &x->program;
	const uaddr_t headers = program->layout.phdr_vaddr;
	const struct cred *cred = cred_current();
	*to++ = (struct auxv_entry){ AT_SYSINFO_EHDR, x->aspace->vdso };
	*to++ = (struct auxv_entry){ AT_MINSIGSTKSZ, sizeof(struct rt_sigframe) };
	*to++ = (struct auxv_entry){ AT_HWCAP, HWCAP_RV64GC };
	*to++ = (struct auxv_entry){ AT_PAGESZ, PAGE_SIZE };
	*to++ = (struct auxv_entry){ AT_CLKTCK, CLOCK_TICKS_PER_SECOND };
	*to++ = (struct auxv_entry){ AT_PHDR, headers != 0 ? headers + program->bias : 0 };
	*to++ = (struct auxv_entry){ AT_PHENT, sizeof(struct elf_segment) };
	*to++ = (struct auxv_entry){ AT_PHNUM, program->header.e_phnum };
	*to++ = (struct auxv_entry){ AT_BASE, x->interpreter_bias };
	*to++ = (struct auxv_entry){ AT_FLAGS, 0 };
	*to++ = (struct auxv_entry){ AT_ENTRY, elf_image_entry(program) };
	*to++ = (struct auxv_entry){ AT_UID, cred->uid };
	*to++ = (struct auxv_entry){ AT_EUID, x->euid };
	*to++ = (struct auxv_entry){ AT_GID, cred->gid };
	*to++ = (struct auxv_entry){ AT_EGID, x->egid };
	*to++ = (struct auxv_entry){ AT_SECURE, x->is_secure };
	DEBUG_ASSERT(to - first == EXEC_AUXV_SAID);
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
		.exec_name_bytes = x->request->name_len + 1,
		.is_executable = x->program.layout.wants_executable_stack,
		.limit_bytes = p->limits[RLIMIT_STACK].soft,
	};
	/* The vDSO where mmap begins, and first, so that nobody need look for room. */
	exec_stack_place(x->aspace, &stack);
	int error = map_vdso(x->aspace, x->aspace->mmap_top - vdso_bytes());
	if (error == 0)
		error = exec_stack_map(x->aspace, &stack);
	if (error == 0)
		error = load_images(x);
	if (error != 0)
		return error;
	error = exec_stack_fill(x->aspace, &stack, say_auxv, x);
	x->sp = stack.sp;
	/* The program need not begin with a fault; where it begins nowhere, it will see. */
	const int no_entry = error == 0 ? aspace_build_page(x->aspace, x->entry, ACCESS_EXEC) : 0;
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

/* The running thread is called as the program at @path, @len long: the last component, cut as in
 * Linux. */
static void name_thread(struct thread *t, const char *path, size_t len)
{
	const char *const end = path + len;
	const char *base = end;
	while (base != path && base[-1] != '/')
		base--;
	const size_t part = MIN((size_t)(end - base), sizeof(t->name) - 1);
	memcpy(t->name, base, part);
	t->name[part] = '\0';
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
	name_thread(t, x->request->name, x->request->name_len);
	trap_frame_init_user(thread_user_frame(&t->arch), x->entry, x->sp);
	fpu_reset(&t->arch);
	trace_name(TRACE_EXEC, x->euid, t->name);
}

/* Also of a half-built one. */
static void exec_fini(struct exec *x)
{
	elf_image_fini(&x->program);
	head_put(&x->head);
	process_put_exe(x->file);
	if (x->files != NULL)
		fd_table_put(x->files);
	if (x->aspace != NULL)
		aspace_put(x->aspace);
}

int process_exec(const struct exec_request *request, struct exec_args *args)
{
	struct exec x; /* what is not here is set before it is looked at */
	x.request = request;
	x.args = args;
	x.paths = task_paths();
	x.file = NULL;
	x.head.page = NULL;
	x.program.segments = NULL;
	x.files = NULL;
	x.aspace = NULL;
	x.interpreter_bias = 0;
	int error = prepare(&x);
	if (error == 0)
		error = leave_others(&x);
	if (error == 0)
		exec_commit(&x);
	exec_fini(&x);
	return error;
}
