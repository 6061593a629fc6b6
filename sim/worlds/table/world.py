"""The table world: real counts of a file as the truth, every page of the file a page, every row an arm.

A page sends `sends_per_day` captions, evenly spaced, the first at hour 0, each to `fans_per_send` fans; each fan of a
send converts with the arm's true rate. At equal time a refresh comes before a send. Reward is conversions; regret is
the expected conversions that sends fell short of those of the page's best arm. With prices a conversion earns its arm's
price; regret in dollars compares with the arm of the highest rate × price. Rates are fixed at the observed ones, or
drawn once per replication from Beta(successes + a, trials − successes + b), with (a, b) fitted to the whole file.
"""

import math
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from sim.errors import InputError
from sim.kernels import declared, specialise
from sim.rng import policy_purpose, row_keys
from sim.units import DAY_US, MICROS
from sim.worlds.base import CaptionCounts, Counts, Floats, PageTotals, SendLog, Tally, Totals
from sim.worlds.metrics.allocation import AllocationCounter, rank_bins
from sim.worlds.metrics.estimation import estimation, nothing
from sim.worlds.metrics.lock_out import can_lock_out
from sim.worlds.metrics.loop import LoopMetrics
from sim.worlds.selection import chances
from sim.worlds.selection.chances import new_bench
from sim.worlds.table import kernel as table_kernel
from sim.worlds.table.empirical_bayes import fit_beta_binomial
from sim.worlds.table.rows import (
    CONVERSIONS,
    FIRST_REFRESH,
    LAST_REFRESH,
    LATEST,
    SENDS,
    SQUARES,
    SUCCESSES,
    Rows,
    Span,
    new_pools,
    new_rows,
)
from sim.worlds.table.source import Counted, counts_of
from sim.worlds.table.timing import timing_of

if TYPE_CHECKING:
    from policies.base import Policy
    from sim.scenario import PolicySpec, Scenario, TableFeedback, TableSection

MOST_MICROS = 2**62
EPOCH_US = 1_735_689_600_000_000  # 2025-01-01T00:00:00Z


