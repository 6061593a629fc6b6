"""The textbook problem: independent Bernoulli arms, one pull at a time, one page, no money.

Time counts pulls. Where the stored table wants a clock, pull t happens t seconds after 2025-01-01T00:00:00Z.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from policies.base import Policy
from sim.errors import InputError
from sim.kernels import declared, specialise
from sim.rng import generator, policy_purpose, row_keys
from sim.worlds.base import UNNAMED, CaptionCounts, Counts, Floats, PageTotals, SendLog, Tally, Totals
from sim.worlds.bernoulli import kernel as bernoulli_kernel
from sim.worlds.bernoulli.allocation import Sends
from sim.worlds.bernoulli.pull_log import new_pulls, send_log
from sim.worlds.bernoulli.rows import Log, Plan, Rows, new_log, new_rows, new_sums
from sim.worlds.metrics.estimation import estimation
from sim.worlds.metrics.lock_out import can_lock_out
from sim.worlds.metrics.loop import LoopMetrics
from sim.worlds.selection import chances

if TYPE_CHECKING:
    from sim.scenario import BernoulliFeedback, BernoulliSection, GeometricDelay, PolicySpec, Scenario

EPOCH_US = 1_735_689_600_000_000  # 2025-01-01T00:00:00Z
SECOND_US = 1_000_000
LONGEST_EXPONENTIAL = 54 * math.log(2)  # −ln of the least open uniform, 2**-54


class BernoulliWorld:
    """A block of replications of a Bernoulli problem under one policy; a `World`."""

    pages = 1

    def __init__(self, scenario: "Scenario", spec: "PolicySpec", replications: range) -> None:
        self.policy = spec.build()
        _check_memory(self.policy, spec.name)
        problem, feedback = cast("BernoulliSection", scenario.world), cast("BernoulliFeedback", scenario.feedback)
        self.horizon = int(scenario.horizon.length)
        self.time = 0
        self._name = spec.name
        self._changes = problem.changes
        self._plan = _plan(self.horizon, problem, feedback, self.policy)
        self._rows = _rows(scenario.seed, problem, self.policy, spec.name, replications)
        immediate = _immediate(feedback, self.policy)
        prompt = not immediate and _prompt(problem, feedback, self.policy)
        self._log = _log(len(replications), self._plan, self.policy, needed=not (immediate or prompt))
        self._sums = new_sums(len(replications))
        self._recorded = scenario.record.sends
        self._pulls = new_pulls(
            len(replications),
            self.horizon if self._recorded else 0,
            self._rows.means.shape[1] if self._recorded else 0,
            self.policy.state_size,
        )
        self._sends = Sends(self._rows)
        self._bindings = _bindings(self.policy) | {
            "CHURNS": problem.churn is not None,
            "IMMEDIATE": immediate,
            "PROMPT": prompt,
            "RECORD": self._recorded,
        }
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
        rows = len(self._sums.reward)
        return Totals(
            pulls=np.full(rows, self.time),
            reward=self._sums.reward.copy(),
            regret=self._sums.regret.copy(),
            revenue_micros=np.zeros(rows, np.int64),
            regret_usd=np.full(rows, math.nan),
            best_pulls=self._sums.best_pulls.copy(),
            ranked_pulls=np.full(rows, self.time),
        )

    def page_totals(self) -> PageTotals:
        """The whole world is one page without an audience."""
        whole = self.totals()
        return PageTotals(
            audience=np.full((len(whole.pulls), 1), -1),
            sends=whole.pulls[:, None],
            reward=whole.reward[:, None],
            revenue_micros=whole.revenue_micros[:, None],
            expected_usd=whole.regret_usd[:, None],
            weight=np.ones((len(whole.pulls), 1)),
            priced=np.full((len(whole.pulls), 1), -1),
            successes=np.full((len(whole.pulls), 1), -1),
            names=UNNAMED,
        )

    def locked_out_pages(self) -> Floats:
        """1.0 where no arm of the best true mean could be pulled next, else 0.0."""
        locked = np.zeros(len(self._sums.reward))
        if not can_lock_out(self.policy):
            return locked
        rows = self._rows._replace(state=self._rows.state.copy())
        find = self._compile(bernoulli_kernel.find_locked_out)
        find(self.time, rows, self.policy.parameters(), locked)
        return locked

    def tally(self) -> Tally:
        """Where the pulls since the last tally went; those of arms replaced since are `GONE`."""
        return self._sends.tally(self.time)

    def tier_revenue(self) -> Counts:
        """No tiers: there is no money."""
        return np.zeros((0, len(self._sums.reward)), np.int64)

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
        seen = np.flatnonzero(self._rows.known[index])
        known, successes = self._rows.known[index, seen], self._rows.successes[index, seen]
        inserted, updated = self._rows.inserted[index, seen], self._rows.updated[index, seen]
        return CaptionCounts(
            page=np.ones(len(seen), np.int32),
            caption_id=1 + seen + self._rows.shown[index, seen] * self._rows.known.shape[1],
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
        return send_log(self._pulls, index, _clock(np.arange(self.time))) if self._recorded else None


def _clock(pulls: Counts) -> Counts:
    """Microseconds since 1970 of pulls."""
    return EPOCH_US + SECOND_US * pulls


def _check_memory(policy: Policy, name: str) -> None:
    memory = policy.memory
    if memory.window and (memory.discount != 1.0 or policy.weighted):
        raise InputError(f"policy {name}: a sliding window goes with neither a discount nor importance weights")


def _immediate(feedback: "BernoulliFeedback", policy: Policy) -> bool:
    return feedback.refresh_every == 1 and feedback.delay == 0 and policy.memory.window == 0


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
    )


def _delay(delay: "int | GeometricDelay") -> tuple[int, float]:
    """(pulls, 0) of a fixed delay, (0, ln P(delay > 0)) of a geometric one: P(delay > 0) = mean / (1 + mean)."""
    if isinstance(delay, int):
        return delay, 0.0
    return 0, -math.log1p(1.0 / delay.geometric) if delay.geometric > 0.0 else 0.0


def _rows(seed: int, problem: "BernoulliSection", policy: Policy, name: str, replications: range) -> Rows:
    purposes = ("outcome", "delay", "churn", policy_purpose(name))
    keys = [row_keys(seed, purpose, replications)[:, 0] for purpose in purposes]
    return new_rows(_means(seed, problem, replications), policy, *keys)


def _means(seed: int, problem: "BernoulliSection", replications: range) -> NDArray[np.float64]:
    """True means at time zero, (rows, arms)."""
    if problem.means is not None:
        return np.tile(np.array(problem.means, np.float64), (len(replications), 1))
    a, b = problem.prior.beta if problem.prior else (1.0, 1.0)
    return np.array([generator(seed, "means", number).beta(a, b, problem.size) for number in replications])


def _log(rows: int, plan: Plan, policy: Policy, *, needed: bool) -> Log:
    """A log that reaches back as far as an outcome can be late, or must leave a window, and never beyond pull 0."""
    longest = int(LONGEST_EXPONENTIAL / -plan.delay_scale) + 1 if plan.delay_scale else plan.delay
    slots = min(max(longest, plan.window) + plan.refresh_every + 1, plan.horizon)
    buckets = min(longest // plan.refresh_every + 2, plan.refreshes + 1)
    return new_log(rows, slots, buckets, policy.weighted) if needed else new_log(rows, 0, 0, False)


def _bindings(policy: Policy) -> dict[str, Any]:
    """What a policy brings to a kernel."""
    rule = policy.rule
    return chances.bindings(policy) | {
        "summarise": rule.summarise,
        "max_slope": rule.max_slope,
        "tail": rule.tail,
        "update_tail": rule.update_tail,
        "draw_above": rule.draw_above,
        "PRUNE": policy.prune_by_upper_bound,
        "LAZY_INDEX": policy.concave_index,
        "TAIL_PRUNING": policy.tail_evaluable,
        "CACHED_LEADER": policy.state_independent_score,
        "EXPLORES": policy.state_size > 0,
        "VECTORISE_FROM": policy.vectorise_from,
        "DISCOUNTED": policy.memory.discount != 1.0,
        "WINDOWED": policy.memory.window > 0,
    }
