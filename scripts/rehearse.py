#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make of the card for the HiFive Unmatched one whose boot chain can be rehearsed in QEMU.

usage: rehearse.py make CHAIN CARD DIRECTORY
       rehearse.py compare CHAIN CARD OTHER_CARD
       rehearse.py probe QEMU DIRECTORY

CHAIN is which boot loaders QEMU's sifive_u runs:
  sd         all of the HiFive Unleashed, the machine that sifive_u is
  rehearsal  the Unmatched's own OpenSBI, U-Boot and device tree, started by the Unleashed's SPL

make prints each difference from CARD and its reason, and writes to DIRECTORY what QEMU is started with:
card.img; spl.bin, what the card's first partition holds, for QEMU has no boot ROM that would read it; for sd
flash.img. compare finds the differences by itself, byte by byte, and fails if one is not stated or a stated
one is not there. probe tells whether this QEMU can read SD cards: it boots what make wrote to DIRECTORY until U-Boot
speaks. Exit status 1 says no, and what to do is said in words.
"""

import itertools
import os
import resource
import struct
import subprocess
import sys
import uuid
from pathlib import Path
from typing import NamedTuple

try:
    import libfdt
except ImportError:
    sys.exit("rehearse.py: python3-libfdt is missing: run scripts/setup")

TOP = Path(__file__).resolve().parents[1]
UNLEASHED = TOP / "build/packages/sifive_unleashed"

SECTOR = 512
# Where the FU740's boot ROM looks for SPL, and SPL for the rest, by type of partition.
SPL_TYPE = uuid.UUID("5B193300-FC78-40CD-8002-E86C45580B47")
ITB_TYPE = uuid.UUID("2E54B353-1271-4842-806F-E436D6AF6985")
SPL_PLACE = "partition of U-Boot SPL"
ITB_PLACE = "partition of u-boot.itb"
FLASH_PLACE = "SPI flash (no part of the card)"

# The SPI flash, and where in it the Unleashed's U-Boot keeps its environment.
FLASH_BYTES = 32 << 20
ENV_OFFSET = 0x505000
ENV_BYTES = 0x20000

# How much of a processor U-Boot's SPL may use up until U-Boot speaks; it needs one to two seconds.
PROBE_CPU_SECONDS = 30
U_BOOT_SPEAKS = "U-Boot 20"
SPL_READS = "Trying to boot from MMC1"
SPL_GIVES_UP = "mmc init failed"


class RehearsalError(Exception):
    """What the person who starts this has to know."""


class Change(NamedTuple):
    """A stated difference: at @place of the card stands @value instead, because of @why."""
    place: str
    value: bytes
    what: str
    why: str


class Partition(NamedTuple):
    start: int  # bytes
    end: int


# --- cards -----------------------------------------------------------------------------------------------

def find_partitions(card):
    """{type: Partition} of a GPT. @card is an open file."""
    card.seek(SECTOR)
    header = card.read(SECTOR)
    if header[:8] != b"EFI PART":
        raise RehearsalError(f"{card.name} has no GPT: make it with `make sdcard BOARD=unmatched`")
    table, count, size = struct.unpack_from("<QII", header, 72)
    card.seek(table * SECTOR)
    found = {}
    for _ in range(count):
        entry = card.read(size)
        first, last = struct.unpack_from("<QQ", entry, 32)
        found[uuid.UUID(bytes_le=entry[:16])] = Partition(first * SECTOR, (last + 1) * SECTOR)
    missing = {SPL_TYPE, ITB_TYPE} - set(found)
    if missing:
        raise RehearsalError(f"{card.name} has no partition of type {missing.pop()}")
    return found


def read_partition(card, partition):
    card.seek(partition.start)
    return card.read(partition.end - partition.start)


def write_partition(card, partition, data):
    """@data, and zeros behind it."""
    room = partition.end - partition.start
    if len(data) > room:
        raise RehearsalError(f"{len(data)} bytes do not fit into a partition of {room}")
    card.seek(partition.start)
    card.write(data + bytes(room - len(data)))


# --- trees -----------------------------------------------------------------------------------------------

def tree_contents(blob):
    """{"/node property": value} of a device tree, with an entry for each node and for what is outside them."""
    tree = libfdt.FdtRo(blob)
    found = {"header": struct.pack("<I", tree.boot_cpuid_phys()),
             "reservations": repr([tree.get_mem_rsv(i) for i in range(tree.num_mem_rsv())]).encode()}
    names, node, depth = [], 0, 0
    while node >= 0 and depth >= 0:
        names[depth:] = [tree.get_name(node)]
        path = "/".join(names) or "/"
        found[path] = b""
        prop = tree.first_property_offset(node, libfdt.QUIET_NOTFOUND)
        while prop >= 0:
            here = tree.get_property_by_offset(prop)
            found[f"{path} {here.name}"] = bytes(here)
            prop = tree.next_property_offset(prop, libfdt.QUIET_NOTFOUND)
        node, depth = tree.next_node(node, depth, libfdt.QUIET_NOTFOUND)
    return found


def itb_blob(partition_bytes):
    """The tree that an itb is, without what lies behind it."""
    return partition_bytes[:libfdt.FdtRo(partition_bytes).totalsize()]


def default_images(itb):
    """Paths of the U-Boot and of the device tree that SPL takes."""
    fit = libfdt.FdtRo(itb)
    configurations = fit.path_offset("/configurations")
    chosen = fit.subnode_offset(configurations, fit.getprop(configurations, "default").as_str())
    return [f"/images/{fit.getprop(chosen, name).as_str()}" for name in ("loadables", "fdt")]


def image_data(itb, path):
    fit = libfdt.FdtRo(itb)
    return bytes(fit.getprop(fit.path_offset(path), "data"))


def cell(number):
    return struct.pack(">I", number)


def tree_changes(tree_blob):
    """What QEMU's sifive_u makes necessary in the Unmatched's tree."""
    tree = libfdt.FdtRo(tree_blob)
    gpio = tree.get_phandle(tree.path_offset("/soc/gpio@10060000"))
    absent = "QEMU has no {}; U-Boot would access it and fault"
    wired = "sifive_u wires it as the FU540 does: with the FU740's number no interrupt would come"
    pin = "QEMU has no PMIC, which restarts the Unmatched; sifive_u restarts on this pin"
    changes = [
        ("/soc/i2c@10030000", "status", b"disabled\0", "disabled", absent.format("I2C controller")),
        ("/soc/pcie@e00000000", "status", b"disabled\0", "disabled", absent.format("PCIe bridge of this kind")),
        ("/soc/serial@10010000", "interrupts", cell(4), "4 for 39", wired),
        ("/soc/serial@10011000", "interrupts", cell(5), "5 for 40", wired),
        ("/soc/spi@10040000", "interrupts", cell(51), "51 for 41", wired),
        ("/soc/spi@10050000", "interrupts", cell(6), "6 for 43", wired),
        ("/gpio-restart", "", b"", "a node more", pin),
        ("/gpio-restart", "compatible", b"gpio-restart\0", "gpio-restart", pin),
        ("/gpio-restart", "gpios", cell(gpio) + cell(10) + cell(1), "pin 10, active low", pin),
    ]
    return [Change(f"{node} {name}".rstrip(), value, what, why) for node, name, value, what, why in changes]


def rehearsed_itb(itb):
    """The Unmatched's itb with nothing changed but its tree."""
    fdt_path = default_images(itb)[1]
    blob = image_data(itb, fdt_path)
    tree = libfdt.Fdt(bytearray(blob))
    tree.resize(len(blob) + 1024)
    for change in tree_changes(blob):
        path, _, name = change.place.partition(" ")
        if name:
            tree.setprop(tree.path_offset(path), name, change.value)
        else:
            tree.add_subnode(0, path[1:])
    fit = libfdt.Fdt(bytearray(itb))
    fit.resize(len(itb) + 4096)
    fit.setprop(fit.path_offset(fdt_path), "data", bytes(tree.as_bytearray()))
    fit.pack()
    return bytes(fit.as_bytearray())


