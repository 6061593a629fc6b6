"""Rows fit into a table's columns, or the differing columns are named before anything is written."""

from dataclasses import replace

import duckdb
import pytest

from sim.cli import exit_code
from sim.warehouse.base import CURVES, LOADS, SENDS, STATS, Column
from sim.warehouse.fit import misfit
from sim.warehouse.schema import described

SEED = ["seed", "--rows", "2000", "--quiet", "--to"]


def changed(table=STATS, drop=(), add=(), **types):
    """The description of a table after columns were dropped and added, and types changed."""
    found = described(table)
    kept = [replace(one, type=types.get(one.name, one.type)) for one in found.columns if one.name not in drop]
    return replace(found, columns=(*kept, *add))


@pytest.mark.parametrize("table", [STATS, SENDS, CURVES, LOADS])
def test_the_columns_of_the_ddl_fit_in_any_order_and_case(table):
    assert misfit(None) is None
    assert misfit(described(table)) is None
    found = described(table)
    columns = tuple(replace(one, name=one.name.upper()) for one in reversed(found.columns))
    assert misfit(replace(found, columns=columns)) is None


def test_a_column_more_fits_unless_each_row_must_give_it_a_value():
    assert misfit(changed(add=[Column("note", "STRING", "NULLABLE")])) is None
    assert misfit(changed(add=[Column("note", "STRING", "REQUIRED", "'x'")])) is None
    assert "note needs a value in each row" in misfit(changed(add=[Column("note", "STRING", "REQUIRED")]))


def test_each_differing_column_is_named():
    found = misfit(changed(drop=("successes",), last_used="DATE", caption_id="STRING"))
    assert found == (
        "the columns of caption_bandit_stats differ: caption_id is STRING instead of INT64; successes is missing;"
        " last_used is DATE instead of TIMESTAMP"
    )


CHANGES = {
    "other columns": ("DROP TABLE {t}; CREATE TABLE {t} (caption_id BIGINT, mine VARCHAR)", "page_name is missing"),
    "a narrower type": ("ALTER TABLE {t} ALTER last_used TYPE DATE", "last_used is DATE instead of TIMESTAMP"),
    "a text key": ("ALTER TABLE {t} ALTER caption_id TYPE VARCHAR", "caption_id is STRING instead of INT64"),
    "a required column": ("ALTER TABLE {t} ADD n INT; ALTER TABLE {t} ALTER n SET NOT NULL", "n needs a value"),
}


@pytest.mark.parametrize("options", [[], ["--replace"]])
@pytest.mark.parametrize("change", CHANGES)
def test_a_duckdb_table_with_other_columns_is_refused_before_anything_is_written(tmp_path, change, options, capsys):
    file = tmp_path / "w.duckdb"
    assert exit_code(["deploy", "--to", f"duckdb:{file}", "--quiet"]) == 0
    statement, message = CHANGES[change]
    with duckdb.connect(str(file)) as connection:
        connection.execute(statement.format(t=STATS))
    capsys.readouterr()
    assert exit_code([*SEED, f"duckdb:{file}", *options]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "nothing was changed" in said
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute("SELECT COUNT(*) FROM duckdb_tables()").fetchall() == [(2,)]


def test_the_table_of_loads_is_looked_at_too(tmp_path, capsys):
    file = tmp_path / "w.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"CREATE TABLE {LOADS} (load_id VARCHAR)")
    assert exit_code([*SEED, f"duckdb:{file}"]) == 2
    assert f"the columns of {LOADS} differ" in capsys.readouterr().err


def test_a_rule_that_was_added_to_the_table_is_named_as_the_cause(tmp_path, capsys):
    file = tmp_path / "w.duckdb"
    assert exit_code(["deploy", "--to", f"duckdb:{file}", "--quiet"]) == 0
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"CREATE UNIQUE INDEX one_page ON {STATS} (page_name)")
    assert exit_code([*SEED, f"duckdb:{file}"]) == 3
    assert "a rule that was added to the table refuses the rows" in capsys.readouterr().err
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute(f"SELECT COUNT(*) FROM {STATS}").fetchall() == [(0,)]
