"""BanditPyLib: actions and feedback are protocol buffers. It is on GitHub only."""

from typing import ClassVar

from .rival import Rival


class BanditPyLib(Rival):
    """The learner alone, without its own bandit and protocol classes, which would only add time."""

    name = "BanditPyLib"
    install = (
        "https://github.com/Alanthink/banditpylib/archive/483b2df9307be63afb4aefab43b3b5ca7f6828c5.tar.gz",
        *("protobuf==3.20.3", "numpy==1.26.4", "scipy==1.11.4", "pandas==2.2.3", "matplotlib==3.8.4"),
        *("seaborn==0.13.2", "absl-py==2.1.0"),
    )
    policies = ("thompson_beta", "ucb1")
    other_rules: ClassVar[dict[str, str]] = {
        "epsilon_greedy": "explores with probability ε / t, and its ε cannot be held"
    }

    def __init__(self, policy: str, arms: int, seed: int) -> None:
        import numpy as np
        from banditpylib.data_pb2 import Context, Feedback
        from banditpylib.learners import mab_learner

        np.random.seed(seed)
        makers = {"thompson_beta": mab_learner.ThompsonSampling, "ucb1": mab_learner.UCB}
        self.learner, self.context, self.feedback = makers[policy](arm_num=arms), Context(), Feedback
        self.learner.reset()

    def choose(self) -> int:
        """The arm to pull."""
        return self.learner.actions(self.context).arm_pulls[0].arm.id

    def learn(self, arm: int, reward: int) -> None:
        """The reward, 0 or 1, of the arm pulled."""
        feedback = self.feedback()
        entry = feedback.arm_feedbacks.add()
        entry.arm.id = arm
        entry.rewards.append(float(reward))
        self.learner.update(feedback)
