"""The traffic world as one would write it with SimPy: a process a page, and a process a message.

A page's process runs the update job and plans its days; a message waits for its slot, goes out, and then waits for each
of its purchases. Numbers come from a NumPy generator. The model is that of docs/traffic.md under wilson_sample, written
anew: of our world only the banks are used, so that both face the same problem. Messages a day must be given
(`sends.per_day`), and a day must be a multiple of the time between refreshes.
"""

import math
import statistics
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import simpy

from benchmarks.events.captions import DAYS_A_WEEK, Law, Tier
from sim.scenario import Scenario
from sim.scenario.sections.traffic import PRICED_TIERS, TIERS, TrafficSection
from sim.scenario.sections.traffic_loop import Selection, TrafficFeedback
from sim.worlds.traffic.results import BankListing

HOUR, DAY = 3_600, 86_400
BUMP = len(PRICED_TIERS)


@dataclass
class Message:
    """A message that is on its way into the table."""

    time: float
    tier: Tier
    place: int
    views: int
    known: int = 0
    counted: bool = False


@dataclass
class Slot:
    """A message that is to go out."""

    time: float
    tier: int
    factor: float
    place: int = -1
    missed: float = 0.0
    """Purchases a view that a clairvoyant would have more, at a factor of 1."""


class Page:
    """One page; `run` is its process."""

    def __init__(
        self,
        clock: simpy.Environment,
        rng: np.random.Generator,
        scenario: Scenario,
        *,
        fans: int,
        tiers: list[Tier],
        season: list[float],
    ) -> None:
        self.clock, self.rng, self.fans, self.tiers, self.season = clock, rng, fans, tiers, season
        assert isinstance(scenario.world, TrafficSection)
        assert isinstance(scenario.feedback, TrafficFeedback)
        assert isinstance(scenario.selection, Selection)
        self.world, self.feedback = scenario.world, scenario.feedback
        self.cycle = cycle_of([getattr(scenario.selection.quotas, tier) for tier in PRICED_TIERS])
        self.gap, self.phase = 60 * rng.uniform(*self.world.sends.min_gap_minutes), rng.random()
        self.sends = self.purchases = self.priced_slots = 0
        self.regret = 0.0
        self.waiting: list[Message] = []
        self.window: list[tuple[float, float]] = []
        clock.process(self.run())

    def run(self) -> Generator[simpy.Event]:
        """Plan each day, and refresh the table, at midnight before the plan."""
        every = HOUR * self.feedback.refresh_hours
        self.begin_day(0)
        while True:
            yield self.clock.timeout(every)
            self.refresh()
            if self.clock.now % DAY == 0:
                self.begin_day(int(self.clock.now // DAY))

    def begin_day(self, day: int) -> None:
        """Give every message of the day its process."""
        if day % DAYS_A_WEEK == 0:
            for tier in self.tiers[:BUMP]:  # unpriced messages sell nothing
                tier.drift(day // DAYS_A_WEEK)
        slots = self.plan(day)
        for number in range(len(TIERS)):
            self.fill(number, day, [slot for slot in slots if slot.tier == number])
        for slot in slots:
            if slot.place >= 0:
                self.clock.process(self.message(slot))

    def plan(self, day: int) -> list[Slot]:
        """The day's slots, in an order by chance."""
        sends, messages = self.world.sends, self.world.sends.per_day or 0
        first, length = HOUR * sends.hours[0], HOUR * (sends.hours[1] - sends.hours[0])
        unpriced = int(messages * sends.unpriced_share + self.rng.random())
        priced = messages - unpriced
        gap = min(self.gap, length / max(priced, 1))
        spread = sorted(self.rng.random() * (length - priced * gap) for _ in range(priced))
        kinds = [(u + gap * (i + self.phase), 0) for i, u in enumerate(spread)]
        kinds += [(length * self.rng.random(), BUMP) for _ in range(unpriced)]
        slots = []
        for i in self.rng.permutation(len(kinds)).tolist():
            offset, tier = kinds[i]
            if tier != BUMP:
                tier = self.cycle[self.priced_slots % len(self.cycle)]
                self.priced_slots += 1
            time = day * DAY + first + offset
            slots.append(Slot(time, tier, self.season[day] * self.world.factors.hour[int(time % DAY // HOUR)]))
        return slots

    def fill(self, number: int, day: int, slots: list[Slot]) -> None:
        """Give the tier's slots their captions, in an order by chance."""
        if not slots:
            return
        chosen, missed = self.tiers[number].choose(day, day * DAY, len(slots))
        for slot, place in zip(slots, chosen, strict=False):
            slot.place, slot.missed = place, missed if number != BUMP else 0.0

    def message(self, slot: Slot) -> Generator[simpy.Event]:
        """One message: until its slot, out, then from purchase to purchase."""
        yield self.clock.timeout(slot.time - self.clock.now)
        views, purchases = self.send(slot)
        sent, start = Message(slot.time, self.tiers[slot.tier], slot.place, views), self.clock.now
        self.waiting.append(sent)
        if purchases == 0:
            return
        for delay in sorted(self.rng.exponential(HOUR * self.world.delay.mean_hours, purchases).tolist()):
            yield self.clock.timeout(start + delay - self.clock.now)
            if sent.counted:
                return
            sent.known += 1

    def send(self, slot: Slot) -> tuple[int, int]:
        """(viewers, buyers); the caption is worn and cools down."""
        tier, priced, day = self.tiers[slot.tier], slot.tier != BUMP, int(slot.time // DAY)
        law = self.world.views.priced if priced else self.world.views.unpriced
        views, purchases = int(self.rng.binomial(self.fans, min(1.0, self.lognormal(law)))), 0
        if priced:
            shape = 1.0 / self.world.purchases.message_cv**2
            rate = tier.rate_on(day, slot.place) * slot.factor * self.rng.gamma(shape, 1.0 / shape)
            purchases = int(self.rng.binomial(views, min(1.0, rate)))
            tier.wear_out(day, slot.place)
        tier.use(slot.place, slot.time)
        self.sends += 1
        self.purchases += purchases
        self.regret += self.fans * self.world.views.priced.mean * slot.factor * slot.missed
        return views, purchases

    def lognormal(self, law: Any) -> float:
        """A log-normal number of the law's mean and coefficient of variation."""
        variance = math.log1p(law.cv**2)
        return self.rng.lognormal(math.log(law.mean) - 0.5 * variance, math.sqrt(variance))

    def refresh(self) -> None:
        """The update job: what is old enough is frozen, and labelled against the median."""
        before = self.clock.now - HOUR * self.feedback.label_after_hours
        old = [message for message in self.waiting if message.time <= before]
        self.waiting = self.waiting[len(old) :]
        known = [(message, emv) for message in old if (emv := freeze(message)) is not None]
        since = self.clock.now - DAY * self.feedback.median_days
        self.window += [(message.time, emv) for message, emv in known]
        self.window = [entry for entry in self.window if entry[0] >= since]
        if known and self.window:
            median = statistics.median([emv for _, emv in self.window])
            for message, emv in known:
                message.tier.label(message.place, emv > median)


def freeze(message: Message) -> float | None:
    """The EMV by what is known of a message now, None without a view; later purchases stay unknown."""
    message.counted = True
    if message.views == 0:
        return None
    return message.known / message.views * message.known * message.tier.price(message.place)


def cycle_of(quotas: list[int]) -> list[int]:
    """Smooth weighted round-robin over one cycle."""
    credit, cycle = [0] * len(quotas), []
    for _ in range(sum(quotas)):
        credit = [have + quota for have, quota in zip(credit, quotas, strict=True)]
        cycle.append(credit.index(max(credit)))
        credit[cycle[-1]] -= sum(quotas)
    return cycle


def season_of(scenario: Scenario, rng: np.random.Generator) -> list[float]:
    """Weekday × holiday factors of all days."""
    world: Any = scenario.world
    first, law = date.fromisoformat(world.start), world.factors.holidays
    dates = [first + timedelta(day) for day in range(int(scenario.horizon.days or 0))]
    holidays: dict[date, float] = {}
    for year in range(first.year, dates[-1].year + 1):
        length = (date(year + 1, 1, 1) - date(year, 1, 1)).days
        for day in rng.choice(length, law.days_per_year, replace=False).tolist():
            holidays[date(year, 1, 1) + timedelta(day)] = rng.uniform(*law.factors)
    return [world.factors.weekday[day.weekday()] * holidays.get(day, 1.0) for day in dates]


def make_pages(
    clock: simpy.Environment,
    rng: np.random.Generator,
    scenario: Scenario,
    *,
    bank: BankListing,
    fans: Sequence[int],
    kind: type[Tier],
) -> list[Page]:
    """The pages of one replication, each with its process; `fans` (pages,)."""
    law, season = law_of(scenario), season_of(scenario, rng)
    columns = (bank.price, bank.rate, bank.arrives_week, bank.retires_week)
    pages = []
    for number, audience in enumerate(fans, start=1):
        places = [(bank.page == number) & (bank.tier == tier) for tier in range(len(TIERS))]
        tiers: list[Tier] = [kind(law, rng, tuple(column[which] for column in columns)) for which in places]
        pages.append(Page(clock, rng, scenario, fans=int(audience), tiers=tiers, season=season))
    return pages


def law_of(scenario: Scenario) -> Law:
    """What the scenario says of captions."""
    world: Any = scenario.world
    selection: Any = scenario.selection
    z, *prior = scenario.policies[0].build().parameters()
    return Law(
        z=z,
        prior=(prior[0], prior[1]),
        drop=world.fatigue.drop,
        half_life_days=world.fatigue.half_life_days,
        drift=world.drift.sigma_per_week,
        cool_down_s=DAY * selection.cool_down_days,
    )
