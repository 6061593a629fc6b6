"""What verify says when a service fails, what it would cost, and how two tables differ."""

import json
import shutil
from xml.etree import ElementTree

import polars as pl
import pytest

from sim.cli import exit_code
from sim.errors import RemoteError
from sim.warehouse.base import STATS, RemoteStatementError, Routine, TargetSpec
from sim.warehouse.schema import described
from sim.warehouse.targets import open_target
from sim.warehouse.verify import Options, Status, all_checks, verify
from sim.warehouse.verify.cost import (
    LEAST_BYTES,
    MIB,
    TIB,
    Cost,
    as_data,
    as_text,
    billed_bytes,
    estimate,
    of_comparison,
    total,
)
from sim.warehouse.verify.difference import compare
from sim.warehouse.verify.pruning import check_pruning
from sim.warehouse.verify.report import as_github, as_summary
from sim.warehouse.verify.running import unopened
from verify.rows import right_rows

SPEC = TargetSpec("bigquery", "my-project-1.caption_test")


class Service:
    """A BigQuery dataset in which some requests fail."""

    unsupported = frozenset()
    spec = SPEC
    project, dataset = "my-project-1", "caption_test"

    def __init__(self, *, fails=(), exists=True, table=True, bytes_read=0):
        self.fails, self.exists, self.has_table, self.bytes_read = fails, exists, table, bytes_read
        self.statements = []

    def statement(self, name, **parameters):
        import sql

        return sql.read(name, project="my-project-1", dataset="caption_test", **parameters)

    def _may_fail(self, what):
        if what in self.fails:
            raise RemoteError(f"{self.spec}: 403 on {what}", "ask for a role")

    def describe(self, table):
        self._may_fail("tables")
        return described(STATS) if self.has_table else None

    def require_dataset(self):
        if not self.exists:
            raise RemoteError(f"{self.spec}: the dataset does not exist", "check its name")

    def routine(self, name):
        self._may_fail("routines")
        return Routine(name, "body", (("successes", "INT64"), ("failures", "INT64")), "FLOAT64")

    def expected_body(self, name):
        return "body"

    def view(self, name):
        self._may_fail("routines")
        return "query"

    def expected_view(self, name):
        return "query"

    def same_body(self, one, other):
        return one == other

    def query(self, statement):
        self._may_fail("queries")
        raise RemoteStatementError(f"{self.spec}: no such function")

    def dry_run(self, statement):
        self.statements.append(statement)
        return self.bytes_read(statement) if callable(self.bytes_read) else self.bytes_read


def statuses(service, **options):
    results = verify(service, Options(rows=100, draws=1000, **options))
    return {one.group: {other.status for other in results if other.group == one.group} for one in results}, results


def test_a_service_that_refuses_queries_gives_errors_and_the_table_is_still_judged():
    groups, results = statuses(Service(fails={"queries"}))
    assert groups["table"] == {Status.PASS}
    assert groups["bounds"] == groups["sampler"] == groups["contents"] == {Status.ERROR}
    assert all("403 on queries" in one.detail for one in results if one.status is Status.ERROR)
    assert all("could not be read" in one.meaning for one in results if one.status is Status.ERROR)


def test_no_permission_on_routines_leaves_table_and_rows():
    groups, _ = statuses(Service(fails={"routines"}))
    assert groups["identity"] == groups["bounds"] == groups["sampler"] == {Status.ERROR}
    assert groups["table"] == {Status.PASS}


def test_a_mistyped_dataset_is_an_error_and_a_missing_table_a_failure():
    absent, _ = statuses(Service(exists=False, table=False), only=("table",))
    missing, _ = statuses(Service(table=False), only=("table",))
    assert absent["table"] == {Status.ERROR}
    assert Status.FAIL in missing["table"]


def test_a_statement_that_the_engine_refuses_is_a_failure():
    groups, _ = statuses(Service(), only=("sampler",))
    assert Status.FAIL in groups["sampler"]
    assert Status.ERROR not in groups["sampler"]


@pytest.mark.parametrize(("kind", "code", "raised"), [("bigquery", 4, RemoteError), ("duckdb", 3, None)])
def test_errors_end_in_their_exit_code_and_every_report_is_written(tmp_path, monkeypatch, capsys, kind, code, raised):
    junit, summary = tmp_path / "out.xml", tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    place = f"duckdb:{tmp_path / 'absent.duckdb'}"
    if raised:
        place = f"bigquery:{SPEC.place}"
        monkeypatch.setattr("sim.warehouse.bigquery.target.BigQueryTarget.__init__", failing_open)
    assert exit_code(["verify", "--to", place, "--format", "github", "--junit", str(junit), "--quiet"]) == code
    said = capsys.readouterr()
    assert said.out.startswith("::error title=verify table_target::")
    assert "Traceback" not in said.err
    assert ElementTree.parse(junit).getroot().find(".//error") is not None
    assert "table_target" in summary.read_text()


