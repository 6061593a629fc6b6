"""deploy: idempotent, shown before it is done, and never over another function unasked."""

import json

import duckdb
import pytest

from sim.cli import exit_code
from sim.errors import CheckFailedError, InputError
from sim.warehouse.base import SENDS, STATS, TargetSpec
from sim.warehouse.bigquery.target import our_body
from sim.warehouse.deploy import CANDIDATES, FUNCTIONS, VIEWS, arguments_of, carry_out, plan, script_words
from sim.warehouse.drift import alters
from sim.warehouse.jobs import TABLES
from sim.warehouse.schema import described
from sim.warehouse.targets import open_target

OTHER = "CREATE OR REPLACE MACRO wilson_sample(successes, failures) AS (random())"


@pytest.fixture
def spec(tmp_path):
    return TargetSpec("duckdb", str(tmp_path / "a.duckdb"))


def deployed(spec, **options):
    with open_target(spec) as target:
        steps = plan(target, **options)
        carry_out(target, steps)
    return {step.name: step.action for step in steps}


def replace_sampler(spec):
    with duckdb.connect(spec.place) as connection:
        connection.execute(OTHER)


def body(spec, name="wilson_sample"):
    with open_target(spec, read_only=True) as target:
        return target.routine(name).body


def test_everything_is_created_and_the_second_time_kept(spec):
    names = {STATS, SENDS, *FUNCTIONS}
    assert deployed(spec) == dict.fromkeys(names, "create")
    assert deployed(spec) == dict.fromkeys(names, "keep")
    with open_target(spec, read_only=True) as target:
        assert target.describe(STATS).columns == described(STATS).columns
        assert target.query(target.statement("probes/bounds_grid")).num_rows > 1000


def test_candidates_are_created_where_asked_under_their_own_names(spec):
    deployed(spec)
    with open_target(spec) as target:
        steps = plan(target, candidates=True)
        assert {step.name for step in steps if step.action == "create"} == {*CANDIDATES, *VIEWS}
        carry_out(target, steps)
        assert {step.action for step in plan(target, candidates=True)} == {"keep"}
        found = target.query("SELECT COUNT(DISTINCT beta_logit_normal(3, 5)) AS d FROM range(50)")
    assert found.column("d").to_pylist() == [50]


def test_a_candidate_has_the_arguments_of_its_file():
    assert arguments_of("wilson_sample") == [("successes", "INT64"), ("failures", "INT64")]
    assert arguments_of("wilson_widening")[2:] == [("page_trials", "INT64")]
    assert arguments_of("posterior_mean")[2:] == [("prior_successes", "FLOAT64"), ("prior_failures", "FLOAT64")]


def test_a_candidate_with_other_arguments_is_another_function(spec):
    deployed(spec, candidates=True)
    with duckdb.connect(spec.place) as connection:
        [text] = connection.execute(
            "SELECT macro_definition FROM duckdb_functions() WHERE function_name = 'posterior_mean'"
        ).fetchone()
        swapped = "successes, failures, prior_failures, prior_successes"
        connection.execute(f"CREATE OR REPLACE MACRO posterior_mean({swapped}) AS ({text})")
    with open_target(spec) as target:
        actions = {step.name: step.action for step in plan(target, candidates=True)}
    assert [name for name, action in actions.items() if action != "keep"] == ["posterior_mean"]


def test_the_difference_shows_what_differs_and_little_else(spec):
    deployed(spec)
    wrong = body(spec, "wilson_score_bounds").replace("1.96", "1.959964")
    with duckdb.connect(spec.place) as connection:
        connection.execute(f"CREATE OR REPLACE MACRO wilson_score_bounds(successes, failures) AS ({wrong})")
    with open_target(spec, read_only=True) as target:
        [step] = [step for step in plan(target) if step.action == "refuse"]
    changed = [line for line in step.difference.splitlines()[2:] if line[0] in "+-"]
    assert all("1.96" in line or "1.959964" in line for line in changed)
    assert all(len(line) < 120 for line in changed)


