# SPDX-License-Identifier: MIT
"""scripts/flash: which devices it leaves alone, and what becomes of a card that fails.

The decisions are made over tests/scripts/lsblk: what `lsblk --json` prints on several kinds of machines. Writing is
tested on files, and on targets that fail as cards do.
"""

import errno
import importlib.machinery
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
MIB = 1 << 20

loader = importlib.machinery.SourceFileLoader("flash", str(TOP / "scripts/flash"))
flash = importlib.util.module_from_spec(importlib.util.spec_from_loader("flash", loader))
sys.dont_write_bytecode = True
loader.exec_module(flash)


def recorded(name):
    return json.loads((Path(__file__).parent / "lsblk" / f"{name}.json").read_text())["blockdevices"]


@pytest.mark.parametrize("machine, device", [("laptop_card", "/dev/sdb"), ("pci_reader", "/dev/mmcblk0")])
def test_a_card_that_nothing_uses_is_taken(machine, device):
    assert flash.refusal(recorded(machine), device, 256 * MIB) is None


@pytest.mark.parametrize("machine, device, answer", [
    ("laptop_card_mounted", "/dev/sdb", "umount /media/user/0123-4567"),
    ("laptop_card", "/dev/sdb1", "written whole: /dev/sdb"),
    ("laptop_card", "/dev/nvme0n1", "disk of the system that runs here (/, /boot, /boot/efi, [SWAP])"),
    ("laptop_card", "/dev/nvme0n1p2", "written whole: /dev/nvme0n1"),
    ("laptop_card", "/dev/mapper/vg-root", "no card but a volume (lvm) on /dev/nvme0n1"),
    ("laptop_card", "/dev/sdc", "reader without a card"),
    ("laptop_card", "/dev/sdx", "there is no disk /dev/sdx"),
    ("virtual_machine", "/dev/vda", "disk of the system that runs here (/)"),
    ("pci_reader_locked", "/dev/mmcblk0", "write-protected"),
    ("pci_reader", "/dev/mmcblk0p1", "written whole: /dev/mmcblk0"),
    ("emmc_live_usb", "/dev/sda", "is mounted (/run/live/medium)"),
    ("emmc_live_usb", "/dev/mmcblk0", "built into this machine"),
    ("emmc_live_usb", "/dev/loop0", "no disk but a loop device"),
    ("desktop", "/dev/sda", "disk of the system that runs here (/)"),
    ("desktop", "/dev/sdb", "disk of the system that runs here (/)"),
    ("desktop", "/dev/sdc", "CT256MX100SSD1, 256.1 GB) is built into this machine"),
    ("desktop", "/dev/sdd", "has 4.0 TB: no SD card has more than 2 TB"),
    ("desktop", "/dev/sde", "has 2.0 TB: no SD card has more than 2 TB"),
    ("desktop", "/dev/sdf", "too small: it has 131.1 MB, the image needs 268.4 MB"),
    ("desktop", "/dev/sdg", "in use: /dev/mapper/backup (crypt) is made of it"),
    ("desktop", "/dev/sr0", "no disk but a rom device"),
])
def test_everything_else_is_left_alone(machine, device, answer):
    assert answer in flash.refusal(recorded(machine), device, 256 * MIB)


def test_no_disk_of_any_machine_is_taken_but_the_cards():
    taken = {(file.stem, node["path"]) for file in (Path(__file__).parent / "lsblk").glob("*.json")
             for disk in recorded(file.stem) for node in flash.nodes_below(disk)
             if flash.refusal(recorded(file.stem), node["path"], 256 * MIB) is None}
    assert taken == {("laptop_card", "/dev/sdb"), ("pci_reader", "/dev/mmcblk0")}


def test_the_list_names_what_can_be_taken_out_and_why_not_that():
    text = "\n".join(flash.list_removable(recorded("desktop"), 256 * MIB))
    assert "/dev/sdf       USB FLASH DISK, 131.1 MB\n" in text and "too small" in text
    assert "/dev/sdg       SanDisk Ultra, 64.0 GB\n" in text
    assert "/dev/sda" not in text and "/dev/sdc" not in text
    assert flash.list_removable(recorded("laptop_card"), 256 * MIB) == [
        "These can be taken out:", "  /dev/sdb       Generic- SD/MMC/MS PRO, 31.9 GB"]
    assert "No card is there" in flash.list_removable(recorded("laptop_no_card"), 256 * MIB)[0]


class Card:
    """A target in memory."""

    def __init__(self, size=16 * MIB):
        self.data = bytearray(size)
        self.flushed = 0

    def write(self, data, offset):
        self.data[offset:offset + len(data)] = data
        return len(data)

    def read(self, buffer, offset):
        buffer[:] = self.data[offset:offset + len(buffer)]
        return len(buffer)

    def flush(self):
        self.flushed += 1


