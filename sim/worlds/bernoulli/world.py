"""The textbook problem: independent Bernoulli arms, one pull at a time, no money; one row of arms, or several.

Rows are the pages of a replication. They share their arms, and each pulls once at a time. Time counts the pulls of a
row. Where the stored table wants a clock, pull t happens t seconds after 2025-01-01T00:00:00Z.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from policies.base import Policy
from sim.errors import InputError
from sim.kernels import declared, specialise
from sim.rng import policy_purpose, row_keys
from sim.worlds.base import UNNAMED, CaptionCounts, Counts, Floats, PageTotals, SendLog, Tally, Totals
from sim.worlds.bernoulli import kernel as bernoulli_kernel
from sim.worlds.bernoulli.allocation import Sends
from sim.worlds.bernoulli.means import draw_means
from sim.worlds.bernoulli.pull_log import new_pulls, send_log
from sim.worlds.bernoulli.rows import Log, Plan, RowKeys, Rows, new_log, new_rows, new_sums
from sim.worlds.metrics.estimation import estimation
from sim.worlds.metrics.lock_out import can_lock_out
from sim.worlds.metrics.loop import LoopMetrics
from sim.worlds.selection import chances
from sim.worlds.selection.pool import new_pool

if TYPE_CHECKING:
    from sim.scenario import BernoulliFeedback, BernoulliSection, GeometricDelay, PolicySpec, Scenario

EPOCH_US = 1_735_689_600_000_000  # 2025-01-01T00:00:00Z
SECOND_US = 1_000_000
LONGEST_EXPONENTIAL = 54 * math.log(2)  # −ln of the least open uniform, 2**-54


class BernoulliWorld:
    """A block of replications of a Bernoulli problem under one policy; a `World`."""

    def __init__(self, scenario: "Scenario", spec: "PolicySpec", replications: range) -> None:
        self.policy = spec.build()
        _check_memory(self.policy, spec.name)
        problem, feedback = cast("BernoulliSection", scenario.world), cast("BernoulliFeedback", scenario.feedback)
        self.horizon = int(scenario.horizon.length)
        self.time = 0
        self.pages = problem.rows
        self._name = spec.name
        self._changes = problem.changes
        self._replications = len(replications)
        self._plan = _plan(self.horizon, problem, feedback, self.policy)
        shared = self.pages > 1 and self.policy.reads_fleet and not self.policy.reads_sales
        expects = self.policy.corrects_delay and self._plan.delay_scale != 0.0
        self._rows = _rows(scenario.seed, problem, self.policy, spec, replications, expects=expects, shared=shared)
        immediate = _immediate(feedback, self.policy) and not shared
        prompt = not immediate and _prompt(problem, feedback, self.policy)
        rows = len(self._rows.means)
        self._log = _log(rows, self._plan, self.policy, needed=not (immediate or prompt))
        self._sums = new_sums(rows)
        self._recorded = scenario.record.sends
        self._pulls = new_pulls(
            rows,
            self.horizon if self._recorded else 0,
            self._rows.means.shape[1] if self._recorded else 0,
            self.policy.state_size,
        )
        self._sends = Sends(self._rows)
        self._pooled, self._renewed = spec.pool is not None, spec.renew is not None
        self._bindings = _bindings(self.policy, pooled=self._pooled) | {
            "CHURNS": problem.churn is not None,
            "IMMEDIATE": immediate,
            "PROMPT": prompt,
            "RECORD": self._recorded,
            "EXPECTS": expects,
            "SHARED": shared,
        }
        if shared:
            self._advance = partial(self._compile(bernoulli_kernel.advance_together), self.pages)
        else:
            self._advance = self._compile(bernoulli_kernel.advance)

    def _compile(self, template: Callable[..., None]) -> Any:
        return specialise(template, self.policy.kind, refcount=False, **declared(template, self._bindings))

    def changes(self) -> Iterator[tuple[float, Callable[[], None]]]:
        """The scenario's `changes` within the horizon."""
        for change in sorted(self._changes, key=lambda change: change.at):
            if change.at < self.horizon:
                yield change.at, partial(self._set_means, change.means)

    def _set_means(self, means: tuple[float, ...]) -> None:
        self._sends.record()
        self._rows.means[:] = means
        self._rows.stale[:] = True

    def simulate_through(self, times: Floats, observe_at: Floats) -> None:
        """Do nothing: `advance` simulates."""

    def advance(self, until: float) -> None:
        """Pull up to, not including, pull `until` in every row; raises InputError where all scores are NaN."""
        stop = math.ceil(until)
        if stop > self.time:
            self._run(stop)
            self.time = stop

    def _run(self, stop: int) -> None:
        parameters = self.policy.parameters()
        try:
            self._advance(self.time, stop, self._rows, self._log, self._sums, self._pulls, parameters, self._plan)
        except ValueError as error:
            raise InputError(f"policy {self._name}: {error}", hint="a rule must score at least one arm") from error

    def totals(self) -> Totals:
        """Sums from pull 0 to now; reward counts successes, and there is no money."""
        pulls = np.full(self._replications, self.time * self.pages)
        return Totals(
            pulls=pulls,
            reward=self._by_page(self._sums.reward).sum(axis=1),
            regret=self._by_page(self._sums.regret).sum(axis=1),
            revenue_micros=np.zeros(self._replications, np.int64),
            regret_usd=np.full(self._replications, math.nan),
            best_pulls=self._by_page(self._sums.best_pulls).sum(axis=1),
            ranked_pulls=pulls.copy(),
        )

    def _by_page(self, values: Any) -> Any:
        """(replications, pages), of values of rows."""
        return values.reshape(self._replications, self.pages)

    def page_totals(self) -> PageTotals:
        """Each row is a page without an audience."""
        shape = (self._replications, self.pages)
        return PageTotals(
            audience=np.full(shape, -1),
            sends=np.full(shape, self.time),
            reward=self._by_page(self._sums.reward).copy(),
            revenue_micros=np.zeros(shape, np.int64),
            expected_usd=np.full(shape, math.nan),
            weight=np.ones(shape),
            priced=np.full(shape, -1),
            successes=np.full(shape, -1),
            names=UNNAMED,
        )

    def locked_out_pages(self) -> Floats:
        """Share of the rows in which no arm of the best true mean could be pulled next, nor later from another pool."""
        locked = np.zeros(len(self._sums.reward))
        if not can_lock_out(self.policy, pooled=self._pooled, renewed=self._renewed):
            return self._by_page(locked).mean(axis=1)  # type: ignore[no-any-return]
        rows = self._rows._replace(state=self._rows.state.copy(), a=self._rows.a.copy(), b=self._rows.b.copy())
        find = self._compile(bernoulli_kernel.find_locked_out)
        find(self.time, rows, self.policy.parameters(), locked)
        return self._by_page(locked).mean(axis=1)  # type: ignore[no-any-return]

    def tally(self) -> Tally:
        """Where the pulls since the last tally went; those of arms replaced since are `GONE`."""
        return self._sends.tally(self.time)

    def tier_revenue(self) -> Counts:
        """No tiers: there is no money."""
        return np.zeros((0, self._replications), np.int64)

    def estimation(self) -> Counts:
        """The stored counts against the true means of now, newcomers that are not shown yet left out."""
        rows = self._rows
        labels = np.where(rows.shown == rows.generation, rows.known, 0)
        return estimation(labels, rows.successes, rows.means, self._sends.bins())

    def loop(self) -> LoopMetrics:
        """Nothing: no job, no bank and no money stand around this world."""
        return LoopMetrics()

    def counts(self, index: int) -> CaptionCounts:
        """The stored table: cumulative counts of each arm whatever the policy forgets, without arms never shown."""
        own = self._own(index)
        of_rows = slice(own.start, own.stop)
        page, seen = np.nonzero(self._rows.known[of_rows])
        known, successes = self._rows.known[of_rows][page, seen], self._rows.successes[of_rows][page, seen]
        inserted, updated = self._rows.inserted[of_rows][page, seen], self._rows.updated[of_rows][page, seen]
        return CaptionCounts(
            page=(1 + page).astype(np.int32),
            caption_id=1 + seen + self._rows.shown[of_rows][page, seen] * self._rows.known.shape[1],
            successes=successes,
            failures=known - successes,
            observations=known,
            sent=known,
            purchased=successes,
            revenue_micros=np.zeros(len(seen), np.int64),
            mean_emv=np.zeros(len(seen)),
            last_emv=np.full(len(seen), math.nan),
            # As in production, the refresh that inserts a caption leaves its last use NULL.
            last_used_us=np.where(updated > inserted, _clock(updated), -1),
            last_updated_us=_clock(updated),
        )

    def sends(self, index: int) -> SendLog | None:
        """Every pull so far, in order of time, with its outcome, known by then or not."""
        return send_log(self._pulls, self._own(index), _clock(np.arange(self.time))) if self._recorded else None

    def _own(self, index: int) -> range:
        """The rows of the block's `index`-th replication."""
        return range(index * self.pages, (index + 1) * self.pages)


