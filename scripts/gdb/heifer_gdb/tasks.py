# SPDX-License-Identifier: MIT
"""Threads: who there is, where they are, what they hold."""

import gdb

from heifer_gdb import slabs, unwind
from heifer_gdb.kernel import (KSTACK_SIZE, KernelCommand, address_of, enum_name, harts, has_field, kernel_view,
                               place, pointer, read_words, text, usage, variable)

STACK_PATTERN = 0xA7A7A7A7A7A7A7A7


def threads():
    """Every struct thread there is, by address; the boot hart's idle thread stands in no cache."""
    yield gdb.parse_and_eval("&boot_thread")
    cache = variable("kernel/sched/thread.c", "thread_cache")
    for at in slabs.objects(cache):
        yield pointer(at, "struct thread")


def pid_of(thread):
    return int(thread["process"]["pid"]) if int(thread["process"]) != 0 else 0


def tid_of(thread):
    """Its own number, which is the process' while a process has one thread."""
    if has_field(thread.dereference(), "task") and int(thread["task"]) != 0:
        return int(thread["task"]["tid"])
    return pid_of(thread)


def is_dead(thread):
    return enum_name("thread_state", thread["state"], "THREAD_") == "dead"


def hart_of(thread):
    return int(thread["arch"]["cpu"]["index"])


def is_running(thread):
    return int(gdb.parse_and_eval("sched_harts")[hart_of(thread)]["current"]) == address_of(thread)


def state_of(thread):
    return "running" if is_running(thread) else enum_name("thread_state", thread["state"], "THREAD_")


def gdb_thread_of_hart(index):
    """QEMU's thread for a hart: told apart by mhartid."""
    wanted = int(gdb.parse_and_eval("cpus")[index]["hartid"])
    before = gdb.selected_thread()
    try:
        for thread in gdb.selected_inferior().threads():
            thread.switch()
            if int(gdb.parse_and_eval("$mhartid")) == wanted:
                return thread
    finally:
        before.switch()
    raise gdb.GdbError(f"gdb sees no hart with the number {wanted}")


def stack_used(thread):
    """Bytes of its kernel stack it ever used, from what a debug build fills stacks with; None: not known."""
    top = int(thread["stack_top"])
    if top == 0:
        return None
    words = read_words(top - KSTACK_SIZE, KSTACK_SIZE // 8)
    if words[0] != STACK_PATTERN:
        return None
    unused = next((i for i, word in enumerate(words) if word != STACK_PATTERN), len(words))
    return KSTACK_SIZE - 8 * unused


def find_threads(key):
    """Those with that pid, tid or name."""
    found = [t for t in threads() if key in (str(pid_of(t)) if pid_of(t) else "", str(tid_of(t)), text(t["name"]))]
    if not found:
        raise gdb.GdbError(f"no thread of a process {key}, or called so: see ktasks")
    return found


def find_process(key):
    """The struct process with the pid @key."""
    for thread in threads():
        if int(thread["process"]) != 0 and str(pid_of(thread)) == key:
            return thread["process"]
    raise gdb.GdbError(f"no process {key}: see ktasks")


class KTasks(KernelCommand):
    """ktasks

    All threads, those of the kernel too: process, thread, state, hart, deepest use of the kernel stack (debug
    builds), what it waits for.
    """

    name = "ktasks"

    def run(self, arguments):
        print(f"{'PID':>5} {'TID':>5} {'STATE':9} HART {'STACK':>5} {'NAME':16} WAITS FOR")
        rows = sorted(threads(), key=lambda t: (pid_of(t), tid_of(t), address_of(t)))
        for thread in rows:
            state = state_of(thread)
            used = stack_used(thread)
            waits = text(thread["wait_reason"]) if int(thread["wait_reason"]) != 0 else ""
            print(f"{pid_of(thread) or '-':>5} {tid_of(thread) or '-':>5} {state:9} {hart_of(thread):4} "
                  f"{used if used is not None else '-':>5} {text(thread['name']):16} {waits}".rstrip())


class KBt(KernelCommand):
    """kbt PID|TID|NAME

    Backtrace of every thread of a process, or of the threads of that name, running or not, across traps.
    """

    name = "kbt"

    def run(self, arguments):
        if len(arguments) != 1:
            raise usage(self)
        for thread in find_threads(arguments[0]):
            state = state_of(thread)
            print(f"{text(thread['name'])}: pid {pid_of(thread)}, tid {tid_of(thread)}, {state}, "
                  f"hart {hart_of(thread)}")
            print("\n".join(self.backtrace(thread)))

    @staticmethod
    def backtrace(thread):
        if is_dead(thread):
            return ["  dead: its stack is gone"]
        if not is_running(thread):
            return unwind.sleeping(thread["arch"]["regs"])
        hart = gdb_thread_of_hart(hart_of(thread))
        before = gdb.selected_thread()
        hart.switch()
        try:
            with kernel_view():
                lines = unwind.running(hart)
                pc = int(gdb.parse_and_eval("$pc"))
        finally:
            before.switch()
        return lines or [f"  in user mode, pc {pc:#x}"]


class KLocks(KernelCommand):
    """klocks

    Locks held, by hart (spinlocks) and by thread (mutexes), with where they were taken; and who sleeps for a
    mutex. Needs a debug build: without it locks do not know their holders.
    """

    name = "klocks"

    def run(self, arguments):
        try:
            by_hart = variable("kernel/core/spinlock.c", "held_by_hart")
        except gdb.error:
            raise gdb.GdbError("klocks: this kernel was built without CONFIG_DEBUG_LOCKS: make DEBUG=1") from None
        for index, _ in harts():
            self.show(f"hart {index}", by_hart[index])
        for thread in threads():
            if not is_dead(thread):
                self.show(f"thread '{text(thread['name'])}' (pid {pid_of(thread)})", thread["held"])

    @staticmethod
    def show(who, held):
        for i in range(int(held["count"])):
            lock = held["list"][i]
            print(f"{who} holds '{text(lock['name'])}' at {int(lock['lock']):#x}, rank "
                  f"{enum_name('lock_rank', lock['rank'], 'RANK_')}, taken at {place(int(lock['taken_at']) - 1)}")


for command in (KTasks, KBt, KLocks):
    command()
