#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Which harts must a fence reach? A model of mm/vmm/fence.c against mmu_switch() (docs/fork.md H15).

usage: which_harts.py [--tell]

One hart takes V away from an entry and fences the harts whose bit is set in aspace->harts; another enters or
leaves the space meanwhile. Both have store buffers: a store is seen by the other only when it drains, which is
at any time, or before the hart's next full barrier. The hart that is in the space may walk at any time. It is
wrong if it remembers the entry as valid when the fence is over. Every interleaving is visited; what is recommended
must be right, and everything else here wrong. Setting the bit with aq is to have the barrier behind it, clearing it
with rl to have it in front. --tell prints the shortest way to each that is wrong.
"""

import sys
from collections import deque, namedtuple

# What the fencing hart does.
CLEAR_V, BARRIER, READ_BIT, FENCE = "V = 0", "full barrier", "reads the bit", "fences whom it saw"
# What the other does.
SET_BIT, CLEAR_BIT = "sets its bit", "clears its bit"
ENTER, LEAVE = "loads satp with the root, fences itself", "loads satp with the kernel's root, fences itself"

GOOD_FENCE = (CLEAR_V, BARRIER, READ_BIT, FENCE)

Case = namedtuple("Case", "name fencing switching is_inside is_right")
CASES = (
    Case("enter: bit (aq), satp; fence: V = 0, barrier, read bits", GOOD_FENCE, (SET_BIT, BARRIER, ENTER), False,
         True),
    Case("leave: satp, then the bit (rl)", GOOD_FENCE, (LEAVE, BARRIER, CLEAR_BIT), True, True),
    Case("an idle hart stays inside and keeps its bit", GOOD_FENCE, (), True, True),
    Case("enter without a barrier", GOOD_FENCE, (SET_BIT, ENTER), False, False),
    Case("fence without a barrier", (CLEAR_V, READ_BIT, FENCE), (SET_BIT, BARRIER, ENTER), False, False),
    Case("bits are read before V = 0", (READ_BIT, CLEAR_V, BARRIER, FENCE), (SET_BIT, BARRIER, ENTER), False, False),
    Case("enter: satp, then the bit", GOOD_FENCE, (ENTER, SET_BIT, BARRIER), False, False),
    Case("leave: the bit, then satp", GOOD_FENCE, (CLEAR_BIT, BARRIER, LEAVE), True, False),
    Case("an idle hart stays inside and clears its bit", GOOD_FENCE, (CLEAR_BIT, BARRIER), True, False),
)

# fencing, switching: how many steps of each are done. Buffers are tuples of (field, value), the oldest first.
State = namedtuple("State", "fencing switching v bit fencing_buffer switching_buffer inside remembers seen")


def drained(state, buffer):
    """The oldest store of @buffer reaches memory."""
    (field, value), *rest = getattr(state, buffer)
    return state._replace(**{field: value, buffer: tuple(rest)})


def fencing_steps(case, state):
    if state.fencing == len(case.fencing):
        return
    step, state = case.fencing[state.fencing], state._replace(fencing=state.fencing + 1)
    if step == CLEAR_V:
        yield step, state._replace(fencing_buffer=state.fencing_buffer + (("v", False),))
    elif step == READ_BIT:
        yield step, state._replace(seen=state.bit)
    elif not state.fencing_buffer and step == BARRIER:
        yield step, state
    elif not state.fencing_buffer and step == FENCE:  # the call of the firmware orders what came before
        yield step, state._replace(remembers=state.remembers and not state.seen)


def switching_steps(case, state):
    if state.switching == len(case.switching):
        return
    step, state = case.switching[state.switching], state._replace(switching=state.switching + 1)
    if step in (SET_BIT, CLEAR_BIT):
        yield step, state._replace(switching_buffer=state.switching_buffer + (("bit", step == SET_BIT),))
    elif step in (ENTER, LEAVE):
        yield step, state._replace(inside=step == ENTER, remembers=False)
    elif not state.switching_buffer:
        yield step, state


def next_states(case, state):
    """(what happens, state) for all that can happen."""
    for buffer in ("fencing_buffer", "switching_buffer"):
        if getattr(state, buffer):
            yield f"{buffer.replace('_', ' hart, ')}: a store drains", drained(state, buffer)
    if state.inside and state.v and not state.remembers:
        yield "switching hart: its walker reads the valid entry", state._replace(remembers=True)
    for what, after in fencing_steps(case, state):
        yield f"fencing hart: {what}", after
    for what, after in switching_steps(case, state):
        yield f"switching hart: {what}", after


def explore(case):
    """(the shortest way to a stale entry or None, number of states)."""
    first = State(0, 0, True, case.is_inside, (), (), case.is_inside, False, None)
    ways, todo = {first: ()}, deque([first])
    while todo:
        state = todo.popleft()
        if state.fencing == len(case.fencing) and state.remembers:
            return ways[state], len(ways)
        for what, after in next_states(case, state):
            if after not in ways:
                ways[after] = ways[state] + (what,)
                todo.append(after)
    return None, len(ways)


def main():
    if sys.argv[1:] not in ([], ["--tell"]):
        sys.exit(__doc__)
    surprises = 0
    for case in CASES:
        way, states = explore(case)
        verdict = f"a stale entry survives, in {len(way)} steps" if way else f"holds in {states} states"
        print(f"  {case.name:<62} {verdict}")
        surprise = (way is None) != case.is_right
        surprises += surprise
        if way and (surprise or sys.argv[1:]):
            print("".join(f"{n:5}  {what}\n" for n, what in enumerate(way, 1)), end="")
        if surprise:
            print(f"FAILED: it must {'hold' if case.is_right else 'not hold'}")
    sys.exit(1 if surprises else 0)


if __name__ == "__main__":
    main()
