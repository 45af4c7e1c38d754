#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run user/bench on Linux and on Heifer, in instructions, and compare. docs/bench.md says what for.

usage: bench.py measure [option...]   prints a table; of all rows, of fork and of harts, writes a part of docs/bench.md
       bench.py check [option...]     on Heifer alone, a few rows; compares them with tests/bench/counts
       bench.py accept [option...]    the same, and stores what was counted

  --rows 'ROW...'    names, with * and ?, or groups; fork stands for the groups that fork; harts are counted by
                     bench_harts.py. Without this: of what is measured, all that Linux does in minutes; else
                     those that are stored
  --memory SIZE      of each machine (2G; 4G for fork=copy)
  --harts N          of each machine (1)
  --machines 'GLOB...'  which: linux-thp linux linux-lean heifer-copy heifer-page heifer-table (linux-thp linux-lean
                     heifer-table; for fork linux-thp and Heifer's modes, for harts linux-lean heifer-table)
  --image FILE       Heifer's release build
  --compiler 'WORDS' what it was compiled with
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path

import bench_boot
import bench_harts
import bench_report
import profile
from bench_machine import DIRECTORY, QEMU, Machine, Progress, find_rows, version_of

LINUX = Path("build/packages/linux")
PAGE = Path("docs/bench.md")
PICTURE = Path("docs/bench-fork.svg")
RATIO_PICTURE = Path("docs/bench-ratio.svg")
LIMITS = Path("tests/bench/limits")
COUNTS = Path("tests/bench/counts")
# What lies between is written anew by every whole `make bench`, `make bench ROWS=fork` and `make bench ROWS=harts`.
ALL_BEGIN, FORK_BEGIN = "<!-- made by make bench -->", "<!-- made by make bench ROWS=fork -->"
HARTS_BEGIN = "<!-- made by make bench ROWS=harts -->"
PAGE_END = "<!-- the end of what it made -->"

# Debian's kernel would stop the counter of instructions.
LINUX_WORDS = "console=ttyS0 loglevel=1 initcall_blacklist=pmu_sbi_devinit"
LINUXES = {
    "linux-thp": "transparent_hugepage=always",
    "linux": "transparent_hugepage=never",
    "linux-lean": "transparent_hugepage=never init_on_alloc=0 randomize_kstack_offset=off hardened_usercopy=off "
                  "cgroup_disable=memory lsm=capability audit=0",
}
HEIFER_MODES = ("copy", "page", "table")
# Who copies everything at once needs it twice.
HEIFER_MEMORY = {"copy": "4G"}
TITLES = {"linux-thp": "Linux, THP on", "linux": "Linux, THP off", "linux-lean": "Linux, lean",
          "heifer-copy": "Heifer, copy", "heifer-page": "Heifer, page", "heifer-table": "Heifer, table"}
OURS, PEER = "heifer-table", "linux-lean"
# Colours on light and dark, width, dashes. Linux is warm, Heifer cool.
LOOKS = {
    "linux-thp": (("#9a6700", "#e3b341"), 1.8, "7 4"),
    "linux": (("#bc4c00", "#ffa657"), 1.8, ""),
    "linux-lean": (("#cf222e", "#ff7b72"), 1.8, "2 4"),
    "heifer-copy": (("#8250df", "#d2a8ff"), 1.8, ""),
    "heifer-page": (("#1a7f37", "#56d364"), 1.8, ""),
    "heifer-table": (("#0969da", "#79c0ff"), 3.5, ""),
}
# What `fork` stands for. Writing to 64 or 512 MiB costs by the page what writing to 1 does, but takes long in QEMU: by
# name only. What is stored for CI is also what is measured, with what else takes Linux only minutes.
FORK_ROWS = "fork exec cow_* write_*_1M"
QUICK_ROWS = ("call file memory signal switch thread fork_small fork_1M fork_4M fork_8M fork_64M fork_1G "
              "fork_exit_wait_small fork_exit_wait_64M fork_exit_wait_512M exit_256M fork_exec_tiny fork_exec_static "
              "vfork_exec_tiny posix_spawn_tiny shell cow_copy cow_takeover scale")
ALL_ROWS = QUICK_ROWS.replace("fork_4M ", "").replace("fork_1G", "fork_512M").replace(
    "scale", "munmap_mmap_* first_touch_regions_* open_close_files_* dup_close_files_* poll_each_* "
             "fork_exit_wait_proc* kill_0_* kill_wait_*_10")
ALL_MACHINES = "linux-thp linux-lean heifer-table"
# Lean Linux is in the other table, and slow where every page faults, for QEMU then forgets all translations.
FORK_MACHINES = "linux-thp heifer-*"
HARTS_MACHINES = "linux-lean heifer-table"
# What is also counted in lines of memory and in fences.
TRAFFIC_ROWS = ("null_call read_zero_1 signal sched_yield pipe_round_trip first_touch cow_copy cow_takeover fork_small "
                "fork_64M fork_exit_wait_small fork_exec_tiny").split()
CONCURRENT = 2


def parse_options():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("measure", "check", "accept"))
    parser.add_argument("--rows")
    parser.add_argument("--memory")
    parser.add_argument("--harts", type=int, default=1)
    parser.add_argument("--machines")
    parser.add_argument("--image", type=Path, default=Path("build/virt/Image"))
    parser.add_argument("--compiler", default="riscv64-linux-gnu-gcc")
    return parser.parse_args()


