#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Do on freshly installed machines what the README promises: debootstrap a root of each release, clone this
tree's last commit into it, and run there, with nobody at the keyboard,

    scripts/setup && make run         to the prompt, then `poweroff` is typed
    scripts/setup && make test

usage: test_fresh.py [RELEASE...]     default: bookworm trixie

Needs root, debootstrap and a network; an hour and 4 GB of disk for each. What is mounted is mounted in a
namespace of its own, which ends with the command, whatever happens to it. The log of each is
build/fresh/RELEASE.log; the root of one that failed stays in build/fresh/RELEASE for you to look at.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from boot_test import PROMPT, BootError, Console

TOP = Path(__file__).resolve().parents[1]
WORK = TOP / "build" / "fresh"
HOME = "root/heifer"
RELEASES = ("bookworm", "trixie")
SETUP_SECONDS = 3600
TEST_SECONDS = 3 * 3600
END_SECONDS = 600

# $1: the root, $2: the command.
ENTER = f"""set -e
mount -t proc proc "$1/proc"
mount --rbind /sys "$1/sys"
mount --rbind /dev "$1/dev"
exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8 \\
	sh -c "cd /{HOME} && $2"
"""


# With the command everything it started ends, and what it mounted is gone.
CONTAINED = ("unshare", "--mount", "--pid", "--fork", "--kill-child")


def inside(root, command):
    """The words that run @command in @root."""
    return [*CONTAINED, "sh", "-c", ENTER, "sh", str(root), command]


def output_of(*command):
    return subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True).stdout


def install(release, root, log):
    """A minimal Debian that reaches the network as this machine does, with a clone of the tree."""
    mirror = output_of("scripts/fetch_packages", "--print-mirror").strip()
    subprocess.run([*CONTAINED, "--mount-proc", "debootstrap", "--variant=minbase", release, str(root), mirror],
                   check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    shutil.copyfile("/etc/resolv.conf", root / "etc/resolv.conf")
    settings = [line for line in output_of("apt-config", "dump").splitlines()
                if line.startswith(("Acquire::http", "Acquire::https", "Acquire::Retries"))]
    (root / "etc/apt/apt.conf.d/10machine").write_text("\n".join(settings) + "\n", encoding="utf-8")
    subprocess.run(["git", "clone", "--quiet", "--no-local", str(TOP), str(root / HOME)], check=True)


def run_line(root, log):
    """scripts/setup && make run"""
    console = Console(inside(root, "scripts/setup && make run"), log)
    try:
        console.expect(PROMPT, SETUP_SECONDS)
        console.send(b"poweroff")
        console.expect(b"leaks: none", END_SECONDS)
        if not console.wait_for_exit(END_SECONDS):
            raise BootError("make run did not return")
        if console.qemu.returncode != 0:
            raise BootError(f"make run: status {console.qemu.returncode}")
    finally:
        console.close()


def test_line(root, log):
    """scripts/setup && make test"""
    subprocess.run(inside(root, "scripts/setup && make test"), check=True, timeout=TEST_SECONDS,
                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def test_release(release):
    root = WORK / release
    if root.exists():
        shutil.rmtree(root)
    with (WORK / f"{release}.log").open("wb", buffering=0) as log:
        for name, step in (("debootstrap", lambda: install(release, root, log)),
                           ("scripts/setup && make run", lambda: run_line(root, log)),
                           ("scripts/setup && make test", lambda: test_line(root, log))):
            started = time.monotonic()
            log.write(f"\n=== {release}: {name}\n".encode())
            step()
            print(f"  {release}: {name}: {time.monotonic() - started:.0f} s", flush=True)
    shutil.rmtree(root)


def main():
    releases = sys.argv[1:] or RELEASES
    if any(release.startswith("-") for release in releases):
        sys.exit(__doc__)
    if os.geteuid() != 0:
        sys.exit("test_fresh: it makes roots of its own and so needs root: sudo make test-fresh")
    if shutil.which("debootstrap") is None:
        sys.exit("test_fresh: debootstrap is missing: apt-get install debootstrap")
    WORK.mkdir(parents=True, exist_ok=True)
    for release in releases:
        try:
            test_release(release)
        except (BootError, subprocess.SubprocessError) as error:
            log = WORK / f"{release}.log"
            sys.stderr.write(log.read_bytes()[-3000:].decode(errors="replace"))
            sys.exit(f"\ntest_fresh: {release}: {error}\n  the log: {log}\n"
                     f"  again: make test-fresh T={release}")


if __name__ == "__main__":
    main()
