"""The loop around the traffic world: what the update job counts, and which captions can be sent."""

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from sim.scenario.sections.base import Listed, Probability, Section, Whole
from sim.scenario.sections.traffic_values import Hours


class Loads(Section):
    """When the send log reaches the warehouse. A load inserts new messages only: counts freeze at the first load."""

    every_hours: Annotated[float, Field(gt=0.0, le=8_760.0)] = Field(168.0, description="Hours between loads.")
    lag_hours: Hours = Field(2.0, description="A load shows messages up to so long before it.")
    report_days: Annotated[float, Field(gt=0.0, le=400.0)] = Field(
        7.0, description="A load shows messages of the last so many days; older ones are never loaded."
    )


Label = Literal["emv_above_median", "sold", "emv_above_priced_median", "purchases_per_view", "dollars_per_view"]
LABELS: tuple[Label, ...] = get_args(Label)


class TrafficFeedback(Section):
    """The update job: how messages become labels, and when policies see them."""

    label: Label = Field(
        "emv_above_median",
        description="A message succeeds when its EMV exceeds the median EMV of its page, or of the page's messages "
        "with a price (`emv_above_priced_median`); when its purchases or dollars per view exceed the median of the "
        "page's messages with a price; or, `sold`, when it sold anything.",
    )
    counting: Literal["once", "every_refresh"] = Field(
        "once",
        description="`once`: each message is counted once. `every_refresh`, as deployed: every update job adds all "
        "messages of the last `look_back_days` again.",
    )
    look_back_days: Annotated[float, Field(gt=0.0, le=400.0)] = Field(
        7.0, description="Under `every_refresh`, the age up to which a message is added again."
    )
    refresh_hours: Annotated[float, Field(ge=0.25, le=8_760.0)] = Field(6.0, description="Hours between update jobs.")
    label_after_hours: Hours = Field(
        24.0, description="A message is counted at the first job this long after it; later purchases stay unknown."
    )
    median_days: Annotated[float, Field(gt=0.0, le=400.0)] = Field(
        30.0, description="The median is over the page's messages of this many days."
    )
    median: Literal["exact", "lower"] = Field(
        "exact",
        description="Of an even number of values, `exact`: the mean of the middle two; `lower`, as deployed: the "
        "lower one.",
    )
    unsold: Literal["zero", "missing"] = Field(
        "zero",
        description="How a message that sold nothing is recorded: 0 purchases and earnings, or NULL, so that it has no "
        "label.",
    )
    null_sum: Literal["zero", "null"] = Field(
        "zero",
        description="What a sum of only NULL earnings adds to total_revenue: 0, or, as deployed, NULL for ever.",
    )
    decay_per_refresh: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        1.0, description="Under `every_refresh`, the factor of a row's counts before each addition; rounded."
    )
    cap: Annotated[Whole, Field(ge=2, le=1_000_000_000)] | None = Field(
        None, description="Under `every_refresh`, the largest sum of a row's counts; both are scaled down to it."
    )
    loads: Loads | None = Field(
        None,
        description="Loads of the send log; without them the update job itself sees messages `label_after_hours` old.",
    )
    attribution: Probability = Field(
        1.0,
        description="Share of messages whose caption the send log names (0.0913 in production); the others enter the "
        "medians only.",
    )

    @property
    def refresh_period(self) -> float:
        """Days between update jobs."""
        return self.refresh_hours / 24

    @property
    def models_data_path(self) -> bool:
        """Whether the send log is what the warehouse holds, and not all that will ever be known."""
        return self.counting == "every_refresh" or self.attribution < 1.0 or self.loads is not None


Quota = Annotated[Whole, Field(ge=0, le=50)]


class Quotas(Section):
    """How many captions of each tier a page sends in a day."""

    budget: Quota = Field(5, description="Cheapest captions.")
    mid: Quota = Field(8, description="Captions of middle price.")
    premium: Quota = Field(12, description="Dearest captions.")
    bump: Quota = Field(3, description="Captions without a price.")

    @model_validator(mode="after")
    def _some_priced(self) -> Self:
        if self.budget + self.mid + self.premium == 0:
            raise ValueError("quotas: a page sends captions of at least one priced tier")
        return self


class Selection(Section):
    """Which captions are eligible, how many are sent, and how they are ranked."""

    quotas: Quotas = Field(Quotas(), description="How many captions of each tier a page sends in a day.")
    scaled: bool = Field(
        True,
        description="Whether the numbers of messages come from `world.sends`, and quotas only divide the priced ones; "
        "otherwise every page sends exactly the quotas each day.",
    )
    cool_down_days: Annotated[float, Field(ge=0.0, le=3_660.0)] = Field(
        7.0, description="A caption is not eligible for this many days after its last send."
    )
    agency_lock: Literal["none", "skip", "abort"] = Field(
        "none",
        description="Whether a caption that one page sends cools down on all pages, which need a shared bank. "
        "`skip`: a page takes the next caption. `abort`, as deployed: a locked caption aborts the page's call, and the "
        "rest of its day stays empty.",
    )
    score: Literal["plain", "composite"] = Field(
        "plain",
        description="`plain`: captions are ranked by the policy's score alone. `composite`, as deployed: by 0.70 × "
        "score + diversity + value + penalty, within budgets per category and urgency.",
    )
    no_row_value: Literal["dollars", "zero"] = Field(
        "dollars",
        description="Under `composite`, the value of a caption without a row: the bank's dollars per send, as "
        "deployed, where a row has an EMV; or 0.",
    )
    budgets: bool = Field(
        True, description="Under `composite`, whether uses per week are limited for each category and urgency."
    )
    rank_defect: bool = Field(
        False,
        description="Whether captions over their budget are dropped after the ranking, as deployed, so that their "
        "slots stay empty; otherwise they are dropped before it.",
    )
    price_tiers: (
        Annotated[tuple[Annotated[Whole, Field(ge=0)], ...], Field(min_length=1, max_length=20), Listed] | None
    ) = Field(
        None,
        description="Under `composite`, the price tiers of the bank that can be selected: 0 for unpriced captions, "
        "then the bands between the points of `bank.prices`; all where not given (as deployed, four of seven).",
    )
    sweep: bool = Field(
        False,
        description="Whether an hourly sweep ends locks with their day: cool-down and budgets then see today only.",
    )
    bump: Literal["captions", "by_hand"] = Field(
        "captions",
        description="`by_hand`, as deployed: unpriced captions have no score and cannot be selected, so that unpriced "
        "messages go out without one.",
    )

    @model_validator(mode="after")
    def _price_tiers_need_composite(self) -> Self:
        if self.price_tiers is not None and self.score != "composite":
            raise ValueError("price_tiers needs `score: composite`")
        return self
