"""Entries of the integral behind a recorded propensity: captions whose score has one law are copies of one entry."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.worlds.traffic.selection import chances

CAPTIONS = [(2.0, 9.0, 0.0), (1.0, 4.0, 0.0), (2.0, 9.0, 0.0), (2.0, 9.0, 0.5), (1.0, 4.0, 0.0), (2.0, 9.0, 0.0)]


def entered(captions: list[tuple[float, float, float]], cold: float = 0.0) -> tuple[int, Any]:
    size = len(captions) + 1
    work = SimpleNamespace(laws=np.zeros((3, size)), copies=np.full(size, np.nan), hits=np.zeros(size, np.int64))
    row: Any = SimpleNamespace(work=work)
    entries = 0
    for position, (a, b, bonus) in enumerate(captions):
        entries = chances.enter(position, a, b, bonus, 1.0, entries, row)
    if cold:
        entries = chances.enter(len(captions), 1.0, 4.0, 0.0, cold, entries, row)
    return entries, work


def test_equal_captions_are_copies_of_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chances, "DISTRIBUTED", True)
    entries, work = entered(CAPTIONS)
    assert entries == 3
    assert work.copies[:3].tolist() == [3.0, 2.0, 1.0]
    assert work.hits[:6].tolist() == [0, 1, 0, 2, 1, 0]
    assert [tuple(work.laws[:, entry]) for entry in work.hits[:6]] == CAPTIONS


def test_cold_captions_join_those_of_their_law(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chances, "DISTRIBUTED", True)
    entries, work = entered(CAPTIONS, cold=40.0)
    assert entries == 3
    assert work.copies[:3].tolist() == [3.0, 42.0, 1.0]
    assert work.hits[6] == 1


def test_without_a_law_every_caption_is_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chances, "DISTRIBUTED", False)
    entries, work = entered(CAPTIONS, cold=2.0)
    assert entries == 7
    assert work.copies.tolist() == [1.0] * 6 + [2.0]
    assert work.hits.tolist() == list(range(7))


def test_the_number_of_entries_is_that_of_different_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chances, "DISTRIBUTED", True)
    generator = np.random.default_rng(5)
    n = generator.integers(0, 4, 2_000)
    s = generator.binomial(n, 0.3)
    entries, work = entered([(float(a), float(b), 0.0) for a, b in zip(s, n, strict=True)])
    assert entries == len({*zip(s.tolist(), n.tolist(), strict=True)}) <= 10
    assert work.copies[:entries].sum() == 2_000


@pytest.mark.parametrize(("known", "happens", "now", "way"), [
    (True, False, 0, "integrated"),
    (True, True, 0, "integrated"),
    (True, True, 1, "redrawn"),
    (False, False, 0, "redrawn"),
])  # fmt: skip
def test_a_replaced_function_is_drawn_again(
    monkeypatch: pytest.MonkeyPatch, known: bool, happens: bool, now: int, way: str
) -> None:
    """The law that the policy declares is not that of the function in its place."""
    done: list[str] = []
    for name, value in {"COMPOSITE": False, "ABORTS": False, "REPLACES": happens}.items():
        monkeypatch.setattr(chances, name, value)
    monkeypatch.setattr(chances, "is_exact", lambda k, shifted: known)
    monkeypatch.setattr(chances, "integrate_chances", lambda *args: done.append("integrated"))
    monkeypatch.setattr(chances, "redraw", lambda *args: done.append("redrawn"))
    row: Any = SimpleNamespace(page=SimpleNamespace(replaced=now))
    chances.note_chances(0, 3, 2, 2, np.uint64(1), row, ())
    assert done == [way]
