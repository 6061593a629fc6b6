"""Small logs and closed forms: volumes, the written file, tests of assumptions, and logs with little in them."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import f_oneway

from sim.calibration.calibrate import calibrate
from sim.calibration.checks import _alike, _uniform, halves
from sim.calibration.figures import Figure, Z
from sim.calibration.log import NO_CAPTION, Sends
from sim.calibration.shrink import PRIOR_SIGMA, shrunk
from sim.calibration.views import derivatives, view_law
from sim.calibration.volumes import _captions, _classes, _full_days, _gaps, _per_day, rising, volume_figures
from sim.calibration.writing import content_of, rounded, scenario_text
from sim.errors import InputError
from sim.units import DAY_S
from twins.made_logs import drawn


@pytest.fixture(scope="module")
def log() -> Sends:
    return drawn(pages=2, days=7, per_day=6)


def test_the_first_and_last_day_are_left_out_of_a_log_of_five(log: Sends) -> None:
    first = int(log.day.min())
    assert _full_days(log) == (first + 1, 5)
    short = log.part(log.day < first + 4)
    assert _full_days(short) == (first, 4)


def test_messages_per_day_are_counted_by_page(log: Sends) -> None:
    days = (int(log.day.min()), 7)
    table = _per_day(log, np.ones(log.rows, bool), days)
    assert table.tolist() == [[6] * 7] * 2
    assert _per_day(log, log.priced, days).sum() == log.priced.sum()


def test_size_classes_without_pages_copy_the_nearest() -> None:
    one = np.full((1, 30), 8)
    pairs = _classes(np.array([10.0]), one)
    assert all(pair == [8.0, 8.0] for pair in pairs)
    assert _classes(np.array([10.0]), np.zeros((1, 2), np.int64)) == [[1.0, 1.0]] * len(pairs)


def test_points_never_fall() -> None:
    assert rising([[0.0, 5], [0.5, 3], [1.0, 9]]) == [[0.0, 5.0], [0.5, 5.0], [1.0, 9.0]]


def test_captions_of_a_page_by_chaos_bound() -> None:
    """Four captions seen, two of them once and one twice: 4 + 2² / (2 · 1) = 6."""
    caption = np.array([0, 1, 2, 2, 3, 3, 3])
    figure = _captions(caption, np.zeros(7, np.int64))
    assert figure.value == 6
    assert figure.low == 4.0


def test_the_gap_of_a_page_with_one_message_is_unknown(log: Sends) -> None:
    alone = log.part(np.array([0]))
    assert not _gaps(alone).identified


def test_captions_that_are_seldom_named_have_no_number(log: Sends) -> None:
    nameless = replace(log, caption=np.full(log.rows, NO_CAPTION))
    found = {each.key: each for each in volume_figures(nameless)}
    assert not found["world.bank.captions"].identified
    assert found["feedback.attribution"].value == 0.0


def test_a_log_of_one_kind_of_message_says_so(log: Sends) -> None:
    found = {each.key: each for each in volume_figures(replace(log, price=np.zeros(log.rows)))}
    assert found["world.sends.unpriced_share"].note == "all messages are of one kind"
    assert not found["world.bank.prices"].identified


def test_halves_are_by_days_not_by_messages(log: Sends) -> None:
    late = halves(log)
    first = int(log.day.min())
    assert set(log.day[late] - first) == {4, 5, 6}


def test_the_analysis_of_variance_is_scipys() -> None:
    rng = np.random.default_rng(1)
    values, group = rng.normal(size=60), np.repeat([0, 1, 2], 20)
    expected = f_oneway(*(values[group == each] for each in range(3))).pvalue
    assert _alike(values, group) == pytest.approx(expected, rel=1e-9)
    assert _alike(values, np.zeros(60, np.int64)) == 1.0


def test_the_chi_square_of_equal_bins() -> None:
    assert _uniform((np.arange(1000) + 0.5) / 1000) == pytest.approx(1.0)
    assert _uniform(np.full(1000, 0.5)) < 1e-100


def test_numerical_derivatives_of_a_quadratic_are_exact() -> None:
    bend = np.array([[3.0, 1.0], [1.0, 2.0]])
    gradient, found = derivatives(lambda x: float(0.5 * x @ bend @ x + x[0]), np.array([0.5, -1.0]))
    assert gradient == pytest.approx(bend @ [0.5, -1.0] + [1.0, 0.0], abs=1e-6)
    assert found == pytest.approx(bend, abs=1e-5)


def test_equal_view_rates_have_a_spread_near_none() -> None:
    sent = np.full(300, 10_000.0)
    law = view_law(np.random.default_rng(2).binomial(10_000, 0.04, 300).astype(float), sent)
    # The mean of 3 million recipients has a standard error of 0.3 %.
    assert law.mean == pytest.approx(0.04, rel=0.013)
    assert law.sigma < 0.05


def test_a_figure_with_the_error_of_the_prior_moves_half_way() -> None:
    reach = math.exp(Z * PRIOR_SIGMA)
    figure = Figure("world.views.priced.mean", 0.16, 0.16 / reach, 0.16 * reach)
    moved = shrunk(figure)
    default = shrunk(replace(figure, value=1e9, low=1e9 / reach, high=1e9 * reach)).numbers[0] ** 2 / 1e9
    assert moved.numbers[0] == pytest.approx(math.sqrt(0.16 * default), rel=1e-9)
    [(low, high)] = moved.limits
    assert math.log(high / low) == pytest.approx(2 * Z * PRIOR_SIGMA / math.sqrt(2.0))


@pytest.mark.parametrize(
    "figure",
    [
        Figure("world.views.priced.mean", 0.16),
        Figure("world.views.priced.mean", 0.16, 0.0, 0.4),
        Figure("world.pages", 6, 5.0, 7.0),
        Figure("world.views.priced.mean", None, 0.1, 0.2, identified=False),
    ],
)
def test_figures_that_no_prior_can_move_stay(figure: Figure) -> None:
    assert shrunk(figure).value == figure.value


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.123456, 0.1235), (12.0, 12), (1e18, 1e18), ([[0.0, 1.23456]], [[0, 1.235]]), ("by_hand", "by_hand")],
)
def test_values_in_the_file_have_four_digits(value: float, shown: float) -> None:
    assert rounded(value) == shown


def test_the_file_has_figures_with_comments_and_reasons_at_its_end() -> None:
    figures = [
        Figure("world.pages", 6),
        Figure("world.start", "2025-01-06", note="first day of the log"),
        Figure("world.views.priced.mean", 0.00001234, 0.00001, 0.00002),
        Figure("world.fatigue.drop", None, identified=False, note="no page sent a caption twice"),
    ]
    text = scenario_text(figures, "mine", 30, "log.csv")
    assert "start: '2025-01-06'" in text
    assert "mean: 0.00001234" in text
    assert "# 95 %: 0.00001 to 0.00002" in text
    assert text.rstrip().endswith("# world.fatigue.drop: no page sent a caption twice")
    content = content_of(figures, "mine", 30)
    assert content["world"] == {
        "kind": "traffic",
        "pages": 6,
        "start": "2025-01-06",
        "views": {"priced": {"mean": 1.234e-05}},
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda log: replace(log, viewed=np.zeros_like(log.viewed), purchased=np.zeros_like(log.purchased)),
        lambda log: replace(log, purchased=log.viewed),
        lambda log: replace(log, price=np.full(log.rows, 7.0)),
        lambda log: replace(log, price=np.where(np.arange(log.rows) % 2, 1e9, 1e-9)),
        lambda log: replace(log, sent=np.full(log.rows, 10**12)),
        lambda log: replace(log, caption=np.zeros_like(log.caption)),
        lambda log: replace(log, time=log.time // DAY_S * DAY_S),
    ],
    ids=["unseen", "all buy", "one price", "absurd prices", "absurd audience", "one caption", "midnight"],
)
@pytest.mark.filterwarnings("error")
def test_a_strange_log_gives_a_scenario_or_a_message(change) -> None:
    """No warning of NumPy, no NaN, no exception other than one message."""
    log = change(drawn(pages=2, days=10, per_day=6))
    try:
        found = calibrate(log)
    except InputError as error:
        assert error.message
        return
    numbers = [value for figure in found.figures if figure.identified for value in figure.numbers]
    assert np.isfinite(numbers).all()
    assert found.scenario.horizon.days == 14
