# SPDX-License-Identifier: MIT
"""What scripts/bench.py makes of what was printed, stored and promised."""

import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import bench  # noqa: E402  (they are found only now)
import bench_machine  # noqa: E402
import bench_report  # noqa: E402
import bench_svg  # noqa: E402
from bench_report import Row, Run  # noqa: E402

CONSOLE = """OpenSBI v1.1\r
@@ kernel 6.12.0 #1 Debian\r
# harts: 1\r
fork_1M 5100 5000 64\r
fork_12G skipped needs 12 GiB\r
fork_1M: 4 of its pages\r
[   12.0] fork_2M 1 2 3\r
fork_1G 5300 5299 8\r
@@ end 0\r
"""


def make_run(**medians):
    run = Run()
    run.rows = {name: Row(median, median, 1) for name, median in medians.items()}
    return run


def test_rows_are_read_and_nothing_else():
    run = bench_report.read_run(CONSOLE)
    assert run.rows == {"fork_1M": Row(5100, 5000, 64), "fork_1G": Row(5300, 5299, 8)}
    assert run.skipped == {"fork_12G": "needs 12 GiB"}
    assert run.kernel == "6.12.0 #1 Debian"
    assert run.status == 0


@pytest.mark.parametrize("line", ["fork_1M failed the child sees 3 of 256 pages not as they were",
                                  "# not instructions: rdinstret stands still"])
def test_what_went_wrong_is_kept(line):
    assert bench_report.read_run(f"{CONSOLE}{line}\r\n").wrong == [line]
    assert bench_report.read_run(CONSOLE).wrong == []


def test_who_did_not_come_to_the_end_has_no_status():
    assert bench_report.read_run(CONSOLE.partition("@@ end")[0]).status is None


def test_a_row_is_told_when_it_ends():
    run = Run()
    assert [run.read(line) for line in CONSOLE.splitlines()] == \
        [None, None, None, "fork_1M", "fork_12G", None, None, "fork_1G", None]


TABLE = "# words\nplain 1\n\n[gcc 12.2]\na 5 # why\nb   70\n\n[clang 14.0]\na 6\n"


def test_a_table_is_read_by_sections():
    assert bench_report.read_table(TABLE) == {"": {"plain": 1}, "gcc 12.2": {"a": 5, "b": 70}, "clang 14.0": {"a": 6}}


@pytest.mark.parametrize("line", ["a", "a 1 2", "a 1x", "[gcc", "a -1"])
def test_a_bad_line_is_named(line):
    with pytest.raises(ValueError, match="line 2"):
        bench_report.read_table(f"good 1\n{line}\n")


@pytest.mark.parametrize("section", ["gcc 12.2", "clang 14.0", "gcc 14.2"])
def test_a_section_is_stored_and_the_others_stay(section):
    text = bench_report.write_section(TABLE, section, {"c": 9})
    assert bench_report.read_table(text) == {**bench_report.read_table(TABLE), section: {"c": 9}}
    assert text.startswith("# words\nplain 1\n")
    assert bench_report.write_section(text, section, {"c": 9}) == text


@pytest.mark.parametrize("stored, merged", [
    ({}, {"b": 2, "c_page": 3}),
    ({"c_page": 9, "a": 1, "gone": 4}, {"a": 1, "b": 2, "c_page": 3}),
])
def test_what_is_stored_of_other_rows_stays(stored, merged):
    got = bench_report.merge(stored, {"b": 2, "c_page": 3}, ["a", "b", "c"])
    assert list(got.items()) == list(merged.items())


QEMU = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)"


@pytest.mark.parametrize("compiler, qemu, name", [
    ("riscv64-linux-gnu-gcc (Debian 12.2.0-13) 12.2.0", QEMU, "gcc 12.2, qemu 7.2"),
    ("riscv64-linux-gnu-gcc (Debian 14.2.0-19) 14.2.0", "QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)",
     "gcc 14.2, qemu 10.0"),
    ("Debian clang version 14.0.6", QEMU, "clang 14.0, qemu 7.2"),
])
def test_counts_are_of_a_compiler_and_a_qemu(compiler, qemu, name):
    assert bench_report.section_name(compiler, qemu) == name
    assert bench_report.read_table(bench_report.write_section("", name, {"a": 1})) == {name: {"a": 1}}


