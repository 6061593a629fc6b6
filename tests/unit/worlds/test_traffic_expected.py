"""Expected dollars: the mean share of viewers, and the mean of the revenue."""

import numpy as np
import pytest

import sim
from sim.scenario.sections.traffic import RateLaw
from sim.worlds.traffic.parameters import clipped_mean


@pytest.mark.parametrize(("mean", "cv"), [(0.034, 0.53), (0.5, 2.0), (0.9, 0.5), (0.4, 0.0), (0.0, 1.0), (1.0, 0.0)])
def test_the_mean_of_a_share_that_cannot_exceed_one(mean: float, cv: float) -> None:
    # Midpoints of 200,000 quantiles of the normal: the error is below 1e-4.
    from scipy.special import ndtri

    z, sigma = ndtri((np.arange(200_000) + 0.5) / 200_000), np.sqrt(np.log1p(cv * cv))
    shares = np.minimum(1.0, mean * np.exp(sigma * z - sigma * sigma / 2))
    assert clipped_mean(RateLaw(mean=mean, cv=cv)) == pytest.approx(shares.mean(), abs=1e-4)


@pytest.mark.long
def test_revenue_has_expected_dollars_as_its_mean() -> None:
    # Under each policy revenue minus expected dollars has mean 0: over 400 replications within 4.5 standard errors
    # (1e-5 each). Views that are counted twice, or a forgotten factor of weekday and hour, shift it by 20 and more.
    scenario = {
        "name": "expected",
        "replications": 400,
        "horizon": {"days": 21},
        "world": {"kind": "traffic", "pages": 2, "bank": {"captions": 120}},
        "policies": ["wilson_sample", "uniform", "oracle"],
        "record": {"stats": "none"},
    }
    run = sim.simulate(scenario)
    for table in (run.replications, run.pages):
        for _, rows in table.group_by("policy"):
            luck = (rows["revenue_usd"] - rows["expected_usd"]).to_numpy()
            assert abs(luck.mean()) < 4.5 * luck.std() / np.sqrt(len(luck))
            assert luck.std() < 0.5 * rows["revenue_usd"].to_numpy().std()
