"""What a run records beside regret: the same bits however it is split, true to the worlds, and as documented."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import sim
from sim.runs.blocks import write_block
from sim.runs.folders.run_folder import OWN_FILES
from sim.runs.merge import Sources, merge
from sim.runs.plan import Block
from sim.scenario import load
from sim.scenario.sections.traffic import TIERS
from sim.tables.send_log import arrow_schema
from sim.worlds.engine import curve_points, simulate
from sim.worlds.metrics.observation import watched_points

pytestmark = pytest.mark.slow

DICTIONARY = Path(__file__).parents[3] / "docs" / "data-dictionary.md"
OBSERVED = ("allocation", "exploration", "estimation", "revenue", "weeks")
CHURNING = {
    "name": "churning",
    "replications": 7,
    "horizon": {"pulls": 300},
    "world": {"kind": "bernoulli", "prior": {"beta": [2, 2]}, "arms": 12, "churn": {"probability": 0.02}},
    "feedback": {"refresh_every": 5, "delay": {"geometric": 3}},
    "policies": ["wilson_sample", "oracle"],
}
CHANGING = {
    "name": "changing",
    "replications": 4,
    "horizon": {"pulls": 1000},
    "world": {"kind": "bernoulli", "means": [0.2, 0.8], "changes": [{"at": 500, "means": [0.8, 0.2]}]},
    "policies": ["oracle", "greedy"],
    "record": {"curve_points": 2},
}
TRAFFIC = {
    "name": "traffic",
    "replications": 3,
    "horizon": {"days": 30},
    "world": {"kind": "traffic", "pages": 2, "audience": {"fixed": 50_000}, "bank": {"captions": 90}},
    "policies": ["wilson_sample"],
}


def table_scenario(folder: Path, label: str = "fan") -> dict:
    names = ["a"] * 3 + ["b"] * 15
    counts = {"page_name": names, "caption_id": range(18), "trials": [1000] * 18, "successes": range(20, 200, 10)}
    pl.DataFrame(counts).write_parquet(folder / "counts.parquet")
    return {
        "name": "table",
        "replications": 5,
        "horizon": {"days": 12},
        "world": {"kind": "table", "source": str(folder / "counts.parquet"), "label": label},
        "policies": ["thompson_beta"],
    }


def observe(scenario: dict, folder: Path, cuts: list[int]) -> dict[str, pl.DataFrame]:
    """The tables of a scenario simulated in the blocks that `cuts` say."""
    loaded, folder = load(scenario), folder / "-".join(map(str, cuts))
    blocks = [
        Block(index, spec.name, start, stop)
        for index, spec in enumerate(loaded.policies)
        for start, stop in pairwise(cuts)
    ]
    for block in reversed(blocks):
        result = simulate(loaded, loaded.policies[block.policy], block.replications)
        write_block(folder / "blocks", block, result, "the run")
    of_policies = [[block for block in blocks if block.policy == index] for index in range(len(loaded.policies))]
    sources = Sources([spec.name for spec in loaded.policies], folder / "blocks", of_policies)
    merge(sources, folder, TIERS if loaded.world.kind == "traffic" else ())
    names = ("replications", "curves", "pages", *OBSERVED)
    return {name: pl.read_parquet(folder / f"{name}.parquet") for name in names}


@pytest.mark.parametrize(("kind", "cuts"), [("bernoulli", [0, 1, 3, 7]), ("table", [0, 2, 5]), ("traffic", [0, 1, 3])])
def test_no_split_into_blocks_changes_a_bit(tmp_path: Path, kind: str, cuts: list[int]) -> None:
    scenario = {"bernoulli": CHURNING, "traffic": TRAFFIC}.get(kind) or table_scenario(tmp_path)
    whole, split = (observe(scenario, tmp_path, each) for each in ([0, cuts[-1]], cuts))
    for name, table in whole.items():
        assert table.equals(split[name]), name


def test_shares_add_up_and_churned_pulls_are_gone(tmp_path: Path) -> None:
    tables = observe(CHURNING, tmp_path, [0, 7])
    totals = tables["allocation"].group_by("policy", "at").agg(pl.col("share").sum(), pl.col("sends").sum())
    assert totals["share"].to_list() == pytest.approx([1.0] * len(totals))
    sends = tables["exploration"].join(totals, on=["policy", "at"])
    assert sends["sends"].to_list() == sends["sends_right"].to_list()
    assert tables["exploration"].group_by("policy").agg(pl.col("sends").sum())["sends"].to_list() == [7 * 300] * 2
    assert tables["allocation"].filter(bin="gone")["sends"].sum() > 0


def test_sends_are_ranked_by_the_means_of_their_time(tmp_path: Path) -> None:
    tables = observe(CHANGING, tmp_path, [0, 4])
    oracle = tables["allocation"].filter(policy="oracle")
    assert oracle.filter(bin="1")["share"].to_list() == [1.0, 1.0]  # the second interval holds the change
    assert tables["exploration"].filter(policy="oracle")["best_share"].to_list() == [1.0, 1.0]
    assert set(oracle["bin"]) == {"1"}
    greedy = tables["replications"].filter(policy="greedy")
    assert (greedy["locked_since"].is_not_null() == greedy["locked_out"]).all()
    assert (greedy["first_locked_at"].is_not_null() == greedy["ever_locked"]).all()


def test_estimation_is_what_the_stored_statistics_say(tmp_path: Path) -> None:
    means = [0.3, 0.5, 0.7]
    world = {"kind": "bernoulli", "means": means}
    scenario = {"name": "known", "replications": 6, "horizon": {"pulls": 200}, "world": world, "policies": ["uniform"]}
    run = sim.run(scenario, tmp_path / "run", report=False)
    stats = pl.concat([run.stats("uniform", replication) for replication in range(6)])
    rows = run.table("estimation").filter(by="rank")
    assert rows["true_rate"].to_list() == pytest.approx(means[::-1])
    for row in rows.to_dicts():
        caption = 4 - row["low"]
        of = stats.filter(caption_id=caption)
        successes, failures = of["successes"].to_numpy(), of["failures"].to_numpy()
        sample = (successes - 1) / (successes + failures - 2)
        inside = (of["confidence_lower_bound"] <= means[caption - 1]) & (
            of["confidence_upper_bound"] >= means[caption - 1]
        )
        assert row["captions"] == 6
        assert row["bias"] == pytest.approx((sample - means[caption - 1]).mean(), abs=1e-8)
        assert row["stored_rate"] == pytest.approx((successes / (successes + failures)).mean(), abs=1e-8)
        assert row["coverage"] == inside.mean()
    labels = run.table("estimation").filter(by="labels")
    assert labels["captions"].sum() == 18


def test_the_truth_of_a_label_that_is_not_known_is_left_out(tmp_path: Path) -> None:
    assert observe(table_scenario(tmp_path, "send"), tmp_path, [0, 5])["estimation"].is_empty()
    assert observe(TRAFFIC, tmp_path, [0, 3])["estimation"].is_empty()


def test_revenue_by_tier_adds_up_to_all_revenue(tmp_path: Path) -> None:
    tables = observe(TRAFFIC, tmp_path, [0, 3])
    last = tables["revenue"].filter(at=30.0)
    assert last["tier"].to_list() == list(TIERS)
    assert last["revenue_usd"].sum() == pytest.approx(tables["replications"]["revenue_usd"].mean())
    assert last.filter(tier="bump")["revenue_usd"].to_list() == [0.0]
    ends = tables["curves"].filter(at=30.0)
    assert ends["revenue_usd"].to_list() == tables["replications"]["revenue_usd"].to_list()


def test_watched_points_end_at_the_horizon_and_are_at_most_twenty_days() -> None:
    at = curve_points(load(TRAFFIC))
    watched = watched_points(at, pulls=False)
    assert len(watched) == 20
    assert watched[-1] == 30.0
    assert np.isin(watched, at).all()
    assert watched_points(at, pulls=True).tolist() == at.tolist()


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> sim.Run:
    scenario = {**TRAFFIC, "policies": ["wilson_sample", "uniform"], "horizon": {"days": 3}}
    return sim.run(scenario, tmp_path_factory.mktemp("runs") / "run", report=False)


def test_the_data_dictionary_says_what_the_files_hold(complete: sim.Run) -> None:
    written = {path.stem for path in complete.path.glob("*.parquet")}
    sections = re.split(r"^## (\S+)\.parquet$", DICTIONARY.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    documented = dict(zip(sections[::2], sections[1::2], strict=True))
    columns = documented.pop("sends/policy=P/replication=R").partition("\n`propensity` is")[0]
    described = re.findall(r"^\| (\w+) \| (\w+) \|", columns, flags=re.MULTILINE)[1:]
    types = [(name, "timestamp[us, tz=UTC]" if kind == "timestamp" else kind) for name, kind in described]
    assert types == [(field.name, str(field.type).replace("double", "float64")) for field in arrow_schema()]
    assert documented.pop("incidents")  # made by a command of its own: tests/unit/reports/test_deployed_loop.py
    assert documented.pop("unlucky")  # with `world.unlucky`: tests/unit/runs/test_unlucky.py
    assert documented.pop("strata")
    assert documented.pop("early")
    assert set(documented) == written
    kinds = {"string": pl.String, "int64": pl.Int64, "float64": pl.Float64, "bool": pl.Boolean}
    for name, text in documented.items():
        rows = re.findall(r"^\| (\w+) \| (string|int64|float64|bool) \|", text, flags=re.MULTILINE)
        schema = pl.read_parquet_schema(complete.path / f"{name}.parquet")
        assert [(column, kinds[kind]) for column, kind in rows] == list(schema.items()), name
        assert f"{name}.parquet" in OWN_FILES


def test_every_table_but_the_long_ones_is_there_as_csv(complete: sim.Run) -> None:
    written = {path.stem for path in complete.path.glob("*.parquet")} - {"replications", "curves", "pages"}
    assert {path.stem for path in (complete.path / "tables").iterdir()} == written
    for name in written:
        table = complete.table(name)
        assert pl.read_csv(complete.path / "tables" / f"{name}.csv", schema=table.schema).equals(table), name
