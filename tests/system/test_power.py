# SPDX-License-Identifier: MIT
"""The ends of the machine: power off, reboot, PID 1's end, a panic on purpose."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import BANNER, plain
from heifer_lab import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parent.parent.parent


def test_power_off_finds_no_leaks(machine):
    shell = machine.boot()
    shell.run_check("ls -lR / > /tmp/list; (sleep 100 &); mkdir -p /tmp/a/b; cp /bin/busybox /tmp/a/b/")
    assert machine.power_off() == "none"
    if not machine.is_sifive_u:
        assert machine.console.exited_within(PATIENCE_SECONDS)


@pytest.mark.machines("virt", "sifive_u")
def test_reboot_comes_back(machine):
    machine.boot()
    machine.console.sendline("reboot")
    machine.expect("leaks: none")
    machine.expect(BANNER, timeout=machine.boot_seconds)
    machine.expect_prompt(timeout=60)


@pytest.mark.machines("virt", "virt-1")
def test_the_end_of_init_is_the_end_of_the_system(machine):
    machine.start("init=/bin/true")
    machine.expect("leaks: none")


@pytest.mark.machines("virt")
def test_no_init_says_what_to_do(machine):
    machine.start("init=/no/such/init rdinit=/none")
    before, _ = machine.expect(r"no init[^\r\n]*")
    assert "Backtrace" not in plain(before)


@pytest.mark.machines("virt", "sifive_u")
def test_panic_tells_all(machine):
    machine.boot()
    machine.console.sendline("/bin/true; echo c > /proc/sysrq-trigger")
    before, _ = machine.expect(r"---\[ end of panic \]---")
    text = plain(before)
    assert "panic" in text
    # Registers by name, and a backtrace that names functions on the way from the system call.
    assert " ra " in text and " sp " in text and " s0 " in text
    assert "Backtrace" in text and "sys_write" in text
    # Where the other harts were, what the shell had mapped, what had happened.
    assert "Hart 0:" in text or "Hart 2:" in text
    assert re.search(r"Process \d+ \(sh\), /bin/busybox; its memory:\n.* 000000010000-[0-9a-f]{12} r-xp", text)
    assert re.search(r"Last events.*\n(.*\n)*.* \d +\d+ exec +euid=0 ", text)
    assert "holds 'file offset' (file offset) taken at file_write" in text


def source_line(file, wanted):
    """The number of the only line of @file that holds @wanted."""
    numbers = [n for n, line in enumerate((ROOT / file).read_text().splitlines(), 1) if wanted in line]
    assert len(numbers) == 1
    return f"{file}:{numbers[0]}"


def backtrace(text):
    """{function: place} of the first backtrace in @text."""
    rows = re.findall(r"\[[0-9a-f]{16}\] (\w+)\+0x[0-9a-f]+ \(([^)]*)\)", text.partition("Backtrace:")[2])
    return dict(reversed(rows))


@pytest.mark.machines("virt")
def test_panic_names_source_lines(machine):
    machine.boot()
    machine.console.sendline("echo c > /proc/sysrq-trigger")
    before, _ = machine.expect(r"---\[ end of panic \]---")
    text = plain(before)
    places = backtrace(text)
    crash = source_line("kernel/proc/sysrq.c", "sd zero, 0(zero)")
    assert crash in places.values()
    # The line of the call, not the one behind it.
    assert places["text_write"] == source_line("fs/procfs_inode.c", "i->store(text, wanted)")
    # The script says the same, from the report and from its last line alone, and decodes the instruction.
    elf = ROOT / "build/virt-debug-tests/heifer.elf"
    summary = re.search(r"scripts/decode\.py ([^\r\n]*)", text).group(1)
    for arguments, given in (([], text), (summary.split(), "")):
        decoded = subprocess.run([sys.executable, ROOT / "scripts/decode.py", "--elf", elf, *arguments], input=given,
                                 text=True, check=True, capture_output=True).stdout
        assert crash in decoded and places["text_write"] in decoded
        assert re.search(r"sd\s+zero,0\(zero\)", decoded)


@pytest.mark.machines("virt-release")
def test_panic_of_a_release_build_is_decoded_by_the_script(machine):
    machine.boot()
    machine.console.sendline("echo c > /proc/sysrq-trigger")
    before, _ = machine.expect(r"---\[ end of panic \]---")
    text = plain(before)
    assert "sys_write+0x" in text and "sys_rw.c" not in text
    # No caller is missing; others may stand between. The last one is what was interrupted: a program.
    report = text.partition("Backtrace")[2].partition("Hart ")[0].partition("Last events")[0]
    names = re.findall(r"\[[0-9a-f]{16}\] (\w+)", report)
    wanted = ["crash", "store", "text_write", "sys_write", "trap_vector"]
    assert [name for name in names if name in wanted] == wanted
    assert re.fullmatch("0x[0-9a-f]+", names[-1]), names
    decoded = subprocess.run([sys.executable, ROOT / "scripts/decode.py"], input=text, text=True, check=True,
                             capture_output=True).stdout
    assert source_line("kernel/proc/sysrq.c", "sd zero, 0(zero)") in decoded
