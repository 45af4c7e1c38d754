/* SPDX-License-Identifier: MIT */
/* Pipes and FIFOs. */
#pragma once

#include "fs/file.h"

#define PIPE_BYTES (64U << 10) /* what a pipe holds */

/* Once. 0 or -ENOMEM. */
int pipe_init(void);
/* A program's write put some bytes in and then lost the last reader: what it is told besides their
 * number. Installed at boot by who knows programs. */
extern void (*pipe_cut_short_hook)(void);
/*
 * Open a FIFO (an inode of type S_IFIFO, of any file system; also a pipe reached through
 * /proc/N/fd) for
 * @f, waiting for the other side as POSIX has it. On an error the caller puts @f all the same,
 * which undoes what was done. -ENXIO, -EINTR, -ENOMEM.
 */
int fifo_open(struct inode *inode, struct file *f);
