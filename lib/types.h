/* SPDX-License-Identifier: MIT */
/*
 * The scalar types every file uses. A type carries its unit or its kind of address; an address that
 * belongs to a user program is an integer here and so can never be dereferenced by accident.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* <assert.h> belongs to a C library, and the kernel has none. */
#ifndef HOST_TEST
#define static_assert _Static_assert
typedef s64 ssize_t;
#else
#include <assert.h>
#include <sys/types.h>
#endif

typedef u64 paddr_t; /* physical address, bytes */
typedef u64 vaddr_t; /* kernel virtual address, bytes */
typedef u64 uaddr_t; /* user virtual address, bytes; reached only by arch/riscv/cpu/usercopy.h */
typedef u64 pfn_t;   /* page frame number: paddr_t >> PAGE_SHIFT */
typedef u64 nsec_t;  /* nanoseconds */

static_assert(sizeof(void *) == 8, "Heifer is a 64-bit kernel");
