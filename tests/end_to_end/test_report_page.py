"""report.html and report.md of real runs: complete, byte-identical, small, quick; what is missing is said."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

import sim
from reports.estimators.comparisons import METRICS, win_probability
from reports.render import escape_markdown
from reports.report_input import report_input
from reports.sections.registry import section_of_figure
from sim.cli import cli
from sim.errors import InputError
from sim.runs.folders.run_folder import RunFolder

pytestmark = pytest.mark.slow

SCENARIO: dict[str, Any] = {
    "name": "page",
    "replications": 12,
    "horizon": {"pulls": 300},
    "world": {"kind": "bernoulli", "means": [0.2, 0.5, 0.8]},
    "policies": ["wilson_sample", "thompson_beta", "greedy", "oracle"],
}
TRAFFIC: dict[str, Any] = {
    "name": "money",
    "replications": 4,
    "horizon": {"days": 12},
    "world": {"kind": "traffic", "pages": 2, "audience": {"fixed": 100000}, "bank": {"captions": 60}},
    "policies": ["wilson_sample", "greedy", "oracle"],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> sim.Run:
    return sim.run(SCENARIO, out=tmp_path_factory.mktemp("page") / "run")


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> sim.Run:
    return sim.run(TRAFFIC, out=tmp_path_factory.mktemp("money") / "run")


def copied(run: sim.Run, to: Path) -> Path:
    return Path(shutil.copytree(run.path, to))


def test_identical_runs_give_identical_bytes(run: sim.Run, tmp_path: Path) -> None:
    again = sim.run(SCENARIO, out=tmp_path / "again", workers=2)
    written = sorted(path.relative_to(run.path) for path in run.path.glob("figures/*"))
    assert len(written) > 20
    for name in (Path("report.html"), Path("report.md"), *written):
        assert (run.path / name).read_bytes() == (again.path / name).read_bytes(), name


def test_every_section_is_there_in_order(run: sim.Run, traffic: sim.Run) -> None:
    for each, present, absent in (
        (run, "Bias of the sample mean", "no prices"),
        (traffic, "$ per page and month", "moving median"),
    ):
        text = (each.path / "report.md").read_text()
        headings = re.findall(r"^## (\w+)", text, flags=re.M)
        assert headings[:5] == ["Gains", "Who", "Leaderboard", "Paired", "Regret"]
        assert headings[5:] == ["Allocation", "Estimation", "What", "Money", "The", "Definitions", "Where"]
        assert present in text
        assert absent in text
        assert len(text.encode()) < 200_000
        # Each figure is shown once; one that tells policies apart nowhere is a link.
        shown = re.findall(r"\]\(figures/(\w+\.svg)\)", text)
        assert sorted(shown) == sorted(path.name for path in (each.path / "figures").glob("*.svg"))


def test_pictures_are_twice_as_large_as_png(run: sim.Run) -> None:
    svg = (run.path / "figures" / "regret_curves.svg").read_text()
    width = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])  # type: ignore[index]
    png = (run.path / "figures" / "regret_curves.png").read_bytes()
    assert int.from_bytes(png[16:20], "big") == pytest.approx(2 * width, abs=2)


def test_a_run_without_the_newer_tables_says_what_is_left_out(run: sim.Run, tmp_path: Path) -> None:
    old = copied(run, tmp_path / "old")
    for name in ("allocation", "exploration", "estimation", "ranks"):
        (old / f"{name}.parquet").unlink()
    folder = RunFolder(old)
    manifest = folder.manifest()
    absent = {f"{name}.parquet" for name in ("allocation", "exploration", "estimation", "ranks")}
    kept = {name: digest for name, digest in manifest["files"].items() if name not in absent}
    folder.write_manifest({**manifest, "files": kept})
    text = sim.load_run(old).report().with_suffix(".md").read_text()
    assert "there is no allocation.parquet" in text
    assert "there is no estimation.parquet" in text
    assert not (old / "figures" / "allocation.svg").exists()  # a stale figure would be taken for a current one


def test_the_bound_is_drawn_where_arms_are_fixed_and_changes_where_they_are_not(run: sim.Run, tmp_path: Path) -> None:
    assert "Lai–Robbins bound" in (run.path / "figures" / "regret_curves.svg").read_text()
    world = SCENARIO["world"] | {"changes": [{"at": 100, "means": [0.8, 0.5, 0.2]}]}
    feedback = {"refresh_every": 50}
    changed = sim.run(SCENARIO | {"world": world, "feedback": feedback}, out=tmp_path / "changed")
    svg = (changed.path / "figures" / "regret_curves.svg").read_text()
    assert "Lai–Robbins" not in svg
    assert "world changes" in svg
    assert "refreshes of the statistics" in (changed.path / "report.md").read_text()


def test_the_matrix_is_that_of_the_table(run: sim.Run) -> None:
    seen = report_input(run, metric="regret")
    rows = win_probability(seen.values, seen.order, METRICS["regret"])
    for row in pl.read_parquet(run.path / "beats.parquet").to_dicts():
        assert rows[seen.order.index(row["policy"])][seen.order.index(row["other"])] == row["share"]


def test_commands_choose_baseline_and_metric(run: sim.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("click.launch", lambda url: shown.append(url) or 0)
    folder = copied(run, tmp_path / "run")
    asked = ["report", str(folder), "--baseline", "greedy", "--metric", "reward", "--open", "--json"]
    result = CliRunner().invoke(cli, asked)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["report"] == str(folder / "report.html")
    assert shown == [(folder / "report.html").as_uri()]
    text = (folder / "report.md").read_text()
    assert "compared by reward, baseline greedy" in text
    assert "## Paired differences from greedy" in text
    with pytest.raises(InputError, match="absent"):
        sim.load_run(folder).report(baseline="absent")


def test_two_runs_compare_on_a_page_of_the_same_form(run: sim.Run, tmp_path: Path) -> None:
    other = sim.run(SCENARIO | {"feedback": {"refresh_every": 50}}, out=tmp_path / "other", report=False)
    out = tmp_path / "compared"
    asked = ["compare", str(run.path), str(other.path), "--out", str(out)]
    planned = CliRunner().invoke(cli, [*asked, "--dry-run", "--json"])
    assert json.loads(planned.stdout)["would_write"][0] == str(out / "compare.html")
    assert not out.exists()
    result = CliRunner().invoke(cli, asked)
    assert result.exit_code == 0, result.output
    html, text = (out / "compare.html").read_text(), (out / "compare.md").read_text()
    assert html.count("<svg") == 2
    assert '<th scope="col" class="words">second</th>' in html  # names stand above values that are words, too
    assert "feedback.refresh\\_every" in text or "feedback.refresh_every" in text
    assert "Replication r of both runs meets the same world" in text
    seeded = sim.run(SCENARIO | {"seed": 99}, out=tmp_path / "seeded", report=False)
    assert CliRunner().invoke(cli, ["compare", str(run.path), str(seeded.path), "--out", str(out)]).exit_code == 0
    assert "Welch" in (out / "compare.md").read_text()


def test_every_figure_can_be_had_in_a_notebook(run: sim.Run, traffic: sim.Run) -> None:
    for name in section_of_figure():
        of_money, of_truth = name.startswith(("revenue", "loop")), name.startswith("estimation")
        assert isinstance((traffic if of_money else run).plot(name), Figure)
        if of_money or of_truth:
            with pytest.raises(InputError, match="no figure"):
                (run if of_money else traffic).plot(name)
    methods = [name for name in dir(run) if name.startswith("plot_")]
    assert len(methods) >= 12
    for name in methods:
        assert isinstance(getattr(traffic if "revenue" in name else run, name)(), Figure)
    with pytest.raises(InputError, match="absent"):
        run.plot("absent")


def test_the_rich_display_is_verdict_and_leaderboard(run: sim.Run) -> None:
    html = run._repr_html_()
    assert html.count("<table>") == 1
    assert "<script" not in html
    assert all(f">{name}<" in html for name in SCENARIO["policies"])


def test_markdown_is_escaped() -> None:
    assert escape_markdown("<b>|`x`\n[y](z)*") == "&lt;b&gt;\\|\\`x\\` \\[y\\](z)\\*"


@pytest.mark.long
def test_twelve_policies_and_a_thousand_replications_are_a_small_page(tmp_path: Path) -> None:
    names = [f"{kind}_{i}" for i in range(4) for kind in ("wilson_sample", "thompson_beta", "greedy")]
    policies = [{"kind": name.rpartition("_")[0], "name": name} for name in names]
    large = SCENARIO | {"replications": 1000, "policies": policies, "record": {"stats": "none"}}
    done = sim.run(large, out=tmp_path / "large", report=False)
    page = done.report()
    assert page.stat().st_size < 2_000_000
    assert page.with_suffix(".md").stat().st_size < 200_000
