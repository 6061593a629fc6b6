"""The section on the deployed loop, and the costs of incidents, on invented tables."""

from pathlib import Path

import polars as pl
import pytest
from matplotlib.text import Text

from reports.content import FigureBlock, Paragraph, TableBlock
from reports.report_input import report_input
from reports.sections.deployed_loop import NUMBERS, SECTION, SHARES, _lost, deployed_loop
from reports.sections.regret import incident_spans
from reports.tables.currencies import CURRENCIES, MISSED
from reports.tables.rows import by_policy
from sim.errors import InputError
from sim.incident_costs import ALL, SCHEMA, incident_runs, run_costs
from sim.runs.run import StoredRun
from sim.scenario import load
from twins.invented_run import stored_run


def scenario_with(*incidents):
    return load(
        {
            "name": "hit",
            "horizon": {"days": 30},
            "replications": 3,
            "world": {"kind": "traffic", "pages": 1},
            "incidents": list(incidents),
            "policies": ["uniform"],
        }
    )


UNFILLED, LATE = NUMBERS["unfilled"], NUMBERS["late_purchases"]
RATES = {"kind": "rates", "from": 10, "days": 5, "factor": 0.5}
DOWN = {"kind": "update_job_down", "from": 20}


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    return stored_run(tmp_path_factory.mktemp("loop") / "traffic", "traffic")


def tables_of(section):
    return [item for item in section.content if isinstance(item, TableBlock)]


def test_shares_and_currencies_are_shown_per_policy(traffic):
    shares, numbers, currencies = tables_of(deployed_loop(report_input(traffic)))
    assert shares.header == ["policy", *SHARES.values()]
    assert all(cell.value == pytest.approx(0.25) for row in shares.rows for cell in row[1:])
    assert all(row[numbers.header.index("unfilled slots")].value == 3.0 for row in numbers.rows)
    assert all(row[numbers.header.index("day of 90 % in the top decile")].text == "–" for row in numbers.rows)
    rewards = {name: rows["reward"].mean() for (name,), rows in traffic.replications.group_by("policy")}
    for row in currencies.rows:
        found = dict(zip(currencies.header, row, strict=True))
        missed = rewards["oracle"] - rewards[row[0].text]
        assert found[CURRENCIES["reward"]].value == pytest.approx(missed)
        assert found[CURRENCIES["labels"]].value == pytest.approx(missed / 2)
        assert found[CURRENCIES["revenue_usd"]].value == pytest.approx(10 * missed)


def test_every_diagnostic_has_a_figure(traffic):
    figures = [item for item in deployed_loop(report_input(traffic)).content if isinstance(item, FigureBlock)]
    weekly = ["loop_exploration", "loop_cold", "loop_distinct_captions", "loop_top_decile", "loop_mean_price"]
    assert [figure.name for figure in figures] == ["loop_lost", "loop_table_and_revenue", "loop_currencies", *weekly]
    assert set(SECTION.figures) == {figure.name for figure in figures}


@pytest.mark.parametrize(
    ("unfilled", "late", "shown"), [(0, 0, []), (3, 0, [UNFILLED]), (0, 5, [LATE]), (3, 5, [UNFILLED, LATE])]
)
def test_unfilled_slots_and_late_purchases_have_a_figure_where_there_are_any(traffic, unfilled, late, shown):
    data = report_input(traffic)
    values = {"unfilled": pl.lit(unfilled), "late_purchases": pl.lit(late)}
    rows = {name: own.with_columns(**values) for name, own in by_policy(data.run.replications).items()}
    figures = _lost(rows, data)
    assert len(figures) == bool(shown)
    texts = {text.get_text() for block in figures for text in block.figure.findobj(Text)}
    assert {UNFILLED, LATE} & texts == set(shown)


def test_other_worlds_have_no_deployed_loop(tmp_path: Path):
    section = deployed_loop(report_input(stored_run(tmp_path / "bernoulli")))
    (paragraph,) = section.content
    assert isinstance(paragraph, Paragraph)
    assert "bernoulli" in paragraph.text


def test_a_run_is_made_without_each_incident():
    runs = incident_runs(scenario_with(RATES, DOWN))
    assert list(runs) == [ALL, "without-1-rates", "without-2-update_job_down"]
    assert [one.kind for one in runs["without-1-rates"].incidents] == ["update_job_down"]
    assert [one.kind for one in runs["without-2-update_job_down"].incidents] == ["rates"]


def test_a_scenario_without_incidents_is_refused():
    with pytest.raises(InputError, match="lists no incidents"):
        incident_runs(scenario_with())


class Made:
    """A run with given revenues."""

    def __init__(self, path, scenario, revenue):
        self.path, self.scenario = path, scenario
        rows = {"policy": ["uniform"] * 3, "replication": [0, 1, 2], "revenue_usd": revenue}
        self.replications = pl.DataFrame(rows)


def test_costs_are_paired_differences_of_revenue(tmp_path: Path):
    made = {name: Made(tmp_path, one, [90.0, 80.0, 100.0]) for name, one in incident_runs(scenario_with(RATES)).items()}
    made["without-1-rates"].replications = made[ALL].replications.with_columns(pl.col("revenue_usd") + 10.0)
    costs = run_costs(made)
    assert dict(costs.schema) == {name: kind() if isinstance(kind, type) else kind for name, kind in SCHEMA.items()}
    (row,) = costs.to_dicts()
    assert (row["kind"], row["from"], row["policy"]) == ("rates", 10.0, "uniform")
    assert row["cost_usd"] == pytest.approx(10.0)
    assert row["cost_share"] == pytest.approx(0.1)
    assert pl.read_parquet(tmp_path / "incidents.parquet").equals(costs)


def test_incidents_are_marked_from_their_first_day_to_their_last(traffic, monkeypatch):
    data = report_input(traffic)
    monkeypatch.setattr(type(data), "scenario", scenario_with(RATES, DOWN))
    assert incident_spans(data).spans == [(10.0, 15.0, "rates"), (20.0, 30.0, "update_job_down")]


def test_what_is_missed_is_in_the_summary(traffic):
    summary = traffic.summary
    assert set(MISSED.values()) <= set(summary.columns)
    rewards = dict(zip(summary["policy"], summary["mean_reward"], strict=True))
    for row in summary.iter_rows(named=True):
        short = rewards["oracle"] - rewards[row["policy"]]
        assert row["missed_purchases"] == pytest.approx(short)
        assert row["missed_labels"] == pytest.approx(short / 2)
        assert row["missed_usd"] == pytest.approx(10 * short)
