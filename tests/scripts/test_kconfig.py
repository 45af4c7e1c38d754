# SPDX-License-Identifier: MIT
"""scripts/kconfig.py: what it takes, and what it says about the rest."""

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]


def kconfig(*words, cwd=TOP):
    return subprocess.run([sys.executable, TOP / "scripts/kconfig.py", *map(str, words)], cwd=cwd, check=False,
                          capture_output=True, text=True)


def configure(directory, text):
    """Configure with virt's choice and these lines."""
    fragment = directory / "lines"
    fragment.write_text(text, encoding="utf-8")
    return kconfig("configure", directory, "board/virt/defconfig", fragment)


def test_values_reach_both_files(tmp_path):
    result = configure(tmp_path, "CONFIG_NR_CPUS=3\n# CONFIG_INITRAMFS is not set\n")
    assert result.returncode == 0, result.stderr
    assert "#define CONFIG_NR_CPUS 3\n" in (tmp_path / "generated/config.h").read_text()
    make = (tmp_path / "generated/config.mk").read_text()
    assert "CONFIG_NR_CPUS := 3\n" in make and "CONFIG_INITRAMFS" not in make


@pytest.mark.parametrize("line, answer", [
    ("CONFIG_NR_CPUS=99", "lies between 1 and 64"),
    ("CONFIG_NR_CPUS=many", "whole number"),
    ("CONFIG_NR_CPUS=08", "without leading zeros"),
    ("CONFIG_NR_CPU=4", "there is no option CONFIG_NR_CPU"),
    ("CONFIG_INITRAMFS=yes", "it is y or n"),
    ("CONFIG_INITRAMFS = y", "cannot be understood"),
    ("CONFIG_BOARD_NAME=\"mine\"", "follows from other options"),
    ("CONFIG_FORK_DEFAULT_PAGE=y\nCONFIG_FORK_DEFAULT_COPY=y", "same choice"),
    ("CONFIG_NR_CPUS=1\nCONFIG_NR_CPUS=2", "has a value already"),
])
def test_what_cannot_be_is_an_error_with_its_line(tmp_path, line, answer):
    result = configure(tmp_path, line + "\n")
    assert result.returncode != 0
    assert answer in result.stderr
    assert f"{tmp_path}/lines:" in result.stderr
    assert not (tmp_path / "generated/config.mk").exists()


def test_what_an_option_depends_on_is_named(tmp_path):
    (tmp_path / "Kconfig").write_text('config FIRST\n\tbool "first"\n'
                                      'config SECOND\n\tbool "second"\n\tdepends on FIRST\n', encoding="utf-8")
    (tmp_path / "lines").write_text("# CONFIG_FIRST is not set\nCONFIG_SECOND=y\n", encoding="utf-8")
    result = kconfig("configure", tmp_path, tmp_path / "lines", cwd=tmp_path)
    assert result.returncode != 0
    assert f"{tmp_path}/lines:2: CONFIG_SECOND cannot be y: it depends on FIRST" in result.stderr


def test_a_changed_configuration_wins_until_it_is_removed(tmp_path):
    configure(tmp_path, "")
    config = tmp_path / ".config"
    config.write_text(config.read_text().replace("CONFIG_NR_CPUS=8", "CONFIG_NR_CPUS=5"))
    assert "as you changed it" in configure(tmp_path, "").stdout
    assert "CONFIG_NR_CPUS := 5\n" in (tmp_path / "generated/config.mk").read_text()
    config.unlink()
    configure(tmp_path, "")
    assert "CONFIG_NR_CPUS := 8\n" in (tmp_path / "generated/config.mk").read_text()


def test_diffconfig_names_what_differs_and_nothing_else(tmp_path):
    configure(tmp_path, "CONFIG_NR_CPUS=3\n")
    lines = kconfig("diffconfig", tmp_path, "board/virt/defconfig").stdout.splitlines()
    assert [line.split() for line in lines[1:]] == [["CONFIG_NR_CPUS", "8", "->", "3"]]
    boards = kconfig("diffconfig", tmp_path, "board/unmatched/defconfig").stdout
    assert "CONFIG_BOARD_UNMATCHED" in boards and "CONFIG_SERIAL_SIFIVE" in boards
    configure(tmp_path, "")
    (tmp_path / ".config").unlink()
    configure(tmp_path, "")
    assert kconfig("diffconfig", tmp_path, "board/virt/defconfig").stdout.strip() == "no difference"


def test_savedefconfig_is_minimal_and_makes_the_same(tmp_path):
    configure(tmp_path, "CONFIG_NR_CPUS=3\n")
    saved = tmp_path / "defconfig"
    assert kconfig("savedefconfig", tmp_path, saved).returncode == 0
    assert saved.read_text() == "CONFIG_NR_CPUS=3\n"
    again = tmp_path / "again"
    assert kconfig("configure", again, saved).returncode == 0
    assert (again / ".config").read_text() == (tmp_path / ".config").read_text()
