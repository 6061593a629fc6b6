"""The interval of a gain under stratified draws covers its truth (1,000 repetitions; long)."""

import numpy as np
import pytest

from reports.estimators.intervals import paired_difference
from sim.worlds.traffic.pages import TILT, tilted_normals

pytestmark = pytest.mark.slow

SIGMA, PAGES, REPLICATIONS, REPETITIONS = 1.5, 4, 60, 1_000


def gains(generator: np.random.Generator, tilt: float | None) -> np.ndarray:
    """Mean gain per page of each replication: in proportion to a log-normal level, with noise of the same size."""
    z = generator.normal(size=REPLICATIONS * PAGES)
    weight = np.ones(len(z))
    if tilt is not None:
        z = tilted_normals(z, np.tile(np.arange(PAGES), REPLICATIONS), PAGES, tilt)
        weight = np.exp(-tilt * z + 0.5 * tilt * tilt)
    gain = np.exp(SIGMA * z) * (1.0 + 3.0 * generator.normal(size=len(z)))
    return (weight * gain).reshape(REPLICATIONS, PAGES).mean(axis=1)


@pytest.mark.long
def test_intervals_of_weighted_gains_cover() -> None:
    # At the nominal 95 %, 1,000 repetitions cover in 921 to 977 of cases but for 1e-4; the aim is 94 to 96 %, with its
    # own sampling error of 0.7 points.
    truth, generator, covered = np.exp(SIGMA**2 / 2), np.random.default_rng(17), 0
    variances = {tilt: gains(np.random.default_rng(18), tilt).var() for tilt in (None, TILT * SIGMA)}
    for _ in range(REPETITIONS):
        values = gains(generator, TILT * SIGMA)
        found = paired_difference(values, np.zeros(REPLICATIONS)).estimate
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= truth <= found.high
    assert 921 <= covered <= 977, covered
    assert variances[TILT * SIGMA] < variances[None]
