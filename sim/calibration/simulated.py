"""The calibrated scenario run in the simulator itself: quantities of its send logs against those of the observed log.

Unlike the predictive checks (`sim.calibration.predictive`), pages, hours, prices and captions are drawn anew too, so
that this answers for the scenario file as a whole. Captions are chosen uniformly: the log does not say by which rule
its own were.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from sim.calibration.figures import Floats
from sim.calibration.log import NO_CAPTION, Sends
from sim.calibration.predictive import Prediction, compared
from sim.scenario import Scenario
from sim.units import MICROS
from sim.worlds.base import SendLog

OVERRIDES = ["record.sends=true", "record.stats=none", "policies=[uniform]", "feedback.attribution=1"]
LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)


def simulated(scenario: Scenario, sends: Sends) -> list[Prediction]:
    """Quantities of the observed log against those of one simulated log per replication of `scenario`.

    `scenario` has the settings `OVERRIDES`. A quantity that one of the logs does not have is left out.
    """
    return against(sends, logs_of(scenario))


def logs_of(scenario: Scenario) -> Iterator[Sends]:
    """The send log of each replication."""
    from sim.worlds.traffic.world import TrafficWorld  # noqa: PLC0415 - compiles kernels

    for replication in range(scenario.replications):
        world = TrafficWorld(scenario, scenario.policies[0], range(replication, replication + 1))
        world.advance(float(scenario.horizon.days or 0))
        log = world.sends(0)
        assert log is not None
        yield from_log(log)


def from_log(log: SendLog) -> Sends:
    """A recorded log as the calibration sees one; captions are not needed."""
    pages, page = np.unique(log.page, return_inverse=True)
    return Sends(
        page.astype(np.int64),
        np.asarray(log.sending_time_us, np.int64) // MICROS,
        np.nan_to_num(log.price),
        np.asarray(log.sent_count, np.int64),
        np.asarray(log.viewed_count, np.int64),
        np.asarray(np.nan_to_num(log.purchased_count.astype(np.float64)), np.int64),
        np.full(len(page), NO_CAPTION, np.int64),
        tuple(map(str, pages)),
    )


def against(observed: Sends, logs: Iterable[Sends]) -> list[Prediction]:
    """The observed quantities against their distribution over simulated logs."""
    own, others = quantities(observed), [quantities(each) for each in logs]
    names = [name for name in own if all(name in each for each in others)]
    draws = np.array([[each[name] for name in names] for each in others])
    return compared(names, np.array([own[name] for name in names]), draws)


def quantities(sends: Sends) -> dict[str, float]:
    """Quantities of a log by name; those of priced messages are missing where there is none."""
    found = {"messages per page and day": sends.rows / (len(sends.pages) * (float(np.ptp(sends.day)) + 1.0))}
    found["share of unpriced messages"] = float((~sends.priced).mean())
    found |= _quantiles("recipients per message", sends.sent.astype(np.float64))
    seen = sends.sent > 0
    for kind, rows in (("priced", sends.priced & seen), ("unpriced", ~sends.priced & seen)):
        if rows.any():
            found |= _quantiles(f"view rate of {kind} messages", sends.viewed[rows] / sends.sent[rows])
    return found | _sales(sends) if sends.priced.any() else found


def _sales(sends: Sends) -> dict[str, float]:
    price, sold = sends.price[sends.priced], sends.purchased[sends.priced].astype(np.float64)
    found = {f"purchases per priced message, {name}": measure(sold) for name, measure in SOLD.items()}
    return _quantiles("price", price) | found | {"dollars per priced message": float((sold * price).mean())}


SOLD: dict[str, Callable[[Floats], float]] = {
    "mean": lambda sold: float(sold.mean()),
    "share that sells nothing": lambda sold: float((sold == 0).mean()),
    "90 % quantile": lambda sold: float(np.quantile(sold, 0.9)),
    "99 % quantile": lambda sold: float(np.quantile(sold, 0.99)),
}


def _quantiles(name: str, values: Floats) -> dict[str, float]:
    found = np.quantile(values, LEVELS)
    return {f"{name}, {100 * level:g} % quantile": float(value) for level, value in zip(LEVELS, found, strict=True)}
