"""Every statement of `sql/` before GoogleSQL itself (the zetasql wheel), in the external product mode of BigQuery."""

import re
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest

import sql
from policies.maths.wilson import exploration_bonus, wilson_bounds
from sim.scenario import load
from sim.warehouse.bigquery.target import our_body, our_query
from sim.warehouse.jobs import jobs
from sim.warehouse.schema import described
from sim.warehouse.verify.checks import shipped
from sim.warehouse.verify.merged import merge, split
from sim.warehouse.verify.options import Options
from sim.warehouse.verify.questions import Clock, parameters
from twins import candidate_views
from twins.candidates import CANDIDATES, MORE_ARGUMENTS, drawn
from twins.googlesql import DATASET, PROJECT, TABLES, GoogleSQL
from twins.small_traffic import small_traffic

pytest.importorskip("zetasql", reason="the zetasql wheel (extra `dev`) has no build for this platform")

# One process compiles and evaluates: the engine takes a gigabyte, and its compilation 10 to 70 s.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("googlesql")]

OWN_TABLE = {
    "load/recorded_loads": "caption_sim_loads",
    "load/fingerprint_sends": "mass_messages",
    "load/fingerprint_curves": "curves",
}
MOMENT = datetime(2025, 4, 1, tzinfo=UTC)
PARAMETERS = {
    **parameters(Options(draws=1000), Clock(MOMENT, MOMENT, live=True), shipped().values()),
    "pairs": 1000,
}


@pytest.fixture(scope="session")
def googlesql():
    return GoogleSQL()


def statement(name):
    named = name.removeprefix("ddl/")
    table = named if named in TABLES else OWN_TABLE.get(name, "caption_bandit_stats")
    values = {**PARAMETERS, "project": PROJECT, "dataset": DATASET, "table": table}
    return sql.read(name, **values)


@pytest.mark.parametrize("name", sql.names())
def test_googlesql_analyses_every_statement(googlesql, name):
    resolved = googlesql.analyse(statement(name))
    assert type(resolved).__name__.startswith("Resolved")


def test_googlesql_analyses_the_merged_checks(googlesql):
    """What `verify` asks in one scan: the checks that can share it, with and without a limit on the age of rows."""
    target = SimpleNamespace(project=PROJECT, dataset=DATASET)
    parts = [part for check in shipped().values() if (part := split(target, check, PARAMETERS))]
    assert len(parts) >= 14
    for since in (None, MOMENT):
        assert type(googlesql.analyse(merge(parts, since))).__name__.startswith("Resolved")


JOB_PARAMETERS = {
    "lookback_days": 7.0, "median_days": 30.0, "exact_median": 1, "null_sum_is_zero": 1, "decay": 1.0, "cap": 0,
}  # fmt: skip


def script(name):
    """A script of `sql/jobs/`, its parameters filled with their defaults."""
    job = jobs().get(name.removeprefix("jobs/"))
    values = job.values({}) if job else JOB_PARAMETERS | {"now_us": 1_700_000_000_000_000}
    named = {"project": PROJECT, "dataset": DATASET, "table": "caption_bandit_stats", "sends": "mass_messages"}
    return sql.statements(name, **named, **values)


@pytest.mark.parametrize("name", sql.names("jobs"))
def test_googlesql_analyses_every_statement_of_every_job(googlesql, name):
    resolved = googlesql.analyse_script(script(name))
    assert resolved
    assert all(one.startswith("Resolved") for one in resolved)


def test_the_analyser_would_refuse_a_mistake_in_a_job(googlesql):
    statements = [one.replace("emv_total", "emvtotal", 1) for one in script("jobs/update_caption_bandit_stats")]
    with pytest.raises(Exception, match=r"not found|Unrecognized"):
        googlesql.analyse_script(statements)


def test_the_analyser_would_refuse_a_mistake(googlesql):
    for broken in (
        statement("udf/wilson_sample").replace("RAND()", "RANDOM()"),
        statement("ddl/caption_bandit_stats").replace("DEFAULT 1 ", "NOT NULL DEFAULT 1 "),
        statement("checks/contents_keys").replace("caption_id", "captionid"),
    ):
        with pytest.raises(Exception, match=r"not found|Syntax error|Unrecognized"):
            googlesql.analyse(broken)


@pytest.mark.parametrize("name", sql.names("checks"))
def test_every_check_answers_with_check_status_and_detail(googlesql, name):
    columns = googlesql.analyse(statement(name)).output_column_list
    assert [column.name for column in columns] == ["check", "status", "detail"]


def test_the_analysed_table_has_the_columns_of_the_schema(googlesql):
    resolved = googlesql.analyse(statement("ddl/caption_bandit_stats"))
    names = [column.name for column in resolved.column_definition_list]
    assert names == [column.name for column in described("caption_bandit_stats").columns]


