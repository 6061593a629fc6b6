"""Calibration recovers what a log was simulated with: 95 % intervals hold the truth in 93 to 97 % of the logs.

Each log has parameters of its own, drawn around the defaults, so that intervals are tested over a range of fleets. Run
`python tests/statistical/test_calibration_recovery.py 200` for the table of docs/calibration.md.
"""

import sys
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from scipy.stats import binom

from sim.calibration.calibrate import calibrate, figures_of
from sim.calibration.checks import check
from sim.calibration.defaults import default_of
from sim.calibration.log import Sends
from sim.calibration.purchases import fit_purchases
from sim.calibration.views import view_laws
from sim.scenario import Scenario, load
from sim.tables.send_log import sends_arrow
from sim.worlds.traffic.world import TrafficWorld

pytestmark = pytest.mark.slow

DAYS, PAGES, SEED = 60, 16, 2025
FALSE_ALARM = 1e-4
ATTRIBUTION = "feedback.attribution"  # hidden here: the world would leave out late purchases as well

RANGES = {
    "world.views.priced.mean": (0.02, 0.06),
    "world.views.priced.cv": (0.3, 0.7),
    "world.views.unpriced.mean": (0.005, 0.015),
    "world.views.unpriced.cv": (0.4, 0.9),
    "world.sends.unpriced_share": (0.4, 0.65),
    "world.purchases.caption_cv": (0.2, 0.6),
    "world.purchases.message_cv": (0.2, 0.6),
    "world.purchases.page_sigma": (0.5, 1.5),
    "world.purchases.audience_exponent": (0.5, 1.2),
    "world.fatigue.drop": (0.1, 0.4),
    "world.bank.captions": (400, 1200),
    ATTRIBUTION: (0.92, 1.0),
}
HELD = ("world.sends.", "world.bank.prices", "world.audience", "world.views", "world.purchases", "world.factors",
        "world.fatigue.drop", ATTRIBUTION)  # fmt: skip


def parameters(number: int) -> dict[str, float]:
    """The parameters of log `number`; attribution is 1 in two thirds of the logs."""
    rng = np.random.default_rng([SEED, number])
    drawn = {key: float(rng.uniform(low, high)) for key, (low, high) in RANGES.items()}
    if number % 3:
        drawn[ATTRIBUTION] = 1.0
    return drawn | {"world.bank.captions": round(drawn["world.bank.captions"])}


def scenario(number: int, policy: str = "uniform", pages: int = PAGES, days: int = DAYS) -> Scenario:
    content = {
        "version": 1,
        "name": "recovery",
        "seed": SEED + number,
        "replications": 1,
        "horizon": {"days": days},
        "world": {
            "kind": "traffic",
            "pages": pages,
            "sends": {"reach": 1.0},
            "purchases": {"strong_pages": {"share": 0.0}, "reference_audience": 50_000},
        },
        "policies": [policy],
        "record": {"sends": True},
    }
    return load(content, [f"{key}={value}" for key, value in parameters(number).items() if key != ATTRIBUTION])


def simulated(number: int, policy: str = "uniform", pages: int = PAGES, days: int = DAYS) -> Sends:
    """Log `number`, all purchases included; captions that are not attributed are hidden."""
    made = scenario(number, policy, pages, days)
    world = TrafficWorld(made, made.policies[0], range(1))
    world.advance(float(days))
    log = world.sends(0)
    assert log is not None
    return from_arrow(sends_arrow(log), parameters(number)[ATTRIBUTION], number)


def from_arrow(table, attribution: float, number: int) -> Sends:
    columns = {name: table[name].to_numpy() for name in table.column_names}
    pages, page = np.unique(columns["page_name"].astype(str), return_inverse=True)
    time = columns["sending_time"].astype("datetime64[s]").astype(np.int64)
    caption = np.unique(np.stack([page, columns["caption_id"].astype(np.int64)]), axis=1, return_inverse=True)[
        1
    ].ravel()
    hidden = np.random.default_rng([SEED, number, 1]).uniform(size=len(page)) >= attribution
    order = np.lexsort((time, page))
    counts = [columns[name].astype(np.int64) for name in ("sent_count", "viewed_count", "purchased_count")]
    arrays = (page, time, np.nan_to_num(columns["price"]), *counts, np.where(hidden, -1, caption))
    return Sends(*(each[order] for each in arrays), tuple(pages))


