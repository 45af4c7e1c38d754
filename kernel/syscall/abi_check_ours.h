/* SPDX-License-Identifier: MIT */
/*
 * For abi_check.c only. As a "system header" this may define anew what Linux' headers have defined,
 * with the same value spelled differently; the compiler would warn otherwise.
 */
#pragma once
#pragma GCC system_header

#include "kernel/syscall/abi.h"
