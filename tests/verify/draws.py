"""Right draws as the probes of the sampler give them, made by NumPy."""

import numpy as np

from sim.warehouse.verify.sampler import CELLS, Classes, cells_of


def right_cells(random, draws=1000):
    """What probes/sample_cells gives of a right function."""
    lower, upper = np.array([(one.lower, one.upper) for one in cells_of(np.zeros((1, len(CELLS))))]).T
    return cells_of(lower + (upper - lower) * random.random((draws, len(CELLS))))


def right_classes(random, draws=40_000, classes=400):
    """What probes/sample_counts gives of a right function, with fewer classes."""
    return classes_of(random.random(draws), np.arange(draws) % classes)


def classes_of(u, at):
    """Sums of shares `u` (draws,) over their classes `at` (draws,)."""
    classes = int(at.max()) + 1
    sums = [np.bincount(at, values, classes) for values in (u - 0.5, (u - 0.5) ** 2, np.log(u), np.log1p(-u))]
    least, most = np.ones(classes), np.zeros(classes)
    np.minimum.at(least, at, u)
    np.maximum.at(most, at, u)
    none = np.zeros(classes)
    high = np.full(classes, 60.0)
    return Classes(high, high, np.bincount(at, minlength=classes).astype(float), none, none, *sums, least, most)
