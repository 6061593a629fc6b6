"""Where scenarios come from, what --set does to them, their files and their digest."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios import names, path_of
from sim.errors import InputError, ScenarioError, StorageError
from sim.scenario import BernoulliSection, GeometricDelay, Scenario, TableSection, TrafficSection, load

SMALL = {
    "name": "small",
    "horizon": {"pulls": 100},
    "world": {"kind": "bernoulli", "means": [0.1, 0.2]},
    "policies": ["ucb1", {"kind": "wilson_sample", "name": "w"}],
}
TABLE = {"name": "t", "horizon": {"days": 2}, "world": {"kind": "table"}, "policies": ["greedy"]}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(load(content).to_yaml(), encoding="utf-8")
    return path


# Sources


def test_a_scenario_is_the_same_wherever_it_comes_from(tmp_path):
    path = write(tmp_path / "small.yaml", SMALL)
    one = load(SMALL)
    assert one == load(path) == load(str(path)) == load(path.read_text()) == load(one)
    assert one == load(
        '{"name": "small", "horizon": {"pulls": 100}, "world": {"kind": "bernoulli", '
        '"means": [0.1, 0.2]}, "policies": ["ucb1", {"kind": "wilson_sample", "name": "w"}]}'
    )


def test_defaults_are_filled_in():
    scenario = load(SMALL)
    assert (scenario.version, scenario.seed, scenario.replications) == (1, 1, 100)
    assert scenario.feedback.model_dump() == {"refresh_every": 1, "delay": 0}
    assert scenario.selection is None
    assert scenario.record.model_dump() == {"curve_points": 60, "stats": "all", "sends": False}
    assert [(each.name, each.kind) for each in scenario.policies] == [("ucb1", "ucb1"), ("w", "wilson_sample")]
    assert scenario.policies[1].params == {"z": 1.96, "prior": [1.0, 1.0]}
    assert scenario.policies[1].build().z == 1.96


def test_the_world_decides_what_the_other_sections_are():
    assert isinstance(load(SMALL).world, BernoulliSection)
    table = load(TABLE)
    assert isinstance(table.world, TableSection)
    assert table.feedback.refresh_hours == 6.0
    assert table.selection.top == 1
    traffic = load({**TABLE, "world": {"kind": "traffic"}})
    assert isinstance(traffic.world, TrafficSection)
    assert traffic.selection.cool_down_days == 7.0


def test_counts_may_be_written_as_powers_of_ten():
    scenario = load({**SMALL, "replications": 1e3, "feedback": {"delay": {"geometric": 5}}})
    assert scenario.replications == 1000
    assert type(scenario.replications) is int
    assert scenario.feedback.delay == GeometricDelay(geometric=5.0)


def test_a_scenario_is_frozen_and_can_be_sent_to_a_worker():
    scenario = load("quickstart")
    with pytest.raises(ValueError, match="frozen"):
        scenario.seed = 2
    assert pickle.loads(pickle.dumps(scenario)) == scenario


def test_the_source_mapping_is_left_alone():
    source = {**SMALL, "world": dict(SMALL["world"])}
    load(source, ["world.means.0=0.9", "policies.0.alpha=1"])
    assert source["world"] == {"kind": "bernoulli", "means": [0.1, 0.2]}
    assert source["policies"][0] == "ucb1"


def test_a_shipped_name_stands_behind_a_file_and_before_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("textbook").mkdir()
    assert load("textbook").name == "textbook"
    write(tmp_path / "drift", SMALL)
    assert load("drift").name == "small"


@pytest.mark.parametrize("source", ["quikstart", "scenarios/quikstart.yaml", Path("quikstart.yml")])
def test_neither_file_nor_name(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match='did you mean "quickstart"') as caught:
        load(source)
    assert not isinstance(caught.value, ScenarioError)
    assert caught.value.hint == f"Shipped scenarios: {', '.join(names())}"


def test_a_shipped_scenario_asked_for_by_a_path_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match='did you mean "textbook"'):
        load("scenarios/textbook.yaml")


@pytest.mark.parametrize("name", ["", "a" * 5000, "nul\0", "~nobody/x.yaml"])
def test_odd_names_are_answered_too(name):
    with pytest.raises((InputError, StorageError)) as caught:
        load(name)
    assert len(caught.value.message) < 500


def test_a_folder_is_no_scenario(tmp_path):
    with pytest.raises(StorageError, match="is a folder, not a scenario"):
        load(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path):
    path = write(tmp_path / "x.yaml", SMALL)
    path.chmod(0)
    with pytest.raises(StorageError, match="Permission denied"):
        load(path)


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"name: a\nseed: \xff\n", 2, "not UTF-8"),
        ("name: a\n".encode("utf-16"), 1, "not UTF-8"),
        (b"\x7fELF\x02\x01\x01\0", 1, "unacceptable character"),
        (b"PAR1" + bytes(range(128, 256)), 1, "not UTF-8"),
        (b"# " + b"x" * 2_000_000, None, "larger than 64 KiB"),
        (b"", None, "empty"),
    ],
)
def test_a_file_that_is_no_yaml(tmp_path, data, line, words):
    path = tmp_path / "x.yaml"
    path.write_bytes(data)
    with pytest.raises(ScenarioError, match=words) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(path), line)


def test_a_byte_order_mark_is_no_problem(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + load(SMALL).to_yaml().encode())
    assert load(path) == load(SMALL)


def test_an_endless_file_is_not_read_to_the_end():
    with pytest.raises(ScenarioError, match="larger than"):
        load(Path("/dev/zero"))


# Overrides


@pytest.mark.parametrize(
    ("override", "get", "value"),
    [
        ("seed=5", lambda s: s.seed, 5),
        ("replications=1e2", lambda s: s.replications, 100),
        ("world.means.1=0.5", lambda s: s.world.means, (0.1, 0.5)),
        ("world.means.2=0.5", lambda s: s.world.means, (0.1, 0.2, 0.5)),
        ("world.means=[0.3, 0.4]", lambda s: s.world.means, (0.3, 0.4)),
        ("world={kind: bernoulli, arms: 3, prior: {beta: [1, 2]}}", lambda s: s.world.arms, 3),
        ("feedback.delay.geometric=4", lambda s: s.feedback.delay.geometric, 4.0),
        ("record.stats=none", lambda s: s.record.stats, "none"),
        ("record.sends=false", lambda s: s.record.sends, False),
        ("policies.0.alpha=1.5", lambda s: s.policies[0].params, {"alpha": 1.5}),
        ("policies.0=greedy", lambda s: s.policies[0].kind, "greedy"),
        ("policies.1.kind=wilson_upper", lambda s: s.policies[1].kind, "wilson_upper"),
        ("policies.2=greedy", lambda s: s.policies[2].kind, "greedy"),
        ("policies=[greedy]", lambda s: len(s.policies), 1),
        ("policies.1.prior=[2, 3]", lambda s: s.policies[1].params["prior"], [2, 3]),
        ("checks.0={metric: regret, policy: w, at_most: 9}", lambda s: s.checks[0].at_most, 9.0),
        ("name=other", lambda s: s.name, "other"),
        (" seed =5", lambda s: s.seed, 5),
    ],
)
def test_an_override(override, get, value):
    assert get(load(SMALL, [override])) == value


def test_overrides_apply_in_order():
    assert load(SMALL, ["world.means=[0.5, 0.6]", "world.means.0=0.9"]).world.means == (0.9, 0.6)
    assert load(SMALL, ["world.means.0=0.9", "world.means=[0.5, 0.6]"]).world.means == (0.5, 0.6)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seeds=1", '--set seeds: unknown key; did you mean "seed"?'),
        ("world.mean=[1]", '--set world.mean: unknown key; did you mean "means"?'),
        ("world.means.0=7", "--set world.means.0: must be at most 1, got 7"),
        ("seed=", "--set seed: expected a whole number, got null"),
        ("seed=.nan", "--set seed: expected a whole number, got nan"),
        ("record.sends=on", "--set record.sends: expected true or false, got 'on'"),
        ("policies.0.kind=ucb", "--set policies.0.kind: unknown policy 'ucb'; did you mean \"ucb1\"?"),
        ("policies.1.zz=1", '--set policies.1.zz: unknown key; did you mean "z"?'),
        ("world.means.5=0.1", "--set world.means.5: world.means is a list of 2: give an index from 0, or 2 to append"),
        ("world.means.x=0.1", "--set world.means.x: world.means is a list of 2"),
        ("world.means.-1=0.1", "--set world.means.-1: world.means is a list of 2"),
        ("name.first=x", "--set name.first: name is a single value and has no keys"),
        ("seed=&a 1", "--set seed: anchors (&) and aliases (*) are not allowed"),
        ("seed=!!int 1", "--set seed: tags (tag:yaml.org,2002:int) are not allowed"),
        ("world.means=[0.1", "--set world.means: not YAML"),
        ("world={kind: bernoulli, means: [2, 0]}", "--set world: world.means.0: must be at most 1, got 2"),
        ("record={sends: false, sends: false}", "--set record: record.sends: duplicate key"),
    ],
)
def test_an_override_that_is_wrong_is_named(override, message):
    with pytest.raises(ScenarioError) as caught:
        load(SMALL, [override])
    assert len(caught.value.problems) == 1
    assert str(caught.value.problems[0]).startswith(message)


@pytest.mark.parametrize("override", ["seed", "=5", "", ".seed=5", "seed.=5", "a..b=1"])
def test_words_that_are_no_override(override):
    with pytest.raises(InputError, match=r"expected KEY\.PATH=VALUE"):
        load(SMALL, [override])


def test_an_override_does_not_hide_what_the_file_has_wrong(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("name: x\nseed: a\nseed: b\nhorizon: {pulls: 5}\nworld: {kind: bernoulli}\npolicies: [ucb1]\n")
    with pytest.raises(ScenarioError) as caught:
        load(path, ["world.means=[0.1, 2]", "seed=1"])
    assert [str(each).partition(": ")[0] for each in caught.value.problems] == [f"{path}:3", "--set world.means"]


# Files


def test_a_source_is_looked_for_beside_the_file_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "sub" / "t.yaml", {**TABLE, "world": {"kind": "table", "source": "data.csv"}})
    (tmp_path / "data.csv").write_text("here")
    assert load("sub/t.yaml").source_path == Path("data.csv")
    (tmp_path / "sub" / "data.csv").write_text("beside")
    assert load("sub/t.yaml").source_path == Path("sub/data.csv")
    assert load(path).source_path == tmp_path / "sub/data.csv"
    assert load("sub/t.yaml", ["world.source=data.csv"]).source_path == Path("data.csv")
    assert load("sub/t.yaml", ["world={kind: table, source: data.csv}"]).source_path == Path("data.csv")


def test_an_absolute_source_stays(tmp_path):
    source = tmp_path / "data.csv"
    source.write_text("x")
    path = write(tmp_path / "t.yaml", {**TABLE, "world": {"kind": "table", "source": str(source)}})
    assert load(path).source_path == source


def test_a_source_that_is_missing_is_said_early(tmp_path):
    with pytest.raises(InputError, match=r"world\.source is not given") as caught:
        load(TABLE).require_files()
    assert "--set world.source=FILE" in caught.value.hint
    scenario = load(TABLE, [f"world.source={tmp_path / 'none.csv'}"])
    with pytest.raises(StorageError, match=r"none\.csv does not exist"):
        scenario.require_files()
    with pytest.raises(StorageError, match="is a directory"):
        load(TABLE, [f"world.source={tmp_path}"]).require_files()
    (tmp_path / "none.csv").write_text("x")
    scenario.require_files()
    load(SMALL).require_files()


# Digest


def test_the_digest_is_of_the_meaning():
    digest = load(SMALL).digest
    assert len(digest) == 64
    text = """\
