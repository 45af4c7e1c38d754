/* SPDX-License-Identifier: MIT */
/*
 * System calls about the life of processes: arguments are copied and checked here, then kernel/proc
 * acts. Ids and limits are in sys_cred.c, scheduling in sys_sched.c, signals and groups in
 * sys_signal.c.
 */
#include "generated/syscall_protos.h"

#include "arch/riscv/cpu/layout.h"
#include "arch/riscv/cpu/usercopy.h"
#include "fs/file.h"
#include "fs/path.h"
#include "kernel/proc/exec.h"
#include "kernel/proc/exec_args.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/fork.h"
#include "kernel/proc/process.h"
#include "kernel/proc/shutdown.h"
#include "kernel/proc/wait.h"
#include "kernel/syscall/sys_fs.h"
#include "lib/abi/errno.h"
#include "lib/abi/fcntl.h"
#include "lib/abi/futex.h"
#include "lib/abi/reboot.h"
#include "lib/abi/sched.h"
#include "lib/abi/wait.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/pmm/slab.h"

/* ---- who am I --------------------------------------------------------------------------- */

s64 sys_getpid(void)
{
	return process_current()->pid;
}

s64 sys_gettid(void)
{
	return task_current()->tid;
}

s64 sys_getppid(void)
{
	return READ_ONCE(process_current()->parent_pid);
}

s64 sys_set_tid_address(u64 tid)
{
	task_current()->clear_child_tid = tid;
	return task_current()->tid;
}

s64 sys_set_robust_list(u64 head, u64 size)
{
	if (size != sizeof(struct krobust_list_head))
		return -EINVAL;
	task_current()->robust_list = head;
	return 0;
}

/* Of task @tid, 0: the running one. */
static s64 robust_list_of(u32 tid, u64 *list)
{
	s64 result = -ESRCH;
	spin_lock(&process_tree_lock);
	struct task *t = tid != 0 ? task_find_locked(tid) : task_current();
	if (t != NULL) {
		spin_lock(&t->process->signals.lock);
		result = process_may_be_looked_at_locked(t->process) ? 0 : -EPERM;
		*list = READ_ONCE(t->robust_list);
		spin_unlock(&t->process->signals.lock);
	}
	spin_unlock(&process_tree_lock);
	return result;
}

s64 sys_get_robust_list(u64 tid, u64 head, u64 size)
{
	const u64 list_size = sizeof(struct krobust_list_head);
	u64 list;
	const s64 error = robust_list_of((u32)tid, &list);
	if (error != 0)
		return error;
	if (copy_to_user(size, &list_size, sizeof(list_size)) != 0 ||
	    copy_to_user(head, &list, sizeof(list)) != 0)
		return -EFAULT;
	return 0;
}

s64 sys_personality(u64 persona)
{
	return (u32)persona == PERSONALITY_GET || persona == PER_LINUX ? PER_LINUX : -EINVAL;
}

s64 sys_getrusage(u64 who, u64 rusage)
{
	struct krusage usage;
	const int error = process_usage((int)who, &usage);
	if (error != 0)
		return error;
	return copy_to_user(rusage, &usage, sizeof(usage)) == 0 ? 0 : -EFAULT;
}

/* ---- fork ------------------------------------------------------------------------------- */

/* RISC-V has tls before child_tid. */
s64 sys_clone(u64 flags, u64 stack, u64 parent_tid, u64 tls, u64 child_tid)
{
	const struct fork_args args = { .flags = (u32)flags & ~(u64)CSIGNAL,
					.exit_signal = (u32)flags & CSIGNAL,
					.stack = stack,
					.parent_tid = parent_tid,
					.child_tid = child_tid,
					.tls = tls };
	return process_fork(&args);
}