def _clock(pulls: Counts) -> Counts:
    """Microseconds since 1970 of pulls."""
    return EPOCH_US + SECOND_US * pulls


def _check_memory(policy: Policy, name: str) -> None:
    memory = policy.memory
    if memory.window and (memory.discount != 1.0 or policy.weighted):
        raise InputError(f"policy {name}: a sliding window goes with neither a discount nor importance weights")


def _immediate(feedback: "BernoulliFeedback", policy: Policy) -> bool:
    immediate = feedback.refresh_every == 1 and feedback.delay == 0
    return immediate and policy.memory.window == 0 and not policy.reads_batches


def _prompt(problem: "BernoulliSection", feedback: "BernoulliFeedback", policy: Policy) -> bool:
    return feedback.delay == 0 and policy.memory.cumulative and not policy.weighted and problem.churn is None


def _plan(horizon: int, problem: "BernoulliSection", feedback: "BernoulliFeedback", policy: Policy) -> Plan:
    prior_a, prior_b = problem.prior.beta if problem.prior else (1.0, 1.0)
    delay, scale = _delay(feedback.delay)
    return Plan(
        horizon=horizon,
        refresh_every=feedback.refresh_every,
        refreshes=horizon // feedback.refresh_every,
        delay=delay,
        delay_scale=scale,
        discount=float(policy.memory.discount),
        decay=math.pow(policy.memory.discount, feedback.refresh_every),
        window=policy.memory.window,
        churn_probability=float(problem.churn.probability) if problem.churn else 0.0,
        prior_a=float(prior_a),
        prior_b=float(prior_b),
        unknown_left=math.exp(scale * feedback.refresh_every),
    )


