"""Each behaviour of the deployed loop is a switch: a small run with it differs from one without as it must.

The table in docs/production-loop.md lists the same behaviours, the tests against the naive twin, and the proof by SQL.
"""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sim.calendar.incidents import kinds
from sim.scenario import load
from sim.scenario.sections.traffic_loop import Selection, TrafficFeedback
from sim.worlds.traffic.world import TrafficWorld

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "production-loop.md"
DAYS = 28
SMALL = [
    "replications=2", "policies=[wilson_sample]", f"horizon.days={DAYS}", "record={stats: last}", "world.pages=2",
    "world.bank={captions: 240, categories: 15}", "world.audience.fixed=20000", "world.sends={}",
    "world.purchases={per_view: [[5, 0.02], [20, 0.005]], reference_audience: 20000}",
    "feedback.attribution=0.5", "feedback.loads.every_hours=24",
]  # fmt: skip
NO_LOADS = ["feedback.loads=null"]

Facts = dict[str, float]


def facts_of(*switches: str) -> Facts:
    """Sums of two replications of the small scenario, and of its table."""
    scenario = load("production_small", [*SMALL, *switches])
    world = TrafficWorld(scenario, scenario.policies[0], range(2))
    world.advance(DAYS)
    facts = {name: float(np.nansum(values)) for name, values in world.loop().columns.items()}
    tables = [world.counts(index) for index in range(2)]
    labels = np.concatenate([table.successes + table.failures for table in tables])
    facts |= {"rows": float(len(labels)), "counts": float(labels.sum()), "most_counts": float(labels.max())}
    facts["observations"] = float(sum(table.observations.sum() for table in tables))
    facts["null_sums"] = float(sum(0 if one.revenue_null is None else one.revenue_null.sum() for one in tables))
    return facts | {"revenue": float(world.totals().revenue_micros.sum()), "sends": float(world.totals().pulls.sum())}


def less(name: str) -> Callable[[Facts, Facts], bool]:
    return lambda base, changed: changed[name] < base[name]


def more(name: str) -> Callable[[Facts, Facts], bool]:
    return lambda base, changed: changed[name] > base[name]


def incident(text: str) -> list[str]:
    return [f"incidents=[{{{text}}}]"]


# Behaviour, what the run without it has set, what switches it on, and how the second run differs from the first.
WALK: list[tuple[str, list[str], list[str], Callable[[Facts, Facts], bool]]] = [
    ("look_back_days", [], ["feedback.look_back_days=2"], less("recount_factor")),
    ("refresh_hours", [], ["feedback.refresh_hours=1"], more("recount_factor")),
    ("label_after_hours", NO_LOADS, ["feedback.label_after_hours=48"], less("late_purchases")),
    ("median", [], ["feedback.median=exact"], lambda base, changed: changed["counts"] == base["counts"]),
    ("median_days", [], ["feedback.median_days=2"], lambda base, changed: changed["labels"] != base["labels"]),
    ("label", [], ["feedback.label=sold"], lambda base, changed: changed["labels"] != base["labels"]),
    ("unsold", [], ["feedback.unsold=missing"], less("counts")),
    ("null_sum", ["feedback.unsold=missing"], ["feedback.null_sum='null'"], more("null_sums")),
    ("decay_per_refresh", [], ["feedback.decay_per_refresh=0.9"], less("counts")),
    ("cap", [], ["feedback.cap=9"], lambda base, changed: changed["most_counts"] <= 10 < base["most_counts"]),
    ("loads", [], ["feedback.loads.every_hours=168"], less("recount_factor")),
    ("loads.lag_hours", [], ["feedback.loads.lag_hours=48"], less("late_purchases")),
    ("loads.report_days", [], ["feedback.loads.report_days=1"], less("observations")),
    ("attribution", [], ["feedback.attribution=1"], more("rows")),
    ("quotas", [], ["selection.quotas.premium=0"], less("mean_price")),
    ("cool_down_days", [], ["selection.cool_down_days=0"], less("distinct_captions")),
    ("no_row_value", [], ["selection.no_row_value=zero"], lambda base, changed: changed["rows"] != base["rows"]),
    ("budgets", [], ["selection.budgets=false"], less("unfilled")),
    ("rank_defect", [], ["selection.rank_defect=false"], less("unfilled")),
    ("price_tiers", [], ["selection.price_tiers=[1]"], less("mean_price")),
    ("sweep", [], ["selection.sweep=true"], less("unfilled")),
    ("bump", [], ["selection.bump=captions"], less("unfilled")),
    ("update_job_down", [], incident("kind: update_job_down, from: 8, days: 10"), less("recount_factor")),
    ("update_job_repeated", [], incident("kind: update_job_repeated, from: 8, days: 4, times: 3"),
     more("recount_factor")),
    ("update_job_interval", [], incident("kind: update_job_interval, from: 8, days: 4, hours: 1"),
     more("recount_factor")),
    ("loads_late", [], incident("kind: loads_late, from: 8, days: 10, late_days: 3"), less("recount_factor")),
    ("attribution", [], incident("kind: attribution, from: 4, days: 20, share: 0"), less("rows")),
    ("audience", [], incident("kind: audience, from: 4, days: 20, factor: 0.5"), less("revenue")),
    ("rates", [], incident("kind: rates, from: 4, days: 20, factor: 0.28"), less("revenue")),
    ("partition_expiry", [], incident("kind: partition_expiry, from: 20, after_days: 4"), less("rows")),
]  # fmt: skip
ELSEWHERE = {"counting", "score", "agency_lock", "scaled", "prices", "function_replaced"}
"""Behaviours that compile a kernel of their own, or none: `test_traffic_loop`, `test_traffic_composite`,
`test_agency_lock`, `test_traffic_world` and `test_traffic_incidents` compare runs with and without them."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "switch", "differs"), [one[1:] for one in WALK], ids=[f"{i}-{one[0]}" for i, one in enumerate(WALK)]
)
def test_a_run_with_the_switch_differs_as_it_must(
    before: list[str], switch: list[str], differs: Callable[[Facts, Facts], bool]
) -> None:
    base, changed = facts_of(*before), facts_of(*before, *switch)
    assert differs(base, changed), {name: (base[name], changed[name]) for name in base if base[name] != changed[name]}
    assert base != changed


def test_no_key_of_the_loop_and_no_incident_is_left_out() -> None:
    keys = {*TrafficFeedback.model_fields, *Selection.model_fields, *kinds()}
    assert {one[0].split(".")[0] for one in WALK} | ELSEWHERE == keys


def test_the_page_names_every_key_and_tests_that_exist() -> None:
    table = PAGE.read_text(encoding="utf-8").split("## Every behaviour, its key and its proof")[1].split("\n## ")[0]
    named = set(re.findall(r"`([a-z_]+)(?:[:.][^`]*)?`", table))
    missing = {*TrafficFeedback.model_fields, *Selection.model_fields, *kinds()} - named
    assert not missing
    modules = {name for name in named if name.startswith("test_")}
    assert modules
    assert [name for name in modules if not list(ROOT.glob(f"tests/**/{name}.py"))] == []
