"""`scenarios list | show | check | schema`, as a user meets them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from scenarios import names
from sim.cli import cli, exit_code
from sim.scenario import load

BAD = "name: bad\nseed: -1\nhorizon: {pulls: 10}\nworld: {kind: bernoulli, means: [0.1, 2]}\npolicies: [ucb]\n"


def run(*words):
    return CliRunner().invoke(cli, ["scenarios", *words])


def test_list_names_every_shipped_scenario_with_a_sentence():
    lines = run("list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(names())
    assert all(len(line.split()) > 5 for line in lines)
    found = json.loads(run("list", "--json").stdout)
    assert [each["name"] for each in found] == list(names())
    assert all(each["description"] for each in found)


@pytest.mark.parametrize("name", names())
def test_show_prints_a_file_to_start_from(name):
    text = run("show", name).stdout
    assert text.startswith("# ")
    assert load(text) == load(name)


def test_show_filled_says_what_a_run_would_use():
    text = run("show", "textbook", "--filled").stdout
    assert "refresh_every: 1" in text
    assert load(text) == load("textbook")


def test_show_with_an_override():
    assert load(run("show", "textbook", "--set", "seed=99").stdout).seed == 99


def test_show_as_json():
    assert json.loads(run("show", "textbook", "--json").stdout) == load("textbook").content()


def test_show_of_nothing_says_what_there_is(capsys):
    assert exit_code(["scenarios", "show", "textbok"]) == 2
    assert 'did you mean "textbook"?' in capsys.readouterr().err


def test_check_of_good_ones(tmp_path):
    path = tmp_path / "good.yaml"
    path.write_text(load("drift").to_yaml())
    result = run("check", str(path), "textbook")
    assert result.exit_code == 0
    assert result.stdout == f"{path}: ok\ntextbook: ok\n"


def test_check_lists_every_problem_of_every_file(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(BAD)
    result = run("check", str(path), "textbook", str(tmp_path / "none.yaml"))
    assert result.exit_code == 2
    assert result.stdout.splitlines()[:4] == [
        f"{path}:2: seed: must be at least 0, got -1",
        f"{path}:4: world.means.1: must be at most 1, got 2",
        f"{path}:5: policies.0.kind: unknown policy 'ucb'; did you mean \"ucb1\"?",
        "textbook: ok",
    ]
    assert "no scenario" in result.stdout.splitlines()[4]


def test_check_as_json(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(BAD)
    result = run("check", str(path), "textbook", "--json")
    assert result.exit_code == 2
    bad, good = json.loads(result.stdout)
    assert (bad["ok"], good["ok"]) == (False, True)
    assert good["digest"] == load("textbook").digest
    assert [(each["line"], each["key"]) for each in bad["problems"]] == [
        (2, "seed"),
        (4, "world.means.1"),
        (5, "policies.0.kind"),
    ]


def test_check_of_a_table_that_is_not_there(tmp_path):
    result = run("check", "headline_tests")
    assert result.exit_code == 2
    assert "--set world.source=FILE" in result.stdout
    result = run("check", "headline_tests", "--set", f"world.source={tmp_path / 'none.csv'}")
    assert result.exit_code == 3
    assert "does not exist" in result.stdout
    (tmp_path / "none.csv").write_text("x")
    assert run("check", "headline_tests", "--set", f"world.source={tmp_path / 'none.csv'}").exit_code == 0


def test_a_wrong_scenario_ends_with_2_and_no_traceback(tmp_path, capsys):
    path = tmp_path / "bad.yaml"
    path.write_text(BAD)
    assert exit_code(["scenarios", "show", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: the scenario has 3 problems\n")
    assert f"\n{path}:2: seed: must be at least 0, got -1\n" in error
    assert "Traceback" not in error


def test_schema_is_the_schema():
    text = run("schema").stdout
    assert json.loads(text)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(run("schema", "--json").stdout) == json.loads(text)


@pytest.mark.parametrize("words", [("list",), ("check", "quickstart"), ("schema",), ("show", "quickstart")])
def test_no_heavy_import(words):
    code = (
        "import sys\nfrom sim.cli import exit_code\n"
        f"assert exit_code(['scenarios', *{words!r}]) == 0\n"
        "heavy = ('polars', 'numba', 'scipy', 'matplotlib', 'duckdb')\n"
        "print([each for each in heavy if each in sys.modules], file=sys.stderr)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert result.stderr.splitlines()[-1] == "[]"


def test_help_imports_no_models():
    code = (
        "import sys\nfrom sim.cli import exit_code\n"
        "exit_code(['scenarios', 'check', '--help'])\n"
        "print([each for each in ('pydantic', 'ruamel', 'numpy') if each in sys.modules], file=sys.stderr)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert result.stderr.splitlines()[-1] == "[]"
