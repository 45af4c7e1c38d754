/* SPDX-License-Identifier: MIT */
/*
 * Compares our ABI headers with the Linux headers of the cross compiler (riscv64, 6.1 or newer).
 * This file is compiled with these headers and never linked; it is right if it compiles.
 *
 * First come Linux' headers, and each value is kept as LINUX_<name>. Then ours replace the macros,
 * and each is compared. Structures of the same name are renamed while Linux' are read.
 */

#define clone_args  linux_clone_args
#define ktermios    linux_ktermios
#define sigaltstack linux_sigaltstack
#define sigcontext  linux_sigcontext
#define siginfo     linux_siginfo
#define ucontext    linux_ucontext
#define winsize     linux_winsize

#include <stddef.h>

#include <linux/types.h>

#include <asm/hwcap.h>
#include <asm/sigcontext.h>
#include <asm/signal.h>
#include <asm/socket.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <asm/ucontext.h>
#include <linux/auxvec.h>
#include <linux/close_range.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/ioprio.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/personality.h>
#include <linux/poll.h>
#include <linux/prctl.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/serial.h>
#include <linux/signal.h>
#include <linux/stat.h>
#include <linux/sysinfo.h>
#include <linux/termios.h>
#include <linux/time.h>
#include <linux/times.h>
#include <linux/uio.h>
#include <linux/un.h>
#include <linux/utsname.h>
#include <linux/wait.h>

#undef clone_args
#undef ktermios
#undef sigaltstack
#undef sigcontext
#undef siginfo
#undef ucontext
#undef winsize

/* An enum of its own for each, as no type has room for all values. */
#define LINUX(name) enum { LINUX_##name = name };
#define OURS(name)
#include "kernel/syscall/abi_names.inc"
#undef LINUX

/* Linux spells the members of siginfo as macros: keep where they lead, then drop them. */
#define SIGINFO_AT(member) __builtin_offsetof(struct linux_siginfo, member)
enum {
	LINUX_AT_si_pid = SIGINFO_AT(si_pid),
	LINUX_AT_si_uid = SIGINFO_AT(si_uid),
	LINUX_AT_si_tid = SIGINFO_AT(si_tid),
	LINUX_AT_si_overrun = SIGINFO_AT(si_overrun),
	LINUX_AT_si_status = SIGINFO_AT(si_status),
	LINUX_AT_si_utime = SIGINFO_AT(si_utime),
	LINUX_AT_si_stime = SIGINFO_AT(si_stime),
	LINUX_AT_si_value = SIGINFO_AT(si_value),
	LINUX_AT_si_addr = SIGINFO_AT(si_addr),
	LINUX_AT_si_addr_lsb = SIGINFO_AT(si_addr_lsb),
	LINUX_AT_si_band = SIGINFO_AT(si_band),
	LINUX_AT_si_fd = SIGINFO_AT(si_fd),
	LINUX_AT_si_call_addr = SIGINFO_AT(si_call_addr),
	LINUX_AT_si_syscall = SIGINFO_AT(si_syscall),
	LINUX_AT_si_arch = SIGINFO_AT(si_arch),
};
#undef si_pid
#undef si_uid
#undef si_tid
#undef si_overrun
#undef si_status
#undef si_utime
#undef si_stime
#undef si_value
#undef si_addr
#undef si_addr_lsb
#undef si_band
#undef si_fd
#undef si_call_addr
#undef si_syscall
#undef si_arch

#include "kernel/syscall/abi_check_ours.h"

#define LINUX(name) static_assert((u64)LINUX_##name == (u64)(name), #name);
#include "kernel/syscall/abi_names.inc"

/* Those whose names or forms differ. */
static_assert((u64)SIG_DFL == 0 && (u64)SIG_IGN == 1, "SIG_DFL, SIG_IGN");
static_assert(NSIG == _NSIG + 1, "NSIG");
static_assert(UTS_LEN == __NEW_UTS_LEN, "UTS_LEN");
static_assert(FD_SETSIZE == __FD_SETSIZE, "FD_SETSIZE");
static_assert(DT_LNK == S_IFLNK >> 12 && DT_SOCK == S_IFSOCK >> 12 && DT_FIFO == S_IFIFO >> 12 &&
		      DT_CHR == S_IFCHR >> 12 && DT_DIR == S_IFDIR >> 12 &&
		      DT_BLK == S_IFBLK >> 12 && DT_REG == S_IFREG >> 12,
	      "DT_*");
static_assert(HWCAP_ISA('I') == COMPAT_HWCAP_ISA_I && HWCAP_ISA('C') == COMPAT_HWCAP_ISA_C,
	      "HWCAP_ISA");