STORED = {"fork_1M": 5000, "fork_8M": 6000}


@pytest.mark.parametrize("now, wrong, noted", [
    ({"fork_1M": 5000, "fork_8M": 6000}, [], []),
    ({"fork_1M": 5150, "fork_8M": 5820}, [], []),
    ({"fork_1M": 5151, "fork_8M": 6000}, ["fork_1M: 5 000 -> 5 151, 1.030 of"], []),
    ({"fork_1M": 5000, "fork_8M": 3000}, [], ["fork_8M: 6 000 -> 3 000, 0.500 of"]),
    ({"fork_1M": 5000}, ["fork_8M: 6 000 is stored, but it was not measured"], []),
    ({"fork_1M": 5000, "fork_8M": 6000, "new": 1}, ["new: 1, of which nothing is stored"], []),
])
def test_what_costs_more_is_an_error_and_what_costs_less_a_note(now, wrong, noted):
    compared = bench_report.compare(STORED, make_run(**now))
    assert [text[:len(begin)] for text, begin in zip(compared.errors, wrong, strict=True)] == wrong
    assert [text[:len(begin)] for text, begin in zip(compared.notes, noted, strict=True)] == noted


def test_a_row_that_was_skipped_says_why():
    run = make_run(fork_1M=5000)
    run.skipped["fork_8M"] = "no memory"
    assert bench_report.compare(STORED, run).errors[0].endswith("not measured: no memory")


@pytest.mark.parametrize("rows, wrong", [
    ({"fork_8M": 5000, "fork_64M": 5500, "fork_1G": 5001, "fork_1M": 5500}, []),
    ({"fork_8M": 5000, "fork_64M": 5501, "fork_1G": 5001},
     ["fork() is not flat within 10% from 8 MiB on: 8 MiB costs 5 000, 64 MiB 5 501"]),
    ({"fork_8M": 5000, "fork_1G": 5400, "fork_4M": 5401, "fork_64K": 5400},
     ["fork() of 4 MiB costs 5 401, more than that of any size from 8 MiB on (5 400)"]),
    ({"fork_8M": 5000, "fork_4M": 5000, "fork_small": 1, "fork_exec_64M": 9}, ["fork() was not measured at two sizes"]),
])
def test_the_shape_is_that_of_the_promise(rows, wrong):
    errors = bench_report.check_shape(make_run(**rows))
    assert [text[:len(begin)] for text, begin in zip(errors, wrong, strict=True)] == wrong


RUNS = {"linux-lean": make_run(fork_1M=9000, fork_8M=100000, fork_1G=1000), "heifer-page": make_run(fork_1M=12),
        "heifer-table": make_run(fork_1M=4500, fork_8M=6000, fork_1G=6100)}
LIMITS = {"fork_1M": 5000, "fork_8M": 2000, "elsewhere": 1}


def test_the_table_has_a_column_for_every_kernel_that_ran():
    lines = bench_report.table(bench.TITLES, RUNS, LIMITS, bench.OURS, bench.PEER).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0][1:] == ["Linux, lean", "Heifer, page", "Heifer, table", "limit", "table / limit", "lean / table"]
    assert cells[2] == ["`fork_1M`", "9 000", "12", "4 500", "5 000", "0.9x", "2.0x"]
    assert cells[3] == ["`fork_8M`", "100 000", "–", "6 000", "2 000", "3.0x", "17x"]
    assert cells[4] == ["`fork_1G`", "1 000", "–", "6 100", "", "", "0.2x"]
    assert len({len(line) for line in lines}) == 1


def test_without_the_peer_there_is_no_ratio_to_it():
    runs = {key: run for key, run in RUNS.items() if key != bench.PEER}
    header = bench_report.table(bench.TITLES, runs, LIMITS, bench.OURS, bench.PEER).splitlines()[0]
    assert header.rstrip(" |").endswith("table / limit")


