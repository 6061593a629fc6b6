"""GoogleSQL itself (the zetasql wheel), in the external product mode of BigQuery: an analyser and an evaluator."""

import importlib.metadata
import os
import platform
import re
from pathlib import Path

import numpy as np
from filelock import FileLock

import sql
from sim.warehouse.schema import described

PROJECT, DATASET = "local-warehouse", "main"
TABLES = tuple(name.removeprefix("ddl/") for name in sql.names("ddl"))
FIELDS = ("lower_bound", "upper_bound", "exploration_bonus")


def compiled_module_file() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "caption-bandit-sim"
    cache.mkdir(parents=True, exist_ok=True)
    versions = "-".join(importlib.metadata.version(name) for name in ("zetasql", "wasmtime"))
    return cache / f"zetasql-{versions}-{platform.machine()}.cwasm"


class CachedModule:
    """Stands in for wasmtime's Module in the wheel: compiled once a machine, then read back in a second."""

    @staticmethod
    def from_file(engine, path):
        import wasmtime

        file = compiled_module_file()
        with FileLock(file.with_suffix(".lock")):
            if file.exists():
                try:
                    return wasmtime.Module.deserialize_file(engine, str(file))
                except wasmtime.WasmtimeError:
                    file.unlink()  # of another processor, or cut short
            module = wasmtime.Module.from_file(engine, path)
            temporary = file.with_suffix(".part")
            temporary.write_bytes(module.serialize())
            temporary.replace(file)
            return module


class GoogleSQL:
    """The analyser and the evaluator, over a catalog of our tables and functions."""

    def __init__(self):
        import zetasql.core.wasm_client as client
        from zetasql.core import ZetaSqlLocalService

        original = client.Module
        client.Module = CachedModule
        try:
            self.service = ZetaSqlLocalService.get_instance()
        finally:
            client.Module = original
        self.language = self._language()

    @staticmethod
    def _language():
        from zetasql.types import LanguageFeature, LanguageOptions, ProductMode

        options = LanguageOptions.maximum_features()
        options.product_mode = ProductMode.PRODUCT_EXTERNAL
        options.enabled_language_features = [
            one for one in options.enabled_language_features if one != LanguageFeature.FEATURE_SPANNER_LEGACY_DDL
        ]
        options.supported_statement_kinds = []
        return options

    def options(self):
        from zetasql.types import AnalyzerOptions

        return AnalyzerOptions(language_options=self.language)

    def catalog(self, *tables):
        from zetasql.api import CatalogBuilder
        from zetasql.types import SimpleCatalog, ZetaSQLBuiltinFunctionOptions

        builder = CatalogBuilder("root").with_builtin_functions(
            ZetaSQLBuiltinFunctionOptions(language_options=self.language)
        )
        for table in tables:
            builder.add_table(table)
        catalog = builder.build()
        dataset = SimpleCatalog(name=DATASET, table=[_table(name) for name in TABLES])
        dataset.custom_function = [_function("wilson_score_bounds"), _function("wilson_sample")]
        catalog.catalog = [SimpleCatalog(name=PROJECT, catalog=[dataset])]
        return catalog

    def evaluate(self, query, s, f):
        """FLOAT64 columns of a query over `pairs(successes, failures)`, by GoogleSQL's reference engine."""
        from zetasql.api import PreparedQuery, TableBuilder, create_table_content
        from zetasql.types import TypeKind

        table = TableBuilder("pairs").add_column("successes", TypeKind.TYPE_INT64)
        table.add_column("failures", TypeKind.TYPE_INT64)
        rows = [[int(one), int(other)] for one, other in zip(s, f, strict=True)]
        builder = PreparedQuery.builder().set_sql(query).set_analyzer_options(self.options()).set_service(self.service)
        builder.set_catalog(self.catalog(table.build())).set_table_content({"pairs": create_table_content(rows)})
        with builder.prepare() as prepared:
            answer = prepared.execute().content.table_data.row
        return np.array([[cell.double_value for cell in row.cell] for row in answer])

    def rows(self, query, **tables):
        """Rows of a query, of INT64, FLOAT64 and STRING columns; a table is (columns with their kinds, rows)."""
        from zetasql.api import PreparedQuery, TableBuilder, create_table_content

        builders = []
        for name, (columns, _) in tables.items():
            builder = TableBuilder(name)
            for column, kind in columns.items():
                builder.add_column(column, _kind(kind))
            builders.append(builder.build())
        content = {name: create_table_content(rows) for name, (_, rows) in tables.items()}
        builder = PreparedQuery.builder().set_sql(query).set_analyzer_options(self.options()).set_service(self.service)
        with builder.set_catalog(self.catalog(*builders)).set_table_content(content).prepare() as prepared:
            return [[_plain(cell) for cell in row.cell] for row in prepared.execute().content.table_data.row]

    def analyse(self, statement, *tables):
        from zetasql.api import Analyzer

        return Analyzer(self.options(), self.catalog(*tables), self.service).analyze_statement(statement)

    def analyse_script(self, statements):
        """Every statement of a script in turn; later ones see the temporary tables of earlier ones."""
        from zetasql.api import TableBuilder

        tables, resolved = [], []
        for statement in statements:
            if re.match(r"(BEGIN|COMMIT) TRANSACTION$", _without_comments(statement)):
                continue  # the analyser knows them, but the wheel has no service for a transaction
            one = self.analyse(statement, *tables)
            resolved.append(type(one).__name__)
            if "CREATE OR REPLACE TEMP TABLE" in statement:
                table = TableBuilder(re.search(r"TEMP TABLE (\w+)", statement)[1])
                for column in one.column_definition_list:
                    table.add_column(column.name, column.column.type.type_kind)
                tables.append(table.build())
        return resolved


def _without_comments(statement):
    return "\n".join(line for line in statement.splitlines() if not line.startswith("--")).strip()


def _kind(name):
    from zetasql.types import TypeKind

    return getattr(TypeKind, {"FLOAT64": "TYPE_DOUBLE"}.get(name, f"TYPE_{name}"))


def _plain(cell):
    values = (getattr(cell, f"{kind}_value", None) for kind in ("string", "int64", "double"))
    return next((value for value in values if value is not None), None)


def _table(name):
    from zetasql.api import TableBuilder

    builder = TableBuilder(name)
    for column in described(name).columns:
        builder.add_column(column.name, _kind(column.type))
    return builder.build()


def _function(name):
    from zetasql.api import FunctionBuilder, SignatureBuilder, TypeFactory
    from zetasql.types import TypeKind

    double = TypeFactory.create_simple_type(TypeKind.TYPE_DOUBLE)
    struct = TypeFactory.create_struct_type([(field, double) for field in FIELDS])
    signature = SignatureBuilder().set_return_type(struct if name == "wilson_score_bounds" else double)
    signature = signature.add_argument(TypeKind.TYPE_INT64).add_argument(TypeKind.TYPE_INT64).build()
    for argument in (*signature.argument, signature.return_type):
        argument.num_occurrences = 1  # the wheel's builder leaves it at 0, which the engine refuses
    return FunctionBuilder(name).add_signature(signature).build()
