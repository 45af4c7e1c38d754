# SPDX-License-Identifier: MIT
"""scripts/make_sdcard.py and scripts/check_sdcard.py: what is on the card, read here in words of their own; the same
bytes each time; and what they say if something is wrong."""

import os
import shutil
import struct
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PACKAGES = TOP / "build/packages"
SECTOR = 512
MIB = 1 << 20
# Rule T52: where the FU740's boot ROM looks for SPL, SPL for U-Boot, and by which types.
SPL = (34, "5b193300-fc78-40cd-8002-e86c45580b47", "sifive_unmatched/u-boot-spl.bin")
ITB = (2082, "2e54b353-1271-4842-806f-e436d6af6985", "sifive_unmatched/u-boot.itb")
FIRMWARE = {"unmatched": [SPL, ITB], "virt": []}
PACKAGE = {"unmatched": "u-boot-sifive", "virt": "u-boot-qemu"}
BOOT_SECTOR = 16384
BASIC_DATA = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"
SBIN = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}


def command(*words, **options):
    return subprocess.run([str(word) for word in words], cwd=TOP, check=False, capture_output=True, text=True,
                          **options)


@pytest.fixture(scope="module", name="parts")
def make_parts(tmp_path_factory):
    """(Image, initramfs): bytes by which the card can be told, in the shape that is asked for."""
    folder = tmp_path_factory.mktemp("parts")
    image, initramfs = folder / "some-kernel", folder / "some.cpio"
    body = bytes(range(251)) * 2000
    image.write_bytes(body[:0x38] + b"RSC\x05" + body)
    initramfs.write_bytes(b"070701" + bytes(reversed(body)) * 5)
    return image, initramfs


def make(board, card, parts, *words, prefix=(), **options):
    firmware = [PACKAGES / name for _, _, name in FIRMWARE[board]]
    return command(*prefix, sys.executable, "scripts/make_sdcard.py", board, card, "--image", parts[0], "--initramfs",
                   parts[1], "--package", PACKAGE[board], "--version", "v9", *(words or ["--firmware", *firmware]),
                   **options)


def check(board, card, parts):
    return command(sys.executable, "scripts/check_sdcard.py", board, card, "--image", parts[0], "--initramfs", parts[1])


@pytest.fixture(scope="module", name="cards")
def make_cards(parts, tmp_path_factory):
    cards = {board: tmp_path_factory.mktemp(board) / f"heifer-{board}.img" for board in FIRMWARE}
    for board, card in cards.items():
        result = make(board, card, parts)
        assert result.returncode == 0, result.stderr
    return cards


@pytest.fixture(params=FIRMWARE, name="made")
def choose_card(request, cards):
    """(board, card)"""
    return request.param, cards[request.param]


def sectors(card, first, count=1):
    with open(card, "rb") as file:
        file.seek(first * SECTOR)
        return file.read(count * SECTOR)


