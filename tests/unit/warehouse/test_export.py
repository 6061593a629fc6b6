"""Exports: every form names the same dataset, the statements run, and parsers of the tools accept the files."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import sql
from sim.cli import exit_code
from sim.errors import StorageError
from sim.seeding import SeedPlan
from sim.seeding.loads import seed_load
from sim.warehouse import deploy
from sim.warehouse.base import LOCAL_DATASET, LOCAL_PROJECT, STATS, StatementError, Target
from sim.warehouse.export import files, forms
from sim.warehouse.export.content import NOW, NOW_US, Content, alarm
from sim.warehouse.load.loading import load
from sim.warehouse.targets import open_target, parse_target

CONTENT = Content("my-project-1", "caption_test")
FORMS = ["dataform", "dbt", "scheduled-query", "terraform"]


def test_a_form_is_a_module() -> None:
    assert forms() == FORMS


def test_the_sampler_draws_anew_and_the_bounds_do_not() -> None:
    functions = {one.name: one for one in CONTENT.functions}
    assert functions["wilson_sample"].volatile
    assert not functions["wilson_score_bounds"].volatile
    assert functions["wilson_sample"].arguments == (("successes", "INT64"), ("failures", "INT64"))
    assert functions["wilson_sample"].returns == "FLOAT64"
    assert functions["wilson_score_bounds"].returns.startswith("STRUCT<lower_bound FLOAT64, ")
    for one in functions.values():
        assert one.body.strip() in sql.text(f"udf/{one.name}")
        assert one.body.count("(") == one.body.count(")")


def test_checks_ask_about_the_present_with_the_usual_thresholds() -> None:
    names = [check.name for check in CONTENT.checks]
    assert {"contents_keys", "operations_staleness", "sample_two_references"} <= set(names)
    assert "contents_manifest" not in names  # it reads the table of our own loads
    [staleness] = [CONTENT.question(check) for check in CONTENT.checks if check.name == "operations_staleness"]
    assert f"{NOW} - MAX(UNIX_MICROS(last_updated))" in staleness
    assert not any(str(NOW_US) in CONTENT.question(check) for check in CONTENT.checks)


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_left_open_and_all_is_there(form: str) -> None:
    found = files(form, CONTENT)
    everything = "\n".join(found.values())
    for check in CONTENT.checks:
        assert f"'{check.name}' AS `check`" in everything
    for name in ("caption_bandit_stats", "mass_messages", "wilson_sample", "wilson_score_bounds"):
        assert name in everything
    assert "${project}" not in everything
    assert "${table}" not in everything
    assert everything.count("RAND()") >= 1


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Any:
    spec = parse_target(f"duckdb:{tmp_path_factory.mktemp('export') / 'rows.duckdb'}")
    with open_target(spec) as target:
        deploy.carry_out(target, deploy.plan(target))
        load(target, [seed_load(SeedPlan(rows=3_000, seed=1))], replace=True)
        yield target


def test_every_question_runs_and_answers(warehouse: Target) -> None:
    content = Content(LOCAL_PROJECT, LOCAL_DATASET)
    for check in content.checks:
        rows = warehouse.query(content.question(check)).to_pylist()
        assert {row["check"] for row in rows} == {check.name}
        assert {row["status"] for row in rows} <= {"pass", "warn", "fail", "skip"}


def test_the_alarm_names_what_failed(warehouse: Target) -> None:
    """The seeded rows are old, so the staleness fails; the rest of the alarm still parses and runs."""
    content = Content(LOCAL_PROJECT, LOCAL_DATASET)
    with pytest.raises((StatementError, StorageError), match="operations_staleness: last updated") as caught:
        warehouse.query(alarm(content))
    assert "contents_keys" not in str(caught.value).partition("FROM")[0]


def test_dbt_reads_functions_and_sources_by_its_own_names() -> None:
    found = files("dbt", CONTENT)
    declared = YAML(typ="safe").load(found["functions/functions.yml"])["functions"]
    assert {one["name"]: one["config"]["volatility"] for one in declared} == {
        "wilson_score_bounds": "deterministic",
        "wilson_sample": "non-deterministic",
    }
    [source] = YAML(typ="safe").load(found["models/sources.yml"])["sources"]
    assert len(source["tables"][0]["columns"]) == 15
    tests = "\n".join(text for name, text in found.items() if name.startswith("tests/"))
    assert "{{ source('caption_bandit', 'caption_bandit_stats') }}" in tests
    assert "{{ function('wilson_sample') }}" in tests
    assert "`my-project-1`" not in "\n".join(found.values())


def test_terraform_keeps_keys_partitions_and_clusters() -> None:
    found = files("terraform", CONTENT)
    main = found["main.tf"]
    assert 'field = "last_updated"' in main
    assert 'clustering = ["page_name", "caption_id", "last_used"]' in main
    assert main.count('resource "google_bigquery_routine"') == 2
    assert main.count("{") == main.count("}")
    columns = json.loads(found["tables/caption_bandit_stats.json"])
    assert [column["name"] for column in columns][:2] == ["caption_id", "page_name"]
    assert {column["type"] for column in columns} == {"INTEGER", "STRING", "FLOAT", "TIMESTAMP"}
    for name in re.findall(r'file\("\$\{path\.module\}/([^"]+)"\)', main):
        assert name in found


def test_the_script_of_bq_is_sound_bash(tmp_path: Path) -> None:
    script = files("scheduled-query", CONTENT)["create.sh"]
    (tmp_path / "create.sh").write_text(script)
    assert subprocess.run(["bash", "-n", str(tmp_path / "create.sh")], check=False).returncode == 0
    assert "--project_id=my-project-1" in script


def test_the_command_writes_and_does_not_overwrite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["export", "--as", "scheduled-query", "--to", "my-project-1.caption_test", "--out", str(tmp_path / "out")]
    assert exit_code([*words, "--dry-run", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["files"]) == 4
    assert not (tmp_path / "out").exists()
    assert exit_code(words) == 0
    assert exit_code(words) == 0  # the same again
    (tmp_path / "out" / "tables.sql").write_text("mine")
    assert exit_code(words) == 2
    assert "tables.sql exists and differs" in capsys.readouterr().err
    assert (tmp_path / "out" / "tables.sql").read_text() == "mine"
    assert exit_code([*words, "--replace"]) == 0
    assert STATS in (tmp_path / "out" / "tables.sql").read_text()


@pytest.mark.parametrize("place", ["nothing", "my-project-1.", "My Project.x", "my-project-1.a;b"])
def test_a_bad_dataset_is_refused(place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["export", "--as", "dbt", "--to", place, "--out", str(tmp_path / "out")]) == 2
    assert "PROJECT.DATASET" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def written(form: str, folder: Path) -> Path:
    for name, text in files(form, CONTENT).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.long
def test_hcl_parses(tmp_path: Path) -> None:
    hcl2 = pytest.importorskip("hcl2", reason="pip install python-hcl2")
    with (written("terraform", tmp_path) / "main.tf").open() as file:
        assert len(hcl2.load(file)["resource"]) == 5


@pytest.mark.long
def test_dbt_parses(tmp_path: Path) -> None:
    """CAPTION_SIM_DBT names the `dbt` of another environment."""
    dbt = os.environ.get("CAPTION_SIM_DBT") or shutil.which("dbt")
    if dbt is None:
        pytest.skip("dbt is not installed: pip install dbt-bigquery")
    profile = {
        "type": "bigquery",
        "method": "oauth",
        "project": "my-project-1",
        "dataset": "caption_test",
        "threads": 1,
    }
    (tmp_path / "profiles.yml").write_text(
        json.dumps({"caption_bandit": {"target": "dev", "outputs": {"dev": profile}}})
    )
    project = written("dbt", tmp_path / "project")
    environment = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "False"}
    words = [dbt, "parse", "--profiles-dir", str(tmp_path), "--project-dir", str(project)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    manifest = json.loads((project / "target" / "manifest.json").read_text())
    assert len([one for one in manifest["nodes"].values() if one["resource_type"] == "test"]) == len(CONTENT.checks)
    assert len(manifest["functions"]) == 2
