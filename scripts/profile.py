#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where the instructions of a row of user/bench go, on Heifer in QEMU: by function, user, kernel and firmware apart.

usage: profile.py ROW... [option...]

  --top N            lines of each table (25)
  --tree PERCENT     also the tree of calls of the last round, down to calls with so much of it
  --code FUNCTION    also its instructions, each with how often it ran; may be given several times
  --lines            also how many cache lines of data are touched; slow
  --image FILE       Heifer's release build; heifer.elf with its symbols stands beside it
  --plugin FILE      tests/bench/profile_plugin.c, compiled (build/bench/profile.so)
  --plugin-version [QEMU]  only say which version of QEMU's interface this QEMU has

Counted is what the row counts, divided by how often the operation was done: the sum is what `make bench` says, but
for the few instructions around the counter. The firmware has no symbols; a child that runs the tiny ELF counts as
user code without a name.
"""

import argparse
import bisect
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import bench_machine
import bench_report

PROGRAM = Path("build/user/bench/bench.elf")
CONCURRENT = 2
FIRMWARE = range(0x80000000, 0x80200000)
KERNEL_FROM = 1 << 63
EVENTS = {"sfence": "sfence.vma", "fence_i": "fence.i", "fence": "fence", "atomic": "atomic", "lines": "data lines"}
ROUNDS = "rounds "
AWAKE = re.compile(r"awake(\d+)")


class Symbols:
    """Of ELFs that do not overlap."""

    def __init__(self, symbols, end_of_user=0):
        self.symbols = sorted(symbols)
        self.addresses = [address for address, _ in self.symbols]
        self.starts = dict(self.symbols)
        self.end_of_user = end_of_user

    def name(self, address):
        if address in FIRMWARE:
            return "(firmware)"
        if self.end_of_user <= address < KERNEL_FROM:
            return "(other user code)"
        at = bisect.bisect_right(self.addresses, address) - 1
        return self.symbols[at][1] if at >= 0 else "(other user code)"


def parse_symbols(text):
    """Functions in what nm prints."""
    words = (line.split() for line in text.splitlines())
    return [(int(w[0], 16), w[2]) for w in words if len(w) == 3 and w[1] in "tTwW" and not w[2].startswith(("$", "."))]


def read_symbols(*paths):
    symbols = []
    for path in paths:
        printed = subprocess.run(["riscv64-linux-gnu-nm", path], capture_output=True, text=True, check=True).stdout
        symbols += parse_symbols(printed)
    return Symbols(symbols, max((a for a, _ in symbols if a < KERNEL_FROM), default=0) + 4096)


def side(address):
    if address >= KERNEL_FROM:
        return "kernel"
    return "firmware" if address in FIRMWARE else "user"


class Profile(NamedTuple):
    """What the plugin wrote of a row: sums of all rounds."""

    rounds: int
    events: dict
    places: Counter  # address -> how often
    sequence: list  # of one round
    awake: dict  # how many harts were awake -> instructions that ran then

    @property
    def total(self):
        return sum(self.places.values())


def read_profiles(text):
    """One for each row."""
    return [read_profile(ROUNDS + part) for part in text.split(ROUNDS)[1:]]


def read_profile(text):
    body, _, behind = text.partition("seq\n")
    events, places, awake = {}, Counter(), {}
    for line in body.splitlines():
        name, count = line.split()
        if name == "rounds" or name in EVENTS:
            events[name] = int(count, 16)
        elif match := AWAKE.fullmatch(name):
            awake[int(match[1])] = int(count, 16)
        else:
            places[int(name, 16)] += int(count, 16)
    sequence = [int(line, 16) for line in behind.splitlines()]
    return Profile(events.pop("rounds", 0), events, places, sequence, awake)


class Call:
    """A function that was called from one place of the tree, as often as it was."""

    def __init__(self, name):
        self.name = name
        self.calls = 0
        self.own = 0
        self.callees = {}

    def enter(self, name):
        callee = self.callees.setdefault(name, Call(name))
        callee.calls += 1
        return callee

    def total(self):
        return self.own + sum(callee.total() for callee in self.callees.values())


def make_tree(sequence, symbols):
    """Who called whom: a function is called at its first instruction, and returned to elsewhere. A call of itself,
    and a jump to the first instruction of a loop there, look alike; so does a tail call to a call."""
    root = Call("all")
    stack = [root]
    before = 0
    for address in sequence:
        name = symbols.name(address)
        if side(address) != side(before) or len(stack) == 1:
            stack = [root, root.enter(name)]
        elif name != stack[-1].name or (symbols.starts.get(address) == name and address - before not in (2, 4)):
            names = [call.name for call in stack]
            if address not in symbols.starts and name in names:
                del stack[len(names) - names[::-1].index(name):]
            else:
                stack.append(stack[-1].enter(name))
        stack[-1].own += 1
        before = address
    return root


def format_tree(root, times, least):
    """The calls that take at least the part @least of all, with what is below them and of their own."""
    lines = ["       all       own     calls"]
    limit = root.total() * least

    def add(call, depth):
        total = call.total()
        if total < limit:
            return
        lines.append(f"{total / times:10.1f}{call.own / times:10.1f}{call.calls / times:10.2f}  "
                     f"{'  ' * depth}{call.name}")
        for callee in sorted(call.callees.values(), key=Call.total, reverse=True):
            add(callee, depth + 1)
    for callee in sorted(root.callees.values(), key=Call.total, reverse=True):
        add(callee, 0)
    return "\n".join(lines)


def format_table(profile, symbols, operations, top):
    own, entered = {key: Counter() for key in ("user", "kernel", "firmware")}, Counter()
    for address, count in profile.places.items():
        name = symbols.name(address)
        own[side(address)][name] += count
        if address in symbols.starts:
            entered[name] += count
    lines = []
    for key, functions in own.items():
        total = sum(functions.values())
        lines.append(f"{total / operations:10.1f}            {key}")
        lines += [f"{count / operations:10.1f}{entered[name] / operations:10.2f}    {name}"
                  for name, count in functions.most_common(top) if key != "firmware"]
    return "\n".join(["       own     calls", *lines])


def format_events(profile, operations):
    """Lines are those of a round: what every operation touches again is one line."""
    said = [f"{profile.events.get(name, 0) / operations:.2f} {title}"
            for name, title in EVENTS.items() if name != "lines"]
    if profile.events.get("lines"):
        said.append(f"{profile.events['lines'] / profile.rounds:.0f} lines of data in a round")
    return ", ".join(said)


# Called once for each frame.
COPY, CLEAR = "page_copy", "page_clear"


def traffic_table(measured, symbols):
    """@measured: name -> (run, profile). By page where the row is; lines are those of a whole round."""
    header = ["for one", "instructions", "sfence.vma", "fence", "atomic", "frames copied", "frames cleared",
              "lines of data in a round"]
    rows = []
    for name, (run, profile) in measured.items():
        operations = divisor(run, name, profile)
        entered = Counter({symbols.starts[address]: count for address, count in profile.places.items()
                           if address in symbols.starts})
        shares = [*(profile.events[event] for event in ("sfence", "fence", "atomic")), entered[COPY], entered[CLEAR]]
        own = f"{name}_page" if f"{name}_page" in run.rows else name
        rows.append([f"`{own}`", bench_report.format_count(run.rows[own].median),
                     *(f"{share / operations:.2f}".rstrip("0").rstrip(".") for share in shares),
                     bench_report.format_count(profile.events["lines"] // profile.rounds)])
    return bench_report.align(header, rows)


DISASSEMBLED = re.compile(r"\s*([0-9a-f]+):\s+(.*)")


def format_code(text, profile, operations):
    """What objdump printed, each instruction with how often it ran."""
    lines = []
    for line in text.splitlines():
        if match := DISASSEMBLED.fullmatch(line):
            count = profile.places.get(int(match[1], 16), 0)
            lines.append(f"{count / operations:10.2f}  {match[2]}" if count else f"{'':10}  {match[2]}")
        elif line.endswith(">:"):
            lines.append(line)
    return "\n".join(lines)


def disassemble(path, function):
    command = ["riscv64-linux-gnu-objdump", "-d", "--no-show-raw-insn", f"--disassemble={function}", path]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def plugin_version(qemu):
    """Of the first line that QEMU says about its version. From 9.1 on an instruction's bytes are copied out."""
    major, minor = (int(part) for part in re.search(r"version (\d+)\.(\d+)", qemu).groups())
    if (major, minor) >= (9, 1):
        return 3
    return 2 if major >= 9 else 1


