"""Numbers as people read them, and tables as they are printed."""

import pytest

from reports.formatting import (
    COLUMNS,
    duration,
    interval,
    markdown_table,
    number,
    p_value,
    percent,
    storage,
    text_table,
    wrapped,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (1234.5678, "1,235"),
        (12.3456, "12.35"),
        (0.012346, "0.01235"),
        (100.0, "100"),
        (-5.0, "−5"),
        (1e-9, "1.000e-09"),
        (3e20, "3.000e+20"),
        (999.96, "1,000"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_numbers(value: float | None, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.0, "0 %"), (1.0, "100 %"), (0.012, "1.2 %"), (0.5, "50 %"), (0.996, "99.6 %"), (0.0999, "10 %"), (None, "–")],
)
def test_percentages(share: float | None, shown: str) -> None:
    assert percent(share) == shown


def test_other_words() -> None:
    assert interval(None, None) == "–"
    assert interval(1.0, 2.5) == "[1, 2.500]"
    assert (p_value(0.0), p_value(0.0404), p_value(None)) == ("< 0.001", "0.040", "–")
    assert (duration(0.1), duration(600), duration(7200)) == ("1 s", "10 min", "2.0 h")
    assert (storage(10), storage(2_000), storage(3e9)) == ("10 bytes", "2 kB", "3 GB")


def test_tables_align() -> None:
    assert text_table(["a", "bb"], [["xyz", "1"]]) == "a    bb\nxyz   1"


def test_headers_of_wide_tables_are_broken_and_others_are_not() -> None:
    header, name = ["policy", "$ per page and month", "95 % interval"], "x" * 40
    narrow = text_table(header, [["p", "1,234", "[1,111, 2,222]"]])
    assert narrow.splitlines()[0] == "policy  $ per page and month   95 % interval"
    wide = text_table(header, [[name, "1,234", "[1,111, 2,222]"]] * 2 + [["y", "9", "n" * 14]])
    assert max(map(len, wide.splitlines())) <= COLUMNS
    wider = text_table([*header, "possible gain"], [[name, "1,234", "[1,111, 2,222]", "5 %"]])
    assert [line.rstrip() for line in wider.splitlines()[-2:]] == [
        "policy" + " " * 34 + "  month   95 % interval      gain",
        name + "  1,234  [1,111, 2,222]       5 %",
    ]
    assert max(map(len, wider.splitlines())) <= COLUMNS


def test_long_names_lose_their_middle_where_headers_are_not_enough() -> None:
    header = ["policy", "gain", "95 % interval", "best policy"]
    names = [f"{'a' * 30}{i:010d}" for i in range(2)]
    lines = text_table(header, [[name, "1,234", "[1,111, 2,222]", name] for name in names]).splitlines()
    assert max(map(len, lines)) == COLUMNS
    assert all("1,234  [1,111, 2,222]" in line for line in lines[-2:])
    assert lines[-1].split()[0] == f"{'a' * 13}…aaa0000000001"
    assert len({line.split()[0] for line in lines[-2:]}) == 2


def test_numbers_are_never_cut_and_names_keep_twelve_letters() -> None:
    line = text_table(["p", "x", "y"], [["n" * 40, "1" * 50, "2" * 40]]).splitlines()[-1]
    assert line == f"{'n' * 6}…{'n' * 5}  {'1' * 50}  {'2' * 40}"
    header, *_ = text_table(["p", f"more than {'b' * 40}"], [["n" * 40, "9" * 30]]).splitlines()[1:]
    assert header == f"p{' ' * 39} {'b' * 19}…{'b' * 19}"


def test_scenario_keys_are_broken_at_their_dots_and_only_in_wide_tables() -> None:
    header = ["world.audience.draw", "gain"]
    assert text_table(header, [["fixed", "1"]]).splitlines()[0] == "world.audience.draw  gain"
    lines = text_table([*header, "x"], [["fixed", "1", "y" * 70]]).splitlines()
    assert [line[:10].rstrip() for line in lines] == ["world.", "audience.", "draw", "fixed"]


def test_sentences_fit_a_terminal_and_keep_their_per_cent_signs() -> None:
    lines = wrapped("about 95 % of all replications " * 20).splitlines()
    assert max(map(len, lines)) < COLUMNS
    assert not any(line.startswith("%") for line in lines)
    assert markdown_table(["a", "b"], [["x", "1"]]).splitlines() == ["| a | b |", "| --- | ---: |", "| x | 1 |"]
