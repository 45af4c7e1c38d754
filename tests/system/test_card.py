# SPDX-License-Identifier: MIT
"""From the card alone, through the boot loaders, with nobody at the keyboard; and back again by reboot.

Which boot loaders these are, and where the cards for QEMU's sifive_u have something else than the card for the
board: scripts/rehearse.py.
"""

import re
import subprocess
import zlib
from pathlib import Path

import pytest
from conftest import plain

TOP = Path(__file__).parents[2]
# The boot loaders are 5 seconds of work, most of them waiting for somebody to press a key.
CHAIN_SECONDS = 600
# The boot hart is drawn by lot. That it is always the same one would happen once in hundreds of thousands of runs.
BOOTS_MAX = 16
# The SPI flash, and where in it U-Boot keeps its settings: a checksum, then NAME=VALUE.
FLASH_BYTES, ENV_OFFSET, ENV_BYTES = 32 << 20, 0x505000, 0x20000

# What each stage says, in this order.
EXTLINUX = [r"Retrieving file: /Image\n", r"Retrieving file: /initramfs\.cpio\n", r"append: [^\n]*\n"]
STAGES = {
    "card-sd": [r"U-Boot SPL 20", r"Trying to boot from MMC1\n", r"U-Boot 20",
                r"Model: SiFive HiFive Unleashed A00\n", r"Found /extlinux/extlinux\.conf\n", *EXTLINUX],
    "card-rehearsal": [r"U-Boot SPL 20", r"Trying to boot from MMC1\n", r"U-Boot 20",
                       r"Model: SiFive HiFive Unmatched A00\n", r"DRAM:  16 GiB\n", r"with extlinux\n", *EXTLINUX],
    "card-virt": [r"OpenSBI v", r"U-Boot 20", r"Model: riscv-virtio,qemu\n", r"Found /extlinux/extlinux\.conf\n",
                  *EXTLINUX],
}


def come_up(machine, stages=None):
    """From the first stage to the shell. Nothing is typed before the prompt is there, for a key stops U-Boot."""
    said = plain(machine.expect(r"Starting kernel", timeout=CHAIN_SECONDS)[0])
    stages = re.compile(".*".join(stages or STAGES[machine.name]), re.DOTALL)
    assert stages.search(said), said
    machine.expect_prompt(timeout=CHAIN_SECONDS)
    return machine.login()


def reboot(machine):
    machine.target.deactivate(machine.target.get_driver("ShellDriver"))
    machine.console.sendline("reboot")
    machine.expect("leaks: none")


def boot_hart(shell):
    return int(re.search(r"boot hart (\d+):", shell.run_check("dmesg | grep 'boot hart'")[0])[1])


def check_world(shell):
    """The root file system is the card's: the kernel on it has none built in."""
    log = plain("\n".join(shell.run_check("dmesg")))
    assert re.search(r'command line "loglevel=7"', log)
    assert "4 of 4 harts run" in log
    assert shell.run_check("ls -l /bin | grep -c sh")[0].isdigit()


@pytest.mark.machines("card-sd", "card-rehearsal")
def test_the_card_boots_and_reboots_by_itself_on_different_harts(machine):
    machine.power_on()
    harts = set()
    for _ in range(BOOTS_MAX):
        shell = come_up(machine)
        check_world(shell)
        harts.add(boot_hart(shell))
        if len(harts) > 1:
            break
        reboot(machine)
    assert len(harts) > 1 and harts <= {1, 2, 3, 4}
    assert machine.power_off() == "none"


@pytest.mark.machines("card-virt")
def test_a_virtio_disk_boots_and_reboots_by_itself(machine):
    machine.power_on()
    check_world(come_up(machine))
    reboot(machine)
    check_world(come_up(machine))
    assert machine.power_off() == "none"


@pytest.mark.machines("card-rehearsal")
@pytest.mark.qemu("puts settings into the SPI flash")
def test_old_settings_in_the_flash_are_overcome_as_the_next_steps_say(machine, tmp_path):
    # As an earlier system may have left them: its own commands, another disk.
    settings = b"\0".join([b"bootcmd=echo the old system", b"bootdelay=2", b"preboot=echo old", b"boot_targets=nvme0",
                           b"kernel_addr_r=0x84000000", b"ramdisk_addr_r=0x88300000", b"fdt_addr_r=0x88000000",
                           b"fdt_high=0xffffffffffffffff"]).ljust(ENV_BYTES - 4, b"\0")
    flash = bytearray(b"\xff" * FLASH_BYTES)
    flash[ENV_OFFSET:ENV_OFFSET + ENV_BYTES] = zlib.crc32(settings).to_bytes(4, "little") + settings
    (tmp_path / "flash.img").write_bytes(flash)
    machine.power_on(options=["-drive", f"file={tmp_path}/flash.img,if=mtd,format=raw"])
    machine.expect("\nthe old system", timeout=CHAIN_SECONDS)
    machine.expect("=> ", timeout=CHAIN_SECONDS)
    text = (TOP / "board/unmatched/next_steps.txt").read_text()
    commands = re.findall(r"^ {9}(.+)$", text.partition("flash holds settings")[2], re.M)
    assert commands[-1] == "boot"
    for command in commands[:-1]:
        machine.type(command + "\r")
        machine.expect("\n=> ", timeout=CHAIN_SECONDS)
    machine.type(commands[-1] + "\r")
    come_up(machine, STAGES[machine.name][-4:])


@pytest.mark.parametrize("chain, build", [("sd", "unmatched"), ("rehearsal", "unmatched-debug")])
def test_the_cards_differ_from_the_boards_as_stated_and_nowhere_else(chain, build):
    build = TOP / "build" / build
    done = subprocess.run([TOP / "scripts/rehearse.py", "compare", chain, build / "sdcard/heifer-unmatched.img",
                           build / f"chain-{chain}/card.img"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
