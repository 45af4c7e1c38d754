# SPDX-License-Identifier: MIT
"""Slab caches from outside: which objects of a cache are in use.

Full slabs stand on no list, so they are found through the page map: every frame of a slab names it.
"""

import gdb

from heifer_gdb.kernel import LINEAR_BASE, PAGE_SHIFT, PAGEMAP_BASE, pointer, read_words, variable

PAGE_BYTES = 16
BLOCK_FRAMES = 512


def caches():
    cache = variable("mm/pmm/slab.c", "caches")
    while int(cache) != 0:
        yield cache
        cache = cache["next"]


def known_frames():
    """(first, end) frame numbers that have a struct page: what lies before the frontier of each bank."""
    banks = variable("mm/pmm/pmm.c", "banks")
    for i in range(int(variable("mm/pmm/pmm.c", "bank_count"))):
        end = int(banks[i]["next"])
        # The page map is made by whole blocks, upwards from somewhere below.
        first = end
        block = (end - 1) // BLOCK_FRAMES * BLOCK_FRAMES
        while block >= 0 and is_mapped(PAGEMAP_BASE + block * PAGE_BYTES):
            first = block
            block -= BLOCK_FRAMES
        if first < end:
            yield first, end


def is_mapped(address):
    try:
        read_words(address, 1)
    except gdb.MemoryError:
        return False
    return True


def slabs():
    """{address of struct slab} of all caches."""
    kind_slab = int(gdb.parse_and_eval("(int)PAGE_SLAB"))
    found = set()
    for first, end in known_frames():
        words = read_words(PAGEMAP_BASE + first * PAGE_BYTES, 2 * (end - first))
        for i in range(end - first):
            head, owner = words[2 * i], words[2 * i + 1]
            # A slab's first frame holds the struct slab itself.
            if head >> 32 & 0xFF == kind_slab and owner == LINEAR_BASE + ((first + i) << PAGE_SHIFT):
                found.add(owner)
    return found


def chain(node):
    """Addresses of free objects: each holds the next one's in its first word."""
    while node != 0:
        yield node
        node = read_words(node, 1)[0]


def stocks(cache):
    """Those of the harts."""
    array = cache["stock"]
    return [array[hart] for hart in range(array.type.range()[1] + 1)]


def free_objects(cache):
    """Addresses of @cache's objects that wait in the stock of a hart."""
    for stock in stocks(cache):
        yield from chain(int(stock["free"]))


def objects(cache):
    """Addresses of the objects of @cache that are in use."""
    size, first = int(cache["size"]), int(cache["first"])
    in_stock = set(free_objects(cache))
    for at in sorted(slabs()):
        slab = pointer(at, "struct slab")
        if int(slab["cache"]) != int(cache):
            continue
        free = set(chain(int(slab["free"])))
        for i in range(int(slab["capacity"])):
            item = at + first + i * size
            if item not in free and item not in in_stock:
                yield item


def used_count(cache):
    return int(cache["out_count"]) - sum(int(stock["count"]) for stock in stocks(cache))