def make_machines(options, patterns, harts):
    machines = [Machine(key, TITLES[key], LINUX, f"{LINUX_WORDS} {words}", options.memory or "2G", harts)
                for key, words in LINUXES.items()]
    machines += [Machine(f"heifer-{mode}", TITLES[f"heifer-{mode}"], options.image, f"loglevel=1 fork={mode}",
                         options.memory or HEIFER_MEMORY.get(mode, "2G"), harts, True) for mode in HEIFER_MODES]
    chosen = [machine for machine in machines
              if any(fnmatchcase(machine.key, pattern) for pattern in patterns.split())]
    if not chosen:
        sys.exit(f"bench: no machine is called {patterns}. There are: {' '.join(TITLES)}")
    return chosen


def measure_rows(options, patterns, names, harts):
    """key -> Run, of the machines that @patterns name."""
    machines = make_machines(options, patterns, harts)
    progress = Progress(machines)
    with ThreadPoolExecutor(CONCURRENT) as pool:
        list(pool.map(lambda machine: machine.measure(names, progress), machines))
    return {machine.key: machine.run for machine in machines}


def read_table(path):
    """The lines of @path without a section, and its sections."""
    try:
        sections = bench_report.read_table(path.read_text(encoding="utf-8"))
    except ValueError as error:
        sys.exit(f"bench: {path}: {error}")
    return sections.pop("", {}), sections


def read_limits():
    limits, _ = read_table(LIMITS)
    names = find_rows([])
    for name in limits:
        if name not in names and name.removesuffix("_page") not in names:
            sys.exit(f"bench: {LIMITS}: the program has no row called {name}")
    return limits


def measure(options):
    if options.rows == "harts":
        measure_harts(options)
        return
    is_fork, is_all = options.rows == "fork", options.rows is None
    words = {None: ALL_ROWS, "fork": FORK_ROWS}.get(options.rows, options.rows)
    names = find_rows(words.split())
    machines = options.machines or (FORK_MACHINES if is_fork else ALL_MACHINES)
    runs = measure_rows(options, machines, names, options.harts)
    # The journal knows more than was asked for.
    runs = {key: run.only(names) for key, run in runs.items()}
    limits = read_limits()
    text = "\n\n".join([bench_report.table(TITLES, runs, limits, OURS, PEER),
                        *bench_report.verdicts(runs, limits, OURS, PEER), *bench_report.left_out(TITLES, runs)])
    print(f"\n{text}\n")
    if not (is_fork or is_all) or options.machines or options.memory is not None or options.harts != 1:
        print(f"{PAGE} was left as it is: it is of `make bench` without more")
    elif is_fork:
        limit = next((limits[name] for name in limits if bench_report.FORK_OF_SIZE.fullmatch(name)), None)
        PICTURE.write_text(bench_report.picture(TITLES, runs, LOOKS, limit), encoding="utf-8")
        write_page(FORK_BEGIN, picture_line("What fork() costs, by the memory that its caller has touched", PICTURE),
                   text, versions(options, runs["linux-thp"].kernel))
    else:
        more = "\n\n".join([text, measure_boot(options), measure_traffic(options)])
        RATIO_PICTURE.write_text(bench_report.ratio_picture(runs[OURS], runs[PEER]), encoding="utf-8")
        write_page(ALL_BEGIN, picture_line("How many instructions Linux needs for one of Heifer's", RATIO_PICTURE),
                   more, versions(options, runs[PEER].kernel))


