"""Knows the truth: the policy of regret zero."""

from dataclasses import dataclass
from typing import Any, ClassVar

from policies.base import Policy, Rule, parameter


def _derive(n: float, s: float, w: float, truth: float, params: Any) -> tuple[float, float]:
    return truth, 0.0


@dataclass(frozen=True, kw_only=True)
class Oracle(Policy):
    """Send the arm that is truly best; for comparison only."""

    by: str = parameter("reward", "which truth is maximised", choices=("reward", "revenue"))

    kind: ClassVar[str] = "oracle"
    source: ClassVar[str] = "full information: regret is 0 by definition"
    rule: ClassVar[Rule] = Rule(derive=_derive)
    deterministic: ClassVar[bool] = True
    steady: ClassVar[bool] = True

    @property
    def truth(self) -> str:
        """The truth that `by` names."""
        return self.by
