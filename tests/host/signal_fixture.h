/* SPDX-License-Identifier: MIT */
/* What the tests of signals share: a scheduler that only takes note, and two processes. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"
#include "lib/abi/errno.h"
#include "tests/host/shim/machine.h"

#define HANDLER 0x10000UL

extern nsec_t now;
/* How often a queue of waiters was woken. */
extern unsigned wakes;

/* `own` runs, in own_thread; a second thread joins it when a test wants one. */
extern struct thread own_thread, second_thread, other_thread;
extern struct task own_task, second_task, other_task;
extern struct process own, other;

/* Of each test. The teardown wants every object and lock back. */
int setup(void **state);
int teardown(void **state);
/* @t, run by @thread, becomes one of @p's. */
void join(struct process *p, struct task *t, struct thread *thread);

/* @t, which runs, and @p as at their ends. */
void close_task(struct task *t);
void close_process(struct process *p);

/* The running process' action for @sig. */
void handle(int sig, u64 flags);
void ignore(int sig);
/* To `own`. */
void send(int sig);
int send_value(int sig, u64 value);
/* The signal that the running thread takes next, its handler's work done; 0: none. */
int take(void);
