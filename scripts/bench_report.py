# SPDX-License-Identifier: MIT
"""What scripts/bench.py makes of what the kernels printed: tables, the picture, and the comparison with what is stored.

Pure: text and numbers go in, text comes out. tests/scripts/test_bench.py goes through it.
"""

import math
import re
from typing import NamedTuple

import bench_svg

# What a row may cost more than is stored of it.
TOLERANCE = 0.03
FLATNESS = 0.10
MIB = 2**20
UNITS = {"K": 2**10, "M": MIB, "G": 2**30}
ROW = re.compile(r"(\w+) (\d+) (\d+) (\d+)")
SKIPPED = re.compile(r"(\w+) skipped (.+)")
FAILED = re.compile(r"(\w+) failed (.+)")
KERNEL = "@@ kernel "
FREE = re.compile(r"@@ free (\d+) KiB")
END = re.compile(r"@@ end (\d+)")
# The rows of the picture and of the promise: fork() after so much memory was touched.
FORK_OF_SIZE = re.compile(r"fork_(\d+)([KMG])")
SECTION = re.compile(r"\[(.+)\]")
LINE = re.compile(r"(\w+)\s+(\d+)")


class Row(NamedTuple):
    """One line of user/bench, in instructions for one operation."""

    median: int
    minimum: int
    iterations: int


class Run:
    """What one kernel printed. @status is None while it has not come to its end."""

    def __init__(self):
        self.rows = {}
        self.skipped = {}  # name -> reason
        self.wrong = []  # what makes it no measurement
        self.kernel = ""
        self.free_kib = None  # memory, before the rows
        self.status = None

    def read(self, line):
        """Take one line from the console in; returns the name of the row it ends, if it does."""
        line = line.strip()
        if match := ROW.fullmatch(line):
            self.rows[match[1]] = Row(*(int(match[i]) for i in (2, 3, 4)))
        elif match := SKIPPED.fullmatch(line):
            self.skipped[match[1]] = match[2]
        elif match := FAILED.fullmatch(line):
            self.wrong.append(line)
        else:
            self.read_more(line)
        return match and match[1]

    def knows(self, name):
        """Some rows say only what they cost for a page."""
        return name in self.skipped or name in self.rows or f"{name}_page" in self.rows

    def only(self, names):
        """A part of it: what the rows @names print."""
        part = Run()
        part.kernel, part.status, part.wrong = self.kernel, self.status, self.wrong
        part.free_kib = self.free_kib
        printed = [line for name in names for line in (name, f"{name}_page")]
        part.rows = {name: self.rows[name] for name in printed if name in self.rows}
        part.skipped = {name: self.skipped[name] for name in printed if name in self.skipped}
        return part

    def read_more(self, line):
        if line.startswith(KERNEL):
            self.kernel = line.removeprefix(KERNEL)
        elif line.startswith("# not instructions"):
            self.wrong.append(line)
        elif match := FREE.fullmatch(line):
            self.free_kib = int(match[1])
        elif match := END.fullmatch(line):
            self.status = int(match[1])


def read_run(text):
    run = Run()
    for line in text.splitlines():
        run.read(line)
    return run


def read_table(text):
    """Lines `name number`, in sections `[name]` or in none: section -> name -> number. # begins a comment."""
    table = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()
        if match := SECTION.fullmatch(line):
            section = match[1]
            table[section] = {}
        elif match := LINE.fullmatch(line):
            table.setdefault(section, {})[match[1]] = int(match[2])
        elif line:
            raise ValueError(f"line {number}: {line!r} is no `name number`, no [section] and no # comment")
    return table


def write_section(text, section, counts):
    """@text, a table, with @counts in place of what its @section holds, or behind all if there is none."""
    body = [f"[{section}]", *(f"{name:26} {count}" for name, count in counts.items())]
    head, rest = [], None
    for line in text.splitlines():
        if rest is None and line.strip() == body[0]:
            rest = []
        elif rest is None:
            head.append(line)
        elif rest or SECTION.fullmatch(line.strip()):
            rest.append(line)
    while head and not head[-1]:
        head.pop()
    return "\n".join([*head, *([""] if head else []), *body, *([""] if rest else []), *(rest or [])]) + "\n"


def merge(stored, counts, names):
    """@counts and, of what else is @stored, what the rows @names print, in their order."""
    known = {**stored, **counts}
    printed = [line for name in names for line in (name, f"{name}_page")]
    return {name: known[name] for name in printed if name in known}


def section_name(compiler, qemu):
    """Of the first lines of what they say about their versions. Another compiler makes other instructions, and
    another QEMU brings other firmware; the third number of a version changes neither."""
    def version(line):
        return re.search(r"(\d+\.\d+)\.\d", re.sub(r"\(.*?\)", "", line))[1]
    return f"{'clang' if 'clang' in compiler else 'gcc'} {version(compiler)}, qemu {version(qemu)}"