#define SIGINFO(member) \
	static_assert(offsetof(struct siginfo, member) == LINUX_AT_##member, #member)
SIGINFO(si_pid);
SIGINFO(si_uid);
SIGINFO(si_tid);
SIGINFO(si_overrun);
SIGINFO(si_status);
SIGINFO(si_utime);
SIGINFO(si_stime);
SIGINFO(si_value);
SIGINFO(si_addr);
SIGINFO(si_addr_lsb);
SIGINFO(si_band);
SIGINFO(si_fd);
SIGINFO(si_call_addr);
SIGINFO(si_syscall);
SIGINFO(si_arch);

/* Same size; and, member by member, same place and size. */
#define SIZE(ours, theirs) static_assert(sizeof(ours) == sizeof(theirs), #ours)
#define MEMBER_2(ours, member, theirs, their_member)                                              \
	static_assert(offsetof(ours, member) == offsetof(theirs, their_member) &&                 \
			      sizeof(((ours *)0)->member) == sizeof(((theirs *)0)->their_member), \
		      #ours "." #member)
#define MEMBER(ours, theirs, member) MEMBER_2(ours, member, theirs, member)

SIZE(struct user_siginfo, struct linux_siginfo);
MEMBER(struct siginfo, struct linux_siginfo, si_signo);
MEMBER(struct siginfo, struct linux_siginfo, si_errno);
MEMBER(struct siginfo, struct linux_siginfo, si_code);

SIZE(struct ksigaction, struct sigaction);
MEMBER_2(struct ksigaction, handler, struct sigaction, sa_handler);
MEMBER_2(struct ksigaction, flags, struct sigaction, sa_flags);
MEMBER_2(struct ksigaction, mask, struct sigaction, sa_mask);

SIZE(struct sigaltstack, struct linux_sigaltstack);
MEMBER(struct sigaltstack, struct linux_sigaltstack, ss_sp);
MEMBER(struct sigaltstack, struct linux_sigaltstack, ss_flags);
MEMBER(struct sigaltstack, struct linux_sigaltstack, ss_size);

SIZE(struct sigcontext, struct linux_sigcontext);
MEMBER_2(struct sigcontext, gregs, struct linux_sigcontext, sc_regs);
MEMBER_2(struct sigcontext, gregs[2], struct linux_sigcontext, sc_regs.sp);
MEMBER_2(struct sigcontext, gregs[31], struct linux_sigcontext, sc_regs.t6);
MEMBER_2(struct sigcontext, fpregs, struct linux_sigcontext, sc_fpregs);
MEMBER_2(struct sigcontext, fpregs.d.fcsr, struct linux_sigcontext, sc_fpregs.d.fcsr);
MEMBER_2(struct sigcontext, fpregs.q.reserved, struct linux_sigcontext, sc_fpregs.q.reserved);

SIZE(struct ucontext, struct linux_ucontext);
MEMBER(struct ucontext, struct linux_ucontext, uc_flags);
MEMBER(struct ucontext, struct linux_ucontext, uc_link);
MEMBER(struct ucontext, struct linux_ucontext, uc_stack);
MEMBER(struct ucontext, struct linux_ucontext, uc_sigmask);
MEMBER(struct ucontext, struct linux_ucontext, uc_mcontext);

SIZE(struct kstat, struct stat);
MEMBER(struct kstat, struct stat, st_dev);
MEMBER(struct kstat, struct stat, st_ino);
MEMBER(struct kstat, struct stat, st_mode);
MEMBER(struct kstat, struct stat, st_nlink);
MEMBER(struct kstat, struct stat, st_uid);
MEMBER(struct kstat, struct stat, st_gid);
MEMBER(struct kstat, struct stat, st_rdev);
MEMBER(struct kstat, struct stat, st_size);
MEMBER(struct kstat, struct stat, st_blksize);
MEMBER(struct kstat, struct stat, st_blocks);
MEMBER(struct kstat, struct stat, st_atime);
MEMBER(struct kstat, struct stat, st_atime_nsec);
MEMBER(struct kstat, struct stat, st_mtime);
MEMBER(struct kstat, struct stat, st_mtime_nsec);
MEMBER(struct kstat, struct stat, st_ctime);
MEMBER(struct kstat, struct stat, st_ctime_nsec);

SIZE(struct kstatfs, struct statfs64);
MEMBER(struct kstatfs, struct statfs64, f_type);
MEMBER(struct kstatfs, struct statfs64, f_bsize);
MEMBER(struct kstatfs, struct statfs64, f_blocks);
MEMBER(struct kstatfs, struct statfs64, f_bfree);
MEMBER(struct kstatfs, struct statfs64, f_bavail);
MEMBER(struct kstatfs, struct statfs64, f_files);
MEMBER(struct kstatfs, struct statfs64, f_ffree);
MEMBER(struct kstatfs, struct statfs64, f_fsid);
MEMBER(struct kstatfs, struct statfs64, f_namelen);
MEMBER(struct kstatfs, struct statfs64, f_frsize);
MEMBER(struct kstatfs, struct statfs64, f_flags);

SIZE(struct kstatx, struct statx);
MEMBER(struct kstatx, struct statx, stx_mask);
MEMBER(struct kstatx, struct statx, stx_blksize);
MEMBER(struct kstatx, struct statx, stx_attributes);
MEMBER(struct kstatx, struct statx, stx_nlink);
MEMBER(struct kstatx, struct statx, stx_uid);
MEMBER(struct kstatx, struct statx, stx_gid);
MEMBER(struct kstatx, struct statx, stx_mode);
MEMBER(struct kstatx, struct statx, stx_ino);
MEMBER(struct kstatx, struct statx, stx_size);
MEMBER(struct kstatx, struct statx, stx_blocks);
MEMBER(struct kstatx, struct statx, stx_attributes_mask);
MEMBER(struct kstatx, struct statx, stx_atime);
MEMBER(struct kstatx, struct statx, stx_btime);
MEMBER(struct kstatx, struct statx, stx_ctime);
MEMBER(struct kstatx, struct statx, stx_mtime);
MEMBER(struct kstatx, struct statx, stx_rdev_major);
MEMBER(struct kstatx, struct statx, stx_rdev_minor);
MEMBER(struct kstatx, struct statx, stx_dev_major);
MEMBER(struct kstatx, struct statx, stx_dev_minor);
MEMBER(struct kstatx, struct statx, stx_mnt_id);
MEMBER(struct kstatx_timestamp, struct statx_timestamp, tv_nsec);

SIZE(struct ktermios, struct termios);
MEMBER(struct ktermios, struct termios, c_iflag);
MEMBER(struct ktermios, struct termios, c_oflag);
MEMBER(struct ktermios, struct termios, c_cflag);
MEMBER(struct ktermios, struct termios, c_lflag);
MEMBER(struct ktermios, struct termios, c_line);
MEMBER(struct ktermios, struct termios, c_cc);
SIZE(struct ktermios2, struct termios2);
MEMBER(struct ktermios2, struct termios2, c_ispeed);
MEMBER(struct ktermios2, struct termios2, c_ospeed);
SIZE(struct winsize, struct linux_winsize);
MEMBER(struct winsize, struct linux_winsize, ws_row);
MEMBER(struct winsize, struct linux_winsize, ws_col);

SIZE(struct clone_args, struct linux_clone_args);
MEMBER(struct clone_args, struct linux_clone_args, exit_signal);
MEMBER(struct clone_args, struct linux_clone_args, stack);
MEMBER(struct clone_args, struct linux_clone_args, tls);
MEMBER(struct clone_args, struct linux_clone_args, cgroup);

SIZE(struct krusage, struct rusage);
MEMBER(struct krusage, struct rusage, ru_stime);
MEMBER(struct krusage, struct rusage, ru_maxrss);
MEMBER(struct krusage, struct rusage, ru_minflt);
MEMBER(struct krusage, struct rusage, ru_nvcsw);
MEMBER(struct krusage, struct rusage, ru_nivcsw);

SIZE(struct ksysinfo, struct sysinfo);
MEMBER(struct ksysinfo, struct sysinfo, uptime);
MEMBER(struct ksysinfo, struct sysinfo, loads);
MEMBER(struct ksysinfo, struct sysinfo, totalram);
MEMBER(struct ksysinfo, struct sysinfo, freeswap);
MEMBER(struct ksysinfo, struct sysinfo, procs);
MEMBER(struct ksysinfo, struct sysinfo, totalhigh);
MEMBER(struct ksysinfo, struct sysinfo, mem_unit);

SIZE(struct kutsname, struct new_utsname);
MEMBER(struct kutsname, struct new_utsname, machine);
MEMBER(struct kutsname, struct new_utsname, domainname);

SIZE(struct ktimespec, struct __kernel_timespec);
SIZE(struct ktimeval, struct timeval);
SIZE(struct kitimerspec, struct __kernel_itimerspec);
SIZE(struct kitimerval, struct itimerval);
MEMBER(struct kitimerval, struct itimerval, it_value);
SIZE(struct ktimezone, struct timezone);
SIZE(struct ktms, struct tms);
SIZE(struct kpollfd, struct pollfd);
MEMBER(struct kpollfd, struct pollfd, revents);
SIZE(struct kepoll_event, struct epoll_event);
MEMBER(struct kepoll_event, struct epoll_event, data);
SIZE(struct kserial_struct, struct serial_struct);
MEMBER(struct kserial_struct, struct serial_struct, iomem_base);
SIZE(struct kflock, struct flock);
MEMBER(struct kflock, struct flock, l_start);
MEMBER(struct kflock, struct flock, l_pid);
SIZE(struct krobust_list_head, struct robust_list_head);
MEMBER(struct krobust_list_head, struct robust_list_head, futex_offset);
