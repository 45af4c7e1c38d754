/* SPDX-License-Identifier: MIT */
/*
 * What the tests of fs/ share: a tmpfs mounted on /t, gone again after each test with everything in
 * it, and short forms of the calls. User memory is the test's own; addresses below 4096 are bad.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fs/file.h"
#include "fs/fs.h"
#include "fs/path.h"
#include "lib/abi/errno.h"
#include "lib/abi/fcntl.h"
#include "mm/pmm/pmm.h"
#include "mm/vmm/object.h"
#include "tests/host/shim/machine.h"

/* Of the test program, once: the root file system. */
int fs_group_setup(void **state);
int fs_group_teardown(void **state);
/* Of each test. The teardown wants every frame, object and lock back. */
int fs_setup(void **state);
int fs_teardown(void **state);

/* Root's rights, working directory /t; a test may change all of it. */
extern struct path_ctx ctx;
extern struct cred cred;

/* How often mappings were to be taken away, and the last range. */
extern unsigned shim_unmaps;
extern u64 shim_unmap_first, shim_unmap_end;

/* 0 or -errno. */
int make_dir(const char *path);
int make_file(const char *path, const char *content);
int make_link(const char *path, const char *target);
int remove_file(const char *path);
int remove_dir(const char *path);
int rename_to(const char *from, const char *to);
int exists(const char *path);
/* NULL: error. */
struct file *open_file(const char *path, u32 flags);
/* The content, up to 255 bytes, as a text in a static buffer; NULL: it cannot be opened. */
const char *content_of(const char *path);
struct kstat stat_of(const char *path);
/* An operation that a test does with bytes of its own. */
ssize_t read_bytes(struct file *f, void *buf, size_t len);
ssize_t write_bytes(struct file *f, const void *buf, size_t len);
