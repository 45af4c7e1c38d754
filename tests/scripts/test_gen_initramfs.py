# SPDX-License-Identifier: MIT
"""scripts/gen_initramfs.py: where the content of large files begins."""

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
HEADER = 110


def entries(archive):
    """(name, offset of the content, content) of each file."""
    at = 0
    while True:
        fields = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = archive[at + HEADER:at + HEADER + fields[11] - 1].decode()
        if name == "TRAILER!!!":
            return
        data = at + HEADER + fields[11]
        data += -data % 4
        yield name, data, archive[data:data + fields[6]]
        at = data + fields[6]
        at += -at % 4


@pytest.mark.parametrize("length", range(1, 9))
def test_large_content_begins_at_a_multiple_of_8(tmp_path, length):
    tree = tmp_path / "tree"
    tree.mkdir()
    files = {letter * length: letter.encode() * 5001 for letter in "abc"} | {"small": b"few"}
    for name, content in files.items():
        (tree / name).write_bytes(content)
    out = tmp_path / "archive"
    subprocess.run([sys.executable, "scripts/gen_initramfs.py", out, "--tree", tree], cwd=TOP, check=True)
    found = {name.lstrip("/"): (at, content) for name, at, content in entries(out.read_bytes())}
    for name, content in files.items():
        assert found[name][1] == content
    assert all(at % 8 == 0 for at, content in found.values() if len(content) > 5000)
