"""Differences of differences between runs, and the command that shows them for any number of runs."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from reports.compare import compare
from reports.compare_report import comparison_report
from reports.estimators.intervals import independent_difference, paired_difference
from reports.leads import leads, titles
from reports.leads_text import NOTHING, leads_data, leads_text
from reports.render import markdown
from reports.scenario_facts import page_months
from sim.cli import cli
from sim.errors import InputError
from sim.runs.run import StoredRun
from twins.invented_run import stored_run

KINDS = ("wilson_sample", "thompson_beta", "uniform")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[StoredRun, StoredRun]:
    folder = tmp_path_factory.mktemp("leads")
    first = stored_run(folder / "before", "traffic", KINDS)
    return first, stored_run(folder / "after", "traffic", KINDS, luck=2, feedback={"refresh_hours": 12})


def dollars(run: StoredRun, name: str) -> np.ndarray:
    months = page_months(run.scenario, run.replications)
    assert months is not None
    return run.replications.filter(pl.col("policy") == name).sort("replication")["revenue_usd"].to_numpy() / months


def test_a_change_of_a_lead_is_a_difference_of_differences(runs: tuple[StoredRun, StoredRun]) -> None:
    found = leads(*runs, paired=True)
    assert found is not None
    assert [each.policy for each in found.changes] == ["thompson_beta", "uniform"]
    for each in found.changes:
        before, after = (dollars(run, each.policy) - dollars(run, "wilson_sample") for run in runs)
        assert each.first.value == pytest.approx(before.mean())
        assert each.second.value == pytest.approx(after.mean())
        assert each.change == paired_difference(after, before)
    unpaired = leads(*runs, paired=False)
    assert unpaired is not None
    before, after = (dollars(run, "uniform") - dollars(run, "wilson_sample") for run in runs)
    assert unpaired.changes[1].change == independent_difference(after, before)


def test_what_changes_for_all_policies_alike_drops_out(runs: tuple[StoredRun, StoredRun]) -> None:
    first, _ = runs
    found = leads(first, first, paired=True)
    assert found is not None
    assert [each.change.estimate.value for each in found.changes] == [0.0, 0.0]
    assert found.baseline_means[0] == found.baseline_means[1]


def test_runs_without_a_common_baseline_have_no_leads(runs: tuple[StoredRun, StoredRun], tmp_path: Path) -> None:
    other = stored_run(tmp_path / "other", "traffic", ("uniform", "greedy"))
    assert leads(runs[0], other, paired=False) is None
    assert leads_text(None) == NOTHING
    assert leads_data(None) == []
    assert NOTHING in markdown(comparison_report(runs[0], other, compare(runs[0], other)))


def test_titles_are_folders_with_as_much_of_the_path_as_tells_them_apart(tmp_path: Path) -> None:
    def at(*parts: str) -> StoredRun:
        return StoredRun(tmp_path.joinpath(*parts))

    assert titles([at("x", "one"), at("x", "two")]) == ["one", "two"]
    assert titles([at("x", "run"), at("y", "run"), at("y", "z")]) == ["x/run", "y/run", "y/z"]
    assert titles([at("x"), at("x")]) == ["x", "x"]


def test_the_report_says_how_leads_change_under_the_folders_names(runs: tuple[StoredRun, StoredRun]) -> None:
    report = comparison_report(*runs, compare(*runs))
    assert report.title == "before → after"
    text = markdown(report)
    assert "How leads change" in text
    assert "US dollars per page and month" in text


def test_three_runs_are_each_compared_with_the_first(runs: tuple[StoredRun, StoredRun], tmp_path: Path) -> None:
    first, second = (str(run.path) for run in runs)
    done = CliRunner().invoke(cli, ["compare", first, second, first, "--json", "--out", str(tmp_path / "out")])
    data = json.loads(done.stdout)
    assert data["runs"] == ["before", "after", "before"]
    assert [each["second"] for each in data["comparisons"]] == ["after", "before"]
    assert data["comparisons"][1]["leads"][0]["change"] == 0.0
    assert (tmp_path / "out" / "after" / "compare.html").is_file()


def test_one_run_alone_is_refused(runs: tuple[StoredRun, StoredRun]) -> None:
    done = CliRunner().invoke(cli, ["compare", str(runs[0].path)])
    assert isinstance(done.exception, InputError)
    assert "at least two runs" in str(done.exception)