# --- the stated differences ------------------------------------------------------------------------------

def stated_changes(chain, card):
    """All differences there may be, and have to be, between @card and the one for @chain."""
    partitions = find_partitions(card)
    spl = UNLEASHED / "u-boot-spl.bin"
    itb = UNLEASHED / "u-boot.itb"
    for file in (spl, itb):
        if not file.exists():
            raise RehearsalError(f"{file} is missing: run scripts/setup")
    changes = [Change(SPL_PLACE, spl.read_bytes(), "the HiFive Unleashed's",
                      "the Unmatched's waits for clocks and a memory controller that QEMU does not have")]
    if chain == "sd":
        changes.append(Change(ITB_PLACE, itb.read_bytes(), "the HiFive Unleashed's",
                              "sifive_u is that machine; its own OpenSBI, U-Boot and device tree need no change there"))
        return changes
    itb = itb_blob(read_partition(card, partitions[ITB_TYPE]))
    tree = image_data(itb, default_images(itb)[1])
    return changes + tree_changes(tree)


def print_changes(chain, changes):
    print(f"  what BOOT={chain} has otherwise than the card for the board, and why:")
    for why, group in itertools.groupby(changes, lambda change: change.why):
        print("  -", "\n    ".join(f"{change.place}: {change.what}" for change in group))
        print(f"      {why}")


