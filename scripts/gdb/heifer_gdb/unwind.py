# SPDX-License-Identifier: MIT
"""Backtraces across traps, and of threads that do not run.

An unwinder knows the frame that trap_entry.S builds, so gdb's own `bt` goes on behind an interrupt. For a
thread that sleeps, the innermost frame of the selected hart is passed off as called by it: gdb then unwinds
from the registers the thread was left with, and no register of the machine is touched.
"""

import gdb
from gdb.unwinder import Unwinder, register_unwinder

from heifer_gdb.kernel import MASK64, PAGE_SIZE, USER_MAX, place, read_words

NAMES = ("pc", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7",
         "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6")
# A trap from user mode leaves them in the machine's registers: the frame may not have them.
KEPT = ("s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11")
STATUS_AT = 32  # word of struct trap_frame
STATUS_SPP = 1 << 8
FRAMES_MAX = 64


class FrameId:
    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


def word(number):
    return gdb.Value(number & MASK64).cast(gdb.lookup_type("unsigned long"))


def trap_entry_range():
    start = int(gdb.parse_and_eval("(unsigned long)&trap_vector")) & MASK64
    return start, start + PAGE_SIZE // 4


class TrapUnwinder(Unwinder):
    """What a trap interrupted. A trap from user mode is where the kernel's part ends."""

    def __init__(self):
        super().__init__("heifer-traps")

    def __call__(self, pending):
        pc = int(pending.read_register("pc")) & MASK64
        try:
            start, end = trap_entry_range()
        except gdb.error:
            return None  # no symbols yet
        if not start <= pc < end or not place(pc).startswith("trap_vector"):
            return None
        sp = int(pending.read_register("sp")) & MASK64
        try:
            words = read_words(sp, STATUS_AT + 1)
        except gdb.MemoryError:
            return None
        info = pending.create_unwind_info(FrameId(word(sp), word(pc)))
        from_user = words[STATUS_AT] & STATUS_SPP == 0
        for name, value in zip(NAMES, words):
            if from_user and name in KEPT:
                continue
            # A pc of 0 is where gdb stops.
            info.add_saved_register(name, word(0 if from_user and name == "pc" else value))
        return info


class SleeperUnwinder(Unwinder):
    """While a target is set: the innermost frame's caller is that thread."""

    target = None  # {register: value}

    def __init__(self):
        super().__init__("heifer-sleepers")

    def __call__(self, pending):
        if self.target is None:
            return None
        sp = int(pending.read_register("sp")) & MASK64
        pc = int(pending.read_register("pc")) & MASK64
        if (sp, pc) != self.innermost:
            return None
        info = pending.create_unwind_info(FrameId(word(0), word(0)))
        for name, value in self.target.items():
            info.add_saved_register(name, word(value))
        return info

    def set(self, registers):
        self.target = None
        gdb.invalidate_cached_frames()
        self.innermost = tuple(int(gdb.parse_and_eval(f"${name}")) & MASK64 for name in ("sp", "pc"))
        self.target = registers
        gdb.invalidate_cached_frames()

    def clear(self):
        self.target = None
        gdb.invalidate_cached_frames()


sleepers = SleeperUnwinder()
register_unwinder(None, TrapUnwinder(), replace=True)
register_unwinder(None, sleepers, replace=True)


def frames_outwards(frame):
    """@frame and its callers, functions that were compiled into others too."""
    for _ in range(FRAMES_MAX):
        if frame is None or not frame.is_valid() or frame.pc() == 0:
            return
        yield frame
        try:
            frame = frame.older()
        except gdb.error:
            return


def describe(frames):
    """Lines of a backtrace; gdb knows which frames are calls and names those by their line."""
    lines = []
    for frame in frames:
        pc = frame.pc() & MASK64
        if pc < USER_MAX:
            break
        line = frame.find_sal()
        where = f" at {line.symtab.filename}:{line.line}" if line.symtab else ""
        lines.append(f"  {pc:#x} {frame.name() or '??'}{where}")
    return lines


def running(hart_thread):
    """Backtrace of the hart that the gdb thread @hart_thread is."""
    before = gdb.selected_thread()
    hart_thread.switch()
    try:
        return describe(frames_outwards(gdb.newest_frame()))
    finally:
        before.switch()


def sleeping(registers):
    """Backtrace from the struct switch_frame @registers of a thread that does not run."""
    sleepers.set({"pc": int(registers["ra"]), "sp": int(registers["sp"]),
                  "fp": int(registers["fp"])})
    try:
        # What is compiled into the selected hart's innermost function has the same pc.
        here = gdb.newest_frame().pc()
        frames = list(frames_outwards(gdb.newest_frame()))
        first = next((i for i, frame in enumerate(frames) if frame.pc() != here), len(frames))
        return describe(frames[first:])
    finally:
        sleepers.clear()
