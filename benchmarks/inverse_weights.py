"""Do inverse weights of recorded propensities add up? One line per world and policy, after 100,000 sends.

    python -m benchmarks.inverse_weights [POLICY …] [--world bernoulli table traffic deployed] [--sends 100000]

A decision that can send m arms, each with a probability p, has Σ 1 / (m p) over the arms that it sends with the mean 1.
Printed are the mean over all decisions, its standard error, and the largest weight 1 / p.

Which arms can be sent must not come from what is tested. Outcomes are therefore certain, replications are short and
arms few: policies then meet the same few histories again and again, and m is the number of arms that any of hundreds of
decisions after one history sends. No probability is so small that the sum of 100,000 sends has a standard error of more
than 0.25 %: a deviation of 1 % is seen at a false-alarm rate of 1e-4, whatever the policy.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from policies.registry import kinds
from sim.scenario import load
from sim.worlds.base import SendLog
from sim.worlds.engine import simulate

PULLS = 4
PAGES, CAPTIONS, PER_DAY = 2, 4, 2
DAY_US = 86_400_000_000
SETTINGS: dict[str, dict[str, Any]] = {
    "boltzmann": {"temperature": 1.0},
    "epsilon_greedy": {"epsilon": 0.5},
    "glr_klucb": {"horizon": 100.0, "exploration": 1.3},
    "recovering_softmax": {"temperature": 0.3},
    "wilson_normal": {"scale": 1.0},
}
"""Parameters of policies that have too small probabilities by default: the form of the probability is the same."""

Decision = tuple[tuple[int, ...], tuple[float, ...]]
"""The arms sent, and the inverse of each one's propensity."""


@dataclass(frozen=True)
class Sum:
    """The mean of Σ 1 / (m p) over decisions."""

    sends: int
    mean: float
    error: float
    largest: float


def add_up(rows: Iterable[Sequence[Decision]]) -> Sum:
    """Over rows of decisions, each of which knows those before it in its row and nothing else.

    A decision is left out where none with its history sends anything: another page has locked all that it wants.
    """
    possible: dict[tuple[tuple[int, ...], ...], set[int]] = {}
    known = [(history, *decision) for row in rows for history, decision in zip(_histories(row), row, strict=True)]
    for history, arms, _ in known:
        possible.setdefault(history, set()).update(arms)
    sums = np.array([sum(inverse) / len(possible[history]) for history, _, inverse in known if possible[history]])
    weights = [weight for _, _, inverse in known for weight in inverse]
    return Sum(len(weights), float(sums.mean()), float(sums.std(ddof=1) / len(sums) ** 0.5), max(weights))


def _histories(row: Sequence[Decision]) -> Iterator[tuple[tuple[int, ...], ...]]:
    sent = [arms for arms, _ in row]
    return (tuple(sent[:index]) for index in range(len(row)))