def flash_change():
    return Change(FLASH_PLACE, flash_image(), "an environment with `mmc dev 0;` before U-Boot's own bootcmd",
                  "QEMU's card misses the first command after SPL's reads, so U-Boot has to try twice")


def flash_image():
    """SPI flash with U-Boot's default environment, changed as flash_change() says."""
    itb = (UNLEASHED / "u-boot.itb").read_bytes()
    u_boot = image_data(itb, default_images(itb)[0])
    usual = b"\0bootcmd=run distro_bootcmd\0"
    at = u_boot.find(usual)
    if at < 0:
        raise RehearsalError("the Unleashed's U-Boot has another default bootcmd; see rehearse.py, flash_image()")
    start, end = u_boot.rfind(b"\0\0", 0, at + 1) + 2, u_boot.find(b"\0\0", at)
    variables = u_boot[start:end + 1].replace(usual[1:], b"bootcmd=mmc dev 0; run distro_bootcmd\0")
    environment = subprocess.run(["mkenvimage", "-s", hex(ENV_BYTES), "-o", "-", "-"], check=True,
                                 input=variables.replace(b"\0", b"\n"), stdout=subprocess.PIPE).stdout
    behind = FLASH_BYTES - ENV_OFFSET - ENV_BYTES
    return b"\xff" * ENV_OFFSET + environment + b"\xff" * behind


def make(chain, card_path, directory):
    directory.mkdir(parents=True, exist_ok=True)
    size = card_path.stat().st_size
    if size & (size - 1):
        raise RehearsalError(f"{card_path}: QEMU takes no card of {size} bytes, for that is no power of two")
    made = directory / "card.img.new"
    subprocess.run(["cp", "--sparse=always", card_path, made], check=True)
    with card_path.open("rb") as card, made.open("r+b") as copy:
        changes = stated_changes(chain, card)
        partitions = find_partitions(card)
        spl = changes[0].value
        write_partition(copy, partitions[SPL_TYPE], spl)
        itb = changes[1].value if chain == "sd" else \
            rehearsed_itb(itb_blob(read_partition(card, partitions[ITB_TYPE])))
        write_partition(copy, partitions[ITB_TYPE], itb)
    if chain == "sd":
        changes.append(flash_change())
        (directory / "flash.img").write_bytes(changes[-1].value)
    (directory / "spl.bin").write_bytes(spl)
    made.rename(directory / "card.img")
    print_changes(chain, changes)


# --- the differences that are there ----------------------------------------------------------------------