def test_rows_survive_a_second_deployment(spec):
    deployed(spec)
    with duckdb.connect(spec.place) as connection:
        connection.execute(f"INSERT INTO {STATS} (caption_id, page_name) VALUES (-9223372036854775808, 'page_0001')")
        defaults = connection.execute(
            f"SELECT successes, failures, total_observations, avg_emv FROM {STATS}"
        ).fetchall()
    deployed(spec)
    assert defaults == [(1, 1, 0, 0.0)]
    with open_target(spec, read_only=True) as target:
        assert target.describe(STATS).rows == 1


def test_another_function_is_shown_and_nothing_is_written(spec):
    replace_sampler(spec)
    with open_target(spec) as target:
        steps = plan(target)
        with pytest.raises(CheckFailedError, match="random") as caught:
            carry_out(target, steps)
        assert target.describe(STATS) is None
    assert "--replace" in caught.value.hint
    refused = next(step for step in steps if step.action == "refuse")
    assert "-random()" in refused.difference
    assert "random" in body(spec)
    assert len(body(spec)) < 20


def test_replace_puts_ours_there(spec):
    deployed(spec)
    ours = body(spec)
    replace_sampler(spec)
    assert deployed(spec, replace=True)["wilson_sample"] == "replace"
    assert body(spec) == ours
    assert deployed(spec)["wilson_sample"] == "keep"


def test_other_argument_names_are_another_function(spec):
    deployed(spec)
    with duckdb.connect(spec.place) as connection:
        text = connection.execute(
            "SELECT macro_definition FROM duckdb_functions() WHERE function_name = 'wilson_sample'"
        ).fetchall()[0][0]
        connection.execute(f"CREATE OR REPLACE MACRO wilson_sample(failures, successes) AS ({text})")
    with open_target(spec) as target:
        assert next(step for step in plan(target) if step.name == "wilson_sample").action == "refuse"


def test_a_table_that_differs_is_shown_and_kept(spec):
    with duckdb.connect(spec.place) as connection:
        connection.execute(f"CREATE TABLE {STATS} (caption_id BIGINT, page_name VARCHAR)")
    with open_target(spec) as target:
        step = plan(target)[0]
    assert step.action == "differs"
    assert "+successes INT64 NULLABLE DEFAULT 1" in step.difference
    with pytest.raises(CheckFailedError, match="differs from the project"):
        deployed(spec)
    assert body(spec)  # everything else is deployed
    with open_target(spec, read_only=True) as target:
        assert len(target.describe(STATS).columns) == 2


def test_a_folder_cannot_hold_functions(tmp_path):
    with open_target(TargetSpec("parquet", str(tmp_path))) as target, pytest.raises(InputError, match="tables only"):
        plan(target)


def test_our_body_is_what_stands_between_the_outer_brackets():
    assert our_body("CREATE FUNCTION `a`.`b`(x INT64)\nRETURNS INT64\nAS (\n  f(x) + (1)\n);\n") == "f(x) + (1)"


