"""How much of what a clairvoyant gains over chance each rule gains: 4 pages of 600 captions, 90 days.

Wide bounds around the shares measured with 24 replications (docs/policies.md, gamma_poisson); seeds are fixed.
"""

from typing import Any

import polars as pl
import pytest

import sim

pytestmark = [pytest.mark.slow, pytest.mark.long]
POLICIES: list[Any] = [
    "uniform",
    "wilson_sample",
    "greedy",
    {"kind": "gamma_poisson", "name": "by_dollars"},
    {"kind": "gamma_poisson", "name": "by_purchases", "by": "purchases"},
    {"kind": "gamma_poisson", "name": "price_alone", "by": "purchases", "shape": 1e6},
    {"kind": "oracle", "name": "most_dollars", "by": "revenue"},
    {"kind": "oracle", "name": "most_purchases"},
]


@pytest.fixture(scope="module")
def shares() -> dict[str, tuple[float, float]]:
    """{policy: (share of the gain in purchases, in dollars)}"""
    scenario = {
        "version": 1,
        "name": "learnable",
        "seed": 3,
        "replications": 12,
        "horizon": {"days": 90},
        "world": {"kind": "traffic", "pages": 4, "bank": {"captions": 600}},
        "policies": POLICIES,
        "record": {"stats": "none"},
    }
    means = sim.simulate(scenario).replications.group_by("policy").agg(pl.col("reward", "revenue_usd").mean())
    found = {row["policy"]: (row["reward"], row["revenue_usd"]) for row in means.to_dicts()}
    chance, best = found["uniform"], (found["most_purchases"][0], found["most_dollars"][1])
    return {
        policy: ((gained[0] - chance[0]) / (best[0] - chance[0]), (gained[1] - chance[1]) / (best[1] - chance[1]))
        for policy, gained in found.items()
    }


def test_labels_throw_away_most_of_what_a_message_teaches(shares: Any) -> None:
    assert max(shares["wilson_sample"]) < 0.12
    assert shares["greedy"][0] < 0.25


def test_sales_and_prices_teach_a_third_of_the_dollars_and_half_of_the_purchases(shares: Any) -> None:
    assert shares["by_dollars"][1] > 0.21
    assert shares["by_purchases"][0] > 0.38


def test_price_is_most_of_what_is_known_and_costs_dollars(shares: Any) -> None:
    assert shares["price_alone"][0] > 0.30
    assert shares["price_alone"][1] < 0.12


def test_no_rule_beats_the_clairvoyant(shares: Any) -> None:
    assert max(share for pair in shares.values() for share in pair) == 1.0
