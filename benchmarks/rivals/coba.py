"""coba: learners that predict an action with its probability, and learn from its reward."""

from typing import ClassVar

from .first_pulls import FirstPulls


class Coba(FirstPulls):
    """Takes the mean of an arm never pulled for 0, hence every arm once first."""

    name = "coba"
    install = ("coba==8.1.0",)
    policies = ("epsilon_greedy",)
    other_rules: ClassVar[dict[str, str]] = {"ucb1": "its only UCB is a variant of UCB1-Tuned"}

    def __init__(self, policy: str, arms: int, seed: int) -> None:
        from coba.learners import BanditEpsilonLearner

        super().__init__(policy, arms, seed)
        self.learner, self.actions = BanditEpsilonLearner(epsilon=0.1, seed=seed), list(range(arms))

    def best(self) -> int:
        """Its own choice."""
        return self.learner.predict(None, self.actions)[0]

    def learn(self, arm: int, reward: int) -> None:
        """The reward, 0 or 1, of the arm pulled."""
        self.learner.learn(None, arm, reward, 1.0)
