"""Plain NumPy: all replications side by side, one array operation a step of the rule."""

import math

from .rival import Outcome, Problem, Rival


class PlainNumPy(Rival):
    """Arrays of (replications, arms) with 4,000 entries: enough that NumPy's cost a call no longer counts."""

    name = "plain NumPy"
    install = ("numpy==2.2.6",)
    policies = ("wilson_sample", "thompson_beta", "ucb1", "kl_ucb", "epsilon_greedy")
    is_package = False

    @classmethod
    def replications(cls, problem: Problem, seconds: float) -> int:
        """As many as make 4,000 entries, whatever the time: fewer would be slower a pull."""
        cls.play(Problem(problem.policy, problem.means, 100, problem.seed), 2)
        return max(2, 4_000 // len(problem.means))

    @classmethod
    def play(cls, problem: Problem, replications: int) -> Outcome:
        """Ties are broken at random."""
        import numpy as np

        rng, rows, outcome = np.random.default_rng(problem.seed), np.arange(replications), Outcome()
        truth = np.tile(problem.means, (replications, 1))
        s, n, regret = np.zeros_like(truth), np.zeros_like(truth), np.zeros(replications)
        with outcome:
            for t in range(problem.pulls):
                values = scores(problem.policy, s, n, t, rng)
                tied = values == values.max(axis=1, keepdims=True)
                arm = np.where(tied, rng.random(values.shape), -1.0).argmax(axis=1)
                n[rows, arm] += 1
                s[rows, arm] += rng.random(replications) < truth[rows, arm]
                regret += max(problem.means) - truth[rows, arm]
        outcome.regrets = regret.tolist()
        return outcome


def scores(policy, s, n, t, rng):
    """Scores (replications, arms) after t pulls, from successes `s` and pulls `n` of the same shape."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        if policy == "thompson_beta":
            return rng.beta(1 + s, 1 + n - s)
        if policy == "wilson_sample":
            return wilson_draws(s, n, rng)
        if policy == "ucb1":
            values = s / n + np.sqrt(2 * math.log(max(t, 1)) / n)
        elif policy == "kl_ucb":
            values = kl_bound(s / n, math.log(max(t, 1)) / n)
        else:
            values = s / n
    values = np.where(n == 0, np.inf, values)
    if policy == "epsilon_greedy":
        return np.where(rng.random((len(s), 1)) < 0.1, rng.random(s.shape), values)
    return values


def wilson_draws(s, n, rng):
    """A uniform draw from the Wilson interval of counts that start at (1, 1)."""
    import numpy as np

    m, z2 = n + 2, 1.96 * 1.96
    p, d = (s + 1) / m, 1 + z2 / m
    half = 1.96 * np.sqrt(p * (1 - p) / m + z2 / (4 * m * m)) / d
    return np.clip((p + z2 / (2 * m)) / d + half * (2 * rng.random(s.shape) - 1), 0, 1)


def kl_bound(p, limit, steps=25):
    """The largest q with kl(p, q) <= limit, by bisection."""
    import numpy as np

    low, high = p, np.minimum(1.0, p + np.sqrt(limit / 2))
    for _ in range(steps):
        q = (low + high) / 2
        kl = np.where(p > 0, p * np.log(p / q), 0) + np.where(p < 1, (1 - p) * np.log((1 - p) / (1 - q)), 0)
        low, high = np.where(kl <= limit, q, low), np.where(kl <= limit, high, q)
    return low
