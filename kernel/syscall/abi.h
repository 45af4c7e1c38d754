/* SPDX-License-Identifier: MIT */
/*
 * The whole ABI in one include: numbers and structures that programs and the kernel agree on. They
 * are the riscv64 ones of Linux; abi_check.c compares each with the headers of the tool chain.
 */
#pragma once

#include "lib/abi/auxv.h"
#include "lib/abi/dirent.h"
#include "lib/abi/errno.h"
#include "lib/abi/fcntl.h"
#include "lib/abi/futex.h"
#include "lib/abi/ioctl.h"
#include "lib/abi/ioprio.h"
#include "lib/abi/limits.h"
#include "lib/abi/magic.h"
#include "lib/abi/mman.h"
#include "lib/abi/mount.h"
#include "lib/abi/poll.h"
#include "lib/abi/prctl.h"
#include "lib/abi/random.h"
#include "lib/abi/reboot.h"
#include "lib/abi/resource.h"
#include "lib/abi/sched.h"
#include "lib/abi/serial.h"
#include "lib/abi/signal.h"
#include "lib/abi/socket.h"
#include "lib/abi/stat.h"
#include "lib/abi/sysinfo.h"
#include "lib/abi/syslog.h"
#include "lib/abi/termios.h"
#include "lib/abi/time.h"
#include "lib/abi/uio.h"
#include "lib/abi/uname.h"
#include "lib/abi/wait.h"
