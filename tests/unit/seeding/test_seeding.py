"""Seeded rows: what each column must be, against NumPy and polars; and that no cut changes a bit."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from scipy import stats

from policies.maths.wilson import exploration_bonus, wilson_bounds
from sim.scenario.sections.traffic import Audience, Bank, TrafficSection
from sim.seeding import SeedPlan, traffic_figures, write_part, write_parts
from sim.seeding.figures import default_figures, log_normal_quantiles, zipf_law
from sim.seeding.writing import batch, make_batch
from sim.tables.caption_stats import SCHEMA, arrow_schema
from sim.worlds.traffic import pages as traffic_setup

ROWS = 60_000


@pytest.fixture(scope="module")
def plan():
    return SeedPlan(rows=ROWS, seed=11)


@pytest.fixture(scope="module")
def frame(plan):
    return pl.from_arrow(batch(plan, range(plan.pages)))


def test_a_part_has_exactly_the_columns_types_and_nullability_of_the_table(plan, tmp_path):
    write_part(plan, plan.parts()[0], tmp_path / "part.parquet")
    schema = pq.read_schema(tmp_path / "part.parquet")
    assert schema.names == [column.name for column in SCHEMA]
    assert [str(one) for one in schema] == [str(one) for one in arrow_schema()]


def test_keys_are_unique_and_only_last_used_is_ever_null(frame):
    assert frame.height == ROWS
    assert frame.select("caption_id", "page_name").is_unique().all()
    nulls = {name: count for name, count in frame.null_count().row(0, named=True).items() if count}
    assert nulls == {"last_used": frame.filter(pl.col("total_observations") == 1).height}


def test_bounds_and_exploration_score_equal_the_functions_bit_for_bit(frame):
    successes, failures = frame["successes"].to_numpy(), frame["failures"].to_numpy()
    lower, upper = wilson_bounds(successes, failures)
    assert np.array_equal(frame["confidence_lower_bound"].to_numpy(), lower)
    assert np.array_equal(frame["confidence_upper_bound"].to_numpy(), upper)
    assert np.array_equal(frame["exploration_score"].to_numpy(), exploration_bonus(successes, failures))


def test_counts_hold_the_prior_and_add_up_to_the_observations(frame):
    assert frame.select(((pl.col("successes") + pl.col("failures") - 2) == pl.col("total_observations")).all()).item()
    assert frame.select(((pl.col("successes") >= 1) & (pl.col("failures") >= 1)).all()).item()


def test_percentiles_are_the_percent_rank_within_each_page(frame):
    ranked = frame.with_columns(
        ((pl.col("avg_emv").rank("min").over("page_name") - 1) / (pl.len().over("page_name") - 1) * 100)
        .fill_nan(0.0)
        .cast(pl.Int64)
        .alias("expected")
    )
    assert ranked["performance_percentile"].to_list() == ranked["expected"].to_list()
    assert ranked["performance_percentile"].max() == 100


def test_times_fill_ninety_days_and_a_row_is_never_used_after_its_update(plan, frame):
    updated = frame["last_updated"]
    assert updated.dt.date().n_unique() == 90
    assert updated.min() >= plan.until - timedelta(days=90)
    assert updated.max() < plan.until
    assert frame.select((pl.col("last_used") <= pl.col("last_updated")).all()).item()
    often, once = frame.filter(pl.col("total_observations") > 20), frame.filter(pl.col("total_observations") == 1)
    assert often["last_updated"].dt.timestamp().mean() > once["last_updated"].dt.timestamp().mean()


def test_most_captions_are_cold_and_few_are_heavy(frame):
    # Standard error of the share 0.0015; six of them: a false alarm once in 5e8 seeds, and the seed is fixed.
    once = frame.select((pl.col("total_observations") == 1).mean()).item()
    assert once == pytest.approx(0.84, abs=0.009)
    heavy = frame["total_observations"].to_numpy()
    assert heavy.max() > 100
    assert np.sort(heavy)[-len(heavy) // 100 :].sum() > 0.05 * heavy.sum()


def test_pages_are_skewed_around_their_mean():
    sizes = np.diff(SeedPlan(rows=3_000_000).page_starts)
    assert sizes.sum() == 3_000_000
    assert np.mean(sizes) == pytest.approx(1175, rel=0.15)  # 2,500 pages of CV 1.3: standard error 2.6 %
    assert np.median(sizes) == pytest.approx(1175 * math.exp(-0.5), rel=0.15)
    assert sizes.max() > 8 * np.mean(sizes)


def test_money_is_consistent(frame):
    assert frame.select((pl.col("total_revenue") == pl.col("total_revenue").round()).all()).item()  # whole dollars
    assert frame.select((pl.col("total_revenue") >= 0).all()).item()
    sold = pl.col("total_revenue") > 0
    assert frame.select((sold == (pl.col("avg_emv") > 0)).all()).item()
    assert frame.select((sold == (pl.col("avg_conversion_rate") > 0)).all()).item()
    single = frame.filter(pl.col("total_observations") == 1)
    assert single.select((pl.col("avg_emv") == pl.col("last_emv_observed")).all()).item()


def test_a_success_is_an_emv_above_the_median_of_its_page(frame):
    single = frame.filter(pl.col("total_observations") == 1)
    by_page = single.group_by("page_name").agg(
        pl.col("avg_emv").filter(pl.col("successes") == 2).min().alias("worst_success"),
        pl.col("avg_emv").filter(pl.col("successes") == 1).max().alias("best_failure"),
    )
    assert by_page.drop_nulls().height > 10
    assert by_page.drop_nulls().select((pl.col("worst_success") > pl.col("best_failure")).all()).item()
    # At most half of a page's messages lie above its median.
    share = frame.group_by("page_name").agg((pl.col("successes") - 1).sum() / pl.col("total_observations").sum())
    assert share["successes"].max() <= 0.5


@pytest.mark.parametrize("part_rows", [1, 700, 20_000])
def test_neither_part_size_nor_workers_nor_batches_change_a_bit(plan, frame, tmp_path, part_rows):
    few = replace(plan, rows=9_000)
    for _ in write_parts(few, few.parts(part_rows), tmp_path, workers=2):
        pass
    read = pl.concat([pl.read_parquet(file) for file in sorted(tmp_path.glob("*.parquet"))])
    whole = pl.from_arrow(batch(few, range(few.pages)))
    assert read.equals(whole.with_columns(pl.col("page_name").cast(pl.String)))
    batches = [pl.from_arrow(batch(few, pages)) for part in few.parts() for pages in few.batches(part, batch_rows=500)]
    assert pl.concat(batches).equals(whole)


def test_whole_pages_of_a_shorter_plan_are_those_of_a_longer_one(plan, frame):
    shorter = replace(plan, rows=9_000)
    kept = int(shorter.page_starts[-2])
    assert pl.from_arrow(batch(shorter, range(shorter.pages)))[:kept].equals(frame[:kept])


def test_parts_cover_the_rows_once_in_order_and_hold_whole_pages(plan):
    parts = plan.parts(10_000)
    assert [part.first_row for part in parts] == [0, *(part.end_row for part in parts[:-1])]
    assert parts[-1].end_row == ROWS
    assert sum(part.rows for part in parts) == ROWS
    assert {part.first_row for part in parts} <= set(plan.page_starts.tolist())


def test_another_seed_gives_other_rows(plan, frame):
    other = pl.from_arrow(batch(replace(plan, seed=12), range(1)))
    assert not other["last_updated"].equals(frame["last_updated"][: other.height])
    assert replace(plan, seed=12).digest != plan.digest


def test_full_ids_are_unique_reach_both_ends_and_spread_over_the_range(plan):
    full = replace(plan, caption_ids="full")
    ids = pl.from_arrow(batch(full, range(full.pages)))["caption_id"]
    assert ids[:2].to_list() == [-(2**63), 2**63 - 1]
    assert ids.n_unique() == ROWS
    quarters = np.histogram(ids.to_numpy().astype(np.float64), bins=4, range=(-(2.0**63), 2.0**63))[0]
    assert np.all(np.abs(quarters / ROWS - 0.25) < 0.01)  # five standard errors


def test_part_files_appear_whole_or_not_at_all(plan, tmp_path, monkeypatch):
    calls = []

    def fail_second(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError("the disk is full")
        return make_batch(*arguments)

    monkeypatch.setattr("sim.seeding.writing.make_batch", fail_second)
    small = plan.parts(30_000)[0]
    monkeypatch.setattr(SeedPlan, "batches", lambda self, part: iter([range(0, 1), range(1, 2)]))
    with pytest.raises(OSError, match="disk is full"):
        write_part(plan, small, tmp_path / "part.parquet")
    assert list(tmp_path.iterdir()) == []


def test_figures_follow_the_scenario():
    world = TrafficSection(kind="traffic", audience=Audience(fixed=700), bank=Bank(captions=50))
    plan = SeedPlan(rows=2_000, figures=traffic_figures(world))
    assert set(plan.audiences) == {round(0.27 * 700)}  # the part of its fans that a message reaches
    assert np.mean(np.diff(plan.page_starts)) < 120
    assert plan.digest != SeedPlan(rows=2_000).digest


def test_prices_and_rates_are_the_traffic_worlds():
    world = TrafficSection(kind="traffic")
    figures = default_figures()
    assert figures.unpriced_share == pytest.approx(0.575)
    assert figures.prices[3] == (0.5, 14)
    dollars = np.arange(1, 36)
    assert figures.rates_by_dollar()[1:] == pytest.approx(traffic_setup.per_view(world, dollars))
    for fans, z in ((90, -1.0), (1351, 0.0), (185_370, 2.5)):
        level = figures.page_level(np.array([float(fans)]), np.array([z]))[0]
        assert level == pytest.approx(traffic_setup.page_level(world, fans, z))


@pytest.mark.parametrize(("mean", "cv"), [(0.034, 0.53), (1.0, 0.4), (1.0, 0.0)])
def test_tabulated_quantiles_keep_mean_and_spread(mean, cv):
    values = log_normal_quantiles(mean, cv)
    steps = (values[1:] + values[:-1]) / 2
    assert steps.mean() == pytest.approx(mean, rel=2e-3)
    assert steps.std() == pytest.approx(mean * cv, rel=2e-2, abs=1e-12)
    share = np.searchsorted(values, stats.lognorm(*_shape_scale(mean, cv)).ppf(0.9)) / (len(values) - 1) if cv else 0.9
    assert share == pytest.approx(0.9, abs=1e-3)


def _shape_scale(mean, cv):
    sigma = math.sqrt(math.log1p(cv * cv))
    return sigma, 0.0, mean * math.exp(-sigma * sigma / 2)


@pytest.mark.parametrize("share", [0.3, 0.84, 0.99])
def test_the_law_of_uses_goes_through_the_share_used_once(share):
    law = zipf_law(share)
    assert law[0] == pytest.approx(share, abs=1e-12)
    assert law[-1] == 1.0
    probability = np.diff(law[:50])
    assert np.all(np.diff(probability) < 0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"rows": 0}, "rows"),
        ({"rows": 10**12}, "rows"),
        ({"seed": -1}, "seed"),
        ({"caption_ids": "half"}, "caption_ids"),
    ],
)
def test_out_of_range_plans_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        SeedPlan(**({"rows": 10} | changed))


def test_a_share_used_once_out_of_range_is_refused():
    with pytest.raises(ValueError, match="used_once"):
        traffic_figures(TrafficSection(kind="traffic"), used_once=1.0)


def test_until_moves_the_partitions():
    plan = SeedPlan(rows=3_000, until=datetime(2024, 3, 1, tzinfo=UTC))
    table = batch(plan, range(plan.pages))
    newest = pl.from_arrow(table)["last_updated"].max()
    assert newest.date() == datetime(2024, 2, 29, tzinfo=UTC).date()
