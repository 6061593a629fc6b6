"""The tables that a run folder gets beside what was simulated; docs/data-dictionary.md says what they hold."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from reports.checks import as_dicts, evaluate_checks
from reports.decision.from_run import tails
from reports.decision.tails import Tails
from reports.decision.unlucky import read_unlucky
from reports.estimators.intervals import CONFIDENCE
from reports.estimators.ranks import RANKS_SCHEMA, WIN_PROBABILITY_SCHEMA, ranks_frame, win_probability_frame
from reports.scenario_facts import default_baseline, oracles, page_months
from reports.tables.over_time import DIFFERENCE_SCHEMA, REGRET_SCHEMA, regret_over_time, revenue_differences
from reports.tables.rows import by_policy
from reports.tables.spreadsheet import write_csv
from reports.tables.summary import PAIRS_SCHEMA, SUMMARY_SCHEMA, pairs_frame, summary_frame
from sim.files import replacing, write_text
from sim.runs.columns import require_tables, simulated_columns
from sim.scenario import Scenario

SIMULATED = ("allocation", "exploration", "estimation", "revenue", "weeks")  # written with the replications
SCHEMAS = {
    "summary": SUMMARY_SCHEMA,
    "pairs": PAIRS_SCHEMA,
    "ranks": RANKS_SCHEMA,
    "beats": WIN_PROBABILITY_SCHEMA,
    "revenue_differences": DIFFERENCE_SCHEMA,
    "regret_over_time": REGRET_SCHEMA,
}
IN_JSON = ("pairs", "ranks", "beats", "estimation")


def require_current(run: Path) -> None:
    """Raise InputError where a table of the run lacks columns, because another version of the program wrote it."""
    derived = {f"{name}.parquet": list(schema) for name, schema in SCHEMAS.items()}
    require_tables(run, {**simulated_columns(), **derived})


def write_summary(run: Path, scenario: Scenario) -> None:
    """Write the summarising tables, all tables but the long ones as CSV, and summary.json."""
    replications = pl.read_parquet(run / "replications.parquet", glob=False)
    known = _tails(run, scenario, replications)
    frames = _frames(run, scenario, replications, known)
    for name, frame in frames.items():
        with replacing(run / f"{name}.parquet") as temporary:
            frame.write_parquet(temporary)
    frames |= {name: pl.read_parquet(run / f"{name}.parquet", glob=False) for name in SIMULATED}
    for name, frame in frames.items():
        write_csv(frame, run / "tables" / f"{name}.csv")
    write_text(run / "summary.json", _json(scenario, known, frames, replications))


def _frames(run: Path, scenario: Scenario, replications: pl.DataFrame, known: Tails) -> dict[str, pl.DataFrame]:
    """By name, in the order of the data dictionary."""
    names, unfair, curves = [spec.name for spec in scenario.policies], oracles(scenario), run / "curves.parquet"
    return {
        "summary": summary_frame(replications, unfair, page_months(scenario, replications), known),
        "pairs": pairs_frame(replications, known),
        "ranks": ranks_frame(replications, unfair),
        "beats": win_probability_frame(replications),
        "revenue_differences": revenue_differences(curves, names, default_baseline(scenario)),
        "regret_over_time": regret_over_time(curves, names),
    }


def _tails(run: Path, scenario: Scenario, replications: pl.DataFrame) -> Tails:
    found = read_unlucky(lambda name: _optional(run / f"{name}.parquet"))
    return tails(scenario, by_policy(replications), found)


def _optional(path: Path) -> pl.DataFrame | None:
    return pl.read_parquet(path, glob=False) if path.is_file() else None


def _json(scenario: Scenario, known: Tails, frames: dict[str, pl.DataFrame], replications: pl.DataFrame) -> str:
    content: dict[str, Any] = {
        "scenario": scenario.name,
        "digest": scenario.digest,
        "reward": scenario.world_kind.reward,
        "confidence": CONFIDENCE,
        "policies": frames["summary"].to_dicts(),
        **{name: frames[name].to_dicts() for name in IN_JSON},
        "checks": as_dicts(evaluate_checks(scenario.checks, replications, known)),
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
