"""The traffic world: synthetic caption traffic, its feedback and its selection.

The defaults are the published aggregates of the production system; `docs/traffic.md` gives the formulas, and says which
figure each key is calibrated to.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sim.scenario.document import Finding
from sim.scenario.sections.base import Listed, Positive, Probability, Section, Whole
from sim.scenario.sections.traffic_values import (
    ClockHour,
    DailyRange,
    Day,
    Fans,
    GapRange,
    HourOfDay,
    Hours,
    Knot,
    PerDay,
    Quantiles,
    Range,
    Share,
    Spread,
    Weekday,
    ordered,
    rising,
)
from sim.scenario.sections.world_kind import WorldKind
from sim.scenario.sections.world_section import WorldSection
from sim.units import WEEK_DAYS

PRICED_TIERS = ("budget", "mid", "premium")
TIERS = (*PRICED_TIERS, "bump")

MAX_PAGES = 10_000
MAX_CAPTIONS = 100_000
MAX_DOLLARS = 10_000  # of a caption
MAX_ROW_ARMS = 10**7
MAX_CAPTIONS_IN_ALL = 5_000_000  # 0.2 gigabytes a replication, a gigabyte for policies that look at every caption

# An evening peak (21 h) and a morning trough (9 h), 2.8 apart, of mean 1.
HOURS = (
    *(1.35, 1.21, 1.07, 0.94, 0.82, 0.72, 0.65, 0.60, 0.57, 0.56, 0.57, 0.60),
    *(0.65, 0.72, 0.82, 0.94, 1.07, 1.21, 1.35, 1.46, 1.54, 1.57, 1.55, 1.46),
)


class Audience(Section):
    """How many fans a page has."""

    fixed: Fans | None = Field(None, description="Every page has this many fans; otherwise they are drawn.")
    quantiles: Quantiles = Field(
        ((0, 15), (0.1, 90), (0.25, 228), (0.5, 1351), (0.75, 4556), (0.9, 12_633), (1, 185_370)),
        description="Points [probability, fans] of the distribution over pages, log-linear in between.",
    )
    draw: Literal["independent", "stratified"] = Field(
        "independent",
        description="How a replication's pages are drawn: independently, or one from each of as many strata of page "
        "level, rich ones more often, with weights that make every mean that of the whole population.",
    )


class Sends(Section):
    """How many messages a page sends, when, and to how many of its fans."""

    reach: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        0.27, description="Share of its fans that a page's message reaches; its recipients are so many."
    )
    size_limits: Annotated[tuple[Fans, ...], Field(max_length=20), Listed] = Field(
        (5_000, 25_000, 100_000), description="Audiences at which the next size class begins."
    )
    priced_per_day: Annotated[tuple[DailyRange, ...], Field(min_length=1, max_length=21), Listed] = Field(
        ((3, 5), (5, 8), (8, 12), (10, 15)),
        description="Priced messages per page and day, [least, most], one pair per size class.",
    )
    unpriced_share: Share = Field(0.575, description="Share of messages that carry no price.")
    per_day_limits: DailyRange = Field(
        (8, 36), description="Least and most messages per page and day; unpriced ones make up the difference."
    )
    per_day: PerDay | None = Field(
        None, description="Every page sends exactly this many messages per day, whatever its size."
    )
    min_gap_minutes: GapRange = Field(
        (60, 120),
        description="A page's minimum gap between two messages, drawn from this range once per page; on days with too "
        "many messages it shrinks to the even spacing.",
    )
    hours: Annotated[tuple[ClockHour, ClockHour], Listed, AfterValidator(ordered)] = Field(
        (0, 24), description="Hours of the day (UTC) from and until which messages are sent."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        rising("size_limits", self.size_limits)
        if len(self.priced_per_day) != len(self.size_limits) + 1:
            raise ValueError("priced_per_day needs one pair more than size_limits has entries")
        if self.most_priced * self.min_gap_minutes[0] > 60 * (self.hours[1] - self.hours[0]):
            raise ValueError(f"{self.most_priced} priced messages, min_gap_minutes apart, do not fit into hours")
        if self.hours[0] == self.hours[1]:
            raise ValueError("hours: the day is empty")
        return self

    @property
    def most_priced(self) -> int:
        """The largest number of priced messages that a page can send in a day."""
        if self.per_day is None:
            return max(most for _, most in self.priced_per_day)
        return int(self.per_day * (1.0 - self.unpriced_share)) + 1

    @property
    def most(self) -> int:
        """The largest number of messages that a page can send in a day."""
        if self.per_day is not None:
            return self.per_day
        return max(self.per_day_limits[1], self.most_priced)


class TierShares(Section):
    """How the captions of a bank are divided over the selection's tiers; only ratios matter."""

    budget: Positive = Field(0.085, description="Weight of the cheapest captions.")
    mid: Positive = Field(0.136, description="Weight of the captions of middle price.")
    premium: Positive = Field(0.204, description="Weight of the dearest captions.")
    bump: Positive = Field(0.575, description="Weight of the captions without a price.")


