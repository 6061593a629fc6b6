"""SMPyBandits: the widest choice of rules, last released in 2020."""

from typing import ClassVar

from .rival import Rival


class SMPyBandits(Rival):
    """Runs on libraries of its time; Numba compiles its KL-UCB bound.

    It looks for Numba under a name that Numba has dropped since, and without it runs five to ten times slower in plain
    Python. Here it gets the name back.
    """

    name = "SMPyBandits"
    install = (
        *("SMPyBandits==0.9.7", "numba==0.61.2", "numpy==1.26.4", "scipy==1.11.4", "scikit-learn==1.4.2"),
        *("pandas==2.2.3", "matplotlib==3.8.4", "seaborn==0.13.2", "scikit-optimize==0.10.2"),
    )
    policies = ("thompson_beta", "ucb1", "kl_ucb")
    other_rules: ClassVar[dict[str, str]] = {
        "epsilon_greedy": "exploits the largest sum of rewards, not the largest mean"
    }

    def __init__(self, policy: str, arms: int, seed: int) -> None:
        import sys

        import numba.core.decorators
        import numpy as np

        sys.modules["numba.decorators"] = numba.core.decorators
        from SMPyBandits import Policies

        np.random.seed(seed)
        kinds = {"thompson_beta": Policies.Thompson, "ucb1": Policies.UCB, "kl_ucb": Policies.klUCB}
        self.policy = kinds[policy](arms)
        self.policy.startGame()
        self.choose, self.learn = self.policy.choice, self.policy.getReward
