"""What every policy must satisfy, ours or yours: `check("my_kind")` in a test of your own.

    from policies.conformance import check
    from sim.kernels import specialise

    def test_my_policy():
        check("my_kind", specialise)

Without a compiler the rule runs as plain Python; with one, compiled and plain results must also be equal bit for bit.
"""

from policies.base import Policy
from policies.conformance.decision import Decision, decide
from policies.conformance.declaration import declaration_problems
from policies.conformance.rule import Compiler, compiled_problems, lowest_score, rule_problems
from policies.conformance.statistics import Statistics, edge_statistics
from policies.registry import build

__all__ = ["Decision", "NonconformingError", "Statistics", "check", "decide", "edge_statistics", "lowest_score"]


class NonconformingError(AssertionError):
    """A policy breaks a rule that engines rely on; the message lists every problem found."""


def check(policy: Policy | str, specialise: Compiler | None = None) -> None:
    """Raise `NonconformingError` with every problem of a policy, or of a kind with its defaults."""
    policy = build(policy) if isinstance(policy, str) else policy
    found = [*declaration_problems(policy), *rule_problems(policy)]
    if specialise is not None:
        found += compiled_problems(policy, specialise)
    if found:
        raise NonconformingError("\n".join(f"{policy.kind or type(policy).__name__}: {problem}" for problem in found))
