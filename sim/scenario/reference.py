"""`docs/scenario.md`, written from the schema: python -m sim.scenario.reference > docs/scenario.md"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from sim.scenario.document import MAX_BYTES, MAX_DEPTH, MAX_VALUES
from sim.scenario.model import SCENARIOS
from sim.scenario.rules import MAX_REPLICATION_SENDS, MAX_ROW_ARMS, MAX_ROWS, MAX_WORK
from sim.scenario.schema import scenario_schema

INTRODUCTION = f"""# Scenario reference

Written from the models by `python -m sim.scenario.reference > docs/scenario.md`; a test keeps the two equal.
`python -m sim scenarios show quickstart` prints a scenario to start from, `scenarios check FILE` lists everything that
is wrong with one, `scenarios schema` prints the JSON Schema of this format, which makes editors complete and check it.

A scenario is one YAML 1.2 document in UTF-8: `on`, `yes` and `12:30` are text, `1e4` is a number, and does for a count
too. Unknown and duplicate keys, NaN, infinities, anchors, aliases, tags and further documents are refused, and so is a
file above {MAX_BYTES // 1024} KiB, {MAX_VALUES:,} values or {MAX_DEPTH} levels. All problems are reported at once, each
as `file:line: key: message`.

**Overrides.** `--set KEY.PATH=VALUE` changes one value before anything is checked: `--set replications=20`,
`--set world.means.0=0.3`, `--set policies.0.z=2.58`, `--set 'horizon={{pulls: 500}}'`. The value is YAML; lists are
indexed from 0, and the index after the last appends.

**Files.** A relative `world.source` is looked for beside the scenario's file first, and then, as one given by `--set`,
in the current directory.

**Digest.** The SHA-256 of the content with every default filled in. Layout, comments, key order and the place of the
scenario's file do not enter it; a table world's source enters by its bytes, not by its name.

**Sizes.** A scenario may evaluate at most {MAX_WORK:.0e} arm scores (decisions × arms × replications × policies) and
write at most {MAX_ROWS:.0e} rows of curves, caption statistics or sends. One replication may have at most
{MAX_ROW_ARMS:.0e} captions, and {MAX_REPLICATION_SENDS:.0e} sends where they are recorded.

In the tables, a dash for the default means that the key must be given wherever its section is.
"""
RULES = """Exactly one of `not_worse_than`, `better_than`, `at_most` and `at_least` is given. `better_than`, `at_most`,
`at_least`, and `not_worse_than` with a `margin`, must be shown by the one-sided bound at `confidence`.
`not_worse_than` without a margin passes unless the opposite is shown. `revenue_usd` exists in the traffic world
only. A failed check makes `run` exit with 1; the results are written all the same."""
ENTRIES = """An entry is a kind, or a mapping of `kind`, `name` (the kind by default; unique) and its parameters:
"""


def reference() -> str:
    """The whole page."""
    schema = scenario_schema()
    return "\n".join(_page(schema)) + "\n"


def _page(schema: dict[str, Any]) -> Iterator[str]:
    any_world = schema["$defs"][next(iter(SCENARIOS.values())).__name__]
    yield INTRODUCTION
    yield from _section("Top level", any_world["properties"], schema["required"])
    yield from _model(schema, "`horizon`", any_world["properties"]["horizon"])
    for kind, model in SCENARIOS.items():
        sections = schema["$defs"][model.__name__]["properties"]
        yield from _model(schema, f"`world` of kind `{kind}`", sections["world"])
        yield from _model(schema, f"`feedback` in a {kind} world", sections["feedback"])
        if sections["selection"].get("type") != "null":
            yield from _model(schema, f"`selection` in a {kind} world", sections["selection"])
    yield from _model(schema, "`record`", any_world["properties"]["record"])
    yield from _model(schema, "`checks`", any_world["properties"]["checks"])
    yield f"{RULES}\n"
    yield from _policies(schema)


def _policies(schema: dict[str, Any]) -> Iterator[str]:
    yield "## `policies`\n"
    yield ENTRIES
    yield "| kind | parameters |\n|---|---|"
    for name, definition in schema["$defs"].items():
        if name.startswith("policy_"):
            known = {key: item for key, item in definition["properties"].items() if key not in ("kind", "name")}
            described = "; ".join(f"`{key}` = {_default(item)}: {item['description']}" for key, item in known.items())
            yield f"| `{name.removeprefix('policy_')}` | {_cell(described or 'none')} |"


def _model(schema: dict[str, Any], title: str, item: dict[str, Any]) -> Iterator[str]:
    """A table of the keys of the model that an item refers to, and of the models inside it, dotted."""
    definition = _inner(schema, item) or {}
    yield f"## {title}\n"
    yield f"{definition['description']}\n"
    yield "| key | value | default | meaning |\n|---|---|---|---|"
    yield from _rows(schema, definition, "")
    yield ""


def _section(title: str, properties: dict[str, Any], required: list[str]) -> Iterator[str]:
    yield f"## {title}\n\n| key | value | default | meaning |\n|---|---|---|---|"
    for key, item in properties.items():
        default = "—" if key in required else _default(item) if _is_plain(item) else "see below"
        yield f"| `{key}` | {_cell(_value(item))} | {default} | {_cell(item.get('description', 'See below.'))} |"
    yield ""


def _rows(schema: dict[str, Any], definition: dict[str, Any], prefix: str) -> Iterator[str]:
    required = definition.get("required", [])
    for key, item in definition["properties"].items():
        inner = _inner(schema, item)
        description = item.get("description") or (inner or {}).get("description", "")
        default = "—" if key in required else _default(item)
        if "$ref" not in item:
            yield f"| `{prefix}{key}` | {_cell(_value(item))} | {default} | {_cell(description)} |"
        if inner is not None:
            yield from _rows(schema, inner, f"{prefix}{key}." if not _listed(item) else f"{prefix}{key}[].")


def _inner(schema: dict[str, Any], item: dict[str, Any]) -> dict[str, Any] | None:
    """The model that a key holds, directly, optionally or in a list."""
    for part in (item, item.get("items", {}), *item.get("anyOf", []), *item.get("oneOf", [])):
        if "$ref" in part:
            found: dict[str, Any] = schema["$defs"][part["$ref"].rsplit("/", 1)[1]]
            return found
    return None


def _is_plain(item: dict[str, Any]) -> bool:
    return "default" in item and not isinstance(item["default"], (dict, list)) and item.get("type") != "null"


def _listed(item: dict[str, Any]) -> bool:
    return item.get("type") == "array"


def _value(item: dict[str, Any]) -> str:
    """What may stand there."""
    if "enum" in item or "const" in item:
        return " \\| ".join(f"`{_text(word)}`" for word in item.get("enum", [item.get("const")]))
    choices = item.get("oneOf") or item.get("anyOf")
    if choices and "type" not in item:
        return " or ".join(_value(part) for part in choices if part.get("type") != "null")
    if item.get("type") == "array":
        return f"list{_size(item)}{_of(item)}"
    words = {"integer": "whole number", "number": "number", "boolean": "`true` \\| `false`", "string": "text"}
    return words.get(item.get("type", ""), "mapping") + _range(item)


def _of(item: dict[str, Any]) -> str:
    words = {"number": "numbers", "integer": "whole numbers", "array": "lists"}
    kind = words.get(item.get("items", {}).get("type", ""), "")
    return f", {kind}{_range(item['items'])}" if kind else ""


def _size(item: dict[str, Any]) -> str:
    low, high = item.get("minItems"), item.get("maxItems")
    return f" of {low}" if low is not None and low == high else ""


def _range(item: dict[str, Any]) -> str:
    low, high = item.get("minimum", item.get("exclusiveMinimum")), item.get("maximum", item.get("exclusiveMaximum"))
    if low is None and high is None:
        return ""
    left, right = "(" if "exclusiveMinimum" in item else "[", ")" if "exclusiveMaximum" in item else "]"
    return f" in {left}{'−∞' if low is None else f'{low:.15g}'}, {'∞' if high is None else f'{high:.15g}'}{right}"


def _default(item: dict[str, Any]) -> str:
    value = item.get("default")
    if value is None:
        return "none"
    text = _text(value)
    return f"`{text}`" if len(text) <= 60 else "see `scenarios show`"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace(" | ", " \\| ")


if __name__ == "__main__":
    sys.stdout.write(reference())
