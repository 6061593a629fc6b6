"""The tables of unlucky replications in a run folder."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import sim
from sim.runs.early import early_rows
from sim.runs.workload import can_be_early
from sim.scenario import Scenario, load
from sim.worlds.bernoulli import luck
from sim.worlds.engine import simulate

SCENARIO = {
    "name": "small",
    "replications": 30,
    "horizon": {"pulls": 60},
    "world": {"kind": "bernoulli", "means": [0.2, 0.8], "unlucky": 20},
    "policies": ["wilson_sample", "uniform"],
    "record": {"curve_points": 2, "stats": "none"},
}


def test_a_run_holds_its_unlucky_replications(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(luck, "CANDIDATES", 2_000)
    run = sim.run(load(SCENARIO), out=tmp_path / "run", workers=1, report=False)
    rows, strata = run.table("unlucky"), run.table("strata")
    assert {"unlucky.parquet", "strata.parquet"} <= set(run.manifest["files"])
    assert strata["replication"].to_list()[:30] == list(range(30))
    one = rows.filter(rows["policy"] == "wilson_sample")
    assert strata["stratum"].to_list()[30:] == one["stratum"].to_list()
    # An unlucky replication is a replication like any other, with a number of its own.
    number = one["replication"][0]
    again = simulate(run.scenario, run.scenario.policies[0], range(number, number + 1))
    assert (again.totals.regret[0], again.totals.reward[0]) == (one["regret"][0], one["reward"][0])
    weights = strata["probability"].to_numpy() / np.bincount(strata["stratum"])[strata["stratum"]]
    both = np.append(run.replications.filter(run.replications["policy"] == "wilson_sample")["regret"], one["regret"])
    assert run.summary["mean_regret"][0] == pytest.approx(both @ weights)
    assert not run.summary["ci_short"][0]


def test_without_the_key_nothing_is_added_and_the_digest_stays(tmp_path: Path) -> None:
    plain = load({**SCENARIO, "world": {"kind": "bernoulli", "means": [0.2, 0.8]}})
    assert "unlucky" not in plain.content()["world"]
    run = sim.run(plain, out=tmp_path / "run", workers=1, report=False)
    assert run.optional_table("unlucky") is None
    assert not {"unlucky.parquet", "strata.parquet"} & set(run.manifest["files"])


def narrow() -> Scenario:
    """A problem in which the policy is often locked out."""
    specs, world = [{"kind": "wilson_sample", "z": 0.8}], {"kind": "bernoulli", "means": [0.5, 0.7]}
    return load({**SCENARIO, "world": world, "horizon": {"pulls": 200}, "policies": specs})


@pytest.fixture(scope="module")
def early() -> "tuple[pl.DataFrame, Scenario]":
    """Early phases of 2,000 common replications."""
    scenario = narrow()
    found = luck.Unlucky(list(range(2_000)), np.zeros(2_000, np.int64), np.ones(1), np.zeros(0))
    return pl.from_arrow(early_rows(scenario, scenario.policies[0], found, 300)), scenario


def test_early_phases_estimate_lock_out_at_the_end(early: "tuple[pl.DataFrame, Scenario]") -> None:
    rows, scenario = early
    ended = simulate(scenario, scenario.policies[0], range(2_000)).locked_out
    whole = rows.filter(pl.col("locked_out").is_not_null())
    assert (whole["locked_out"].to_numpy() == ended[whole["replication"].to_numpy()]).all()
    assert len(whole) < 700
    known = rows["locked_out"].fill_null(value=False).cast(float) - rows["locked_out_early"].cast(float)
    correction = pl.select(pl.when(rows["locked_out"].is_not_null()).then(known / rows["chance"]).otherwise(0.0))
    assert rows["estimate"].to_list() == (rows["locked_out_early"].cast(float) + correction.to_series()).to_list()
    # The two means are of the same replications: they differ by the luck of those simulated to the end.
    error = (rows["estimate"].to_numpy() - ended).std() / np.sqrt(2_000)
    assert abs(rows["estimate"].mean() - ended.mean()) < 4.5 * error


def test_where_all_are_simulated_to_the_end_the_estimate_is_lock_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.runs.early.SETTLED", 1.0)
    found = luck.Unlucky(list(range(300)), np.zeros(300, np.int64), np.ones(1), np.zeros(0))
    rows = pl.from_arrow(early_rows(narrow(), narrow().policies[0], found, 300))
    assert rows["estimate"].to_list() == simulate(narrow(), narrow().policies[0], range(300)).locked_out.tolist()
    assert rows["estimate"].sum() > rows["locked_out_early"].sum()


def test_starved_replications_go_to_the_end_and_settled_ones_seldom(early: "tuple[pl.DataFrame, Scenario]") -> None:
    rows, _ = early
    starved = rows["starved"].to_numpy()
    assert not (rows["locked_out_early"].to_numpy() & starved).any()
    assert set(rows["chance"].to_numpy()[~starved]) == {0.05}
    assert rows["chance"].to_numpy()[starved][0] == pytest.approx(min(1.0, 300 / starved.sum()))


def test_only_a_policy_that_gives_arms_up_has_early_phases() -> None:
    pooled = {"kind": "wilson_sample", "name": "pooled", "pool": 2}
    scenario = load({**SCENARIO, "policies": ["wilson_sample", "uniform", pooled]})
    assert [can_be_early(spec) for spec in scenario.policies] == [True, False, False]
