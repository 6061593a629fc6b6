"""The files of `sql/`: what the contract fixes, what `read` lets through, and the same bits on DuckDB as in NumPy."""

import re
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import sqlglot

import sql
from policies.maths.wilson import exploration_bonus, wilson_bounds
from policies.registry import kinds
from sim.warehouse.base import TargetSpec
from sim.warehouse.deploy import arguments_of
from sim.warehouse.embedded import connect, deploy_functions
from sim.warehouse.schema import arrow_schema, described, normal_default
from sim.warehouse.targets import open_target
from sim.warehouse.translate import normal_form, to_duckdb
from sim.warehouse.verify.checks import shipped
from sim.warehouse.verify.options import Options
from sim.warehouse.verify.questions import Clock, parameters
from twins.candidates import CANDIDATES, MORE_ARGUMENTS, POLICIES, WITHOUT_DRAW, call, drawn

CLOCK = Clock(datetime(2025, 4, 1, tzinfo=UTC), datetime(2025, 4, 1, tzinfo=UTC), live=True)
PROJECT = {"project": "my-project-1", "dataset": "d"}
COLUMNS = """caption_id INT64 REQUIRED; page_name STRING REQUIRED; successes INT64 1; failures INT64 1;
total_observations INT64 0; total_revenue FLOAT64 0; avg_conversion_rate FLOAT64 0; avg_emv FLOAT64 0;
last_emv_observed FLOAT64; confidence_lower_bound FLOAT64; confidence_upper_bound FLOAT64; exploration_score FLOAT64;
last_used TIMESTAMP; last_updated TIMESTAMP CURRENT_TIMESTAMP(); performance_percentile INT64"""


def test_the_statistics_table_is_that_of_the_deployment_summary():
    table = described("caption_bandit_stats")
    told = [
        " ".join(filter(None, [one.name, one.type, "REQUIRED" if one.mode == "REQUIRED" else "", one.default]))
        for one in table.columns
    ]
    assert told == [column.strip() for column in COLUMNS.split(";")]
    assert set(table.primary_key) == {"caption_id", "page_name"}
    assert table.partition == "DATE(last_updated)"
    assert table.cluster == ("page_name", "caption_id", "last_used")
    assert table.description
    assert table.labels


def test_the_send_log_has_its_columns_all_nullable():
    columns = described("mass_messages").columns
    assert [one.name for one in columns] == [
        "row_id", "page_name", "message", "sending_time", "price", "sent_count", "viewed_count", "purchased_count",
        "earnings", "message_type", "caption_id",
    ]  # fmt: skip
    assert {one.mode for one in columns} == {"NULLABLE"}


def test_arrow_keeps_types_and_nullability():
    schema = arrow_schema("caption_bandit_stats")
    assert str(schema.field("last_updated").type) == "timestamp[us, tz=UTC]"
    assert [one.name for one in schema if not one.nullable] == ["caption_id", "page_name"]


def test_the_key_is_declared_but_not_enforced():
    assert "PRIMARY KEY (caption_id, page_name) NOT ENFORCED" in sql.text("ddl/caption_bandit_stats")


@pytest.mark.parametrize("name", [*sql.names("udf"), *sql.names(sql.CANDIDATES)])
def test_a_function_is_one_flat_expression_with_exponent_literals(name):
    body = "\n".join(line for line in sql.text(name).splitlines() if not line.startswith("--"))
    assert not re.search(r"\b(SELECT|WITH|FROM)\b", body, re.IGNORECASE)
    assert not re.search(r"\d\.\d+(?!\d*e)", body)
    assert set(re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?:e\d+)?", body)) <= {
        "0",
        "1",
        "0e0",
        "1e0",
        "2e0",
        "4e0",
        "1.96e0",
    } | ({"0.01e0", "0.5e0", "3e0", "6e0", "9e0", "1.5707963267948966e0"} if sql.CANDIDATES in name else set())


def test_the_sampler_draws_in_one_place():
    assert sql.text("udf/wilson_sample").split("AS (")[1].count("RAND()") == 1
    assert to_duckdb(sql.read("udf/wilson_sample", **PROJECT)).count("RANDOM()") == 1


@pytest.mark.parametrize("name", sql.names())
def test_every_statement_begins_with_what_it_is_for(name):
    assert sql.text(name).startswith("-- ")
    assert sql.text(name).endswith("\n")


def test_read_fills_in_identifiers_and_numbers():
    text = sql.read("checks/operations_unused", **PROJECT, table="t", unused_share=0.3)
    assert "`my-project-1`.`d`.`t`" in text
    assert "$" not in text
    assert float(re.search(r"> (\S+) \*", text).group(1)) == 0.3


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), True])
def test_read_refuses_what_is_no_number(value):
    with pytest.raises(ValueError, match="not a finite number"):
        sql.read("checks/operations_unused", **PROJECT, table="t", unused_share=value)


@pytest.mark.parametrize(
    "name", ["", "udf", "../pyproject", "udf/../udf/wilson_sample", "udf/none", "/etc/passwd", "udf/ "]
)
def test_an_unknown_statement_is_a_key_error(name):
    with pytest.raises(KeyError):
        sql.text(name)


