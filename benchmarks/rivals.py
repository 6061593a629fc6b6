"""Plays the textbook problem with another package's policies; run by `peers.py` under that package's own Python.

    python rivals.py RIVAL POLICY MEANS PULLS REPLICATIONS SEED

Prints one line of JSON: CPU seconds of the pulls alone, and the pseudo-regret of every replication. Needs nothing but
the standard library and the rival; knows nothing of this project. Arms come in a new order in every replication, so
that rivals which break ties by position gain or lose nothing by it.
"""

import json
import math
import random
import sys
import time


class River:
    """river: one object a policy, one call a pull and one an update."""

    def __init__(self, policy, arms, seed):
        from river import bandit, proba

        makers = {
            "thompson_beta": lambda: bandit.ThompsonSampling(reward_obj=proba.Beta(), seed=seed),
            "ucb1": lambda: bandit.UCB(delta=1, seed=seed),
            "epsilon_greedy": lambda: bandit.EpsilonGreedy(epsilon=0.1, burn_in=1, seed=seed),
        }
        self.policy, self.arms = makers[policy](), list(range(arms))

    def choose(self):
        """The arm to pull."""
        return self.policy.pull(self.arms)

    def learn(self, arm, reward):
        """The reward, 0 or 1, of the arm pulled."""
        self.policy.update(arm, reward)


class Mabwiser:
    """MABWiser: learns by `partial_fit`; it cannot choose before its first fit, so each arm is pulled once before."""

    def __init__(self, policy, arms, seed):
        from mabwiser.mab import MAB, LearningPolicy

        rules = {
            "thompson_beta": LearningPolicy.ThompsonSampling,
            "ucb1": lambda: LearningPolicy.UCB1(alpha=1.0),
            "epsilon_greedy": lambda: LearningPolicy.EpsilonGreedy(epsilon=0.1),
        }
        self.mab, self.waiting = MAB(list(range(arms)), rules[policy](), seed=seed), list(range(arms))

    def choose(self):
        """The arm to pull."""
        return self.waiting.pop() if self.waiting else self.mab.predict()

    def learn(self, arm, reward):
        """The reward, 0 or 1, of the arm pulled."""
        self.mab.partial_fit([arm], [reward])


class SMPyBandits:
    """SMPyBandits, with Numba present, which its KL-UCB uses."""

    def __init__(self, policy, arms, seed):
        import numpy as np
        from SMPyBandits import Policies

        np.random.seed(seed % 2**32)
        kinds = {"thompson_beta": Policies.Thompson, "ucb1": Policies.UCB, "kl_ucb": Policies.klUCB}
        self.policy = kinds[policy](arms)
        self.policy.startGame()
        self.choose, self.learn = self.policy.choice, self.policy.getReward


class PlainPython:
    """The deployed rule as one would write it down: a loop over the arms and `random`."""

    def __init__(self, policy, arms, seed):
        if policy != "wilson_sample":
            raise KeyError(policy)
        self.wins, self.losses, self.random = [1] * arms, [1] * arms, random.Random(seed).random

    def score(self, arm):
        """A uniform draw from the Wilson interval."""
        n = self.wins[arm] + self.losses[arm]
        p, z2 = self.wins[arm] / n, 1.96 * 1.96
        centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = 1.96 * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
        return min(1.0, max(0.0, centre - half + 2 * half * self.random()))

    def choose(self):
        """The arm to pull."""
        return max(range(len(self.wins)), key=self.score)

    def learn(self, arm, reward):
        """The reward, 0 or 1, of the arm pulled."""
        (self.wins if reward else self.losses)[arm] += 1


def play_one_by_one(rival, policy, means, *, pulls, replications, seed):
    """One object a replication, one call a pull."""
    regrets, seconds = [], 0.0
    for number in range(replications):
        luck = random.Random(f"{seed}:{number}")
        order = luck.sample(means, len(means))
        player = rival(policy, len(means), luck.getrandbits(31))
        start = time.process_time()
        regret = 0.0
        for _ in range(pulls):
            arm = player.choose()
            player.learn(arm, int(luck.random() < order[arm]))
            regret += max(order) - order[arm]
        seconds += time.process_time() - start
        regrets.append(regret)
    return seconds, regrets


def numpy_scores(policy, s, n, t, rng):
    """Scores (replications, arms) of a policy in whole-array NumPy."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        if policy == "thompson_beta":
            return rng.beta(1 + s, 1 + n - s)
        if policy == "wilson_sample":
            m, z2 = n + 2, 1.96 * 1.96
            p, d = (s + 1) / m, 1 + z2 / m
            half = 1.96 * np.sqrt(p * (1 - p) / m + z2 / (4 * m * m)) / d
            return np.clip((p + z2 / (2 * m)) / d + half * (2 * rng.random(s.shape) - 1), 0, 1)
        if policy == "ucb1":
            scores = s / n + np.sqrt(2 * math.log(max(t, 1)) / n)
        elif policy == "epsilon_greedy":
            scores = np.where(rng.random((len(s), 1)) < 0.1, rng.random(s.shape), s / n)
        else:
            scores = numpy_kl_bound(s / n, math.log(max(t, 1)) / n)
    return np.where(n == 0, np.inf, scores)


def numpy_kl_bound(p, limit, steps=25):
    """The largest q with kl(p, q) <= limit, by bisection."""
    import numpy as np

    low, high = p, np.minimum(1.0, p + np.sqrt(limit / 2))
    for _ in range(steps):
        q = (low + high) / 2
        kl = np.where(p > 0, p * np.log(p / q), 0) + np.where(p < 1, (1 - p) * np.log((1 - p) / (1 - q)), 0)
        low, high = np.where(kl <= limit, q, low), np.where(kl <= limit, high, q)
    return low


def play_in_numpy(policy, means, *, pulls, replications, seed):
    """All replications at once, one array operation a step of the rule; ties are broken at random."""
    import numpy as np

    rng, rows = np.random.default_rng(seed), np.arange(replications)
    truth = np.tile(means, (replications, 1))
    s, n, regret = np.zeros_like(truth), np.zeros_like(truth), np.zeros(replications)
    start = time.process_time()
    for t in range(pulls):
        scores = numpy_scores(policy, s, n, t, rng)
        tied = scores == scores.max(axis=1, keepdims=True)
        arm = np.where(tied, rng.random(scores.shape), -1.0).argmax(axis=1)
        n[rows, arm] += 1
        s[rows, arm] += rng.random(replications) < truth[rows, arm]
        regret += max(means) - truth[rows, arm]
    return time.process_time() - start, regret.tolist()


ONE_BY_ONE = {"river": River, "MABWiser": Mabwiser, "SMPyBandits": SMPyBandits, "plain Python": PlainPython}


def main():
    """Warm up, play, print."""
    rival, policy, means, pulls, replications, seed = sys.argv[1:]
    means, size = json.loads(means), {"pulls": int(pulls), "replications": int(replications), "seed": int(seed)}
    short = {**size, "pulls": 100, "replications": 2}
    if rival == "plain NumPy":
        play_in_numpy(policy, means, **short)
        seconds, regrets = play_in_numpy(policy, means, **size)
    else:
        play_one_by_one(ONE_BY_ONE[rival], policy, means, **short)
        seconds, regrets = play_one_by_one(ONE_BY_ONE[rival], policy, means, **size)
    print(json.dumps({"seconds": seconds, "regrets": regrets}))


if __name__ == "__main__":
    main()
