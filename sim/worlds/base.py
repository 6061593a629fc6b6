"""What every world offers the engine, and the arrays in which results leave it.

A world is built from (scenario, policy, replications) and holds one row per (replication, page) of the block. The
engine orders time; between two events the world advances, by running one compiled kernel over all rows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sim.scenario import PolicySpec, Scenario
    from sim.worlds.metrics.loop import LoopMetrics

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]
Keys = NDArray[np.uint64]
Params = tuple[float, ...]
"""The parameters of a policy, as its rule receives them."""

MESSAGE_TYPES = ("PPV", "Bump")


@dataclass(frozen=True)
class Totals:
    """Sums since time zero, one entry per replication of the block; every array has shape (replications,).

    `reward` and `regret` are in the world's own unit (successes, conversions); `regret` is pseudo-regret. Money exists
    only in some worlds: elsewhere `revenue_micros` (millionths of a dollar) is 0 and `regret_usd` is NaN.
    """

    pulls: Counts
    reward: Floats
    regret: Floats
    revenue_micros: Counts
    regret_usd: Floats
    best_pulls: Counts
    """Pulls of a best arm, among the `ranked_pulls`."""
    ranked_pulls: Counts
    """Pulls of which it makes sense to say so: in the traffic world those that carry a price."""


@dataclass(frozen=True)
class PageTotals:
    """Sums since time zero by page; every array but `names` has shape (replications, pages)."""

    audience: Counts
    """Fans that a message can reach; −1 where there are none to count."""
    sends: Counts
    reward: Floats
    revenue_micros: Counts
    expected_usd: Floats
    """Dollars expected of the messages sent, without the luck of views and sales; NaN where the world has no money."""
    weight: Floats
    """How many pages of the population each stands for, of mean 1 in expectation."""
    priced: Counts
    """Messages that carry a price; −1 where messages have none."""
    successes: Counts
    """Messages whose label was a success, of those loaded so far; −1 where labels are no messages."""
    names: NDArray[np.str_]
    """(pages,); of length 0 where pages are named `page_0001`, …"""


UNNAMED = np.empty(0, np.str_)


@dataclass(frozen=True)
class CaptionCounts:
    """What the update job knows of each caption of one replication, captions without an observation left out.

    Equal-length arrays. `page` counts from 1 and is named `page_0001`, …, unless `page_names` lists the names.
    `successes` and `failures` are labels without the prior; `observations` counts messages; `sent` and `purchased`
    are what the conversion rate is made of; revenue is in millionths of a dollar; EMV is in dollars, NaN where the
    table has NULL; times are microseconds since 1970-01-01T00:00:00Z, −1 where the table has NULL.
    """

    page: NDArray[np.int32]
    caption_id: Counts
    successes: Counts
    failures: Counts
    observations: Counts
    sent: Counts
    purchased: Counts
    revenue_micros: Counts
    mean_emv: Floats
    last_emv: Floats
    last_used_us: Counts
    last_updated_us: Counts
    page_names: tuple[str, ...] | None = None
    conversion_rate: Floats | None = None
    """Given where it is not purchased / sent: of the last roll-up; NaN for NULL."""
    revenue_null: Flags | None = None
    """Rows whose total_revenue is NULL."""
    new: Flags | None = None
    """Rows that the last run inserted, whose exploration_score has the other formula."""


@dataclass(frozen=True)
class SendLog:
    """The sends of one replication in order of time: the `mass_messages` columns, then the propensity.

    Equal-length arrays. `page` and `page_names` as in `CaptionCounts`; `price` in dollars is NaN for an unpriced
    message; `earnings` in dollars; `message_type` indexes `MESSAGE_TYPES`, −1 for NULL; `propensity` is the probability
    with which the policy chose this caption here, NaN where unknown.
    """

    row_id: Counts
    page: NDArray[np.int32]
    sending_time_us: Counts
    price: Floats
    sent_count: Counts
    viewed_count: Counts
    purchased_count: NDArray[np.float64 | np.int8]
    earnings: Floats
    message_type: NDArray[np.int8]
    caption_id: Counts
    propensity: Floats
    page_names: tuple[str, ...] | None = None
    attributed: Flags | None = None
    """Messages whose caption the log names; None: all."""
    message: NDArray[np.object_] | None = None
    """The texts, where captions have some; None: all are NULL."""


@dataclass(frozen=True)
class Tally:
    """Sends since the last tally, summed over replications and pages; entropies in units of 2**-32."""

    by_bin: Counts
    """(bins + 1,): by true rank, see `metrics.allocation.RANK_BINS`; the last is `metrics.allocation.GONE`."""
    cold: int
    """Sends of captions that had been sent fewer than `metrics.allocation.COLD_SENDS` times before."""
    known: int
    """Sends of which that is known: those of captions not replaced since."""
    entropy: int
    """Of each page's sends over its captions, in nats, summed."""
    active: int
    """Pages that sent."""
    evenness: int
    """Entropy over the largest that so many sends of so many captions can have, summed."""
    spread: int
    """Pages of which that exists: at least two sends and two captions."""


class World(Protocol):
    """One block of replications of a scenario under one policy."""

    @property
    def horizon(self) -> float:
        """The end of time, in the unit of `advance`: pulls or days."""

    @property
    def pages(self) -> int:
        """Pages of a replication."""

    def changes(self) -> Iterable[tuple[float, Callable[[], None]]]:
        """World changes in order of time, each applied before the pull or slot of its time."""

    def simulate_through(self, times: Floats, observe_at: Floats) -> None:
        """Receive the times up to which `advance` will be called, rising, the horizon last; may simulate already.

        Beyond `totals` and `tier_revenue`, the engine asks only about those in `observe_at`.
        """

    def advance(self, until: float) -> None:
        """Simulate every row up to, not including, time `until`; where the cuts fall changes no number."""

    def totals(self) -> Totals:
        """Sums from time zero to now; the arrays are the caller's to keep."""

    def page_totals(self) -> PageTotals:
        """Sums from time zero to the horizon by page, at the horizon."""

    def locked_out_pages(self) -> Floats:
        """Share of each replication's pages whose best arm now has probability exactly 0, shape (replications,)."""

    def tally(self) -> Tally:
        """Where the sends since the last tally went."""

    def tier_revenue(self) -> Counts:
        """Revenue since time zero by tier, (tiers, replications), in millionths of a dollar; no tiers without money."""

    def estimation(self) -> Counts:
        """What the table says now against the truth, see `metrics.estimation`; zeros where the truth is unknown."""

    def loop(self) -> "LoopMetrics":
        """What the owners of a deployed loop ask, at the horizon; empty where there is none."""

    def counts(self, index: int) -> CaptionCounts:
        """Caption statistics of the block's `index`-th replication, as of its last refresh."""

    def sends(self, index: int) -> SendLog | None:
        """Send log of the block's `index`-th replication; None where this world or scenario records none."""


class WorldFactory(Protocol):
    """How the engine makes a world: the world's class itself."""

    def __call__(self, scenario: "Scenario", spec: "PolicySpec", replications: range) -> World:
        """A world at time zero for `replications` of `scenario` under the policy of `spec`."""
