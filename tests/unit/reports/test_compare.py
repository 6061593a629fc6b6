"""Two runs compared, on invented tables: what differs, what that did to each policy, and what each run decides."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from reports.compare import compare, differing, same_luck
from reports.compare_report import comparison_report
from reports.content import FigureBlock, Paragraph, TableBlock
from reports.estimators.intervals import independent_difference, paired_difference
from reports.render import html, markdown
from sim.cli import cli
from sim.errors import InputError
from sim.runs.run import StoredRun
from twins.invented_run import stored_run

KINDS = ("wilson_sample", "thompson_beta", "uniform")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    return stored_run(tmp_path_factory.mktemp("compared") / "first", policies=KINDS)


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    """The same world and seed, other feedback and other results."""
    folder = tmp_path_factory.mktemp("compared") / "refreshed"
    return stored_run(folder, policies=KINDS, luck=2, feedback={"refresh_every": 50})


def regret(run: StoredRun, name: str) -> np.ndarray:
    return run.replications.filter(pl.col("policy") == name).sort("replication")["regret"].to_numpy()


def test_differences_of_paired_runs_are_second_minus_first(first: StoredRun, refreshed: StoredRun) -> None:
    comparison = compare(first, refreshed)
    assert comparison.paired
    assert comparison.scenario == {"feedback.refresh_every": (1, 50)}
    assert [change.policy for change in comparison.changes] == list(KINDS)
    for change in comparison.changes:
        one, two = regret(first, change.policy), regret(refreshed, change.policy)
        assert (change.first, change.second) == (pytest.approx(one.mean()), pytest.approx(two.mean()))
        assert change.pointwise == paired_difference(two, one).estimate
        assert change.simultaneous == paired_difference(two, one, 1.0 - 0.05 / len(KINDS)).estimate  # Bonferroni


def test_another_seed_world_or_number_of_replications_is_other_luck(first: StoredRun, tmp_path: Path) -> None:
    changes: list[dict[str, Any]] = [
        {"seed": 99},
        {"replications": 30},
        {"world": {"kind": "bernoulli", "means": [0.1, 0.9]}},
    ]
    for place, keys in enumerate(changes):
        other = stored_run(tmp_path / str(place), policies=KINDS, **keys)
        comparison = compare(first, other)
        assert not comparison.paired, keys
        change = comparison.changes[1]  # of a policy that is never locked out
        expected = independent_difference(regret(other, change.policy), regret(first, change.policy))
        assert change.difference == expected
        report = comparison_report(first, other, comparison)
        assert "independent runs" in report.subtitle
        assert "only where replications are paired" in markdown(report)


def test_another_file_under_the_same_scenario_is_other_luck(first: StoredRun) -> None:
    """The digest covers the contents of `world.source`; the scenario names only the file."""
    same = SimpleNamespace(
        scenario=first.scenario,
        replications=first.replications,
        manifest=dict(first.manifest),
        optional_table=first.optional_table,
    )
    assert compare(first, cast(StoredRun, same)).paired
    same.manifest["digest"] = "of another file"
    changed = compare(first, cast(StoredRun, same))
    assert not changed.paired
    assert changed.scenario == {"contents of world.source": ("one file", "another")}


@pytest.mark.parametrize("key", ["seed", "replications", "world"])
def test_luck_is_the_same_only_where_seed_replications_and_world_are(key: str) -> None:
    one = {"seed": 1, "replications": 40, "world": {"kind": "bernoulli", "means": [0.1, 0.2]}, "name": "one"}
    assert same_luck(one, {**one, "name": "two", "feedback": {"refresh_every": 50}})
    assert not same_luck(one, {**one, key: None})


def test_policies_of_one_run_only_are_named(first: StoredRun, tmp_path: Path) -> None:
    other = stored_run(tmp_path / "other", policies=("greedy", "uniform"))
    comparison = compare(first, other)
    assert comparison.only_first == ["wilson_sample", "thompson_beta"]
    assert comparison.only_second == ["greedy"]
    text = markdown(comparison_report(first, other, comparison))
    assert "Only in the first: wilson_sample, thompson_beta." in text
    assert "Only in the second: greedy." in text


def test_runs_without_a_common_policy_and_worlds_of_other_kinds(first: StoredRun, tmp_path: Path) -> None:
    strangers = stored_run(tmp_path / "strangers", policies=("greedy",))
    report = comparison_report(first, strangers, compare(first, strangers))
    assert "no policy in both runs" in markdown(report)
    assert report.details[-1].startswith("Leads are not compared")
    money = stored_run(tmp_path / "money", "traffic", policies=KINDS)
    with pytest.raises(InputError, match="bernoulli and traffic"):
        compare(first, money)


def test_another_horizon_is_said_to_change_the_length(first: StoredRun, tmp_path: Path) -> None:
    longer = stored_run(tmp_path / "longer", policies=KINDS, horizon={"pulls": 1_200})
    comparison = compare(first, longer)
    assert comparison.unlike_lengths
    report = comparison_report(first, longer, comparison)
    assert report.details[-1].startswith("The horizons differ")


def test_the_report_holds_the_decision_of_each_run(first: StoredRun, refreshed: StoredRun) -> None:
    report = comparison_report(first, refreshed, compare(first, refreshed))
    assert [text.partition(":")[0] for text in report.details[:2]] == ["first", "refreshed"]
    assert report.details[2] == "No policy's lead over wilson_sample is shown to change."
    content = [item for section in report.sections for item in section.content]
    assert [item.name for item in content if isinstance(item, FigureBlock)] == [
        "compare_differences",
        "compare_over_time",
    ]
    table = next(item for item in content if isinstance(item, TableBlock) and "Mean regret" in item.caption)
    assert [row[0].text for row in table.rows] == list(KINDS)
    assert any(isinstance(item, Paragraph) and "Negative is better" in item.text for item in content)
    assert html(report).count("<svg") == 2


def test_the_same_run_twice_differs_in_nothing(first: StoredRun) -> None:
    comparison = compare(first, first)
    assert comparison.scenario == {}
    assert all(change.difference.estimate.value == 0.0 for change in comparison.changes)
    report = comparison_report(first, first, comparison)
    assert report.headline == "The decision is the same in both runs: undecided."
    assert "No policy's regret is shown to differ" in markdown(report)


def test_keys_that_one_scenario_lacks_differ() -> None:
    assert differing({"a": 1, "b": 2}, {"a": 1, "c": 3}) == {"b": (2, "–"), "c": ("–", 3)}


def test_the_command_shows_both_decisions_and_writes_only_when_told(
    first: StoredRun, refreshed: StoredRun, tmp_path: Path
) -> None:
    asked = ["compare", str(first.path), str(refreshed.path), "--out", str(tmp_path / "out")]
    planned = json.loads(CliRunner().invoke(cli, [*asked, "--dry-run", "--json"]).stdout)
    assert not (tmp_path / "out").exists()
    assert planned["would_write"][0].endswith("compare.html")
    done = json.loads(CliRunner().invoke(cli, [*asked, "--json"]).stdout)
    assert done["paired"] is True
    assert done["decision"]["baseline"] == "wilson_sample"
    assert done["first_decision"]["outcome"] in {"switch", "keep", "undecided"}
    assert (tmp_path / "out" / "compare.md").is_file()
    text = CliRunner().invoke(cli, asked[:3]).stdout
    assert text.startswith("first → refreshed")
    assert "first: " in text
    assert "refreshed: " in text
    assert "Lead over wilson_sample" in text
    assert "feedback.refresh_every: 1 -> 50" in text
