"""The project's SQL, in GoogleSQL: the one authority on tables and functions, for every engine.

`ddl/` makes the tables, `udf/` the functions (`udf/candidates/` those that may replace the deployed sampler), `views/`
the posteriors that may replace it, `checks/` asks one question a file and answers with rows (check, status, detail),
`probes/` fetches numbers to be judged elsewhere, `load/` serves the loaders, `jobs/` holds scripts of several
statements (see `statements`). A statement names what varies as `${parameter}`; `read` fills that in, after each value
has passed the identifier grammar (or is a finite number): nothing else reaches a statement.
"""

import math
import re
from importlib.resources import files
from string import Template

Parameter = str | int | float

PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", re.ASCII)
DATASET = re.compile(r"[A-Za-z0-9_]{1,1024}", re.ASCII)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}", re.ASCII)
CANDIDATES = "udf/candidates"
VIEWS = "views"
_GRAMMAR = {"project": PROJECT, "dataset": DATASET}


def names(folder: str = "") -> list[str]:
    """Every statement as `folder/name`, sorted; of one folder where given."""
    folders = [folder] if folder else ["checks", "ddl", "load", "probes", "udf", CANDIDATES, VIEWS]
    return sorted(
        f"{one}/{entry.name.removesuffix('.sql')}"
        for one in folders
        for entry in files(__name__).joinpath(one).iterdir()
        if entry.name.endswith(".sql")
    )


def function(name: str) -> str:
    """Which statement creates a function: `udf/name`, or that of a candidate."""
    candidate = f"{CANDIDATES}/{name}"
    return candidate if candidate in names(CANDIDATES) else f"udf/{name}"


def text(name: str) -> str:
    """The statement `folder/name` as it stands in its file, parameters unfilled; KeyError if there is none."""
    if not re.fullmatch(r"[a-z]+(/[a-z]+)?/[a-z0-9_]+", name):
        raise KeyError(name)
    entry = files(__name__).joinpath(*f"{name}.sql".split("/"))
    if not entry.is_file():
        raise KeyError(name)
    return entry.read_text(encoding="utf-8")


def read(name: str, **parameters: Parameter) -> str:
    """The statement `folder/name` with its parameters filled in.

    Strings are identifiers (`project`, `dataset`, else the name of a table or column); numbers become literals.
    Raises KeyError for an unknown statement or a missing parameter, ValueError for a value outside the grammar.
    """
    return fill(text(name), **parameters)


def fill(statement: str, **parameters: Parameter) -> str:
    """Any statement with its parameters filled in; raises as `read` does."""
    return Template(statement).substitute({key: _literal(key, value) for key, value in parameters.items()})


def statements(name: str, **parameters: Parameter) -> list[str]:
    """The statements of a script, in order, each without its final semicolon; arguments and errors as `read`.

    A statement ends with a semicolon at the end of a line.
    """
    parts = re.split(r";[ \t]*(?:\n|$)", read(name, **parameters))
    return [part for part in parts if _code(part)]


def _code(part: str) -> str:
    return "".join(line for line in part.splitlines() if not line.lstrip().startswith("--")).strip()


def identifier(kind: str, value: str) -> str:
    """`value`, if it is a valid identifier of its kind (`project`, `dataset`, or any other name); else ValueError."""
    if not _GRAMMAR.get(kind, NAME).fullmatch(value):
        raise ValueError(f"{kind}: {value!r} is not a plain identifier")
    return value


def _literal(key: str, value: Parameter) -> str:
    if isinstance(value, str):
        return identifier(key, value)
    if isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{key}: {value!r} is not a finite number")
    # An exponent keeps a number FLOAT64 on every engine; without one it may become a decimal.
    return str(int(value)) if isinstance(value, int) else f"{value:.17e}"