def measure(name, image, plugin=bench_machine.PLUGIN, has_sequence=False, has_lines=False, memory="2G"):
    """Run the row @name; what it said, and its profile."""
    machine = bench_machine.Machine(f"profile-{name}", name, image, "loglevel=1 fork=table", memory, 1, True)
    out = machine.file(".profile")
    switches = [f"out={out.resolve()}", *(["seq=on"] if has_sequence else []), *(["lines=on"] if has_lines else [])]
    machine.command += ["-plugin", ",".join([str(plugin.resolve()), *switches])]
    machine.file(".counted").unlink(missing_ok=True)
    machine.measure([name], bench_machine.Progress([machine], is_quiet=True))
    return machine.run, read_profile(out.read_text(encoding="ascii"))


def divisor(run, name, profile):
    """How many operations the profile is of. The row has said what one costs."""
    row = run.rows.get(name) or run.rows[f"{name}_page"]
    per_round = profile.total / profile.rounds
    return max(round(per_round / row.median), 1) * profile.rounds


def show(name, options, symbols, elf):
    run, profile = measure(name, options.image, options.plugin, options.tree is not None, options.lines)
    if name in run.skipped:
        return f"{name}: skipped: {run.skipped[name]}"
    operations = divisor(run, name, profile)
    times = operations // profile.rounds
    counted = run.rows.get(name) or run.rows[f"{name}_page"]
    parts = [f"{name}: {bench_report.format_count(counted.median)} instructions for one; "
             f"{profile.rounds} rounds of {times}",
             format_events(profile, operations), format_table(profile, symbols, operations, options.top)]
    if options.tree is not None:
        parts.append(format_tree(make_tree(profile.sequence, symbols), times, options.tree / 100))
    parts += [format_code(disassemble(elf, function), profile, operations) for function in options.code]
    return "\n\n".join(parts)


def parse_options():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*")
    parser.add_argument("--top", type=int, default=25)
    parser.add_argument("--tree", type=float)
    parser.add_argument("--code", action="append", default=[])
    parser.add_argument("--lines", action="store_true")
    parser.add_argument("--image", type=Path, default=Path("build/virt/Image"))
    parser.add_argument("--plugin", type=Path, default=bench_machine.PLUGIN)
    parser.add_argument("--plugin-version", nargs="?", const=bench_machine.QEMU, metavar="QEMU")
    return parser.parse_args()


def main():
    options = parse_options()
    if options.plugin_version:
        print(plugin_version(bench_machine.version_of(options.plugin_version)))
        return
    if not options.rows:
        sys.exit("profile: which rows? make profile ROWS='stat open_close'; build/user/bench/bench -l lists them")
    names = bench_machine.find_rows(options.rows)
    elf = options.image.parent / "heifer.elf"
    symbols = read_symbols(elf, PROGRAM)
    with ThreadPoolExecutor(CONCURRENT) as pool:
        for text in pool.map(lambda name: show(name, options, symbols, elf), names):
            print(text + "\n")


if __name__ == "__main__":
    main()
