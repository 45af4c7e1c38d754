// SPDX-License-Identifier: MIT
/*
 * Linked behind the program's other files: libc's variables come after these, and so begin at the
 * same place of a page however many the program has. Otherwise one more variable here might spread
 * what libc writes in fork() over one more page, which then would be copied and counted.
 */
#define PAGE_BYTES 4096
/* With it, what glibc 2.36 writes lies in as few pages as can be. */
#define LIBC_OFFSET 0x120

__attribute__((used, aligned(PAGE_BYTES))) static char layout_page[LIBC_OFFSET];
