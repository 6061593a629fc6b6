"""The views of sql/views on DuckDB: the posteriors of their policies to the last bit, deployed, and checked."""

import re

import duckdb
import numpy as np
import pytest

import sql
from policies import gamma_poisson_bands
from policies.beta_wilson_hilferty import point
from sim.errors import CheckFailedError
from sim.warehouse.base import TargetSpec
from sim.warehouse.bigquery.target import our_query
from sim.warehouse.deploy import VIEWS, carry_out, plan
from sim.warehouse.embedded import connect
from sim.warehouse.targets import open_target
from sim.warehouse.translate import normal_form, to_duckdb
from sim.warehouse.verify.identity import check_candidates
from twins.candidate_views import NOON, gamma_posteriors, made_counts, made_sends, page_priors, pooled_posteriors
from twins.candidates import sums

NAMES = {"project": "my-project-1", "dataset": "d"}
U = 0.637  # in place of every RAND()


@pytest.fixture(scope="module")
def warehouse():
    """DuckDB with rows, and the views with fixed draws and a fixed clock."""
    with connect() as connection:
        connection.execute(
            "CREATE TABLE caption_bandit_stats"
            " (page_name VARCHAR, caption_id BIGINT, successes BIGINT, failures BIGINT)"
        )
        connection.executemany("INSERT INTO caption_bandit_stats VALUES (?, ?, ?, ?)", made_counts())
        connection.execute(
            "CREATE TABLE mass_messages (page_name VARCHAR, caption_id BIGINT, sending_time TIMESTAMPTZ, price DOUBLE,"
            " viewed_count BIGINT, purchased_count DOUBLE)"
        )
        connection.executemany("INSERT INTO mass_messages VALUES (?, ?, ?, ?, ?, ?)", made_sends())
        for name in VIEWS:
            fixed = sql.read(f"views/{name}", **NAMES).replace("RAND()", f"{U}e0")
            moment = f"TIMESTAMP_MICROS({round(NOON.timestamp() * 1e6)})"
            connection.execute(to_duckdb(fixed.replace("CURRENT_TIMESTAMP()", moment)))
        yield connection


def rows_of(connection: duckdb.DuckDBPyConnection, view: str, *columns: str):
    found = connection.execute(f"SELECT page_name, caption_id, {', '.join(columns)} FROM {view}").fetchall()
    return {tuple(row[:2]): row[2:] for row in found}


def test_the_pooled_prior_is_that_of_the_policy_to_the_last_bit(warehouse) -> None:
    wanted = pooled_posteriors(made_counts())
    assert rows_of(warehouse, "pooled_prior", "successes", "failures") == wanted
    assert len(wanted) == 4 * 59


def test_the_draw_of_the_pooled_posterior_is_that_of_the_candidate(warehouse) -> None:
    normal = float(sums(np.array([U]))[0])
    found = rows_of(warehouse, "pooled_prior", "successes", "failures", "posterior_mean", "posterior_draw")
    for successes, failures, mean, drawn in found.values():
        assert mean == successes / (successes + failures)
        assert drawn == point(successes, failures, normal, normal)


def test_the_gamma_posterior_is_that_of_the_policy_to_the_last_bit(warehouse) -> None:
    wanted = gamma_posteriors(made_sends())
    assert rows_of(warehouse, "gamma_poisson", "shape", "scale") == wanted
    assert len(wanted) == 3 * 60


def test_the_draw_of_dollars_is_that_of_the_policy(warehouse) -> None:
    normal = float(sums(np.array([U]))[0])
    found = rows_of(warehouse, "gamma_poisson", "shape", "scale", "dollars_per_view", "dollars_per_view_draw")
    for shape, scale, mean, drawn in found.values():
        assert mean == shape * scale
        assert drawn == gamma_poisson_bands.point(shape, scale, normal)


def test_the_prior_of_a_page_is_that_which_its_policy_fits(warehouse) -> None:
    """To rounding: the sums are of fractions."""
    found = {row[0]: row[1:] for row in warehouse.execute("SELECT * FROM page_prior").fetchall()}
    assert found.keys() == page_priors(made_counts()).keys()
    for page, wanted in page_priors(made_counts()).items():
        assert found[page] == pytest.approx(wanted, rel=1e-9)
        assert found[page] != (1.0, 1.0)