def test_a_missing_parameter_is_a_key_error():
    with pytest.raises(KeyError):
        sql.read("udf/wilson_sample", project="my-project-1")


def counts():
    """Edges and 100,000 log-uniform pairs up to 1e9."""
    edges = np.array([0, 1, 2, 3, 10, 30, 99, 100, 1000, 999_999_999, 1_000_000_000], dtype=np.int64)
    drawn = np.floor(np.exp(np.random.default_rng(1).uniform(0.0, np.log(1e9), (100_000, 2)))).astype(np.int64) - 1
    pairs = np.concatenate([np.array(np.meshgrid(edges, edges)).reshape(2, -1).T, drawn])
    return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])


def same_bits(one, other):
    np.testing.assert_array_equal(np.asarray(one).view(np.int64), np.asarray(other).view(np.int64))


def bounds_of(connection, s, f):
    pairs = duckdb_table(connection, s, f)
    return connection.execute(
        "SELECT b.lower_bound, b.upper_bound, b.exploration_bonus"
        f" FROM (SELECT i, wilson_score_bounds(s, f) AS b FROM {pairs}) ORDER BY i"
    ).fetchnumpy()


def duckdb_table(connection, s, f):

    connection.register("pairs", pa.table({"i": np.arange(s.size), "s": s, "f": f}))
    return "pairs"


def test_bounds_on_duckdb_equal_numpy_to_the_last_bit():
    s, f = counts()
    with connect() as connection:
        deploy_functions(connection)
        got = bounds_of(connection, s, f)
    lower, upper = wilson_bounds(s, f)
    same_bits(got["lower_bound"], lower)
    same_bits(got["upper_bound"], upper)
    same_bits(got["exploration_bonus"], exploration_bonus(s, f))


def test_a_file_reopened_keeps_the_bits_of_its_functions(tmp_path):
    s, f = counts()
    file = str(tmp_path / "a.duckdb")
    with connect(file) as connection:
        deploy_functions(connection)
    with connect(file, read_only=True) as connection:
        same_bits(bounds_of(connection, s, f)["lower_bound"], wilson_bounds(s, f)[0])


def test_counts_as_narrow_integers_do_not_overflow():
    with connect() as connection:
        deploy_functions(connection)
        answer = connection.execute("SELECT wilson_score_bounds(2000000000::INTEGER, 2000000000::INTEGER).lower_bound")
        assert answer.fetchall()[0][0] == wilson_bounds(2e9, 2e9)[0]


def test_duckdb_draws_within_the_interval_given_the_draw():
    """The sampler with its draw replaced by a column: equal to NumPy to the last bit."""
    s, f = counts()
    u = np.random.default_rng(2).random(s.size)
    made = to_duckdb(sql.read("udf/wilson_sample", **PROJECT).replace("RAND()", "u"))
    body = made[made.index(" AS (") + 4 :]
    with connect() as connection:
        connection.register("pairs", pa.table({"i": np.arange(s.size), "successes": s, "failures": f, "u": u}))
        got = connection.execute(f"SELECT {body} AS draw FROM pairs ORDER BY i").fetchnumpy()["draw"]
    lower, upper = wilson_bounds(s, f)
    same_bits(got, np.clip(lower + (upper - lower) * u, 0.0, 1.0))


@pytest.mark.parametrize("name", CANDIDATES)
def test_duckdb_draws_a_candidate_as_its_policy_does(name):
    """With every RAND() replaced by a column: equal to the last bit."""
    s, f = (np.maximum(each, 1) for each in counts())
    u = np.random.default_rng(6).random(s.size)
    made = to_duckdb(sql.read(sql.function(name), **PROJECT).replace("RAND()", "u"))
    body = made[made.index(" AS (") + 4 :]
    with connect() as connection:
        columns = {"i": np.arange(s.size), "successes": s, "failures": f, "u": u}
        columns |= {key: np.full(s.size, value) for key, value in MORE_ARGUMENTS.get(name, {}).items()}
        connection.register("pairs", pa.table(columns))
        got = connection.execute(f"SELECT {body} AS draw FROM pairs ORDER BY i").fetchnumpy()["draw"]
    same_bits(got, drawn(name, s.astype(np.float64), f.astype(np.float64), u))


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_candidate_answers_null_and_zero_counts(name):
    with connect() as connection:
        connection.execute(to_duckdb(sql.read(sql.function(name), **PROJECT)))
        null, nothing, one = connection.execute(
            f"SELECT {call(name, 'NULL', 1)}, {call(name, 0, 0)}, COUNT(DISTINCT d)"
            f" FROM (SELECT {call(name, 3, 5)} AS d FROM range(100))"
        ).fetchall()[0]
    assert null is None
    assert 0.0 <= nothing <= 1.0
    assert one == (1 if name in WITHOUT_DRAW else 100)


