#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make the card a board boots from, without root and with the same bytes each time.

usage: make_sdcard.py BOARD CARD.img --image FILE --initramfs FILE [--firmware FILE...] [--beside FILE...]
                      [--package NAME...] [--version WORD]

board/BOARD/genimage.cfg says what lies where; it finds Image, initramfs.cpio, extlinux.conf (board/BOARD's own, or
that of all boards), VERSIONS and each --firmware FILE by its name. Beside CARD.img come

  CARD.img.zst      the same, to be published
  VERSIONS          of Heifer (--version) and of the Debian packages (--package), as on the card
  sha256sums        of all these
  --beside FILE     copies of what boots the card without being on it

Everything has the time SOURCE_DATE_EPOCH, or the beginning of 2025.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
PACKAGES = (TOP / "build/packages").resolve()
# What U-Boot looks for in a kernel, and Heifer in an initramfs.
IMAGE_MAGIC_AT, IMAGE_MAGIC = 0x38, b"RSC\x05"
CPIO_MAGICS = (b"070701", b"070702")
DEFAULT_EPOCH = "1735689600"


class CardError(Exception):
    """No card can be made; the words say why and what to do."""


def shown(path):
    """A path as a person in the tree would type it."""
    return os.path.relpath(path) if Path(path).resolve().is_relative_to(Path.cwd()) else str(path)


def read(path, hint):
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise CardError(f"{shown(path)} is missing: {hint}") from None
    if not data:
        raise CardError(f"{shown(path)} is empty: {hint}")
    return data


def check_firmware(path):
    """Debian's files are as they came; others are their maker's affair."""
    data = read(path, "run scripts/setup")
    if not path.resolve().is_relative_to(PACKAGES):
        return
    name = str(path.resolve().relative_to(PACKAGES))
    sums = read(PACKAGES / "sha256sums", "run scripts/setup").decode()
    wanted = {line.split()[1]: line.split()[0] for line in sums.splitlines()}
    if wanted.get(name) != hashlib.sha256(data).hexdigest():
        raise CardError(f"{shown(path)} is not what scripts/setup fetched: run scripts/setup to get it again")


def check_kernel(path):
    if read(path, "make builds it")[IMAGE_MAGIC_AT:IMAGE_MAGIC_AT + len(IMAGE_MAGIC)] != IMAGE_MAGIC:
        raise CardError(f"{shown(path)} has no kernel's header: U-Boot starts the flat Image, not heifer.elf")


def check_initramfs(path):
    if not read(path, "make sdcard builds it").startswith(CPIO_MAGICS):
        raise CardError(f"{shown(path)} is no cpio archive: uncompressed, of the form newc (cpio -o -H newc)")


def card_versions(version, packages):
    """The text of VERSIONS."""
    have = read(PACKAGES / "VERSIONS", "run scripts/setup").decode().splitlines()
    lines = {line.split()[0]: line for line in have}
    for name in packages:
        if name not in lines:
            raise CardError(f"build/packages/VERSIONS has no {name}: run scripts/setup")
    return "".join(line + "\n" for line in [f"heifer {version}"] + [lines[name] for name in packages])


def surroundings(work):
    """Nothing of whoever makes the card gets into it. sbin is where Debian has mkfs.vfat."""
    env = {name: value for name, value in os.environ.items() if not re.match("GENIMAGE_|MTOOLS", name)}
    env.update(LC_ALL="C", TZ="UTC0", HOME=str(work), PATH=env.get("PATH", "") + ":/usr/sbin:/sbin")
    env.setdefault("SOURCE_DATE_EPOCH", DEFAULT_EPOCH)
    return env


def run(command, env, explain=lambda output: ""):
    """Run @command, silently if it succeeds; @explain makes words of what a failing one said."""
    try:
        result = subprocess.run(command, env=env, check=False, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, errors="replace")
    except FileNotFoundError:
        raise CardError(f"{command[0]} is missing: run scripts/setup") from None
    if result.returncode != 0:
        raise CardError(explain(result.stdout) or f"{command[0]} failed:\n{result.stdout.rstrip()}")


