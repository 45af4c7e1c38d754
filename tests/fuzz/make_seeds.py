#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Write the seeds of the fuzz targets: sound inputs, from which damaged ones are made.

usage: make_seeds.py OUT_DIRECTORY FIXTURE.dtb...

What is a text is kept in tests/fuzz/corpus instead; so are inputs that once were a finding.
"""

import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from gen_initramfs import pack_entry  # noqa: E402 (the tree's own script, found through the path above)

REGULAR, DIRECTORY, LINK, CHARACTER, FIFO = 0o100644, 0o040755, 0o120777, 0o020600, 0o010600
PT_LOAD, PT_INTERP, PT_STACK = 1, 3, 0x6474E551


def archive(*entries):
    parts = [pack_entry(name, at, mode, links, 1000, data) for at, (name, mode, links, data) in enumerate(entries, 1)]
    return b"".join(parts) + pack_entry("TRAILER!!!", 0, 0, 1, 0, b"")


def archives():
    plain = archive(("d", DIRECTORY, 2, b""), ("d/f", REGULAR, 1, b"content"), ("d/l", LINK, 1, b"f"),
                    ("/c", CHARACTER, 1, b""), ("./p", FIFO, 1, b""), ("d/f", LINK, 1, b"../c"))
    # One inode number under three names; the last has the content.
    linked = b"".join(pack_entry(name, 7, REGULAR, 3, 1, data)
                      for name, data in (("a", b""), ("b", b""), ("c", b"shared" * 50)))
    yield "plain", plain
    yield "linked", linked + pack_entry("TRAILER!!!", 0, 0, 1, 0, b"")
    yield "two", plain + bytes(512 - len(plain) % 512) + archive(("d/f", REGULAR, 1, b"newer"), ("d", REGULAR, 1, b""))
    yield "over-system", archive(("dev/null", REGULAR, 1, b"x"), ("..", DIRECTORY, 2, b""), (".", DIRECTORY, 2, b""),
                                 ("a/../../b", REGULAR, 1, b"y"), ("x", LINK, 1, b"x"), ("x/y", REGULAR, 1, b"z"))
    yield "empty", archive()


def elf(kind, segments, body=b""):
    head = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", kind, 243, 1, 0x10100, 64, 0, 5, 64, 56, len(segments), 0, 0, 0)
    table = b"".join(struct.pack("<IIQQQQQQ", *segment) for segment in segments)
    return head + table + body


def programs():
    text = (PT_LOAD, 5, 0, 0x10000, 0x10000, 0x400, 0x400, 0x1000)
    data = (PT_LOAD, 6, 0x400, 0x11400, 0x11400, 0x100, 0x3000, 0x1000)
    stack = (PT_STACK, 6, 0, 0, 0, 0, 0, 16)
    interpreter = (PT_INTERP, 4, 0x200, 0x200, 0x200, 10, 10, 1)
    moved = (PT_LOAD, 5, 0, 0, 0, 0x400, 0x400, 0x200000)
    body = bytes(0x200 - 64 - 56 * 3) + b"/lib/ld.so"[:9] + b"\0" + bytes(0x500)
    yield "static", elf(2, (text, data, stack), body)
    yield "interpreted", elf(3, (interpreter, moved, stack), body)
    yield "only-bss", elf(2, ((PT_LOAD, 6, 0, 0x10000, 0, 0, 0x123456, 0x1000),), bytes(64))


def tree(path):
    """A device tree without the room behind its blocks: QEMU leaves a MiB, most of what a mutation would hit."""
    data = bytearray(Path(path).read_bytes())
    _, _, struct_at, strings_at, _, _, _, _, strings_bytes, struct_bytes = struct.unpack_from(">10I", data)
    end = max(struct_at + struct_bytes, strings_at + strings_bytes)
    struct.pack_into(">I", data, 4, end)  # totalsize
    return bytes(data[:end])


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    out = Path(sys.argv[1])
    seeds = {"initramfs": list(archives()), "elf": list(programs()),
             "fdt": [(Path(path).stem, tree(path)) for path in sys.argv[2:]]}
    for subject, inputs in seeds.items():
        (out / subject).mkdir(parents=True, exist_ok=True)
        for name, data in inputs:
            (out / subject / name).write_bytes(data)


if __name__ == "__main__":
    main()
