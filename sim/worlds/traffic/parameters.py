"""The season of a block, and the numbers of the scenario in the units of the kernel."""

import math
import sys
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from policies.base import Policy
from sim.rng import generator
from sim.scenario.sections.traffic import PRICED_TIERS, RateLaw, TrafficSection
from sim.scenario.sections.traffic_loop import LABELS, Selection, TrafficFeedback
from sim.units import DAY_S, HOUR_S
from sim.worlds.traffic.pages import NORMAL, log_sigma
from sim.worlds.traffic.records import RULES


def kernel_parameters(
    world: TrafficSection, feedback: TrafficFeedback, selection: Selection, policy: Policy, pool: tuple[int, float]
) -> NDArray[np.void]:
    """Every scalar that the kernel needs, (1,) RULES."""
    sends, quotas = world.sends, selection.quotas
    priced = sum(getattr(quotas, tier) for tier in PRICED_TIERS)
    exact = not selection.scaled
    return _record(
        RULES,
        least=sends.per_day_limits[0],
        most=slots_a_day(world, selection),
        every_day=priced + quotas.bump if exact else sends.per_day or 0,
        priced_every_day=priced if exact else -1,
        unpriced_share=sends.unpriced_share,
        first_s=round(HOUR_S * sends.hours[0]),
        open_s=round(HOUR_S * (sends.hours[1] - sends.hours[0])),
        label_after_s=round(HOUR_S * feedback.label_after_hours),
        median_s=round(DAY_S * feedback.median_days),
        loads=feedback.loads is not None,
        lag_s=round(HOUR_S * feedback.loads.lag_hours) if feedback.loads is not None else 0,
        report_s=round(DAY_S * feedback.loads.report_days) if feedback.loads is not None else 0,
        label=LABELS.index(feedback.label),
        median_lower=feedback.median == "lower",
        look_back_s=round(DAY_S * feedback.look_back_days) if feedback.counting == "every_refresh" else 0,
        null_if_unsold=feedback.unsold == "missing",
        null_is_zero=feedback.null_sum == "zero",
        decay=feedback.decay_per_refresh,
        cap=feedback.cap or 0,
        cool_down_s=0 if selection.sweep else round(DAY_S * selection.cool_down_days),
        budgets=selection.budgets,
        rank_defect=selection.rank_defect,
        no_row_dollars=selection.no_row_value == "dollars",
        sweep=selection.sweep,
        bump_by_hand=selection.bump == "by_hand",
        fatigue_drop=world.fatigue.drop,
        drift_sigma=world.drift.sigma_per_week,
        message_shape=_shape(world.purchases.message_cv),
        delay_s=HOUR_S * world.delay.mean_hours,
        mean_views=world.views.priced.mean,
        expected_views=clipped_mean(world.views.priced),
        priced_mu=_log_mean(world.views.priced),
        priced_sigma=log_sigma(world.views.priced.cv),
        unpriced_mu=_log_mean(world.views.unpriced),
        unpriced_sigma=log_sigma(world.views.unpriced.cv),
        assumed_drop=policy.fatigue_assumed[0],
        assumed_half_life=policy.fatigue_assumed[1],
        seasons_known=policy.seasons_known,
        discount=policy.memory.discount,
        window=policy.memory.window,
        pool=pool[0],
        renew=pool[1],
    )


def _record(kind: np.dtype[np.void], **values: float) -> NDArray[np.void]:
    record = np.zeros(1, kind)
    for name in kind.names or ():
        record[name] = values[name]
    return record


def _shape(cv: float) -> float:
    """Shape 1 / cv² of a Gamma distribution; 0, which stands for a constant, where that is not finite."""
    return 1.0 / cv**2 if cv**2 > sys.float_info.min else 0.0


def clipped_mean(law: RateLaw) -> float:
    """E min(X, 1) of the log-normal X of a rate law: mean · Φ(−(μ + σ²) / σ) + Φ(μ / σ)."""
    mu, sigma = _log_mean(law), log_sigma(law.cv)
    if sigma == 0.0:
        return min(law.mean, 1.0)
    return law.mean * NORMAL.cdf(-(mu + sigma**2) / sigma) + NORMAL.cdf(mu / sigma)


def _log_mean(law: RateLaw) -> float:
    """Mean of the rate's logarithm; −inf for a rate that is always 0."""
    return math.log(law.mean) - 0.5 * log_sigma(law.cv) ** 2 if law.mean > 0.0 else -math.inf


def slots_a_day(world: TrafficSection, selection: Selection) -> int:
    """The largest number of messages of a page and day."""
    quotas = selection.quotas
    return world.sends.most if selection.scaled else sum(getattr(quotas, tier) for tier in (*PRICED_TIERS, "bump"))


def season(world: TrafficSection, seed: int, replications: Sequence[int], days: int) -> NDArray[np.float64]:
    """Weekday × holiday factors, (replications, days)."""
    return np.array([_day_factors(world, seed, number, days) for number in replications])


def recovery(world: TrafficSection, days: int) -> NDArray[np.float64]:
    """Share of fatigue that is left after 0 … `days` days."""
    with np.errstate(over="ignore"):  # a half-life of almost 0: nothing is left
        left: NDArray[np.float64] = np.exp2(-np.arange(days + 1) / world.fatigue.half_life_days)
    return left


def _day_factors(world: TrafficSection, seed: int, replication: int, days: int) -> NDArray[np.float64]:
    first = date.fromisoformat(world.start)
    holidays: dict[date, float] = {}
    for year in range(first.year, (first + timedelta(days)).year + 1):
        holidays |= _holidays(world, seed, replication, year)
    dates = [first + timedelta(day) for day in range(days)]
    return np.array([world.factors.weekday[day.weekday()] * holidays.get(day, 1.0) for day in dates])


def _holidays(world: TrafficSection, seed: int, replication: int, year: int) -> dict[date, float]:
    """The holidays of a calendar year and their factors: distinct days, uniformly chosen."""
    law, new_year = world.factors.holidays, date(year, 1, 1)
    rng = generator(seed, "traffic:holidays", replication, year)
    days = rng.choice((date(year + 1, 1, 1) - new_year).days, law.days_per_year, replace=False)
    factors = rng.uniform(*law.factors, law.days_per_year)
    return {new_year + timedelta(int(day)): float(f) for day, f in zip(days, factors, strict=True)}


def tier_cycle(quotas: Sequence[int]) -> NDArray[np.int64]:
    """Tiers in such an order that every stretch holds them in the ratio of their quotas, as nearly as can be.

    One cycle holds each tier exactly `quota` times (smooth weighted round-robin: each step every tier gains its quota,
    and the tier that has gained most pays the sum).
    """
    total, credit, cycle = sum(quotas), [0] * len(quotas), []
    for _ in range(total):
        credit = [have + quota for have, quota in zip(credit, quotas, strict=True)]
        tier = credit.index(max(credit))
        credit[tier] -= total
        cycle.append(tier)
    return np.array(cycle, dtype=np.int64)
