"""The job that selects captions, and the one that logs what became of them, on DuckDB."""

import pytest

from sim.warehouse.base import STATS
from sim.warehouse.targets import open_target
from twins.deployed_job import DAY_US
from twins.job_target import START_US, bank, insert, make_log, run, with_jobs

pytestmark = pytest.mark.slow

UPDATE = "update_caption_bandit_stats"


@pytest.fixture
def spec(tmp_path):
    return with_jobs(tmp_path / "w.duckdb")


def test_selection_fills_the_quotas_and_logs_a_propensity(spec):
    with open_target(spec) as target:
        bank(target, 80)
        insert(target, make_log(10))
        run(target, UPDATE, START_US + 12 * DAY_US)
        for _ in range(2):  # the same time again selects nothing more
            run(target, "select_captions", START_US + 12 * DAY_US)
        found = target.connection.execute(
            "SELECT page_name, price_tier, COUNT(*), COUNT(DISTINCT caption_id), MIN(propensity), MAX(propensity),"
            " MAX(place) FROM caption_selections GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    quotas = {"budget": 5, "mid": 8, "premium": 12, "bump": 3}
    assert len(found) == 12
    for _, tier, rows, distinct, low, high, place in found:
        assert rows == distinct == place == quotas[tier]
        assert 0 < low <= high <= 1


def test_the_propensity_is_the_frequency_of_being_selected(spec):
    """20 cold captions of one tier, 5 selected: each has probability 1/4.

    With 2,000 replays the standard error is 0.0097; the mean of 5 such estimates has 0.0043 at most. Six of these are a
    false alarm of 2e-9 per page; the seeded mistake, quotas of 6 in place of 5, is 0.05 = 11 standard errors away.
    """
    with open_target(spec) as target:
        bank(target, 20, tiers=("budget",))
        target.connection.execute(f"INSERT INTO {STATS} (caption_id, page_name) VALUES (9999, 'page_0001')")
        means = {}
        for quota in (5, 6):
            now_us = START_US + quota * DAY_US
            run(target, "select_captions", now_us, budget=quota, replays=2_000)
            query = "SELECT AVG(propensity) FROM caption_selections WHERE selected_at = make_timestamptz(?)"
            [(means[quota],)] = target.connection.execute(query, [now_us]).fetchall()
    # The selected ones are the lucky draw of replay 0 only: one draw in 2,001 of the estimate.
    assert means[5] == pytest.approx(0.25, abs=6 * 0.0043 + 1 / 2_001)
    assert abs(means[6] - 0.25) > 6 * 0.0043 + 1 / 2_001


def test_captions_in_cool_down_inactive_or_without_tier_are_not_selected(spec):
    with open_target(spec) as target:
        bank(target, 8, tiers=("budget",))
        target.connection.execute("UPDATE caption_bank SET active = FALSE WHERE caption_id = 0")
        target.connection.execute("UPDATE caption_bank SET price_tier = NULL WHERE caption_id = 1")
        sent = dict(make_log(1)[0], page="page_0001", caption=2, time_us=START_US, views=40)
        insert(target, [sent])
        target.connection.execute(f"INSERT INTO {STATS} (caption_id, page_name) VALUES (9999, 'page_0001')")
        for day, expected in ((6, {3, 4, 5, 6, 7}), (8, {2, 3, 4, 5, 6, 7})):
            run(target, "select_captions", START_US + day * DAY_US, budget=50)
            found = target.connection.execute(
                "SELECT caption_id FROM caption_selections WHERE selected_at = make_timestamptz(?)",
                [START_US + day * DAY_US],
            ).fetchall()
            assert {caption for (caption,) in found} == expected


def test_observations_are_logged_once_with_the_propensity_of_the_selection_before(spec):
    log = make_log(11)
    with open_target(spec) as target:
        bank(target, 40)
        insert(target, log)
        run(target, UPDATE, START_US + 5 * DAY_US)
        run(target, "select_captions", START_US + 5 * DAY_US, cool_down_days=0)
        for day in (12, 19, 19, 25):
            run(target, "log_observations", START_US + day * DAY_US)
        rows = target.connection.execute(
            "SELECT row_id, page_name, caption_id, epoch_us(sending_time), emv, propensity FROM caption_observations"
        ).fetchall()
        chosen = {
            (page, caption): propensity
            for page, caption, propensity in target.connection.execute(
                "SELECT page_name, caption_id, propensity FROM caption_selections"
            ).fetchall()
        }
    attributed = [m for m in log if m["caption"] is not None]
    assert sorted(row[0] for row in rows) == sorted(m["row"] for m in attributed)
    for _, page, caption, time_us, _, propensity in rows:
        expected = chosen.get((page, caption)) if time_us >= START_US + 5 * DAY_US else None
        assert propensity == expected
    assert any(row[5] is not None for row in rows)
