"""GoogleSQL into DuckDB's SQL, by sqlglot, with what sqlglot does not know corrected on the tree."""

import logging
from functools import cache
from typing import cast

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

# sqlglot logs each table property that DuckDB lacks (partitions, clustering, options); we drop them on purpose.
logging.getLogger("sqlglot").addFilter(lambda record: "Unsupported property" not in record.getMessage())


def parse(statement: str, dialect: str = "bigquery") -> exp.Expression:
    """The tree of one statement or expression; sqlglot's ParseError where it is none."""
    return cast(exp.Expression, sqlglot.parse_one(statement, read=dialect, error_level=ErrorLevel.RAISE))


@cache
def to_duckdb(statement: str) -> str:
    """One GoogleSQL statement as DuckDB's: bare names, macros for functions, no keys."""
    tree = parse(statement)
    _free_macro(tree)
    corrected = cast(exp.Expression, tree.transform(_correct, copy=False))
    return corrected.sql(dialect="duckdb", copy=False, unsupported_level=ErrorLevel.IGNORE)


@cache
def normal_form(expression: str) -> str:
    """A GoogleSQL expression in sqlglot's own layout, without comments and outer brackets, for comparison."""
    tree = parse(expression)
    while isinstance(tree, exp.Paren):
        tree = tree.this
    return tree.sql(dialect="bigquery", comments=False, normalize=True, normalize_functions="upper")


def is_query(statement: str) -> bool:
    """Whether a GoogleSQL statement only reads: a SELECT."""
    try:
        return isinstance(parse(statement), exp.Query)
    except SqlglotError:
        return False


def _free_macro(tree: exp.Expression) -> None:
    """Move a macro's argument types into its body: files older than DuckDB 1.4's format take no typed arguments."""
    if not (isinstance(tree, exp.Create) and isinstance(tree.this, exp.UserDefinedFunction)):
        return
    kinds = {one.name: one.args.pop("kind") for one in tree.this.expressions if one.args.get("kind")}
    for column in list(tree.expression.find_all(exp.Column)):
        if column.name in kinds:
            column.replace(exp.cast(column.copy(), kinds[column.name].copy()))


def _correct(node: exp.Expression) -> exp.Expression | None:
    for rule in (_bare_table, _bare_call, _single_draw, _null_free_count, _composed_text, _no_key, _no_properties):
        changed = rule(node)
        if changed is not node:
            return changed
    return node


def _bare_table(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.Table) and node.args.get("db"):
        node.set("db", None)
        node.set("catalog", None)
    return node


def _bare_call(node: exp.Expression) -> exp.Expression:
    """`project`.`dataset`.`f`(x) -> f(x); also where a field of the result follows."""
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Anonymous) and _is_path(node.this):
        node.expression.set("this", node.expression.name)
        return node.expression
    return node


def _is_path(node: exp.Expression) -> bool:
    if isinstance(node, exp.Dot):
        return _is_path(node.this) and _is_path(node.expression)
    return isinstance(node, exp.Identifier)


def _single_draw(node: exp.Expression) -> exp.Expression:
    """Keep LEAST and GREATEST of a draw single: spelt out as a CASE for NULLs, the draw would be made several times."""
    if isinstance(node, (exp.Least, exp.Greatest)) and node.find(exp.Rand):
        node.set("ignore_nulls", True)
    return node


def _null_free_count(node: exp.Expression) -> exp.Expression:
    """COUNTIF of only NULLs is 0 in GoogleSQL; DuckDB's COUNT_IF is a sum, and NULL."""
    if isinstance(node, exp.CountIf):
        return exp.Count(this=exp.If(this=node.this, true=exp.Literal.number(1)), big_int=True)
    return node


def _composed_text(node: exp.Expression) -> exp.Expression:
    """NORMALIZE(text, form): DuckDB has the composed form only, NFC, in place of NFKC as well."""
    if isinstance(node, exp.Normalize):
        return exp.Anonymous(this="NFC_NORMALIZE", expressions=[node.this])
    return node


def _no_key(node: exp.Expression) -> exp.Expression | None:
    """The key is NOT ENFORCED; DuckDB would enforce it, at the price of an index over every row."""
    return None if isinstance(node, exp.PrimaryKey) else node


def _no_properties(node: exp.Expression) -> exp.Expression | None:
    if isinstance(node, exp.ColumnConstraint) and isinstance(node.kind, exp.Properties):
        return None
    return node
