"""The simulated traffic shows the published aggregates of production, figure by figure.

Captions are chosen uniformly, since the figures are averages over whatever was sent. Each tolerance is stated as
how far the calibration may be from its figure; samples are so large that noise takes at most a fifth of it, which puts
false alarms far below 1e-4 a test. Where figures contradict one another, the test says what is held instead.
"""

import numpy as np
import pytest

from sim.scenario import load
from sim.worlds.traffic.parameters import season
from sim.worlds.traffic.world import TrafficWorld

pytestmark = pytest.mark.slow

DAY_US = 86_400_000_000
REACH = 0.27  # share of a page's fans that a message reaches
MONDAY_US = 1_736_121_600_000_000  # 2025-01-06T00:00:00Z


def world_of(days, *, sends=True, seed=1, **world):
    scenario = load(
        {
            "name": "calibration",
            "seed": seed,
            "replications": 1,
            "horizon": {"days": days},
            "world": {"kind": "traffic", **world},
            "policies": ["uniform"],
            "record": {"sends": sends},
        }
    )
    made = TrafficWorld(scenario, scenario.policies[0], range(1))
    made.advance(days)
    return made


@pytest.fixture(scope="module")
def page_of_50k():
    """Half a year of 24 usual pages with 50,000 recipients, of whom the purchase figures speak."""
    usual = {"page_sigma": 0.0, "strong_pages": {"share": 0.0}}
    return world_of(182, pages=24, audience={"fixed": 185_185}, purchases=usual)


@pytest.fixture(scope="module")
def log(page_of_50k):
    return page_of_50k.sends(0)


@pytest.fixture(scope="module")
def priced(log):
    """(price, views, purchases, time) of the priced messages."""
    at = log.message_type == 0
    return log.price[at], log.viewed_count[at], log.purchased_count[at], log.sending_time_us[at]


@pytest.fixture(scope="module")
def fleet():
    """Two weeks of 3,000 pages with small banks."""
    return world_of(14, sends=False, pages=3_000, bank={"captions": 200})


def test_audiences_follow_the_quantiles(fleet):
    fans = fleet.audiences(0) / REACH
    for share, figure in ((0.1, 90), (0.25, 228), (0.5, 1_351), (0.75, 4_556), (0.9, 12_633)):
        # Binomial sd of a share of 3,000 pages is at most 0.0092; 4.5 of them.
        assert (fans <= figure).mean() == pytest.approx(share, abs=0.042)
    assert 100_000 < fans.max() <= 185_370 + 1 / REACH  # recipients are whole numbers


@pytest.mark.parametrize(
    ("fans", "low", "high"), [(4_999, 3, 5), (5_000, 5, 8), (25_000, 8, 12), (100_000, 10, 15), (20, 3, 5)]
)
def test_messages_a_day_follow_the_size_class(fans, low, high):
    log = world_of(60, pages=2, audience={"fixed": fans}).sends(0)
    page_day = (log.page - 1) * 60 + (log.sending_time_us - MONDAY_US) // DAY_US
    assert set(np.bincount(page_day[log.message_type == 0])) == set(range(low, high + 1))
    everything = np.bincount(page_day)
    assert 8 <= everything.min() <= everything.max() <= 36


def test_between_55_and_60_percent_carry_no_price(log):
    assert 0.55 < (log.message_type == 1).mean() < 0.60


def test_messages_keep_60_to_120_minutes_where_so_many_fit():
    log = world_of(182, pages=24, audience={"fixed": 4_000}, bank={"captions": 300}).sends(0)
    times = [log.sending_time_us[log.page == page] for page in range(1, 25)]
    shortest = np.array([np.diff(t).min() / 60e6 for t in times])
    assert (shortest >= 60).all()
    assert 100 < shortest.max() < 125


def test_messages_of_a_full_day_are_evenly_spaced(log):
    """36 messages do not keep 60 minutes: the gap shrinks to a 36th of the day."""
    day = (log.sending_time_us - MONDAY_US) // DAY_US
    gaps = np.diff(log.sending_time_us[log.page == 1]) / 60e6
    assert 24 * 60 / 36 - 1 < gaps.min() < 60
    assert np.bincount(day[log.page == 1]).max() > 24


@pytest.mark.parametrize(("kind", "mean", "cv"), [(0, 0.034, 0.53), (1, 0.008, 0.71)])
def test_view_rates(log, kind, mean, cv):
    rate = (log.viewed_count / log.sent_count)[log.message_type == kind]
    assert rate.mean() == pytest.approx(mean, rel=0.03)
    # Binomial noise adds less than 1 % at 50,000 fans.
    assert rate.std() / rate.mean() == pytest.approx(cv, rel=0.05)
    skew = ((np.log(rate[rate > 0]) - np.log(rate[rate > 0]).mean()) ** 3).mean() / np.log(rate[rate > 0]).std() ** 3
    assert abs(skew) < 0.1


def test_prices_have_the_quantiles(priced):
    price = priced[0]
    for share, figure in ((0.05, 5), (0.25, 9), (0.5, 14), (0.75, 17), (0.9, 20), (1.0, 35)):
        assert abs(np.quantile(price, share) - figure) <= 1
    assert (price == np.round(price)).all()


