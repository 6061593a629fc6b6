"""verify: the table's description, the report's three forms, and the command's exit codes."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import duckdb
import pytest

import sql
from sim.cli import exit_code
from sim.errors import InputError
from sim.warehouse.base import STATS, Column, TargetSpec
from sim.warehouse.deploy import carry_out, plan
from sim.warehouse.schema import described
from sim.warehouse.targets import open_target
from sim.warehouse.verify import Options, Result, Status, all_checks, verify
from sim.warehouse.verify.checks import shipped
from sim.warehouse.verify.report import as_data, as_junit, as_text, counts
from sim.warehouse.verify.table import EXISTS, check_table


@pytest.fixture
def spec(tmp_path):
    spec = TargetSpec("duckdb", str(tmp_path / "a.duckdb"))
    with open_target(spec) as target:
        carry_out(target, plan(target))
    return spec


class Described:
    """A warehouse that keeps everything, described as it is told."""

    unsupported = frozenset()
    require_dataset = staticmethod(lambda: None)
    spec = TargetSpec("bigquery", "my-project-1.caption_test")

    def __init__(self, table):
        self.table = table

    def describe(self, name):
        return self.table


OURS = described(STATS)


def with_column(name, **changes):
    return replace(OURS, columns=tuple(replace(one, **changes) if one.name == name else one for one in OURS.columns))


SURPLUS = Column("x", "INT64", "NULLABLE")
HOURLY = "TIMESTAMP_TRUNC(last_updated, HOUR)"
DRIFTS = {
    "the DDL's own": (OURS, {}),
    "a column missing": (replace(OURS, columns=OURS.columns[:-1]), {"table_columns": "fail"}),
    "a column more": (replace(OURS, columns=(*OURS.columns, SURPLUS)), {"table_columns": "fail"}),
    "another order": (replace(OURS, columns=OURS.columns[::-1]), {"table_columns": "fail"}),
    "counts as floats": (with_column("successes", type="FLOAT64"), {"table_types": "fail"}),
    "a time as text": (with_column("last_updated", type="STRING"), {"table_types": "fail"}),
    "a key that may be NULL": (with_column("page_name", mode="NULLABLE"), {"table_modes": "fail"}),
    "counts that may not be NULL": (with_column("failures", mode="REQUIRED"), {"table_modes": "warn"}),
    "no prior": (with_column("failures", default=None), {"table_defaults": "fail"}),
    "another prior": (with_column("successes", default="0"), {"table_defaults": "fail"}),
    "no key": (replace(OURS, primary_key=None), {"table_key": "fail"}),
    "half a key": (replace(OURS, primary_key=("caption_id",)), {"table_key": "fail"}),
    "the key in another order": (replace(OURS, primary_key=("page_name", "caption_id")), {}),
    "no partitions": (replace(OURS, partition=None), {"table_partition": "fail"}),
    "partitions by the hour": (replace(OURS, partition=HOURLY), {"table_partition": "fail"}),
    "clustered in another order": (replace(OURS, cluster=OURS.cluster[::-1]), {"table_cluster": "fail"}),
    "no options": (replace(OURS, description=None, labels={}), {"table_options": "warn"}),
}  # fmt: skip


@pytest.mark.parametrize("drift", DRIFTS)
def test_every_drift_of_the_table_is_reported_as_such(drift):
    table, expected = DRIFTS[drift]
    found = {one.name: one.status for one in check_table(Described(table), STATS)}
    assert {check: status for check, status in found.items() if status != "pass"} == expected


def test_a_missing_table_is_one_failure_and_its_rows_are_skipped(spec):
    with open_target(spec, read_only=True) as target:
        results = verify(target, Options(rows=100, draws=1000, table="nowhere"))
    assert [one.name for one in results if one.status == "fail"] == ["table_exists"]
    assert {one.status for one in results if one.group == "contents"} == {"skip"}


def test_a_folder_with_a_csv_in_place_of_parquet_is_said_so(tmp_path):
    (tmp_path / STATS).mkdir()
    (tmp_path / STATS / "rows.csv").write_text("caption_id,page_name")
    with open_target(TargetSpec("parquet", str(tmp_path)), read_only=True) as target:
        [exists] = [one for one in verify(target) if one.name == "table_exists"]
    assert exists.status == "fail"
    assert exists.detail.endswith("holds no *.parquet, but rows.csv")


def test_a_question_that_cannot_be_asked_is_no_statement_about_the_rows(tmp_path):
    frame = described(STATS).columns
    columns = ", ".join(f"{one.name} VARCHAR" for one in frame)
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute(f"CREATE TABLE {STATS} ({columns})")
    with open_target(TargetSpec("duckdb", str(tmp_path / "a.duckdb")), read_only=True) as target:
        results = {one.name: one for one in verify(target)}
    assert results["contents_bounds"].status == "fail"
    assert "refused this question" in results["contents_bounds"].meaning
    assert "another type" not in results["identity_bounds"].meaning


def test_missing_functions_fail_by_name(tmp_path):
    with open_target(TargetSpec("duckdb", str(tmp_path / "b.duckdb"))) as target:
        target.execute(target.statement(f"ddl/{STATS}", table=STATS))
        results = verify(target)
    failing = [one.name for one in results if one.status == "fail"]
    assert failing == ["identity_bounds", "identity_sample", "contents_bounds"]


def test_what_is_deployed_passes_at_default_sizes(spec):
    with open_target(spec, read_only=True) as target:
        results = verify(target)
    assert counts(results)["fail"] == 0
    assert counts(results)["pass"] >= 22


def test_verifying_writes_nothing(spec):
    before = spec.path.read_bytes()
    with open_target(spec, read_only=True) as target:
        verify(target)
    assert spec.path.read_bytes() == before


def test_every_check_has_a_meaning_and_a_remedy(spec):
    with open_target(spec, read_only=True) as target:
        checks = {one.name for one in verify(target)}
    checks |= {name.removeprefix("checks/") for name in sql.names("checks")}
    known = {check.name: check for check in all_checks()}
    assert checks | {"table_target"} == set(known)
    assert all(check.meaning.endswith(".") and check.remedy.endswith(".") for check in known.values())
    assert all(check.question.endswith("?") or "? " in check.question for check in known.values())


KEYS, RECOUNT, UNUSED = (shipped()[name] for name in ("contents_keys", "contents_recount", "operations_unused"))
RESULTS = [
    Result(EXISTS, Status.PASS, "12 rows"),
    Result(KEYS, Status.FAIL, "2 surplus <rows> & \x00 more", cause="a load that ran twice"),
    Result(RECOUNT, Status.SKIP, "no send log"),
    Result(UNUSED, Status.WARN, "[bold]9 of 12[/bold]"),
]


def test_the_table_says_what_failures_mean_and_what_to_do():
    text = as_text(RESULTS)
    assert "[bold]9 of 12[/bold]" in text
    assert f"contents_keys: {KEYS.meaning} {KEYS.remedy}" in text.replace("\n", " ")
    assert RECOUNT.meaning not in text
    assert "\x1b" not in text


def test_the_json_counts_and_explains():
    data = as_data("duckdb:a", RESULTS)
    assert data["summary"] == {"pass": 1, "warn": 1, "fail": 1, "skip": 1, "error": 0}
    assert data["results"][1]["remedy"] == KEYS.remedy
    assert "meaning" not in data["results"][0]


def test_the_junit_is_xml_with_a_suite_per_group():
    suites = ElementTree.fromstring(as_junit("duckdb:a", RESULTS).split("\n", 1)[1])
    assert [(one.get("name"), one.get("tests"), one.get("failures"), one.get("skipped")) for one in suites] == [
        ("table", "1", "0", "0"),
        ("contents", "2", "1", "1"),
        ("operations", "1", "0", "0"),
    ]
    failure = suites.find(".//failure")
    assert "<rows>" in failure.get("message")
    assert KEYS.meaning in failure.text


def test_the_command_prints_writes_and_exits_1_on_failure(spec, tmp_path, capsys):
    junit = tmp_path / "out.xml"
    quick = ["verify", "--to", str(spec), "--rows", "100", "--draws", "1000"]
    assert exit_code([*quick, "--json", "--junit", str(junit)]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["fail"] == 0
    assert junit.read_text().startswith("<?xml")
    with duckdb.connect(spec.place) as connection:
        connection.execute("CREATE OR REPLACE MACRO wilson_sample(s, f) AS (random())")
    assert exit_code([*quick, "--junit", str(junit)]) == 1
    said = capsys.readouterr()
    assert "was replaced" in said.out.replace("\n", " ")
    assert "checks failed" in said.err
    assert ElementTree.fromstring(junit.read_text().split("\n", 1)[1]).find(".//failure") is not None


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--to", "duckdb:{absent}/a.duckdb"], 3),
        (["--to", "parquet:{absent}"], 3),
        (["--to", "nowhere"], 2),
        (["--to", "duckdb:x", "--draws", "3"], 2),
        (["--to", "duckdb:x", "--rows", "0"], 2),
        (["--to", "duckdb:x", "--rows", "many"], 2),
        ([], 2),
    ],
)
def test_exit_codes(arguments, code, tmp_path, capsys):
    said = [word.format(absent=tmp_path / "absent") for word in arguments]
    assert exit_code(["verify", *said]) == code
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("as_of", ["yesterday", "2025-13-01", ""])
def test_a_moment_that_is_none_is_bad_usage(spec, as_of):
    with open_target(spec, read_only=True) as target, pytest.raises(InputError, match="as-of"):
        verify(target, Options(rows=100, draws=1000, as_of=as_of))


@pytest.mark.parametrize("table", ["a b", "x`; DROP TABLE y; --", "t$20250101", "tаble"])
def test_a_hostile_table_name_is_bad_usage(spec, table, capsys):
    assert exit_code(["verify", "--to", str(spec), "--table", table]) == 2
    assert "Traceback" not in capsys.readouterr().err