def truth_of(key: str, number: int) -> list[float]:
    value = parameters(number).get(key, default_of(key))
    if not isinstance(value, list):
        return [float(value)]
    values = [each[1] if isinstance(each, list) else each for each in value]
    return [each / np.mean(values) for each in values] if key.startswith("world.factors") else values


def outcomes(number: int, policy: str = "uniform") -> Iterator[tuple[str, bool | None]]:
    """(key, whether the interval holds the truth) of each figure, None for a default; (test, whether it failed)."""
    log = simulated(number, policy)
    laws, fitted = view_laws(log), fit_purchases(log)
    for figure in figures_of(log, laws, fitted):
        if not figure.key.startswith(HELD):
            continue
        if not figure.identified and not figure.limits:
            yield figure.key, None
            continue
        limits, truth = figure.limits, truth_of(figure.key, number)
        if limits and len(limits) == len(truth):
            inner = slice(1, -1) if figure.key.endswith(("prices", "quantiles")) else slice(None)  # ends have none
            for (low, high), true in list(zip(limits, truth, strict=True))[inner]:
                yield figure.key, low <= true <= high
    for test in check(log, laws, fitted):
        yield f"test: {test.assumption}", test.failed


def coverage(numbers: range, policy: str = "uniform") -> dict[str, Counter]:
    table: dict[str, Counter] = {}
    for number in numbers:
        for key, held in outcomes(number, policy):
            table.setdefault(key, Counter())[held] += 1
    return table


def pooled(table: dict[str, Counter]) -> tuple[int, int]:
    """(intervals that hold the truth, intervals)."""
    rows = [counts for key, counts in table.items() if not key.startswith("test: ")]
    return sum(each[True] for each in rows), sum(each[True] + each[False] for each in rows)


def shown(table: dict[str, Counter]) -> str:
    lines = []
    for key, counts in table.items():
        known = counts[True] + counts[False]
        lines.append(f"{key:<60} {100 * counts[True] / max(1, known):6.1f} % of {known:5d}, defaults {counts[None]}")
    held, known = pooled(table)
    return "\n".join([*lines, f"all intervals {100 * held / known:.2f} % of {known}"])


def too_few(held: int, known: int, coverage: float = 0.9) -> bool:
    """Whether so few intervals hold that a coverage of 90 % would give it with a chance below 1e-4."""
    return bool(binom.cdf(held, known, coverage) < FALSE_ALARM)


def test_intervals_hold_what_logs_were_simulated_with() -> None:
    held, known = pooled(coverage(range(3)))
    assert known > 150
    assert not too_few(held, known)


def test_intervals_of_another_truth_do_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    # The mistake: weekday and hour factors are read a place too late.
    right = truth_of
    monkeypatch.setitem(globals(), "truth_of", lambda key, number: np.roll(right(key, number), 1).tolist())
    held, known = pooled({key: counts for key, counts in coverage(range(1)).items() if "factors" in key})
    assert too_few(held, known)


@pytest.mark.long
def test_intervals_hold_the_truth_in_93_to_97_percent_of_200_logs() -> None:
    table = coverage(range(200))
    held, known = pooled(table)
    assert 0.93 <= held / known <= 0.97, shown(table)
    for key, counts in table.items():
        if key.startswith("test: "):
            assert counts[True] <= 3, shown(table)
        elif counts[True] + counts[False] >= 50:
            assert counts[True] / (counts[True] + counts[False]) >= 0.90, shown(table)


@pytest.mark.long
def test_the_simulator_produces_what_a_simulated_log_holds() -> None:
    found = calibrate(simulated(1), simulate=20)
    assert len(found.simulations) > 20
    assert not any(each.failed for each in found.simulations), found.simulations


if __name__ == "__main__":
    sys.stdout.write(shown(coverage(range(int(sys.argv[1])), *sys.argv[2:])) + "\n")
