"""Pilots against runs, the traffic of each world, and what `power` says in words, JSON and errors."""

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sim
from reports.estimators.intervals import moments
from reports.estimators.power import (
    FieldTraffic,
    fans_needed,
    replications_needed,
)
from sim.cli import exit_code
from sim.pilot import FEWEST, MOST, pilot_size, simulate_pilot, traffic
from sim.scenario import load

TEXTBOOK: dict[str, Any] = {
    "version": 1,
    "name": "small",
    "replications": 30,
    "horizon": {"pulls": 200},
    "world": {"kind": "bernoulli", "means": [0.6, 0.4, 0.2]},
    "policies": ["thompson_beta", "wilson_sample", "uniform", "oracle"],
    "checks": [{"metric": "regret", "policy": "uniform", "at_least": 1.0}],
}
PAGES: dict[str, Any] = {
    "version": 1,
    "name": "pages",
    "replications": 3,
    "horizon": {"days": 7},
    "world": {"kind": "traffic", "pages": 2, "audience": {"fixed": 50_000}, "bank": {"captions": 60}},
    "policies": ["uniform", "greedy"],
}


# Pilots


@pytest.mark.slow
def test_a_pilot_is_the_start_of_the_run_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = sim.run(TEXTBOOK, tmp_path / "run", report=False)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    pilot = simulate_pilot(load(TEXTBOOK), ["uniform", "thompson_beta"], 5, workers=1)
    wanted = run.replications.filter(pl.col("policy").is_in(["uniform", "thompson_beta"]) & (pl.col("replication") < 5))
    assert pilot.equals(wanted)
    assert list(temporary.iterdir()) == []


def test_a_pilot_is_bounded() -> None:
    assert pilot_size(load(TEXTBOOK), 4, 1) == MOST
    assert pilot_size(load(TEXTBOOK, ["horizon.pulls=1000000000"]), 4, 1) == FEWEST


def test_the_rate_of_a_textbook_world() -> None:
    fixed = load(TEXTBOOK)
    assert traffic(fixed, fixed.policies[0]).rate == pytest.approx(0.4)
    drawn = load({**TEXTBOOK, "world": {"kind": "bernoulli", "arms": 5, "prior": {"beta": [2, 38]}}})
    assert traffic(drawn, drawn.policies[0]).rate == pytest.approx(0.05)
    assert math.isnan(traffic(drawn, drawn.policies[0]).sends_per_day)


def test_the_rate_of_a_table_world(tmp_path: Path) -> None:
    source = tmp_path / "counts.csv"
    source.write_text("page_name,caption_id,trials,successes\na,1,100,3\na,2,300,9\nb,1,100,8\nb,2,0,0\n")
    content = {**TEXTBOOK, "horizon": {"days": 5}, "world": {"kind": "table", "source": str(source)}}
    table = load(content)
    assert traffic(table, table.policies[0]) == FieldTraffic(
        0.04, 100.0, 8.0, 1.0, "successes per trial in the scenario's file"
    )


@pytest.mark.slow
def test_the_rate_of_a_traffic_world_is_that_of_its_send_log(tmp_path: Path) -> None:
    pages = load(PAGES, ["record.sends=true", "replications=20"])
    found = traffic(pages, pages.policies[0])
    run = sim.run(pages, tmp_path / "run", report=False)
    logs = [run.sends("uniform", number).filter(pl.col("price").is_not_null()) for number in range(20)]
    sends = pl.concat(logs)
    assert found.rate == pytest.approx(sends["purchased_count"].sum() / sends["sent_count"].sum())
    assert found.fans_per_send == pytest.approx(sends["sent_count"].mean())
    assert found.sends_per_day == pytest.approx(len(sends) / (20 * 7))
    purchased = sends["purchased_count"].to_numpy()
    assert 1.0 < found.design_effect < moments(purchased).sd ** 2 / moments(purchased).mean


# The command


