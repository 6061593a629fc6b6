"""Every section of a report on invented tables: the figures in its tables can be worked out by hand."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from reports.content import Cell, Definitions, FigureBlock, Paragraph, Section, TableBlock
from reports.decision.from_run import tails
from reports.estimators.intervals import CONFIDENCE, mean_interval
from reports.notebook import figure, rich_display
from reports.render import html, markdown
from reports.report import report_content, subtitle, write_report
from reports.report_input import ReportInput, report_input
from reports.sections.registry import build_sections, section_of_figure
from reports.tables.rows import by_policy as by_name
from sim.errors import InputError
from sim.runs.run import StoredRun
from twins.invented_run import GAINS, KINDS, PAGES, N, stored_run

OTHERS = ("thompson_beta", "greedy", "uniform")


@pytest.fixture(scope="module")
def bernoulli(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    return stored_run(tmp_path_factory.mktemp("invented") / "bernoulli")


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    return stored_run(tmp_path_factory.mktemp("invented") / "traffic", "traffic")


@cache
def sections(run: StoredRun, baseline: str | None = None, metric: str | None = None) -> dict[str, Section]:
    return {section.key: section for section in build_sections(report_input(run, baseline, metric))}


def tables(section: Section) -> list[TableBlock]:
    return [item for item in section.content if isinstance(item, TableBlock)]


def texts(section: Section) -> str:
    return " ".join(item.text for item in section.content if isinstance(item, Paragraph))


def by_policy(table: TableBlock) -> dict[str, dict[str, Cell]]:
    return {row[0].text: dict(zip(table.header, row, strict=False)) for row in table.rows}


def values(run: StoredRun, name: str, column: str = "reward") -> np.ndarray:
    return run.replications.filter(policy=name).sort("replication")[column].to_numpy()


def test_the_metric_is_money_where_there_is_money_and_else_reward(bernoulli: StoredRun, traffic: StoredRun) -> None:
    assert report_input(bernoulli).metric.name == "reward"
    assert report_input(traffic).metric.name == "revenue_usd"
    assert "compared by revenue, baseline wilson_sample" in subtitle(report_input(traffic))
    assert report_input(traffic).unit == "US dollars"


def test_gains_are_those_of_paired_replications(bernoulli: StoredRun) -> None:
    (table,) = tables(sections(bernoulli)["decision"])
    rows = by_policy(table)
    assert set(rows) == set(KINDS) - {"oracle"}
    for name in OTHERS:
        gain = values(bernoulli, name) - values(bernoulli, "wilson_sample")
        assert rows[name]["gain"].value == pytest.approx(gain.mean())
        assert rows[name]["better in"].value == (gain > 0).mean()
        missing = values(bernoulli, "oracle") - values(bernoulli, name)
        assert rows[name]["shortfall"].value == pytest.approx(missing.mean())
    assert rows["wilson_sample"]["guardrails"].text == "baseline"
    assert rows["uniform"]["guardrails"].text == "anchor only"
    assert table.emphasised == report_input(bernoulli).decision.policy


def test_the_share_of_the_possible_gain_lies_between_random_and_perfect(bernoulli: StoredRun) -> None:
    rows = by_policy(tables(sections(bernoulli)["decision"])[0])
    share = rows["wilson_sample"]["of the possible gain"].value
    assert share == pytest.approx(-GAINS["uniform"] / (GAINS["oracle"] - GAINS["uniform"]), abs=0.01)
    assert rows["uniform"]["of the possible gain"].value == pytest.approx(0.0, abs=1e-12)


def test_money_is_told_per_page_and_month(traffic: StoredRun) -> None:
    months = PAGES * 60 / (365.25 / 12)
    rows = by_policy(tables(sections(traffic)["decision"])[0])
    gain = (values(traffic, "thompson_beta", "revenue_usd") - values(traffic, "wilson_sample", "revenue_usd")) / months
    assert rows["thompson_beta"]["gain"].value == pytest.approx(gain.mean())
    assert rows["thompson_beta"]["gain"].text.startswith("$")
    money = by_policy(tables(sections(traffic)["money"])[0])
    estimate = mean_interval(values(traffic, "greedy", "revenue_usd") / months)
    assert money["greedy"]["$ per page and month"].value == pytest.approx(estimate.value)


def test_a_world_without_prices_has_no_money_section(bernoulli: StoredRun) -> None:
    section = sections(bernoulli)["money"]
    assert "has no prices" in texts(section)
    assert not tables(section)


def test_the_leaderboard_is_sorted_by_the_metric_and_marks_the_leader(bernoulli: StoredRun) -> None:
    board = tables(sections(bernoulli)["leaderboard"])[0]
    means = {name: values(bernoulli, name).mean() for name in KINDS}
    assert [row[0].text for row in board.rows] == sorted(KINDS, key=lambda name: -means[name])
    assert board.emphasised == "thompson_beta"
    ranks = tables(sections(bernoulli)["leaderboard"])[1]
    for row in ranks.rows:
        shares = [cell.value for cell in row[4:]]
        assert sum(shares) == pytest.approx(1.0)


def test_paired_differences_are_those_of_the_estimator(bernoulli: StoredRun) -> None:
    section = sections(bernoulli, "greedy", "regret")["differences"]
    rows = by_policy(tables(section)[0])
    known = tails(bernoulli.scenario, by_name(bernoulli.replications))
    for name in ("wilson_sample", "thompson_beta", "uniform"):
        own, base = values(bernoulli, name, "regret"), values(bernoulli, "greedy", "regret")
        found = known.gain((name, "greedy"), own, base, CONFIDENCE)
        assert rows[name]["difference"].value == found.value
        assert rows[name]["95 % interval"].value == found.low
    assert "Negative is better" in texts(section)
    assert "greedy" not in rows


def test_the_matrix_of_wins_has_no_diagonal_and_adds_up(bernoulli: StoredRun) -> None:
    matrix = tables(sections(bernoulli)["differences"])[1]
    names = [row[0].text for row in matrix.rows]
    shares = {(row[0].text, name): cell.value for row in matrix.rows for name, cell in zip(names, row[1:], strict=True)}
    for one in names:
        assert shares[one, one] is None
        for other in names:
            if one != other:
                assert (shares[one, other] or 0.0) + (shares[other, one] or 0.0) == pytest.approx(1.0)


def test_lock_out_is_told_with_its_time(bernoulli: StoredRun) -> None:
    rows = by_policy(tables(sections(bernoulli)["allocation"])[0])
    assert rows["wilson_sample"]["ever locked out"].value == 0.5
    assert rows["wilson_sample"]["since (median, pulls)"].value == 7.0
    assert rows["thompson_beta"]["since (median, pulls)"].text == "–"


def test_estimation_weighs_captions(bernoulli: StoredRun, traffic: StoredRun) -> None:
    rows = by_policy(tables(sections(bernoulli)["estimation"])[0])
    assert rows["greedy"]["captions"].value == 60.0
    assert rows["greedy"]["bias"].value == pytest.approx(-0.02)
    assert rows["greedy"]["coverage"].value == pytest.approx(0.9)
    assert "moving median" in texts(sections(traffic)["estimation"])


def test_provenance_and_definitions_repeat_what_was_run(traffic: StoredRun) -> None:
    found = sections(traffic)
    (items,) = [dict(item.items) for item in found["provenance"].content if isinstance(item, Definitions)]
    assert items["digest"] == traffic.manifest["digest"]
    assert items["replications"] == f"{N} of each policy"
    terms = dict(next(item.items for item in found["words"].content if isinstance(item, Definitions)))
    assert {"gain", "shortfall", "possible gain", "regret", "oracle", "$ per page and month"} <= set(terms)
    assert terms["regret"].startswith("pseudo-regret")


@pytest.mark.slow
def test_every_figure_that_a_section_declares_is_drawn_in_some_world(bernoulli: StoredRun, traffic: StoredRun) -> None:
    drawn = {
        item.name
        for run in (bernoulli, traffic)
        for section in sections(run).values()
        for item in section.content
        if isinstance(item, FigureBlock)
    }
    assert drawn == set(section_of_figure())


def test_a_figure_alone_is_that_of_the_report_and_a_missing_one_says_why(bernoulli: StoredRun) -> None:
    assert figure(bernoulli, "decision_gains").axes
    with pytest.raises(InputError, match="no figure 'revenue_by_tier'") as refused:
        figure(bernoulli, "revenue_by_tier")
    assert "has no prices" in str(refused.value.hint)
    with pytest.raises(InputError, match="no figure 'absent'"):
        figure(bernoulli, "absent")


def test_html_and_markdown_say_the_same_decision_first(traffic: StoredRun) -> None:
    data = report_input(traffic)
    report = report_content(data)
    page, text = html(report), markdown(report)
    assert page.index('class="headline"') < page.index("<nav")
    assert "<code>run invented --set replications=" in page or data.decision.outcome != "undecided"
    assert text.index("## Gains and risks") < text.index("## Leaderboard")
    for sentence in report.details:
        assert sentence.split("`")[0][:40].replace("<", "&lt;") in page


def test_the_display_in_a_notebook_is_the_decision_and_the_leaderboard(traffic: StoredRun) -> None:
    shown = rich_display(traffic)
    assert shown.count("<table>") == 1
    assert "random choice" in shown
    assert "thompson_beta" in shown


def test_a_report_elsewhere_leaves_the_run_folder_and_other_files_alone(traffic: StoredRun, tmp_path: Path) -> None:
    theirs = tmp_path / "out" / "figures" / "mine.svg"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine", "utf-8")
    page = write_report(traffic, out=tmp_path / "out", title="For the team <b>")
    assert page == tmp_path / "out" / "report.html"
    assert "<h1>For the team &lt;b&gt;</h1>" in page.read_text("utf-8")
    assert theirs.read_text("utf-8") == "mine"
    assert not (traffic.path / "report.html").exists()


def test_a_report_in_the_run_folder_removes_figures_of_an_earlier_one(tmp_path: Path) -> None:
    run = stored_run(tmp_path / "run", policies=("wilson_sample", "uniform"))
    stale = run.path / "figures" / "old.svg"
    stale.parent.mkdir()
    stale.write_text("old", "utf-8")
    write_report(run)
    assert not stale.exists()
    assert (run.path / "figures" / "decision_gains.svg").is_file()


def test_one_policy_and_one_replication_are_reported_without_a_comparison(tmp_path: Path) -> None:
    alone = stored_run(tmp_path / "alone", policies=("wilson_sample",))
    assert "nothing to compare" in texts(sections(alone)["decision"])
    single = stored_run(tmp_path / "single", replications=1)
    assert "One replication" in texts(sections(single)["differences"])
    assert "no interval from one replication" in report_content(report_input(single)).headline


def test_checks_of_the_scenario_are_in_the_report_and_know_of_lock_outs(tmp_path: Path) -> None:
    claims = [
        {"metric": "reward", "policy": "oracle", "better_than": "uniform", "margin": 10},
        {"metric": "reward", "policy": "uniform", "better_than": "wilson_sample"},
    ]
    run = stored_run(tmp_path / "checked", checks=claims)
    data: ReportInput = report_input(run)
    assert [each.passed for each in data.checks] == [True, False]
    table = tables(sections(run)["leaderboard"])[-1]
    assert [row[1].text for row in table.rows] == ["passed", "FAILED"]


def test_lock_out_is_not_told_of_deterministic_policies_that_return_to_every_caption(bernoulli: StoredRun) -> None:
    board = by_policy(tables(sections(bernoulli)["leaderboard"])[0])
    assert board["oracle"]["locked out"].text == "–"
    assert board["greedy"]["locked out"].text == "50 %"  # deterministic, and it can be locked out for ever
    assert set(by_policy(tables(sections(bernoulli)["allocation"])[0])) == set(KINDS) - {"oracle"}


def test_anchors_that_the_run_lacks_are_named(bernoulli: StoredRun) -> None:
    assert "Not in this run: round_robin." in texts(sections(bernoulli)["decision"])
