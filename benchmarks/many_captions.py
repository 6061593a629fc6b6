"""Scenario `many_captions` simulated again in plain NumPy, independently of the engine, and compared with a sweep.

    python -m sim sweep many_captions --vary many_captions --out runs/many
    python -m benchmarks.many_captions runs/many --replications 4

The comparison is cheap, and sharp, on a small bank, where many replications cost little:

    python -m sim sweep many_captions --vary many_captions --set world.bank.captions=1003 --set world.pages=4 \
        --set horizon.days=40 --set replications=60 --no-report --out runs/small
    python -m benchmarks.many_captions runs/small --replications 60

Both say what a rule's successes exceed those of random choice by ("lift"). The exit code is 1 where the two differ by
more than three standard errors. Nothing of the engine is used: rates, choices and outcomes are drawn here, from other
random numbers, and the rules are written from their formulas.
"""

import argparse
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtr, stdtrit

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

DAYS, SENDS, COOL_DOWN, POOL = 90, 15, 7, 150
OTHER_TIERS = 3  # captions of the bank that are never sent: one of each other tier
STANDARD_ERRORS = 3.0


@dataclass(frozen=True)
class Problem:
    """One cell: the Beta distribution of rates, their correlation over pages, the share of messages that teach."""

    beta: tuple[float, float]
    correlation: float
    attribution: float
    pages: int = 38
    captions: int = 16_561
    days: int = DAYS


class Seen(NamedTuple):
    """What a rule may look at in the morning; all arrays are (pages, captions)."""

    n: Floats  # trials
    s: Floats  # successes
    rested: Bools  # may be sent today
    pool: Bools  # a random choice of POOL captions on each page
    sent: float  # messages of each page so far, known or not


Rule = Callable[[Seen, np.random.Generator], Floats]
"""Scores (pages, captions)."""


def uniform(seen: Seen, rng: np.random.Generator) -> Floats:
    """Random choice, whatever is known."""
    return rng.random(seen.n.shape)


def wilson_draw(a: Floats, b: Floats, rng: np.random.Generator, z: float = 1.96) -> Floats:
    """Uniform on the Wilson interval of `a` successes and `b` failures."""
    m, p = a + b, a / (a + b)
    z2 = z**2
    centre, half = p + z2 / (2.0 * m), z * np.sqrt(p * (1.0 - p) / m + z2 / (4.0 * m * m))
    return np.asarray((centre + (2.0 * rng.random(m.shape) - 1.0) * half) / (1.0 + z2 / m))


def wilson_sample(seen: Seen, rng: np.random.Generator) -> Floats:
    """Uniform on the Wilson interval of the counts, one success and one failure added."""
    return wilson_draw(seen.s + 1.0, seen.n - seen.s + 1.0, rng)


def wilson_widening(seen: Seen, rng: np.random.Generator) -> Floats:
    """The same with an interval that grows with the messages of the page."""
    return np.clip(
        wilson_draw(seen.s + 1.0, seen.n - seen.s + 1.0, rng, 1.96 * np.sqrt(1.0 + np.log1p(seen.sent))), 0.0, 1.0
    )


def greedy(seen: Seen, rng: np.random.Generator) -> Floats:
    """The sample mean, ties broken at random; a caption without trials comes before all others."""
    return np.asarray(np.where(seen.n > 0.0, seen.s / np.maximum(seen.n, 1.0), 2.0) + 1e-12 * rng.random(seen.n.shape))


def greedy_pool(seen: Seen, rng: np.random.Generator) -> Floats:
    """The same within the page's pool."""
    return np.where(seen.pool, greedy(seen, rng), -1.0)


def thompson_beta(seen: Seen, rng: np.random.Generator) -> Floats:
    """A Beta draw under a uniform prior."""
    return rng.beta(1.0 + seen.s, 1.0 + seen.n - seen.s)


def own_prior(seen: Seen) -> tuple[Floats, Floats]:
    """(a, b) of each page, (pages, 1), from the captions that are rested (Kleinman 1973, weights n)."""
    n, s = (np.where(seen.rested, each, 0.0) for each in (seen.n, seen.s))
    total, won, arms = n.sum(1), s.sum(1), (n > 0.0).sum(1)
    mean = won / np.maximum(total, 1.0)
    gaps = (n * (np.divide(s, n, out=np.zeros_like(n), where=n > 0.0) - mean[:, None]) ** 2).sum(1)
    weight = total - (n * n).sum(1) / np.maximum(total, 1.0) - (arms - 1.0)
    taught = (arms >= 2) & (weight > 0.0) & (won > 0.0) & (won < total)
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = np.where(taught, (gaps / (mean * (1.0 - mean)) - (arms - 1.0)) / weight, 0.0)
        strength = np.clip(1.0 / rho - 1.0, 0.1, 1_000.0)
    fitted = rho > 0.0
    prior = np.where(fitted, mean * strength, 1.0), np.where(fitted, (1.0 - mean) * strength, 1.0)
    return prior[0][:, None], prior[1][:, None]


