"""Synthetic caption traffic: the world of pages, banks, audiences, prices, seasons and delays (docs/traffic.md)."""

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from policies.base import Policy, Rule
from policies.reads import reads_labels, reads_truth
from sim.kernels import specialise
from sim.rng import policy_purpose, row_keys
from sim.scenario.model import TrafficScenario
from sim.scenario.sections.traffic import TrafficSection
from sim.scenario.sections.traffic_loop import Selection, TrafficFeedback
from sim.units import DAY_S, MICROS
from sim.worlds.base import UNNAMED, CaptionCounts, Counts, Floats, PageTotals, SendLog, Tally, Totals
from sim.worlds.metrics.estimation import nothing
from sim.worlds.metrics.lock_out import can_lock_out
from sim.worlds.metrics.loop import LoopMetrics
from sim.worlds.selection import chances
from sim.worlds.traffic.arrays import (
    Sections,
    composite,
    locks,
    make_block,
    pools,
    shares,
)
from sim.worlds.traffic.driver import RowDriver
from sim.worlds.traffic.kernel import play
from sim.worlds.traffic.metrics.loop_metrics import last_day, loop_metrics
from sim.worlds.traffic.pages import page_weights
from sim.worlds.traffic.results import BankListing, caption_counts, list_bank, loaded_at, send_log
from sim.worlds.traffic.rows import Block
from sim.worlds.traffic.timetable import calendar_of, times_of

if TYPE_CHECKING:
    from sim.scenario import PolicySpec, Scenario

DEPLOYED = "wilson_sample"  # the kind of policy that calls the function of that name


@dataclass(frozen=True)
class Flow:
    """Where the purchases of each replication are; every array has shape (replications,)."""

    drawn: Counts
    """All purchases that the messages sent so far will ever bring."""
    counted: Counts
    """Those known when the update job counted their message."""
    late: Counts
    """Those that came after their message was counted, and stay unknown."""
    pending: Counts
    """Those of messages that are not counted yet."""


