#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Check a finished card against what boot ROM, SPL and U-Boot look for, and against what it was made from.

usage: check_sdcard.py BOARD CARD.img --image FILE --initramfs FILE

- the size is a power of two, and the partition table is whole (rule T52)
- the firmware's partitions begin where the board looks for them, have the types it looks for, and hold
  Debian's files to the byte
- exactly one partition is marked bootable: a sound FAT32 with Image, initramfs.cpio and
  extlinux/extlinux.conf (T51)
- extlinux.conf starts by itself, names files that are there, no device tree, and no command line that is
  longer than U-Boot's 255 characters (T53)
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
PACKAGES = TOP / "build/packages"
SECTOR_BYTES = 512
# What the board's firmware looks for: first sector, type of the partition, what is there.
FIRMWARE = {
    "unmatched": [(34, "5B193300-FC78-40CD-8002-E86C45580B47", "sifive_unmatched/u-boot-spl.bin"),
                  (2082, "2E54B353-1271-4842-806F-E436D6AF6985", "sifive_unmatched/u-boot.itb")],
    "virt": [],
}
BOOT_SECTOR = 16384
BOOT_TYPE = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"  # that every system mounts
LEGACY_BIOS_BOOTABLE = 1 << 2
APPEND_MAX = 255
ENV = {**os.environ, "LC_ALL": "C", "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin", "MTOOLSRC": "/dev/null"}


class Finding(Exception):
    """What is wrong with the card."""