def posterior_mean(seen: Seen, rng: np.random.Generator) -> Floats:
    """The mean under a prior fitted to the page, ties broken at random."""
    a, b = own_prior(seen)
    return np.asarray((a + seen.s) / (a + b + seen.n) + 1e-12 * rng.random(seen.n.shape))


def pooled_posterior(n: Floats, s: Floats) -> tuple[Floats, Floats]:
    """The Beta posterior under the prior that the other pages give (Bühlmann and Straub 1970; moments of pairs)."""
    other_n, other_s = n.sum(axis=0) - n, s.sum(axis=0) - s
    mean, elsewhere = ((one.sum(1) + 1.0) / (of.sum(1) + 2.0) for one, of in ((s, n), (other_s, other_n)))
    pairs = (n * np.maximum(n - 1.0, 0.0)).sum(1)
    both = (s * np.maximum(s - 1.0, 0.0)).sum(1) / mean**2 - pairs
    spread = np.clip((both + (1.0 - mean) / mean / 11.0 * 1000.0) / (pairs + 1000.0), 1e-4, 0.9 * (1.0 - mean) / mean)
    crossed = (n * other_n).sum(1)
    together = (s * other_s).sum(1) / (mean * elsewhere) - crossed
    alike = np.clip((together + 500.0 * spread) / (crossed + 1000.0) / spread, 0.0, 1.0)
    mean, elsewhere, spread, alike = (one[:, None] for one in (mean, elsewhere, spread, alike))
    expected = other_n * elsewhere
    trust = spread * alike * expected / (spread * alike * expected + 1.0 - elsewhere)
    ratio = 1.0 + trust * (np.divide(other_s, expected, out=np.ones_like(n), where=expected > 0.0) - 1.0)
    centre = np.clip(mean * ratio, 0.01 * mean, 1.0 - 0.01 * (1.0 - mean))
    room = centre * (1.0 - centre)
    strength = room / np.minimum(mean**2 * spread * (1.0 - alike * trust), 0.9 * room) - 1.0
    return strength * centre + s, strength * (1.0 - centre) + n - s


def pooled_thompson(seen: Seen, rng: np.random.Generator) -> Floats:
    """A draw from the pooled posterior."""
    return rng.beta(*pooled_posterior(seen.n, seen.s))


def pooled_wilson(seen: Seen, rng: np.random.Generator) -> Floats:
    """The deployed draw on the pooled posterior."""
    return wilson_draw(*pooled_posterior(seen.n, seen.s), rng)


def pooled_posterior_mean(seen: Seen, rng: np.random.Generator) -> Floats:
    """The mean of the pooled posterior, ties broken at random."""
    a, b = pooled_posterior(seen.n, seen.s)
    return np.asarray(a / (a + b) + 1e-12 * rng.random(seen.n.shape))


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        *(uniform, wilson_sample, wilson_widening, thompson_beta, greedy, greedy_pool),
        *(posterior_mean, pooled_thompson, pooled_wilson, pooled_posterior_mean),
    )
}


def rates_of(problem: Problem, rng: np.random.Generator) -> Floats:
    """Rates (pages, captions): Beta, with normal scores of the given correlation over pages."""
    shape = (problem.pages, problem.captions)
    shared, own = rng.normal(size=shape[1]), rng.normal(size=shape)
    scores = np.sqrt(problem.correlation) * shared + np.sqrt(1.0 - problem.correlation) * own
    return np.asarray(betaincinv(*problem.beta, ndtr(scores)))


def successes(rule: Rule, rates: Floats, attribution: float, rng: np.random.Generator, days: int = DAYS) -> float:
    """Successes of all pages in `days` days; the labels of a day are known the next morning."""
    n, s, last = np.zeros(rates.shape), np.zeros(rates.shape), np.full(rates.shape, -COOL_DOWN - 1)
    page, total = np.arange(len(rates))[:, None], 0.0
    pool = rng.random(rates.shape).argsort(axis=1).argsort(axis=1) < POOL
    for day in range(days):
        rested = last < day - COOL_DOWN
        scores = np.where(rested, rule(Seen(n, s, rested, pool, float(SENDS * day)), rng), -np.inf)
        chosen = np.argpartition(scores, -SENDS, axis=1)[:, -SENDS:]
        sold = rng.random(chosen.shape) < rates[page, chosen]
        known = rng.random(chosen.shape) < attribution
        n[page, chosen] += known
        s[page, chosen] += known & sold
        last[page, chosen] = day
        total += float(sold.sum())
    return total


