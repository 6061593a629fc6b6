"""The scenarios whose cost is measured, each with one size that grows."""

from typing import Any

POLICIES = ("wilson_sample", "thompson_beta", "ucb1", "kl_ucb", "epsilon_greedy")
TRAFFIC_POLICIES = ("wilson_sample", "thompson_beta")
SEED = 7

Content = dict[str, Any]


def textbook(arms: int = 10, pulls: int = 10_000, replications: int = 1, policy: str = "wilson_sample") -> Content:
    """Arms of means 0.1 to 0.9, feedback at once."""
    means = [0.1 + 0.8 * arm / max(1, arms - 1) for arm in range(arms)]
    return _scenario({"pulls": pulls}, {"kind": "bernoulli", "means": means}, replications, policy)


def traffic(
    pages: int = 10, captions: int = 500, days: int = 90, replications: int = 1, policy: str = "wilson_sample"
) -> Content:
    """Twenty sends a page and day to 2,000 fans, purchases that come late, a refresh every six hours."""
    world = {
        "kind": "traffic",
        "pages": pages,
        "audience": {"fixed": 2_000},
        "sends": {"per_day": 20},
        "bank": {"captions": captions},
        "turnover": {"arrivals_per_week": 0},
    }
    return _scenario({"days": days}, world, replications, policy)


def _scenario(horizon: Content, world: Content, replications: int, policy: str) -> Content:
    return {
        "version": 1,
        "name": "growth",
        "seed": SEED,
        "replications": replications,
        "horizon": horizon,
        "world": world,
        "policies": [policy],
        "record": {"stats": "none"},
    }
