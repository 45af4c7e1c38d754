# SPDX-License-Identifier: MIT
"""Each mistake that a debug build is to find, made on purpose: kernel/proc/provoke.c.

The message must say what to look at: the lock or object, the two places, the thread. Places are functions of
provoke.c, so that a message which names a wrong one fails here.
"""

import re

import pytest
from conftest import plain

AT = r"\+0x[0-9a-f]+ \([a-z_/]+\.[ch]:\d+\)"
OUTER = r"'provoked outer'"
TAKEN_BY_HELPER = rf"hart \d took (it last, )?at provoke_take_outer{AT}"

# What ends in a panic, and its first line.
FATAL = {
    "lock-order": rf"lock order: {OUTER} \(rank \d+, file descriptor table\) is taken at provoke_take_outer{AT} while "
                  rf"'provoked inner' \(rank \d+, device registry\) is held, taken at provoke_lock_order{AT}",
    "lock-twice": rf"lock {OUTER} is taken at provoke_take_outer{AT} by one who holds it already, "
                  rf"taken at provoke_lock_twice{AT}",
    "lock-with-interrupts": rf"lock 'provoked handlers'' is taken at provoke_lock_with_interrupts{AT} with "
                            "interrupts on",
    "lock-kept": rf"(about to sleep|the kernel is about to be left) at \w+{AT} with spinlock {OUTER} held, "
                 rf"taken at provoke_take_outer{AT}",
    "unlock-foreign": rf"lock {OUTER} is released at provoke_unlock_foreign{AT} by hart \d, which does not hold it; "
                      rf"hart \d took it last, at provoke_take_outer{AT}",
    "mutex-order": rf"lock order: 'provoked early' \(rank \d+, pipe\) is taken at provoke_take_early{AT} while "
                   rf"'provoked late' \(rank \d+, address space\) is held, taken at provoke_mutex_order{AT}",
    "mutex-twice": rf"lock 'provoked early' is taken at provoke_take_early{AT} by one who holds it already, "
                   rf"taken at provoke_mutex_twice{AT}",
    "mutex-kept": rf"thread 'sh' leaves the kernel with mutex 'provoked late' held, taken at provoke_mutex_kept{AT}",
    "mutex-unlock-foreign": rf"mutex 'provoked early' is released at provoke_mutex_unlock_foreign{AT} by thread 'sh', "
                            "which does not hold it; thread provoked keeper? does",
    "sleep-with-spinlock": rf"about to sleep at sleep_until{AT} with spinlock {OUTER} held, "
                           rf"taken at provoke_take_outer{AT}",
    "sleep-without-interrupts": rf"about to sleep at sleep_until{AT} with interrupts off",
    "user-access-with-spinlock": rf"user memory is touched at provoke_user_access_with_spinlock{AT} with spinlock "
                                 rf"{OUTER} held, taken at provoke_take_outer{AT}",
    "user-access-with-mutex": rf"user memory is touched at provoke_user_access_with_mutex{AT} with mutex "
                              rf"'provoked late' held, taken at provoke_user_access_with_mutex{AT}",
    "stack-overflow": rf"kernel stack overflow of thread 'sh' at provoke_recursion{AT}: sp 0x\w+, the stack's 16 KiB",
    "frame-write-after-free": rf"frame 0x\w+ was written after it was freed at write_after_put{AT}: "
                              "offset 800 holds 0x1234",
    "block-write-after-free": rf"frame 0x\w+ was written after it was freed at write_after_put{AT}: "
                              "offset 800 holds 0x1234",
    "frame-put-twice": rf"frame 0x\w+ is put at provoke_frame_put_twice{AT}, but nobody holds it: "
                       rf"it was freed at provoke_frame_put_twice{AT}",
    "frame-get-free": r"frame 0x\w+ is counted up, but it is free",
    "slab-write-after-free": r"provoked object 0x\w+ was written after it was freed at "
                             rf"provoke_slab_write_after_free{AT}: offset 24 holds 0x34",
    "write-after-kfree": rf"kmalloc-128 object 0x\w+ was written after it was freed at provoke_write_after_kfree{AT}: "
                         "offset 24 holds 0x34",
    "read-after-kfree": rf"kernel fault: load at provoke_read_after_kfree{AT}, address 0x6b6b6b6b6b6b6b\w\w, "
                        "the poison of a freed object",
    "kfree-twice": rf"kmalloc-128 object 0x\w+ is freed twice: at provoke_kfree_twice{AT}, "
                   rf"and before at provoke_kfree_twice{AT}",
    "kfree-stack": rf"0x\w+ is freed at provoke_kfree_stack{AT}, but no allocation returns such an address",
    "kfree-middle": rf"0x\w+ is freed at provoke_kfree_middle{AT}, but it is no beginning: 16 bytes into an object of "
                    "kmalloc-128",
    "overrun": rf"kmalloc-128 object 0x\w+ was written past its end: of 100 bytes, allocated at provoke_overrun{AT}, "
               "offset 100 holds 0",
    "refcount-put-twice": r"reference count 0x\w+ is put at 0: it was put too often",
    "refcount-get-dead": r"reference count 0x\w+ is got at 0: it was put too often",
    "refcount-overflow": r"reference count 0x\w+ is got at 2147483648: it was put too often, or got and never put",
    "list-damage": r"list is damaged at 0x\w+: its next 0x\w+ has prev",
    "write-constant": rf"kernel fault: store at provoke_write_constant{AT}, address 0x\w+, which is read-only",
    "write-code": rf"kernel fault: store at provoke_write_code{AT}, address 0x\w+, which is read-only",
    "execute-data": rf"kernel fault: jump at provoke_execute_data{AT}, address 0x\w+, which is not code",
    "user-pointer": rf"kernel fault: load at provoke_user_pointer{AT}, address 0x3\w+, user memory: use the functions",
    "null-pointer": rf"kernel fault: load at provoke_null_pointer{AT}, address 0x8, a null pointer",
    "write-guard": rf"kernel fault: store at provoke_write_guard{AT}, address 0x\w+, the guard below a kernel stack",
}
# What the machine survives, and the lines it logs about it, in their order.
SURVIVED = {
    "long-spin": [rf"hart \d has waited \d+ ms at provoke_take_outer{AT} for lock {OUTER}, "
                  rf"which hart \d took at provoke_take_outer{AT}",
                  rf"holds {OUTER} \(file descriptor table\) taken at provoke_take_outer{AT}",
                  rf"hart \d runs 'provoked holde?r?' and is at \w+{AT}",
                  rf"called from provoke_hold{AT}"],
    "interrupts-off": [r"hart \d had interrupts off for up to \d{4,} ms; it turned them on at "
                       rf"provoke_interrupts_off{AT}"],
    "stuck-hart": [r"hart \d is stuck: it has taken no interrupt for 6 s",
                   r"hart \d does not answer: it runs 'provoked stuck' with interrupts off",
                   rf"hart \d had interrupts off for up to \d+ ms; it turned them on at provoke_stand_still{AT}"],
    # Harts that do not set the bits: test_accessed_dirty.py.
    "user-page-without-bits": ["load without A: the hart set it", "store without D: the hart set it"],
    "kernel-page-without-bits": ["store without D: the hart set it"],
}
NAMES = [*FATAL, *SURVIVED]