def test_rows_that_are_replaced_meanwhile_are_an_error_and_no_fault_of_the_rows(folder, monkeypatch, capsys):
    def replaced(*_):
        for file in (folder / STATS).glob("*.parquet"):
            pl.read_parquet(file).with_columns(successes=pl.lit(-1)).write_parquet(file)
        return []

    monkeypatch.setattr("sim.warehouse.verify.running.verify", replaced)
    assert exit_code(["verify", "--to", f"parquet:{folder}", "--only", "table", "--quiet"]) == 3
    assert "was changed while it was read" in capsys.readouterr().err


def failing_open(self, spec, **_):
    raise RemoteError(f"{spec}: no answer", "is the service reachable?")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "one" / STATS).mkdir(parents=True)
    right_rows(rows=300).write_parquet(tmp_path / "one" / STATS / "a.parquet")
    return tmp_path / "one"


def test_strict_turns_warnings_into_failures(folder, capsys):
    command = ["verify", "--to", f"parquet:{folder}", "--partition-days", "10", "--only", "operations", "--quiet"]
    assert exit_code(command) == 0
    assert exit_code([*command, "--strict"]) == 1
    assert "operations_partitions" in capsys.readouterr().out


def test_annotations_are_one_line_each_and_escaped(folder):
    with open_target(TargetSpec("parquet", str(folder)), read_only=True) as target:
        results = verify(target, Options(only=("operations",), thresholds={"partition_days": (1.0,)}))
    results.append(unopened(RemoteError("100 % wrong\nreally", "::set-output")))
    lines = as_github(results).splitlines()
    assert lines[0].startswith("::warning title=verify operations_partitions::")
    assert lines[1].startswith("::error title=verify table_target::100 %25 wrong%0Areally")
    assert lines[-1].endswith("1 error")
    assert len(lines) == 3


def test_the_summary_is_a_table_without_markup_of_the_details():
    text = as_summary("duckdb:a|b", [unopened(RemoteError("a | b\n<script> `x`", ""))])
    row = text.splitlines()[-1]
    assert row.count(" | ") == 3
    assert "<script>" not in text


def test_the_estimate_is_at_least_what_is_billed():
    assert billed_bytes(0, 0) == 0
    assert billed_bytes(1, 1) == LEAST_BYTES == 10 * MIB
    assert billed_bytes(5 * MIB, 2) == 20 * MIB
    assert billed_bytes(50 * MIB + 1, 1) == 51 * MIB
    assert Cost((), TIB).usd == 6.25


def test_a_dry_run_lists_every_statement_and_their_sum():
    service = Service(bytes_read=lambda statement: 30 * MIB if "caption_bandit_stats" in statement else 0)
    costs = estimate(service, all_checks(), Options())
    listed = [name for one in costs for name in one.checks]
    assert sorted(set(listed)) == sorted(listed)
    assert {check.name for check in all_checks() if check.statement} <= set(listed)
    assert {"sample_cells", "sample_counts", "bounds_grid", "bounds_pairs"} <= set(listed)
    shared = next(one for one in costs if "contents_keys" in one.checks)
    assert shared.billed == 30 * MIB
    assert len(shared.checks) >= 15
    assert total(costs).billed == sum(one.billed for one in costs) > 0
    assert len(service.statements) == len(costs)
    assert as_text(costs).splitlines()[-1].endswith(f"in all, {len(costs)} statements")
    assert as_data("x", costs)["usd"] == total(costs).usd