class TrafficWorld:
    """A block of replications of a traffic scenario under one policy; reward is purchases."""

    def __init__(self, scenario: "Scenario", spec: "PolicySpec", replications: range) -> None:
        """The world at time zero."""
        world, feedback, selection = scenario.world, scenario.feedback, scenario.selection
        assert isinstance(scenario, TrafficScenario)
        assert isinstance(world, TrafficSection)
        assert isinstance(feedback, TrafficFeedback)
        assert isinstance(selection, Selection)
        assert scenario.horizon.days is not None
        self.horizon = float(scenario.horizon.days)
        self.pages = world.pages
        self._world, self._replications, self._record = world, replications, scenario.record.sends
        self._start_s = round(datetime.fromisoformat(world.start).replace(tzinfo=UTC).timestamp())
        self._feedback, self._as_loaded = feedback, feedback.models_data_path
        policy = spec.build()
        self._can_lock_out = can_lock_out(policy, pooled=spec.pool is not None, renewed=spec.renew is not None)
        keys = row_keys(scenario.seed, policy_purpose(spec.name), replications, world.pages)
        days = math.ceil(self.horizon)
        sections = (world, feedback, selection)
        times = times_of(calendar_of(feedback, days, scenario.incidents), feedback, world.pages, days)
        pool = (spec.pool or 0, math.inf if spec.renew is None else spec.renew)
        self._block = make_block(
            sections, policy, scenario.seed, replications, days, keys, times, record=self._record, pool=pool
        )
        self._weights = page_weights(world, self._block.pages)
        happening = frozenset(one.kind for one in scenario.incidents)
        self._driver = RowDriver(
            spec.name,
            kernel_of(policy, spec.kind, sections, happening, record=self._record, pooled=spec.pool is not None),
            self._block,
            self._weights,
            together=shares(policy, world) or locks(selection),
        )

    def changes(self) -> Iterable[tuple[float, Callable[[], None]]]:
        """None: drift, arrivals and retirements are part of the rows' own time."""
        return ()

    def simulate_through(self, times: Floats, observe_at: Floats) -> None:
        """Simulate up to all `times` at once, in days; lock-outs and tallies are kept for those of `observe_at`."""
        self._driver.simulate_through([_seconds(at) for at in times], [_seconds(at) for at in observe_at])

    def advance(self, until: float) -> None:
        """Simulate every row up to, not including, day `until`."""
        self._driver.advance(_seconds(min(until, self.horizon)))

    def totals(self) -> Totals:
        """Sums from time zero to now; reward in purchases, regret in expected purchases and in expected dollars."""
        sums = self._driver.sums
        return Totals(
            pulls=sums["sends"].copy(),
            reward=sums["purchases"].astype(np.float64),
            regret=sums["regret"].copy(),
            revenue_micros=_micros(sums["revenue"]),
            regret_usd=sums["regret_usd"].copy(),
            best_pulls=sums["best"].copy(),
            ranked_pulls=sums["priced"].copy(),
        )

    def page_totals(self) -> PageTotals:
        """Sums by page, as far as simulated; reward in purchases."""
        shape = (len(self._replications), self.pages)
        sums, fans = self._block.sums.reshape(shape), self._block.pages["fans"].reshape(shape)
        return PageTotals(
            audience=fans.astype(np.int64),
            sends=sums["sends"].copy(),
            reward=sums["purchases"].astype(np.float64),
            revenue_micros=sums["revenue"] * MICROS,
            expected_usd=sums["expected_usd"].copy(),
            weight=np.ones(shape) if self._weights is None else self._weights.reshape(shape),
            priced=sums["priced"].copy(),
            successes=sums["labels"].copy(),
            names=UNNAMED,
        )

    def locked_out_pages(self) -> Floats:
        """Share of (page, priced tier) pairs whose best caption has probability exactly 0, (replications,)."""
        if not self._can_lock_out:
            return np.zeros(len(self._replications))
        share: Floats = self._driver.locked().reshape(len(self._replications), -1).mean(axis=1)
        return share

    def tally(self) -> Tally:
        """Where the messages since the last tally went."""
        return self._driver.tally()

    def tier_revenue(self) -> Counts:
        """Revenue since time zero, (tiers, replications), in millionths of a dollar."""
        return _micros(self._driver.sums["tier_revenue"].T)

    def estimation(self) -> Counts:
        """Nothing: a label compares with a moving median, so that the truth about it is not known."""
        return nothing()

    def loop(self) -> LoopMetrics:
        """What the owners of the deployed loop ask, at the horizon."""
        return loop_metrics(self._world, self._feedback, self._block, self._driver.sums, last_day(self.horizon))

    def flow(self) -> Flow:
        """Where all purchases are: drawn = counted + late + pending."""
        sums = self._driver.sums
        pending = _pending(self._block).reshape(len(self._replications), self.pages).sum(axis=1)
        return Flow(sums["purchases"].copy(), sums["counted"].copy(), sums["late"].copy(), pending)

    def unfilled(self) -> Counts:
        """Slots so far for which no caption was eligible, (replications,)."""
        unfilled: Counts = self._driver.sums["unfilled"].copy()
        return unfilled

    def audiences(self, index: int) -> Counts:
        """Fans of each page of the block's `index`-th replication, (pages,)."""
        fans: Counts = self._block.pages["fans"][self._rows(index)].copy()
        return fans

    def bank(self, index: int) -> BankListing:
        """All captions of the block's `index`-th replication, those included that are yet to come."""
        return list_bank(self._world, self._block, self._rows(index))

    def counts(self, index: int) -> CaptionCounts:
        """Caption statistics of the block's `index`-th replication, as of its last refresh."""
        return caption_counts(self._block, self._rows(index), self._start_s)

    def sends(self, index: int) -> SendLog | None:
        """Send log of the block's `index`-th replication, where recorded.

        It is what the warehouse holds where the scenario models the deployed data path (`counting: every_refresh`, or
        an attribution below 1), and otherwise all messages with all purchases that will come.
        """
        if not self._record:
            return None
        return send_log(self._block, self._rows(index), self._start_s, as_loaded=self._as_loaded)

    def loaded_at(self, index: int) -> Floats:
        """When each message of `sends` was loaded, in days; needs a recorded log."""
        days: Floats = loaded_at(self._block, self._rows(index)) / DAY_S
        return days

    def _rows(self, index: int) -> slice:
        return slice(index * self.pages, (index + 1) * self.pages)


