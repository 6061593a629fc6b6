"""summary.parquet, pairs.parquet and summary.json of a run folder."""

import json
from pathlib import Path

import polars as pl

from reports.checks import Verdict, as_dicts, judge
from reports.estimators import CONFIDENCE
from reports.summary import pairs_frame, summary_frame
from sim.files import replacing, write_text
from sim.scenario import Scenario

# What reward and regret are measured in; `regret` is the expectation of it that was missed.
REWARD_OF_WORLD = {"bernoulli": "successes", "table": "conversions", "traffic": "purchases"}


def write_summary(run: Path, scenario: Scenario) -> None:
    """Write summary.parquet, pairs.parquet and summary.json from replications.parquet."""
    replications = pl.read_parquet(run / "replications.parquet")
    summary, pairs = summary_frame(replications), pairs_frame(replications)
    for name, frame in (("summary.parquet", summary), ("pairs.parquet", pairs)):
        with replacing(run / name) as temporary:
            frame.write_parquet(temporary)
    verdicts = judge(scenario.checks, replications)
    write_text(run / "summary.json", _json(scenario, summary, pairs, verdicts))


def _json(scenario: Scenario, summary: pl.DataFrame, pairs: pl.DataFrame, verdicts: list[Verdict]) -> str:
    content = {
        "scenario": scenario.name,
        "digest": scenario.digest,
        "reward": REWARD_OF_WORLD[scenario.world.kind],
        "confidence": CONFIDENCE,
        "policies": summary.to_dicts(),
        "pairs": pairs.to_dicts(),
        "checks": as_dicts(verdicts),
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