def test_the_aims_name_who_misses_them():
    said = bench_report.verdicts(RUNS, LIMITS, bench.OURS, bench.PEER)
    assert said == ["1 of 2 rows within twice the limit; above: `fork_8M`.",
                    "2 of 3 rows not behind lean Linux; behind: `fork_1G`.",
                    "Over these 3 rows lean Linux needs 1.8x as many instructions, in the geometric mean.",
                    "From 8 MiB on, `fork()` costs between 6 000 and 6 100; no smaller size costs more."]


def test_who_left_a_row_out_says_why():
    runs = {key: make_run(a=1) for key in ("linux", "heifer-page")}
    runs["linux"].skipped = {"b": "no memory", "c": "needs 2 harts, there are 1"}
    runs["heifer-page"].skipped = {"c": "needs 2 harts, there are 1"}
    assert bench_report.left_out(bench.TITLES, runs) == [
        "`b` is left out on Linux, THP off: no memory.", "`c` is left out on all: needs 2 harts, there are 1."]


def test_a_part_of_a_run_has_what_its_rows_print():
    run = make_run(a=1, b=2, b_page=3, c_page=4)
    run.skipped = {"d": "no memory", "e": "no memory"}
    part = run.only(["c", "b", "d"])
    assert list(part.rows) == ["c_page", "b", "b_page"]
    assert part.skipped == {"d": "no memory"}
    assert [run.knows(name) for name in ("a", "c", "d", "f")] == [True, True, True, False]


@pytest.mark.parametrize("places, moved", [
    ([50, 10, 90], [50, 10, 90]), ([50, 50, 50], [50, 60, 70]), ([100, 98], [100, 90]), ([], []), ([3], [3])])
def test_labels_are_moved_apart_and_stay_within(places, moved):
    assert bench_svg.spread(places, 10, 0, 100) == moved


@pytest.mark.parametrize("value, text", [(7, "7"), (999, "999"), (1000, "1 k"), (5234, "5.2 k"), (19442188, "19 M"),
                                         (1_000_000_000, "1 G")])
def test_numbers_of_the_picture_are_short(value, text):
    assert bench_svg.format_short(value) == text


def test_the_axes_begin_and_end_at_whole_powers():
    axis = bench_svg.Axis([5000, 40_000_000], 10, 0, 100)
    assert axis.ticks() == [10**3, 10**4, 10**5, 10**6, 10**7, 10**8]
    assert [axis.place(1000), axis.place(10**8)] == pytest.approx([0, 100])
    sizes = bench_svg.Axis([2**20, 2**30], 2, 0, 100)
    assert (sizes.ticks()[0], sizes.ticks()[-1]) == (2**20, 2**30)
    assert sizes.place(2**25) == pytest.approx(50)


def test_the_picture_is_an_svg_with_a_line_for_every_kernel():
    text = bench_report.picture(bench.TITLES, RUNS, bench.LOOKS, 5000)
    lines = xml.fromstring(text).findall("{http://www.w3.org/2000/svg}polyline")
    # Heifer in mode page ran at one size, which is a point.
    assert [len(line.get("points").split()) for line in lines] == [2, 3, 1, 3]
    assert all(words in text for words in ("Heifer, table: 6.1 k", "1 GiB", "prefers-color-scheme:dark"))