# comment
policies: [{name: ucb1, alpha: 2, kind: ucb1}, {kind: wilson_sample, name: w, prior: [1, 1.0]}]
world: {means: [1e-1, 0.20], kind: bernoulli}
seed: 1
horizon: {pulls: 1e2}
name: 'small'
feedback: {delay: 0}
"""
    assert load(text).digest == digest


@pytest.mark.parametrize(
    "override", ["seed=2", "name=b", "world.means.0=0.11", "policies.1.z=2", "policies.1.name=v", "record.stats=last"]
)
def test_the_digest_changes_with_every_meaning(override):
    assert load(SMALL, [override]).digest != load(SMALL).digest


def test_a_source_enters_the_digest_by_its_bytes(tmp_path):
    for name, content in (("a.csv", "1"), ("b.csv", "1"), ("c.csv", "2")):
        (tmp_path / name).write_text(content)
    a, b, c = (load(TABLE, [f"world.source={tmp_path / name}"]).digest for name in ("a.csv", "b.csv", "c.csv"))
    assert a == b != c
    assert load(TABLE).digest != a
    with pytest.raises(StorageError, match=r"gone\.csv"):
        _ = load(TABLE, [f"world.source={tmp_path / 'gone.csv'}"]).digest


def test_the_digest_is_the_same_in_another_process():
    code = "import sim.scenario as s; print(s.load('textbook').digest)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "123", "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert run.stdout.strip() == load("textbook").digest


# Shipped scenarios


def test_what_ships():
    assert set(names()) >= {"cold_start", "delayed", "drift", "headline_tests", "quickstart", "textbook"}


@pytest.mark.parametrize("name", names())
def test_a_shipped_scenario_is_right_and_teaches(name):
    scenario = load(name)
    assert isinstance(scenario, Scenario)
    assert scenario.name == name
    text = path_of(name).read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert "wilson_sample" in [each.name for each in scenario.policies]
    assert len(scenario.policies) >= (2 if name.startswith("production") else 6)


def test_a_name_that_does_not_ship():
    with pytest.raises(KeyError):
        path_of("../secrets")


def test_reading_a_scenario_loads_nothing_heavy():
    code = (
        "import sys, sim.scenario as s; s.load('quickstart'); "
        "heavy = ('polars', 'numba', 'scipy', 'matplotlib', 'pandas', 'duckdb', 'simpy'); "
        "print([each for each in heavy if each in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["?0", "? x", "- a", "{b}", "#c", "a: b", "'", "!t", "&a", "*a", "%", "@", "`"])
def test_texts_that_mean_something_in_yaml_are_read_back(name):
    content = {"name": "x", "horizon": {"days": 1}, "world": {"kind": "table", "columns": {"page": name}}}
    scenario = load({**content, "policies": ["uniform"]})
    assert load(scenario.to_yaml()).world.columns.page == name