def test_every_candidate_has_a_policy_and_begins_with_the_deployed_arguments():
    assert {f"{sql.CANDIDATES}/{name}" for name in CANDIDATES} == set(sql.names(sql.CANDIDATES))
    for name in CANDIDATES:
        assert POLICIES.get(name, name) in kinds()
        assert arguments_of(name)[:2] == [("successes", "INT64"), ("failures", "INT64")]
        assert [argument for argument, _ in arguments_of(name)[2:]] == list(MORE_ARGUMENTS.get(name, {}))
        assert ")\nRETURNS FLOAT64\n" in sql.text(sql.function(name))


@pytest.mark.parametrize("trials", ["NULL", "-5", "0", "1000000000000"])
def test_a_widening_interval_stays_a_rate_for_any_number_of_trials(trials):
    with connect() as connection:
        connection.execute(to_duckdb(sql.read(sql.function("wilson_widening"), **PROJECT)))
        low, high = connection.execute(
            f"SELECT MIN(d), MAX(d) FROM (SELECT wilson_widening(1, 200, {trials}) AS d FROM range(500))"
        ).fetchall()[0]
    assert (low is None) == (high is None) == (trials == "NULL")
    if low is not None:
        assert 0.0 <= low < high <= 1.0
        assert (high > 0.1) == (trials == "1000000000000")


def test_the_prior_of_a_page_takes_the_place_of_the_first_success_and_failure():
    with connect() as connection:
        for name in ("posterior_mean", "wilson_sample_prior"):
            connection.execute(to_duckdb(sql.read(sql.function(name), **PROJECT)))
        new, sold, failed, empty = connection.execute(
            "SELECT posterior_mean(1, 1, 2, 8), posterior_mean(2, 1, 2, 8), posterior_mean(1, 2, 2, 8),"
            " posterior_mean(1, 1, 0, 0)"
        ).fetchall()[0]
        low, high = connection.execute(
            "SELECT MIN(d), MAX(d) FROM (SELECT wilson_sample_prior(1, 1, 2, 8) AS d FROM range(2000))"
        ).fetchall()[0]
    assert (new, sold, failed, empty) == (2 / 10, 3 / 11, 2 / 11, 0.5)
    lower, upper = wilson_bounds(2, 8)
    assert lower <= low < lower + 0.02
    assert upper - 0.02 < high <= upper


def test_a_draw_is_made_anew_for_each_reference_in_a_query_but_not_within_one():
    with connect() as connection:
        deploy_functions(connection)
        one, other, same = connection.execute(
            "SELECT COUNT(DISTINCT a), COUNT(DISTINCT b), SUM((a = b)::INT) FROM"
            " (SELECT wilson_sample(1, 1) AS a, wilson_sample(1, 1) AS b FROM range(1000))"
        ).fetchall()[0]
    assert (one, other, same) == (1000, 1000, 0)


def test_translation_leaves_bare_names_and_untyped_arguments():
    text = to_duckdb(sql.read("udf/wilson_score_bounds", **PROJECT))
    assert "my-project-1" not in text
    assert re.search(r'FUNCTION "wilson_score_bounds"\(successes, failures\)', text)
    assert "PRIMARY KEY" not in to_duckdb(sql.read("ddl/caption_bandit_stats", **PROJECT, table="t"))


def test_every_statement_runs_on_duckdb_over_an_empty_table(tmp_path):
    values = {**parameters(Options(draws=1000), CLOCK, shipped().values()), "pairs": 1000}
    with open_target(TargetSpec("duckdb", str(tmp_path / "a.duckdb"))) as target:
        for name in sql.names("ddl"):
            target.execute(target.statement(name, table=name.removeprefix("ddl/")))
        deploy_functions(target.connection)
        for name in sql.names("checks"):
            if name not in {"checks/bounds_negative"}:  # an error is its good answer
                rows = target.query(target.statement(name, **values))
                assert rows.column_names == ["check", "status", "detail"], name
                assert rows.column("check").to_pylist() == [name.removeprefix("checks/")]
                assert set(rows.column("status").to_pylist()) <= {"pass", "skip"}, name


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a+b /* x */", "a  +\n b", True),
        ("rand()", "RAND()", True),
        ("1.96e0 * a", "1.959964e0 * a", False),
        ("IF(a, b, c)", "IF(a, c, b)", False),
        ("(SELECT RAND())", "RAND()", False),
    ],
)
def test_bodies_are_compared_as_expressions(one, other, same):
    assert (normal_form(one) == normal_form(other)) is same


@pytest.mark.parametrize(
    ("text", "dialect", "normal"),
    [
        ("0.0", "bigquery", "0"),
        ("CAST(0 AS DOUBLE)", "duckdb", "0"),
        ("now()", "duckdb", "CURRENT_TIMESTAMP()"),
        ("CURRENT_TIMESTAMP", "bigquery", "CURRENT_TIMESTAMP()"),
        ("1", "duckdb", "1"),
        ("NULL", "duckdb", None),
        (None, "bigquery", None),
    ],
)
def test_defaults_are_compared_in_one_spelling(text, dialect, normal):
    assert normal_default(text, dialect) == normal


def test_every_statement_is_one_statement():
    for name in sql.names():
        text = re.sub(r"\$\{\w+\}", "x", sql.text(name))
        assert len([one for one in sqlglot.parse(text, read="bigquery") if one]) == 1, name