/* A later version's fields must be zero: they would mean something. */
static int read_clone_args(uaddr_t from, u64 size, struct clone_args *out)
{
	u8 more[64];
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	memset(out, 0, sizeof(*out));
	if (copy_from_user(out, from, MIN(size, sizeof(*out))) != 0)
		return -EFAULT;
	for (u64 at = sizeof(*out); at < size; at += sizeof(more)) {
		const size_t part = MIN(size - at, sizeof(more));
		if (copy_from_user(more, from + at, part) != 0)
			return -EFAULT;
		for (size_t i = 0; i < part; i++) {
			if (more[i] != 0)
				return -E2BIG;
		}
	}
	return 0;
}

s64 sys_clone3(u64 args, u64 size)
{
	struct clone_args wanted;
	const int error = read_clone_args(args, size, &wanted);
	if (error != 0)
		return error;
	if ((wanted.flags & (CSIGNAL | CLONE_DETACHED)) != 0 || wanted.exit_signal >= NSIG)
		return -EINVAL;
	/* Of the end of a thread nobody is told. */
	if ((wanted.flags & CLONE_THREAD) != 0 && wanted.exit_signal != 0)
		return -EINVAL;
	if (wanted.set_tid != 0 || wanted.set_tid_size != 0)
		return -EINVAL;
	if ((wanted.stack == 0) != (wanted.stack_size == 0))
		return -EINVAL;
	if (wanted.stack > USER_MAX || wanted.stack_size > USER_MAX - wanted.stack)
		return -EINVAL;
	const struct fork_args fork = { .flags = wanted.flags,
					.exit_signal = (u32)wanted.exit_signal,
					.stack = wanted.stack + wanted.stack_size,
					.parent_tid = wanted.parent_tid,
					.child_tid = wanted.child_tid,
					.tls = wanted.tls };
	return process_fork(&fork);
}

/* ---- exec ------------------------------------------------------------------------------- */

static s64 exec_with(const struct exec_request *request, uaddr_t argv, uaddr_t envp)
{
	struct exec_args args;
	exec_args_init(&args, process_current()->limits[RLIMIT_STACK].soft);
	int error = exec_args_read_user(&args, argv, envp);
	if (error == 0)
		error = process_exec(request, &args);
	exec_args_fini(&args);
	return error;
}

s64 sys_execve(u64 path, u64 argv, u64 envp)
{
	struct user_path name;
	const int len = user_path_get(&name, path, true);
	if (len < 0)
		return len;
	const struct exec_request request = { .path = name.text,
					      .name = name.text,
					      .name_len = (size_t)len,
					      .follow_last = true };
	const s64 result = exec_with(&request, argv, envp);
	user_path_put(&name);
	return result;
}

/* A name by which the program's interpreter could find it: /dev/fd/N or /dev/fd/N/path; its length
 * to *@len. */
static char *name_by_fd(int fd, const char *path, size_t *len)
{
	const size_t size = strlen("/dev/fd/2147483647/") + strlen(path) + 1;
	char *name = kmalloc(size);
	if (name != NULL)
		*len = (size_t)snprintf(name, size, "/dev/fd/%d%s%s", fd,
					path[0] != '\0' ? "/" : "", path);
	return name;
}

static s64 exec_by_fd(int fd, const char *path, u32 flags, uaddr_t argv, uaddr_t envp)
{
	struct file *f = fd_lookup(task_current()->files, fd);
	if (f == NULL)
		return -EBADF;
	s64 result = -ENOMEM;
	size_t name_len;
	char *name = name_by_fd(fd, path, &name_len);
	if (name != NULL) {
		const struct exec_request request = {
			.path = path,
			.start = f->inode,
			.file = path[0] == '\0' ? f : NULL,
			.name = name,
			.name_len = name_len,
			.name_is_lost = fd_get_cloexec(task_current()->files, fd) == 1,
			.follow_last = (flags & AT_SYMLINK_NOFOLLOW) == 0,
		};
		result = f->inode == NULL ? -EACCES : exec_with(&request, argv, envp);
		kfree(name);
	}
	file_put(f);
	return result;
}

