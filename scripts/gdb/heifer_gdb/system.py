# SPDX-License-Identifier: MIT
"""The log, the trace, drivers and interrupts."""

import gdb

from heifer_gdb.kernel import KernelCommand, address_of, place, read_bytes, text, variable

LOG = "kernel/core/printk.c"
TRACE = "kernel/core/trace.c"
IRQ = "drivers/base/irq.c"


class KLog(KernelCommand):
    """klog [LINES]

    The kernel's log, or its last LINES, straight out of its ring: also when nothing runs any more.
    """

    name = "klog"

    def run(self, arguments):
        ring = variable(LOG, "ring")
        size = ring.type.sizeof
        head = int(variable(LOG, "head"))
        data = read_bytes(address_of(ring), size)
        if head > size:
            data = data[head % size:] + data[:head % size]
            data = data.partition(b"\n")[2]  # the first line is overwritten in part
        else:
            data = data[:head]
        lines = data.decode(errors="replace").splitlines()
        print("\n".join(lines[-int(arguments[0]):] if arguments else lines))


class KTrace(KernelCommand):
    """ktrace [EVENTS]

    What the trace has recorded, all harts merged by time, or the last EVENTS of it. Which kinds are recorded:
    trace= on the command line, or /proc/trace.
    """

    name = "ktrace"

    def run(self, arguments):
        types = variable(TRACE, "types")
        rings = variable(TRACE, "rings")
        events = []
        for hart in range(rings.type.range()[1] + 1):
            if int(rings[hart]["count"]) == 0:
                continue
            slots = rings[hart]["slots"]
            for i in range(slots.type.range()[1] + 1):
                if int(slots[i]["number"]) != 0:
                    events.append((int(slots[i]["when"]), hart, slots[i]))
        events.sort(key=lambda event: event[:2])
        for when, hart, slot in events[-int(arguments[0]):] if arguments else events:
            kind = types[int(slot["kind"])]
            a, b = int(slot["a"]), int(slot["b"])
            what = f"{a:#x} {b:#x}"
            if bool(kind["has_name"]):
                what = b"".join(n.to_bytes(8, "little") for n in (a, b)).split(b"\0")[0].decode(errors="replace")
            print(f"[{when // 10**9:5}.{when // 1000 % 10**6:06}] hart {hart} tid {int(slot['tid'])} "
                  f"{text(kind['name'])} {int(slot['n'])} {what}")


class KDevices(KernelCommand):
    """kdevices

    Drivers in this kernel, with what they serve by `compatible`, and the interrupt lines that are let in, of each
    controller, which is named by its offset in the device tree.
    """

    name = "kdevices"

    def run(self, arguments):
        word = gdb.lookup_type("unsigned long")
        at = int(gdb.parse_and_eval("(unsigned long)&drivers_start"))
        end = int(gdb.parse_and_eval("(unsigned long)&drivers_end"))
        while at < end:
            driver = gdb.Value(at).cast(gdb.lookup_type("struct driver").pointer().pointer()).dereference()
            compatible = []
            entry = driver["compatible"]
            while int(entry.dereference()) != 0:
                compatible.append(text(entry.dereference()))
                entry += 1
            print(f"driver {text(driver['name'])}: {', '.join(compatible)}")
            at += word.sizeof
        chip = variable(IRQ, "chips")
        if int(chip) == 0:
            print("no interrupt controller")
        while int(chip) != 0:
            self.print_lines(chip)
            chip = chip["next"]

    def print_lines(self, chip):
        for number in range(1, int(chip["line_count"]) + 1):
            action = chip["actions"][number]
            if int(action["handler"]) != 0:
                print(f"interrupt line {number} of controller {int(chip['node']):#x}: "
                      f"{place(int(action['handler']))}, argument {int(action['arg']):#x}")


for command in (KLog, KTrace, KDevices):
    command()