def test_purchases_a_message_on_a_page_of_50k(priced):
    purchases = priced[2]
    assert purchases.mean() == pytest.approx(0.73, rel=0.12)
    assert purchases.var() == pytest.approx(1.88, rel=0.20)
    assert (purchases == 0).mean() == pytest.approx(0.65, abs=0.04)


@pytest.mark.parametrize(
    ("low", "high", "figure"), [(0, 7, 0.00109), (7, 12, 0.00046), (12, 18.5, 0.00021), (18.5, 99, 0.00015)]
)
def test_purchases_a_view_fall_with_the_price(priced, low, high, figure):
    price, views, purchases, _ = priced
    band = (price >= low) & (price < high)
    assert purchases[band].sum() / views[band].sum() == pytest.approx(figure, rel=0.20)


def test_revenue_is_flat_between_5_and_10_dollars(priced):
    price, views, purchases, _ = priced
    revenue = [dollars * purchases[price == dollars].sum() / views[price == dollars].sum() for dollars in range(5, 11)]
    assert max(revenue) / min(revenue) < 1.25  # 1 but for captions: those of a price are few
    # Purchases a message fall by more than that: the price carries the difference.
    assert purchases[price == 5].mean() / purchases[price == 10].mean() > 1.6


def test_fridays_and_mondays_sell_most_within_a_quarter(priced):
    _, _, purchases, time = priced
    weekday = (time - MONDAY_US) // DAY_US % 7
    mean = np.array([purchases[weekday == day].mean() for day in range(7)])
    relative = mean / mean.mean()
    assert set(np.argsort(relative)[-2:]) == {0, 4}
    assert relative.max() == pytest.approx(1.25, abs=0.09)
    assert relative.min() == pytest.approx(0.75, abs=0.09)


def test_hours_differ_by_a_factor_of_2_8(priced):
    _, _, purchases, time = priced
    hour = time % DAY_US // 3_600_000_000
    # Three hours around the peak and the trough: fewer hours are noisier and differ more.
    best, worst = (purchases[np.isin(hour, hours)].mean() for hours in ((20, 21, 22), (8, 9, 10)))
    assert best / worst == pytest.approx(1.553 / 0.567, rel=0.15)


def test_twenty_days_a_year_are_holidays():
    scenario = load(
        {
            "name": "holidays",
            "horizon": {"days": 359},
            "world": {"kind": "traffic", "factors": {"weekday": [1.0] * 7}},
            "policies": ["uniform"],
        }
    )
    year = season(scenario.world, 5, range(40), 359)
    assert year.max() == 1.0
    assert year.min() >= 0.6
    assert (year < 0.65).any()
    # The year's first five days are not simulated.
    assert ((year < 1.0).sum(axis=1) >= 15).all()
    assert ((year < 1.0).sum(axis=1) <= 20).all()
    assert year[year < 1.0].mean() == pytest.approx(0.8, abs=0.03)


def test_holidays_sell_less():
    ratio = [
        world_of(60, sends=False, factors={"holidays": {"days_per_year": 300, "factors": [f, f]}}).totals().reward[0]
        for f in (0.6, 1.0)
    ]
    # 300 of 365 days at 0.6: 0.67 of the purchases.
    assert ratio[0] / ratio[1] == pytest.approx(1 - 300 / 365 * 0.4, abs=0.1)


def test_the_bank_has_the_published_composition():
    bank = world_of(1, sends=False, pages=40).bank(0)
    assert len(bank.caption_id) == 40 * 1_175
    assert (bank.category == 1).mean() == pytest.approx(0.5, abs=0.012)
    assert set(bank.category) == set(range(1, 16))
    assert bank.urgent.mean() == pytest.approx(0.18, abs=0.01)
    assert set(bank.price_band) == set(range(7))
    shares = np.bincount(bank.tier) / len(bank.tier)
    np.testing.assert_allclose(shares, [0.085, 0.136, 0.204, 0.575], atol=0.001)
    tops = [bank.price[bank.tier == tier].max() for tier in range(3)]
    assert (bank.price[bank.tier == 3] == 0).all()
    assert tops[0] <= bank.price[bank.tier == 1].min()
    assert tops[1] <= bank.price[bank.tier == 2].min()


def test_totals_of_the_fleet():
    """4,600 recipients and 3.82 purchases per message, $16.01 per purchase, $0.0133 per recipient.

    Prices average $13.4, so that $16.01 cannot be met; docs/traffic.md says what is missed by how much. Few pages earn
    most: over seeds, totals of 3,000 pages differ by a tenth, and the ranges are four times as wide.
    """
    logs = world_of(7, pages=3_000, bank={"captions": 200}).sends(0)
    assert logs.sent_count.mean() == pytest.approx(4_600, rel=0.12)
    assert 2.3 < logs.purchased_count.sum() / len(logs.page) < 5.3
    assert 10.0 < logs.earnings.sum() / logs.purchased_count.sum() < 14.0
    assert 0.006 < logs.earnings.sum() / logs.sent_count.sum() < 0.018
