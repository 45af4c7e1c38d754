# SPDX-License-Identifier: MIT
"""`make test-board`, the way to a real board, on QEMU behind a serial port and a switch (board_in_qemu.py)."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

# One after the other: they share build/board.
pytestmark = [pytest.mark.machines("sifive_u"), pytest.mark.qemu("stands in for a board"),
              pytest.mark.xdist_group("board")]

TOP = Path(__file__).parents[2]
BOARD = TOP / "tests/system/board_in_qemu.py"


@pytest.fixture
def board(machine, tmp_path):
    """The directory of a board that boots what @machine does."""
    config, qemu = machine.target.env.config, machine.console
    command = [config.get_tool(qemu.qemu_bin), "-M", qemu.machine, "-m", qemu.memory, *qemu.extra_args.split(),
               "-kernel", config.get_image_path(qemu.kernel), "-serial", "stdio", "-monitor", "none",
               "-display", "none"]
    with subprocess.Popen([sys.executable, BOARD, "serve", tmp_path, *command], stdout=subprocess.PIPE) as server:
        assert server.stdout.readline() == b"ready\n"
        yield tmp_path
        server.terminate()


def run_tests(directory, tests, power_on="on", boot_seconds=600):
    """test_board, as a person calls it: its report. The lab is the Unmatched's, but for what QEMU has less of."""
    lab = yaml.safe_load((TOP / "board/unmatched/lab.yaml").read_text())
    lab["options"].update(memory={"unmatched": "2G"}, boot_seconds={"unmatched": boot_seconds})
    (directory / "lab.yaml").write_text(yaml.safe_dump(lab, sort_keys=False))
    switch = f"{sys.executable} {BOARD}"
    # It is a run of its own, whatever runs this one.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    return subprocess.run([TOP / "scripts/test_board", "--lab", directory / "lab.yaml", "--port", directory / "serial",
                           "--power-on", f"{switch} {power_on} {directory}",
                           "--power-off", f"{switch} off {directory}", tests],
                          env=environment, check=False, capture_output=True, text=True, timeout=3600)


def test_the_tests_run_on_a_board(board):
    result = run_tests(board, "pipeline_counts or interrupt_key or helper or all_memory or reboot_comes_back or "
                              "maxcpus or many_reservations")
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"^5 passed, 2 skipped", result.stdout, re.M), result.stdout
    assert re.search(r"test_boot.py:\d+: needs QEMU: gives the kernel a command line$", result.stdout, re.M)
    assert re.search(r"test_memory.py:\d+: is for virt$", result.stdout, re.M)
    # What the board said is kept.
    assert "Heifer" in (TOP / "build/board/console_unmatched").read_text(errors="replace")


def test_a_board_without_power_fails_its_tests(board):
    result = run_tests(board, "pipeline_counts", power_on="off", boot_seconds=5)
    assert result.returncode != 0 and re.search(r"\b1 error in", result.stdout), result.stdout + result.stderr


def test_a_port_that_is_not_there_is_named(board):
    (board / "serial").unlink()
    result = run_tests(board, "pipeline_counts")
    assert result.returncode != 0 and f"{board}/serial" in result.stderr and "Is the cable in?" in result.stderr