def measure_boot(options):
    def boot(machine):
        is_ours = machine.key == OURS
        return machine.key, bench_boot.measure(machine.key, machine.title, machine.kernel, machine.words, is_ours)
    with ThreadPoolExecutor(CONCURRENT) as pool:
        boots = dict(pool.map(boot, make_machines(options, ALL_MACHINES, 1)))
    text = f"### Booting\n\n{bench_report.boot_table(TITLES, boots)}"
    print(f"{text}\n")
    return text


def measure_traffic(options):
    """What costs time on a real hart beside the instructions, on Heifer."""
    symbols = profile.read_symbols(options.image.parent / "heifer.elf", profile.PROGRAM)
    with ThreadPoolExecutor(CONCURRENT) as pool:
        measured = list(pool.map(lambda name: profile.measure(name, options.image, has_lines=True), TRAFFIC_ROWS))
    text = "### What it does to memory\n\n" + profile.traffic_table(
        {name: got for name, got in zip(TRAFFIC_ROWS, measured) if name not in got[0].skipped}, symbols)
    print(f"{text}\n")
    return text


def measure_harts(options):
    machines = make_machines(options, options.machines or HARTS_MACHINES, 1)
    text, kernel = bench_harts.measure(machines, OURS, PEER, options.image.parent / "heifer.elf")
    print(f"\n{text}\n")
    if options.machines:
        print(f"{PAGE} was left as it is: it is of `make bench ROWS=harts` without more")
    else:
        write_page(HARTS_BEGIN, text, versions(options, kernel, bench_harts.find_qemu()))


def versions(options, linux, qemu=QEMU):
    return "\n".join([f"- {version_of(qemu)}", f"- Linux {linux}",
                      f"- Heifer and the program compiled by {version_of(options.compiler.split()[0])}"])


def picture_line(title, path):
    return f"![{title}]({path.name})"


def write_page(begin, *parts):
    """What this program makes of the page, between @begin and its end."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(PAGE_END)
    PAGE.write_text("\n\n".join([before + begin, *parts, PAGE_END]) + after, encoding="utf-8")
    print(f"{PAGE} was written")


def count_quick_rows(options):
    """Also what COUNTS holds of them, the names of all that belong there, and the section."""
    every = find_rows(QUICK_ROWS.split())
    names = every if options.rows is None else [name for name in find_rows(options.rows.split()) if name in every]
    if not names:
        sys.exit(f"bench: nothing of {options.rows} is stored; there are {QUICK_ROWS}")
    run = measure_rows(options, OURS, names, 1)[OURS].only(names)
    section = bench_report.section_name(version_of(options.compiler.split()[0]), version_of(QEMU))
    stored = read_table(COUNTS)[1].get(section)
    return run, stored, every, section


def check(options):
    run, stored, every, section = count_quick_rows(options)
    errors, notes = bench_report.check_growth(run), []
    if options.rows is None:
        errors += bench_report.check_shape(run)
    if stored is None:
        notes.append(f"{COUNTS} has nothing of {section}: only the shape of fork() was checked")
    else:
        if options.rows is not None:
            stored = {name: count for name, count in stored.items() if name in run.rows}
        compared = bench_report.compare(stored, run)
        errors += compared.errors
        notes += compared.notes
    for note in notes:
        print(f"  bench-check: {note}. To store what is counted now: make bench-accept")
    if errors:
        sys.exit("\n".join([f"  {error}" for error in errors]) + f"\nbench-check: against {COUNTS}, of {section}. "
                 "If it is meant to cost that: make bench-accept")
    print(f"  bench-check: {len(run.rows)} rows cost what they should")


def accept(options):
    """What was not counted now stays as it is stored, as long as there is such a row."""
    run, stored, every, section = count_quick_rows(options)
    counts = {name: row.median for name, row in run.rows.items()}
    merged = bench_report.merge(stored or {}, counts, every)
    COUNTS.write_text(bench_report.write_section(COUNTS.read_text(encoding="utf-8"), section, merged),
                      encoding="utf-8")
    print(f"  {COUNTS}: {len(counts)} rows of {section}")


def main():
    options = parse_options()
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    {"measure": measure, "check": check, "accept": accept}[options.what](options)


if __name__ == "__main__":
    main()