def format_count(value):
    return f"{value:,}".replace(",", " ")


def format_ratio(value):
    return f"{value:.1f}x" if value < 10 else f"{value:.0f}x"


def align(header, rows):
    """A Markdown table that reads as well unrendered; the first column is text, the others are numbers."""
    widths = [max(len(line[i]) for line in [header, *rows]) for i in range(len(header))]

    def line(cells):
        first, *others = (cell.ljust(width) if i == 0 else cell.rjust(width)
                          for i, (cell, width) in enumerate(zip(cells, widths)))
        return "| " + " | ".join([first, *others]) + " |"
    rule = "|" + "|".join("-" * (width + 1) + ("-" if i == 0 else ":") for i, width in enumerate(widths)) + "|"
    return "\n".join([line(header), rule, *map(line, rows)])


def row_names(runs):
    """All there are, in the order of the run that has most of them."""
    names = {}
    for run in sorted(runs.values(), key=lambda run: -len(run.rows)):
        names.update(dict.fromkeys(run.rows))
    return list(names)


def cost(run, name):
    return run.rows[name].median if run and name in run.rows else None


def table(machines, runs, limits, ours, peer):
    """@machines: key -> title. @ours is the machine that is judged: by the limit, and against the machine @peer."""
    own_name, peer_name = (machines[key].rpartition(" ")[2] for key in (ours, peer))
    header = ["instructions for one", *(title for key, title in machines.items() if key in runs), "limit",
              f"{own_name} / limit", *([f"{peer_name} / {own_name}"] if peer in runs else [])]
    rows = []
    for name in row_names(runs):
        own, theirs, limit = cost(runs.get(ours), name), cost(runs.get(peer), name), limits.get(name)
        values = [cost(runs[key], name) for key in machines if key in runs]
        rows.append([f"`{name}`", *("–" if value is None else format_count(value) for value in values),
                     format_count(limit) if limit else "",
                     format_ratio(own / limit) if own and limit else "",
                     *([format_ratio(theirs / own) if own and theirs else ""] if peer in runs else [])])
    return align(header, rows)


def verdicts(runs, limits, ours, peer):
    """One sentence for each aim: how many rows meet it, and which do not."""
    own, theirs = runs.get(ours), runs.get(peer)
    if not own:
        return []
    limited = [name for name in own.rows if name in limits]
    above = [name for name in limited if cost(own, name) > 2 * limits[name]]
    compared = [name for name in own.rows if cost(theirs, name)]
    behind = [name for name in compared if cost(own, name) > cost(theirs, name)]

    def sentence(rows, wrong, good, bad):
        named = f"; {bad}: " + ", ".join(f"`{name}`" for name in wrong) if wrong else ""
        return f"{len(rows) - len(wrong)} of {len(rows)} rows {good}{named}."
    return [*([sentence(limited, above, "within twice the limit", "above")] if limited else []),
            *([sentence(compared, behind, "not behind lean Linux", "behind"),
               f"Over these {len(compared)} rows lean Linux needs {format_ratio(mean_ratio(own, theirs))} as many "
               "instructions, in the geometric mean."] if compared else []),
            *([shape_sentence(own)] if len(sizes(own)) > 1 else [])]


def ratios(own, theirs):
    """Name -> how many times as much @theirs needs, of the rows that both have."""
    return {name: cost(theirs, name) / cost(own, name) for name in own.rows
            if cost(theirs, name) and cost(own, name)}


def mean_ratio(own, theirs):
    values = ratios(own, theirs).values()
    return math.exp(sum(map(math.log, values)) / len(values))


def left_out(machines, runs):
    """A line for each row that was not run everywhere: where not, and why."""
    where = {}
    for key, run in runs.items():
        for name, reason in run.skipped.items():
            where.setdefault(name, {})[machines[key]] = reason
    return [f"`{name}` is left out on {'all' if len(reasons) == len(runs) else '; '.join(reasons)}: "
            f"{next(iter(reasons.values()))}." for name, reasons in where.items()]


def sizes(run):
    """Bytes touched -> instructions for fork(), rising."""
    found = {}
    for name in run.rows:
        if match := FORK_OF_SIZE.fullmatch(name):
            found[int(match[1]) * UNITS[match[2]]] = cost(run, name)
    return dict(sorted(found.items()))


def format_bytes(value):
    letter = max((letter for letter in UNITS if value >= UNITS[letter]), key=UNITS.get)
    return f"{value // UNITS[letter]} {letter}iB"


def check_shape(run):
    """The promise: fork() costs the same from 8 MiB on, and less memory never costs more. Says what breaks it."""
    big = {size: value for size, value in sizes(run).items() if size >= 8 * MIB}
    if len(big) < 2:
        return ["fork() was not measured at two sizes of 8 MiB and more: its shape cannot be told"]
    low, high = min(big, key=big.get), max(big, key=big.get)
    errors = []
    if big[high] > big[low] * (1 + FLATNESS):
        errors.append(f"fork() is not flat within {FLATNESS:.0%} from 8 MiB on: {format_bytes(low)} costs "
                      f"{format_count(big[low])}, {format_bytes(high)} {format_count(big[high])}")
    errors += [f"fork() of {format_bytes(size)} costs {format_count(value)}, more than that of any size from "
               f"8 MiB on ({format_count(big[high])})"
               for size, value in sizes(run).items() if size < 8 * MIB and value > big[high]]
    return errors


