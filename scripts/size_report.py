#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Print how much code and data each folder puts into the kernel, and the size of the image.

usage: size_report.py DIRECTORY_OF_OBJECTS DIRECTORY_OF_IMAGE SIZE_COMMAND
"""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

COLUMNS = ("text", "data", "bss")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    build, linked, size = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    # Not what lies in obj/: that may hold objects of sources that are gone.
    sources = (build / "generated" / "sources").read_text(encoding="utf-8").split()
    objects = [build / "obj" / (source.removesuffix(".c") + ".o") for source in sources]
    output = subprocess.run([size, *map(str, objects)], check=True, capture_output=True, text=True).stdout
    folders = defaultdict(lambda: [0, 0, 0])
    for line in output.splitlines()[1:]:
        fields = line.split()
        folder = str(Path(fields[5]).relative_to(build / "obj").parent)
        for column in range(len(COLUMNS)):
            folders[folder][column] += int(fields[column])
    print(f"{'folder':24}" + "".join(f"{name:>10}" for name in COLUMNS))
    for folder in sorted(folders):
        print(f"{folder:24}" + "".join(f"{value:10}" for value in folders[folder]))
    totals = [sum(values[column] for values in folders.values()) for column in range(len(COLUMNS))]
    print(f"{'all':24}" + "".join(f"{value:10}" for value in totals))
    root = linked / "initramfs.cpio"
    if root.exists():
        print(f"{'root file system':24}{root.stat().st_size:10}")
    print(f"{str(linked / 'Image'):24}{(linked / 'Image').stat().st_size:10}")


if __name__ == "__main__":
    main()
