"""Write docs/gallery.md and its figures from the shipped scenarios: `python docs/build_gallery.py`.

Runs of an earlier call are kept under runs/gallery and used again; `--fresh` simulates again. The same scenarios give
the same bytes.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import sim
from reports.decision.text import headline, key_points
from reports.decision.who_text import who_points
from reports.figures.style import svg
from reports.render import escape_markdown
from reports.report import subtitle
from reports.report_input import report_input
from scenarios import names, path_of

ROOT = Path(__file__).resolve().parents[1]
OTHERS = "Other shipped scenarios, to run by name (`headline_tests` needs a file of your own)"
# Figures that show each scenario best, and what they show.
SHOWN: dict[str, Sequence[tuple[str, str]]] = {
    "textbook": (
        (
            "regret_curves_log",
            "The regret of policies that explore enough grows like the dotted bound; policies that explore "
            "for ever, or never, are straight lines.",
        ),
        (
            "regret_tails",
            "`greedy` is often the best policy and sometimes by far the worst: a few bad replications decide its mean.",
        ),
    ),
    "quickstart": (
        (
            "paired_differences",
            "All policies meet the same random numbers. Their differences are therefore known better than "
            "their means, whose bands are wide.",
        ),
        ("revenue_by_tier", "Cumulative revenue per price tier and policy."),
    ),
    "cold_start": (
        (
            "regret_curves",
            "A thousand captions and ten sends for each. Policies that know or estimate the distribution "
            "of rates lose least.",
        ),
        (
            "allocation_cold_share",
            "A policy that always tries new captions learns nothing about any of them: all its sends go to cold ones.",
        ),
    ),
    "delayed": (
        (
            "regret_curves_log",
            "With late feedback a deterministic policy repeats itself between refreshes; a randomised one "
            "spreads its sends.",
        ),
    ),
    "drift": (
        (
            "regret_curves",
            "At each dashed line another caption becomes the best. A policy that remembers everything and has "
            "stopped exploring adapts slowly.",
        ),
        (
            "allocation_best_share",
            "The share of the best caption falls at each change. Policies differ in how soon it recovers.",
        ),
    ),
}


def chapter(name: str, run: sim.Run, figures: Path) -> list[str]:
    """The lines of one scenario; its figures are written below `figures`."""
    data = report_input(run)
    points = [*who_points(data.decision, data.who_gains), *key_points(data.decision)]
    lines = [
        f"## {name}",
        "",
        _about(name),
        "",
        f"{escape_markdown(subtitle(data))}.",
        "",
        f"**{escape_markdown(headline(data.decision))}**",
        *(line for point in points for line in ("", escape_markdown(point))),
    ]
    for figure, what in SHOWN[name]:
        target = figures / f"{name}-{figure}.svg"
        target.write_text(svg(run.plot(figure), f"{name}-{figure}"), encoding="utf-8", newline="\n")
        lines += ["", f"![{figure.replace('_', ' ')} of {name}](gallery/{target.name})", "", what]
    return [*lines, ""]


def _about(name: str) -> str:
    """The comment at the head of a scenario's file."""
    lines = path_of(name).read_text(encoding="utf-8").splitlines()
    head = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    return " ".join(line.removeprefix("#").strip() for line in head)


def build(
    target: Path, runs: Path, *, overrides: Sequence[str] = (), only: Sequence[str] = (), fresh: bool = False
) -> Path:
    """Write gallery.md and gallery/*.svg below `target`; returns the path of gallery.md."""
    figures = target / "gallery"
    figures.mkdir(parents=True, exist_ok=True)
    lines = ["# Gallery", "", "What the shipped scenarios show. Made by `python docs/build_gallery.py`.", ""]
    for name in only or tuple(SHOWN):
        run = sim.run(name, runs / name, overrides=overrides, report=False, resume=not fresh, fresh=fresh)
        lines += chapter(name, run, figures)
    rest = [name for name in names() if name not in SHOWN]
    lines += [f"{OTHERS}: {', '.join(rest)}."] if rest else []
    page = target / "gallery.md"
    page.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return page


@click.command()
@click.option("--fresh", is_flag=True, help="Simulate again.")
def main(fresh: bool) -> None:
    """Build the gallery."""
    click.echo(build(ROOT / "docs", ROOT / "runs" / "gallery", fresh=fresh))


if __name__ == "__main__":
    main()