# Rows of few -> the same of many, and how many times as much they may cost. A tree of 10 000 is twice as deep as one
# of 100.
GROWTH = {
    "munmap_mmap_regions_100": ("munmap_mmap_regions_10000", 2),
    "first_touch_regions_100": ("first_touch_regions_10000", 2),
    "open_close_files_10": ("open_close_files_1000", 1.5),
    "dup_close_files_10": ("dup_close_files_1000", 1.5),
    "poll_each_of_10": ("poll_each_of_1000", 1.5),
    "fork_exit_wait_processes_10": ("fork_exit_wait_processes_5000", 1.5),
    "kill_0_processes_10": ("kill_0_processes_5000", 2),
}


def check_growth(run):
    """What grows faster than its work; rows that were not counted are not judged."""
    errors = []
    for few, (many, factor) in GROWTH.items():
        if cost(run, few) and cost(run, many) and cost(run, many) > factor * cost(run, few):
            errors.append(f"{many} costs {format_count(cost(run, many))}, more than {factor} times what {few} does "
                          f"({format_count(cost(run, few))})")
    return errors


def shape_sentence(run):
    errors = check_shape(run)
    if errors:
        return "; ".join(errors) + "."
    big = [value for size, value in sizes(run).items() if size >= 8 * MIB]
    return (f"From 8 MiB on, `fork()` costs between {format_count(min(big))} and {format_count(max(big))}; "
            "no smaller size costs more.")


class Comparison(NamedTuple):
    """What is wrong, and what is only worth a word."""

    errors: list
    notes: list


def compare(stored, run):
    """@stored: name -> instructions, of the same compiler."""
    errors, notes = [], []
    for name, old in stored.items():
        new = cost(run, name)
        if new is None:
            why = run.skipped.get(name, "the program does not know it")
            errors.append(f"{name}: {format_count(old)} is stored, but it was not measured: {why}")
        elif abs(new - old) > old * TOLERANCE:
            change = f"{name}: {format_count(old)} -> {format_count(new)}, {new / old:.3f} of what is stored"
            (errors if new > old else notes).append(change)
    errors += [f"{name}: {format_count(row.median)}, of which nothing is stored"
               for name, row in run.rows.items() if name not in stored]
    return Comparison(errors, notes)


def picture(machines, runs, looks, limit):
    """@looks: key -> (colours, width, dashes), in the order of drawing."""
    series = []
    if limit:
        every = [size for run in runs.values() for size in sizes(run)]
        points = [(size, limit) for size in (min(every), max(every))] if every else []
        series.append(bench_svg.Series("limit", points, bench_svg.PAPER["muted"], 1.0, "2 4"))
    for key, (colours, width, dashes) in looks.items():
        if key in runs:
            series.append(bench_svg.Series(machines[key], sizes(runs[key]).items(), colours, width, dashes))
    return bench_svg.draw("What fork() costs, by the memory that its caller has touched",
                          "Guest instructions for one call, QEMU virt, one hart. Both axes are logarithmic.",
                          series, "memory touched before the call", "instructions for one fork()", format_bytes)


def ratio_picture(own, theirs):
    """How much more a row costs @theirs, the greatest first."""
    bars = sorted(ratios(own, theirs).items(), key=lambda bar: -bar[1])
    return bench_svg.draw_bars("How many instructions Linux needs for one of Heifer's",
                               "Lean Linux / Heifer, guest instructions, QEMU virt, one hart. The axis is logarithmic.",
                               bars)


class Boot(NamedTuple):
    """What it takes one kernel to come up; None is not known."""

    instructions: int
    used_kib: dict  # memory of the machine -> what of it is gone at the prompt
    image_bytes: int


def format_mib(kib):
    return f"{kib / 1024:.1f} MiB"


def boot_table(machines, boots):
    rows = []

    def add(title, values):
        rows.append([title, *("–" if value is None else value for value in values)])
    add("instructions from the kernel's first to init's first",
        [boot.instructions and format_count(boot.instructions) for boot in boots.values()])
    for memory in dict.fromkeys(memory for boot in boots.values() for memory in boot.used_kib):
        used = [boot.used_kib.get(memory) for boot in boots.values()]
        add(f"memory in use at the prompt, of {memory[:-1]} GiB", [kib and format_mib(kib) for kib in used])
    add("image without root file system, KiB", [format_count(boot.image_bytes >> 10) for boot in boots.values()])
    return align(["", *(machines[key] for key in boots)], rows)
