"""Numbers as people read them, and what is said about them."""

import pytest

from reports.verdict import against, leader, sentences
from reports.words import duration, interval, markdown_table, number, p_value, percent, storage, text_table


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (1234.5678, "1,235"),
        (12.3456, "12.35"),
        (0.012346, "0.01235"),
        (100.0, "100"),
        (-5.0, "-5"),
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


def test_tables_align_and_escape() -> None:
    assert text_table(["a", "bb"], [["xyz", "1"]]) == "a    bb\nxyz   1"
    assert markdown_table(["a", "b"], [["x|y", "1"]]).splitlines()[-1] == "| x\\|y | 1 |"


def row(policy: str, mean: float, locked_out: float = 0.0) -> dict[str, object]:
    limits = {"ci_low": mean - 1, "ci_high": mean + 1, "q95": 2 * mean}
    return {"policy": policy, "mean_regret": mean, "locked_out_share": locked_out, **limits}


def pair(policy: str, other: str, difference: float, p: float | None) -> dict[str, object]:
    limits = {"ci_low": difference - 1, "ci_high": difference + 1}
    return {"policy": policy, "other": other, "difference": difference, "p_adjusted": p, **limits}


def told(pairs: list[dict[str, object]], locked_out: float = 0.0) -> str:
    first = leader([row("oracle", 0.0), row("best", 10.0, locked_out), row("wilson", 12.0)], {"oracle"})
    return " ".join(sentences(first, against(first["policy"], pairs), {"oracle"}, {"wilson"}, "successes"))


def test_an_oracle_leads_only_alone() -> None:
    assert leader([row("oracle", 0.0), row("best", 10.0)], {"oracle"})["policy"] == "best"
    assert leader([row("oracle", 0.0)], {"oracle"})["policy"] == "oracle"


def test_a_clear_lead_names_the_nearest_rival_and_turns_pairs_the_right_way() -> None:
    text = told([pair("oracle", "best", -10.0, 0.0), pair("best", "wilson", -2.0, 0.01)])
    assert "best has the lowest mean regret: 10.0" in text or "best has the lowest mean regret: 10 " in text
    assert "It beats every other policy; the nearest, wilson, has 2 [1, 3] more." in text
    assert "The deployed rule, wilson, has 2 [1, 3] more regret" in text
    assert "none ends locked out" in text


def test_a_lead_within_noise_is_called_so() -> None:
    text = told([pair("best", "wilson", -2.0, 0.3)], locked_out=0.04)
    assert "cannot tell it apart from wilson" in text
    assert "is not shown to be worse" in text
    assert "4.0 % end locked out" in text


def test_one_replication_tells_nothing() -> None:
    assert "One replication cannot tell" in told([pair("best", "wilson", -2.0, None)])
