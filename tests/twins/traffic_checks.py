"""The small scenario on which kernels and twins of the traffic world are compared, and what has to be equal."""

import numpy as np
import pytest

from sim.scenario import load

SEED, DAYS, REPLICATION = 11, 23, 4
WORLD = {
    "kind": "traffic",
    "pages": 2,
    "audience": {"fixed": 3000},
    "sends": {
        "reach": 1.0,
        "size_limits": [],
        "priced_per_day": [[3, 6]],
        "per_day_limits": [4, 14],
        "hours": [5, 23],
        "unpriced_share": 0.3,
    },
    "bank": {"captions": 60, "tiers": {"budget": 1, "mid": 1, "premium": 2, "bump": 3}},
    "purchases": {
        "per_view": [[5.0, 0.06], [20.0, 0.02]],
        "reference_audience": 3000,
        "page_sigma": 0.5,
        "strong_pages": {"share": 0.0},
    },
    "views": {"unpriced": {"mean": 0.001, "cv": 0.7}},
    "factors": {"holidays": {"days_per_year": 100}},
    "fatigue": {"drop": 0.4, "half_life_days": 5.0},
    "drift": {"sigma_per_week": 0.3},
    "turnover": {"retire_share_per_week": 0.2, "arrivals_per_week": 9},
    "delay": {"mean_hours": 10.0},
}
FEEDBACK = {"refresh_hours": 5, "label_after_hours": 17, "median_days": 6}
SELECTION = {"cool_down_days": 5}


def scenario_of(policy, **changes):
    return load(
        {
            "name": "twin",
            "seed": SEED,
            "replications": 6,
            "horizon": {"days": DAYS},
            "world": WORLD,
            "feedback": FEEDBACK,
            "selection": SELECTION,
            "policies": [policy],
            "record": {"sends": True},
            **changes,
        }
    )


def check_sends(log, pages):
    start = 1_736_121_600  # 2025-01-06T00:00:00Z
    lines = sorted(
        (m["time"], page, index, m) for page, naive in enumerate(pages) for index, m in enumerate(naive.messages)
    )
    messages = [m for _, _, _, m in lines]
    assert log.sending_time_us.tolist() == [(start + time) * 1_000_000 for time, *_ in lines]
    assert log.page.tolist() == [page + 1 for _, page, *_ in lines]
    assert log.caption_id.tolist() == [m["caption"]["id"] for m in messages]
    assert log.viewed_count.tolist() == [m["views"] for m in messages]
    assert log.purchased_count.tolist() == [m["purchases"] for m in messages]
    assert log.earnings.tolist() == [m["purchases"] * m["price"] for m in messages]
    chances = np.array([m["chance"] for m in messages])
    known = ~np.isnan(chances)
    assert log.propensity[known].tolist() == chances[known].tolist()
    assert ((log.propensity > 0.0) & (log.propensity <= 1.0)).all()
    assert log.message_type.tolist() == [0 if m["priced"] else 1 for m in messages]


def check_totals(world, pages):
    totals = world.totals()
    assert totals.pulls[1] == sum(len(p.messages) for p in pages)
    assert totals.reward[1] == sum(m["purchases"] for p in pages for m in p.messages)
    assert totals.best_pulls[1] == sum(p.best for p in pages)
    assert totals.ranked_pulls[1] == sum(m["priced"] for p in pages for m in p.messages)
    assert world.unfilled()[1] == sum(p.unfilled for p in pages)
    assert totals.regret[1] == pytest.approx(sum(p.regret for p in pages), rel=1e-12, abs=0)
    assert totals.regret_usd[1] == pytest.approx(sum(p.regret_usd for p in pages), rel=1e-12, abs=0)
    assert totals.revenue_micros[1] == sum(m["purchases"] * m["price"] * 1_000_000 for p in pages for m in p.messages)
    expected = [p.expected_usd for p in pages]
    assert world.page_totals().expected_usd[1].tolist() == pytest.approx(expected, rel=1e-12, abs=0)


def check_counts(counts, pages):
    found = {
        key: values
        for key, *values in zip(
            zip(counts.page.tolist(), counts.caption_id.tolist(), strict=True),
            counts.successes.tolist(),
            counts.failures.tolist(),
            counts.observations.tolist(),
            counts.purchased.tolist(),
            counts.last_used_us.tolist(),
            counts.last_updated_us.tolist(),
            strict=True,
        )
    }
    expected = {}
    for page, naive in enumerate(pages):
        for m in naive.messages[: naive.counted]:
            if m["views"] == 0 or "expired" in m:
                continue
            row = expected.setdefault((page + 1, m["caption"]["id"]), [0, 0, 0, 0, 0, 0])
            row[0] += m["label"] == 1
            row[1] += m["label"] == 0
            row[2] += 1
            row[3] += m["known"]
            row[4] = (1_736_121_600 + m["time"]) * 1_000_000
            row[5] = (1_736_121_600 + m["counted_at"]) * 1_000_000
    assert found == expected
