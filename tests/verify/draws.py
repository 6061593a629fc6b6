"""Right draws as the probes of the sampler give them, made by NumPy."""

import numpy as np

from sim.warehouse.verify.count_classes import Classes
from sim.warehouse.verify.sampler import CELLS, cells_of


def right_cells(random, draws=1000):
    """What probes/sample_cells gives of a right function."""
    lower, upper = np.array([(one.lower, one.upper) for one in cells_of(np.zeros((1, len(CELLS))))]).T
    return cells_of(lower + (upper - lower) * random.random((draws, len(CELLS))))


def right_classes(random, draws=40_000, classes=400):
    """What probes/sample_counts gives of a right function, with fewer classes."""
    return classes_of(random.random(draws), np.arange(draws) % classes)


def classes_of(u, at):
    """Sums of shares `u` (draws,) over their classes `at` (draws,), which are pairs of large counts, 20 per success."""
    classes = int(at.max()) + 1
    d = u - 0.5
    parts = (
        d,
        d**2,
        d**3,
        d**4,
        np.log(np.maximum(u, 1e-300)),
        np.log(np.maximum(1.0 - u, 1e-300)),
        np.ones(u.size),
        np.cos(2.0 * np.pi * ((u * 2.0**32) % 1.0)),
    )
    sums = [np.bincount(at, values, classes) for values in parts]
    least, most = np.ones(classes), np.zeros(classes)
    np.minimum.at(least, at, u)
    np.maximum.at(most, at, u)
    none, number = np.zeros(classes), np.arange(classes)
    counts = np.bincount(at, minlength=classes).astype(float)
    return Classes(none, 75.0 + number // 20, 75.0 + number % 20, counts, none, none, *sums, least, most)


def shared_at(lag, share=1.0):
    """Draws (rows, cells), read row by row, where some shares of an interval are those of `lag` draws before."""

    def drawn(random, rows):
        u = random.random(rows * len(CELLS))
        for start in range(lag, u.size, lag):
            block = u[start : start + lag]
            again = random.random(block.size) < share
            block[again] = u[start - lag : start - lag + block.size][again]
        return u.reshape(rows, len(CELLS))

    return drawn