s64 sys_execveat(u64 dir, u64 path, u64 argv, u64 envp, u64 flags)
{
	if ((flags & ~(u64)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) != 0)
		return -EINVAL;
	struct user_path name;
	const int len = user_path_get(&name, path, (flags & AT_EMPTY_PATH) != 0);
	if (len < 0)
		return len;
	s64 result;
	if (name.text[0] == '/' || ((int)dir == AT_FDCWD && name.text[0] != '\0')) {
		const struct exec_request request = {
			.path = name.text,
			.name = name.text,
			.name_len = (size_t)len,
			.follow_last = (flags & AT_SYMLINK_NOFOLLOW) == 0,
		};
		result = exec_with(&request, argv, envp);
	} else {
		result = exec_by_fd((int)dir, name.text, (u32)flags, argv, envp);
	}
	user_path_put(&name);
	return result;
}

/* ---- the end ---------------------------------------------------------------------------- */

s64 sys_exit(u64 status)
{
	task_exit(wait_status_exited((u32)status));
}

s64 sys_exit_group(u64 status)
{
	process_exit(wait_status_exited((u32)status));
}

static bool reboot_magic_is_right(u64 magic, u64 magic2)
{
	return (u32)magic == LINUX_REBOOT_MAGIC1 &&
	       ((u32)magic2 == LINUX_REBOOT_MAGIC2 || (u32)magic2 == LINUX_REBOOT_MAGIC2A ||
		(u32)magic2 == LINUX_REBOOT_MAGIC2B || (u32)magic2 == LINUX_REBOOT_MAGIC2C);
}

s64 sys_reboot(u64 magic, u64 magic2, u64 command, u64 arg)
{
	(void)arg; /* RESTART2's text is for firmware that understands it */
	if (cred_current()->euid != 0)
		return -EPERM;
	if (!reboot_magic_is_right(magic, magic2))
		return -EINVAL;
	switch ((u32)command) {
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		return 0; /* there is no such key on a serial line */
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
		system_shutdown(SHUTDOWN_REBOOT);
	case LINUX_REBOOT_CMD_HALT:
		system_shutdown(SHUTDOWN_HALT);
	case LINUX_REBOOT_CMD_POWER_OFF:
		system_shutdown(SHUTDOWN_POWER_OFF);
	default:
		return -EINVAL;
	}
}

/* ---- wait ------------------------------------------------------------------------------- */

/* To @at, unless that is 0. */
static bool put_rusage(uaddr_t at, const struct wait_report *r)
{
	struct krusage usage;
	if (at == 0)
		return true;
	wait_report_usage(r, &usage);
	return copy_to_user(at, &usage, sizeof(usage)) == 0;
}

/* ABI: 0 stands for what is not wanted. */
static bool can_be_told(uaddr_t at, size_t len_bytes, uaddr_t rusage)
{
	return (at == 0 || user_can_be_written(at, len_bytes)) &&
	       (rusage == 0 || user_can_be_written(rusage, sizeof(struct krusage)));
}

/*
 * process_wait(), but what cannot be told is not taken: Linux would have reaped the child. Where it
 * can be by the time there is something to tell, it is taken as by everybody else.
 */
static int wait_and_take(const struct wait_args *args, uaddr_t at, size_t len_bytes, uaddr_t rusage,
			 struct wait_report *r)
{
	if (unlikely(!can_be_told(at, len_bytes, rusage))) {
		struct wait_args look = *args;
		look.options |= WNOWAIT;
		const int error = process_wait(&look, r);
		if (error != 0 || r->pid == 0)
			return error;
		if (!can_be_told(at, len_bytes, rusage))
			return -EFAULT;
	}
	return process_wait(args, r);
}

static u32 own_group(void)
{
	spin_lock(&process_tree_lock);
	const u32 pgid = process_current()->pgid;
	spin_unlock(&process_tree_lock);
	return pgid;
}

