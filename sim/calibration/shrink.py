"""Shrink figures towards the published aggregates, which are the defaults: each as far as its own error calls for.

On the logarithm, the published value counts like one observation with standard deviation `PRIOR_SIGMA`: the posterior
of a normal mean with a normal prior.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from sim.calibration.defaults import default_of
from sim.calibration.figures import Figure, Z

PRIOR_SIGMA = 0.5
"""How far a fleet is expected to be from the published one: one standard deviation is a factor of 1.65."""
KEYS = ("world.views.", "world.purchases.", "world.factors.", "world.sends.unpriced_share")


def shrunk(figure: Figure) -> Figure:
    """The figure moved towards its default; itself where it has no interval, or where the default is no size."""
    if not figure.identified or not figure.limits or not figure.key.startswith(KEYS):
        return figure
    published = Figure(figure.key, default_of(figure.key))
    if _places(published) != _places(figure):
        return figure
    moved = [_posterior(*each) for each in zip(figure.numbers, figure.limits, published.numbers, strict=True)]
    values, lows, highs = ([each[part] for each in moved] for part in range(3))
    note = f"{figure.note}; shrunk towards the published {'values' if len(values) > 1 else f'{published.numbers[0]:g}'}"
    if isinstance(figure.value, Sequence):
        return replace(figure, value=_with_places(figure, values), low=lows, high=highs, note=note)
    return replace(figure, value=values[0], low=lows[0], high=highs[0], note=note)


def _places(figure: Figure) -> list[float]:
    """Where the values of a list of points stand; for other figures, their number."""
    if isinstance(figure.value, Sequence) and not isinstance(figure.value, str):
        return [float(each[0]) if isinstance(each, Sequence) else -1.0 for each in figure.value]
    return []


def _with_places(figure: Figure, values: list[float]) -> list[list[float]] | list[float]:
    places = _places(figure)
    if places[0] == -1.0:
        return values
    return [[place, value] for place, value in zip(places, values, strict=True)]


def _posterior(value: float, limits: tuple[float, float], prior: float) -> tuple[float, float, float]:
    low, high = limits
    if min(value, low, high, prior) <= 0.0:
        return value, low, high
    sigma = (math.log(high) - math.log(low)) / (2.0 * Z)
    weight = 1.0 / (1.0 + (sigma / PRIOR_SIGMA) ** 2)
    middle, reach = weight * math.log(value) + (1.0 - weight) * math.log(prior), Z * sigma * math.sqrt(weight)
    return math.exp(middle), math.exp(middle - reach), math.exp(middle + reach)