def power(capsys: pytest.CaptureFixture[str], *words: str, scenario: object = TEXTBOOK) -> tuple[int, str, str]:
    text = scenario if isinstance(scenario, str) else json.dumps(scenario)
    code = exit_code(["power", text, "--workers", "1", *words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.slow
def test_the_command_answers_both_questions_in_words(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = power(capsys, "--difference", "10%", "--rate", "5%")
    assert code == 0
    assert "10 % of the mean of wilson_sample" in " ".join(out.split())
    assert all(name in out for name in ("thompson_beta", "uniform", "oracle"))
    assert "31,234" in out
    assert "62,468" in out
    assert "pilot of 100 replications × 4 policies" in err
    assert list(tmp_path.iterdir()) == []


def test_json_holds_what_the_words_say_and_repeats_exactly(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--difference", "4", "--policy", "uniform", "--baseline", "oracle", "--pilot", "20", "--lift", "10%"]
    code, out, err = power(capsys, *words, "--json", "--quiet", "--confidence", "90%", "--power", "0.9")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    ranking, field = answer["ranking"], answer["field"]
    assert (ranking["baseline"], ranking["difference"], ranking["pilot_replications"]) == ("oracle", 4.0, 20)
    assert [each["policy"] for each in ranking["policies"]] == ["uniform"]
    expected = replications_needed(4.0, ranking["policies"][0]["sd"], 0.9, 0.9)
    assert ranking["policies"][0]["closed_form"] == expected
    assert field["independent_fans_an_arm"] == fans_needed(0.4, 0.44, 0.9, 0.9)
    assert field["days"] is None
    assert power(capsys, *words, "--json", "--quiet", "--confidence", "90%", "--power", "0.9")[1] == out


@pytest.mark.slow
def test_the_metric_and_overrides_reach_the_pilot(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--difference", "5%", "--metric", "reward", "--pilot", "10", "--set", "horizon.pulls=400", "--json"]
    ranking = json.loads(power(capsys, *words, "-q")[1])["ranking"]
    assert ranking["metric"] == "reward"
    assert 200 < ranking["baseline_mean"]["value"] < 240


@pytest.mark.slow
def test_the_first_policy_is_the_baseline_without_a_deployed_one(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--difference", "5", "--pilot", "2", "--json", "-q"]
    named = {**TEXTBOOK, "policies": ["uniform", {"kind": "wilson_sample", "name": "live"}], "checks": []}
    assert json.loads(power(capsys, *words, scenario=named)[1])["ranking"]["baseline"] == "live"
    without = {**TEXTBOOK, "policies": ["uniform", "greedy"], "checks": []}
    assert json.loads(power(capsys, *words, scenario=without)[1])["ranking"]["baseline"] == "uniform"


def test_without_a_percentage_the_field_asks_for_a_lift(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = power(capsys, "--difference", "5", "--pilot", "4", "--policy", "uniform")
    assert code == 0
    assert "--lift" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--difference", "five"], "--difference is a number or a percentage"),
        (["--difference", "%"], "--difference is a number or a percentage"),
        (["--difference", "0%"], "difference must be above 0"),
        (["--difference", "-5%"], "difference must be above 0"),
        (["--difference", "nan"], "difference must be above 0"),
        (["--difference", "inf"], "difference must be above 0"),
        (["--difference", "5%", "--confidence", "1"], "--confidence must lie between 0 and 1"),
        (["--difference", "5%", "--confidence", "95"], "--confidence must lie between 0 and 1"),
        (["--difference", "5%", "--power", "0"], "--power must lie between 0 and 1"),
        (["--difference", "5%", "--power", "0.05"], "power must exceed 1 - confidence"),
        (["--difference", "5%", "--rate", "0"], "--rate must lie between 0 and 1"),
        (["--difference", "5%", "--lift", "0.1"], "--lift is a percentage"),
        (["--difference", "5%", "--lift", "0%"], "difference must be above 0"),
        (["--difference", "200%"], "cannot rise by 200 %"),
        (["--difference", "5%", "--baseline", "nobody"], "no policy 'nobody'"),
        (["--difference", "5%", "--policy", "nobody"], "no policy 'nobody'"),
        (["--difference", "5%", "--policy", "wilson_sample"], "nothing to compare wilson_sample with"),
        (
            ["--difference", "5%", "--set", "policies=[uniform]", "--set", "checks=[]"],
            "nothing to compare uniform with",
        ),
        pytest.param(
            ["--difference", "5%", "--baseline", "oracle", "--pilot", "2"],
            "mean regret of oracle is 0",
            marks=pytest.mark.slow,
        ),
        (["--difference", "1e-300", "--lift", "5%", "--pilot", "5", "--policy", "uniform"], "too small"),
        (["--difference", "5%", "--pilot", "1"], "--pilot"),
        ([], "--difference"),
    ],
)
def test_bad_usage_is_one_message(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    code, out, err = power(capsys, *words)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
