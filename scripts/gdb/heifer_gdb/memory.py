# SPDX-License-Identifier: MIT
"""Memory: regions, page tables, frames, slab caches."""

import gdb

from heifer_gdb import slabs
from heifer_gdb.kernel import (KERNEL_BASE, LINEAR_BASE, PAGE_SHIFT, PAGEMAP_BASE, KernelCommand,
                               enum_name, integer, pointer, read_words, text, usage)
from heifer_gdb.tasks import find_process

PTE_V, PTE_R, PTE_W, PTE_X = 1, 2, 4, 8
BITS = ((1, "V"), (2, "R"), (4, "W"), (8, "X"), (16, "U"), (32, "G"), (64, "A"), (128, "D"), (256, "COW"),
        (512, "COUNTED"))
PTE_SHARED = 256  # of an inner entry, where V is off
PPN_SHIFT, PPN_MASK = 10, (1 << 44) - 1
PROT_READ, PROT_WRITE, PROT_EXEC = 1, 2, 4
MAP_SHARED = 1
LINEAR_SIZE = 0x2000000000


def aspace_of(pid):
    aspace = find_process(pid)["aspace"]
    if int(aspace) == 0:
        raise gdb.GdbError(f"process {pid} has no memory any more")
    return aspace


def kernel_phys(address):
    """Physical address behind a kernel address, by the kernel's own table; None: not mapped."""
    if LINEAR_BASE <= address < LINEAR_BASE + LINEAR_SIZE:
        return address - LINEAR_BASE
    root = int(gdb.parse_and_eval("kernel_satp")) & PPN_MASK
    steps = walk(root, address)
    level, entry = steps[-1][:2]
    if entry & PTE_V == 0:
        return None
    size = 1 << (PAGE_SHIFT + 9 * level)
    return ((entry >> PPN_SHIFT & PPN_MASK) << PAGE_SHIFT) | (address & (size - 1))


def is_table(level, entry):
    """Whether an entry names a table, of its space's own or shared."""
    return level > 0 and (entry & 15 == PTE_V or entry & (PTE_V | PTE_SHARED) == PTE_SHARED)


def walk(root, address):
    """[(level, entry, address of entry)] from the root to the leaf or the first entry that ends the way."""
    steps = []
    table = root
    for level in (2, 1, 0):
        index = address >> (PAGE_SHIFT + 9 * level) & 511
        at = LINEAR_BASE + (table << PAGE_SHIFT) + 8 * index
        entry = read_words(at, 1)[0]
        steps.append((level, entry, at))
        if not is_table(level, entry):
            break
        table = entry >> PPN_SHIFT & PPN_MASK
    return steps


def decode_entry(level, entry):
    if entry == 0:
        return "empty"
    if level > 0 and entry & PTE_V == 0:
        return f"frame {entry >> PPN_SHIFT & PPN_MASK:#x} SHARED: table that others may name, too"
    names = " ".join(name for bit, name in BITS if entry & bit)
    kind = "table" if entry & 15 == PTE_V else "leaf"
    if entry & PTE_V == 0:
        kind = "leaf that may not be accessed (PROT_NONE)"
    return f"frame {entry >> PPN_SHIFT & PPN_MASK:#x} {names}: {kind}"


def describe_frame(pfn):
    """Lines about the struct page of frame @pfn."""
    page = pointer(PAGEMAP_BASE + 16 * pfn, "struct page").dereference()
    try:
        kind = enum_name("page_kind", page["kind"], "PAGE_")
    except gdb.MemoryError:
        return [f"frame {pfn:#x}: was never handed out, or is no RAM"]
    order = int(page["order"])
    lines = [f"frame {pfn:#x} (at {LINEAR_BASE + (pfn << PAGE_SHIFT):#x}): {kind}, count {int(page['count'])}"]
    if kind == "free":
        on_list = order & 0x80
        lines.append(f"  heads a free block of order {order & 0x7f}" if on_list
                     else "  in the stock of a hart, inside a larger free block, or never the allocator's")
    elif kind == "slab":
        owner = int(page["owner"])
        if owner == 0:
            lines.append("  a large block of kmalloc()")
        else:
            slab = pointer(owner, "struct slab")
            lines.append(f"  slab {owner:#x} of {text(slab['cache']['name'])}: {int(slab['used'])} of "
                         f"{int(slab['capacity'])} objects out")
    elif kind == "table":
        lines.append(f"  {int(page['present'])} entries, groups of eight in use: {int(page['map']):#018x}")
    elif order != 0:
        lines.append(f"  heads a block of order {order}")
    return lines


