# SPDX-License-Identifier: MIT
"""What a boot loader may do: an initramfs of its own, the kernel and the device tree in unusual places."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import plain

TOP = Path(__file__).parents[2]
sys.path.insert(0, str(TOP / "scripts"))
from gen_initramfs import Archive, Entry  # noqa: E402  (it is found only now)

MIB = 1 << 20
USUAL_ENTRY = 0x80200000


def archive_of(directory, files):
    """A cpio archive with @files, path -> content."""
    archive = Archive()
    for path, content in files.items():
        archive.add(path, Entry(stat.S_IFREG | 0o644, content))
    path = directory / "initramfs.cpio"
    path.write_bytes(archive.pack(0))
    return path


def stub_options(machine, directory, entry=USUAL_ENTRY, tree=0):
    """QEMU's options to start the target's kernel at @entry with the device tree at @tree."""
    elf = directory / "stub.elf"
    at = USUAL_ENTRY if entry != USUAL_ENTRY else entry + 64 * MIB
    subprocess.run(["riscv64-linux-gnu-gcc", "-nostdlib", "-static", "-march=rv64imac_zicsr_zifencei", "-mabi=lp64",
                    f"-DENTRY={entry}", f"-DTREE={tree}",
                    f"-Wl,-N,-Ttext={at:#x},--build-id=none,--no-warn-rwx-segments", "-o", elf,
                    TOP / "tests/system/boot_stub.S"], check=True)
    image = machine.target.env.config.get_image_path(machine.console.kernel)
    return ["-kernel", str(elf), "-device", f"loader,file={image},addr={entry:#x},force-raw=on"]


def boot_line(shell):
    """The line of the log that says where the image and the tree are."""
    return shell.run_check("dmesg | grep 'image at'")[0]


@pytest.mark.machines("virt", "virt-1", "sifive_u")
@pytest.mark.qemu("is loaded as only QEMU can")
def test_the_loaders_initramfs_lies_over_the_built_in_one(machine, tmp_path):
    added = archive_of(tmp_path, {"etc/group": b"wheel:x:10:\n", "etc/extra/note": b"from the loader\n"})
    shell = machine.boot(options=["-initrd", str(added)])
    assert shell.run_check("cat /etc/extra/note /etc/group") == ["from the loader", "wheel:x:10:"]
    assert shell.run_check("ls -1d /bin/busybox /etc/inittab") == ["/bin/busybox", "/etc/inittab"]
    assert machine.power_off() == "none"


@pytest.mark.machines("virt")
@pytest.mark.parametrize("damage", ["garbage", "cut"])
def test_a_damaged_initramfs_leaves_the_built_in_one(machine, tmp_path, damage):
    path = archive_of(tmp_path, {"etc/first": b"unpacked\n", "etc/second": bytes(100000)})
    whole = path.read_bytes()
    path.write_bytes(b"no archive" * 1000 if damage == "garbage" else whole[:len(whole) // 2])
    shell = machine.boot(options=["-initrd", str(path)])
    log = plain("\n".join(shell.run_check("dmesg")))
    assert "the boot loader's initramfs is damaged" in log
    assert "initramfs: archive is damaged at offset" in log
    assert shell.run("test -e /etc/first")[2] == (1 if damage == "garbage" else 0)
    assert shell.run_check("echo works") == ["works"]
    assert machine.power_off() == "none"


# Lower than this, only the firmware.
@pytest.mark.machines("virt", "virt-16G")
@pytest.mark.parametrize("entry", [0x80400000, 0x8fa00000], ids=hex)
def test_the_kernel_runs_at_any_2_MiB_boundary(machine, tmp_path, entry):
    shell = machine.boot(options=stub_options(machine, tmp_path, entry))
    assert f"image at {entry:#x}," in boot_line(shell)
    assert shell.run_check("ls /bin | wc -l")[0].isdigit()
    assert machine.power_off() == "none"


@pytest.mark.machines("virt-16G")
@pytest.mark.parametrize("entry, tree", [(USUAL_ENTRY, 0x470000008), (0x340000000, 0x47f000ff8)], ids=hex)
def test_tree_and_kernel_above_4_GiB(machine, tmp_path, entry, tree):
    shell = machine.boot(options=stub_options(machine, tmp_path, entry, tree))
    assert f"image at {entry:#x}, device tree at {tree:#x}," in boot_line(shell)
    assert machine.power_off() == "none"


@pytest.mark.machines("virt", "sifive_u")
@pytest.mark.qemu("is loaded as only QEMU can")
def test_a_tree_aligned_to_8_bytes_alone(machine, tmp_path):
    tree = 0x88000ff8
    shell = machine.boot(options=stub_options(machine, tmp_path, tree=tree))
    assert f"device tree at {tree:#x}," in boot_line(shell)
    assert machine.power_off() == "none"


@pytest.mark.machines("virt", "sifive_u", "virt-svade")
def test_an_untidy_boot_loader_does_no_harm(machine, tmp_path):
    """Interrupts enabled and waiting, foreign trap handler, registers full of ones: boot_stub.S."""
    shell = machine.boot(options=stub_options(machine, tmp_path))
    assert shell.run_check("echo works") == ["works"]
    assert machine.power_off() == "none"


@pytest.mark.machines("virt")
def test_an_entry_between_boundaries_is_refused(machine, tmp_path):
    machine.power_on(options=stub_options(machine, tmp_path, USUAL_ENTRY + 64 * MIB + 0x1000))
    machine.expect("heifer: loaded at an address that is not a multiple of 2 MiB")


@pytest.mark.machines("virt")
def test_a_hart_without_paging_is_refused(machine):
    machine.power_on(options=["-cpu", "rv64,mmu=off"])
    machine.expect("heifer: the boot hart has no Sv39 paging")