def changed(old, new):
    """{key: new value, None if it is gone} where two dictionaries are not the same."""
    return {key: new.get(key) for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def itb_differences(old_partition, new_partition):
    """Where two itbs are not the same; in the device tree, by node and property."""
    old, new = itb_blob(old_partition), itb_blob(new_partition)
    found = changed(tree_contents(old), tree_contents(new))
    fdt_data = f"{default_images(old)[1]} data"
    found = {f"u-boot.itb: {place}": value for place, value in found.items() if place != fdt_data}
    found |= changed(tree_contents(image_data(old, default_images(old)[1])),
                     tree_contents(image_data(new, default_images(old)[1])))
    if any(new_partition[len(new):]):
        found[f"{ITB_PLACE}, behind u-boot.itb"] = new_partition[len(new):]
    return found


def outer_differences(card, other, partitions):
    """The first byte that is not the same in each stretch of the card outside @partitions."""
    found = {}
    size = card.seek(0, os.SEEK_END)
    if other.seek(0, os.SEEK_END) != size:
        found["size of the card"] = str(other.tell()).encode()
    edges = sorted([0, size, *(edge for p in partitions for edge in p)])
    for start, end in zip(edges[::2], edges[1::2]):
        for at in range(start, end, 1 << 20):
            length = min(1 << 20, end - at)
            card.seek(at)
            other.seek(at)
            old, new = card.read(length), other.read(length)
            if old != new:
                first = next(i for i in range(length) if old[i:i + 1] != new[i:i + 1])
                found[f"byte {at + first:#x} of the card"] = new[first:first + 1]
                break
    return found


def find_differences(chain, card, other):
    """{place: value on @other} of all there are between two cards."""
    partitions = find_partitions(card)
    spl, itb = partitions[SPL_TYPE], partitions[ITB_TYPE]
    found = outer_differences(card, other, [spl, itb])
    old, new = read_partition(card, spl), read_partition(other, spl)
    if old != new:
        found[SPL_PLACE] = new.rstrip(b"\0")
    old, new = read_partition(card, itb), read_partition(other, itb)
    if chain == "rehearsal":
        found |= itb_differences(old, new)
    elif old != new:
        found[ITB_PLACE] = new.rstrip(b"\0")
    return found


def compare(chain, card_path, other_path):
    """One line for each difference that is not as stated."""
    with card_path.open("rb") as card, other_path.open("rb") as other:
        stated = {change.place: change.value for change in stated_changes(chain, card)}
        found = find_differences(chain, card, other)
    for place in (SPL_PLACE, ITB_PLACE):
        if place in stated:
            stated[place] = stated[place].rstrip(b"\0")
    complaints = [f"{place}: a difference that is stated nowhere" for place in sorted(found.keys() - stated.keys())]
    complaints += [f"{place}: stated, and no difference" for place in sorted(stated.keys() - found.keys())]
    complaints += [f"{place}: another value than the one stated" for place in sorted(found.keys() & stated.keys())
                   if found[place] != stated[place]]
    return complaints


# --- can this QEMU read cards? ---------------------------------------------------------------------------

def judge(said):
    """Does what came over the serial line show that SPL read the card? None: nothing is certain yet."""
    _, reads, then = said.partition(SPL_READS)
    if SPL_GIVES_UP in then:
        return False
    if reads and U_BOOT_SPEAKS in then:
        return True
    return None


def listen(qemu, directory):
    """What the machine said until it was certain, or had used up its share of a processor."""
    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (PROBE_CPU_SECONDS, PROBE_CPU_SECONDS))

    command = [qemu, *"-M sifive_u,msel=11 -smp 5 -m 8G -display none -monitor none -serial stdio -bios".split(),
               directory / "spl.bin", "-drive", f"file={directory}/card.img,if=sd,format=raw,snapshot=on"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          preexec_fn=limit) as process:
        said = ""
        while judge(said) is None:
            data = os.read(process.stdout.fileno(), 4096)
            if not data:
                break
            said += data.decode(errors="replace")
        process.kill()
        if SPL_READS not in said:
            raise RehearsalError(f"U-Boot's SPL did not start in {qemu}: {said}\n{process.stderr.read().decode()}")
    return said


def probe(qemu, directory):
    if judge(listen(qemu, directory)):
        return
    version = subprocess.run([qemu, "--version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]
    raise RehearsalError(
        f"this QEMU cannot read SD cards: {version}.\n"
        f"  U-Boot's SPL got no further than \"{SPL_READS}\". QEMU 9.1 and later refuse two of the commands it\n"
        "  sends to the card (https://gitlab.com/qemu-project/qemu/-/issues/2945).\n"
        "  What to do: start the same kernel from a disk, make run BOARD=virt BOOT=sd\n"
        "  or name a QEMU that can, as Debian 12's 7.2 does: make run BOARD=unmatched BOOT=sd QEMU=<path>")


def main(words):
    if len(words) == 4 and words[0] in ("make", "compare") and words[1] in ("sd", "rehearsal"):
        chain, card, other = words[1], Path(words[2]), Path(words[3])
        if words[0] == "make":
            make(chain, card, other)
        else:
            complaints = compare(chain, card, other)
            if complaints:
                raise RehearsalError("\n".join(complaints))
    elif len(words) == 3 and words[0] == "probe":
        probe(words[1], Path(words[2]))
    elif words in (["--help"], ["-h"]):
        print(__doc__)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (RehearsalError, OSError) as error:
        sys.exit(f"rehearse.py: {error}")
