"""The share of faults that `verify` catches at its default sizes, and its false alarms: figures of docs/verify.md.

    python -m pytest -m long -s tests/verify/test_share_of_faults.py

prints the table by family, and every fault that does not fail. The quick tests hold the families to their number.
"""

from collections import Counter

import numpy as np
import pytest

from sim.warehouse.base import SENDS, STATS
from sim.warehouse.verify.sampler import judge
from verify import test_contents_faults as contents
from verify.draws import right_cells, right_classes
from verify.families import TABLES, all_faults, further, rows_results, tried, verdict
from verify.rows import NOW, right_rows

NAMED = (
    further.BIASES, further.POWERS, further.COARSE, further.NEAR_Z, further.SOME_COUNTS, further.SHARED, further.CLOCK,
    further.PERCENTILES, further.FUTURE, further.PAGES, further.RECOUNTED, "rows missing against log or manifest",
    further.REVENUES, further.EMVS, *TABLES, "ANY TYPE and other arguments", "later Parquet files of another schema",
)  # fmt: skip


def test_every_family_has_at_least_three_faults_and_no_fault_is_there_twice():
    faults = all_faults()
    sizes = Counter(one.family for one in faults)
    assert {family: sizes[family] for family in NAMED if sizes[family] < 3} == {}
    twice = Counter((one.kind, one.family, one.name) for one in faults)
    assert [name for name, times in twice.items() if times > 1] == []
    assert len(faults) >= 340


def table(found):
    lines = ["| family | faults | fail | warn | silent |", "|---|---|---|---|---|"]
    for family in sorted({one for one, _ in found}):
        counts = Counter(status for one, status in found if one == family)
        lines.append(f"| {family} | {counts.total()} | {counts['fail']} | {counts['warn']} | {counts['silent']} |")
    counts = Counter(status for _, status in found)
    lines.append(f"| all | {counts.total()} | {counts['fail']} | {counts['warn']} | {counts['silent']} |")
    return "\n".join(lines)


@pytest.mark.long
def test_at_least_95_percent_of_the_faults_fail(original, tmp_path):
    found, missed = [], []
    for at, fault in enumerate(all_faults()):
        folder = tmp_path / str(at)
        folder.mkdir()
        status = verdict(tried(fault, original, folder))
        found.append((fault.family, status))
        if at % 20 == 0:
            print(at, flush=True)  # noqa: T201
        if status != "fail":
            missed.append(f"{status}: {fault.family}: {fault.name}")
    print(table(found), *missed, sep="\n")  # noqa: T201
    assert sum(status == "fail" for _, status in found) >= 0.95 * len(found)
    assert "error" not in {status for _, status in found}


@pytest.mark.long
def test_right_tables_and_logs_raise_no_alarm(tmp_path):
    """200 tables of other seeds, sizes and numbers of pages, half of them with a log."""
    random, alarms = np.random.default_rng(3), []
    for seed in range(200):
        folder = tmp_path / str(seed)
        rows = right_rows(int(random.integers(1, 4000)), int(random.integers(1, 30)), seed, NOW)
        if seed % 2:
            rows = contents.RANKED(rows.filter(contents.pl.col("total_observations") < 1000))
            contents.put(folder, SENDS, contents.send_log(rows))
        contents.put(folder, STATS, rows)
        alarms += [(seed, one.name) for one in rows_results(folder) if one.status == "fail"]
    print("200 right tables,", len(alarms), "alarms")  # noqa: T201
    assert alarms == []


@pytest.mark.long
def test_right_draws_raise_no_alarm_at_the_default_rate():
    """1,000 verifications of right draws: at 1e-4 each, one alarm has a chance of 10 %, three of 0.02 %."""
    random = np.random.default_rng(4)
    alarms = sum(
        any(one.status == "fail" for one in judge(right_cells(random, 2000), right_classes(random)))
        for _ in range(1000)
    )
    print("1,000 verifications of right draws,", alarms, "alarms")  # noqa: T201
    assert alarms <= 2
