"""How many captions a decision of the traffic world looks at, in a bank of 500 and in one of 16,561.

Counted, not timed: the kernel's loops over captions run over those that were tried (`reserve` makes room for no more),
and draw at most as many cold ones as a day has slots.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from policies.registry import build, kinds
from sim.scenario import load
from sim.worlds.traffic.arrays import most_chosen, pools, reserve, room_for_tried
from sim.worlds.traffic.pages import make_bank, make_pages

DOCS = (Path(__file__).parents[3] / "docs" / "policies.md").read_text(encoding="utf-8")
DAYS, PER_DAY, FEW, MANY = 90, 15, 500, 16_561
EQUAL_COLD = [kind for kind in kinds() if pools(build(kind))]


def section(captions: int) -> Any:
    world = {"kind": "traffic", "pages": 1, "bank": {"captions": captions}, "sends": {"per_day": PER_DAY}}
    content = {"version": 1, "name": "cost", "horizon": {"days": DAYS}, "world": world, "policies": ["uniform"]}
    return load(content)


def looks(captions: int, *, equal_cold: bool) -> int:
    """Captions that the decisions of 90 days look at, if every message tries a new caption as long as there is one."""
    if not equal_cold:
        return DAYS * captions
    return sum(min(PER_DAY * day, captions) + PER_DAY for day in range(DAYS))


def test_a_decision_over_equal_cold_captions_costs_at_most_twice_as_much_in_a_large_bank() -> None:
    assert looks(MANY, equal_cold=True) <= 2 * looks(FEW, equal_cold=True)
    assert looks(MANY, equal_cold=False) > 30 * looks(FEW, equal_cold=False)


@pytest.mark.parametrize("captions", [FEW, MANY])
def test_the_engine_keeps_records_of_captions_that_can_be_tried_alone(captions: int) -> None:
    """The room for tried captions bounds every loop of a decision."""
    scenario: Any = section(captions)
    pages = make_pages(scenario.world, 1, range(1))
    make_bank(scenario.world, DAYS, pages)
    most = most_chosen(scenario.world, scenario.selection, DAYS)
    room, all_captions = (
        reserve(pages, room_for_tried(scenario.world, scenario.selection, DAYS, pooled=equal))
        for equal in (True, False)
    )
    assert room <= most.sum()
    assert all_captions >= captions
    assert (room < all_captions / 4) == (captions == MANY)


def test_the_documentation_lists_the_policies_whose_cost_grows_with_the_bank() -> None:
    (text,) = re.findall(r"grows with the bank, whatever the `pool`, for these: (.*?)\.\n", DOCS, flags=re.DOTALL)
    assert sorted(re.findall(r"`(\w+)`", text)) == [kind for kind in kinds() if kind not in EQUAL_COLD]


def test_of_the_new_policies_those_that_allow_it_declare_it() -> None:
    new = {"odds_ratio_thompson", "glr_klucb", "ogi", "recovering_softmax", "wilson_widening"}
    assert new | {"cbt", "imed", "posterior_mean", "subsampled_greedy"} <= set(EQUAL_COLD)