@pytest.fixture
def image(tmp_path):
    """Longer than two chunks, and no two sectors alike."""
    path = tmp_path / "card.img"
    path.write_bytes(b"".join(i.to_bytes(4, "little") * 128 for i in range(9 * MIB // 512)))
    return flash.Image(path)


def run(image, card):
    seen = []
    flash.write_image(image, card, seen.append)
    flash.compare_image(image, card, seen.append)
    return seen


def test_every_byte_is_written_flushed_and_compared(image):
    card = Card()
    seen = run(image, card)
    assert bytes(card.data) == image.path.read_bytes() + bytes(7 * MIB)
    assert card.flushed == 1
    assert seen == [4 * MIB, 8 * MIB, 9 * MIB] * 2


def test_a_short_write_is_gone_on_with(image):
    class Short(Card):
        def write(self, data, offset):
            return super().write(data[:max(512, len(data) // 3 // 512 * 512)], offset)
    card = Short()
    run(image, card)
    assert card.data[:image.size] == image.path.read_bytes()


def test_a_card_smaller_than_it_says_is_reported(image):
    class Ends(Card):
        def write(self, data, offset):
            return super().write(data[:max(0, 5 * MIB - offset)], offset)
    with pytest.raises(flash.FlashError, match=f"writing stopped at byte {5 * MIB}:"):
        run(image, Ends())


@pytest.mark.parametrize("at", [0, 5 * MIB + 77, 9 * MIB - 1])
def test_a_wrong_byte_is_found_and_named(image, at):
    class Bad(Card):
        def flush(self):
            self.data[at] ^= 0x10
    with pytest.raises(flash.FlashError, match=f"byte {at} is 0x.., should be 0x.."):
        run(image, Bad())


def test_a_card_that_answers_with_another_place_is_found(image):
    """A counterfeit's addresses wrap round."""
    class Wraps(Card):
        def write(self, data, offset):
            return super().write(data, offset % (8 * MIB))

        def read(self, buffer, offset):
            return super().read(buffer, offset % (8 * MIB))
    with pytest.raises(flash.FlashError, match="byte 1 is 0x40, should be 0x00"):
        run(image, Wraps())


@pytest.mark.parametrize("call", ["write", "read", "flush"])
@pytest.mark.parametrize("error", [errno.ENODEV, errno.EIO, errno.ENXIO])
def test_a_device_that_vanishes_is_reported(image, call, error):
    def vanish(*_):
        raise OSError(error, "gone")
    card = Card()
    setattr(card, call, vanish)
    with pytest.raises(flash.FlashError, match="gone.*another card"):
        run(image, card)


def test_a_device_that_vanishes_in_the_middle_says_where(image):
    class Vanishes(Card):
        def write(self, data, offset):
            if offset >= 8 * MIB:
                raise OSError(errno.ENODEV, "No such device")
            return super().write(data, offset)
    with pytest.raises(flash.FlashError, match=f"failed at byte {8 * MIB}: No such device. Is the card still in"):
        run(image, Vanishes())


# The script as a person runs it, on a file.

def script(*words, answer=""):
    return subprocess.run([sys.executable, "scripts/flash", *map(str, words)], cwd=TOP, input=answer, check=False,
                          capture_output=True, text=True)


@pytest.fixture
def card_file(tmp_path):
    path = tmp_path / "card"
    path.write_bytes(b"\xee" * (16 * MIB))
    return path


def test_yes_writes_and_tells_what_comes_next(image, card_file):
    result = script("--image", image.path, "--try-on-file", card_file, answer="yes\n")
    assert result.returncode == 0, result.stderr
    assert card_file.read_bytes() == image.path.read_bytes() + b"\xee" * (7 * MIB)
    for words in ("9.4 MB", "16.8 MB", "Type yes", "WRITE   100 %", "COMPARE 100 %", "MSEL[3:0] = 1011", "115200 8N1",
                  "no flow control", "env default"):
        assert words in result.stdout


@pytest.mark.parametrize("answer", ["", "y\n", "no\n", "YES\n"])
def test_anything_but_yes_writes_nothing(image, card_file, answer):
    result = script("--image", image.path, "--try-on-file", card_file, answer=answer)
    assert result.returncode != 0 and "nothing was written" in result.stderr
    assert card_file.read_bytes() == b"\xee" * (16 * MIB)


def test_y_does_not_ask(image, card_file):
    result = script("--image", image.path, "--try-on-file", "-y", card_file)
    assert result.returncode == 0 and "Type yes" not in result.stdout
    assert card_file.read_bytes()[:image.size] == image.path.read_bytes()


def test_a_compressed_image_is_unpacked_on_the_way(image, card_file):
    subprocess.run(["zstd", "-q", image.path], check=True)
    result = script("--image", f"{image.path}.zst", "--try-on-file", "-y", card_file)
    assert result.returncode == 0, result.stderr
    assert card_file.read_bytes()[:image.size] == image.path.read_bytes()


def test_a_damaged_compressed_image_is_refused_before_anything_is_written(image, card_file):
    subprocess.run(["zstd", "-q", image.path], check=True)
    path = Path(f"{image.path}.zst")
    path.write_bytes(path.read_bytes()[:-5])
    result = script("--image", path, "--try-on-file", "-y", card_file)
    assert result.returncode != 0 and "is damaged" in result.stderr
    assert card_file.read_bytes() == b"\xee" * (16 * MIB)


def test_a_file_is_no_card_unless_it_is_asked_for(image, card_file):
    result = script("--image", image.path, "-y", card_file)
    assert result.returncode != 0 and f"there is no disk {card_file}" in result.stderr
    assert card_file.read_bytes() == b"\xee" * (16 * MIB)


def test_a_file_too_small_is_refused(image, tmp_path):
    small = tmp_path / "small"
    small.write_bytes(b"\xee" * MIB)
    result = script("--image", image.path, "--try-on-file", "-y", small)
    assert result.returncode != 0 and "too small" in result.stderr
    assert small.read_bytes() == b"\xee" * MIB


@pytest.mark.parametrize("content, answer", [(None, "make sdcard"), (b"", "no image"), (b"x" * 513, "no image")])
def test_what_is_no_image_is_refused(tmp_path, card_file, content, answer):
    path = tmp_path / "image"
    if content is not None:
        path.write_bytes(content)
    result = script("--image", path, "--try-on-file", "-y", card_file)
    assert result.returncode != 0 and answer in result.stderr