class KRegions(KernelCommand):
    """kregions PID

    The regions of a process, as /proc/PID/maps begins its lines, with what stands behind them.
    """

    name = "kregions"

    def run(self, arguments):
        if len(arguments) != 1:
            raise usage(self)
        aspace = aspace_of(arguments[0])
        region = aspace["first_region"]
        while int(region) != 0:
            prot, flags = int(region["prot"]), int(region["flags"])
            letters = "".join(letter if prot & bit else "-"
                              for bit, letter in ((PROT_READ, "r"), (PROT_WRITE, "w"), (PROT_EXEC, "x")))
            letters += "s" if flags & MAP_SHARED else "p"
            behind = "anonymous"
            if int(region["object"]) != 0:
                behind = (f"object {int(region['object']):#x}, inode {int(region['object']['inode_number'])}")
            print(f"{int(region['start']):08x}-{int(region['end']):08x} {letters} {int(region['offset_bytes']):08x} "
                  f"{behind}")
            region = region["next"]


class KWalk(KernelCommand):
    """kwalk PID ADDRESS

    Walk the page table of a process (0: the kernel's own), every entry decoded, and show the frame at the end.
    """

    name = "kwalk"

    def run(self, arguments):
        if len(arguments) != 2:
            raise usage(self)
        address = integer(arguments[1])
        root = int(gdb.parse_and_eval("kernel_satp")) & PPN_MASK if arguments[0] == "0" \
            else int(aspace_of(arguments[0])["root"])
        print(f"root: frame {root:#x}")
        steps = walk(root, address)
        for level, entry, at in steps:
            print(f"level {level} at {at:#x}: {entry:#018x} {decode_entry(level, entry)}")
        level, entry, _ = steps[-1]
        if entry == 0:
            print(f"{address:#x} is not mapped")
            return
        inside = address & ((1 << (PAGE_SHIFT + 9 * level)) - 1)
        physical = ((entry >> PPN_SHIFT & PPN_MASK) << PAGE_SHIFT) + inside
        print(f"{address:#x} is at {physical:#x}, read it with: x/8gx {LINEAR_BASE + physical:#x}")
        print("\n".join(describe_frame(physical >> PAGE_SHIFT)))


class KPage(KernelCommand):
    """kpage PFN|ADDRESS

    The struct page of a frame, decoded: by frame number, physical address, or address in the kernel.
    """

    name = "kpage"

    def run(self, arguments):
        if len(arguments) != 1:
            raise usage(self)
        number = integer(arguments[0])
        if number >= LINEAR_BASE:
            physical = kernel_phys(number)
            if physical is None:
                raise gdb.GdbError(f"{number:#x} is not mapped" +
                                   (" (image)" if number >= KERNEL_BASE else ""))
            number = physical >> PAGE_SHIFT
        elif number >= 1 << 28:
            number >>= PAGE_SHIFT
        print("\n".join(describe_frame(number)))


class KSlabs(KernelCommand):
    """kslabs [CACHE]

    All slab caches: objects in use, bytes each. With a cache's name, the addresses of its objects.
    """

    name = "kslabs"

    def run(self, arguments):
        for cache in slabs.caches():
            name = text(cache["name"])
            if not arguments:
                print(f"{name:20} {slabs.used_count(cache):6} objects of {int(cache['usable'])} bytes")
            elif name == " ".join(arguments):
                print("\n".join(f"{at:#x}" for at in slabs.objects(cache)))


for command in (KRegions, KWalk, KPage, KSlabs):
    command()