def read_partitions(card):
    """[(first, last, type, attributes)], from the bytes of the table."""
    header = sectors(card, 1)
    assert header[:8] == b"EFI PART"
    table, count, size = struct.unpack_from("<QII", header, 72)
    assert (table, size) == (2, 128)
    entries = sectors(card, table, count * size // SECTOR)
    partitions = []
    for entry in (entries[at:at + size] for at in range(0, len(entries), size)):
        if any(entry[:16]):
            partitions.append((*struct.unpack_from("<QQ", entry, 32), str(uuid.UUID(bytes_le=entry[:16])),
                               struct.unpack_from("<Q", entry, 48)[0]))
    return partitions


def on_card(card, name):
    """A file of the boot partition."""
    result = subprocess.run(["mtype", "-i", f"{card}@@{BOOT_SECTOR * SECTOR}", f"::{name}"], check=True,
                            capture_output=True)
    return result.stdout


def test_the_partitions_are_what_and_where_the_firmware_looks(made):
    board, card = made
    size = card.stat().st_size
    assert size == 256 * MIB
    *firmware, boot = read_partitions(card)
    assert [(first, kind) for first, _, kind, _ in firmware] == [row[:2] for row in FIRMWARE[board]]
    assert boot[0] == BOOT_SECTOR and boot[2] == BASIC_DATA
    # Bit 2 is "legacy BIOS bootable" (T51).
    assert [attributes for *_, attributes in firmware + [boot]] == [0] * len(firmware) + [4]
    # The table's other copy is whole, and behind the last partition.
    assert boot[1] < size // SECTOR - 33 and sectors(card, size // SECTOR - 1)[:8] == b"EFI PART"


def test_the_firmware_is_debians_to_the_byte(made):
    board, card = made
    for (sector, _, name), (first, last, *_) in zip(FIRMWARE[board], read_partitions(card)):
        data = (PACKAGES / name).read_bytes()
        held = sectors(card, sector, last - first + 1)
        assert held[:len(data)] == data and not any(held[len(data):])


def test_the_boot_partition_holds_what_it_was_given(made, parts):
    board, card = made
    assert sectors(card, BOOT_SECTOR)[82:90] == b"FAT32   "
    assert on_card(card, "Image") == parts[0].read_bytes()
    assert on_card(card, "initramfs.cpio") == parts[1].read_bytes()
    versions = on_card(card, "VERSIONS").decode()
    assert versions == (card.parent / "VERSIONS").read_text()
    line = next(row for row in (PACKAGES / "VERSIONS").read_text().splitlines() if row.startswith(PACKAGE[board]))
    assert versions == f"heifer v9\n{line}\n"


def test_extlinux_starts_either_label_and_names_no_tree(made):
    lines = [line.split(None, 1) for line in on_card(made[1], "extlinux/extlinux.conf").decode().splitlines()]
    words = [line for line in lines if line and line[0] != "#"]
    assert [word[1] for word in words if word[0] == "label"] == ["heifer", "debug"]
    assert ["default", "heifer"] in words and ["timeout", "30"] in words
    assert [word[1] for word in words if word[0] == "kernel"] == ["/Image"] * 2
    assert [word[1] for word in words if word[0] == "initrd"] == ["/initramfs.cpio"] * 2
    appended = [word[1] for word in words if word[0] == "append"]
    assert len(appended) == 2 and all(len(line) <= 255 for line in appended)
    assert not any(word[0].startswith(("fdt", "devicetree")) for word in words)


def test_what_is_published_belongs_together(made):
    _, card = made
    result = subprocess.run(["sha256sum", "--check", "--strict", "sha256sums"], cwd=card.parent, check=False)
    assert result.returncode == 0
    subprocess.run(f"zstd -dqc '{card}.zst' | cmp - '{card}'", shell=True, check=True)
    assert len((card.parent / "sha256sums").read_text().splitlines()) == 3


def test_the_check_passes_it(made, parts):
    result = check(*made, parts)
    assert result.returncode == 0, result.stderr


def test_another_day_and_place_give_the_same_bytes(made, parts, tmp_path):
    board, card = made
    folder = tmp_path / "a/longer/path"
    folder.mkdir(parents=True)
    copies = []
    for part in parts:
        copies.append(folder / f"named-{part.name}")
        shutil.copyfile(part, copies[-1])
        copies[-1].chmod(0o600)
        os.utime(copies[-1], (10 ** 9, 10 ** 9))
    environment = {**os.environ, "TZ": "Asia/Kolkata", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent",
                   "MTOOLS_LOWER_CASE": "1", "GENIMAGE_LOGLEVEL": "3"}
    result = make(board, folder / card.name, copies, prefix=("faketime", "-f", "+400d"), env=environment, umask=0o77)
    assert result.returncode == 0, result.stderr
    assert (folder / "sha256sums").read_text() == (card.parent / "sha256sums").read_text()


def copy_of(path, folder):
    copy = folder / path.name
    subprocess.run(["cp", "--sparse=always", path, copy], check=True)
    return copy


def change_table(*words):
    return lambda card: subprocess.run(["sgdisk", *words, card], env=SBIN, check=True, capture_output=True)


def change_byte(sector):
    def change(card):
        with open(card, "r+b") as file:
            file.seek(sector * SECTOR)
            byte = file.read(1)[0]
            file.seek(sector * SECTOR)
            file.write(bytes([byte ^ 1]))
    return change


def change_extlinux(old, new):
    def change(card):
        text = on_card(card, "extlinux/extlinux.conf").decode()
        assert old in text
        subprocess.run(["mcopy", "-o", "-i", f"{card}@@{BOOT_SECTOR * SECTOR}", "-", "::extlinux/extlinux.conf"],
                       input=text.replace(old, new, 1).encode(), check=True)
    return change


def delete(name):
    return lambda card: subprocess.run(["mdel", "-i", f"{card}@@{BOOT_SECTOR * SECTOR}", f"::{name}"], check=True)


@pytest.mark.parametrize("change, answer", [
    (change_table("-A", "3:clear:2"), "bootable are the partitions []"),
    (change_table("-A", "1:set:2"), "bootable are the partitions [1, 3]"),
    (change_table("-t", "1:8300"), "partition 1 (sifive_unmatched/u-boot-spl.bin) has the type"),
    (change_table("-t", "3:8300"), "partition 3 (boot) has the type"),
    (change_table("-d", "2"), "there are 2 partitions instead of 3"),
    (change_byte(1), "sgdisk finds the partition table damaged"),
    (change_byte(40), "partition 1 (sifive_unmatched/u-boot-spl.bin) does not hold"),
    (change_byte(2081), "partition 1 (sifive_unmatched/u-boot-spl.bin) holds something behind"),
    (change_byte(2083), "partition 2 (sifive_unmatched/u-boot.itb) does not hold"),
    (change_byte(BOOT_SECTOR + 32), "fsck.vfat finds partition 3 (boot) damaged"),
    (delete("Image"), "partition 3 (boot) has no Image"),
    (delete("extlinux/extlinux.conf"), "partition 3 (boot) has no extlinux/extlinux.conf"),
    (change_extlinux("kernel /Image", "kernel /Bild"), "kernel names no file on the card"),
    (change_extlinux("\tkernel", "\tfdt /unmatched.dtb\n\tkernel"), "without fdt the kernel gets"),
    (change_extlinux("append ", "append " + "x" * 256), "characters; U-Boot takes 255"),
    (change_extlinux("timeout 30", ""), "prompt without timeout"),
    (change_extlinux("default heifer", "default cow"), "default is none of the labels"),
    (lambda card: os.truncate(card, 255 * MIB), "no power of two"),
])
def test_the_check_finds(cards, parts, tmp_path, change, answer):
    copy = copy_of(cards["unmatched"], tmp_path)
    change(copy)
    result = check("unmatched", copy, parts)
    assert result.returncode != 0 and answer in result.stderr


def test_the_check_compares_with_what_was_built(made, parts):
    board, card = made
    assert "Image is not" in check(board, card, (parts[1], parts[1])).stderr
    assert "initramfs.cpio is not" in check(board, card, (parts[0], parts[0])).stderr


def fails(result, folder, *answers):
    """An error of one line, no traceback, and nothing half-made left behind."""
    assert result.returncode == 1
    for answer in answers:
        assert answer in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(folder.iterdir())


def test_firmware_that_is_missing_or_damaged_is_named(parts, tmp_path):
    result = make("unmatched", tmp_path / "c.img", parts, "--firmware", PACKAGES / "sifive_unmatched/u-boot.its")
    fails(result, tmp_path, "build/packages/sifive_unmatched/u-boot.its is missing: run scripts/setup")


def test_firmware_that_changed_since_it_came_is_refused(parts, tmp_path):
    """In a tree of its own: the real one is in use."""
    tree, out = tmp_path / "tree", tmp_path / "out"
    out.mkdir()
    for name in ("scripts/make_sdcard.py", "board/unmatched/genimage.cfg", "board/extlinux.conf",
                 "build/packages/VERSIONS", "build/packages/sha256sums", "build/packages/sifive_unmatched/u-boot.itb"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(TOP / name, tree / name)
    itb = tree / "build/packages/sifive_unmatched/u-boot.itb"
    change_byte(100)(itb)
    result = command(sys.executable, tree / "scripts/make_sdcard.py", "unmatched", out / "c.img", "--image", parts[0],
                     "--initramfs", parts[1], "--firmware", itb)
    fails(result, out, "u-boot.itb is not what scripts/setup fetched: run scripts/setup")


@pytest.mark.parametrize("board, which, content, answer", [
    ("virt", 0, b"\x7fELF" + bytes(100), "has no kernel's header"),
    ("virt", 0, b"", "is empty"),
    ("virt", 1, b"\x1f\x8b" + bytes(100), "is no cpio archive: uncompressed"),
    ("virt", 1, 250 * MIB, "the boot partition is too small"),
    ("unmatched", 2, 2 * MIB, "what goes to the card and board/unmatched/genimage.cfg do not agree"),
])
def test_what_cannot_go_to_a_card_is_named(parts, tmp_path, board, which, content, answer):
    out = tmp_path / "out"
    out.mkdir()
    odd = tmp_path / "u-boot-spl.bin"
    if isinstance(content, int):
        odd.write_bytes(b"070701")
        os.truncate(odd, content)
    else:
        odd.write_bytes(content)
    both = [odd if at == which else part for at, part in enumerate(parts)]
    words = ["--firmware", odd, PACKAGES / "sifive_unmatched/u-boot.itb"] if which == 2 else []
    fails(make(board, out / "c.img", both, *words), out, answer)


def test_an_unknown_board_is_told_which_there_are(parts, tmp_path):
    result = command(sys.executable, "scripts/make_sdcard.py", "cow", tmp_path / "c.img", "--image", parts[0],
                     "--initramfs", parts[1])
    fails(result, tmp_path, "there is no board/cow/genimage.cfg", "unmatched virt")
