"""A changed scenario never mixes with old results: every single-field change is refused with the difference."""

from pathlib import Path
from typing import Any

import pytest

import sim
from reliability.harness import SMALL
from sim.errors import InputError
from sim.runs.folders.run_folder import RunFolder
from sim.runs.prepare import Request
from sim.scenario import load

CHURN: dict[str, Any] = {
    **SMALL,
    "world": {"kind": "bernoulli", "arms": 4, "prior": {"beta": [1, 2]}, "churn": {"probability": 0.01}},
    "feedback": {"refresh_every": 3, "delay": {"geometric": 2}},
    "policies": [{"kind": "wilson_sample", "name": "a"}, {"kind": "thompson_beta", "name": "b", "prior": [1, 1]}],
    "checks": [{"metric": "regret", "policy": "a", "at_most": 1000}],
}
TRAFFIC: dict[str, Any] = {
    "name": "traffic",
    "replications": 1,
    "horizon": {"days": 2},
    "world": {"kind": "traffic", "pages": 1, "audience": {"fixed": 5_000}, "bank": {"captions": 40}},
    "policies": ["wilson_sample"],
}
CHANGES = [
    *((CHURN, change) for change in (
        "name=other", "seed=6", "replications=3", "horizon.pulls=61", "world.arms=5", "world.prior.beta=[1, 3]",
        "world.prior.beta=[2, 2]", "world.churn.probability=0.02", "feedback.refresh_every=4",
        "feedback.delay={geometric: 3}", "feedback.delay=2", "record.curve_points=10", "record.stats=last",
        "record.stats=none", "record.sends=true", "policies.0.kind=ucb1", "policies.1.name=c",
        "policies.1.prior=[1, 2]", "policies.1.prior=[2, 1]", "checks=[]", "checks.0.at_most=999",
        "checks.0.metric=reward", "checks.0.policy=b", "policies=[{kind: wilson_sample, name: a}]",
        "policies=[{kind: thompson_beta, name: b, prior: [1, 1]}, {kind: wilson_sample, name: a}]",
    )),
    *((TRAFFIC, change) for change in (
        "seed=2", "horizon.days=3", "horizon.days=2.5", "world.pages=2", "world.audience.fixed=5001",
        "world.bank.captions=41", "world.turnover.arrivals_per_week=1", "feedback.refresh_hours=5",
        "selection.cool_down_days=6", "world.sends.per_day=9", "policies=[uniform]",
        "policies=[wilson_sample, uniform]",
        "record.sends=true", "record.stats=last", "name=other",
    )),
]  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return RunFolder(sim.run(CHURN, tmp_path_factory.mktemp("small") / "run", report=False).path)


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return RunFolder(sim.run(TRAFFIC, tmp_path_factory.mktemp("traffic") / "run", report=False).path)


def prepare(folder: RunFolder, scenario: dict[str, Any], *overrides: str) -> object:
    return Request(load(scenario, overrides), folder, resume=True).prepare(lambda path, loaded: None)


def test_there_are_forty_changes() -> None:
    assert len(CHANGES) >= 40


@pytest.mark.parametrize(("scenario", "change"), CHANGES, ids=[f"{s['name']}: {change}" for s, change in CHANGES])
@pytest.mark.slow
def test_a_change_is_refused_with_the_difference(
    request: pytest.FixtureRequest, scenario: dict[str, Any], change: str
) -> None:
    folder: RunFolder = request.getfixturevalue(scenario["name"])
    before = folder.manifest()
    with pytest.raises(InputError, match="holds another run") as caught:
        prepare(folder, scenario, change)
    differences = caught.value.message.splitlines()[1:]
    top = change.partition("=")[0].partition(".")[0]
    assert any(line.startswith(top) and " there, " in line and line.endswith(" here") for line in differences)
    assert "--fresh" in caught.value.hint
    assert folder.manifest() == before
    assert not folder.next.path.exists()


def test_the_same_scenario_has_nothing_left_to_do(small: RunFolder) -> None:
    assert prepare(small, CHURN) is None


@pytest.mark.slow
def test_the_same_scenario_of_the_traffic_world_has_nothing_left_to_do(traffic: RunFolder) -> None:
    assert prepare(traffic, TRAFFIC) is None


@pytest.mark.parametrize("part", ["engine", "policy wilson_sample", "numpy", "python", "program"])
def test_changed_code_is_refused_with_what_changed(small: RunFolder, part: str) -> None:
    manifest = small.manifest()
    versions = {name: "0.0" if name == part else value for name, value in manifest["versions"].items()}
    code = {name: "0" if name == part else value for name, value in manifest["code"].items()}
    program = "0.0" if part == "program" else manifest["version"]
    small.write_manifest({**manifest, "versions": versions, "code": code, "version": program})
    words = {"engine": "the code of the engine has changed", "program": "version of this program: 0.0 there"}
    default = f"the code of {part} has changed" if part in code else f"version of {part}: 0.0 there"
    try:
        with pytest.raises(InputError, match=words.get(part, default)):
            prepare(small, CHURN)
    finally:
        small.write_manifest(manifest)


def test_a_changed_source_file_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "counts.csv"
    source.write_text("page_name,caption_id,trials,successes\na,1,100,10\na,2,100,20\n")
    world = {"kind": "table", "source": str(source)}
    table = {"name": "table", "replications": 1, "horizon": {"days": 1}, "world": world, "policies": ["uniform"]}
    folder = RunFolder(sim.run(table, tmp_path / "run", report=False).path)
    source.write_text(source.read_text().replace("20", "21"))
    with pytest.raises(InputError, match=r"world\.source: the content of the file has changed"):
        prepare(folder, table)


def test_many_differences_are_counted(small: RunFolder) -> None:
    changes = ("seed=6", "horizon.pulls=70", "world.arms=5", "record.stats=last", "record.curve_points=9", "checks=[]")
    with pytest.raises(InputError, match=r"and \d more differences"):
        prepare(small, CHURN, *changes)