class TableWorld:
    """One block of replications of a table scenario under one policy; see `sim.worlds.base.World`."""

    def __init__(self, scenario: "Scenario", spec: "PolicySpec", replications: range) -> None:
        world, policy = cast("TableSection", scenario.world), spec.build()
        check_memory(policy, spec.name)
        self._name = spec.name
        self.horizon = float(scenario.horizon.length)
        self._counted = counts_of(world)
        self.pages = len(self._counted.page_names)
        refresh_hours = cast("TableFeedback", scenario.feedback).refresh_hours
        self._timing = timing_of(world.sends_per_day, refresh_hours, self.horizon)
        self._clock = self._timing.clock(world.fans_per_send, policy)
        check_sums(self._counted, world.fans_per_send * self._timing.sends_before(self.horizon))
        self._logged = scenario.record.sends
        self._can_lock_out = can_lock_out(policy, pooled=spec.pool is not None, renewed=spec.renew is not None)
        self._labelled_by_send = world.label == "send"
        self._params = policy.parameters()
        self._bindings = bindings(policy, world, self._logged) | {"POOL": spec.pool is not None}
        self._label = spec.kind
        self._rows = self._new_rows(scenario.seed, world, policy, replications, spec)
        self._sent = self._seen = self._oldest = 0
        self._counter = AllocationCounter(len(replications), self._counted.offsets)
        self._bins = rank_bins(self._rows.rates, self._counted.offsets)
        self._kernel = specialise(
            table_kernel.advance, self._label, refcount=False, **self._declared(table_kernel.advance)
        )

    def _declared(self, template: Callable[..., Any]) -> dict[str, Any]:
        return declared(template, self._bindings)

    def _new_rows(
        self, seed: int, world: "TableSection", policy: "Policy", replications: range, spec: "PolicySpec"
    ) -> Rows:
        total = self._timing.sends_before(self.horizon)
        recent = self._clock.median_sends if world.label == "send" else 0
        log = total if self._logged else min(total, max(self._clock.window, recent) + self._timing.pending())
        rates = true_rates(self._counted, world, row_keys(seed, "table:rates", replications, self.pages))
        renew = math.inf if spec.renew is None else spec.renew * world.sends_per_day
        worth, dollars = self._counted.price_micros, self._dollars(rates)
        return new_rows(
            rates,
            self.pages,
            policy.state_size,
            truth=rates if dollars is None or policy.true_mean_of != "revenue" else dollars,
            worth=np.ones(rates.shape[1], np.int64) if worth is None else worth,
            log=max(log, 1),
            weighted=policy.weighted or self._logged,
            recent=min(total, recent + self._timing.pending()) if recent else 0,
            outcome_key=row_keys(seed, "table:outcome", replications, self.pages),
            policy_key=row_keys(seed, policy_purpose(self._name), replications, self.pages),
            bench=new_bench(int(np.diff(self._counted.offsets).max()) if self._logged else 0, policy.state_size),
            pool=new_pools(rates.shape, self.pages, spec.pool, renew),
            pool_key=row_keys(seed, "pool", replications, self.pages),
        )

    def _dollars(self, rates: Floats) -> Floats | None:
        """Dollars that a fan is expected to bring, (replications, arms of all pages); None without prices."""
        prices = self._counted.price_micros
        return None if prices is None else rates * (prices / MICROS)

    @property
    def rates(self) -> Floats:
        """True conversions per fan, (replications, arms of all pages)."""
        rates: Floats = self._rows.rates
        return rates

    def changes(self) -> Iterable[tuple[float, Callable[[], None]]]:
        """None: the rates of a replication stay what they are."""
        return ()

    def simulate_through(self, times: Floats, observe_at: Floats) -> None:
        """Do nothing: `advance` simulates."""

    def advance(self, until: float) -> None:
        """Simulate all sends before day `until`, and all refreshes by then."""
        last = max(self._timing.sends_before(until), self._sent)
        span = Span(self._sent, last, self._seen, self._oldest, self._timing.refreshes_by(until))
        try:
            self._seen, self._oldest = self._kernel(self._rows, self._counted.offsets, self._clock, span, self._params)
        except ValueError as error:
            raise InputError(f"policy {self._name}: {error}", "a rule must score at least one arm") from error
        self._sent = last

    def totals(self) -> Totals:
        """Sums so far; reward and regret in conversions."""
        replications, dollars = self._rows.rates.shape[0], self._dollars(self._rows.rates)
        missed, best = self._missed(self._rows.rates)
        missed_usd = np.full(replications, np.nan) if dollars is None else self._missed(dollars)[0]
        return Totals(
            pulls=np.full(replications, self._sent * self.pages),
            reward=self._rows.conversions.sum(axis=1).astype(float),
            regret=missed * self._clock.fans,
            revenue_micros=self._revenue().sum(axis=1),
            regret_usd=missed_usd * self._clock.fans,
            best_pulls=best,
            ranked_pulls=np.full(replications, self._sent * self.pages),
        )

    def _missed(self, values: Floats) -> tuple[Floats, Counts]:
        """Of the sends so far, what they fell short of the best arm by `values`, and how many were of a best arm."""
        missed, best = np.zeros(len(values)), np.zeros(len(values), np.int64)
        compiled(table_kernel.tally)(values, self._rows.sent, self._counted.offsets, missed, best)
        return missed, best

    def _revenue(self) -> Counts:
        """Millionths of a dollar so far, (replications, pages)."""
        earned: Counts = self._rows.earned
        return earned.copy() if self._counted.price_micros is not None else np.zeros_like(earned)

    def _expected_usd(self) -> Floats:
        """Dollars expected of the sends so far, (replications, pages); NaN without prices."""
        dollars, shape = self._dollars(self._rows.rates), self._rows.conversions.shape
        if dollars is None:
            return np.full(shape, np.nan)
        expected = np.zeros(shape)
        compiled(table_kernel.expect)(dollars, self._rows.sent, self._counted.offsets, expected)
        return expected * self._clock.fans

    def page_totals(self) -> PageTotals:
        """Sums so far by page; reward in conversions."""
        conversions = self._rows.conversions
        return PageTotals(
            audience=np.full(conversions.shape, self._clock.fans),
            sends=np.full(conversions.shape, self._sent),
            reward=conversions.astype(float),
            revenue_micros=self._revenue(),
            expected_usd=self._expected_usd(),
            weight=np.ones(conversions.shape),
            priced=np.full(conversions.shape, -1),
            successes=np.full(conversions.shape, -1),
            names=np.array(self._counted.page_names),
        )

    def locked_out_pages(self) -> Floats:
        """Share of pages none of whose truly best arms can be sent at the next slot."""
        locked = np.zeros(self._rows.rates.shape[0], np.int64)
        if not self._can_lock_out:
            return locked / self.pages
        count = specialise(
            table_kernel.count_locked_out, self._label, refcount=False, **self._declared(table_kernel.count_locked_out)
        )
        undisturbed = self._rows._replace(state=self._rows.state.copy())
        count(undisturbed, self._counted.offsets, self._clock, self._sent, self._params, locked)
        return locked / self.pages

    def tally(self) -> Tally:
        """Where the sends since the last tally went."""
        captions = np.diff(self._counted.offsets)
        return self._counter.tally(self._rows.sent, self._bins, np.tile(captions, (len(self._bins), 1)))

    def tier_revenue(self) -> Counts:
        """No tiers: a page has one list of captions."""
        return np.zeros((0, len(self._bins)), np.int64)

    def estimation(self) -> Counts:
        """The stored counts of fans against the true rates; the truth about the label of a whole send is not known."""
        if self._labelled_by_send:
            return nothing()
        known = self._rows.known
        fans, successes = known[..., SENDS] * self._clock.fans, known[..., SUCCESSES]
        return estimation(fans, successes, self._rows.rates, self._bins)

    def loop(self) -> LoopMetrics:
        """The money of a file with prices; no job and no bank stand around this world."""
        if self._counted.price_micros is None:
            return LoopMetrics()
        price = (self._rows.sent * (self._counted.price_micros / MICROS)).sum(axis=1) / (self._sent * self.pages)
        # Page after page, so that no split into blocks changes a bit.
        return LoopMetrics({"expected_usd": self._expected_usd().cumsum(axis=1)[:, -1], "mean_price": price})

    def counts(self, index: int) -> CaptionCounts:
        """Caption statistics as of the last refresh; a row made by its only refresh has no `last_used`."""
        known = self._rows.known[index]
        told = known[:, SENDS] > 0
        known = known[told]
        sends, successes, first, last = (known[:, c] for c in (SENDS, SUCCESSES, FIRST_REFRESH, LAST_REFRESH))
        trials = sends if self._labelled_by_send else sends * self._clock.fans
        prices = self._counted.price_micros
        micros = np.zeros(sends.size, np.int64) if prices is None else prices[told]
        per_fan = micros / MICROS / self._clock.fans
        return CaptionCounts(
            page=self._page_numbers()[told],
            caption_id=self._counted.caption_ids[told],
            successes=successes.copy(),
            failures=trials - successes,
            observations=sends.copy(),
            sent=sends * self._clock.fans,
            purchased=known[:, CONVERSIONS].copy(),
            revenue_micros=micros * known[:, CONVERSIONS],
            mean_emv=per_fan * known[:, SQUARES] / sends,
            last_emv=np.full(sends.size, np.nan) if prices is None else per_fan * known[:, LATEST] ** 2,
            last_used_us=np.where(last > first, self._refresh_us(last), -1),
            last_updated_us=self._refresh_us(last),
            page_names=self._counted.page_names,
        )

    def sends(self, index: int) -> SendLog | None:
        """Every send so far, in order of time, then page; a fan reached counts as one that viewed."""
        if not self._logged:
            return None
        arms, conversions = (log[index, :, : self._sent].T for log in (self._rows.log_arm, self._rows.log_conversions))
        size = arms.size
        send, page = np.divmod(np.arange(size), self.pages)
        captions, texts = self._counted.offsets[page] + arms.ravel(), self._counted.caption_names
        micros = self._counted.price_micros
        price = np.full(size, np.nan) if micros is None else micros[captions] / MICROS
        return SendLog(
            row_id=np.arange(1, size + 1),
            page=(page + 1).astype(np.int32),
            sending_time_us=EPOCH_US + send * DAY_US // self._timing.sends_per_day,
            price=price,
            sent_count=np.full(size, self._clock.fans),
            viewed_count=np.full(size, self._clock.fans),
            purchased_count=conversions.ravel().astype(float),
            earnings=np.zeros(size) if micros is None else price * conversions.ravel(),
            message_type=np.full(size, -1, np.int8),
            caption_id=self._counted.caption_ids[captions],
            propensity=1.0 / self._rows.log_weight[index, :, : self._sent].T.ravel(),
            page_names=self._counted.page_names,
            message=None if texts is None else np.array(texts, dtype=object)[captions],
        )

    def _page_numbers(self) -> "np.ndarray[Any, np.dtype[np.int32]]":
        return np.repeat(np.arange(1, self.pages + 1, dtype=np.int32), np.diff(self._counted.offsets))

    def _refresh_us(self, number: Counts) -> Counts:
        return np.array([EPOCH_US + self._timing.microseconds(n) for n in number], np.int64)