def test_bounds_equal_numpy_to_the_last_bit(googlesql):
    s, f = counts(3000)
    body = our_body(statement("udf/wilson_score_bounds"))
    got = googlesql.evaluate(
        f"SELECT ({body}).lower_bound, ({body}).upper_bound, ({body}).exploration_bonus FROM pairs", s, f
    )
    lower, upper = wilson_bounds(s, f)
    np.testing.assert_array_equal(got[:, 0].view(np.int64), lower.view(np.int64))
    np.testing.assert_array_equal(got[:, 1].view(np.int64), upper.view(np.int64))
    np.testing.assert_array_equal(got[:, 2].view(np.int64), exploration_bonus(s, f).view(np.int64))


def test_a_sample_given_its_draw_equals_numpy_to_the_last_bit(googlesql):
    s, f = counts(1000)
    u = 0.637
    body = our_body(statement("udf/wilson_sample")).replace("RAND()", "0.637e0")
    got = googlesql.evaluate(f"SELECT {body} FROM pairs", s, f)[:, 0]
    lower, upper = wilson_bounds(s, f)
    wanted = np.clip(lower + (upper - lower) * u, 0.0, 1.0)
    np.testing.assert_array_equal(got.view(np.int64), wanted.view(np.int64))


LAST_PLACES = {"beta_arcsine": 4}  # sine and arcsine are of another library there; the others agree to the last bit


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_candidate_given_its_draws_equals_its_policy(googlesql, name):
    s, f = (np.maximum(each, 1.0) for each in counts(1000))
    body = our_body(statement(sql.function(name))).replace("RAND()", "0.637e0")
    for argument, value in MORE_ARGUMENTS.get(name, {}).items():
        body = re.sub(rf"\b{argument}\b", f"{value:e}" if isinstance(value, float) else str(value), body)
    got = googlesql.evaluate(f"SELECT {body} FROM pairs", s, f)[:, 0]
    wanted = drawn(name, s, f, np.full(s.size, 0.637))
    assert np.abs(got.view(np.int64) - wanted.view(np.int64)).max() <= LAST_PLACES.get(name, 0)


def view_by_googlesql(googlesql, name, columns, rows, found):
    """(page, caption) and two columns of a view, over a table named `rows`; times are microseconds there."""
    query = our_query(statement(f"views/{name}")).replace("RAND()", "0.637e0")
    query = re.sub(rf"`{PROJECT}`.`{DATASET}`.`\w+`", "recorded", query)
    # Times are whole numbers here, and ABS leaves them as they are.
    moment = round(candidate_views.NOON.timestamp() * 1e6)
    query = query.replace("CURRENT_TIMESTAMP()", str(moment)).replace("UNIX_MICROS(", "ABS(")
    answer = googlesql.rows(f"SELECT page_name, caption_id, {found} FROM ({query})", recorded=(columns, rows))
    return {(page, caption): tuple(pair) for page, caption, *pair in answer}


def test_the_pooled_prior_by_googlesql_is_that_of_its_policy(googlesql):
    rows = candidate_views.made_counts()
    columns = {"page_name": "STRING", "caption_id": "INT64", "successes": "INT64", "failures": "INT64"}
    found = view_by_googlesql(googlesql, "pooled_prior", columns, list(map(list, rows)), "successes, failures")
    assert found == candidate_views.pooled_posteriors(rows)


def test_the_prior_of_a_page_by_googlesql_is_that_of_its_policy(googlesql):
    rows = candidate_views.made_counts()
    columns = {"page_name": "STRING", "caption_id": "INT64", "successes": "INT64", "failures": "INT64"}
    query = re.sub(rf"`{PROJECT}`.`{DATASET}`.`\w+`", "recorded", our_query(statement("views/page_prior")))
    answer = googlesql.rows(query, recorded=(columns, list(map(list, rows))))
    wanted = candidate_views.page_priors(rows)
    assert {page for page, *_ in answer} == wanted.keys()
    for page, *pair in answer:
        assert pair == pytest.approx(wanted[page], rel=1e-9)


def test_the_gamma_posterior_by_googlesql_is_that_of_its_policy(googlesql):
    rows = [one for one in candidate_views.made_sends() if one[1] is not None and one[3] is not None]
    columns = {"page_name": "STRING", "caption_id": "INT64", "sending_time": "INT64", "price": "FLOAT64"}
    columns |= {"viewed_count": "INT64", "purchased_count": "FLOAT64"}
    plain = [[page, c, round(at.timestamp() * 1e6), *numbers] for page, c, at, *numbers in rows]
    found = view_by_googlesql(googlesql, "gamma_poisson", columns, plain, "shape, scale")
    assert found == candidate_views.gamma_posteriors(rows)


