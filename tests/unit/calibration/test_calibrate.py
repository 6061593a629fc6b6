"""`calibrate` as a whole: the scenario file, `--shrink`, `--stats`, the command and its messages."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import sim
from reports.calibration_report import calibration_report
from sim.calibration.calibrate import Calibration, calibrate
from sim.calibration.defaults import default_of
from sim.calibration.figures import Figure, unknown
from sim.calibration.log import Sends
from sim.calibration.shrink import shrunk
from sim.calibration.statistics import read_statistics, statistics_figures
from sim.calibration.text import data, headline, text
from sim.calibration.writing import rounded, scenario_text
from sim.cli import exit_code
from sim.errors import InputError
from sim.scenario import load
from twins.made_logs import drawn


@pytest.fixture(scope="module")
def found() -> Calibration:
    return calibrate(drawn(pages=3, days=20))


def written(log: Sends, file: Path) -> str:
    table = pl.DataFrame(
        {
            "page_name": np.array(log.pages)[log.page],
            "sending_time": pl.from_epoch(pl.Series(log.time), "s").dt.replace_time_zone("UTC"),
            "price": np.where(log.price > 0, log.price, None).tolist(),
            "sent_count": log.sent,
            "viewed_count": log.viewed,
            "purchased_count": log.purchased.astype(float),
            "caption_id": log.caption,
        },
        strict=False,
    )
    table.write_parquet(file)
    return str(file)


def test_the_file_is_a_scenario_with_an_interval_beside_each_figure(found: Calibration, tmp_path: Path) -> None:
    path = found.write(tmp_path / "new" / "scenario.yaml")
    loaded = load(path)
    assert loaded.world.pages == 3
    assert loaded.digest == found.scenario.digest
    lines = path.read_text().splitlines()
    mean = next(i for i, line in enumerate(lines) if line.startswith("      mean:"))
    assert lines[mean - 1].strip().startswith("# 95 %: 0.0")
    assert all(len(line) <= 100 for line in lines)
    assert "# world.delay.mean_hours: counts are frozen" in found.text


def test_the_same_log_gives_the_same_answer(found: Calibration) -> None:
    again = calibrate(drawn(pages=3, days=20))
    assert again.text == found.text
    assert again.predictions == found.predictions


def test_python_has_calibrate(found: Calibration) -> None:
    assert sim.calibrate is calibrate
    assert found.figure("world.pages").value == 3
    with pytest.raises(KeyError):
        found.figure("world.nothing")


def test_a_short_log_is_refused() -> None:
    with pytest.raises(InputError, match="60 messages of 3 days are too few"):
        calibrate(drawn(pages=1, days=3))


def test_words_and_data(found: Calibration) -> None:
    assert headline(found) == "The model fits the log: none of 10 assumptions is contradicted."
    assert "world.delay.mean_hours: counts are frozen" in text(found)
    assert json.loads(json.dumps(data(found)))["fits"] is True
    bad = replace(found, misfits=(replace(found.misfits[0], p_value=0.0), *found.misfits[1:]))
    assert not bad.fits
    assert "not true of this log: view rates of priced messages are log-normal" in headline(bad)
    assert "misfit: view rates of priced messages are log-normal" in text(bad)
    far = replace(found, predictions=(replace(found.predictions[0], distance=9.0), *found.predictions[1:]))
    assert "1 of" in headline(far)


def test_the_page_shows_predictions_and_figures(found: Calibration) -> None:
    report = calibration_report(found)
    assert [each.key for each in report.sections][:3] == ["assumptions", "predictions", "figures"]


def test_shrinking_is_the_posterior_of_a_normal_mean() -> None:
    published = default_of("world.views.priced.mean")
    assert published == 0.034
    sure = shrunk(Figure("world.views.priced.mean", 0.06, 0.0599, 0.0601))
    assert sure.value == pytest.approx(0.06, rel=1e-3)
    half = 0.06 * np.exp(1.959964 * 0.5)  # an error as large as the prior's: half way on the logarithm
    unsure = shrunk(Figure("world.views.priced.mean", 0.06, 0.06**2 / half, half))
    assert unsure.value == pytest.approx(np.sqrt(0.06 * 0.034), rel=1e-4)
    assert unsure.high / unsure.low == pytest.approx((half / 0.06) ** (2 / np.sqrt(2)), rel=1e-4)
    assert "shrunk towards the published 0.034" in unsure.note


def test_lists_are_shrunk_value_by_value_and_others_left_alone() -> None:
    weekday = Figure("world.factors.weekday", [1.0] * 7, [0.5] * 7, [2.0] * 7)
    moved = shrunk(weekday)
    assert moved.value[0] > 1.0
    assert moved.value[2] < 1.0
    for untouched in (
        Figure("world.pages", 3),
        unknown("world.views.priced.cv", "few"),
        Figure("world.purchases.per_view", [[1.0, 0.1]], [0.05], [0.2]),
    ):
        assert shrunk(untouched) == untouched


def test_statistics_show_the_interval_and_recounting(tmp_path: Path) -> None:
    log = drawn(pages=1, days=10)
    start = pl.datetime(2025, 1, 6, time_zone="UTC")
    rows = 40
    table = pl.DataFrame(
        {
            "page_name": ["page_0001"] * rows,
            "caption_id": range(rows),
            "total_observations": [log.rows // rows * 28] * rows,
        }
    )
    table = table.with_columns((start + pl.duration(hours=pl.col("caption_id") % 8 * 6)).alias("last_updated"))
    table.write_parquet(tmp_path / "stats.parquet")
    refresh, counting = statistics_figures(log, read_statistics(str(tmp_path / "stats.parquet")))
    assert refresh.value == 6.0
    assert counting.value == "every_refresh"
    assert "28.00 times" in counting.note
    table.write_csv(tmp_path / "stats.csv")
    assert statistics_figures(log, read_statistics(str(tmp_path / "stats.csv"))) == [refresh, counting]
    table.drop("last_updated").write_parquet(tmp_path / "bad.parquet")
    with pytest.raises(InputError, match="missing column 'last_updated'"):
        read_statistics(str(tmp_path / "bad.parquet"))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("a,1,5,yesterday", "row 2: last_updated is 'yesterday', not a time"),
        ("a,1,many,2025-01-06", "row 2: total_observations is 'many', not a number"),
        ('a,1,"1,5",2025-01-06 06:00:00', "row 2: total_observations is '1,5', with a comma"),
        ("a,1,-4,2025-01-06 06:00:00", "row 2: total_observations is '-4', negative"),
    ],
)
def test_unfit_statistics_are_named_by_row(tmp_path: Path, row: str, told: str) -> None:
    header = "page_name,caption_id,total_observations,last_updated\na,2,5,\n"
    (tmp_path / "stats.csv").write_text(header + row + "\n")
    with pytest.raises(InputError, match="the table cannot be used") as raised:
        read_statistics(str(tmp_path / "stats.csv"))
    assert told in raised.value.message


def test_numbers_are_rounded_to_four_digits() -> None:
    assert rounded(0.0123456) == 0.01235
    assert rounded(3.0) == 3
    assert rounded([[0.0, 14.04], [1.0, 2e6]]) == [[0, 14.04], [1, 2_000_000]]
    text = scenario_text([Figure("world.purchases.per_view", [[4.0, 0.00001234]])], "name", 30, "log")
    assert "per_view: [[4, 0.00001234]]" in text


@pytest.mark.slow
def test_the_command_writes_and_does_not_overwrite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = written(drawn(pages=2, days=10), tmp_path / "log.parquet")
    out = tmp_path / "scenario.yaml"
    base = ["calibrate", "--sends", source, "--out", str(out)]
    assert exit_code([*base, "--dry-run"]) == 0
    assert not out.exists()
    assert exit_code([*base, "--page", str(tmp_path / "page"), "--json"]) == 0
    answer = capsys.readouterr().out
    assert json.loads(answer[answer.rindex("\n{\n") if "\n{\n" in answer else answer.index("{") :])["written"][
        0
    ] == str(out)
    assert (tmp_path / "page" / "calibration.html").is_file()
    assert load(out).world.pages == 2
    assert exit_code(base) == 2
    assert "exists already" in capsys.readouterr().err
    assert exit_code(["calibrate", "--sends", str(tmp_path / "none.csv")]) == 3
