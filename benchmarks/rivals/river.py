"""river: one object a policy, one call a pull and one an update."""

from .rival import Rival


class River(Rival):
    """`burn_in=1` pulls every arm once before the greedy rule compares means."""

    name = "river"
    install = ("river==0.26.1", "numpy==2.2.6", "scipy==1.15.3")
    policies = ("thompson_beta", "ucb1", "epsilon_greedy")

    def __init__(self, policy: str, arms: int, seed: int) -> None:
        from river import bandit, proba

        makers = {
            "thompson_beta": lambda: bandit.ThompsonSampling(reward_obj=proba.Beta(), seed=seed),
            "ucb1": lambda: bandit.UCB(delta=1, seed=seed),
            "epsilon_greedy": lambda: bandit.EpsilonGreedy(epsilon=0.1, burn_in=1, seed=seed),
        }
        self.policy, self.arms = makers[policy](), list(range(arms))

    def choose(self) -> int:
        """The arm to pull."""
        return self.policy.pull(self.arms)

    def learn(self, arm: int, reward: int) -> None:
        """The reward, 0 or 1, of the arm pulled."""
        self.policy.update(arm, reward)
