/* SPDX-License-Identifier: MIT */
/*
 * What the kernel does at the press of a key, whatever the rest of the system is doing: Ctrl-O on
 * the console and a letter, or the letter written to /proc/sysrq-trigger by root. The letters are
 * Linux's. `h` lists them; docs/debugging.md tells more. sysrq=0 on the command line switches the
 * key off.
 */
#pragma once

/* After fs_init() and tty_init(). */
void sysrq_init(void);
