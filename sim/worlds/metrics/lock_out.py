"""Which policies can be locked out at all."""

from policies.base import Policy


def can_lock_out(policy: Policy, *, pooled: bool = False, renewed: bool = False) -> bool:
    """Whether it makes sense to look for an arm that the policy cannot send.

    A policy without randomness sends one arm and no other, which says only which arm comes next: an index that grows
    with time, like that of UCB1, brings every arm back. It is locked out only where the best arm can never return,
    which the policy declares (`bounded_support`), or where it is not in the pool that the policy is shown for ever. A
    pool that is `renewed` lets every arm return.
    """
    if pooled:
        return not renewed
    return policy.bounded_support or not policy.deterministic
