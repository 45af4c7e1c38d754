# SPDX-License-Identifier: MIT
"""scripts/rehearse.py: no difference between two cards escapes it, and it knows a QEMU that cannot read them."""

import random
import subprocess
import sys
from pathlib import Path

import libfdt
import pytest

TOP = Path(__file__).parents[2]
sys.path.insert(0, str(TOP / "scripts"))
import rehearse  # noqa: E402  (it is found only now)

FIRMWARE = TOP / "build/packages/sifive_unmatched"
FIXTURES = TOP / "build/fixtures"
MIB = 1 << 20


def put(path, at, data):
    with path.open("r+b") as stream:
        stream.seek(at)
        stream.write(data)


def partition_at(card, kind):
    with card.open("rb") as stream:
        return rehearse.find_partitions(stream)[kind].start


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    """A small card with what matters: the firmware's partitions as on the Unmatched's, and garbage elsewhere."""
    path = tmp_path_factory.mktemp("card") / "card.img"
    path.write_bytes(random.Random(1).randbytes(16 * MIB))
    subprocess.run(["/sbin/sgdisk", "--zap-all", path], check=False, capture_output=True)
    subprocess.run(["/sbin/sgdisk", "-a", "1", "-n", "1:34:2081", "-t", f"1:{rehearse.SPL_TYPE}", "-n",
                    "2:2082:10273", "-t", f"2:{rehearse.ITB_TYPE}", "-n", "3:16384:0", path], check=True,
                   capture_output=True)
    for kind, name, size in ((rehearse.SPL_TYPE, "u-boot-spl.bin", MIB), (rehearse.ITB_TYPE, "u-boot.itb", 4 * MIB)):
        data = (FIRMWARE / name).read_bytes()
        put(path, partition_at(path, kind), data + bytes(size - len(data)))
    return path


@pytest.fixture(scope="module")
def rehearsal(card, tmp_path_factory):
    directory = tmp_path_factory.mktemp("rehearsal")
    rehearse.make("rehearsal", card, directory)
    return directory / "card.img"


@pytest.fixture
def copy(rehearsal, tmp_path):
    """The rehearsal's card, to be damaged."""
    path = tmp_path / "card.img"
    path.write_bytes(rehearsal.read_bytes())
    return path


def change_itb(path, change):
    """Write the itb back after @change(fit)."""
    with path.open("r+b") as stream:
        partition = rehearse.find_partitions(stream)[rehearse.ITB_TYPE]
        fit = libfdt.Fdt(bytearray(rehearse.itb_blob(rehearse.read_partition(stream, partition))))
        fit.resize(fit.totalsize() + 8192)
        change(fit)
        fit.pack()
        rehearse.write_partition(stream, partition, bytes(fit.as_bytearray()))


def change_tree(path, change):
    """The same for the tree in it."""
    def change_fit(fit):
        node = fit.path_offset(rehearse.default_images(bytes(fit.as_bytearray()))[1])
        tree = libfdt.Fdt(bytearray(fit.getprop(node, "data")))
        tree.resize(tree.totalsize() + 1024)
        change(tree)
        fit.setprop(node, "data", bytes(tree.as_bytearray()))
    change_itb(path, change_fit)


def test_both_cards_are_as_stated(card, rehearsal, tmp_path, capsys):
    assert rehearse.compare("rehearsal", card, rehearsal) == []
    rehearse.make("sd", card, tmp_path)
    assert rehearse.compare("sd", card, tmp_path / "card.img") == []
    assert "mmc dev 0;" in capsys.readouterr().out
    assert (tmp_path / "spl.bin").read_bytes() == (TOP / "build/packages/sifive_unleashed/u-boot-spl.bin").read_bytes()


def test_the_flash_holds_the_default_environment_with_one_change():
    image = rehearse.flash_image()
    assert len(image) == 32 * MIB
    environment = image[rehearse.ENV_OFFSET:rehearse.ENV_OFFSET + rehearse.ENV_BYTES]
    variables = environment[4:].split(b"\0")
    assert b"bootcmd=mmc dev 0; run distro_bootcmd" in variables and b"bootdelay=2" in variables
    rest = image[:rehearse.ENV_OFFSET] + image[rehearse.ENV_OFFSET + rehearse.ENV_BYTES:]
    assert rest == b"\xff" * len(rest)


@pytest.mark.parametrize("at", [16384 * 512, 5, 10273 * 512 + 600, 16 * MIB - 1], ids=hex)
def test_one_bit_outside_the_firmware_is_found(card, copy, at):
    put(copy, at, bytes([copy.read_bytes()[at] ^ 1]))
    assert rehearse.compare("rehearsal", card, copy) == [
        f"byte {at:#x} of the card: a difference that is stated nowhere"]


def test_another_size_is_found(card, copy):
    with copy.open("ab") as stream:
        stream.write(b"x")
    assert any(line.startswith("size of the card: ") for line in rehearse.compare("rehearsal", card, copy))


def test_a_changed_spl_is_found(card, copy):
    put(copy, partition_at(copy, rehearse.SPL_TYPE) + 1000, b"?")
    assert rehearse.compare("rehearsal", card, copy) == ["partition of U-Boot SPL: another value than the one stated"]


