"""What the rest of the program has to know of a kind of world, without importing its engine."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class WorldKind:
    """One kind of world."""

    kind: str
    """Its name in scenarios."""
    horizon: Literal["pulls", "days"]
    """The unit of time."""
    engine: str
    """`module:class` of its `sim.worlds.base.World`, imported when it is simulated."""
    workload: str
    """`module:function` that estimates the work of one replication, see `sim.runs.workload`."""
    field: str
    """`module:function` that says what the traffic of a field test is like, see `sim.pilot`."""
    cell_bytes: float
    """Memory per arm of all pages of a replication."""
    reward: str
    """What reward and regret are counted in; `regret` is the expectation of it that was missed."""
    sends: Literal["pulls", "messages"] = "messages"
    """What a policy decides on."""
    tiers: tuple[str, ...] = ()
    """Names of the tiers by which revenue is recorded; empty without money."""
    one_page: bool = False
    """Whether a replication is one page."""