def test_the_command_shows_deploys_and_refuses(spec, capsys):
    assert exit_code(["deploy", "--to", str(spec), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "CREATE FUNCTION" in shown
    assert "DEFAULT 1" in shown
    assert not spec.path.exists()
    assert exit_code(["deploy", "--to", str(spec), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [step["action"] for step in told["steps"]] == ["create"] * 4
    replace_sampler(spec)
    assert exit_code(["deploy", "--to", str(spec), "--dry-run"]) == 0
    assert exit_code(["deploy", "--to", str(spec)]) == 1
    assert "--replace" in capsys.readouterr().err
    assert exit_code(["deploy", "--to", str(spec), "--replace"]) == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--to", "parquet:out"], 2),
        (["--to", "nowhere"], 2),
        ([], 2),
        (["--to", "bigquery:my-project-1.caption_test"], 5),
        (["--to", "bigquery:of-scheduler-proj.eros_scheduling_brain", "--dry-run"], 5),
        (["--to", "bigquery:OF-SCHEDULER-PROJ.`eros_scheduling_brain`"], 5),
        (["--to", "duckdb:/nonexistent-folder/a.duckdb"], 3),
    ],
)
def test_exit_codes(arguments, code, capsys):
    assert exit_code(["deploy", *arguments]) == code
    assert "Traceback" not in capsys.readouterr().err


ALTERED = {
    "a column is missing": ("DROP COLUMN avg_emv", ["ADD COLUMN avg_emv FLOAT64;", "avg_emv SET DEFAULT 0;"]),
    "a default differs": ("ALTER COLUMN successes SET DEFAULT 7", ["ALTER COLUMN successes SET DEFAULT 1;"]),
    "a default is missing": ("ALTER COLUMN successes DROP DEFAULT", ["ALTER COLUMN successes SET DEFAULT 1;"]),
    "a default too many": ("ALTER COLUMN avg_emv SET DEFAULT 0", []),
    "a key is nullable": ("ALTER COLUMN page_name DROP NOT NULL", ["-- page_name: NOT NULL cannot be added"]),
    "a column is required": ("ALTER COLUMN avg_emv SET NOT NULL", ["ALTER COLUMN avg_emv DROP NOT NULL;"]),
    "another type": ("ALTER COLUMN failures TYPE DOUBLE", ["-- failures: FLOAT64 cannot become INT64"]),
    "a column too many": ("ADD COLUMN extra INTEGER", ["-- extra: not of the project", "DROP COLUMN extra;"]),
}


@pytest.mark.parametrize("kind", ALTERED)
def test_the_plan_names_the_drift_and_the_alter_and_exits_1(spec, kind, capsys):
    statement, wanted = ALTERED[kind]
    deployed(spec)
    assert exit_code(["deploy", "--to", str(spec), "--plan"]) == 0
    with duckdb.connect(spec.place) as connection:
        connection.execute(f"ALTER TABLE {STATS} {statement}")
    before = spec.path.read_bytes()
    capsys.readouterr()
    assert exit_code(["deploy", "--to", str(spec), "--plan"]) == (1 if wanted else 0)
    shown = capsys.readouterr().out
    assert [line for line in wanted if line not in shown] == []
    assert spec.path.read_bytes() == before
    assert exit_code(["deploy", "--to", str(spec)]) == (1 if wanted else 0)


def test_the_alters_that_are_statements_mend_the_table(spec):
    deployed(spec)
    with duckdb.connect(spec.place) as connection:
        for statement in ("DROP COLUMN avg_emv", "ALTER COLUMN successes DROP DEFAULT"):
            connection.execute(f"ALTER TABLE {STATS} {statement}")
    with open_target(spec) as target:
        statements = [line for line in alters(target.describe(STATS), target) if not line.startswith("--")]
        assert len(statements) == 3
        for line in statements:
            target.execute(line.rstrip(";"))
        # The new column is the last one.
        assert [line.partition(" cannot")[0] for line in alters(target.describe(STATS), target)] == [
            "-- the order of columns"
        ]


def test_a_plan_of_what_is_not_there_creates_nothing_and_exits_1(spec, capsys):
    assert exit_code(["deploy", "--to", str(spec), "--plan", "--jobs"]) == 1
    assert "caption_bandit_archive" in capsys.readouterr().out
    assert not spec.path.exists()


def test_the_jobs_come_with_their_tables_and_the_command_that_runs_them(spec, capsys):
    assert exit_code(["deploy", "--to", str(spec), "--jobs"]) == 0
    shown = capsys.readouterr().out
    assert f"every 6 hours: python -m sim job update_caption_bandit_stats --to {spec}" in shown
    with open_target(spec, read_only=True) as target:
        assert all(target.describe(name) for name in TABLES)
    assert exit_code(["deploy", "--to", str(spec), "--jobs", "--plan"]) == 0


@pytest.mark.parametrize(
    "body", ["BEGIN\n-- why\nSELECT 1;\nEND", "BEGIN SELECT 1 ; END;", "SELECT 1;", "SELECT\n  1", "-- why\nSELECT 1;"]
)
def test_a_procedure_is_compared_without_comments_and_outer_block(body):
    assert script_words(body) == ["SELECT", "1"]
    assert script_words(body) != script_words(body.replace("1", "2"))


def test_the_transaction_of_a_script_is_not_its_outer_block():
    assert script_words("BEGIN TRANSACTION; SELECT 1; COMMIT TRANSACTION;")[:2] == ["BEGIN", "TRANSACTION"]