def kernel_of(
    policy: Policy,
    label: str,
    sections: Sections,
    happening: Collection[str] = (),
    *,
    record: bool,
    pooled: bool = False,
) -> Any:
    """The traffic kernel around a policy's rule; `happening` are the kinds of the scenario's incidents.

    `pooled`: whether it chooses from a random pool of the captions.
    """
    world, feedback, selection = sections
    rule, memory, equal_cold = policy.rule, policy.memory, pools(policy, selection)
    knows_truth = reads_truth(rule)
    return specialise(
        play,
        f"traffic_{label}",
        refcount=False,
        **chances.bindings(policy),
        summarise=rule.summarise,
        quantile=rule.quantile,
        VECTORISE=policy.vectorise_from > 0 and equal_cold,  # whose `prepare` leaves the work space of n to the scores
        observe_sales=rule.observe_sales,
        summarise_sales=rule.summarise_sales,
        evidence=rule.evidence,
        observe_fleet=rule.observe_fleet,
        summarise_fleet=rule.summarise_fleet,
        recover=rule.recover,
        # The composite score differs by captions so much that most are out at once.
        PRUNE=policy.prune_by_upper_bound or (composite(selection) and not knows_truth),
        SKIPS=_skips(policy, selection) and not (record or pooled or "function_replaced" in happening),
        POOL=pooled,
        POOLED=equal_cold,
        BATCHES=policy.reads_batches,
        CORRECTS=policy.corrects_delay,
        learn_batch=rule.learn_batch,
        RECOMPUTE=knows_truth or not memory.cumulative,
        READS_SALES=policy.reads_sales,
        READS_CATEGORY=policy.reads_category,
        READS_FLEET=policy.reads_fleet,
        READS_LABELS=(policy.prepare_reads_tried or not equal_cold) and reads_labels(rule),
        READS_TRIED=policy.prepare_reads_tried,
        READS_REST=policy.reads_rest,
        SHARED=shares(policy, world),
        RECORD=record,
        DISCOUNTED=memory.discount < 1.0,
        WINDOWED=memory.window > 0,
        RECOUNT=feedback.counting == "every_refresh",
        CONSTRAINED=composite(selection),
        COMPOSITE=composite(selection) and not knows_truth,  # who knows the truth ranks by it, within the constraints
        LOCKED=locks(selection) and (selection.agency_lock == "skip" or knows_truth),
        ABORTS=selection.agency_lock == "abort" and not knows_truth,  # who knows the truth also knows the locks
        REPLACES="function_replaced" in happening and policy.kind == DEPLOYED,
        REPRICED="prices" in happening,
        BY_REVENUE=policy.true_mean_of == "revenue",
    )


def _skips(policy: Policy, selection: Selection) -> bool:
    """Whether a caption's composite score can be bounded by itself, from what is written when its row changes."""
    sees_more = policy.reads_sales or policy.reads_fleet or policy.reads_rest or policy.reads_batches
    alone = policy.rule.prepare is Rule.prepare and policy.memory.cumulative
    return composite(selection) and alone and not sees_more and not reads_truth(policy.rule)


def _micros(dollars: "Floats | Counts") -> Counts:
    """Whole millionths of a dollar."""
    return np.rint(dollars * MICROS).astype(np.int64)


def _seconds(days: float) -> int:
    """The first whole second that is not before `days`."""
    return math.ceil(days * DAY_S)


def _pending(b: Block) -> Counts:
    """Purchases of messages that are not counted yet, (N,)."""
    capacity = b.job.pending.shape[1]
    age = (np.arange(capacity) - b.pages["pending_head"][:, None]) % capacity
    total: Counts = np.where(age < b.pages["pending_size"][:, None], b.job.pending["purchases"], 0).sum(axis=1)
    return total
