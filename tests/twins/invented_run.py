"""A complete run folder made of invented tables: what every section of a report reads, without a simulation."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from reports.tables.derived import write_summary
from sim.files import write_text
from sim.runs.folders.manifest import COMPLETE, describe, to_text
from sim.runs.run import StoredRun
from sim.scenario import Scenario, load
from sim.tables.observations import observation_schemas
from sim.worlds.metrics.loop import COLUMNS

KINDS = ("wilson_sample", "thompson_beta", "greedy", "uniform", "oracle")
GAINS = dict(zip(KINDS, (0.0, 30.0, 10.0, -20.0, 100.0), strict=True))
POINTS = 6
N = 60
PAGES = 3
WORLDS: dict[str, dict[str, Any]] = {
    "bernoulli": {"world": {"kind": "bernoulli", "means": [0.2, 0.5, 0.8]}, "horizon": {"pulls": 600}},
    "traffic": {"world": {"kind": "traffic", "pages": PAGES}, "horizon": {"days": 60}},
}


def scenario_of(kind: str, policies: tuple[str, ...] = KINDS, **keys: Any) -> Scenario:
    """A scenario whose run the invented tables could be."""
    base = {"name": "invented", "replications": N, "policies": list(policies), "record": {"stats": "none"}}
    return load({**base, **WORLDS[kind], **keys})


def stored_run(
    folder: Path, kind: str = "bernoulli", policies: tuple[str, ...] = KINDS, *, luck: int = 1, **keys: Any
) -> StoredRun:
    """Write the folder; reward is 1,000 plus common luck plus the policy's gain, regret what is missing to the best."""
    scenario = scenario_of(kind, policies, **keys)
    folder.mkdir(parents=True)
    write_text(folder / "scenario.yaml", scenario.to_yaml())
    rows = _replications(policies, kind, scenario.replications, luck)
    rows.write_parquet(folder / "replications.parquet")
    at = np.linspace(scenario.horizon.length / POINTS, scenario.horizon.length, POINTS)
    _curves(rows, at).write_parquet(folder / "curves.parquet")
    for name, frame in _observed(policies, kind, at).items():
        frame.write_parquet(folder / f"{name}.parquet")
    write_summary(folder, scenario)
    write_text(folder / "manifest.json", to_text({**describe(scenario), "status": COMPLETE}))
    return StoredRun(folder)


def _replications(policies: tuple[str, ...], kind: str, n: int, seed: int) -> pl.DataFrame:
    luck = np.random.default_rng(seed).normal(0, 20, n)
    frames = []
    for i, name in enumerate(policies):
        reward = 1_000 + luck + GAINS[name] + np.random.default_rng((seed, i)).normal(0, 4, n)
        ends_locked = np.arange(n) % 2 == 0 if name in ("wilson_sample", "greedy") else np.zeros(n, dtype=bool)
        frames.append(
            pl.DataFrame(
                {
                    "policy": [name] * n,
                    "replication": np.arange(n),
                    "pulls": np.full(n, 600),
                    "reward": reward,
                    "regret": np.maximum(0.0, 1_100 + luck - reward) if name != "oracle" else np.zeros(n),
                    "revenue_usd": 10.0 * reward if kind == "traffic" else np.zeros(n),
                    "best_share": np.full(n, 0.4 + 0.1 * i),
                    "locked_out": ends_locked,
                    "regret_usd": pl.Series([None] * n, dtype=pl.Float64),
                    "locked_out_pages": ends_locked.astype(float),
                    "first_locked_at": pl.Series(np.where(ends_locked, 5.0, np.nan)).fill_nan(None),
                    "ever_locked": ends_locked,
                    "locked_since": pl.Series(np.where(ends_locked, 7.0, np.nan)).fill_nan(None),
                    **_loop(n, reward if kind == "traffic" else np.full(n, np.nan)),
                }
            )
        )
    return pl.concat(frames)


