# SPDX-License-Identifier: MIT
"""The kernel's memory and structures, as gdb values.

QEMU's stub translates addresses as the selected hart would: one in user mode sees no kernel memory, one in
the firmware sees physical addresses. A command therefore runs with the hart's privilege set to supervisor
(QEMU's register `priv`), and puts it back. Nothing else of the machine is ever written.
"""

from contextlib import contextmanager
from tempfile import NamedTemporaryFile

import gdb

SUPERVISOR = 1
PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
KSTACK_SIZE = 0x4000
LINEAR_BASE = 0xFFFFFFC000000000
PAGEMAP_BASE = 0xFFFFFFE000000000
KERNEL_BASE = 0xFFFFFFFF80000000
USER_MAX = 0x3FFFFFF000
MASK64 = (1 << 64) - 1


@contextmanager
def kernel_view():
    """Kernel memory can be read inside, whatever the selected hart was doing."""
    before = int(gdb.parse_and_eval("$priv"))
    if before != SUPERVISOR:
        gdb.execute(f"set $priv = {SUPERVISOR}")
    try:
        if int(gdb.parse_and_eval("$satp")) == 0:
            raise gdb.GdbError("the kernel's addresses mean nothing yet: it has not jumped to them (docs/debugging.md)")
        yield
    finally:
        if before != SUPERVISOR:
            gdb.execute(f"set $priv = {before}")


class KernelCommand(gdb.Command):
    """A command whose name and help are the class' own; run() does it."""

    def __init__(self):
        super().__init__(self.name, gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        with kernel_view():
            try:
                self.run(gdb.string_to_argv(argument))
            except gdb.MemoryError as error:
                raise gdb.GdbError(f"{self.name}: {error}") from error


def usage(command):
    return gdb.GdbError(f"usage: {command.__doc__.splitlines()[0]}")


def integer(text):
    """A number or any expression gdb knows."""
    return int(gdb.parse_and_eval(text)) & MASK64


def variable(path, name):
    """The static or global variable @name of the file @path."""
    return gdb.parse_and_eval(f"'{path}'::{name}")


def pointer(address, type_name):
    return gdb.Value(address & MASK64).cast(gdb.lookup_type(type_name).pointer())


def address_of(value):
    return int(value.address if value.type.code != gdb.TYPE_CODE_PTR else value) & MASK64


def has_field(value, name):
    return any(field.name == name for field in value.type.strip_typedefs().fields())


def container(node, type_name, member):
    """The structure around the member at address @node; it may stand in a union without a name."""
    offset = gdb.parse_and_eval(f"(unsigned long) &(({type_name} *) 0)->{member}")
    return pointer(int(node) - int(offset), type_name)


def list_items(head, type_name, member):
    """The elements of a struct list."""
    start = address_of(head)
    node = head["next"]
    while int(node) & MASK64 != start:
        yield container(node, type_name, member)
        node = node["next"]


def text(value):
    """A char array or pointer as Python's text."""
    return value.string(errors="replace") if int(value.address or value) else ""


def enum_name(type_name, number, prefix):
    """The word of `enum @type_name` for @number, without @prefix, in small letters."""
    for field in gdb.lookup_type("enum " + type_name).fields():
        if field.enumval == int(number):
            return field.name.removeprefix(prefix).lower()
    return str(int(number))


def read_bytes(address, count):
    """@count bytes of kernel memory, read at once. Inferior.read_memory() may ask another hart than the selected one:
    it may be in the firmware."""
    with NamedTemporaryFile() as file:
        gdb.execute(f"dump binary memory {file.name} {address:#x} {address + count:#x}")
        return file.read()


def read_words(address, count):
    """@count 64-bit words of kernel memory, read at once."""
    data = read_bytes(address, 8 * count)
    return [int.from_bytes(data[8 * i:8 * i + 8], "little") for i in range(count)]


def place(pc):
    """Function, file and line of the instruction at @pc, shown as a backtrace does."""
    symbol = gdb.execute(f"info symbol {pc:#x}", to_string=True).strip()
    name = symbol.split(" in section")[0].replace(" + ", "+") if "in section" in symbol else "??"
    line = gdb.find_pc_line(pc)
    where = f" at {line.symtab.filename}:{line.line}" if line.symtab else ""
    return f"{name}{where}"


def harts():
    """(index, struct cpu) of those the kernel knows."""
    cpus = gdb.parse_and_eval("cpus")
    for index in range(int(gdb.parse_and_eval("cpu_count"))):
        yield index, cpus[index]
