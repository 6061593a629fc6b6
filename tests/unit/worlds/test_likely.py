"""A composite choice that leaves out hopeless captions equals the choice among all; the best tried captions."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from policies.maths.draws import uniform
from sim.units import DAY_S
from sim.worlds.traffic.bank import top_tried
from sim.worlds.traffic.metrics import regret
from sim.worlds.traffic.records import CAPTION, HISTORY, NEVER, RATE, RETIRED, USD
from sim.worlds.traffic.rows import Bounds
from sim.worlds.traffic.selection import likely, ranking

DAY, COOL_DOWN_DAYS, CAPTIONS = 20, 3, 120


class Rule:
    """A score between `a` and `a + b`, as that of `wilson_sample`; `wrong` bounds it too low."""

    def __init__(self, *, wrong: bool = False) -> None:
        self.wrong, self.drawn = wrong, 0

    def support(self, a: float, b: float, state: Any, params: Any) -> tuple[float, float]:
        return a, a if self.wrong else a + b

    def score(self, a: float, b: float, state: Any, params: Any, key: np.uint64) -> float:
        self.drawn += 1
        return float(a + b * uniform(key))


def bind(monkeypatch: pytest.MonkeyPatch, rule: Rule) -> None:
    bound = {"support": rule.support, "score": rule.score, "prepare": lambda *arguments: None, "COMPOSITE": True}
    bound |= {"PRUNE": False, "POOLED": False, "POOL": False, "VECTORISE": False, "REPLACES": False, "LOCKED": False}
    for module in (likely, ranking, regret):
        for name, value in (bound | {"ABORTS": False, "CONSTRAINED": True, "SKIPS": True}).items():
            monkeypatch.setattr(module, name, value, raising=False)
    monkeypatch.setattr(ranking, "cold_of", lambda tier, row: 0)


def row_of(seed: int, *, defect: bool = False, least: float = 0.0, captions: int = CAPTIONS) -> Any:
    """A row of one tier with random captions: some cool down, retired, are over their budget or cannot be selected."""
    rng, tried = np.random.default_rng(seed), np.zeros(captions, CAPTION)
    tried["a"], tried["b"] = rng.uniform(0.0, 0.3, captions), rng.uniform(0.0, 0.6, captions)
    tried["rate"], tried["price"] = rng.lognormal(-7.0, 1.0, captions), rng.integers(5, 30, captions)
    tried["kind"] = rng.integers(2, 8, captions)
    used = [NEVER, 0, (DAY - COOL_DOWN_DAYS) * DAY_S + 1, DAY * DAY_S - 5, RETIRED]
    tried["last_used"] = rng.choice(used, captions, p=[0.5, 0.2, 0.1, 0.1, 0.1])
    history = np.zeros(captions, HISTORY)
    history["wear"] = rng.choice([0.0, 0.6], captions)
    value = np.where(rng.random(captions) < 0.1, np.nan, 0.15 * rng.lognormal(4.0, 1.0, captions) / 100.0)
    places, zeros = np.zeros(captions + 1, np.int64), np.zeros(captions + 1)
    work = SimpleNamespace(
        eligible=places.copy(), likely=places.copy(), barred=places.copy(), bonus=zeros.copy(), a=zeros.copy(),
        b=zeros.copy(), n=zeros.copy(), score=np.zeros(9), luck=np.zeros(9), chosen=np.zeros(9, np.int64),
        class_bonus=rng.uniform(-0.06, 0.02, 8), excluded=(rng.random(8) < 0.2).astype(np.int64),
    )  # fmt: skip
    used_or_never = np.where(np.isnan(value), RETIRED, tried["last_used"])
    row = SimpleNamespace(
        rules=SimpleNamespace(cool_down_s=COOL_DOWN_DAYS * DAY_S, rank_defect=int(defect)),
        page=SimpleNamespace(day=DAY, tried_start=[0], tried=[captions], least=[least], likely=0, replaced=0),
        sums=SimpleNamespace(sends=100),
        tried=SimpleNamespace(
            captions=tried.view(np.recarray),
            history=history.view(np.recarray),
            value=value,
            bounds=Bounds(np.zeros(captions), used_or_never, tried["kind"].copy()),
        ),
        bank=SimpleNamespace(
            top_worth=np.zeros((1, 2, 12)), top_place=np.zeros((1, 2, 12), np.int64), top_sizes=np.zeros((1, 2), int)
        ),
        tables=SimpleNamespace(recovery=np.full(DAY + 1, 0.8)),
        state=np.zeros((1, 0)),
        work=work,
    )
    bound_all(row)
    return row


def bound_all(row: Any) -> None:
    """Bring the bounds up to the captions, as is done when a row of the table changes."""
    for c in range(len(row.tried.captions)):
        likely.note_top(c, row, None)


def choice(row: Any, key: int, wanted: int) -> list[tuple[int, float]]:
    """Captions and scores of one decision, best first."""
    with np.errstate(over="ignore"):
        eligible = likely.gather_likely(0, row.page.least[0], row)
        found = ranking.rank(0, eligible, wanted, np.uint64(key), row, None)
    chosen = row.work.chosen[:found]
    return list(zip(row.work.eligible[chosen].tolist(), row.work.score[:found].tolist(), strict=True))


@pytest.mark.parametrize("defect", [False, True])
@pytest.mark.parametrize("least", [-np.inf, 0.0, 0.8, 1.5, 50.0])
def test_the_choice_is_that_among_all_captions(monkeypatch: pytest.MonkeyPatch, least: float, defect: bool) -> None:
    bind(monkeypatch, Rule())
    for seed in range(6):
        for wanted in (1, 5):
            expected = choice(row_of(seed, defect=defect, least=-np.inf), seed, wanted)
            assert choice(row_of(seed, defect=defect, least=least), seed, wanted) == expected
            assert len(expected) == wanted


def test_fewer_eligible_captions_than_slots_are_all_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    bind(monkeypatch, Rule())
    row = row_of(3, least=1.5, captions=8)
    eligible = likely.gather_likely(0, -np.inf, row)
    assert 0 < eligible < 8
    assert len(choice(row, 3, 8)) == eligible


def test_a_bound_that_is_too_low_changes_the_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    bind(monkeypatch, Rule(wrong=True))
    differing = [
        choice(row_of(seed, least=1.0), seed, 5) != choice(row_of(seed, least=-np.inf), seed, 5) for seed in range(6)
    ]
    assert any(differing)


def test_the_next_decision_draws_few_captions(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = Rule()
    bind(monkeypatch, rule)
    row = row_of(1, captions=2000)
    choice(row, 1, 3)
    rule.drawn = 0
    for key in range(2, 12):
        choice(row, key, 3)
    assert rule.drawn < 10 * 2000 / 20


def test_nan_scores_are_never_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    bind(monkeypatch, Rule())
    row = row_of(2, least=0.5)
    row.tried.captions["a"] = np.nan
    bound_all(row)
    assert choice(row, 2, 3) == []


def best_among_all(row: Any, by: int, k: int, latest: int) -> list[float]:
    captions, values = row.tried.captions, []
    for c in range(len(captions)):
        if regret.can_be_chosen(c, latest, row):
            values.append(regret.rate_on(DAY, c, row) * (captions[c].price if by == USD else 1.0))
    return (sorted(values, reverse=True) + [0.0] * k)[:k]


@pytest.mark.parametrize("latest", [(DAY - COOL_DOWN_DAYS) * DAY_S, RETIRED], ids=["constrained", "free"])
@pytest.mark.parametrize("by", [RATE, USD], ids=["rate", "usd"])
def test_the_best_captions_are_those_of_the_whole_tier(monkeypatch: pytest.MonkeyPatch, by: int, latest: int) -> None:
    bind(monkeypatch, Rule())
    for seed in range(5):
        for captions in (4, 12, CAPTIONS):
            row, best = row_of(seed, captions=captions), np.full(7, np.nan)
            top_tried.list_tried(0, row)
            for k in (1, 7):  # 7 of a list of 12 is often beyond its end
                regret.push_best(by, 0, DAY, latest, best[:k], row)
                assert best[:k].tolist() == best_among_all(row, by, k, latest)


def test_lists_hold_the_best_captions_in_the_bank_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    bind(monkeypatch, Rule())
    row = row_of(4)
    top_tried.list_tried(0, row)
    in_bank = row.tried.captions[row.tried.captions.last_used != RETIRED]
    assert row.bank.top_sizes[0].tolist() == [12, 12]
    assert row.bank.top_worth[0, RATE].tolist() == sorted(in_bank.rate, reverse=True)[:12]
    assert row.bank.top_worth[0, USD].tolist() == sorted(in_bank.rate * in_bank.price, reverse=True)[:12]
    assert (row.tried.captions.rate[row.bank.top_place[0, RATE]] == row.bank.top_worth[0, RATE]).all()
