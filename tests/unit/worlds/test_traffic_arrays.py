"""What the arrays of a block hold at the start."""

import numpy as np
import pytest

from sim.worlds.traffic.arrays import TOP_SHARE, exceeded


@pytest.mark.parametrize("share", [TOP_SHARE, 0.5, 0.25, 0.0, 1.0])
def test_what_a_share_exceeds_is_the_quantile_to_the_last_bit(share: float) -> None:
    generator = np.random.default_rng(4)
    for size in (*range(1, 60), 501, 5_000):
        rates = np.exp(generator.normal(size=size))
        tied = np.round(rates, 1)
        assert exceeded(rates, share) == np.quantile(rates, 1.0 - share)
        assert exceeded(tied, share) == np.quantile(tied, 1.0 - share)