class DollarLaw(Section):
    """Dollars per send with log-normal noise."""

    mean: Annotated[float, Field(ge=0.0, le=1e6)] = Field(description="Mean over the priced captions of a page.")
    cv: Spread = Field(description="Coefficient of variation of the noise.")


class Bank(Section):
    """The captions that a page can choose from."""

    captions: Annotated[Whole, Field(ge=4, le=MAX_CAPTIONS)] = Field(1_175, description="Captions of a page at start.")
    tiers: TierShares = Field(TierShares(), description="How captions are divided over the selection's tiers.")
    prices: Quantiles = Field(
        ((0, 3), (0.05, 5), (0.25, 9), (0.5, 14), (0.75, 17), (0.9, 20), (1, 35)),
        description="Points [probability, dollars] of the prices of priced captions, linear in between, whole dollars.",
    )
    price_correlation: Probability = Field(
        0.0,
        description="Correlation over pages, by normal scores, of prices with how well a page sells: above 0, pages "
        "that sell well have higher prices; all pages together keep `prices`. Not for a shared bank.",
    )
    historical_dollars: DollarLaw = Field(
        DollarLaw(mean=87.0, cv=1.0),
        description="What the bank says a send of a caption earned; proportional to its worth, with noise.",
    )
    shared: bool = Field(
        False, description="Whether all pages of a replication choose from one bank; otherwise each has its own."
    )
    correlation: Probability = Field(
        0.5,
        description="Of a shared bank, the correlation over pages of what sets a caption apart from others of its "
        "price: 0 independent, 1 equally good on every page.",
    )
    categories: Annotated[Whole, Field(ge=1, le=1_000)] = Field(15, description="Content categories.")
    largest_category_share: Probability = Field(0.5, description="Share of captions in category 1.")
    category_spread: Annotated[float, Field(ge=0.0, le=3.0)] = Field(
        0.0,
        description="Spread of categories: standard deviation of the logarithm of how well the captions of a category "
        "sell; 0: all alike. The mean over categories stays.",
    )
    urgent_share: Probability = Field(0.18, description="Share of captions with an urgent wording.")

    @model_validator(mode="after")
    def _payable(self) -> Self:
        if self.prices[-1][1] > MAX_DOLLARS:
            raise ValueError(f"prices: at most {MAX_DOLLARS:,} dollars, got {self.prices[-1][1]:,.0f}")
        if self.shared and self.price_correlation > 0.0:
            raise ValueError("price_correlation: a shared bank has the same prices on all pages; give 0")
        return self


class RateLaw(Section):
    """A log-normal rate."""

    mean: Annotated[float, Field(ge=0.0, le=1.0)] = Field(description="Mean over messages.")
    cv: Spread = Field(description="Coefficient of variation (standard deviation over mean) over messages.")


class Views(Section):
    """Which share of the audience views a message: drawn from a log-normal distribution for each message."""

    priced: RateLaw = Field(RateLaw(mean=0.034, cv=0.53), description="Messages that carry a price.")
    unpriced: RateLaw = Field(RateLaw(mean=0.008, cv=0.71), description="Messages without a price.")


class StrongPages(Section):
    """Pages of a second kind, which sell far better per view: the best ones of each audience."""

    share: Annotated[float, Field(ge=0.0, le=0.5)] = Field(
        0.5, description="Share of pages that are strong: those of the highest level, at most half."
    )
    factor: Annotated[float, Field(ge=1.0, le=10_000.0)] = Field(
        150.0, description="How many times as many purchases per view they have."
    )


class Purchases(Section):
    """Which share of the viewers buys."""

    per_view: Annotated[tuple[Knot, ...], Field(min_length=1, max_length=200), Listed] = Field(
        ((4.0, 0.0021), (5.0, 0.00096), (10.0, 0.00048), (12.0, 0.00035), (18.0, 0.00018), (35.0, 0.00017)),
        description="Points [dollars, purchases per view] at the reference audience; log-log in between, flat outside.",
    )
    caption_cv: Spread = Field(0.35, description="Spread of captions of one price (log-normal).")
    message_cv: Spread = Field(0.47, description="Over-dispersion of messages of one caption (gamma).")
    reference_audience: Fans = Field(185_000, description="The audience at which `per_view` holds.")
    audience_exponent: Annotated[float, Field(ge=0.0, le=3.0)] = Field(
        0.3, description="Purchases per view fall with the audience to the power of minus this."
    )
    page_sigma: Spread = Field(
        1.0, description="Spread of pages of one audience and kind: standard deviation of the logarithm."
    )
    strong_pages: StrongPages = Field(StrongPages(), description="Pages that sell far better per view.")
    beta: Annotated[tuple[Positive, Positive], Listed] | None = Field(
        None,
        description="Rates of captions are drawn from this Beta distribution, whatever their price and page; "
        "`bank.correlation` is then that of the normal scores.",
    )
    max_per_view: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        0.5, description="Rates r saturate as r / (1 + r / this), however small or good their page."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        rising("prices of per_view", [price for price, _ in self.per_view])
        return self


