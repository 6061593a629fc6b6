"""The calibrated scenario in the simulator: quantities of logs, and their comparison with the observed one."""

from dataclasses import replace

import numpy as np
import pytest

from reports.calibration_report import calibration_report
from sim.calibration.calibrate import LEAST_SIMULATIONS, calibrate
from sim.calibration.log import NO_CAPTION, Sends
from sim.calibration.simulated import LEVELS, against, from_log, quantities
from sim.calibration.text import data, headline, text
from sim.errors import InputError
from sim.worlds.base import SendLog
from twins.made_logs import START, drawn

LOGS = [drawn(pages=3, days=10, seed=seed) for seed in range(20)]


def test_quantities_by_hand() -> None:
    sends = Sends(
        page=np.array([0, 0, 1, 1]),
        time=START + 86_400 * np.array([0, 1, 0, 1]),
        price=np.array([10.0, 0.0, 20.0, 10.0]),
        sent=np.array([100, 100, 200, 200]),
        viewed=np.array([10, 5, 40, 20]),
        purchased=np.array([1, 0, 0, 2]),
        caption=np.full(4, NO_CAPTION),
        pages=("a", "b"),
    )
    found = quantities(sends)
    assert found["messages per page and day"] == 1.0
    assert found["share of unpriced messages"] == 0.25
    assert found["price, 50 % quantile"] == 10.0
    assert found["view rate of unpriced messages, 90 % quantile"] == 0.05
    assert found["recipients per message, 50 % quantile"] == 150.0
    assert found["purchases per priced message, mean"] == 1.0
    assert found["purchases per priced message, share that sells nothing"] == pytest.approx(1 / 3)
    assert found["dollars per priced message"] == pytest.approx((10.0 + 0.0 + 20.0) / 3)
    assert len(found) == 3 + 4 * len(LEVELS) + 4


def test_a_log_of_one_kind_has_no_quantities_of_the_other() -> None:
    found = quantities(replace(LOGS[0], price=np.zeros(LOGS[0].rows)))
    assert not any("priced message," in name or name.startswith("price") for name in found if "unpriced" not in name)
    assert "view rate of unpriced messages, 50 % quantile" in found


def test_a_log_of_the_model_is_near_its_simulations() -> None:
    found = against(drawn(pages=3, days=10, seed=99), LOGS)
    assert len(found) == len(quantities(LOGS[0]))
    assert not any(each.failed for each in found)


def test_a_log_with_other_rates_is_far_from_them() -> None:
    far = {each.name for each in against(drawn(pages=3, days=10, seed=99, view_cv=1.5), LOGS) if each.failed}
    assert "view rate of priced messages, 10 % quantile" in far
    assert "price, 50 % quantile" not in far


def test_quantities_that_one_log_lacks_are_left_out() -> None:
    unpriced = replace(LOGS[0], price=np.zeros(LOGS[0].rows))
    names = [each.name for each in against(LOGS[1], [unpriced, *LOGS[2:12]])]
    assert names == [name for name in quantities(LOGS[1]) if name in quantities(unpriced)]


def test_a_recorded_log_becomes_messages() -> None:
    whole, counts = np.array([1, 2]), np.array([3, 4])
    log = SendLog(
        row_id=whole,
        page=np.array([5, 2], np.int32),
        sending_time_us=np.array([START * 1_000_000, START * 1_000_000 + 1]),
        price=np.array([np.nan, 7.0]),
        sent_count=10 * counts,
        viewed_count=counts,
        purchased_count=np.array([np.nan, 1.0]),
        earnings=np.zeros(2),
        message_type=np.zeros(2, np.int8),
        caption_id=whole,
        propensity=np.ones(2),
    )
    sends = from_log(log)
    assert sends.page.tolist() == [1, 0]
    assert sends.time.tolist() == [START, START]
    assert sends.price.tolist() == [0.0, 7.0]
    assert sends.purchased.tolist() == [0, 1]
    assert sends.pages == ("2", "5")


def test_simulations_count_for_the_fit_and_stand_on_the_page() -> None:
    found = calibrate(drawn(pages=3, days=20))
    near = against(drawn(pages=3, days=10, seed=99), LOGS)
    both = replace(found, simulations=tuple(near))
    assert both.fits
    assert len(data(both)["simulations"]) == len(near)
    far = replace(found, simulations=(replace(near[0], distance=9.0),))
    assert not far.fits
    assert "1 of" in headline(far)
    assert f"misfit: {near[0].name}" in text(far)
    section = calibration_report(both).sections[1]
    assert len(section.content) == len(calibration_report(found).sections[1].content) + 1


def test_too_few_simulations_are_refused() -> None:
    with pytest.raises(InputError, match=f"3 logs are too few, {LEAST_SIMULATIONS} are needed"):
        calibrate(LOGS[0], simulate=3)
