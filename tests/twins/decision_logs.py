"""Logs of decisions whose true values are known: two strata, three actions, rewards of 0 and 1."""

import numpy as np

from sim.evaluation.estimators import Floats
from sim.evaluation.log import Log

SHARES = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
RATES = np.array([[0.1, 0.3, 0.5], [0.6, 0.4, 0.2]])


def made(rows: int = 4_000, seed: int = 1, shares: Floats = SHARES) -> Log:
    generator = np.random.default_rng(seed)
    stratum = generator.integers(0, 2, rows).astype(np.int32)
    drawn = generator.random(rows)
    action = (drawn[:, None] > np.cumsum(shares, axis=1)[stratum]).sum(axis=1).clip(0, 2).astype(np.int32)
    reward = (generator.random(rows) < RATES[stratum, action]).astype(np.float64)
    return Log(stratum, action, reward, shares[stratum, action], ["a", "b"], ["10", "11", "12"])


def learned(rows: int = 4_000) -> Log:
    """A log whose policy changes half way."""
    first, second = made(rows // 2, 2), made(rows // 2, 3, SHARES[:, ::-1])
    joined = [np.concatenate([getattr(first, name), getattr(second, name)]) for name in ("stratum", "action")]
    numbers = [np.concatenate([getattr(first, name), getattr(second, name)]) for name in ("reward", "propensity")]
    return Log(*joined, *numbers, first.strata, first.actions)


TRUTH = float(RATES.mean())  # of `uniform`, both strata equally often
