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
        ("updat", ["backup", "update_caption_bandit_stats"], '; did you mean "update_caption_bandit_stats"?'),
        ("up", ["update_caption_bandit_stats"], "; known: update_caption_bandit_stats"),
        ("x" * 10_000, ["means"], "; known: means"),
    ],
)
def test_suggestions(word: str, known: list[str], said: str) -> None:
    assert did_you_mean(word, known) == said


def test_the_nearest_comes_first() -> None:
    assert near("reprot", ["run", "report", "repeat"], count=2)[0] == "report"


def test_what_a_word_begins_comes_last_and_the_shortest_first() -> None:
    assert near("select", ["select_captions_of_pages", "select_captions", "delect"], 3) == [
        "delect",
        "select_captions",
        "select_captions_of_pages",
    ]


def test_singular_and_plural() -> None:
    assert count_of(1, "policy", "policies") == "1 policy"
    assert count_of(2, "policy", "policies") == "2 policies"
    assert count_of(0, "row") == "0 rows"
    assert count_of(1_000_000, "row") == "1,000,000 rows"