@pytest.mark.parametrize("value, text", [(4096, "4 KiB"), (3 * 2**20, "3 MiB"), (2**30, "1 GiB")])
def test_sizes_are_named_by_their_largest_unit(value, text):
    assert bench_report.format_bytes(value) == text


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A function that makes one, of a kernel of one letter."""
    monkeypatch.setattr(bench_machine, "DIRECTORY", tmp_path)
    monkeypatch.setattr(bench_machine, "ROOT", tmp_path / "root")
    monkeypatch.setattr(bench_machine, "version_of", lambda program: "1.0.0")
    (tmp_path / "root").write_bytes(b"root")

    def make(kernel="k", words="quiet"):
        (tmp_path / kernel).write_text(kernel, encoding="ascii")
        return bench_machine.Machine("one", "One", tmp_path / kernel, words)
    return make


def test_what_was_counted_is_not_counted_again(machine, capsys, monkeypatch):
    first = machine()
    first.recall()
    with first.file(".counted").open("a", encoding="utf-8") as journal:
        journal.write("@@ kernel 6\na 5 4 3\nb skipped no memory\n")
    monkeypatch.setattr(bench_machine, "Console", None)  # booting would fail
    second = machine()
    second.measure(["a", "b"], bench_machine.Progress([second]))
    assert second.run.rows == {"a": Row(5, 4, 3)} and second.run.kernel == "6"
    assert "One: 2 rows, as it was counted before" in capsys.readouterr().out


@pytest.mark.parametrize("other", [{"kernel": "l"}, {"words": "loud"}])
def test_the_journal_of_another_machine_is_begun_anew(machine, other):
    machine().recall()
    text = machine().file(".counted").read_text(encoding="utf-8")
    machine().file(".counted").write_text(text + "a 5 4 3\n", encoding="utf-8")
    same = machine()
    same.recall()
    assert same.run.knows("a")
    changed = machine(**other)
    changed.recall()
    assert not changed.run.knows("a")
    assert "a 5 4 3" not in changed.file(".counted").read_text(encoding="utf-8")


def test_the_rows_to_run_stand_behind_the_root_file_system(machine, tmp_path):
    machine()
    bench_machine.make_initramfs(tmp_path / "out", ["a", "b"], "7")
    packed = (tmp_path / "out").read_bytes()
    assert packed.startswith(b"root070701") and b"etc/bench_rows\0" in packed and b"a b" in packed
    assert b"etc/bench_settle\0" in packed


def test_every_machine_has_its_place_in_the_picture():
    assert list(bench.LOOKS) == list(bench.TITLES)


def test_the_stored_tables_can_be_read():
    top = Path(__file__).parents[2]
    limits = bench_report.read_table((top / bench.LIMITS).read_text(encoding="utf-8"))
    assert list(limits) == [""] and limits[""]
    for counts in bench_report.read_table((top / bench.COUNTS).read_text(encoding="utf-8")).values():
        assert any(bench_report.FORK_OF_SIZE.fullmatch(name) for name in counts)


def test_growth_is_judged_where_both_rows_were_counted():
    few, (many, factor) = next(iter(bench_report.GROWTH.items()))
    assert bench_report.check_growth(make_run(**{few: 100, many: int(100 * factor)})) == []
    assert bench_report.check_growth(make_run(**{few: 100})) == []
    errors = bench_report.check_growth(make_run(**{few: 100, many: int(100 * factor) + 1}))
    assert len(errors) == 1 and errors[0].startswith(f"{many} costs ")


def test_the_mean_is_geometric_and_of_rows_that_both_have():
    own, theirs = make_run(a=10, b=10, c=1), make_run(a=20, b=80, d=1)
    assert bench_report.ratios(own, theirs) == {"a": 2, "b": 8}
    assert bench_report.mean_ratio(own, theirs) == pytest.approx(4)


def test_the_picture_of_ratios_has_a_bar_for_every_row():
    text = bench_report.ratio_picture(make_run(a=10, b=10, c=10), make_run(a=20, b=5, c=200))
    root = xml.fromstring(text)
    bars = [bar.get("class") for bar in root.findall("{http://www.w3.org/2000/svg}rect")][1:]
    assert bars == ["t0", "t0", "t1"]  # the greatest first, and who is behind in another colour
    assert text.index(">c<") < text.index(">a<") < text.index(">b<") and "0.5x" in text


def test_what_a_boot_costs_has_a_row_for_each_size_of_memory():
    boots = {"linux-lean": bench_report.Boot(908_000_000, {"2G": 118_374, "16G": 500_000}, 31 << 20),
             "heifer-table": bench_report.Boot(3_000_000, {"2G": 2048}, 400 << 10)}
    lines = bench_report.boot_table(bench.TITLES, boots).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [line[1:] for line in cells[2:]] == [["908 000 000", "3 000 000"], ["115.6 MiB", "2.0 MiB"],
                                                ["488.3 MiB", "–"], ["31 744", "400"]]


def test_memory_that_is_free_is_read():
    assert bench_report.read_run("@@ free 2091808 KiB\r\n").free_kib == 2091808
