#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Print compile_commands.json, by which editors and clang's tools understand the sources.

usage: gen_compile_commands.py SOURCE_LIST BUILD_DIRECTORY C_COMMAND ASSEMBLY_COMMAND
"""

import json
import os
import sys


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    source_list, build, c_command, assembly_command = sys.argv[1:]
    entries = []
    with open(source_list, encoding="utf-8") as sources:
        for source in sources.read().split():
            command = c_command if source.endswith(".c") else assembly_command
            output = f"{build}/obj/{source.removesuffix('.c')}.o"
            entries.append({
                "directory": os.getcwd(),
                "command": f"{command} -c -o {output} {source}",
                "file": source,
                "output": output,
            })
    json.dump(entries, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
