"""Scripts of docs/traffic.md, docs/what-to-deploy.md and docs/decision.md: their tables, from pages made by hand."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from sim.scenario import load
from sim.scenario.sections.traffic_loop import LABELS

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture(scope="module")
def population() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPTS / "page_population.py"))


@pytest.fixture(scope="module")
def by_label() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPTS / "compare_labels.py"))


def made(gains: list[float]) -> pl.DataFrame:
    """Pages on which the deployed rule earns 100 dollars per month, shuffled."""
    months, count = 90 / 30.4375, len(gains)
    revenue = [months * (100.0 + each) for each in gains]
    columns = {"replication": list(range(count)), "page": ["page_0001"] * count}
    greedy = pl.DataFrame({"policy": ["greedy"] * count, **columns, "revenue_usd": revenue})
    deployed = pl.DataFrame({"policy": ["wilson_sample"] * count, **columns, "revenue_usd": [months * 100.0] * count})
    return pl.concat([greedy, deployed]).sample(fraction=1.0, shuffle=True, seed=1)


def test_a_gain_is_per_page_and_month_and_says_where_it_comes_from(population: Any) -> None:
    gains = [-10.0] * 120 + [5.0] * 79 + [4_000.0]
    found = population["gain"](made(gains), "greedy")
    assert found.mean == pytest.approx(np.mean(gains))
    assert found.error == pytest.approx(np.std(gains, ddof=1) / np.sqrt(200))
    assert found.median == pytest.approx(-10.0)
    assert found.gaining == pytest.approx(0.4)
    assert found.top == pytest.approx(4_005.0 / np.sum(gains))  # two of 200 pages
    text = population["table"](made(gains), ["wilson_sample", "greedy"])
    assert "| greedy | +16.0 ± 20.0 | -10.0 | 40.0 % | 125 % |" in text
    assert "wilson_sample |" not in text


@pytest.mark.parametrize("defaults", ["shipped", "before"])
def test_populations_are_scenarios(population: Any, defaults: str) -> None:
    policies = [*population["POLICIES"], population["informed"](defaults)]
    scenario = load(population["scenario"](10_000, defaults, None, policies))
    assert scenario.replications * scenario.world.pages == 10_000
    assert scenario.world.purchases.strong_pages.share == (0.0 if defaults == "before" else 0.5)
    assert scenario.policies[-1].name == "price_prior"
    equal = load(population["scenario"](8, defaults, 0.0)).world.purchases
    assert (equal.page_sigma, equal.strong_pages.share) == (0.0, 0.0)
    assert equal.reference_audience == scenario.world.purchases.reference_audience


def test_pages_of_two_runs_are_one_population(population: Any) -> None:
    one, two = made([1.0, 2.0]), made([5.0])
    both = population["together"]([one, two])
    assert sorted(both.filter(policy="greedy")["replication"].to_list()) == [0, 1, 2]
    found = population["gain"](both, "greedy")
    assert (found.mean, found.median) == (pytest.approx(8.0 / 3.0), pytest.approx(2.0))
    assert population["scenario"](8, seed=12)["seed"] == 12
    assert population["scenario"](8)["seed"] == population["SEED"]


def test_the_prior_of_the_ceiling_is_the_truth(population: Any) -> None:
    """At $6 and $15 the points of `per_view` before the refit."""
    assert population["informed"]("before")["rates"][::2] == pytest.approx([0.00118, 0.00024])


@pytest.mark.slow
def test_labels_do_not_matter_to_a_policy_that_reads_none(by_label: Any) -> None:
    overrides = ["horizon.days=8", "world.bank.captions=40", "world.audience.fixed=2000", "world.pages=1"]
    text = by_label["main"](
        ["quickstart", "--replications", "3", "--policies", "uniform", *(f"--set={each}" for each in overrides)]
    )
    lines = text.splitlines()
    assert len(lines) == 2 + len(LABELS)
    assert len({line.split("|")[3] for line in lines[2:]}) == 1
    assert all(line.endswith("| +0 | [0, 0] |") for line in lines[3:])


@pytest.mark.slow
def test_a_population_is_simulated_and_written(population: Any, tmp_path: Path) -> None:
    text = population["main"](["--pages", "8", "--page-sigma", "0", "--out", str(tmp_path / "pages.parquet")])
    pages = pl.read_parquet(tmp_path / "pages.parquet")
    assert len(pages) == 8 * len(population["POLICIES"])
    mean = population["gain"](pages, "uniform").mean
    assert f"| uniform | {mean:+,.1f} ±" in text


def test_labels_are_compared_pair_by_pair(by_label: Any) -> None:
    luck = np.random.default_rng(1).normal(0.0, 500.0, 40)
    values = {label: {"wilson_sample": 1_000.0 + luck + 10.0 * i} for i, label in enumerate(LABELS)}
    assert by_label["gain"](values, "wilson_sample", "dollars_per_view").value == pytest.approx(40.0)
    lines = by_label["table"](values, ["wilson_sample"]).splitlines()
    assert len(lines) == 2 + len(LABELS)
    assert lines[2].startswith("| `wilson_sample` | `emv_above_median` | 1,0")
    assert lines[2].endswith("| 0 |  |")
    assert lines[-1].endswith("| +40 | [40, 40] |")


@pytest.fixture(scope="module")
def factor() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPTS / "stratified_factor.py"))


def stratified(replications: int) -> pl.DataFrame:
    """Two pages per replication: a rich one that stands for 0.2 pages and a usual one for 1.8."""
    generator = np.random.default_rng(4)
    luck, rich = generator.normal(0.0, 1.0, 2 * replications), np.tile([1, 0], replications)
    columns = {"replication": np.repeat(np.arange(replications), 2), "page": ["page_0001", "page_0002"] * replications}
    gain = np.where(rich == 1, 100.0, 10.0)
    own = {"expected_usd": gain, "revenue_usd": gain + 10.0 * luck, "weight": np.where(rich == 1, 0.2, 1.8)}
    base = {"expected_usd": 0.0 * gain, "revenue_usd": 0.0 * gain, "weight": own["weight"]}
    names = {"greedy": own, "wilson_sample": base}
    return pl.concat(
        [pl.DataFrame({"policy": [name] * len(gain), **columns, **values}) for name, values in names.items()]
    )


def test_strata_and_expected_dollars_narrow_a_gain_in_turn(factor: Any) -> None:
    """Independent pages: a tenth are rich, so that a page's variance is 27² + 10²; strata leave the luck."""
    found = factor["spread"](stratified(4_000), "greedy", 1.0)
    assert found.independent == pytest.approx(np.sqrt((27.0**2 + 100.0) / 2.0), rel=0.03)
    assert found.stratified == pytest.approx(10.0 * np.hypot(0.1, 0.9), rel=0.05)
    assert found.expected == pytest.approx(0.0, abs=1e-9)


def test_gains_are_per_month_and_one_policy_per_line(factor: Any) -> None:
    pages = stratified(50).with_columns(expected_usd=pl.col("revenue_usd"))
    one, other = (factor["spread"](pages, "greedy", months) for months in (1.0, 3.0))
    assert other.stratified == pytest.approx(one.stratified / 3.0)
    assert other.factor == pytest.approx(one.factor)
    text = factor["table"](pages, 1.0, ["wilson_sample", "greedy"])
    cells = f"{one.independent:,.0f} | {one.stratified:,.0f} | {one.stratified:,.0f} | {one.factor:.1f}"
    assert text.splitlines()[2:] == [f"| greedy | {cells} × fewer |"]