s64 sys_wait4(u64 pid, u64 status, u64 options, u64 rusage)
{
	const u64 known = WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;
	const s32 which = (s32)pid;
	if (((u32)options & ~known) != 0)
		return -EINVAL;
	if (which == INT32_MIN)
		return -ESRCH;
	struct wait_args args = { .type = P_ALL, .options = (u32)options | WEXITED };
	if (which > 0) {
		args.type = P_PID;
		args.id = (u32)which;
	} else if (which != -1) {
		args.type = P_PGID;
		args.id = which == 0 ? own_group() : (u32)-which;
	}
	struct wait_report r;
	const int error = wait_and_take(&args, status, sizeof(u32), rusage, &r);
	if (error != 0 || r.pid == 0)
		return error;
	if (!put_rusage(rusage, &r) || (status != 0 && put_user_u32(status, r.status) != 0))
		return -EFAULT;
	return r.pid;
}

static int put_waitid(const struct wait_report *r, uaddr_t at, uaddr_t rusage)
{
	struct siginfo info;
	memset(&info, 0, sizeof(info));
	if (r->pid != 0) {
		info.si_signo = SIGCHLD;
		info.si_pid = (s32)r->pid;
		info.si_uid = r->uid;
		info.si_code = wait_status_code(r->status, &info.si_status);
		if (!put_rusage(rusage, r))
			return -EFAULT;
	}
	return at != 0 && copy_to_user(at, &info, sizeof(info)) != 0 ? -EFAULT : 0;
}

s64 sys_waitid(u64 type, u64 id, u64 info, u64 options, u64 rusage)
{
	const u64 events = WEXITED | WSTOPPED | WCONTINUED;
	const u64 known = events | WNOHANG | WNOWAIT | __WNOTHREAD | __WCLONE | __WALL;
	if (((u32)options & ~known) != 0 || ((u32)options & events) == 0)
		return -EINVAL;
	struct wait_args args = { .type = (s32)type, .id = (u32)id, .options = (u32)options };
	switch (args.type) {
	case P_ALL:
		break;
	case P_PID:
		if ((s32)id <= 0)
			return -EINVAL;
		break;
	case P_PGID:
		if ((s32)id < 0)
			return -EINVAL;
		if (args.id == 0)
			args.id = own_group();
		break;
	case P_PIDFD: /* no descriptor is one */
		return (s32)id < 0 ? -EINVAL : -EBADF;
	default:
		return -EINVAL;
	}
	struct wait_report r;
	const int error = wait_and_take(&args, info, sizeof(struct siginfo), rusage, &r);
	return error != 0 ? error : put_waitid(&r, info, rusage);
}

/* ---- unsharing -------------------------------------------------------------------------- */

#define CLONE_NAMESPACES                                                              \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | \
	 CLONE_NEWNET | CLONE_NEWTIME)
/* What threads share cannot be had alone while there are others. */
#define UNSHARE_OF_THREADS (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)

/*
 * There are no namespaces: root is told so, as by a Linux without them. Descriptors are the one
 * thing that can be unshared; directories and umask belong to the process, whose threads share them
 * for good.
 */
s64 sys_unshare(u64 flags)
{
	const u64 known = CLONE_NAMESPACES | CLONE_NEWUSER | UNSHARE_OF_THREADS | CLONE_FS |
			  CLONE_FILES | CLONE_SYSVSEM;
	if ((flags & ~known) != 0)
		return -EINVAL;
	if ((flags & (UNSHARE_OF_THREADS | CLONE_FS)) != 0 &&
	    READ_ONCE(process_current()->live_count) != 1)
		return -EINVAL;
	if ((flags & CLONE_NEWUSER) != 0)
		return -EINVAL;
	if ((flags & CLONE_NAMESPACES) != 0)
		return cred_current()->euid == 0 ? -EINVAL : -EPERM;
	return (flags & CLONE_FILES) != 0 ? task_unshare_files() : 0;
}