def _loop(n: int, reward: np.ndarray) -> dict[str, pl.Series]:
    """Columns of the deployed loop: half of the reward as labels, no page ever at the top; NULL without a loop."""
    shares = {name: np.where(np.isnan(reward), np.nan, 0.25) for name in COLUMNS}
    money = {"expected_usd": 10.0 * reward}
    values = shares | money | {"labels": reward / 2, "unfilled": reward * 0 + 3, "top_decile_day": np.full(n, np.nan)}
    return {name: pl.Series(values[name]).fill_nan(None) for name in COLUMNS}


def _curves(rows: pl.DataFrame, at: np.ndarray) -> pl.DataFrame:
    """Everything grows in a straight line to its final value."""
    parts = [
        rows.select(
            "policy",
            "replication",
            pl.lit(float(time)).alias("at"),
            *(pl.col(name) * (time / at[-1]) for name in ("regret", "reward", "revenue_usd")),
        )
        for time in at
    ]
    return pl.concat(parts).sort("policy", "replication", "at")


def _observed(policies: tuple[str, ...], kind: str, at: np.ndarray) -> dict[str, pl.DataFrame]:
    allocation, exploration, estimation, revenue = [], [], [], []
    for place, name in enumerate(policies):
        for time in at.tolist():
            for low, high, share in ((1, 1, 0.6), (2, 3, 0.4)):
                label = str(low) if low == high else f"{low}–{high}"
                bins = {"bin": label, "rank_low": low, "rank_high": high, "sends": 100, "share": share}
                allocation.append({"policy": name, "at": time, **bins})
            limits = {"locked_out_share": 0.1, "locked_out_low": 0.05, "locked_out_high": 0.2, "locked_out_pages": 0.1}
            shares = {"best_share": 0.6, "cold_share": 0.05, "entropy_nats": 0.9, "entropy_share": 0.8}
            exploration.append({"policy": name, "at": time, "sends": 100, **shares, **limits})
            if kind == "traffic":
                tiers = (("bump", 5.0), ("mid", 3.0), ("premium", 2.0))
                revenue += [
                    {"policy": name, "at": time, "tier": tier, "revenue_usd": dollars * time} for tier, dollars in tiers
                ]
        if kind == "bernoulli":
            for low in (1, 2):
                rates = {"true_rate": 0.5, "sample_mean": 0.48, "bias": -0.02, "stored_rate": 0.47}
                errors = {"rmse": 0.05, "width": 0.2, "coverage": 0.9, "coverage_low": 0.85, "coverage_high": 0.94}
                bins = {
                    "by": "rank",
                    "bin": str(low),
                    "low": low,
                    "high": low,
                    "captions": 10 * (place + 1),
                    "labels": 50.0,
                }
                estimation.append({"policy": name, **bins, **rates, **errors})
    return {
        "allocation": pl.DataFrame(allocation),
        "exploration": pl.DataFrame(exploration),
        "estimation": pl.DataFrame(estimation) if estimation else _empty("estimation"),
        "revenue": pl.DataFrame(revenue) if revenue else _empty("revenue"),
        "weeks": _weeks(policies if kind == "traffic" else ()),
    }


def _weeks(policies: tuple[str, ...]) -> pl.DataFrame:
    shares = {"explored_share": 0.5, "cold_share": 0.25, "top_decile_share": 0.125}
    numbers = {"sends": 100.0, "distinct_captions": 60.0, "mean_price": 14.0, "revenue_usd": 500.0}
    rows = [{"policy": name, "week": week, **shares, **numbers} for name in policies for week in (1, 2)]
    return pl.DataFrame(rows) if rows else _empty("weeks")


def _empty(table: str) -> pl.DataFrame:
    """A table of observations without rows."""
    frame = pl.from_arrow(observation_schemas()[f"{table}.parquet"].empty_table())
    assert isinstance(frame, pl.DataFrame)
    return frame
