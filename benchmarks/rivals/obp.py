"""Open Bandit Pipeline: made for off-policy evaluation; its logging policies are bandits."""

import importlib.util
import sys
import types
from pathlib import Path

from .first_pulls import FirstPulls


class OpenBanditPipeline(FirstPulls):
    """Release 0.4.1, whose ε-greedy means are right: 0.4.0 divides a mean by its count once more.

    Its ε-greedy explores until every arm has been pulled, hence every arm once first.
    """

    name = "Open Bandit Pipeline"
    install = ("numpy==1.26.4", "scipy==1.11.4", "scikit-learn==1.4.2", "pyyaml==6.0.2")
    install_alone = ("obp==0.4.1",)
    policies = ("thompson_beta", "epsilon_greedy")

    def __init__(self, policy: str, arms: int, seed: int) -> None:
        super().__init__(policy, arms, seed)
        rules = context_free_rules()
        if policy == "thompson_beta":
            self.policy, self.waiting = rules.BernoulliTS(n_actions=arms, random_state=seed), []
        else:
            self.policy = rules.EpsilonGreedy(n_actions=arms, epsilon=0.1, random_state=seed)
        self.learn = self.policy.update_params

    def best(self) -> int:
        """Its own choice."""
        return int(self.policy.select_action()[0])


def context_free_rules() -> types.ModuleType:
    """Its module `contextfree` without the rest of `obp.policy`, which would import PyTorch for other rules."""
    if "obp.policy" not in sys.modules:
        folder = Path(importlib.util.find_spec("obp").origin).with_name("policy")
        package = types.ModuleType("obp.policy")
        package.__path__ = [str(folder)]
        sys.modules["obp.policy"] = package
    return importlib.import_module("obp.policy.contextfree")
