"""contextualbandits: made for contexts; without any, its Beta prior is a rule by itself."""

from typing import ClassVar

from .rival import Rival


class ContextualBandits(Rival):
    """An arm with few rewards or few failures is scored by a draw from its Beta posterior; here "few" is always.

    The classifier that would take over afterwards is the cheapest there is and is never asked.
    """

    name = "contextualbandits"
    install = (
        *("contextualbandits==0.3.30", "numpy==2.2.6", "scipy==1.15.3"),
        *("pandas==2.2.3", "scikit-learn==1.6.1", "joblib==1.4.2"),
    )
    policies = ("thompson_beta",)
    other_rules: ClassVar[dict[str, str]] = {
        "ucb1": "its UCB rules bound a classifier's prediction, by bootstrap or by a linear model",
        "epsilon_greedy": "has no sample mean to exploit, only classifiers",
    }

    def __init__(self, policy: str, arms: int, seed: int) -> None:
        import numpy as np
        from contextualbandits.online import SeparateClassifiers
        from sklearn.naive_bayes import BernoulliNB

        always = ((1.0, 1.0), 10**9)
        self.policy = SeparateClassifiers(
            BernoulliNB(), arms, beta_prior=always, batch_train=True, random_state=seed, njobs=1
        )
        self.context, self.array = np.ones((1, 1)), np.array

    def choose(self) -> int:
        """The arm to pull."""
        return int(self.policy.predict(self.context)[0])

    def learn(self, arm: int, reward: int) -> None:
        """The reward, 0 or 1, of the arm pulled."""
        self.policy.partial_fit(self.context, self.array([arm]), self.array([float(reward)]))
