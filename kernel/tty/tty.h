/* SPDX-License-Identifier: MIT */
/*
 * Terminals: interactive programs' end of a serial port. ldisc.h turns key presses into lines,
 * tty_core.h moves bytes, tty_job.h knows the session, tty_io.h and tty_ioctl.h serve the files.
 */
#pragma once

/*
 * Make the console's port a terminal: /dev/console, /dev/tty and its own name (/dev/ttyS0).
 * Context: boot, once, when drivers are bound and deferred work runs. From now on what is typed is
 * kept.
 */
void tty_init(void);
