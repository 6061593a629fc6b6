"""Which policies can be locked out: those that draw, and those without randomness that declare it."""

from policies.registry import build
from sim.worlds.metrics.lock_out import can_lock_out


def test_policies_that_draw_are_asked_and_index_policies_are_not():
    asked = {kind: can_lock_out(build(kind)) for kind in ("wilson_sample", "thompson_beta", "uniform", "ucb1", "moss")}
    assert asked == {"wilson_sample": True, "thompson_beta": True, "uniform": True, "ucb1": False, "moss": False}


def test_a_rule_without_randomness_may_declare_that_the_best_arm_can_be_lost():
    assert can_lock_out(build("greedy"))
    assert can_lock_out(build("explore_then_commit"))
    assert not can_lock_out(build("oracle"))
