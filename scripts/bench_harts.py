# SPDX-License-Identifier: MIT
"""What harts do to each other: the rows of user/bench/rows_harts.c, counted.

QEMU with -icount runs one hart at a time. From 8.1 on it divides the time to the next timer among the harts, so a timer
of the host's side that comes each microsecond makes turns of 250 instructions for each of four harts: shorter than what
is done under most locks, and the same in every run. So harts meet here as if they ran side by side and each instruction
took the same time. The plugin of scripts/profile.py counts them, how many harts are awake meanwhile, and which function
waits for a lock.
"""

import re
import subprocess
import sys
from collections import Counter
from typing import NamedTuple

import bench_report
import profile
from bench_machine import DIRECTORY, PROGRAM, Machine, Progress, find_rows

PLUGIN = DIRECTORY / "harts.so"
HARTS = (1, 2, 4)
# A filter that has nothing to filter, with its timer (us).
TIMER = "-netdev hubport,id=timer,hubid=0 -object filter-buffer,id=turns,netdev=timer,interval=1".split()
# Of Heifer, which has nothing to do after it has booted: here a second takes QEMU long, even if all harts wait.
SETTLE = "0.1"
ROW = re.compile(r"harts_(\d)_(\w+)")
# Heifer's functions that wait for a spinlock, and the one that waits for a mutex.
SPINNING = ("spin_wait", "call_aside_registers")
WAITING = "lock_slowly"
WAITS = re.compile(r"\s*([0-9a-f]+):\s+.*<call_aside_registers>")
SHOWN_WAITERS = 4
LEAST_SHOWN = 0.01


class Cost(NamedTuple):
    """Of one operation, all harts together."""

    instructions: float
    rate: float  # operations in the time of an instruction, if harts run side by side
    spinning: float  # instructions
    waits: float  # for a mutex
    waiters: dict  # function -> how often it came to wait for a spinlock


def find_qemu():
    found = subprocess.run(["scripts/fetch_packages", "--print-qemu"], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        sys.exit("bench: harts want a newer QEMU: scripts/fetch_packages --qemu")
    return found.stdout.strip()


def make_machine(like, qemu, is_ours):
    """As the machine @like, with harts that take short turns."""
    machine = Machine(f"{like.key}-turns", like.title, like.kernel, like.words, harts=max(HARTS),
                      checks_leaks=like.checks_leaks)
    machine.settle = SETTLE if is_ours else like.settle
    machine.files.append(PLUGIN)
    out = machine.file(".profile").resolve()
    machine.command = [qemu, *machine.command[1:], *TIMER, "-plugin", f"{PLUGIN.resolve()},out={out}"]
    return machine


def count_rows(machine, names):
    """Name -> (row, profile). What the plugin wrote is of a whole run, so a run is whole or was before."""
    machine.recall()
    written = machine.file(".profile")
    if not written.exists() or not all(map(machine.run.knows, names)):
        machine.file(".counted").unlink()
    machine.measure(names, Progress([machine]))
    counted = [name for name in names if name in machine.run.rows]
    profiles = profile.read_profiles(written.read_text(encoding="ascii"))
    if len(profiles) != len(counted):
        sys.exit(f"bench: {machine.title}: {len(counted)} rows, but {len(profiles)} profiles in {written}")
    return {name: (machine.run.rows[name], counts) for name, counts in zip(counted, profiles)}


def read_waits(disassembled):
    """The addresses at which somebody begins to wait for a spinlock."""
    return [int(match[1], 16) for match in map(WAITS.fullmatch, disassembled.splitlines()) if match]


def cost_of(row, counts, symbols, waits):
    """@symbols and @waits are of Heifer's kernel; None for another's."""
    operations = max(round(counts.total / counts.rounds / row.median), 1) * counts.rounds
    if not counts.awake.keys() <= set(range(1, max(HARTS) + 1)):
        sys.exit(f"bench: {sorted(counts.awake)} harts are awake at once, says the plugin: it has missed something")
    time = sum(instructions / harts for harts, instructions in counts.awake.items())
    spinning, waits_for_mutex, waiters = 0, 0, Counter()
    if symbols is not None:
        for address, count in counts.places.items():
            name = symbols.name(address)
            spinning += count if name in SPINNING else 0
            waits_for_mutex += count if symbols.starts.get(address) == WAITING else 0
        for address in waits:
            waiters[symbols.name(address)] += counts.places.get(address, 0) / operations
    return Cost(row.median, operations / time, spinning / operations, waits_for_mutex / operations, waiters)


def format_part(value):
    return "" if value < LEAST_SHOWN else f"{value:.2f}".rstrip("0").rstrip(".") if value < 10 else f"{value:.0f}"


def table(titles, costs, ours):
    """@costs: key of a machine -> row -> Cost. A line for each operation."""
    header, rows = ["instructions for one, by harts"], {}
    for name in next(iter(costs.values())):
        rows.setdefault(ROW.fullmatch(name)[2], [])
    for key, by_name in costs.items():
        header += [f"{titles[key]}: {harts}" for harts in HARTS]
        header += [f"{harts} do" for harts in HARTS[1:]]
        header += ["of 4: spinning", "of 4: mutex"] if key == ours else []
        for operation, cells in rows.items():
            of = [by_name.get(f"harts_{harts}_{operation}") for harts in HARTS]
            cells += ["–" if cost is None else bench_report.format_count(cost.instructions) for cost in of]
            cells += ["–" if None in (cost, of[0]) else f"{cost.rate / of[0].rate:.1f}x" for cost in of[1:]]
            if key == ours:
                cells += ["", ""] if of[-1] is None else [format_part(of[-1].spinning), format_part(of[-1].waits)]
    return bench_report.align(header, [[f"`{operation}`", *cells] for operation, cells in rows.items()])


def waiters(by_name):
    """A line for each operation of which harts wait for spinlocks: which functions do, and how often."""
    lines = []
    for row, cost in by_name.items():
        harts, operation = ROW.fullmatch(row).groups()
        most = cost.waiters.most_common(SHOWN_WAITERS)
        shown = [f"`{name}` {format_part(count)}" for name, count in most if count >= LEAST_SHOWN]
        if int(harts) == max(HARTS) and shown:
            lines.append(f"- `{operation}`: {', '.join(shown)}")
    return "\n".join(lines)


def measure(machines, ours, peer, elf):
    """What is to be printed of the @machines, and the version of @peer's kernel."""
    qemu, names = find_qemu(), find_rows(["harts"])
    symbols = profile.read_symbols(elf, PROGRAM.with_suffix(".elf"))
    disassembled = subprocess.run(["riscv64-linux-gnu-objdump", "-d", "--no-show-raw-insn", elf],
                                  capture_output=True, text=True, check=True).stdout
    waits, costs, kernel = read_waits(disassembled), {}, ""
    for like in machines:
        is_ours = like.key == ours
        machine = make_machine(like, qemu, is_ours)
        counted = count_rows(machine, names)
        kernel = machine.run.kernel if like.key == peer else kernel
        costs[like.key] = {name: cost_of(row, counts, symbols if is_ours else None, waits)
                           for name, (row, counts) in counted.items()}
    text = [table({machine.key: machine.title for machine in machines}, costs, ours)]
    if ours in costs:
        text += ["Who comes to wait for a spinlock, and how often for one operation, on 4 harts:", waiters(costs[ours])]
    return "\n\n".join(text), kernel
