/* SPDX-License-Identifier: MIT */
/* What boot needs of the device tree before drivers exist. */
#pragma once

#include "lib/fdt.h"

/* The tree the firmware passed; valid for ever once boot_tree_open() returned. */
extern struct fdt boot_tree;

/* Stop with one line that says what is wrong: the tree cannot be booted from. */
__printf(1, 2) __noreturn void boot_stop(const char *format, ...);

/* Check the tree. Stops if there is none or it is damaged. */
void boot_tree_open(void);
/* /chosen/bootargs, "" if there are none. */
const char *boot_tree_command_line(void);
/* Tell memblock of RAM below @limit, reservations, the image, the tree itself and the loader's
 * initramfs, if it lies where an initramfs can. Stops if there is no RAM. */
void boot_tree_memory(paddr_t limit);
/* The loader's initramfs (linux,initrd-start and -end), both 0 if there is none. Physical. */
void boot_tree_initrd(paddr_t *start, paddr_t *end);
/* /chosen/rng-seed; NULL: none. */
const void *boot_tree_rng_seed(size_t *len_bytes);
