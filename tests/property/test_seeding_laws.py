"""Laws of seeding over random plans, and the compiled draws against scipy."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from policies.maths.draws import mix
from sim.seeding import SeedPlan
from sim.seeding.kernel import along, full_range_id, negative_binomial
from sim.seeding.writing import batch

plans = st.builds(
    SeedPlan,
    rows=st.integers(1, 3_000),
    seed=st.integers(0, 2**64 - 1),
    caption_ids=st.sampled_from(["dense", "full"]),
)


@settings(max_examples=25, deadline=None)
@given(plans, st.integers(1, 4_000))
def test_every_plan_gives_its_rows_once_however_it_is_cut(plan, part_rows):
    frames = [
        pl.from_arrow(batch(plan, pages)) for part in plan.parts(part_rows) for pages in plan.batches(part, part_rows)
    ]
    frame = pl.concat(frames)
    assert frame.height == plan.rows
    assert frame["caption_id"].n_unique() == plan.rows
    assert frame.equals(pl.from_arrow(batch(plan, range(plan.pages))))
    assert frame.select((pl.col("successes") + pl.col("failures") - 2 == pl.col("total_observations")).all()).item()


@settings(max_examples=60, deadline=None)
@given(st.floats(0.0, 0.999999), st.floats(1e-3, 500.0), st.floats(0.05, 50.0))
def test_negative_binomial_inverts_scipys_distribution(u, mean, shape):
    count = negative_binomial(u, mean, shape)
    law = stats.nbinom(shape, shape / (shape + mean))
    assert law.cdf(count) > u - 1e-9
    assert count == 0 or law.cdf(count - 1) <= u + 1e-9


@settings(max_examples=60, deadline=None)
@given(st.floats(-5.0, 45.0))
def test_interpolation_equals_numpys(x):
    knots, values = np.array([0.0, 1.0, 4.0, 40.0]), np.array([3.0, 5.0, 5.0, -2.0])
    assert along(knots, values, x) == pytest.approx(np.interp(x, knots, values), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**64 - 1), st.integers(2, 10**9))
def test_full_range_ids_never_collide_with_the_ends(root, index):
    with np.errstate(over="ignore"):
        key = np.uint64(root)
        ids = {int(full_range_id(key, one)) for one in (0, 1, index, index + 1)}
        assert ids >= {-(2**63), 2**63 - 1}
        assert len(ids) == 4
        # The row whose scrambled number is an end gets the number that the end's row gave away.
        assert int(mix(key)) != int(mix(key + np.uint64(1)))