def test_a_dry_run_of_a_local_target_costs_nothing_and_reads_nothing(folder, capsys):
    assert exit_code(["verify", "--to", f"parquet:{folder}", "--dry-run", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["bytes"] == 0
    assert any("contents_keys" in one["checks"] for one in data["statements"])


def test_a_statement_that_cannot_be_estimated_says_why():
    def refuse(statement):
        raise RemoteStatementError("no such function")

    [first, *_] = estimate(Service(bytes_read=refuse), all_checks(), Options())
    assert first.refused == "no such function"
    assert "no such function" in as_text([first])


@pytest.mark.parametrize(("read", "status"), [(0, Status.PASS), (7 * MIB, Status.FAIL)])
def test_partitions_that_are_not_pruned_fail(read, status):
    service = Service(bytes_read=read)
    [result] = check_pruning(service, STATS)
    assert result.status is status
    assert "1971-01-01" in service.statements[0]


def test_pruning_is_skipped_where_there_are_no_estimates(folder):
    with open_target(TargetSpec("parquet", str(folder)), read_only=True) as target:
        assert check_pruning(target, STATS)[0].status is Status.SKIP


def compared(tmp_path, folder, change):
    shutil.copytree(folder, tmp_path / "two")
    file = tmp_path / "two" / STATS / "a.parquet"
    change(pl.read_parquet(file)).write_parquet(file)
    one, two = (TargetSpec("parquet", str(place)) for place in (folder, tmp_path / "two"))
    with open_target(one, read_only=True) as here, open_target(two, read_only=True) as there:
        return compare(here, there, STATS)


def test_equal_tables_in_another_order_do_not_differ(tmp_path, folder):
    assert {one.status for one in compared(tmp_path, folder, lambda rows: rows.reverse())} == {Status.PASS}


def test_missing_added_and_repeated_keys_are_counted_with_examples(tmp_path, folder):
    rows, values = compared(tmp_path, folder, lambda rows: pl.concat([rows[5:], rows[-1:]]))
    assert rows.status is Status.FAIL
    assert "5 keys only in" in rows.detail
    assert "1 repeated" in rows.detail
    assert "page_0000" in rows.detail
    assert values.status is Status.PASS


def test_values_that_differ_are_counted_by_column(tmp_path, folder):
    def change(rows):
        first = pl.int_range(pl.len()) < 4
        return rows.with_columns(
            pl.when(first).then(pl.col("successes") + 1).otherwise("successes").alias("successes"),
            pl.when(first).then(None).otherwise("last_used").alias("last_used"),
            pl.col("avg_emv") * (1 + 1e-14),
        )

    rows, values = compared(tmp_path, folder, change)
    assert rows.status is Status.PASS
    assert values.detail.startswith("4 of 300 rows differ: successes in 4")
    assert "avg_emv" not in values.detail


def test_the_command_compares_and_reports_errors(tmp_path, folder, capsys):
    shutil.copytree(folder, tmp_path / "two")
    command = ["verify", "--to", f"parquet:{folder}", "--only", "operations", "--quiet", "--json"]
    assert exit_code([*command, "--against", f"parquet:{tmp_path / 'two'}"]) == 0
    assert exit_code([*command, "--against", f"parquet:{tmp_path / 'absent'}"]) == 3
    assert exit_code([*command, "--against", "nowhere"]) == 2
    assert "against_rows" in capsys.readouterr().out


def test_the_comparison_alone_and_its_cost(tmp_path, folder, capsys):
    shutil.copytree(folder, tmp_path / "two")
    command = ["verify", "--to", f"parquet:{folder}", "--only", "against", "--quiet", "--json"]
    command += ["--against", f"parquet:{tmp_path / 'two'}"]
    assert exit_code(command) == 0
    assert [one["check"] for one in json.loads(capsys.readouterr().out)["results"]] == [
        "against_rows",
        "against_values",
    ]
    assert exit_code([*command, "--dry-run"]) == 0
    statements = json.loads(capsys.readouterr().out)["statements"]
    assert [one["checks"] for one in statements] == [["against_rows", "against_values"]] * 2
    service = Service(bytes_read=30 * MIB)
    assert of_comparison(service, Options()).billed == 30 * MIB
    assert "performance_percentile" in service.statements[0]


def test_bigquery_refusals_that_are_not_of_the_statement_are_told_apart():
    exceptions = pytest.importorskip("google.api_core.exceptions", reason="the extra `bigquery` is not installed")
    from sim.warehouse.bigquery.client import remote_errors

    def raised(message, reason):
        error = exceptions.BadRequest(message, errors=[{"reason": reason}])
        with pytest.raises(RemoteError) as caught, remote_errors(SPEC):
            raise error
        return type(caught.value)

    assert raised("Syntax error", "invalidQuery") is RemoteStatementError
    assert raised("Query exceeded limit for bytes billed: 1", "bytesBilledLimitExceeded") is RemoteError
    assert raised("without a filter that can be used for partition elimination", "invalidQuery") is RemoteError
