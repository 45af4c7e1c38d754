# SPDX-License-Identifier: MIT
"""scripts/fetch_packages: which QEMU it chooses for harts that fault on clear A and D bits, and when it gives up."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/fetch_packages"


@pytest.fixture
def tree(tmp_path):
    """A clone with the script alone, and a folder for the machine's own QEMU."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(SCRIPT, tmp_path / "scripts")
    (tmp_path / "bin").mkdir()
    return tmp_path


def place_qemu(path, has_svade):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ncase $* in *svade=true*) exit {0 if has_svade else 1} ;; esac\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def print_qemu(tree):
    run = subprocess.run([tree / "scripts/fetch_packages", "--print-qemu"], capture_output=True, text=True, check=False,
                         env={"PATH": f"{tree}/bin:{os.defpath}"})
    return run.returncode, run.stdout.strip()


def test_the_machines_own_if_it_can(tree):
    own = place_qemu(tree / "bin/qemu-system-riscv64", True)
    place_qemu(tree / "build/packages/qemu/qemu-system-riscv64", True)
    assert print_qemu(tree) == (0, own)


def test_the_unpacked_one_if_the_machines_own_is_too_old(tree):
    place_qemu(tree / "bin/qemu-system-riscv64", False)
    unpacked = place_qemu(tree / "build/packages/qemu/qemu-system-riscv64", True)
    assert print_qemu(tree) == (0, unpacked)


def test_neither(tree):
    place_qemu(tree / "bin/qemu-system-riscv64", False)
    assert print_qemu(tree) == (1, "")
    place_qemu(tree / "build/packages/qemu/qemu-system-riscv64", False)
    assert print_qemu(tree) == (1, "")


@pytest.fixture
def mirror(tree):
    """A machine whose apt-get fails as often as tree/failures says, and then brings packages: a kernel, OpenSBI."""
    tools = {
        "apt-get": 'n=$(cat "$TREE/failures")\n[ "$n" = 0 ] || { echo $((n - 1)) >"$TREE/failures"; exit 100; }\n'
                   'case $* in download*) touch linux-image-6.0_1.deb opensbi_1_all.deb ;; esac',
        "apt-cache": 'echo "  Depends: linux-image-6.0-riscv64"',
        "apt-config": "",
        "dpkg": "echo amd64",
        "dpkg-deb": 'case $* in -W*opensbi*) echo opensbi 1 ;; -W*) echo linux-image-6.0 1 ;; -f*) echo 1 ;;'
                    '*) tar -c -C "$TREE" ./boot ./usr ;; esac',
        "sleep": 'echo "$1" >>"$TREE/slept"',
    }
    for name, body in tools.items():
        (tree / "bin" / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (tree / "bin" / name).chmod(0o755)
    for file, text in (("boot/vmlinux-6.0", "a kernel"),
                       ("usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin", "firmware")):
        (tree / file).parent.mkdir(parents=True)
        (tree / file).write_text(text, encoding="utf-8")
    return tree


def fetch_linux(tree, failures):
    (tree / "failures").write_text(str(failures), encoding="utf-8")
    return subprocess.run([tree / "scripts/fetch_packages", "--linux"], capture_output=True, text=True, check=False,
                          env={"PATH": f"{tree}/bin:{os.defpath}", "TREE": str(tree), "DEBIAN_MIRROR": "http://mirror"})


@pytest.mark.parametrize("failures", [0, 2])
def test_a_network_may_be_gone_for_a_moment(mirror, failures):
    done = fetch_linux(mirror, failures)
    assert done.returncode == 0, done.stderr
    out = mirror / "build/packages"
    assert (out / "linux").read_text(encoding="utf-8") == "a kernel"
    assert (out / "fw_dynamic.bin").read_text(encoding="utf-8") == "firmware"
    assert (out / "VERSIONS").read_text(encoding="utf-8") == "linux-image-6.0 1 with opensbi (= 1)\n"
    assert (mirror / "slept").exists() == (failures > 0)


def test_a_network_that_stays_away_is_an_error(mirror):
    done = fetch_linux(mirror, 100)
    assert done.returncode == 1 and "update failed; the mirror was http://mirror" in done.stderr
