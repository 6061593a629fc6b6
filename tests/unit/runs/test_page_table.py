"""pages.parquet: what each page earned, in every world, and its shortfall from the oracle."""

from pathlib import Path

import polars as pl
import pytest

import sim

pytestmark = pytest.mark.slow

TRAFFIC = {
    "name": "traffic",
    "replications": 3,
    "horizon": {"days": 20},
    "world": {"kind": "traffic", "pages": 3, "bank": {"captions": 90}},
    "policies": ["wilson_sample", "uniform", "oracle"],
}


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> sim.Run:
    return sim.run(TRAFFIC, tmp_path_factory.mktemp("pages") / "run", report=False)


def summed(run: sim.Run) -> pl.DataFrame:
    sums = [pl.col("sends").sum().alias("pulls"), pl.col("reward").sum(), pl.col("revenue_usd").sum()]
    return run.pages.group_by("policy", "replication", maintain_order=True).agg(*sums)


def test_pages_add_up_to_replications(traffic: sim.Run) -> None:
    whole = traffic.replications.select("policy", "replication", "pulls", "reward", "revenue_usd")
    assert summed(traffic).equals(whole)
    assert traffic.pages["page"].unique(maintain_order=True).to_list() == ["page_0001", "page_0002", "page_0003"]


def test_an_audience_belongs_to_the_page_and_not_to_the_policy(traffic: sim.Run) -> None:
    by_page = traffic.pages.group_by("replication", "page").agg(pl.col("audience").n_unique())
    assert by_page["audience"].to_list() == [1] * 9
    assert traffic.pages["audience"].n_unique() == 9


def test_shortfall_is_what_the_oracle_earned_more(traffic: sim.Run) -> None:
    key = ["replication", "page"]
    best = traffic.pages.filter(policy="oracle").select(*key, best="revenue_usd")
    joined = traffic.pages.join(best, on=key, maintain_order="left")
    assert joined["shortfall"].to_list() == (joined["best"] - joined["revenue_usd"]).to_list()
    assert set(traffic.pages.filter(policy="oracle")["shortfall"]) == {0.0}


def test_the_split_into_blocks_and_more_replications_change_nothing(traffic: sim.Run, tmp_path: Path) -> None:
    sim.run(TRAFFIC, tmp_path / "run", overrides=["replications=1"], report=False)
    longer = sim.run(TRAFFIC, tmp_path / "run", workers=2, resume=True, report=False)
    assert longer.pages.equals(traffic.pages)


def test_a_bernoulli_world_is_one_page_without_audience(tmp_path: Path) -> None:
    scenario = {
        "name": "tiny",
        "replications": 4,
        "horizon": {"pulls": 20},
        "world": {"kind": "bernoulli", "means": [0.3, 0.7]},
        "policies": ["wilson_sample"],
    }
    run = sim.run(scenario, tmp_path / "run", report=False)
    assert summed(run).equals(run.replications.select("policy", "replication", "pulls", "reward", "revenue_usd"))
    assert run.pages["audience"].null_count() == run.pages["shortfall"].null_count() == 4


def test_pages_of_a_file_keep_their_names(tmp_path: Path) -> None:
    counts = {"page_name": ["b", "b", "a", "a"], "caption_id": [1, 2, 3, 4], "trials": [90] * 4}
    pl.DataFrame(counts | {"successes": [3, 9, 4, 8]}).write_parquet(tmp_path / "counts.parquet")
    scenario = {
        "name": "table",
        "replications": 2,
        "horizon": {"days": 4},
        "world": {"kind": "table", "source": str(tmp_path / "counts.parquet")},
        "policies": ["thompson_beta", "oracle"],
    }
    run = sim.run(scenario, tmp_path / "run", report=False)
    assert summed(run).equals(run.replications.select("policy", "replication", "pulls", "reward", "revenue_usd"))
    assert set(run.pages["page"]) == {"a", "b"}
    oracle = run.pages.filter(policy="oracle")["reward"]
    own = run.pages.filter(policy="thompson_beta")
    assert own["shortfall"].to_list() == (oracle - own["reward"]).to_list()