def test_googlesql_draws_once_a_row_and_afresh_in_every_row(googlesql):
    s = np.ones(1000)
    body = our_body(statement("udf/wilson_sample"))
    got = googlesql.evaluate(f"SELECT draw, draw FROM (SELECT {body} AS draw FROM pairs)", s, s)
    assert len(np.unique(got[:, 0])) == 1000
    np.testing.assert_array_equal(got[:, 0], got[:, 1])


def counts(size):
    """Edges and log-uniform pairs up to 1e9."""
    edges = [0, 1, 2, 3, 10, 30, 99, 100, 1000, 999_999_999, 1_000_000_000]
    grid = np.array([(s, f) for s in edges for f in edges], dtype=np.float64)
    drawn = np.floor(np.exp(np.random.default_rng(3).uniform(0.0, np.log(1e9), (size, 2)))) - 1.0
    pairs = np.concatenate([grid, drawn])
    return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])


def test_one_refresh_by_googlesql_is_the_simulated_one(googlesql):
    """The roll-up and the new counts of the deployed job, as GoogleSQL evaluates them over the simulated log."""
    before, after, log, now_us = refresh_of_a_week()
    steps = [step.partition(" AS\n")[2] for step in script_at("jobs/update_as_deployed", now_us)[:2]]
    query = (
        f"WITH job_rollup AS ({steps[0]}) SELECT page_name, caption_id, successes, failures, observations, revenue, "
    )
    query += f"emv FROM ({steps[1]})"
    place = f"`{PROJECT}`.`{DATASET}`."
    query = query.replace(f"{place}`mass_messages`", "log").replace(f"{place}`caption_bandit_stats`", "before_it")
    columns = {"page_name": "STRING", "caption_id": "INT64", "sending_time": "INT64", "sent_count": "INT64"}
    columns |= {"viewed_count": "INT64", "purchased_count": "FLOAT64", "earnings": "FLOAT64"}
    counts = {"page_name": "STRING", "caption_id": "INT64", "successes": "INT64", "failures": "INT64"}
    counts |= {"total_observations": "INT64", "total_revenue": "FLOAT64"}
    # Times are whole numbers here, and ABS leaves them as they are.
    found = googlesql.rows(
        query.replace("UNIX_MICROS(", "ABS("),
        log=(columns, log),
        before_it=(counts, before.select(list(counts)).rows()),
    )
    known = {(row["page_name"], row["caption_id"]): row for row in after.iter_rows(named=True)}
    earlier = {(row["page_name"], row["caption_id"]): row for row in before.iter_rows(named=True)}
    assert len(found) > 20
    assert len(earlier) > 20
    for page, caption, successes, failures, observations, revenue, emv in found:
        row, old = known[page, caption], earlier.get((page, caption), {})
        assert (successes, failures) == (row["successes"], row["failures"])
        assert observations == row["total_observations"] - old.get("total_observations", 0)
        assert revenue == pytest.approx(row["total_revenue"] - old.get("total_revenue", 0.0), abs=1e-6)
        assert emv == pytest.approx(row["avg_emv"], rel=1e-9, abs=1e-12)


def script_at(name, now_us):
    named = {"project": PROJECT, "dataset": DATASET, "table": "caption_bandit_stats", "sends": "mass_messages"}
    return sql.statements(name, **named, **JOB_PARAMETERS, now_us=now_us)


def refresh_of_a_week():
    """The simulated table before and after a refresh, the log that it reads, and its time."""
    from sim.worlds.traffic.world import TrafficWorld
    from twins.statistics_frame import stats_frame

    scenario = load(
        {
            "name": "googlesql",
            "seed": 5,
            "replications": 1,
            "horizon": {"days": 9},
            "world": small_traffic(
                priced_per_day=(3, 6),
                per_day_limits=(4, 14),
                fans=20_000,
                per_view=[(5.0, 0.02), (20.0, 0.005)],
            ),
            "feedback": {"counting": "every_refresh", "label_after_hours": 5.0},
            "selection": {"cool_down_days": 1.0},
            "policies": ["wilson_sample"],
            "record": {"sends": True},
        }
    )
    world, tables = TrafficWorld(scenario, scenario.policies[0], range(1)), []
    for hours in (174, 180):
        world.advance((hours + 1e-3) / 24)
        tables.append(stats_frame(world.counts(0)))
    log = world.sends(0)
    rows = zip(
        [f"page_{page:04d}" for page in log.page.tolist()], log.caption_id.tolist(), log.sending_time_us.tolist(),
        log.sent_count.tolist(), log.viewed_count.tolist(), log.purchased_count.tolist(), log.earnings.tolist(),
        strict=True,
    )  # fmt: skip
    start_us = 1_736_121_600_000_000
    return tables[0], tables[1], [list(row) for row in rows], start_us + 180 * 3_600_000_000
