"""The score of the deployed rule is its formula over the draw of its key, and nothing beside it."""

import numpy as np
import pytest

from policies.maths.draws import mix, uniform
from policies.maths.wilson import wilson_bounds
from policies.wilson_sample import WilsonSample

STATE = np.zeros(0)


@pytest.mark.parametrize(("n", "s"), [(0.0, 0.0), (1.0, 1.0), (40.0, 7.0), (10_000.0, 9_990.0)])
@pytest.mark.parametrize("z", [0.5, 1.96, 3.0])
def test_wilson_sample_is_lower_bound_plus_width_times_the_draw(n: float, s: float, z: float) -> None:
    policy = WilsonSample(z=z)
    params = policy.parameters()
    a, b = policy.rule.summarise(n, s, 0.0, 0.0, params)
    lower, upper = (float(bound) for bound in wilson_bounds(1.0 + s, 1.0 + n - s, z))
    with np.errstate(over="ignore"):
        for key in mix(np.arange(1, 50, dtype=np.uint64)):
            expected = min(1.0, max(0.0, lower + (upper - lower) * uniform(key)))
            assert policy.rule.score(a, b, STATE, params, key) == pytest.approx(expected, rel=1e-12)
