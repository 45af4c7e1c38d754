# SPDX-License-Identifier: MIT
"""What it takes a kernel to come up: instructions, memory, and the size of its image.

The instructions are counted by the plugin of scripts/profile.py, from the kernel's first one to init's first one, the
firmware's among them. In place of init runs the program of the rows, for BusyBox may come before init, as Linux's
modprobe. It takes minutes for Linux, so what was counted is kept as for the rows.
"""

import re
import subprocess
from pathlib import Path

import bench_report
import profile
from bench_machine import PLUGIN, PROGRAM, ROOT, Machine, Progress
from boot_test import PROMPT, Console

BOOT_SECONDS = 900
GIB_KIB = 1 << 20


def has_memory(gib):
    """QEMU asks for all of a machine's memory, and a kernel touches little of it."""
    words = dict(line.split(":") for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
    return int(words["MemTotal"].split()[0]) > gib * GIB_KIB


def entry_of(path):
    """The address of a static program's first instruction."""
    printed = subprocess.run(["riscv64-linux-gnu-readelf", "-h", path], capture_output=True, text=True, check=True)
    return re.search(r"Entry point address:\s+0x([0-9a-f]+)", printed.stdout)[1]


def count_instructions(key, title, kernel, words):
    """From the kernel's first to init's first, with the file system of the rows."""
    machine = Machine(f"{key}-boot", title, kernel, f"{words} init=/bin/bench rdinit=/bin/bench")
    machine.command += ["-initrd", str(ROOT)]
    journal, fingerprint = machine.file(".counted"), machine.fingerprint()
    known = journal.read_text(encoding="ascii").split("\n") if journal.exists() else []
    if known[:1] == [fingerprint]:
        return int(known[1])
    out = machine.file(".profile").resolve()
    out.unlink(missing_ok=True)
    command = [*machine.command, "-plugin", f"{PLUGIN.resolve()},out={out},boot={entry_of(PROGRAM)}"]
    with machine.file(".log").open("wb") as log:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, check=True, timeout=BOOT_SECONDS)
    total = profile.read_profile(out.read_text(encoding="ascii")).total
    journal.write_text(f"{fingerprint}\n{total}\n", encoding="ascii")
    return total


def used_by_linux(key, title, kernel, words, gib):
    """Just before the rows are run, by a shell."""
    machine = Machine(f"{key}-{gib}G", title, kernel, words, f"{gib}G")
    machine.measure(["null_call"], Progress([machine], is_quiet=True))
    return gib * GIB_KIB - machine.run.free_kib


def used_by_heifer(image, gib):
    """At the prompt of the image's own root file system."""
    command = f"qemu-system-riscv64 -M virt -nographic -smp 1 -m {gib}G -kernel {image}".split()
    with Path("build/bench/heifer-prompt.log").open("wb", buffering=0) as log:
        console = Console(command, log)
        try:
            console.expect(PROMPT, BOOT_SECONDS)
            console.send(b"grep MemFree /proc/meminfo")
            answer = console.expect(PROMPT, BOOT_SECONDS).decode(errors="replace")
        finally:
            console.close()
    return gib * GIB_KIB - int(answer.rpartition("MemFree:")[2].split()[0])


def measure(key, title, kernel, words, is_ours):
    used = {}
    for gib in (2, 16):
        if has_memory(gib):
            used[f"{gib}G"] = used_by_heifer(kernel, gib) if is_ours else used_by_linux(key, title, kernel, words, gib)
    kernel = Path(kernel)
    size = kernel.stat().st_size
    if is_ours:
        size -= (kernel.parent / "initramfs.cpio").stat().st_size
    return bench_report.Boot(count_instructions(key, title, kernel, words), used, size)
