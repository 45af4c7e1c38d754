# SPDX-License-Identifier: MIT
"""A kernel in QEMU that runs rows of user/bench, counted in instructions, and the journal of what it has counted.

With -icount a run repeats exactly, however busy this machine is. So a row is not run again while kernel, root file
system, settings and QEMU stay what they were: it stands in the machine's journal, build/bench/<machine>.counted.
"""

import hashlib
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import bench_report
import gen_initramfs
from boot_test import BootError, Console

DIRECTORY = Path("build/bench")
ROOT = DIRECTORY / "initramfs.cpio"
PROGRAM = Path("build/user/bench/bench")
QEMU = "qemu-system-riscv64"
# The settings that make a second a thousand million instructions, and each run the same.
PLUGIN = DIRECTORY / "profile.so"
SETTINGS = "-M virt -icount shift=0,sleep=off -seed 1 -rtc base=2026-01-01,clock=vm -nographic".split()
# They are for a machine that is stuck, not for one that is slow.
BOOT_SECONDS = 900
LINE_SECONDS = 1800
OFF_SECONDS = 300


def version_of(program):
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


def find_rows(words):
    """Their names, in the order in which the program runs them; it says what is wrong with @words."""
    emulator = shutil.which("qemu-riscv64-static") or shutil.which("qemu-riscv64")

    def ask(*patterns):
        listed = subprocess.run([emulator, PROGRAM, "-l", *patterns], capture_output=True, text=True, check=False)
        if listed.returncode != 0:
            sys.exit(f"{' '.join(patterns)}: {listed.stderr.strip()}")
        return [line.split()[0] for line in listed.stdout.splitlines()]
    for word in words:
        ask(word)
    return ask(*words)


def make_initramfs(path, names, settle):
    """Behind the root file system, which is the same for all, files that say what is to be run, and after how long."""
    archive = gen_initramfs.Archive()
    archive.add("etc/bench_rows", gen_initramfs.Entry(0o100644, " ".join(names).encode()))
    archive.add("etc/bench_settle", gen_initramfs.Entry(0o100644, settle.encode()))
    path.write_bytes(ROOT.read_bytes() + archive.pack(0))


class Machine:
    """@checks_leaks: the kernel says at power-off whether it has lost something, and is waited for."""

    def __init__(self, key, title, kernel, words, memory="2G", harts=1, checks_leaks=False):
        self.key = key
        self.title = title
        self.command = [QEMU, *SETTINGS, "-smp", str(harts), "-m", memory, "-kernel", str(kernel), "-append", words]
        self.kernel = Path(kernel)
        self.words = words
        self.checks_leaks = checks_leaks
        self.files = [self.kernel, ROOT]  # that decide what is counted
        self.settle = "10"  # seconds of the guest's, before the rows
        self.path = DIRECTORY / f"{key}-{harts}"
        self.run = bench_report.Run()
        self.names = []
        self.doing = ""  # "" before and after

    def file(self, suffix):
        return self.path.with_name(self.path.name + suffix)

    def fingerprint(self):
        """Of all that decides what is counted."""
        digest = hashlib.sha256("\0".join([*self.command, version_of(self.command[0])]).encode())
        for path in self.files:
            digest.update(path.read_bytes())
        return f"# {digest.hexdigest()}"

    def recall(self):
        """What the journal knows; one of another machine is begun anew."""
        journal, fingerprint = self.file(".counted"), self.fingerprint()
        text = journal.read_text(encoding="utf-8") if journal.exists() else ""
        if text.partition("\n")[0] != fingerprint:
            text = fingerprint + "\n"
            journal.write_text(text, encoding="utf-8")
        self.run = bench_report.read_run(text)

    def measure(self, names, progress):
        self.names = names
        self.recall()
        missing = [name for name in names if not self.run.knows(name)]
        if not missing:
            progress.end(self, "as it was counted before")
            return
        started = time.monotonic()
        log = self.file(".log")
        make_initramfs(self.file(".cpio"), missing, self.settle)
        try:
            with log.open("wb", buffering=0) as file, self.file(".counted").open("a", encoding="utf-8") as journal:
                self.boot(Console([*self.command, "-initrd", str(self.file(".cpio"))], file), journal, progress)
        except BootError as error:
            sys.exit(f"bench: {self.title}: {error}. The log: {log}")
        progress.end(self, f"{len(missing)} of them counted in {time.monotonic() - started:.0f} s")

    def boot(self, console, journal, progress):
        try:
            progress.tell(self, "boots")
            console.expect(b"@@ begin", BOOT_SECONDS)
            while self.run.status is None:
                line = console.expect(b"\n", LINE_SECONDS).decode(errors="replace").strip()
                name = self.run.read(line)
                if name or line.startswith((bench_report.KERNEL, "@@ free ")):
                    print(line, file=journal, flush=True)
                progress.tell(self, name or self.doing)
            if self.run.status != 0 or self.run.wrong:
                raise BootError("; ".join(self.run.wrong) or f"the program ended with {self.run.status}")
            if self.checks_leaks:
                console.expect(b"leaks: none", OFF_SECONDS)
                console.wait_for_exit(OFF_SECONDS)
        finally:
            console.close()


class Progress:
    """On a terminal a line that says what every machine does; elsewhere a line for each that came to its end."""

    def __init__(self, machines, is_quiet=False):
        self.machines = machines
        self.is_quiet = is_quiet
        self.lock = threading.Lock()

    def tell(self, machine, what):
        machine.doing = what
        if sys.stdout.isatty() and not self.is_quiet:
            busy = [f"{m.title}: {m.doing} ({sum(map(m.run.knows, m.names))} of {len(m.names)})"
                    for m in self.machines if m.doing]
            with self.lock:
                print("\r\033[K  " + "   ".join(busy), end="", flush=True)

    def end(self, machine, how):
        machine.doing = ""
        if self.is_quiet:
            return
        with self.lock:
            start = "\r\033[K" if sys.stdout.isatty() else ""
            print(f"{start}  {machine.title}: {len(machine.names)} rows, {how}", flush=True)
