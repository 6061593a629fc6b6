"""pybandits: Thompson sampling behind a service-like interface, validated by pydantic."""

from typing import ClassVar

from .rival import Rival


class PyBandits(Rival):
    """Actions are strings."""

    name = "pybandits"
    install = ("pybandits==8.4.1",)
    policies = ("thompson_beta",)
    other_rules: ClassVar[dict[str, str]] = {
        "epsilon_greedy": "explores with probability ε, but exploits by a Thompson draw"
    }

    def __init__(self, policy: str, arms: int, seed: int) -> None:
        import random

        import numpy as np
        from pybandits.smab import SmabBernoulli

        random.seed(seed)
        np.random.seed(seed)
        self.bandit = SmabBernoulli.cold_start(action_ids={str(arm) for arm in range(arms)})

    def choose(self) -> int:
        """The arm to pull."""
        return int(self.bandit.predict(n_samples=1)[0][0])

    def learn(self, arm: int, reward: int) -> None:
        """The reward, 0 or 1, of the arm pulled."""
        self.bandit.update(actions=[str(arm)], rewards=[reward])
