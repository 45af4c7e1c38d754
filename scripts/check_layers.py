#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Check that every file stays on its floor: who includes and calls what.

usage: check_layers.py [--objects DIRECTORY --nm COMMAND] [--check FILE | --write FILE]

A file includes and calls its own floor or a lower one, and the files of a floor form no circle. Calls (and
uses of another file's data) are read from the objects of a build, so a call through a pointer, which is
how a lower floor reaches a higher one, does not count.

  --objects, --nm  also check calls, from DIRECTORY as the Makefile names them
  --write          write the floors as they are
  --check          complain if FILE is not what --write would write
"""

import argparse
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

# A folder, or a file without its ending. The longest that fits counts.
FLOORS = {
    "arch/riscv/cpu": 0, "lib": 0,
    "kernel/core": 1,
    "mm/pmm": 2,
    "kernel/sched": 3,
    "drivers": 4,
    "mm/vmm": 5,
    "fs": 6,
    "kernel/proc": 7,
    "kernel/tty": 8,
    "arch/riscv/entry": 9, "kernel/syscall": 9,
    "arch/riscv/boot": 10, "board": 10, "kernel/main": 10,
}
PURPOSE = {
    0: "machine mechanisms; pure algorithms",
    1: "printk, panic, spinlocks, lock ranks",
    2: "page frames, slabs, kernel mappings",
    3: "threads, run queues, waiting, timers",
    4: "device model, interrupts, devices",
    5: "address spaces, page tables, faults",
    6: "names, open files, file systems",
    7: "processes, signals, fork, exec, exit",
    8: "terminals",
    9: "doors: traps and system calls",
    10: "first instruction, boot order, starting init",
}
# Run in user mode, so called by nobody here.
FOREIGN = ("arch/riscv/entry/vdso/",)
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
SYMBOL = re.compile(r"^(?:[0-9a-f]+)?\s+([A-Za-z]) (\S+)$")


def folder_of(path):
    """The entry of FLOORS that @path belongs to, or None."""
    matches = [prefix for prefix in FLOORS if path.startswith((prefix + "/", prefix + "."))]
    return max(matches, key=len) if matches else None


def floor_of(path):
    return FLOORS.get(folder_of(path))


def source_files():
    tops = sorted({prefix.split("/")[0] for prefix in FLOORS})
    for top in tops:
        for path in sorted(Path(top).rglob("*")):
            if path.suffix in (".c", ".h", ".S") and not str(path).startswith(FOREIGN):
                yield str(path)


class Graph:
    """Which file uses which, and where or by which name."""

    def __init__(self):
        self.edges = defaultdict(dict)

    def add(self, user, used, reason):
        if user != used:
            self.edges[user].setdefault(used, reason)

    def upward(self):
        for user in sorted(self.edges):
            for used, reason in sorted(self.edges[user].items()):
                if floor_of(used) > floor_of(user):
                    yield user, used, reason

    def shortest_circles(self, floor):
        """The shortest circles among the files of one floor, no file in two of them."""
        circles = [self.circle_from(start, floor) for start in sorted(self.edges)
                   if floor_of(start) == floor]
        seen = set()
        for circle in sorted(filter(None, circles), key=len):
            if seen.isdisjoint(circle):
                seen.update(circle)
                yield circle

    def circle_from(self, start, floor):
        """The shortest circle through @start, or None: the first way back to it in a search by breadth."""
        came_from = {start: None}
        queue = [start]
        for node in queue:
            for used in sorted(self.edges.get(node, ())):
                if used == start:
                    path = [node]
                    while came_from[path[-1]] is not None:
                        path.append(came_from[path[-1]])
                    return path[::-1]
                if used not in came_from and floor_of(used) == floor:
                    came_from[used] = node
                    queue.append(used)
        return None


def read_includes(files, errors):
    graph = Graph()
    for path in files:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if not match or match.group(1).startswith("generated/"):
                continue
            used = match.group(1)
            if floor_of(used) is None or not Path(used).exists():
                errors.append(f'{path}:{number}: "{used}" is no header of the tree: includes are written from '
                              "the root, beginning with a folder that has a floor")
                continue
            graph.add(path, used, f"{path}:{number}")
    return graph


def read_calls(files, objects, nm, errors):
    defined = {}
    undefined = {}
    for path in files:
        built = objects / (path.removesuffix(".c") + ".o")
        if path.endswith(".h") or not built.exists():
            continue
        output = subprocess.run([nm, str(built)], check=True, capture_output=True, text=True).stdout
        undefined[path] = []
        for line in output.splitlines():
            match = SYMBOL.match(line)
            if not match:
                continue
            kind, name = match.groups()
            if kind == "U":
                undefined[path].append(name)
            elif kind.isupper():
                defined.setdefault(name, path)
    if not undefined:
        errors.append(f"{objects} holds no objects: build first")
    graph = Graph()
    for path, names in undefined.items():
        for name in names:
            if name in defined:
                graph.add(path, defined[name], name)
    return graph


def check(graph, verb, errors):
    for user, used, reason in graph.upward():
        errors.append(f"{user} (floor {floor_of(user)}) {verb} {used} (floor {floor_of(used)}): {reason}\n"
                      "  to mend it: move the function down, or let the higher floor register a pointer")
    for floor in sorted(set(FLOORS.values())):
        for circle in graph.shortest_circles(floor):
            steps = [f"    {user} {verb} {used}: {graph.edges[user][used]}"
                     for user, used in zip(circle, circle[1:] + circle[:1])]
            errors.append(f"floor {floor}: a circle of {len(circle)} files\n" + "\n".join(steps)
                          + "\n  to mend it: split off what both need, or pass it down as an argument")


def floors_text(files, graphs):
    uses = defaultdict(set)
    for graph in graphs:
        for user, edges in graph.edges.items():
            uses[folder_of(user)].update(folder_of(used) for used in edges)
    lines = [
        "# The floors as they are",
        "",
        "Made by `scripts/check_layers.py` (`make fix`), from includes and calls; `make lint` checks it. A file "
        "includes and",
        "calls its own floor or a lower one, and the files of a floor form no circle. To reach up, the lower floor "
        "offers",
        "a pointer that the higher one fills at boot.",
        "",
        "| floor | folder | what for | uses |",
        "|---|---|---|---|",
    ]
    present = {folder_of(path) for path in files}
    for folder in sorted(present, key=lambda f: (-FLOORS[f], f)):
        used = sorted(uses[folder] - {folder}, key=lambda f: (-FLOORS[f], f))
        lines.append(f"| {FLOORS[folder]} | {folder} | {PURPOSE[FLOORS[folder]]} | {', '.join(used) or '-'} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=Path)
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--check", type=Path)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()

    errors = []
    files = [path for path in source_files() if floor_of(path) is not None]
    for path in source_files():
        if floor_of(path) is None:
            errors.append(f"{path}: stands on no floor: the folders are listed in scripts/check_layers.py")
    graphs = [read_includes(files, errors)]
    check(graphs[0], "includes", errors)
    if options.objects:
        graphs.append(read_calls(files, options.objects, options.nm, errors))
        check(graphs[1], "calls", errors)

    text = floors_text(files, graphs)
    if options.write:
        options.write.parent.mkdir(parents=True, exist_ok=True)
        options.write.write_text(text, encoding="utf-8")
        return
    if options.check and (not options.check.exists() or options.check.read_text(encoding="utf-8") != text):
        errors.append(f"{options.check} no longer shows the floors as they are: make fix")
    if errors:
        sys.exit("\n".join(errors))


if __name__ == "__main__":
    main()
