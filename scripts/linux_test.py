#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run tests/commands and user/tests on Linux and on Heifer, and compare. tests/commands/README.md says how.

usage: linux_test.py [SUBJECT | SUBJECT/CASE | PATTERN]...

Every difference must be listed with its reason in tests/commands/differences, and every one listed there must
show. Every case that is asked for must run on Linux and on Heifer. Programs of user/tests run on Linux and on one
machine of Heifer: the system tests run them on the others. If all is asked for, Linux, which takes longest, has
two machines: one for the programs. Logs are left in build/linux.
"""

import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from os import cpu_count
from pathlib import Path

from boot_test import PROMPT, BootError, Console

DIRECTORY = Path("build/linux")
LINUX = "build/packages/linux"
LINUX_FIRMWARE = "build/packages/fw_dynamic.bin"  # scripts/fetch_packages says why not QEMU's own
COMMANDS = Path("tests/commands")
PROGRAMS = Path("user/tests")
DIFFERENCES = COMMANDS / "differences"
# They are for a machine that is stuck, not for one that is slow.
BOOT_SECONDS = 900
RUN_SECONDS = 3600
OFF_SECONDS = 300
SHOWN_LINES = 12
KILLED = 128 + 9  # the status of a case that tests/commands/run ended, since its time was up
CASE = re.compile(r"^#: (\S+)$", re.MULTILINE)
LISTED = re.compile(r"(\S+/\S+)\s+(\S.*)")
RESULT = re.compile(r"@@ result (\S+) (\d+) (\d+)")


class Machine:
    """A kernel, how it is started, what it is asked, and what it answered."""

    def __init__(self, name, kernel, harts, words, patterns, extra=()):
        self.name = name
        self.command = ["qemu-system-riscv64", "-M", "virt", "-smp", str(harts), "-m", "512M", "-nographic",
                        "-kernel", kernel, "-append", words, *extra]
        self.is_linux = kernel == LINUX
        self.patterns = patterns
        self.wanted = {case for case in all_cases() if any(is_named(case, pattern) for pattern in patterns)}
        self.results = {}  # case -> (status, bytes, lines)

    def run(self):
        """The cases that its patterns name; fills in results."""
        started = time.monotonic()
        path = DIRECTORY / f"{self.name}.log"
        with path.open("wb", buffering=0) as log:
            console = Console(self.command, log)
            try:
                console.expect(PROMPT, BOOT_SECONDS)
                console.send(b"set -f; sh /tests/.commands/run " + " ".join(self.patterns).encode())
                output = console.expect(b"@@ end", RUN_SECONDS)
                self.power_off(console)
            except BootError as error:
                sys.exit(f"test-linux: {self.name}: {error}; {last_case(path)}. The log: {path}")
            finally:
                console.close()
        self.results = parse(output)
        print(f"  {self.name}: {len(self.results)} cases in {time.monotonic() - started:.0f} s", flush=True)

    def power_off(self, console):
        """Heifer finds its leaks then; Linux may just be switched off."""
        if self.is_linux:
            return
        console.expect(PROMPT, OFF_SECONDS)
        console.send(b"poweroff")
        console.expect(b"leaks: ", OFF_SECONDS)
        verdict = console.expect(b"\n", OFF_SECONDS).strip().decode()
        if verdict != "none":
            raise BootError(f"leaks: {verdict}")


def machines(patterns):
    """For what @patterns name, or for all. The longest run first: they share the host's processors. Programs run on
    one Heifer only, since the system tests run them on the others."""
    commands = patterns or sorted({case.split("/")[0] for case in all_cases()} - {"tests"})
    everything = patterns or commands + ["tests"]

    def linux(name, asked):
        return Machine(name, LINUX, 2, "console=ttyS0 loglevel=1", asked,
                       ["-bios", LINUX_FIRMWARE, "-initrd", str(DIRECTORY / "initramfs.cpio")])

    def heifer(build, fork, harts, asked):
        return Machine(f"{build}-{fork}-{harts}", f"build/{build}/Image", harts, f"fork={fork} loglevel=1", asked)

    return [
        *([linux("linux", everything)] if patterns else [linux("linux", commands), linux("linux-programs", ["tests"])]),
        heifer("virt-tests", "copy", 4, everything),
        heifer("virt-debug-tests", "table", 4, commands),
        heifer("virt-debug-tests", "copy", 1, commands),
        heifer("virt-tests", "page", 1, commands),
    ]


def all_cases():
    """By their sources, whatever a machine says it has."""
    commands = [f"{path.stem}/{name}" for path in COMMANDS.glob("*.sh")
                for name in CASE.findall(path.read_text(encoding="utf-8"))]
    return commands + [f"tests/{path.stem}" for path in PROGRAMS.glob("*.c")]


def is_named(case, pattern):
    """As tests/commands/run sees it."""
    return fnmatchcase(case, pattern) or fnmatchcase(case, f"{pattern}/*")


def last_case(log):
    cases = re.findall(r"@@ case (\S+)", log.read_text(errors="replace"))
    return f"the last case was {cases[-1]}" if cases else "no case was run"


def parse(output):
    results = {}
    lines = None
    for line in output.decode(errors="replace").replace("\r", "").split("\n"):
        match = RESULT.fullmatch(line)
        if match:
            lines = []
            results[match[1]] = (int(match[2]), int(match[3]), lines)
        elif line.startswith("|") and lines is not None:
            lines.append(line[1:])
    return results


def read_differences():
    """case -> reason."""
    listed = {}
    for line in DIFFERENCES.read_text(encoding="utf-8").splitlines():
        match = LISTED.fullmatch(line)
        if match:
            listed[match[1]] = match[2]
        elif line and not line.startswith("#"):
            sys.exit(f"{DIFFERENCES}: {line!r} is neither a comment nor SUBJECT/CASE REASON")
    return listed


def show(name, machine, linux, heifer):
    print(f"\n  DIFFERS {name} on {machine}: "
          f"{describe('Linux', linux)}, {describe('Heifer', heifer)}")
    if linux is None or heifer is None:
        return
    pairs = [pair for pair in align(linux[2], heifer[2]) if pair[0] != pair[1]]
    for theirs, ours in pairs[:SHOWN_LINES]:
        print(f"    Linux:  {theirs}\n    Heifer: {ours}")
    if len(pairs) > SHOWN_LINES:
        print(f"    and {len(pairs) - SHOWN_LINES} more")


def align(theirs, ours):
    longest = max(len(theirs), len(ours))
    nothing = "(no line)"
    return zip(theirs + [nothing] * (longest - len(theirs)), ours + [nothing] * (longest - len(ours)))


def describe(who, result):
    return f"{who} did not run it" if result is None else f"{who} {result[0]} ({result[1]} bytes)"


def compare(wanted, linux, heifers, listed):
    """Each case of @wanted, whose results @linux has: case -> list of machines it differs on, or was not run on;
    shown as they are found."""
    differing = {}
    for name in sorted(wanted):
        for heifer in heifers:
            theirs, ours = linux.get(name), heifer.results.get(name)
            if name not in heifer.wanted or (theirs == ours and theirs is not None):
                continue
            if name not in differing and name not in listed:
                show(name, heifer.name, theirs, ours)
            differing.setdefault(name, []).append(heifer.name)
    return differing


def failed_on_linux(linux):
    """A program of user/tests that fails on Linux is wrong, whatever Heifer does, and so is a case that never ends."""
    failed = [name for name, result in linux.items()
              if result[0] == KILLED or (name.startswith("tests/") and result[0] != 0)]
    for name in failed:
        print(f"\n  FAILS on Linux: {name}")
        print("\n".join(f"    {line}" for line in linux[name][2][-SHOWN_LINES:]))
    return failed


def main():
    patterns = sys.argv[1:]
    if patterns == ["--help"]:
        print(__doc__)
        return
    for pattern in patterns:
        if not any(is_named(case, pattern) for case in all_cases()):
            sys.exit(f"test-linux: no case is called {pattern}")
    listed = read_differences()
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    every = machines(patterns)
    with ThreadPoolExecutor(cpu_count() + 1) as pool:
        list(pool.map(Machine.run, every))
    heifers = [machine for machine in every if not machine.is_linux]
    wanted, linux = set(), {}
    for machine in every:
        if machine.is_linux:
            wanted |= machine.wanted
            linux |= machine.results
    failed = failed_on_linux(linux)
    differing = compare(wanted, linux, heifers, listed)
    unlisted = [name for name in differing if name not in listed]
    gone = [name for name in listed if name not in differing and (name in wanted or not patterns)]
    for name in unlisted:
        print(f"  differs, not listed: {name} on {', '.join(differing[name])}")
    for name in gone:
        print(f"  listed in {DIFFERENCES}, but does not differ: {name}")
    print(f"  {len(linux)} cases compared with Linux on {len(heifers)} machines: "
          f"{len(differing)} differ, {len(differing) - len(unlisted)} of them for a reason that is listed")
    wrong = list(dict.fromkeys(failed + unlisted + gone))
    if wrong:
        sys.exit("test-linux: again: make test-linux T='" + " ".join(wrong[:5]) + "'")


if __name__ == "__main__":
    main()
