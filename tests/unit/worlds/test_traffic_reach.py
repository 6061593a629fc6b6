"""`sends.reach`: a message reaches a part of its page's fans."""

import numpy as np
import pytest

from sim.scenario import load
from sim.worlds.traffic.pages import make_pages
from sim.worlds.traffic.world import TrafficWorld


def made(**sends):
    content = {
        "name": "reach",
        "seed": 3,
        "replications": 1,
        "horizon": {"days": 7},
        "world": {"kind": "traffic", "pages": 5, "bank": {"captions": 200}, "sends": sends},
        "policies": ["uniform"],
        "record": {"sends": True},
    }
    scenario = load(content)
    return scenario.world, TrafficWorld(scenario, scenario.policies[0], range(1))


def test_recipients_are_a_part_of_the_fans_and_sizes_stay():
    whole, some = (make_pages(made(reach=reach)[0], 3, [0]) for reach in (1.0, 0.25))
    assert some["fans"].tolist() == np.maximum(1, np.rint(0.25 * whole["fans"])).tolist()
    for field in ("priced_low", "priced_high", "gap_s", "phase"):
        assert some[field].tolist() == whole[field].tolist()


@pytest.mark.slow
def test_a_page_sells_as_well_per_view_whatever_its_reach():
    (_, whole), (_, some) = made(reach=1.0), made(reach=0.25)
    assert some.bank(0).rate == pytest.approx(whole.bank(0).rate, rel=0.05)  # recipients are whole numbers
    whole.advance(7)
    some.advance(7)
    log, other = whole.sends(0), some.sends(0)
    assert log.sending_time_us.tolist() == other.sending_time_us.tolist()
    assert other.sent_count.sum() / log.sent_count.sum() == pytest.approx(0.25, rel=0.01)
    assert other.viewed_count.sum() / log.viewed_count.sum() == pytest.approx(0.25, rel=0.05)