def _delay(delay: "int | GeometricDelay") -> tuple[int, float]:
    """(pulls, 0) of a fixed delay, (0, ln P(delay > 0)) of a geometric one: P(delay > 0) = mean / (1 + mean)."""
    if isinstance(delay, int):
        return delay, 0.0
    return 0, -math.log1p(1.0 / delay.geometric) if delay.geometric > 0.0 else 0.0


def _rows(
    seed: int,
    problem: "BernoulliSection",
    policy: Policy,
    spec: "PolicySpec",
    replications: range,
    *,
    expects: bool,
    shared: bool,
) -> Rows:
    purposes = ("outcome", "delay", "churn", policy_purpose(spec.name), "pool")
    keys = RowKeys(*(row_keys(seed, purpose, replications, problem.rows).ravel() for purpose in purposes))
    means = draw_means(seed, problem, replications)
    pool = new_pool(means.shape[0], means.shape[1], spec.pool, spec.renew)
    return new_rows(means, policy, keys, pool, expects=expects, reads_all=shared)


def _log(rows: int, plan: Plan, policy: Policy, *, needed: bool) -> Log:
    """A log that reaches back as far as an outcome can be late, or must leave a window, and never beyond pull 0."""
    longest = int(LONGEST_EXPONENTIAL / -plan.delay_scale) + 1 if plan.delay_scale else plan.delay
    slots = min(max(longest, plan.window) + plan.refresh_every + 1, plan.horizon)
    buckets = min(longest // plan.refresh_every + 2, plan.refreshes + 1)
    return new_log(rows, slots, buckets, policy.weighted) if needed else new_log(rows, 0, 0, False)


def _bindings(policy: Policy, *, pooled: bool) -> dict[str, Any]:
    """What a policy brings to a kernel; a pool is small, and needs none of the ways to spare scores."""
    rule = policy.rule
    return chances.bindings(policy) | {
        "summarise": rule.summarise,
        "learn_batch": rule.learn_batch,
        "observe_fleet": rule.observe_fleet,
        "summarise_fleet": rule.summarise_fleet,
        "max_slope": rule.max_slope,
        "tail": rule.tail,
        "update_tail": rule.update_tail,
        "draw_above": rule.draw_above,
        "PRUNE": policy.prune_by_upper_bound,
        "POOL": pooled,
        "BATCHES": policy.reads_batches,
        "LAZY_INDEX": policy.concave_index and not pooled,
        "TAIL_PRUNING": policy.tail_evaluable and not pooled,
        "CACHED_LEADER": policy.state_independent_score and not pooled,
        "EXPLORES": policy.state_size > 0,
        "VECTORISE_FROM": policy.vectorise_from,
        "DISCOUNTED": policy.memory.discount != 1.0,
        "WINDOWED": policy.memory.window > 0,
    }