def simulate(problem: Problem, replications: int, seed: int, rules: Collection[str] = RULES) -> dict[str, Floats]:
    """{rule: successes (replications,)}, all rules on the same rates; those of `rules` and `uniform`."""
    found: dict[str, list[float]] = {name: [] for name in RULES if name in {"uniform", *rules}}
    for number in range(replications):
        rates = rates_of(problem, np.random.default_rng((seed, number)))
        for place, name in enumerate(RULES):
            if name in found:
                rng = np.random.default_rng((seed, number, place))
                found[name].append(successes(RULES[name], rates, problem.attribution, rng, problem.days))
    return {name: np.array(each) for name, each in found.items()}


def lift(totals: Mapping[str, Floats], rule: str) -> tuple[float, float]:
    """What a rule has above random choice, as a share of it, and the standard error (delta method)."""
    mine, chance = totals[rule], totals["uniform"]
    ratio = mine.mean() / chance.mean()
    error = np.std(mine - ratio * chance, ddof=1) / np.sqrt(len(mine)) / chance.mean()
    return float(ratio - 1.0), float(error)


def quantile(replications: int) -> float:
    """Standard errors to either side of a 95 % interval, by Student's t."""
    return float(stdtrit(replications - 1, 0.975)) if replications > 1 else np.nan


def cells(sweep: Path, match: str = "*") -> list[tuple[Problem, dict[str, Floats]]]:
    """The problem of each cell of a sweep whose folder matches, with the successes of its policies."""
    from sim.api import load_run
    from sim.scenario import load

    found = []
    for folder in sorted(sweep.glob(f"cells/{match}")):
        scenario: Any = load(folder / "scenario.yaml")
        world = scenario.world
        law = (world.purchases.beta, world.bank.correlation, scenario.feedback.attribution)
        problem = Problem(*law, world.pages, world.bank.captions - OTHER_TIERS, int(scenario.horizon.days))
        groups = load_run(folder).replications.sort("replication").partition_by("policy", as_dict=True)
        found.append((problem, {str(key[0]): group["reward"].to_numpy() for key, group in groups.items()}))
    return found


def rows(sweep: Path, match: str, replications: int, seed: int, rules: Collection[str] = RULES) -> pl.DataFrame:
    """One row per cell and policy: lift of the engine and of NumPy, with standard errors, in percent.

    `half_width` is that of the 95 % interval of the engine's lift.
    """
    made = []
    for problem, totals in cells(sweep, match):
        again = simulate(problem, replications, seed, rules) if replications else {}
        for policy in totals:
            ours, error = lift(totals, policy)
            row = {"beta": str(problem.beta), "correlation": problem.correlation, "attribution": problem.attribution}
            row |= {"policy": policy, "lift": 100.0 * ours, "error": 100.0 * error}
            row |= {"half_width": 100.0 * error * quantile(len(totals[policy]))}
            theirs, other = lift(again, policy) if policy in again else (np.nan, np.nan)
            apart = abs(ours - theirs) / max(1e-12, float(np.hypot(error, other)))
            made.append(row | {"numpy": 100.0 * theirs, "numpy_error": 100.0 * other, "apart": apart})
    return pl.DataFrame(made)


def main() -> int:
    """Print the comparison; 1 where a lift differs by more than three standard errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweep", type=Path, help="folder of the sweep")
    parser.add_argument("--replications", type=int, default=4, help="of the simulation in NumPy; 0: lifts only")
    parser.add_argument("--cells", default="*", help="pattern of the folders below cells/")
    parser.add_argument("--rules", nargs="*", default=[*RULES], choices=[*RULES], help="to simulate in NumPy")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    table = rows(options.sweep, options.cells, options.replications, options.seed, options.rules)
    with pl.Config(tbl_rows=-1, tbl_cols=-1, float_precision=2, tbl_width_chars=160):
        print(table)
    compared = table.filter((pl.col("policy") != "uniform") & pl.col("numpy").is_finite())
    return int((compared["apart"] > STANDARD_ERRORS).any())


if __name__ == "__main__":
    sys.exit(main())