@pytest.mark.parametrize(
    "counts",
    [[(1, 1), (1, 1)], [(3, 1), (2, 1)], [(1, 4), (1, 9)], [(9, 4)], [(2, 2), (2, 2), (3, 3)], [(None, None), (5, 2)]],
    ids=["nothing sent", "only successes", "only failures", "one caption", "no spread", "nulls"],
)
def test_captions_that_teach_no_prior_leave_that_of_a_new_row(counts) -> None:
    with connect() as connection:
        connection.execute(to_duckdb(sql.read("ddl/caption_bandit_stats", **NAMES, table="caption_bandit_stats")))
        rows = [(caption, "page_0001", *pair) for caption, pair in enumerate(counts)]
        columns = "caption_id, page_name, successes, failures"
        connection.executemany(f"INSERT INTO caption_bandit_stats ({columns}) VALUES (?, ?, ?, ?)", rows)
        connection.execute(to_duckdb(sql.read("views/page_prior", **NAMES)))
        assert connection.execute("SELECT * FROM page_prior").fetchall() == [("page_0001", 1.0, 1.0)]


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_of_empty_tables_is_empty(view) -> None:
    with connect() as connection:
        for table in ("caption_bandit_stats", "mass_messages"):
            connection.execute(to_duckdb(sql.read(f"ddl/{table}", **NAMES, table=table)))
        connection.execute(to_duckdb(sql.read(f"views/{view}", **NAMES)))
        assert connection.execute(f"SELECT * FROM {view}").fetchall() == []


def test_nulls_of_the_log_are_no_sales() -> None:
    with connect() as connection:
        connection.execute(to_duckdb(sql.read("ddl/mass_messages", **NAMES, table="mass_messages")))
        connection.execute(to_duckdb(sql.read("views/gamma_poisson", **NAMES)))
        connection.execute(
            "INSERT INTO mass_messages (page_name, caption_id, price) VALUES ('page_0001', 1, 14.0), (NULL, 2, 9.0)"
        )
        ((page, caption, views, purchases, messages),) = connection.execute(
            "SELECT page_name, caption_id, views, purchases, messages FROM gamma_poisson"
        ).fetchall()
    assert (page, caption, views, purchases, messages) == ("page_0001", 1, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("name", sql.names(sql.VIEWS))
def test_a_view_draws_afresh_in_every_row(name) -> None:
    """Each RAND() stands in the list of columns, not in a subquery that an engine may evaluate once."""
    last = sql.text(name).rindex("\nSELECT\n")
    assert "RAND()" not in sql.text(name)[:last].split("CREATE")[1]
    assert not re.search(r"\d\.\d+(?!\d*e)", sql.text(name).split("AS\nWITH")[1])


@pytest.fixture
def deployed(tmp_path):
    """A DuckDB file with everything that `deploy --candidates` creates."""
    spec = TargetSpec("duckdb", str(tmp_path / "a.duckdb"))
    with open_target(spec) as target:
        carry_out(target, plan(target, candidates=True))
    return spec


OTHER = "CREATE OR REPLACE VIEW pooled_prior AS SELECT page_name, caption_id, 1.0 AS posterior_mean FROM {}"


def replaced(spec: TargetSpec) -> None:
    with duckdb.connect(spec.place) as connection:
        connection.execute(OTHER.format("caption_bandit_stats"))


def test_views_are_deployed_with_the_candidates_and_kept(deployed) -> None:
    with open_target(deployed) as target:
        steps = {step.name: step.action for step in plan(target, candidates=True)}
        assert set(VIEWS) == {"pooled_prior", "page_prior", "gamma_poisson"} <= steps.keys()
        assert set(steps.values()) == {"keep"}
        assert target.view("POOLED_PRIOR") == target.expected_view("pooled_prior")
        assert not set(VIEWS) & {step.name for step in plan(target)}


def test_another_view_is_shown_and_replaced_only_where_asked(deployed) -> None:
    replaced(deployed)
    with open_target(deployed) as target:
        steps = plan(target, candidates=True)
        with pytest.raises(CheckFailedError, match="pooled_prior"):
            carry_out(target, steps)
        (refused,) = (step for step in steps if step.action == "refuse")
        assert "1.0 AS posterior_mean" in refused.difference
        carry_out(target, plan(target, candidates=True, replace=True))
        assert target.view("pooled_prior") == target.expected_view("pooled_prior")


def test_verify_names_a_candidate_that_was_replaced(deployed) -> None:
    with open_target(deployed, read_only=True) as target:
        assert check_candidates(target).status == "pass"
    replaced(deployed)
    with open_target(deployed, read_only=True) as target:
        result = check_candidates(target)
    assert (result.status, result.detail) == ("fail", "pooled_prior: replaced by another of the same name")


def test_verify_skips_candidates_where_none_is_deployed(tmp_path) -> None:
    spec = TargetSpec("duckdb", str(tmp_path / "a.duckdb"))
    with open_target(spec) as target:
        carry_out(target, plan(target))
        assert check_candidates(target).status == "skip"


def test_bigquery_keeps_the_query_of_a_view() -> None:
    statement = sql.read("views/gamma_poisson", **NAMES)
    assert our_query(statement).startswith("WITH priced AS (")
    assert our_query(statement).endswith("FROM rested")
    assert normal_form(our_query(statement)) == normal_form(statement[statement.index("WITH") :].rstrip(";\n"))


def test_a_folder_of_files_holds_no_views(tmp_path) -> None:
    with open_target(TargetSpec("parquet", str(tmp_path))) as target:
        assert target.view("pooled_prior") is None
        with pytest.raises(KeyError):
            target.expected_view("pooled_prior")
