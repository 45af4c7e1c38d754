# SPDX-License-Identifier: MIT
"""The gdb commands of scripts/gdb, on a live machine: what they say is what the kernel says of itself.

On one boot, with QEMU's stub: the machine runs between gdb's visits.
"""

import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from conftest import Machine

TREE = Path(__file__).parents[2]
IMAGE_OFFSET = "0x100200000"  # where the image runs before it jumps to its own addresses: scripts/gdb/heifer.gdb

pytestmark = [pytest.mark.skipif(shutil.which("gdb-multiarch") is None, reason="gdb-multiarch is missing"),
              pytest.mark.machines("virt", "sifive_u"), pytest.mark.qemu("gdb comes in through QEMU")]


class Debugger:
    """gdb in batch mode, a visit at a time. @directory: for the socket they meet at."""

    def __init__(self, machine, directory):
        self.machine = machine
        self.socket = directory / "gdb"
        self.elf = Path(machine.console.image).with_name("heifer.elf")

    def visit(self, *commands):
        """Stop the machine, run @commands, let it go on. Their output, one text each."""
        attach = ["set remotetimeout 300", f"target extended-remote {self.socket}"]
        if self.machine.is_sifive_u:
            attach += ["add-inferior", "inferior 2", "attach 2", "set schedule-multiple on"]
        # Symbols belong to an inferior, so they come after it.
        words = ["set confirm off", "set pagination off", "set architecture riscv:rv64", *attach, f"file {self.elf}",
                 f"add-symbol-file {self.elf} -o {IMAGE_OFFSET}", "source scripts/gdb/heifer.py"]
        for command in commands:
            words += ["echo \\n<<<\\n", command]
        words += ["echo \\n<<<\\n", "detach"]
        done = subprocess.run(["gdb-multiarch", "-q", "-nx", "-batch", *(f"-ex={word}" for word in words)], cwd=TREE,
                              capture_output=True, text=True, timeout=1200, check=False)
        parts = done.stdout.split("\n<<<\n")
        assert len(parts) == len(commands) + 2 and done.returncode == 0, done.stdout + done.stderr
        assert all(part.strip() for part in parts[1:-1]), done.stdout + done.stderr
        return parts[1:-1]


@pytest.fixture
def debugged(request, env):
    m = Machine(env.get_target(request.param), request.param)
    m.stop()
    with TemporaryDirectory() as directory:  # pytest's own have names too long for a socket's path
        m.debugger = Debugger(m, Path(directory))
        m.shell = m.boot(options=("-gdb", f"unix:{m.debugger.socket},server=on,wait=off"))
        yield m
        m.stop()


def test_tasks_are_those_of_ps(debugged):
    text, = debugged.debugger.visit("ktasks")
    rows = {line.split()[5]: line.split() for line in text.splitlines()[1:]}
    assert rows["init"][:3] == ["1", "1", "sleeping"]
    assert all(f"idle/{hart}" in rows for hart in range(4))
    pids = {line.split()[0] for line in debugged.shell.run_check("ps | tail -n +2 | grep -v ' ps$'")}
    assert pids >= {line.split()[0] for line in text.splitlines()[1:] if line.split()[0].isdigit()} >= {"1"}
    # A debug build knows how deep a stack has been.
    assert 256 < int(rows["init"][4]) < 16384


def test_backtraces_of_sleeping_and_running_threads(debugged):
    init, worker, idle = debugged.debugger.visit("kbt 1", "kbt worker", "kbt idle/0")
    assert re.search(r"schedule.*\n(.*\n)*.*sys_\w+ at kernel/syscall/sys_\w+.c:\d+\n(.*\n)*.*trap_vector at "
                     r"arch/riscv/entry/trap_entry.S:\d+", init), init
    assert re.search(r"waitq.h:\d+\n.* worker at kernel/sched/workqueue.c:\d+\n"
                     r".* thread_begin ", worker), worker
    assert re.search(r"sched_idle_loop at kernel/sched/sched.c:\d+", idle), idle


def test_backtrace_crosses_an_interrupt(debugged):
    """The watchdog's timer interrupts an idle hart every two seconds."""
    *_, text = debugged.debugger.visit("tbreak timers_interrupt", "continue", "bt")
    assert re.search(r" timers_interrupt .*\n(.*\n)*.* trap_vector .*\n(.*\n)*.* sched_idle_loop ", text), text