def explain_genimage(config, files):
    """genimage's complaint in terms of what the reader can change."""
    def explain(output):
        if "Disk full" in output:
            sizes = ", ".join(f"{path.name} {path.stat().st_size >> 10} KiB" for path in files)
            return (f"the boot partition is too small for what goes there ({sizes}): leave something out, or "
                    f"give it and the image more in {config} (the image a power of two)")
        if re.search(r"too small for|image too (small|big)|exceeds|overlaps", output):
            said = "\n".join(line for line in output.splitlines() if "ERROR" in line)
            return f"what goes to the card and {config} do not agree:\n{said}"
        return ""
    return explain


def find_extlinux(board):
    for path in (TOP / "board" / board / "extlinux.conf", TOP / "board/extlinux.conf"):
        if path.exists():
            return path
    raise CardError("board/extlinux.conf is missing: it is a part of the tree")


def make_card(options, work):
    """Leaves the image in @work; returns its path."""
    config = f"board/{options.board}/genimage.cfg"
    if not (TOP / config).exists():
        boards = sorted(path.parent.name for path in TOP.glob("board/*/genimage.cfg"))
        raise CardError(f"there is no {config}. Boards with a card: {' '.join(boards)}")
    check_kernel(options.image)
    check_initramfs(options.initramfs)
    for path in options.firmware + options.beside:
        check_firmware(path)

    for name in ("input", "output", "root"):
        (work / name).mkdir()
    (work / "VERSIONS").write_text(card_versions(options.version, options.package), encoding="utf-8")
    contents = {"Image": options.image, "initramfs.cpio": options.initramfs,
                "extlinux.conf": find_extlinux(options.board), "VERSIONS": work / "VERSIONS"}
    contents.update({path.name: path for path in options.firmware})
    for name, path in contents.items():
        shutil.copyfile(path, work / "input" / name)
        (work / "input" / name).chmod(0o644)

    run(["genimage", "--config", TOP / config, "--inputpath", work / "input", "--outputpath", work / "output",
         "--rootpath", work / "root", "--tmppath", work / "tmp"], surroundings(work),
        explain_genimage(config, [options.image, options.initramfs]))
    images = list((work / "output").iterdir())
    if len(images) != 1:
        raise CardError(f"{config} makes {len(images)} images; a card is one (temporary = true for the others)")
    return images[0]


def sum_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def publish(options, work, card):
    """Put the card and what belongs to it where they are wanted."""
    out = options.card.parent
    packed = Path(f"{card}.zst")
    # One thread: what comes out does not depend on how many there are.
    run(["zstd", "-q", "-19", "--single-thread", card, "-o", packed], surroundings(work))
    products = {options.card.name: card, f"{options.card.name}.zst": packed, "VERSIONS": work / "VERSIONS"}
    products.update({path.name: path for path in options.beside})
    sums = "".join(f"{sum_of(path)}  {name}\n" for name, path in sorted(products.items()))
    for name, path in products.items():
        if path.is_relative_to(work):
            path.replace(out / name)
        else:
            shutil.copyfile(path, out / name)
    (out / "sha256sums").write_text(sums, encoding="utf-8")


def parse_arguments():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("board")
    parser.add_argument("card", type=Path)
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--initramfs", type=Path, required=True)
    parser.add_argument("--firmware", type=Path, nargs="*", default=[])
    parser.add_argument("--beside", type=Path, nargs="*", default=[])
    parser.add_argument("--package", nargs="*", default=[])
    parser.add_argument("--version", default="unknown")
    return parser.parse_args()


def main():
    options = parse_arguments()
    options.card.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Beside the card, so that it only has to be renamed.
        with tempfile.TemporaryDirectory(dir=options.card.parent, prefix=".making-") as work:
            publish(options, Path(work).resolve(), make_card(options, Path(work).resolve()))
    except CardError as error:
        sys.exit(f"make_sdcard: {error}")


if __name__ == "__main__":
    main()
