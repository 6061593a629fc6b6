"""MABWiser: learns by `partial_fit`, one pull at a time or many at once."""

import random
from typing import ClassVar

from .first_pulls import FirstPulls
from .rival import Outcome, Problem, Rival

INSTALL = ("mabwiser==2.7.4", "numpy==2.2.6", "pandas==2.2.3", "scipy==1.15.3", "scikit-learn==1.6.1")


def bandit(policy: str, arms: int, seed: int):
    """Its `MAB` with the rule that is ours of that name."""
    from mabwiser.mab import MAB, LearningPolicy

    rules = {
        "thompson_beta": LearningPolicy.ThompsonSampling,
        "ucb1": lambda: LearningPolicy.UCB1(alpha=1.0),
        "epsilon_greedy": lambda: LearningPolicy.EpsilonGreedy(epsilon=0.1),
    }
    return MAB(list(range(arms)), rules[policy](), seed=seed)


class MABWiser(FirstPulls):
    """One by one; it cannot choose before its first fit, when a Thompson draw takes all arms for alike."""

    name = "MABWiser"
    install = INSTALL
    policies = ("thompson_beta", "ucb1", "epsilon_greedy")

    def __init__(self, policy: str, arms: int, seed: int) -> None:
        super().__init__(policy, arms, seed)
        self.mab = bandit(policy, arms, seed)
        self.best = self.mab.predict
        if policy == "thompson_beta":
            self.waiting = [random.Random(seed).randrange(arms)]

    def learn(self, arm: int, reward: int) -> None:
        """The reward, 0 or 1, of the arm pulled."""
        self.mab.partial_fit([arm], [reward])


class MABWiserBatch(Rival):
    """A hundred choices by one `predict`, then one `partial_fit`; ours runs with `refresh_every: 100`.

    Given as many (empty) contexts as choices are wanted, a context-free rule answers with that many choices. It cannot
    before its first fit, when a Thompson draw takes all arms for alike.
    """

    name = "MABWiser, batches"
    install = INSTALL
    policies = ("thompson_beta",)
    other_rules: ClassVar[dict[str, str]] = {
        "ucb1": "its ln t stands still between two fits, ours counts every pull; of equal arms one gets a whole batch",
        "epsilon_greedy": "of equal arms one gets a whole batch, where ours draws lots for every pull",
    }
    refresh_every = 100

    def __init__(self, policy: str, arms: int, seed: int) -> None:
        import numpy as np

        self.mab, self.contexts = bandit(policy, arms, seed), np.zeros((self.refresh_every, 1))
        self.first_batch = random.Random(seed).choices(range(arms), k=self.refresh_every)

    def choose_batch(self) -> list[int]:
        """The arms to pull before the next refresh."""
        first, self.first_batch = self.first_batch, []
        return first or self.mab.predict(self.contexts)

    @classmethod
    def play(cls, problem: Problem, replications: int) -> Outcome:
        """One call for the choices of a batch and one for its rewards."""
        outcome = Outcome()
        for player, means, luck in cls.tables(problem, replications):
            regret, best = 0.0, max(means)
            with outcome:
                for start in range(0, problem.pulls, cls.refresh_every):
                    arms = player.choose_batch()[: problem.pulls - start]
                    player.mab.partial_fit(arms, [int(luck.random() < means[arm]) for arm in arms])
                    regret += sum(best - means[arm] for arm in arms)
            outcome.regrets.append(regret)
        return outcome
