// SPDX-License-Identifier: MIT
/*
 * What no session may do, with the reasons: it would end or change the system, rightly so, and with
 * it the test. All else is allowed, to root too. What a name stands for is not looked at: a call
 * that changes what names stand for gets only names of the session's own directory, which is a file
 * system of its own, so no link leads out of it.
 */
#include "user/fuzz/sysfuzz.h"

#include <asm/unistd.h>
#include <sys/stat.h>

/* Newer than the oldest toolchain's headers. */
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif

/* Process ids that nobody has, so that they may be sent to. */
#define PID_NOBODY  0x1000000
#define PRIO_USER   2
#define AT_FDCWD    (-100)
#define OPEN_CHANGE 020001103 /* O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_TMPFILE */

/* Calls that need no look at their arguments. */
static bool is_forbidden(const struct call *call)
{
	switch (call->number) {
	case __NR_kexec_load: /* another kernel */
	case __NR_kexec_file_load:
	case __NR_init_module:
	case __NR_finit_module:
	case __NR_delete_module:
	case __NR_pivot_root: /* everybody's root */
	case __NR_vhangup:    /* everybody's terminal */
	case __NR_swapon:
	case __NR_swapoff:
	case __NR_quotactl:
	case __NR_acct:
	case __NR_ptrace: /* holds others */
		return true;
	default:
		return false;
	}
}

bool filter_changes_names(const struct call *call)
{
	switch (call->number) {
	case __NR_mknodat:
	case __NR_mkdirat:
	case __NR_unlinkat:
	case __NR_symlinkat: /* its target too, for it may be followed */
	case __NR_linkat:
	case __NR_umount2:
	case __NR_mount:
	case __NR_truncate:
	case __NR_fchmodat:
	case __NR_fchmodat2:
	case __NR_fchownat:
	case __NR_utimensat:
	case __NR_renameat2:
	case __NR_chdir: /* what is made next is made there */
	case __NR_chroot:
	case __NR_execve: /* only our own programs end quickly and do no harm */
	case __NR_execveat:
	case __NR_setxattr:
	case __NR_lsetxattr:
		return true;
	default:
		return false;
	}
}

/* ---- descriptors ------------------------------------------------------------------------ */

/* st_dev and st_mode of @fd in @st; false: there is no such descriptor. */
static bool fd_stat(uint64_t fd, struct stat *st)
{
	return raw_call(__NR_fstat, fd, (uint64_t)st, 0, 0, 0, 0) == 0;
}

/* Is @fd of the session's own file system, or nothing, or no file with a name at all? */
static bool fd_is_own(const struct session *s, uint64_t fd)
{
	struct stat st;
	if ((int)fd == AT_FDCWD || !fd_stat(fd, &st))
		return true;
	return st.st_dev == s->device;
}

/* Terminals belong to who watches the test: what a session types or takes there is missing, or too
 * much. */
static bool fd_is_terminal(uint64_t fd)
{
	struct stat st;
	char termios[64];
	return fd_stat(fd, &st) && S_ISCHR(st.st_mode) &&
	       raw_call(__NR_ioctl, fd, 0x5401, (uint64_t)termios, 0, 0, 0) == 0;
}

static bool any_directory_is_foreign(const struct session *s, const struct call *call,
				     const uint64_t args[CALL_ARGUMENTS])
{
	for (unsigned i = 0; i < call->count; i++)
		if (call->kinds[i] == KIND_DIRFD && !fd_is_own(s, args[i]))
			return true;
	return false;
}

/* Calls that change what the first argument, a descriptor, stands for; or that read, write or set
 * the terminal it is. */
static bool descriptor_is_allowed(const struct session *s, const struct call *call,
				  const uint64_t args[CALL_ARGUMENTS])
{
	switch (call->number) {
	case __NR_fchdir:
	case __NR_fchmod:
	case __NR_fchown:
	case __NR_fchmodat:
	case __NR_fchownat:
	case __NR_utimensat:
	case __NR_ftruncate:
	case __NR_fallocate:
		return fd_is_own(s, args[0]);
	case __NR_read:
	case __NR_readv:
	case __NR_pread64:
	case __NR_preadv:
	case __NR_preadv2:
	case __NR_write:
	case __NR_writev:
	case __NR_pwrite64:
	case __NR_pwritev:
	case __NR_pwritev2:
	case __NR_ioctl:
		return !fd_is_terminal(args[0]);
	case __NR_sendfile:
	case __NR_splice:
	case __NR_copy_file_range:
		return !fd_is_terminal(args[0]) && !fd_is_terminal(args[1]) &&
		       !fd_is_terminal(args[2]);
	default:
		return true;
	}
}

/* ---- processes -------------------------------------------------------------------------- */

/* Signals, limits and priorities of others: init may halt the system on a signal, and kill(-1) is
 * for everybody. */
static bool pid_is_allowed(const struct session *s, uint64_t pid)
{
	const int id = (int)pid;
	const int own = (int)raw_call(__NR_getpid, 0, 0, 0, 0, 0, 0);
	if (id == 0 || id == own || id == -own)
		return true;
	if (s->last_child > 0 && id == (int)s->last_child)
		return true;
	return id > PID_NOBODY || id < -PID_NOBODY;
}

static bool process_is_allowed(const struct session *s, const struct call *call,
			       const uint64_t args[CALL_ARGUMENTS])
{
	switch (call->number) {
	case __NR_kill:
	case __NR_tkill:
	case __NR_rt_sigqueueinfo:
	case __NR_prlimit64:
	case __NR_sched_setaffinity:
	case __NR_sched_setparam:
	case __NR_sched_setscheduler:
	case __NR_setpgid:
		return pid_is_allowed(s, args[0]);
	case __NR_tgkill:
	case __NR_rt_tgsigqueueinfo:
		return pid_is_allowed(s, args[0]) && pid_is_allowed(s, args[1]);
	case __NR_setpriority: /* of all processes of root */
		return (int)args[0] != PRIO_USER && (int)args[1] <= 0;
	case __NR_clone:
	case __NR_clone3: /* a bomb would be a test of something else */
		return s->depth < DEPTH_MAX;
	default:
		return true;
	}
}

/* ---- the rest --------------------------------------------------------------------------- */

/* Files elsewhere may be opened, but for reading only. */
static bool open_is_allowed(const struct session *s, const uint64_t args[CALL_ARGUMENTS])
{
	if ((args[2] & OPEN_CHANGE) == 0)
		return true;
	return argument_is_own_name(args[1]) && fd_is_own(s, args[0]);
}

bool filter_allows(const struct session *s, const struct call *call,
		   const uint64_t args[CALL_ARGUMENTS])
{
	if (is_forbidden(call))
		return false;
	if (filter_changes_names(call) && any_directory_is_foreign(s, call, args))
		return false;
	switch (call->number) {
	case __NR_reboot:
		return (uint32_t)args[0] != 0xfee1deac;
	case __NR_syslog: /* the console is where faults are reported */
		return (int)args[0] < 4 || (int)args[0] > 8;
	case __NR_openat:
		return open_is_allowed(s, args);
	default:
		return descriptor_is_allowed(s, call, args) && process_is_allowed(s, call, args);
	}
}