def test_a_busy_program_is_in_user_mode(debugged):
    debugged.shell.run_check("(while :; do :; done) & echo $! > /tmp/busy; "
                             "until [ $(cut -d' ' -f14 /proc/$!/stat) -gt 0 ]; do sleep 0.1; done")
    pid, = debugged.shell.run_check("cat /tmp/busy")
    busy, tasks = debugged.debugger.visit(f"kbt {pid}", "ktasks")
    debugged.shell.run_check(f"kill {pid}; rm /tmp/busy")
    assert f"pid {pid}," in busy and ("in user mode" in busy or "trap_vector" in busy or "schedule" in busy), busy
    assert re.search(rf"^ *{pid} .* (running|runnable) ", tasks, re.M), tasks


def test_regions_are_those_of_proc_maps(debugged):
    text, = debugged.debugger.visit("kregions 1")
    ours = [line.split()[:3] for line in text.splitlines() if line]
    theirs = [line.split()[:3] for line in debugged.shell.run_check("cat /proc/1/maps")]
    assert ours == theirs and len(ours) >= 4


def test_walk_finds_what_the_program_sees(debugged):
    """The first page of init's text: a leaf, read-only, of a file, and the frame holds the ELF's magic number."""
    start = debugged.shell.run_check("head -n 1 /proc/1/maps")[0].split("-")[0]
    text, = debugged.debugger.visit(f"kwalk 1 0x{start}")
    levels = re.findall(r"^level (\d) at 0x\w+: 0x\w+ frame 0x\w+ ([A-Z ]+): (table|leaf)", text, re.M)
    assert [level[0] for level in levels] == ["2", "1", "0"] and [level[2] for level in levels] == \
        ["table", "table", "leaf"], text
    assert set(levels[2][1].split()) >= {"V", "R", "X", "U", "A"} and "W" not in levels[2][1].split()
    frame = re.search(r"^frame (0x\w+) \(at (0x\w+)\): file, count [1-9]", text, re.M)
    assert frame, text
    page, magic = debugged.debugger.visit(f"kpage {frame.group(1)}", f"x/4xb {frame.group(2)}")
    assert page.strip() == frame.group(0)
    assert magic.split(":")[1].split() == ["0x7f", "0x45", "0x4c", "0x46"]


def test_walk_shows_what_fork_marked(debugged):
    """Of a shell's data and its child's, what neither has written since the fork: COW, no W, a frame for two."""
    debugged.shell.run_check("((sleep 1000; true); true) & echo $! > /tmp/parent; "
                             "until pidof sleep >/dev/null; do sleep 0.1; done")
    parent, = debugged.shell.run_check("cat /tmp/parent")
    maps = [line.split() for line in debugged.shell.run_check(f"cat /proc/{parent}/maps")]
    start, end = (int(word, 16) for word in [m[0] for m in maps if m[1] == "rw-p"][1].split("-"))
    walks = debugged.debugger.visit(*(f"kwalk {parent} {page:#x}" for page in range(start, end, 4096)))
    debugged.shell.run_check("killall sleep; rm /tmp/parent")
    shared = [text for text in walks if " COW COUNTED" in text]
    assert shared, walks
    for text in shared:
        assert re.search(r"^level 0 .* V R U A( D)? COW COUNTED: leaf", text, re.M), text
    assert any(re.search(r"^frame 0x\w+ \(at 0x\w+\): anon, count [2-9]", text, re.M) for text in shared), shared


def test_log_trace_slabs_devices(debugged):
    log, trace, slabs, objects, devices = debugged.debugger.visit(
        "klog", "ktrace 20", "kslabs", "kslabs aspace", "kdevices")
    assert re.search(r"\[ +0\.0+\] Heifer ", log) and "harts run" in log
    assert len(trace.strip().splitlines()) == 20 and "switch" in trace
    processes = int(re.search(r"^process +(\d+) objects", slabs, re.M).group(1))
    assert processes >= 2
    assert len(objects.split()) == int(re.search(r"^aspace +(\d+) objects", slabs, re.M).group(1))
    assert re.search(r"^driver plic: ", devices, re.M)
    assert re.search(r"^interrupt line \d+ of controller 0x\w+: \w+_interrupt at ", devices, re.M)
    assert debugged.shell.run_check("echo still here") == ["still here"]


def test_locks_held_are_shown_with_their_places(debugged):
    """A spinlock that is held for seconds, and the mutex of the write(2) that asked for it."""
    debugged.console.sendline("while :; do echo long-spin > /proc/provoke; done")
    *_, locks = debugged.debugger.visit("tbreak clock_spin", "continue", "klocks")
    debugged.type("\x03")
    debugged.expect_prompt()
    assert re.search(r"^hart \d holds 'provoked outer' at 0x\w+, rank fd_table, taken at provoke_take_outer\+\d+ at "
                     r"kernel/proc/provoke.c:\d+$", locks, re.M), locks
    assert re.search(r"^thread 'sh' \(pid \d+\) holds 'file offset' .*, taken at file_write", locks, re.M), locks
