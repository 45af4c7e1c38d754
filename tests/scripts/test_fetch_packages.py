# SPDX-License-Identifier: MIT
"""Which QEMU scripts/fetch_packages chooses for harts that fault on clear A and D bits."""

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
