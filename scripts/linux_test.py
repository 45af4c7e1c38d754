#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run tests/commands and user/tests on Linux and on Heifer, and compare. tests/commands/README.md says how.

usage: linux_test.py [SUBJECT | SUBJECT/CASE | PATTERN]...

Every difference must be listed with its reason in tests/commands/differences, and every one listed there must
show. Every case that is asked for must run on Linux and on Heifer. Programs of user/tests run on Linux and on one
machine of Heifer: the system tests run them on the others. Logs are left in build/linux.
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
COMMANDS = Path("tests/commands")
PROGRAMS = Path("user/tests")
DIFFERENCES = COMMANDS / "differences"
BOOT_SECONDS = 120
RUN_SECONDS = 600
OFF_SECONDS = 60
SHOWN_LINES = 12
CASE = re.compile(r"^#: (\S+)$", re.MULTILINE)
LISTED = re.compile(r"(\S+/\S+)\s+(\S.*)")
RESULT = re.compile(r"@@ result (\S+) (\d+) (\d+)")


class Machine:
    """A kernel, how it is started, what it is asked, and what it answered."""

    def __init__(self, name, kernel, harts, words, extra=(), runs_programs=False):
        self.name = name
        self.command = ["qemu-system-riscv64", "-M", "virt", "-smp", str(harts), "-m", "512M", "-nographic",
                        "-kernel", kernel, "-append", words, *extra]
        self.runs_programs = runs_programs
        self.wanted = set()
        self.results = {}  # case -> (status, bytes, lines)

    @property
    def is_linux(self):
        return self.name == "linux"

    def run(self, patterns):
        """The cases that @patterns name, or all that are for this machine; fills in wanted and results."""
        cases = all_cases()
        left_out = set() if self.runs_programs else {"tests"}
        patterns = patterns or sorted({case.split("/")[0] for case in cases} - left_out)
        self.wanted = {case for case in cases if any(is_named(case, pattern) for pattern in patterns)}
        started = time.monotonic()
        path = DIRECTORY / f"{self.name}.log"
        with path.open("wb", buffering=0) as log:
            console = Console(self.command, log)
            try:
                console.expect(PROMPT, BOOT_SECONDS)
                console.send(b"set -f; sh /tests/.commands/run " + " ".join(patterns).encode())
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


def machines():
    """The longest run first: they share the host's processors. Programs run on one Heifer only, since the system
    tests run them on the others."""
    def heifer(build, fork, harts, **more):
        return Machine(f"{build}-{fork}-{harts}", f"build/{build}/Image", harts, f"fork={fork} loglevel=1", **more)

    return [
        Machine("linux", "build/packages/linux", 2, "console=ttyS0 loglevel=1",
                ["-initrd", str(DIRECTORY / "initramfs.cpio")], runs_programs=True),
        heifer("virt-debug-tests", "table", 4),
        heifer("virt-tests", "copy", 4, runs_programs=True),
        heifer("virt-debug-tests", "copy", 1),
        heifer("virt-tests", "page", 1),
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


def compare(linux, heifers, listed):
    """case -> list of machines it differs on, or was not run on; shown as they are found."""
    differing = {}
    for name in sorted(linux.wanted):
        for heifer in heifers:
            theirs, ours = linux.results.get(name), heifer.results.get(name)
            if name not in heifer.wanted or (theirs == ours and theirs is not None):
                continue
            if name not in differing and name not in listed:
                show(name, heifer.name, theirs, ours)
            differing.setdefault(name, []).append(heifer.name)
    return differing


def failed_on_linux(linux):
    """A program of user/tests that fails on Linux is wrong, whatever Heifer does."""
    failed = [name for name, result in linux.results.items() if name.startswith("tests/") and result[0] != 0]
    for name in failed:
        print(f"\n  FAILS on Linux: {name}")
        print("\n".join(f"    {line}" for line in linux.results[name][2][-SHOWN_LINES:]))
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
    linux, *heifers = every = machines()
    with ThreadPoolExecutor(cpu_count() // 2 + 1) as pool:
        list(pool.map(lambda machine: machine.run(patterns), every))
    failed = failed_on_linux(linux)
    differing = compare(linux, heifers, listed)
    unlisted = [name for name in differing if name not in listed]
    gone = [name for name in listed if name not in differing and (name in linux.wanted or not patterns)]
    for name in unlisted:
        print(f"  differs, not listed: {name} on {', '.join(differing[name])}")
    for name in gone:
        print(f"  listed in {DIFFERENCES}, but does not differ: {name}")
    print(f"  {len(linux.results)} cases compared with Linux on {len(heifers)} machines: "
          f"{len(differing)} differ, {len(differing) - len(unlisted)} of them for a reason that is listed")
    wrong = list(dict.fromkeys(failed + unlisted + gone))
    if wrong:
        sys.exit("test-linux: again: make test-linux T='" + " ".join(wrong[:5]) + "'")


if __name__ == "__main__":
    main()
