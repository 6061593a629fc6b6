"""The Python side beside `run`: overrides by key, runs without a folder, catalogues, comparisons, sizes."""

from pathlib import Path

import pytest

import sim
from sim.errors import InputError, ScenarioError
from sim.scenario import load
from sim.scenario.overrides import in_words

SCENARIO = {
    "name": "tiny",
    "replications": 24,
    "horizon": {"pulls": 40},
    "world": {"kind": "bernoulli", "means": [0.3, 0.7]},
    "policies": ["wilson_sample", "thompson_beta", "oracle"],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> sim.Run:
    return sim.run(SCENARIO, tmp_path_factory.mktemp("api") / "kept", report=False)


def test_overrides_may_be_a_mapping() -> None:
    values = {"horizon.pulls": 9, "world.means": [0.1, 0.2], "policies.wilson_sample.z": 2.5, "seed": 3}
    by_key, in_text = load(SCENARIO, values), load(SCENARIO, in_words(values))
    assert by_key == in_text
    assert by_key.horizon.pulls == 9
    assert by_key.policies[0].build().z == 2.5  # type: ignore[attr-defined]
    with pytest.raises(ScenarioError, match=r"horizon\.pulls"):
        load(SCENARIO, {"horizon.pulls": -1})


def test_a_cell_of_a_notebook_can_be_run_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = sim.run(SCENARIO, overrides={"replications": 3}, report=False)
    again = sim.run(SCENARIO, overrides={"replications": 3}, report=False)
    assert first.replications.equals(again.replications)
    assert list(tmp_path.iterdir()) == []
    folder = again.path
    del first, again
    assert not folder.exists()


def test_a_run_prints_its_name_and_decision(run: sim.Run) -> None:
    assert repr(run).startswith("Run('tiny', ")
    assert "kept" in repr(run)
    assert any(word in repr(run) for word in ("Undecided", "Keep", "Switch"))


def test_catalogues_list_what_there_is() -> None:
    known = sim.policies()
    assert {"wilson_sample", "thompson_beta", "oracle"} <= set(known["kind"])
    assert known["description"].str.len_chars().min() > 10  # type: ignore[operator]
    shipped = sim.scenarios()
    assert "quickstart" in shipped["name"].to_list()
    assert all(Path(file).is_file() for file in shipped["file"])


def test_compare_takes_runs_and_folders(run: sim.Run) -> None:
    found = sim.compare(run, run.path, run)
    assert found["policy"].to_list() == ["thompson_beta", "oracle"] * 2
    assert found["change"].to_list() == [0.0] * 4
    with pytest.raises(InputError, match="at least two"):
        sim.compare(run)


def test_power_sizes_every_comparison() -> None:
    found = sim.power(SCENARIO, 0.05, pilot=20)
    assert found["metric"] == "reward"
    assert [each["policy"] for each in found["policies"]] == ["thompson_beta", "oracle"]
    assert found["replications_needed"] == max(each["replications_needed"] for each in found["policies"])
    assert sim.power(SCENARIO, "5%", pilot=20) == found
    with pytest.raises(InputError, match="a number or a percentage, got 'some'"):
        sim.power(SCENARIO, "some", pilot=20)
    with pytest.raises(InputError, match="nothing to compare"):
        sim.power(SCENARIO | {"policies": ["wilson_sample"]}, 0.05)
