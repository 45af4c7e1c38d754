/* SPDX-License-Identifier: MIT */
/* Reading, writing and polling a terminal: the file_ops of that name. */
#pragma once

#include "fs/file.h"

ssize_t tty_read(struct file *f, struct uio u, u64 *pos);
ssize_t tty_write(struct file *f, struct uio u, u64 *pos);
u32 tty_poll(struct file *f, struct poll_table *table);