def test_a_changed_u_boot_is_found(card, copy):
    def change(fit):
        node = fit.path_offset("/images/uboot")
        data = bytearray(fit.getprop(node, "data"))
        data[100] ^= 1
        fit.setprop(node, "data", bytes(data))
    change_itb(copy, change)
    assert rehearse.compare("rehearsal", card, copy) == [
        "u-boot.itb: /images/uboot data: a difference that is stated nowhere"]


def test_something_behind_the_itb_is_found(card, copy):
    put(copy, partition_at(copy, rehearse.ITB_TYPE) + 2 * MIB, b"x")
    assert rehearse.compare("rehearsal", card, copy) == [
        "partition of u-boot.itb, behind u-boot.itb: a difference that is stated nowhere"]


@pytest.mark.parametrize("change, answer", [
    (lambda t: t.setprop(t.path_offset("/soc/serial@10010000"), "reg", bytes(16)),
     "/soc/serial@10010000 reg: a difference that is stated nowhere"),
    (lambda t: t.add_subnode(t.path_offset("/soc"), "more"), "/soc/more: a difference that is stated nowhere"),
    (lambda t: t.del_node(t.path_offset("/gpio-poweroff")), "/gpio-poweroff: a difference that is stated nowhere"),
    (lambda t: t.setprop(t.path_offset("/soc/serial@10010000"), "interrupts", rehearse.cell(7)),
     "/soc/serial@10010000 interrupts: another value than the one stated"),
    (lambda t: t.setprop(t.path_offset("/soc/serial@10010000"), "interrupts", rehearse.cell(39)),
     "/soc/serial@10010000 interrupts: stated, and no difference"),
    (lambda t: t.delprop(t.path_offset("/soc/pcie@e00000000"), "status"),
     "/soc/pcie@e00000000 status: another value than the one stated"),
])
def test_a_changed_tree_is_found(card, copy, change, answer):
    change_tree(copy, change)
    assert answer in rehearse.compare("rehearsal", card, copy)


def test_a_card_that_qemu_would_not_take_is_refused(card, tmp_path):
    odd = tmp_path / "odd.img"
    odd.write_bytes(card.read_bytes() + bytes(512))
    with pytest.raises(rehearse.RehearsalError, match="no power of two"):
        rehearse.make("rehearsal", odd, tmp_path)
    assert not (tmp_path / "card.img").exists()


def test_a_disk_without_the_firmwares_partitions_is_refused(tmp_path):
    disk = tmp_path / "disk.img"
    disk.write_bytes(bytes(16 * MIB))
    with pytest.raises(rehearse.RehearsalError, match="has no GPT: .*make sdcard"):
        rehearse.make("sd", disk, tmp_path)
    subprocess.run(["/sbin/sgdisk", "-n", "1:2048:0", disk], check=True, capture_output=True)
    with pytest.raises(rehearse.RehearsalError, match="has no partition of type"):
        rehearse.make("sd", disk, tmp_path)


def test_interrupts_are_those_of_qemus_own_tree():
    ours = rehearse.tree_contents((FIXTURES / "unmatched.dtb").read_bytes())
    qemus = rehearse.tree_contents((FIXTURES / "sifive_u.dtb").read_bytes())
    changed = {change.place: change.value for change in rehearse.tree_changes((FIXTURES / "unmatched.dtb").read_bytes())
               if change.place.endswith(" interrupts")}
    assert changed and changed.keys() <= ours.keys()
    assert {place: qemus.get(place) for place in changed} == changed


SPL = "\r\nU-Boot SPL 2025.01-3+deb13u1 (Jun 24 2026 - 09:07:15 +0000)\r\nTrying to boot from MMC1\r\n"


@pytest.mark.parametrize("said, verdict", [
    ("", None),
    (SPL[:40], None),
    (SPL, None),
    (SPL + "mmc init failed with error: -110\r\n", False),
    (SPL + "\r\n\r\nU-Boot 2025.01", True),
])
def test_what_is_concluded_from_what_spl_says(said, verdict):
    assert rehearse.judge(said) is verdict


def stand_in(directory, body):
    """A QEMU that does this."""
    path = directory / "qemu"
    path.write_text(f"#!/bin/sh\n[ \"$1\" = --version ] && echo 'QEMU emulator version 99' && exit\n{body}\n")
    path.chmod(0o755)
    return path


def test_a_qemu_that_stands_still_is_named_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(rehearse, "PROBE_CPU_SECONDS", 1)
    qemu = stand_in(tmp_path, f"printf '%s' '{SPL}'; while :; do :; done")
    with pytest.raises(rehearse.RehearsalError, match=r"(?s)cannot read SD cards: .* version 99.*BOARD=virt"):
        rehearse.probe(qemu, tmp_path)


def test_a_qemu_that_does_not_start_is_not_blamed_for_its_cards(tmp_path):
    with pytest.raises(rehearse.RehearsalError, match="did not start in .*\n.*no such option"):
        rehearse.probe(stand_in(tmp_path, "echo no such option >&2; exit 1"), tmp_path)


@pytest.mark.parametrize("words", [[], ["make"], ["make", "nvme", "a", "b"], ["probe", "qemu"]])
def test_a_wrong_command_line_gets_the_usage(words):
    done = subprocess.run([TOP / "scripts/rehearse.py", *words], check=False, capture_output=True, text=True)
    assert done.returncode == 1 and "usage: rehearse.py make" in done.stderr
