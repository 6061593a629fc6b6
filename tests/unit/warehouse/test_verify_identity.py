"""Identity: what a function depends on besides its arguments, its signature, and how two texts compare."""

from types import SimpleNamespace

import numpy as np
import pytest

from sim.warehouse.base import Routine, TargetSpec
from sim.warehouse.translate import normal_form
from sim.warehouse.verify import Result, Status
from sim.warehouse.verify.bounds import GRID, diagnose, disagreeing, judge, reference
from sim.warehouse.verify.identity import BOUNDS, SAMPLE, check_identity, hidden_behind, hidden_inputs, name_sampler
from verify.draws import right_cells

INPUTS = {
    ("RAND()", "bigquery"): [],
    ("successes / (successes + failures)", "bigquery"): [],
    ("IF(EXTRACT(HOUR FROM CURRENT_TIMESTAMP()) < 6, 0, RAND())", "bigquery"): ["the clock"],
    ("UNIX_SECONDS(CURRENT_TIMESTAMP())", "bigquery"): ["the clock"],
    ("DATE_DIFF(CURRENT_DATE(), DATE '2025-01-01', DAY)", "bigquery"): ["the clock"],
    ("LENGTH(SESSION_USER()) * RAND()", "bigquery"): ["the session"],
    ("(SELECT MAX(x) FROM `p-roject`.d.t)", "bigquery"): ["the table t"],
    ("epoch(now())", "duckdb"): ["the clock"],
    ("epoch(get_current_timestamp())", "duckdb"): ["the clock"],
    ("nextval('s')", "duckdb"): ["the session"],
    ("random() + (SELECT count(*) FROM a) + (SELECT 1 FROM b)", "duckdb"): ["the table a", "the table b"],
    ("epoch(age(TIMESTAMP '2020-01-01'))", "duckdb"): ["the clock"],
    ("epoch(transaction_timestamp()) + epoch(current_localtimestamp())", "duckdb"): ["the clock"],
    ("length(current_database()) + length(version())", "duckdb"): ["the session"],
    ("timestamp_diff(a, b, day) + date_diff(c, d, hour)", "bigquery"): [],
    ("random() + (SELECT count(*) FROM range(10))", "duckdb"): [],
    ("this is ) no expression", "bigquery"): [],
}


@pytest.mark.parametrize(("body", "dialect"), INPUTS)
def test_hidden_inputs_are_named(body, dialect):
    assert hidden_inputs(body, dialect) == INPUTS[body, dialect]


def test_inputs_are_named_behind_functions_that_a_function_calls():
    bodies = {"one": "two() + random()", "two": "one() + three()", "three": "0 * epoch(now()) + length(version())"}
    warehouse = SimpleNamespace(
        spec=TargetSpec("duckdb", "a.duckdb"),
        routine=lambda name: Routine(name, bodies[name], ()) if name in bodies else None,
    )
    assert hidden_behind(warehouse, "one() + other()") == ["the clock", "the session"]
    assert hidden_behind(warehouse, "other() + random()") == []


def test_every_function_of_duckdb_that_may_change_is_a_hidden_input():
    import duckdb

    with duckdb.connect() as connection:
        names = connection.sql(
            "SELECT DISTINCT function_name FROM duckdb_functions()"
            " WHERE stability = 'CONSISTENT_WITHIN_QUERY' AND function_type = 'scalar'"
        ).fetchall()
    assert len(names) > 5
    assert [name for (name,) in names if not hidden_inputs(f"{name}()", "duckdb")] == []


def target(routine, body="RAND()", kind="bigquery"):
    return SimpleNamespace(
        spec=TargetSpec(kind, "my-project-1.d"),
        routine=lambda name: routine,
        expected_body=lambda name: body,
        same_body=lambda one, other: normal_form(one) == normal_form(other),
    )


INT64 = (("successes", "INT64"), ("failures", "INT64"))


@pytest.mark.parametrize("body", ["RAND()", "(RAND())", "((rand()))", " RAND( ) -- a comment\n"])
def test_layout_brackets_and_comments_make_no_other_function(body):
    assert check_identity(target(Routine("wilson_sample", body, INT64)), SAMPLE).status is Status.PASS


def test_no_function_fails():
    assert "does not exist" in check_identity(target(None), BOUNDS).detail


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        ([], Status.WARN),
        ([Result(GRID, Status.PASS, "")], Status.WARN),
        ([Result(GRID, Status.SKIP, "")], Status.WARN),
        ([Result(GRID, Status.FAIL, "")], Status.FAIL),
    ],
)
def test_another_text_is_judged_by_its_behaviour(behaviour, status):
    found = target(Routine("wilson_score_bounds", "RAND() / 2", INT64))
    assert check_identity(found, BOUNDS, behaviour, "a half").status is status


def test_right_draws_have_no_known_mistake():
    assert name_sampler(right_cells(np.random.default_rng(2), 5000)) == ""


def fields(**changes):
    s, f = np.array([0.0, 1.0, 10.0, 1e9]), np.array([0.0, 2.0, 90.0, 1e9])
    return s, f, {**reference(s, f), **changes}


def test_the_reference_agrees_with_itself_and_null_does_not():
    s, f, right = fields()
    assert not disagreeing(right, reference(s, f)).any()
    assert judge(GRID, s, f, right).status is Status.PASS
    _, _, missing = fields(lower_bound=np.array([np.nan, 0.1, 0.2, 0.3]))
    assert disagreeing(missing, reference(s, f)).all()


def test_the_first_pair_that_differs_is_shown():
    s, f, wrong = fields()
    wrong["upper_bound"] = wrong["upper_bound"] + np.array([0.0, 0.0, 1e-9, 0.0])
    result = judge(GRID, s, f, wrong)
    assert result.detail.startswith("1 of 4 pairs differ; (10, 90)")
    assert result.cause == diagnose(s, f, wrong) == ""


def test_swapped_counts_are_diagnosed():
    s, f, _ = fields()
    assert "swapped" in diagnose(s, f, reference(f, s))
