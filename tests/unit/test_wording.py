"""Suggestions, and singular and plural."""

import pytest

from sim.wording import count_of, did_you_mean, near


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("mean", ["means", "arms"], '; did you mean "means"?'),
        ("zzz", ["a", "b"], "; known: a, b"),
        ("zzz", [f"k{i}" for i in range(25)], ""),
        ("zzz", [], ""),
        ("x" * 10_000, ["means"], "; known: means"),
    ],
)
def test_suggestions(word: str, known: list[str], said: str) -> None:
    assert did_you_mean(word, known) == said


def test_the_nearest_comes_first() -> None:
    assert near("reprot", ["run", "report", "repeat"], count=2)[0] == "report"


def test_singular_and_plural() -> None:
    assert count_of(1, "policy", "policies") == "1 policy"
    assert count_of(2, "policy", "policies") == "2 policies"
    assert count_of(0, "row") == "0 rows"
    assert count_of(1_000_000, "row") == "1,000,000 rows"
