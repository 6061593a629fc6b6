"""`bank.price_correlation`: pages that sell well have higher prices, and all pages together keep the published ones."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest, norm

from sim.errors import ScenarioError
from sim.scenario import load
from sim.worlds.traffic.bank.draw_bank import on_all_pages, sample_price
from sim.worlds.traffic.pages import _bank_params, make_bank, make_pages, page_normals

TIERS = {"budget": 1.0, "mid": 1.0, "premium": 2.0, "bump": 1.0}


def world_of(correlation: float, **bank: Any) -> Any:
    world = {"kind": "traffic", "pages": 400, "audience": {"fixed": 5_000}, "turnover": {"arrivals_per_week": 0}}
    bank = {"captions": 50, "tiers": TIERS, "price_correlation": correlation, **bank}
    content = {"version": 1, "name": "dear", "seed": 5, "replications": 2, "horizon": {"days": 7}}
    return load({**content, "policies": ["uniform"], "world": {**world, "bank": bank}}).world


def banks(correlation: float) -> tuple[Any, Any, Any]:
    """Normal scores of pages, prices of their priced captions, and where their tiers begin."""
    world = world_of(correlation)
    pages = make_pages(world, 5, range(1, 3))
    prices = make_bank(world, 7, pages).entries["price"]
    start = pages["tier_start"]
    assert (prices[:, start[0, 3] :] == 0).all()
    return page_normals(world, pages), prices[:, : start[0, 3]].astype(float), start


def test_the_quantile_of_a_page_becomes_one_of_all_pages() -> None:
    params = _bank_params(world_of(0.6))
    assert params.price_own == pytest.approx(0.8)
    for position, z in ((0.1, -1.0), (0.5, 0.0), (0.9, 2.0)):
        expected = norm.cdf(0.6 * z + 0.8 * norm.ppf(position))
        assert on_all_pages(position, 0.6 * z, params) == pytest.approx(expected, abs=1e-12)
    assert (on_all_pages(0.0, 1.0, params), on_all_pages(1.0, 1.0, params)) == (0.0, 1.0)
    assert on_all_pages(0.3, 0.0, _bank_params(world_of(0.0))) == 0.3


def test_a_dear_page_keeps_the_order_of_its_tiers_and_stays_within_the_prices() -> None:
    params = _bank_params(world_of(0.8))
    for dear in (-3.0, 0.0, 3.0):
        borders = [(0.0, 0.25), (0.25, 0.5), (0.5, 1.0)]
        found = [[sample_price(u, low, high, dear, params) for u in (0.0, 0.5, 1.0)] for low, high in borders]
        flat = [price for tier in found for price in tier]
        assert flat == sorted(flat)
        assert min(flat) >= 3 and max(flat) <= 35


def test_quantiles_of_all_pages_together_are_uniform() -> None:
    """False alarms at 1e-4; without the weight of a caption's own score they are not uniform."""
    generator = np.random.default_rng(8)
    u, z = generator.uniform(size=4_000), generator.normal(size=4_000)
    params = _bank_params(world_of(0.7))
    found = [on_all_pages(p, 0.7 * score, params) for p, score in zip(u.tolist(), z.tolist(), strict=True)]
    assert kstest(found, "uniform").pvalue > 1e-4
    wrong = norm.cdf(norm.ppf(u) + 0.7 * z)
    assert kstest(wrong, "uniform").pvalue < 1e-4


@pytest.mark.slow
def test_pages_that_sell_well_have_higher_prices_and_the_mix_of_prices_stays() -> None:
    """800 pages of 40 priced captions; the mean price of all moves by less than 4 standard errors of pages."""
    z, same, _ = banks(0.0)
    _, dear, start = banks(0.5)
    assert (np.diff(start[:, :5], axis=1) > 0).all()
    assert abs(np.corrcoef(z, same.mean(axis=1))[0, 1]) < 4.0 / np.sqrt(len(z))
    assert np.corrcoef(z, dear.mean(axis=1))[0, 1] > 0.9
    error = dear.mean(axis=1).std() / np.sqrt(len(z))
    assert abs(dear.mean() - same.mean()) < 4.0 * error
    assert np.quantile(dear, [0.25, 0.5, 0.75]) == pytest.approx([9, 14, 17], abs=1.0)


def test_pages_of_one_bank_have_the_same_prices() -> None:
    with pytest.raises(ScenarioError, match="price_correlation: a shared bank has the same prices on all pages"):
        world_of(0.3, shared=True)
