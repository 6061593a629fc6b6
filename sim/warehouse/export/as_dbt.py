"""A dbt project (1.11 or later): functions, sources, tests, and a macro that creates the tables."""

from sim.warehouse.base import TableDescription
from sim.warehouse.deploy import FUNCTIONS
from sim.warehouse.export.content import Content, Function

PROJECT = """\
name: caption_bandit
version: "1.0.0"
profile: caption_bandit
function-paths: [functions]
test-paths: [tests]
model-paths: [models]
macro-paths: [macros]
on-run-start: "{{ create_caption_bandit_tables() }}"
"""


def files(content: Content) -> dict[str, str]:
    """`dbt build` in the folder creates the tables and functions, and runs the checks."""
    functions = {f"functions/{one.name}.sql": f"{one.body}\n" for one in content.functions}
    checks = {f"tests/{check.name}.sql": _test(content.question(check, _naming)) for check in content.checks}
    return {
        "dbt_project.yml": PROJECT,
        "functions/functions.yml": "functions:\n" + "".join(map(_function, content.functions)),
        "models/sources.yml": _sources(content),
        "macros/create_caption_bandit_tables.sql": _macro(content),
        **functions,
        **checks,
    }


def _naming(name: str) -> str:
    call = f"function('{name}')" if name in FUNCTIONS else f"source('caption_bandit', '{name}')"
    return "{{ " + call + " }}"


def _test(question: str) -> str:
    """A test of dbt fails where it returns rows."""
    return f"SELECT * FROM (\n{question}\n)\nWHERE status = 'fail'\n"  # noqa: S608 - of our own files


def _function(one: Function) -> str:
    arguments = "".join(f"      - name: {name}\n        data_type: {kind}\n" for name, kind in one.arguments)
    volatility = "non-deterministic" if one.volatile else "deterministic"
    return (
        f"  - name: {one.name}\n    description: {_quoted(one.description)}\n    config:\n"
        f"      volatility: {volatility}\n    arguments:\n{arguments}    returns:\n"
        f"      data_type: {_quoted(one.returns)}\n"
    )


def _sources(content: Content) -> str:
    tables = "".join(map(_table, content.tables))
    return (
        "sources:\n  - name: caption_bandit\n"
        '    database: "{{ target.project }}"\n    schema: "{{ target.dataset }}"\n'
        f"    tables:\n{tables}"
    )


def _table(table: TableDescription) -> str:
    columns = "".join(
        f"          - name: {one.name}\n            data_type: {_quoted(one.type)}\n" for one in table.columns
    )
    return f"      - name: {table.name}\n        columns:\n{columns}"


def _macro(content: Content) -> str:
    place = "`{{ target.project }}`.`{{ target.dataset }}`"
    statements = [
        content.ddl(table.name).replace(f"`{content.project}`.`{content.dataset}`", place) for table in content.tables
    ]
    runs = "".join(f"{{% set ddl %}}\n{one}\n{{% endset %}}\n{{% do run_query(ddl) %}}\n" for one in statements)
    return f"{{% macro create_caption_bandit_tables() %}}\n{{% if execute %}}\n{runs}{{% endif %}}\n{{% endmacro %}}\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