class Holidays(Section):
    """Days on which fans buy less."""

    days_per_year: Annotated[Whole, Field(ge=0, le=300)] = Field(20, description="Holidays in a calendar year.")
    factors: Range = Field((0.6, 1.0), description="Range that a holiday's factor is drawn from, uniformly.")


class Factors(Section):
    """How purchases per view vary in time."""

    weekday: Weekday = Field(
        (1.15, 0.95, 0.75, 0.9, 1.25, 1.05, 0.95),
        description="Seven factors, Monday first; mean 1 keeps the level.",
    )
    hour: HourOfDay = Field(HOURS, description="24 factors, by hour of the day in UTC; a mean of 1 keeps the level.")
    holidays: Holidays = Field(Holidays(), description="Days on which fans buy less.")


class Fatigue(Section):
    """How a caption wears out when it is repeated."""

    drop: Share = Field(0.2, description="Share of its rate that a fresh caption loses by one send.")
    half_life_days: Annotated[float, Field(gt=0.0, le=10_000.0)] = Field(
        14.0, description="Days in which half of the loss is regained."
    )


class Drift(Section):
    """How captions' rates wander."""

    sigma_per_week: Annotated[float, Field(ge=0.0, le=2.0)] = Field(
        0.05, description="Standard deviation of the weekly step of the rate's logarithm; the mean rate stays."
    )


class Turnover(Section):
    """How captions leave the bank and new ones come, at the end of each week."""

    retire_share_per_week: Share = Field(0.01, description="Chance that a caption is withdrawn, each week.")
    arrivals_per_week: Annotated[float, Field(ge=0.0, le=10_000.0)] = Field(
        12.0, description="New captions per page and week, on average."
    )


class PurchaseDelay(Section):
    """When buyers buy."""

    mean_hours: Hours = Field(6.0, description="Mean time from send to purchase (exponential).")


class TrafficSection(WorldSection):
    """Pages, captions, audiences, prices, seasons, delays."""

    kind: Literal["traffic"] = Field("traffic", description="The world's kind.")
    pages: Annotated[Whole, Field(ge=1, le=MAX_PAGES)] = Field(8, description="Pages of a replication.")
    start: Day = Field("2025-01-06", description="The first day, YYYY-MM-DD, UTC.")
    audience: Audience = Field(Audience(), description="How many fans a page has.")
    sends: Sends = Field(Sends(), description="How many messages a page sends, and when.")
    bank: Bank = Field(Bank(), description="The captions that a page can choose from.")
    views: Views = Field(Views(), description="Which share of the audience views a message.")
    purchases: Purchases = Field(Purchases(), description="Which share of the viewers buys.")
    factors: Factors = Field(Factors(), description="How purchases per view vary in time.")
    fatigue: Fatigue = Field(Fatigue(), description="How a caption wears out when it is repeated.")
    drift: Drift = Field(Drift(), description="How captions' rates wander.")
    turnover: Turnover = Field(Turnover(), description="How captions leave the bank and new ones come.")
    delay: PurchaseDelay = Field(PurchaseDelay(), description="When buyers buy.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.purchases.beta is not None and self.bank.category_spread > 0.0:
            raise ValueError("bank.category_spread needs rates that are not drawn from purchases.beta; remove either")
        captions = self.pages * (self.bank.captions + 52 * self.turnover.arrivals_per_week)
        if captions > MAX_CAPTIONS_IN_ALL:
            raise ValueError(f"{captions:,.0f} captions on all pages in a year; at most {MAX_CAPTIONS_IN_ALL:,} fit")
        return self

    @property
    def arms_at_start(self) -> int:
        """Captions of all pages."""
        return self.pages * self.bank.captions

    @property
    def arms_per_decision(self) -> int:
        """Captions of one page."""
        return self.bank.captions

    def arms_ever(self, length: float) -> float:
        """Captions of all pages in `length` days, those that arrive included."""
        return self.arms_at_start + self.pages * self.turnover.arrivals_per_week * length / WEEK_DAYS

    @property
    def most_sends_per_day(self) -> int:
        """Messages of all pages."""
        return self.sends.most * self.pages

    @property
    def has_money(self) -> bool:
        """Captions have prices."""
        return True

    def findings(self) -> Iterator[Finding]:
        """One replication fits into memory."""
        if self.arms_at_start > MAX_ROW_ARMS:
            message = f"{self.arms_at_start:.1e} captions in a replication (pages × bank.captions)"
            yield Finding(("world", "pages"), f"{message}; the limit is {MAX_ROW_ARMS:.0e}")


WORLD = WorldKind(
    kind="traffic",
    horizon="days",
    engine="sim.worlds.traffic.world:TrafficWorld",
    workload="sim.runs.workload:traffic",
    field="sim.pilot:simulated",
    cell_bytes=300.0,
    reward="purchases",
    tiers=TIERS,
)
