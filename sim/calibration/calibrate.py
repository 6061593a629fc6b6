"""Calibrate the traffic world to a log of messages: every figure, what is not identified, and the scenario."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.calibration.checks import Misfit, check
from sim.calibration.dispersion import CAPTION, MESSAGE, dispersion_figures
from sim.calibration.figures import Figure, unknown
from sim.calibration.log import Sends, read_sends
from sim.calibration.predictive import Prediction, predict
from sim.calibration.purchase_figures import nothing_sold, purchase_figures
from sim.calibration.purchases import LEAST_PURCHASES, PurchaseFit, fit_purchases
from sim.calibration.shrink import shrunk
from sim.calibration.simulated import OVERRIDES, simulated
from sim.calibration.statistics import read_statistics, statistics_figures
from sim.calibration.views import ViewLaw, view_figures, view_laws
from sim.calibration.volumes import volume_figures
from sim.calibration.writing import content_of, scenario_text
from sim.errors import InputError, ScenarioError
from sim.files import make_folder, write_text
from sim.scenario import Scenario, load

if TYPE_CHECKING:
    import polars as pl

LEAST_MESSAGES = 100
LEAST_DAYS = 7
LEAST_SIMULATIONS = 10
DAYS = (14, 365)  # of the scenario's horizon
NEVER = {
    "world.bank.categories": "mass_messages has no categories",
    "world.bank.urgent_share": "mass_messages does not say what is urgent",
    "world.factors.holidays": "a holiday is one day among many: single days are not told apart from chance",
    "world.drift.sigma_per_week": "captions are sent too seldom to follow their rates",
    "world.turnover": "a caption that is not sent may have left or may rest",
    "world.delay.mean_hours": "counts are frozen when they are loaded, and the log does not say when",
    "feedback.loads": "the log does not say when a message was loaded",
    "feedback.label_after_hours": "the log does not say when a message was counted",
    "world.purchases.max_per_view": "few pages sell to nearly every viewer",
}
"""What a log of messages does not show, and why."""


@dataclass(frozen=True)
class Calibration:
    """A calibrated scenario and how well it fits."""

    source: str
    messages: int
    days: int
    figures: tuple[Figure, ...]
    misfits: tuple[Misfit, ...]
    """Checks of what the model takes for granted; `failed` says which the log contradicts."""
    predictions: tuple[Prediction, ...]
    """Observed quantities against their distribution under the calibrated model."""
    text: str
    """The scenario file, with a comment on each figure."""
    notes: tuple[str, ...] = ()
    simulations: tuple[Prediction, ...] = ()
    """Observed quantities against logs of the scenario in the simulator, where that was asked for."""

    @property
    def fits(self) -> bool:
        """Whether no check failed."""
        checks = [each.failed for each in (*self.predictions, *self.simulations)]
        return not any(checks + [each.failed for each in self.misfits])

    @property
    def scenario(self) -> Scenario:
        """The scenario, ready to be run."""
        return load(content_of(self.figures, _name(self.source), self.days))

    def figure(self, key: str) -> Figure:
        """The figure of one key; KeyError where there is none."""
        return {each.key: each for each in self.figures}[key]

    def write(self, path: str | Path) -> Path:
        """Write the scenario file."""
        target = Path(path)
        make_folder(target.parent)
        write_text(target, self.text)
        return target


def calibrate(
    sends: str | Sends,
    stats: str | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    shrink: bool = False,
    simulate: int = 0,
    seed: int = 7,
) -> Calibration:
    """Calibrate the traffic world to a log of messages.

    `sends` is a file, folder, run folder or target with the columns of `mass_messages`; `stats` one with those of
    `caption_bandit_stats`. `columns`: column of `mass_messages` → its name in the log, where that is another one.
    `shrink` moves uncertain figures towards the published aggregates. `simulate` is the number
    of logs of the scenario that the simulator draws to compare them with this one, 0 for none. `seed` is that of all
    draws. Raises StorageError where a file cannot be read, InputError where its content is unfit.
    """
    if 0 < simulate < LEAST_SIMULATIONS:
        raise InputError(f"simulate: {simulate} logs are too few, {LEAST_SIMULATIONS} are needed")
    log = read_sends(sends, columns=columns) if isinstance(sends, str) else sends
    source = sends if isinstance(sends, str) else "log"
    _require(source, log)
    table = read_statistics(stats) if stats is not None else None
    found = _calibrated(source, log, table, shrink=shrink, seed=seed)
    _require_valid(found)
    return replace(found, simulations=_simulations(found, log, simulate, seed)) if simulate else found


def _require_valid(found: Calibration) -> None:
    try:
        load(content_of(found.figures, _name(found.source), found.days))
    except ScenarioError as error:
        listed = "\n".join(f"  {each}" for each in error.problems)
        raise InputError(
            f"{found.source}: the log has figures that no scenario can have:\n{listed}",
            "Look for the rows that these come from, and leave them out.",
        ) from error


def _simulations(found: Calibration, log: Sends, replications: int, seed: int) -> tuple[Prediction, ...]:
    content = content_of(found.figures, _name(found.source), found.days)
    settings = [*OVERRIDES, f"replications={replications}", f"seed={seed}"]
    return tuple(simulated(load(content, settings), log))


def _require(source: str, log: Sends) -> None:
    days = int(np.ptp(log.day)) + 1
    if log.rows < LEAST_MESSAGES or days < LEAST_DAYS:
        raise InputError(
            f"{source}: {log.rows:,} messages of {days} days are too few: {LEAST_MESSAGES} of {LEAST_DAYS} days needed",
            "Take a longer log.",
        )


def _calibrated(source: str, log: Sends, table: "pl.DataFrame | None", *, shrink: bool, seed: int) -> Calibration:
    laws, fitted = view_laws(log), fit_purchases(log)
    figures = [shrunk(each) if shrink else each for each in figures_of(log, laws, fitted, table)]
    days = int(np.clip(np.ptp(log.day) + 1, *DAYS))
    return Calibration(
        source,
        log.rows,
        days,
        tuple(figures),
        tuple(check(log, laws, fitted)),
        tuple(_predictions(log, laws, fitted, figures, seed)),
        scenario_text(figures, _name(source), days, source),
        log.notes,
    )


def figures_of(
    log: Sends, laws: dict[str, ViewLaw], fitted: PurchaseFit | None, table: "pl.DataFrame | None" = None
) -> list[Figure]:
    """Every figure of the scenario, in the order of its keys."""
    return [
        *volume_figures(log),
        *view_figures(laws),
        *_purchases(log, fitted),
        *statistics_figures(log, table),
        *(unknown(key, why) for key, why in NEVER.items()),
    ]


def _purchases(log: Sends, fitted: PurchaseFit | None) -> list[Figure]:
    if fitted is None:
        why = f"fewer than {LEAST_PURCHASES} purchases"
        keys = (CAPTION, MESSAGE, "world.fatigue.drop", "world.fatigue.half_life_days")
        return [*nothing_sold(why), *(unknown(key, why) for key in keys)]
    return [
        *purchase_figures(log, fitted),
        *dispersion_figures(log, fitted),
        *fitted.fatigue,
    ]


def _predictions(
    log: Sends, laws: dict[str, ViewLaw], fitted: PurchaseFit | None, figures: list[Figure], seed: int
) -> list[Prediction]:
    spread = {each.key: each.value for each in figures if isinstance(each.value, float)}
    return predict(log, laws, fitted, (spread.get(CAPTION), spread.get(MESSAGE)), seed)


def _name(source: str) -> str:
    stem = Path(source.rpartition(":")[2]).stem.lower()
    return re.sub(r"[^a-z0-9_-]+", "_", f"calibrated_{stem}")[:60].strip("_")
