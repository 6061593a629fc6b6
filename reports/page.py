"""report.html and report.md: one content, two templates. Nothing in them depends on when or where the run was made."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.curves import mean_curves
from reports.figures import regret_curves, regret_ranges
from reports.leaderboard import Leaderboard, leaderboard
from reports.tables import REWARD_OF_WORLD
from reports.verdict import Comparison, against, leader, sentences
from reports.words import interval, markdown_table, number, p_value
from sim.files import write_text

if TYPE_CHECKING:
    from reports.checks import Verdict
    from sim.api import Run

TEMPLATES = Path(__file__).parent / "templates"
DEPLOYED_KIND = "wilson_sample"


@dataclass(frozen=True)
class Page:
    """All that the templates show."""

    name: str
    verdict: list[str]
    subtitle: str
    board: Leaderboard
    leading: str
    differences: Leaderboard
    checks: "list[Verdict]"
    definitions: list[tuple[str, str]]
    provenance: list[tuple[str, str]]
    scenario_yaml: str
    figures: dict[str, str]


def write_report(run: "Run") -> Path:
    """Write report.html, report.md and figures/*.svg into the run folder; returns the path of report.html."""
    page = _page(run)
    folder = run.path / "figures"
    folder.mkdir(exist_ok=True)
    for name, svg in page.figures.items():
        write_text(folder / f"{name}.svg", svg)
    write_text(run.path / "report.md", _render("report.md.j2", page))
    write_text(run.path / "report.html", _render("report.html.j2", page))
    return run.path / "report.html"


def _render(template: str, page: Page) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415
    from markupsafe import Markup  # noqa: PLC0415

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=template.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["markdown_table"] = lambda board: markdown_table(board.header, board.rows)
    figures = {name: Markup(svg) for name, svg in page.figures.items()}  # noqa: S704 - made by matplotlib, which escapes
    return environment.get_template(template).render(page=page, figures=figures)


def _page(run: "Run") -> Page:
    scenario, summary, pairs = run.scenario, run.summary.to_dicts(), run.pairs.to_dicts()
    unit = REWARD_OF_WORLD[scenario.world.kind]
    oracles = {spec.name for spec in scenario.policies if spec.kind == "oracle"}
    deployed = {spec.name for spec in scenario.policies if spec.kind == DEPLOYED_KIND}
    first = leader(summary, oracles)
    comparisons = against(first["policy"], pairs)
    return Page(
        name=scenario.name,
        verdict=sentences(first, comparisons, oracles, deployed, unit),
        subtitle=_subtitle(run),
        board=leaderboard(run.summary, long=True),
        leading=first["policy"],
        differences=_differences(comparisons),
        checks=run.checks,
        definitions=_definitions(unit, run),
        provenance=_provenance(run.manifest),
        scenario_yaml=(run.path / "scenario.yaml").read_text(encoding="utf-8"),
        figures=_figures(run, summary, unit),
    )


def _figures(run: "Run", summary: list[dict[str, Any]], unit: str) -> dict[str, str]:
    names = [row["policy"] for row in summary]
    curves = list(mean_curves(run.path / "curves.parquet", names))
    ranked = sorted(summary, key=lambda row: row["mean_regret"])
    return {
        "regret_curves": regret_curves(curves, time_unit=run.scenario.horizon.unit, regret_unit=unit),
        "regret_ranges": regret_ranges(ranked, names, regret_unit=unit),
    }


def _subtitle(run: "Run") -> str:
    scenario = run.scenario
    horizon = f"{number(scenario.horizon.length, 9)} {scenario.horizon.unit}"
    count = f"{scenario.replications:,} replication{'' if scenario.replications == 1 else 's'}"
    return f"{scenario.world.kind} world, {horizon}, {count} of each of {len(scenario.policies)} policies"


def _differences(comparisons: list[Comparison]) -> Leaderboard:
    rows = [
        [each.policy, number(each.excess), interval(each.low, each.high), p_value(each.p_adjusted)]
        for each in comparisons
    ]
    return Leaderboard(["policy", "more regret", "95 % interval", "adjusted p"], rows)


def _definitions(unit: str, run: "Run") -> list[tuple[str, str]]:
    words = [
        (
            "regret",
            f"{unit} expected of the best choice at each moment, minus {unit} expected of the choice made; summed",
        ),
        ("95 % interval", "for the mean over replications: Student's t, or bootstrap-t where regret is skewed"),
        ("median, q95, q99", "quantiles over replications: one in twenty does worse than q95"),
        ("locked out", LOCKED_OUT + (MANY_PAGES if run.scenario.world.kind != "bernoulli" else "")),
        ("best arm", "share of pulls that went to the best choice"),
        ("reward", f"{unit} of a replication, on average"),
        ("more regret", "mean difference over replications that met the same luck, policy by policy"),
        ("adjusted p", "chance of so large a difference between equal policies; Holm's adjustment over all pairs"),
    ]
    money = ("revenue $", "dollars of a replication, on average")
    return [*words, money] if "revenue $" in leaderboard(run.summary).header else words


LOCKED_OUT = (
    "share of replications that end with probability exactly 0 of sending the best caption next; "
    "for a rule without randomness it says only which caption comes next"
)
MANY_PAGES = "; with many pages, on at least half of them"


def _provenance(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    versions = ", ".join(f"{name} {number}" for name, number in manifest["versions"].items())
    return [
        ("scenario", f"{manifest['scenario']}, digest {manifest['digest'][:16]}"),
        ("seed", str(manifest["seed"])),
        ("program", f"{manifest['program']} {manifest['version']}"),
        ("libraries", versions),
        ("repeat", manifest["repeat"]),
    ]