def run(*command):
    result = subprocess.run([str(word) for word in command], check=False, env=ENV, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    return result.returncode, result.stdout


def require(condition, text):
    if not condition:
        raise Finding(text)


def read_partitions(card):
    """[{number, first, last, type, attributes}], as sgdisk sees the table."""
    status, output = run("sgdisk", "--verify", card)
    # A table with one good copy is put right in memory and then has no problems.
    require(status == 0 and b"No problems found" in output and b"invalid" not in output,
            f"sgdisk finds the partition table damaged:\n{output.decode(errors='replace')}")
    partitions = []
    for number in re.findall(r"^ +(\d+) +\d+ +\d+ ", run("sgdisk", "--print", card)[1].decode(), re.M):
        text = run("sgdisk", f"--info={number}", card)[1].decode()
        partitions.append({
            "number": int(number),
            "first": int(re.search(r"First sector: (\d+)", text)[1]),
            "last": int(re.search(r"Last sector: (\d+)", text)[1]),
            "type": re.search(r"GUID code: (\S+)", text)[1].upper(),
            "attributes": int(re.search(r"Attribute flags: ([0-9A-Fa-f]+)", text)[1], 16),
        })
    return partitions


def partition_size(partition):
    return (partition["last"] - partition["first"] + 1) * SECTOR_BYTES


def partition_bytes(card, partition):
    with open(card, "rb") as file:
        file.seek(partition["first"] * SECTOR_BYTES)
        return file.read(partition_size(partition))


def check_firmware(card, partitions, board):
    for partition, (sector, kind, name) in zip(partitions, FIRMWARE[board]):
        what = f"partition {partition['number']} ({name})"
        require(partition["first"] == sector, f"{what} begins at sector {partition['first']}, not {sector}")
        require(partition["type"] == kind, f"{what} has the type {partition['type']}, not {kind}")
        data = (PACKAGES / name).read_bytes()
        held = partition_bytes(card, partition)
        require(held[:len(data)] == data, f"{what} does not hold what is in build/packages")
        require(not any(held[len(data):]), f"{what} holds something behind the file")


def parse_extlinux(text):
    """(global words, [label]), each a dictionary from keyword to the rest of its line."""
    settings, labels = {}, []
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if not word or word.startswith("#"):
            continue
        if word == "label":
            labels.append({"label": rest.strip()})
        elif word == "menu":
            continue
        else:
            (labels[-1] if labels else settings)[word] = rest.strip()
    return settings, labels


def check_extlinux(text, files):
    """@files: the names in the root directory of the boot partition."""
    settings, labels = parse_extlinux(text)
    names = [label["label"] for label in labels]
    require(len(names) == len(set(names)) and len(names) >= 2,
            f"extlinux.conf has the labels {names}: two are wanted, a plain one and one that tells more")
    require(settings.get("default") in names, f"extlinux.conf: default is none of the labels {names}")
    require(settings.get("prompt", "0") == "0" or settings.get("timeout", "0") != "0",
            "extlinux.conf: prompt without timeout waits for somebody to answer")
    for label in labels:
        what = f"extlinux.conf: label {label['label']}"
        for word in ("kernel", "initrd"):
            require(label.get(word, "").lstrip("/") in files, f"{what}: {word} names no file on the card")
        for word in ("fdt", "fdtdir", "devicetree", "devicetreedir"):
            require(word not in label, f"{what}: without {word} the kernel gets the firmware's device tree")
        require("append" in label, f"{what}: without append U-Boot's own bootargs would be used")
        require(len(label["append"]) <= APPEND_MAX,
                f"{what}: append has {len(label['append'])} characters; U-Boot takes {APPEND_MAX}")


def check_boot(card, partition, image, initramfs):
    what = f"partition {partition['number']} (boot)"
    require(partition["first"] == BOOT_SECTOR, f"{what} begins at sector {partition['first']}, not {BOOT_SECTOR}")
    require(partition["type"] == BOOT_TYPE, f"{what} has the type {partition['type']}, not {BOOT_TYPE}")
    with tempfile.NamedTemporaryFile() as file:
        status, output = run("dd", f"if={card}", f"of={file.name}", "iflag=skip_bytes,count_bytes", "bs=1M",
                             f"skip={partition['first'] * SECTOR_BYTES}", f"count={partition_size(partition)}",
                             "conv=sparse")
        require(status == 0, f"{what} cannot be copied out:\n{output.decode(errors='replace')}")
        require(file.read(90)[82:] == b"FAT32   ", f"{what} is no FAT32")
        status, output = run("fsck.vfat", "-n", file.name)
        require(status == 0, f"fsck.vfat finds {what} damaged:\n{output.decode(errors='replace')}")
        held = {}
        for name in ("Image", "initramfs.cpio", "VERSIONS", "extlinux/extlinux.conf"):
            status, held[name] = run("mtype", "-i", file.name, f"::{name}")
            require(status == 0, f"{what} has no {name}")
    require(held["Image"] == image.read_bytes(), f"{what}: Image is not {image}")
    require(held["initramfs.cpio"] == initramfs.read_bytes(), f"{what}: initramfs.cpio is not {initramfs}")
    check_extlinux(held["extlinux/extlinux.conf"].decode(), held.keys())


def check(options):
    require(options.board in FIRMWARE,
            f"{options.board}: FIRMWARE in scripts/check_sdcard.py does not say what its firmware looks for")
    size = options.card.stat().st_size
    require(size & (size - 1) == 0, f"{size} bytes are no power of two, which QEMU wants of a card")
    partitions = read_partitions(options.card)
    wanted = len(FIRMWARE[options.board]) + 1
    require(len(partitions) == wanted, f"there are {len(partitions)} partitions instead of {wanted}")
    check_firmware(options.card, partitions, options.board)
    bootable = [p["number"] for p in partitions if p["attributes"] & LEGACY_BIOS_BOOTABLE]
    require(bootable == [wanted], f"bootable are the partitions {bootable}; U-Boot looks for extlinux.conf only in "
            f"those, so it has to be {wanted} alone")
    check_boot(options.card, partitions[-1], options.image, options.initramfs)


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("board")
    parser.add_argument("card", type=Path)
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--initramfs", type=Path, required=True)
    options = parser.parse_args()
    try:
        check(options)
    except Finding as finding:
        sys.exit(f"check_sdcard: {options.card}: {finding}")


if __name__ == "__main__":
    main()
