"""Terraform (provider google): tables, routines, and a scheduled query that fails where a check does."""

import json
import re

from sim.warehouse.base import Column, TableDescription
from sim.warehouse.export.content import Content, Function, alarm

HEAD = """\
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 5.0"
    }
  }
}

variable "location" {
  type    = string
  default = "US"
}

variable "service_account" {
  type        = string
  description = "Runs the scheduled checks; docs/bigquery.md lists its roles."
}
"""
FLOAT, INTEGER = "FLOAT64", "INT64"


def files(content: Content) -> dict[str, str]:
    """`main.tf`, and the statements that it reads."""
    blocks = [HEAD, *(_table(content, one) for one in content.tables)]
    blocks += [_routine(content, one) for one in content.functions]
    blocks.append(_schedule(content))
    bodies = {f"functions/{one.name}.sql": one.body + "\n" for one in content.functions}
    schemas = {f"tables/{one.name}.json": _schema(one) for one in content.tables}
    return {"main.tf": "\n".join(blocks), "checks.sql": alarm(content) + "\n", **bodies, **schemas}


def _table(content: Content, table: TableDescription) -> str:
    extra = ""
    if table.partition:
        column = re.sub(r"DATE\((.*)\)", r"\1", table.partition)
        extra += f'\n  time_partitioning {{\n    type  = "DAY"\n    field = "{column}"\n  }}\n'
    if table.cluster:
        extra += f"  clustering = {json.dumps(list(table.cluster))}\n"
    if table.primary_key:
        key = json.dumps(list(table.primary_key))
        extra += f"\n  table_constraints {{\n    primary_key {{\n      columns = {key}\n    }}\n  }}\n"
    return (
        f'resource "google_bigquery_table" "{table.name}" {{\n'
        f'  project             = "{content.project}"\n  dataset_id          = "{content.dataset}"\n'
        f'  table_id            = "{table.name}"\n  deletion_protection = true\n'
        f'  schema              = file("${{path.module}}/tables/{table.name}.json")\n{extra}}}\n'
    )


def _schema(table: TableDescription) -> str:
    return json.dumps([_column(one) for one in table.columns], indent=2) + "\n"


def _column(column: Column) -> dict[str, str]:
    kind = {FLOAT: "FLOAT", INTEGER: "INTEGER", "BOOL": "BOOLEAN"}.get(column.type, column.type)
    default = {} if column.default is None else {"defaultValueExpression": column.default}
    return {"name": column.name, "type": kind, "mode": column.mode, **default}


def _routine(content: Content, function: Function) -> str:
    arguments = "".join(
        f'\n  arguments {{\n    name      = "{name}"\n    data_type = jsonencode({{ typeKind = "{kind}" }})\n  }}\n'
        for name, kind in function.arguments
    )
    note = "  # Draws anew at every call: SQL routines have no cache of results, and no level of determinism to set.\n"
    return (
        f'resource "google_bigquery_routine" "{function.name}" {{\n{note if function.volatile else ""}'
        f'  project         = "{content.project}"\n  dataset_id      = "{content.dataset}"\n'
        f'  routine_id      = "{function.name}"\n  routine_type    = "SCALAR_FUNCTION"\n'
        f'  language        = "SQL"\n  definition_body = file("${{path.module}}/functions/{function.name}.sql")\n'
        f"  return_type     = jsonencode({_type(function.returns)})\n{arguments}}}\n"
    )


def _type(text: str) -> str:
    """A GoogleSQL type as the service's own description of it: a plain one, or STRUCT<name TYPE, …>."""
    if not text.startswith("STRUCT<"):
        return f'{{ typeKind = "{text}" }}'
    fields = [one.split() for one in text.removeprefix("STRUCT<").removesuffix(">").split(", ")]
    inner = ", ".join(f'{{ name = "{name}", type = {{ typeKind = "{kind}" }} }}' for name, kind in fields)
    return f'{{ typeKind = "STRUCT", structType = {{ fields = [{inner}] }} }}'


def _schedule(content: Content) -> str:
    return (
        'resource "google_bigquery_data_transfer_config" "checks" {\n'
        f'  project              = "{content.project}"\n  display_name         = "caption bandit checks"\n'
        '  data_source_id       = "scheduled_query"\n  location             = var.location\n'
        '  schedule             = "every 6 hours"\n  service_account_name = var.service_account\n'
        '  params = {\n    query = file("${path.module}/checks.sql")\n  }\n\n'
        "  email_preferences {\n    enable_failure_email = true\n  }\n}\n"
    )
