"""The tables of unlucky replications in a run folder."""

from pathlib import Path

import numpy as np
import pytest

import sim
from sim.scenario import load
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