@pytest.mark.parametrize("name", FATAL)
@pytest.mark.machines("virt")
def test_the_debug_build_stops_at(machine, name):
    machine.boot()
    machine.console.sendline(f"echo {name} > /proc/provoke")
    report = plain(machine.expect(r"---\[ end of panic \]---")[0])
    assert re.search(r"Kernel panic: " + FATAL[name], report), report
    # The backtrace leads back to who asked for it; that of an overflow has no room for him.
    wanted = "provoke_recursion" if name == "stack-overflow" else r"(sys_write|syscall_end)\+.*\n.* trap_vector"
    assert re.search(wanted, report.partition("Backtrace")[2]), report


@pytest.mark.parametrize("name", SURVIVED)
@pytest.mark.machines("virt")
def test_the_debug_build_reports_and_goes_on(machine, name):
    shell = machine.boot()
    shell.run_check(f"echo {name} > /proc/provoke; sleep 3")
    log = "\n".join(shell.run_check("dmesg"))
    at = log.index(f"provoke: {name}")
    for line in SURVIVED[name]:
        match = re.compile(line).search(log, at)
        assert match, f"no {line!r} in\n{log[at:]}"
        at = match.end()
    assert shell.run_check("echo still here") == ["still here"]


@pytest.mark.machines("virt")
def test_every_provocation_is_tested(machine):
    shell = machine.boot()
    assert sorted(shell.run_check("cat /proc/provoke")) == sorted(NAMES)
    assert shell.run("echo no-such-mistake > /proc/provoke")[2] != 0


@pytest.mark.machines("virt")
def test_the_depth_of_kernel_stacks_is_logged(machine):
    shell = machine.boot()
    depths = [int(line.split(" of 16384 bytes")[0].split()[-1])
              for line in shell.run_check("dmesg | grep 'bytes of its kernel stack, the most so far'")]
    assert depths == sorted(depths) and 512 < depths[-1] < 16384


@pytest.mark.machines("virt-release")
def test_a_release_build_cannot_be_provoked(machine):
    assert machine.boot().run("ls /proc/provoke")[2] != 0
