#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Pack the root file system as a cpio archive (newc), reproducibly and without root.

usage: gen_initramfs.py OUT.cpio [--epoch SECONDS] [--busybox FILE --applets FILE]
                        [--tree DIRECTORY]... [--tests FILE NAME...] [--test-programs FILE...]
                        [--test-commands FILE...]

  --busybox, --applets  the binary as /bin/busybox, and a symbolic link for each path in the list
  --tree                a directory whose contents go to /; a later one replaces what an earlier one put
  --tests               the test programs, which are one: /tests/.all, and a symbolic link to it for each name
  --test-programs       what they run: to /tests/.programs
  --test-commands       the command lines that are compared with Linux: to /tests/.commands

Everything belongs to root and has one time. Modes are 755 or 644, as the owner may execute it or not: git
keeps no more. The archive is written only if it changed.
"""

import argparse
import os
import stat
import sys
from pathlib import Path

# What a tree under git cannot hold: empty directories, and modes of their own.
DIRECTORIES = {
    "bin": 0o755, "dev": 0o755, "etc": 0o755, "mnt": 0o755, "proc": 0o755, "root": 0o700,
    "sbin": 0o755, "sys": 0o755, "tmp": 0o1777, "usr": 0o755, "usr/bin": 0o755, "usr/sbin": 0o755,
    "var": 0o755, "var/log": 0o755, "var/run": 0o755, "var/spool": 0o755, "var/spool/cron": 0o755,
    "var/spool/cron/crontabs": 0o700,
}


HEADER_BYTES = 110
LARGE_BYTES = 4096


class Entry:
    """One file, directory or symbolic link of the archive."""

    def __init__(self, mode, data=b""):
        self.mode = mode
        self.data = data

    @property
    def is_directory(self):
        return stat.S_ISDIR(self.mode)


class Archive:
    """Paths without leading slash -> Entry. Parents are there before what they hold."""

    def __init__(self):
        self.entries = {"": Entry(stat.S_IFDIR | 0o755)}

    def add(self, path, entry):
        parent = path.rpartition("/")[0]
        if parent not in self.entries:
            self.add(parent, Entry(stat.S_IFDIR | 0o755))
        if not self.entries[parent].is_directory:
            sys.exit(f"gen_initramfs: /{path}: /{parent} is no directory in the root file system")
        old = self.entries.get(path)
        if old and old.is_directory:
            if entry.is_directory:
                return
            sys.exit(f"gen_initramfs: /{path} would replace a directory")
        if old and entry.is_directory:
            sys.exit(f"gen_initramfs: directory /{path} would replace a file")
        self.entries[path] = entry

    def add_tree(self, top):
        for directory, names, files in os.walk(top):
            names.sort()
            for name in sorted(names + files):
                source = Path(directory, name)
                self.add_source(source, str(source.relative_to(top)))

    def add_source(self, source, path):
        mode = source.lstat().st_mode
        if stat.S_ISLNK(mode):
            self.add(path, Entry(stat.S_IFLNK | 0o777, os.readlink(source).encode()))
        elif stat.S_ISDIR(mode):
            self.add(path, Entry(stat.S_IFDIR | 0o755))
        elif stat.S_ISREG(mode):
            rights = 0o755 if mode & stat.S_IXUSR else 0o644
            self.add(path, Entry(stat.S_IFREG | rights, source.read_bytes()))
        else:
            sys.exit(f"gen_initramfs: {source} is neither file, directory nor symbolic link")

    def pack(self, epoch):
        out = bytearray()
        for inode, path in enumerate(sorted(self.entries), 1):
            entry = self.entries[path]
            links = 2 if entry.is_directory else 1
            name = path or "."
            # The kernel copies whole words if the content begins at a multiple of 8. The form knows only multiples
            # of 4; but slashes before a name mean nothing.
            if len(entry.data) >= LARGE_BYTES and content_offset(len(out), name) % 8 != 0:
                name = "////" + name
            out += pack_entry(name, inode, entry.mode, links, epoch, entry.data)
        out += pack_entry("TRAILER!!!", 0, 0, 1, 0, b"")
        out += bytes(-len(out) % 512)
        return bytes(out)


def content_offset(at, path):
    size = HEADER_BYTES + len(path.encode()) + 1
    return at + size + -size % 4


def pack_entry(path, inode, mode, links, epoch, data):
    name = path.encode() + b"\0"
    # magic, inode, mode, uid, gid, links, time, size, device, its own device, name's length, no checksum
    fields = (inode, mode, 0, 0, links, epoch, len(data), 0, 0, 0, 0, len(name), 0)
    out = b"070701" + b"".join(b"%08x" % field for field in fields) + name
    out += bytes(-len(out) % 4)
    return out + data + bytes(-len(data) % 4)


def build(options):
    archive = Archive()
    for path, mode in DIRECTORIES.items():
        archive.add(path, Entry(stat.S_IFDIR | mode))
    if options.busybox:
        archive.add("bin/busybox", Entry(stat.S_IFREG | 0o755, options.busybox.read_bytes()))
        for line in options.applets.read_text(encoding="utf-8").split():
            # linuxrc stands in no directory: it is for booting in a way nobody uses here.
            if "/" in line and line != "bin/busybox":
                archive.add(line.lstrip("/"), Entry(stat.S_IFLNK | 0o777, b"/bin/busybox"))
    for tree in options.tree:
        if not tree.is_dir():
            sys.exit(f"gen_initramfs: {tree} is no directory")
        archive.add_tree(tree)
    if options.tests:
        archive.add_source(Path(options.tests[0]), "tests/.all")
        for name in options.tests[1:]:
            archive.add(f"tests/{name}", Entry(stat.S_IFLNK | 0o777, b".all"))
    for program in options.test_programs:
        archive.add_source(program, f"tests/.programs/{program.name}")
    for commands in options.test_commands:
        archive.add_source(commands, f"tests/.commands/{commands.name}")
    return archive.pack(options.epoch)


def main():
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epoch", type=int, default=0)
    parser.add_argument("--busybox", type=Path)
    parser.add_argument("--applets", type=Path)
    parser.add_argument("--tree", type=Path, action="append", default=[])
    parser.add_argument("--tests", nargs="*", default=[])
    parser.add_argument("--test-programs", type=Path, nargs="*", default=[])
    parser.add_argument("--test-commands", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    archive = build(options)
    if not options.out.exists() or options.out.read_bytes() != archive:
        options.out.write_bytes(archive)


if __name__ == "__main__":
    main()