@cache
def compiled(function: Callable[..., None]) -> Any:
    """A function of the kernel that no policy enters."""
    return specialise(function, "table", refcount=False)


def bindings(policy: "Policy", world: "TableSection", logged: bool) -> dict[str, Any]:
    """What the kernel is compiled for: the policy's rule, its kind of memory, and what counts as a trial."""
    rule = policy.rule
    return chances.bindings(policy) | {
        "summarise": rule.summarise,
        "PRUNE": policy.prune_by_upper_bound,
        "DISCOUNTED": policy.memory.discount != 1.0,
        "WINDOWED": policy.memory.window > 0,
        "LABEL_SEND": world.label == "send",
        "RECORD": logged,
    }


def check_memory(policy: "Policy", name: str) -> None:
    """Raise InputError for a kind of memory that the kernel does not keep."""
    memory = policy.memory
    if memory.window and (memory.discount != 1.0 or policy.weighted):
        raise InputError(f"policy {name}: a sliding window goes with neither a discount nor importance weights")


def check_sums(counted: Counted, fans: int) -> None:
    """Raise InputError where the dollars of `fans` per page could exceed what 64 bits hold."""
    prices = counted.price_micros
    if prices is not None and int(prices.max()) * fans * len(counted.page_names) > MOST_MICROS:
        what = f"highest price × fans reached by all sends is above {MOST_MICROS / MICROS:.1e} dollars"
        raise InputError(f"world: {what}", "reach fewer fans per send")


def true_rates(counted: Counted, world: "TableSection", keys: Any) -> Floats:
    """Conversions per fan, (replications, arms); `keys` (replications, pages) address the draws."""
    if world.rates == "observed":
        return np.tile(observed_rates(counted, str(world.source)), (keys.shape[0], 1))
    a, b = prior_of(counted)
    rates = np.empty((keys.shape[0], counted.trials.size))
    successes, failures = counted.successes, counted.trials - counted.successes
    compiled(table_kernel.draw_rates)(keys, counted.offsets, successes + a, failures + b, rates)
    return rates


@lru_cache(maxsize=2)
def prior_of(counted: Counted) -> tuple[float, float]:
    """The Beta prior fitted to a file's counts."""
    return fit_beta_binomial(counted.trials, counted.successes)


def observed_rates(counted: Counted, source: str) -> Floats:
    """Successes per trial, (arms,); raises InputError for an arm without trials."""
    untried = counted.trials == 0
    if untried.any():
        row = counted.rows[untried].min()
        raise InputError(f"{source}: row {row}: no trials, so no observed rate", "use `world.rates: drawn`")
    rates: Floats = counted.successes / counted.trials
    return rates
