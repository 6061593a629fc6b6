"""What the DDL of `sql/` says of a table, read from the DDL itself: its description, its Arrow schema, its columns."""

from functools import cache

import pyarrow as pa
from sqlglot import exp

import sql
from sim.warehouse.base import Column, TableDescription
from sim.warehouse.translate import parse

_GOOGLESQL = {
    exp.DataType.Type.BIGINT: "INT64",
    exp.DataType.Type.TEXT: "STRING",
    exp.DataType.Type.VARCHAR: "STRING",
    exp.DataType.Type.DOUBLE: "FLOAT64",
    exp.DataType.Type.TIMESTAMPTZ: "TIMESTAMP",
    exp.DataType.Type.TIMESTAMP: "DATETIME",  # without a zone
    exp.DataType.Type.TIMESTAMPNTZ: "DATETIME",
    exp.DataType.Type.BOOLEAN: "BOOL",
    exp.DataType.Type.DATE: "DATE",
}
_ARROW = {
    "INT64": pa.int64(),
    "STRING": pa.string(),
    "FLOAT64": pa.float64(),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    "BOOL": pa.bool_(),
    "DATE": pa.date32(),
}


@cache
def described(table: str) -> TableDescription:
    """The table that `ddl/<table>` makes. KeyError if there is no such DDL."""
    statement = sql.read(f"ddl/{table}", project="local-warehouse", dataset="main", table=table)
    tree = parse(statement)
    return TableDescription(
        name=table,
        columns=tuple(_column(one) for one in tree.this.expressions if isinstance(one, exp.ColumnDef)),
        primary_key=_names(tree.find(exp.PrimaryKey)),
        partition=_partition(tree),
        cluster=_names(tree.find(exp.ClusterProperty)),
        description=_option(tree, "description"),
        labels=_labels(tree),
    )


@cache
def arrow_schema(table: str) -> pa.Schema:
    """Arrow's schema of the same table: exact types, and `nullable` as the DDL has it."""
    columns = described(table).columns
    return pa.schema([pa.field(one.name, _ARROW[one.type], nullable=one.mode == "NULLABLE") for one in columns])


def googlesql_type(kind: exp.DataType) -> str:
    """GoogleSQL's name of a type, or sqlglot's where the DDL never uses it."""
    return _GOOGLESQL.get(kind.this, kind.sql(dialect="bigquery"))


def duckdb_type(text: str) -> str:
    """GoogleSQL's name of a DuckDB type such as BIGINT; DuckDB's own where GoogleSQL has none as wide (INTEGER)."""
    return _GOOGLESQL.get(exp.DataType.build(text, dialect="duckdb").this, text)


def arrow_type(kind: pa.DataType) -> str:
    """GoogleSQL's name of an Arrow type; Arrow's own where GoogleSQL has none."""
    if pa.types.is_dictionary(kind):
        return arrow_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "STRING"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP" if kind.tz else "DATETIME"  # any zone: the file holds instants
    for name, one in _ARROW.items():
        if kind == one:
            return name
    return str(kind)


def normal_default(expression: str | None, dialect: str = "bigquery") -> str | None:
    """A default's expression in one spelling, so that `0.0`, `0e0` and `CAST(0 AS DOUBLE)` compare as equal."""
    if not expression or expression.upper() == "NULL":
        return None
    tree = parse(expression, dialect)
    while isinstance(tree, (exp.Cast, exp.Paren)):
        tree = tree.this
    if isinstance(tree, exp.Literal) and tree.is_number:
        return f"{float(tree.this):g}"
    text = tree.sql(dialect="bigquery").upper()
    return "CURRENT_TIMESTAMP()" if text in {"CURRENT_TIMESTAMP", "NOW()", "GET_CURRENT_TIMESTAMP()"} else text


def _column(node: exp.ColumnDef) -> Column:
    kinds = [constraint.kind for constraint in node.constraints]
    required = any(isinstance(kind, exp.NotNullColumnConstraint) for kind in kinds)
    default = next((kind.this.sql("bigquery") for kind in kinds if isinstance(kind, exp.DefaultColumnConstraint)), None)
    mode = "REQUIRED" if required else "NULLABLE"
    return Column(node.name, googlesql_type(node.args["kind"]), mode, normal_default(default))


def _names(node: exp.Expression | None) -> tuple[str, ...] | None:
    return None if node is None else tuple(one.name for one in node.expressions)


def _partition(tree: exp.Expression) -> str | None:
    node = tree.find(exp.PartitionedByProperty)
    return None if node is None else node.this.sql(dialect="bigquery")


def _properties(tree: exp.Expression) -> dict[str, exp.Expression]:
    found = tree.args.get("properties")
    return {one.name: one.args["value"] for one in found.expressions if type(one) is exp.Property} if found else {}


def _option(tree: exp.Expression, name: str) -> str | None:
    value = _properties(tree).get(name)
    return None if value is None else str(value.name)


def _labels(tree: exp.Expression) -> dict[str, str]:
    value = _properties(tree).get("labels")
    return {} if value is None else {pair.expressions[0].name: pair.expressions[1].name for pair in value.expressions}
