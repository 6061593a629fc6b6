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
    """One by one; it cannot choose before its first fit."""

    name = "MABWiser"
    install = INSTALL
    policies = ("thompson_beta", "ucb1", "epsilon_greedy")

    def __init__(self, policy: str, arms: int, seed: int) -> None:
        super().__init__(policy, arms, seed)
        self.mab = bandit(policy, arms, seed)
        self.best = self.mab.predict

    def learn(self, arm: int, reward: int) -> None:
        """The reward, 0 or 1, of the arm pulled."""
        self.mab.partial_fit([arm], [reward])


class MABWiserBatch(Rival):
    """A hundred choices by one `predict`, then one `partial_fit`; ours runs with `refresh_every: 100`.

    Given as many (empty) contexts as choices are wanted, a context-free rule answers with that many choices. Its
    ε-greedy takes an arm never pulled for one of mean 0; here, as in ours and in the textbook, such arms come first:
    while there are any at a refresh, the greedy choice is one of them, uniformly. Its Thompson rule cannot choose
    before the first fit, when all arms are alike.
    """

    name = "MABWiser, batches"
    install = INSTALL
    policies = ("thompson_beta", "epsilon_greedy")
    other_rules: ClassVar[dict[str, str]] = {
        "ucb1": "its ln t stands still between two fits, ours counts every pull; of equal arms one gets the whole batch"
    }
    refresh_every = 100

    def __init__(self, policy: str, arms: int, seed: int) -> None:
        import numpy as np

        self.mab, self.contexts = bandit(policy, arms, seed), np.zeros((self.refresh_every, 1))
        self.random, self.arms = random.Random(seed), range(arms)
        self.unseen, self.greedy = set(self.arms), policy == "epsilon_greedy"

    def choose_batch(self) -> list[int]:
        """The arms to pull before the next refresh."""
        if len(self.unseen) == len(self.arms) or (self.unseen and self.greedy):
            return [self.first_choice() for _ in self.contexts]
        return self.mab.predict(self.contexts)

    def first_choice(self) -> int:
        """Uniformly one of the arms never seen, or, where ε-greedy explores, of all."""
        return self.random.choice(self.arms if self.random.random() < 0.1 else list(self.unseen))

    def learn_batch(self, arms: list[int], rewards: list[int]) -> None:
        """The rewards, 0 or 1, of the arms pulled."""
        self.mab.partial_fit(arms, rewards)
        self.unseen.difference_update(arms)

    @classmethod
    def play(cls, problem: Problem, replications: int) -> Outcome:
        """One call for the choices of a batch and one for its rewards."""
        outcome = Outcome()
        for player, means, luck in cls.tables(problem, replications):
            regret, best = 0.0, max(means)
            with outcome:
                for start in range(0, problem.pulls, cls.refresh_every):
                    arms = player.choose_batch()[: problem.pulls - start]
                    player.learn_batch(arms, [int(luck.random() < means[arm]) for arm in arms])
                    regret += sum(best - means[arm] for arm in arms)
            outcome.regrets.append(regret)
        return outcome
