"""Who gains over `wilson_sample` on many pages: python scripts/page_population.py --pages 10000 [--defaults before]

The pages are those of the scenario quickstart, four per replication. `--defaults before` takes the defaults of the
traffic world before they were refitted to the published figures (docs/traffic.md), `--page-sigma 0` pages that all sell
equally well. Only sums per page are kept: no sends, no statistics. Prints, per policy, the gain in dollars per page and
month with its standard error, the median page's, the share of pages that gain, and what the best 1 % of pages add.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import sim
from reports.decision.text import headline
from sim.scenario.sections.traffic import TrafficSection

Floats = NDArray[np.float64]
PAGES, DAYS, SEED = 4, 90, 11
MONTHS = DAYS / 30.4375
BASELINE = "wilson_sample"
POLICIES = (BASELINE, "greedy", "epsilon_greedy", "uniform", "round_robin")
PRIOR_PRICES = (6.0, 9.5, 15.0, 22.0)  # of the parameter `rates` of gamma_poisson
LARGE_PAGES = {"kind": "traffic", "pages": PAGES, "audience": {"fixed": 100_000}, "bank": {"captions": 600}}
BEFORE = {
    "sends": {"reach": 1.0},
    "purchases": {
        "per_view": [[4.0, 0.00132], [6.0, 0.00118], [9.0, 0.0005], [15.0, 0.00024], [20.0, 0.000168], [35.0, 0.00015]],
        "message_cv": 0.35,
        "reference_audience": 50_000,
        "audience_exponent": 1.2,
        "page_sigma": 1.5,
        "strong_pages": {"share": 0.0},
    },
}
"""What the refit of the defaults has changed."""


@dataclass(frozen=True)
class Gain:
    """Of a policy over the baseline, in dollars per page and month."""

    policy: str
    mean: float
    error: float
    median: float
    gaining: float
    """Share of pages."""
    top: float
    """What the 1 % of pages with the largest gains add to the mean, as a share of it."""


def scenario(
    pages: int,
    defaults: str = "shipped",
    page_sigma: float | None = None,
    policies: Sequence[Any] = POLICIES,
    seed: int = SEED,
) -> dict[str, Any]:
    """Quickstart's pages: `defaults` are `shipped` or `before` the refit; a `page_sigma` of 0 has no strong pages."""
    world = LARGE_PAGES | (BEFORE if defaults == "before" else {})
    if page_sigma is not None:
        spread = {"page_sigma": page_sigma, "strong_pages": {"share": 0.0}}
        world |= {"purchases": {**world.get("purchases", {}), **spread}}
    return {
        "name": "page_population",
        "seed": seed,
        "replications": max(1, pages // PAGES),
        "horizon": {"days": DAYS},
        "world": world,
        "policies": list(policies),
        "record": {"stats": "none"},
    }


def informed(defaults: str) -> dict[str, Any]:
    """Counts with the price prior that is true in this world: a ceiling, since nobody knows it."""
    law = TrafficSection.model_validate(LARGE_PAGES | (BEFORE if defaults == "before" else {})).purchases
    price, rate = np.log(np.array(law.per_view)).T
    rates = np.exp(np.interp(np.log(PRIOR_PRICES), price, rate)).tolist()
    prior = {"rates": rates, "shape": law.caption_cv**-2, "message_cv": law.message_cv, "fatigue": 0.2}
    return {"kind": "gamma_poisson", "name": "price_prior", "by": "revenue", **prior}


def monthly(pages: pl.DataFrame, policy: str) -> Floats:
    """Dollars per month of each page of all replications, (pages,)."""
    own = pages.filter(pl.col("policy") == policy).sort("replication", "page")
    return own["revenue_usd"].to_numpy() / MONTHS


def gain(pages: pl.DataFrame, policy: str, baseline: str = BASELINE) -> Gain:
    """The gain of a policy, page by page."""
    more = monthly(pages, policy) - monthly(pages, baseline)
    best = np.sort(more)[-max(1, round(0.01 * len(more))) :]
    error, total = more.std(ddof=1) / len(more) ** 0.5, more.sum()
    top = float(best.sum() / total) if total else float("nan")
    return Gain(policy, float(more.mean()), float(error), float(np.median(more)), float((more > 0.0).mean()), top)


def table(pages: pl.DataFrame, policies: Sequence[str]) -> str:
    """Lines of Markdown."""
    rows = [gain(pages, policy) for policy in policies if policy != BASELINE]
    return "\n".join(
        [
            "| policy | gain, $ per page and month | median page | pages that gain | from the top 1 % |",
            "|---|---|---|---|---|",
            *(
                f"| {each.policy} | {each.mean:+,.1f} ± {each.error:,.1f} | {each.median:+,.1f} "
                f"| {100 * each.gaining:.1f} % | {100 * each.top:.0f} % |"
                for each in rows
            ),
        ]
    )


def together(runs: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Pages of several runs, whose replications are numbered anew."""
    first, numbered = 0, []
    for pages in runs:
        numbered.append(pages.with_columns(pl.col("replication") + first))
        first += 1 + int(pages["replication"].to_numpy().max())
    return pl.concat(numbered)


def main(arguments: Sequence[str] | None = None) -> str:
    """Simulate the population and return the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--defaults", choices=("shipped", "before"), default="shipped")
    parser.add_argument("--page-sigma", type=float)
    parser.add_argument("--prior", action="store_true", help="add gamma_poisson with the true price prior")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", help="write the pages of the run to this parquet file")
    parser.add_argument("--add", nargs="*", default=[], help="pages of other runs of the same policies, to be added")
    given = parser.parse_args(arguments)
    policies = [*POLICIES, *([informed(given.defaults)] if given.prior else [])]
    run = sim.simulate(scenario(given.pages, given.defaults, given.page_sigma, policies, given.seed))
    pages = run.pages.select("policy", "replication", "page", "revenue_usd", "expected_usd")
    if given.out:
        pages.write_parquet(given.out)
    pages = together([pages, *(pl.read_parquet(path) for path in given.add)])
    names = [each if isinstance(each, str) else each["name"] for each in policies]
    return f"{table(pages, names)}\n\n{headline(run.decision)}"


if __name__ == "__main__":
    sys.stdout.write(main() + "\n")
