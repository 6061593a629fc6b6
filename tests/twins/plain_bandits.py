"""Bandits in plain NumPy, one pull at a time: an independent engine for published comparisons."""

from typing import Any

import numpy as np
from scipy import special


def greedy_regret(rng: np.random.Generator, arms: int, pulls: int, *, first_of_ties: bool) -> float:
    """Each arm once, then the largest sample mean; ties: the first of them, or any."""
    rates = rng.random(arms)
    wins, plays = (rng.random(arms) < rates).astype(float), np.ones(arms)
    mean, luck = wins.copy(), rng.random(pulls)
    regret = float((rates.max() - rates).sum())
    for t in range(arms, pulls):
        arm = int(mean.argmax()) if first_of_ties else int(rng.choice(np.flatnonzero(mean == mean.max())))
        wins[arm] += luck[t] < rates[arm]
        plays[arm] += 1.0
        mean[arm] = wins[arm] / plays[arm]
        regret += rates.max() - rates[arm]
    return regret


def entropy(p: Any, q: Any) -> Any:
    return special.rel_entr(p, q) + special.rel_entr(1.0 - p, 1.0 - q)


def kl_indices(wins: Any, plays: Any, elapsed: Any) -> Any:
    """By bisection on the definition; +inf for an arm that was not played."""
    mean, budget = wins / np.maximum(plays, 1), np.log(np.maximum(elapsed, 1)) / np.maximum(plays, 1)
    low, high = mean, np.ones_like(mean)
    for _ in range(40):
        middle = (low + high) / 2
        beyond = entropy(mean, middle) > budget
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    return np.where(plays > 0, low, np.inf)


def glr_regret(rng: np.random.Generator, stages: Any, pulls: int, *, restart: bool, every: int = 10) -> float:
    """kl-UCB on stationary `stages` (stages, arms) of equal length, with local restarts by the likelihood-ratio test.

    The whole history of an arm since its restart is kept, and every `every`-th split of it tested.
    """
    arms, restarts, regret = stages.shape[1], 0, 0.0
    history: list[list[float]] = [[] for _ in range(arms)]
    wins, plays, since = np.zeros(arms), np.zeros(arms), np.zeros(arms)
    for t in range(pulls):
        rates = stages[t * len(stages) // pulls]
        explore = 0.1 * np.sqrt((1 + restarts) * arms * np.log(pulls) / pulls) if restart else 0.0
        if rng.random() < explore:
            arm = int(rng.integers(arms))
        else:
            index = kl_indices(wins, plays, t - since)
            arm = int(rng.choice(np.flatnonzero(index == index.max())))
        outcome = float(rng.random() < rates[arm])
        regret += rates.max() - rates[arm]
        history[arm].append(outcome)
        wins[arm] += outcome
        plays[arm] += 1
        if restart and plays[arm] % every == 0 and changed(np.array(history[arm]), pulls**-0.5, every):
            history[arm], wins[arm], plays[arm], since[arm], restarts = [], 0.0, 0.0, t + 1, restarts + 1
    return float(regret)


def changed(outcomes: Any, delta: float, every: int) -> bool:
    n, total = len(outcomes), outcomes.sum()
    first = np.arange(every, n, every)
    won = np.cumsum(outcomes)[first - 1]
    gains = first * entropy(won / first, total / n) + (n - first) * entropy((total - won) / (n - first), total / n)
    return bool(len(first) and gains.max() > np.log(3.0 * n**1.5 / delta))