def base(policy: str, sends: int, each: int, **content: Any) -> dict[str, Any]:
    """A scenario of `policy` with at least so many sends, `each` per replication."""
    top = {"version": 1, "name": "inverse_weights", "seed": 3, "replications": -(-sends // each)}
    return {**top, "record": {"sends": True}, "policies": [{"kind": policy, **SETTINGS.get(policy, {})}], **content}


def logs(content: Mapping[str, Any]) -> list[SendLog]:
    """The sends of each replication."""
    scenario = load(content)
    return simulate(scenario, scenario.policies[0], range(1, scenario.replications + 1)).sends


def of_bernoulli(policy: str, sends: int) -> Sum:
    """Two arms that always sell and one that never does."""
    world = {"kind": "bernoulli", "means": [1.0, 1.0, 0.0]}
    return add_up(map(_pulls, logs(base(policy, sends, PULLS, world=world, horizon={"pulls": PULLS}))))


def of_table(policy: str, sends: int) -> Sum:
    """The same on one page, whose sends go to one fan each."""
    with tempfile.TemporaryDirectory() as home:
        source = Path(home) / "counts.parquet"
        counts = {"caption_id": [1, 2, 3], "trials": [100] * 3, "successes": [100, 100, 0]}
        pl.DataFrame({"page_name": ["page_0001"] * 3, **counts}).write_parquet(source)
        world = {"kind": "table", "source": str(source), "rates": "observed", "sends_per_day": 1, "fans_per_send": 1}
        return add_up(map(_pulls, logs(base(policy, sends, PULLS, world=world, horizon={"days": PULLS}))))


def _pulls(log: SendLog) -> list[Decision]:
    """One arm per decision."""
    pairs = zip(log.caption_id.tolist(), (1.0 / log.propensity).tolist(), strict=True)
    return [((arm,), (inverse,)) for arm, inverse in pairs]


def of_traffic(policy: str, sends: int) -> Sum:
    """Pages of four equal captions that hardly ever sell, two of which are sent each day."""
    days = 3
    content = _traffic(policy, sends, days, selection={"cool_down_days": 0})
    return add_up(row for log in logs(content) for row in _days(log, days))


DEPLOYED = {"score": "composite", "no_row_value": "dollars", "rank_defect": True, "agency_lock": "abort"}


def of_deployed(policy: str, sends: int) -> Sum:
    """The same by the deployed selection: two pages share the captions, and one that is locked aborts a page's call."""
    days = 2
    content = _traffic(policy, 3 * sends, days, selection={**DEPLOYED, "cool_down_days": 0}, shared=True)
    return add_up([each for day in zip(*_days(log, days), strict=True) for each in day] for log in logs(content))


def _traffic(policy: str, sends: int, days: int, selection: Mapping[str, Any], **bank: Any) -> dict[str, Any]:
    """All fans view, at any hour alike; captions have one price, so that all are alike before the first send."""
    world = {
        "kind": "traffic",
        "pages": PAGES,
        "audience": {"fixed": 1_000},
        "sends": {"reach": 1.0},
        "views": {"priced": {"mean": 1.0, "cv": 0.0}},
        "bank": {
            "captions": CAPTIONS + 3,
            "tiers": {"budget": 1e-6, "mid": 1e-6, "premium": 1.0, "bump": 1e-6},
            "prices": [[0.0, 15.0], [1.0, 15.0]],
            "categories": 1,
            "largest_category_share": 1.0,
            "urgent_share": 0.0,
            "historical_dollars": {"mean": 20.0, "cv": 0.0},
            **bank,
        },
        "purchases": {"per_view": [[5.0, 1e-12]], "caption_cv": 0.0, "page_sigma": 0.0, "strong_pages": {"share": 0.0}},
        "factors": {"weekday": [1.0] * 7, "hour": [1.0] * 24, "holidays": {"days_per_year": 0}},
        "delay": {"mean_hours": 0.0},  # a policy that corrects delays must not learn from the hour of a send
        "drift": {"sigma_per_week": 0.0},
        "turnover": {"retire_share_per_week": 0.0, "arrivals_per_week": 0},
    }
    quotas = {"budget": 0, "mid": 0, "premium": PER_DAY, "bump": 0}
    selection = {"scaled": False, "quotas": quotas, **selection}
    feedback = {"refresh_hours": 24, "label_after_hours": 0}
    each = PAGES * days * PER_DAY
    return base(policy, sends, each, world=world, horizon={"days": days}, selection=selection, feedback=feedback)


def _days(log: SendLog, days: int) -> list[list[Decision]]:
    """The decisions of each page, one per day, some of which send nothing."""
    start = log.sending_time_us.min() // DAY_US
    day_of = (log.sending_time_us // DAY_US - start).tolist()
    found: list[list[Decision]] = [[((), ())] * days for _ in range(PAGES)]
    lines = zip(day_of, log.page.tolist(), log.caption_id.tolist(), (1.0 / log.propensity).tolist(), strict=True)
    for day, page, caption, inverse in sorted(lines):
        arms, weights = found[page - 1][day]
        found[page - 1][day] = ((*arms, caption), (*weights, inverse))
    return found


WORLDS: dict[str, Callable[[str, int], Sum]] = {
    "bernoulli": of_bernoulli,
    "table": of_table,
    "traffic": of_traffic,
    "deployed": of_deployed,
}


def main() -> None:
    """Print a table of Markdown, line by line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("policies", nargs="*")
    parser.add_argument("--world", nargs="*", choices=WORLDS, default=list(WORLDS))
    parser.add_argument("--sends", type=int, default=100_000)
    given = parser.parse_args()
    sys.stdout.write("| policy | world | sends | sum | standard error | largest weight |\n|---|---|---|---|---|---|\n")
    for policy in given.policies or kinds():
        for world in given.world:
            found = WORLDS[world](policy, given.sends)
            cells = f"{found.sends:,} | {found.mean:.4f} | {found.error:.4f} | {found.largest:,.1f}"
            sys.stdout.write(f"| `{policy}` | {world} | {cells} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
