"""Bodies of the two functions in DuckDB's SQL, right and wrong, and a target in which one of them is replaced."""

import contextlib

import duckdb

from sim.warehouse.base import TargetSpec
from sim.warehouse.deploy import carry_out, plan
from sim.warehouse.targets import open_target

N = "(CAST(s AS DOUBLE) + f)"
P = f"(s / {N})"
NORMAL = "sqrt(-2e0 * ln(1e0 - random())) * cos(2e0 * pi() * random())"


def interval(z="1.96e0", sign="-", empty="0e0", n=N, p=P):
    """One end of the Wilson interval, as an expression."""
    centre = f"({p} + {z} * {z} / (2e0 * {n})) / (1e0 + {z} * {z} / {n})"
    half = f"{z} * sqrt({p} * (1e0 - {p}) / {n} + {z} * {z} / (4e0 * {n} * {n})) / (1e0 + {z} * {z} / {n})"
    return f"CASE WHEN s + f = 0 THEN {empty} ELSE {centre} {sign} {half} END"


LOW, HIGH = interval(), interval(sign="+", empty="1e0")
BONUS = f"1e0 / sqrt({N} + 1e0)"


def fields(lower=LOW, upper=HIGH, bonus=BONUS, cast="{}"):
    """The result of the bounds function."""
    names = ("lower_bound", "upper_bound", "exploration_bonus")
    values = (cast.format(one) for one in (lower, upper, bonus))
    return "{" + ", ".join(f"'{name}': {value}" for name, value in zip(names, values, strict=True)) + "}"


def bounds(z="1.96e0", bonus=BONUS, cast="{}", **parts):
    """The bounds function with another z, p or n, or with each field cast."""
    return fields(interval(z, "-", "0e0", **parts), interval(z, "+", "1e0", **parts), bonus, cast)


def sample(draw="random()", low=LOW, high=HIGH, clamp=True, cast="{}"):
    """The sampling function with another draw or interval."""
    value = f"{low} + ({high} - {low}) * {draw}"
    guarded = f"least(1e0, greatest(0e0, {value}))" if clamp else value
    return f"CASE WHEN s IS NULL OR f IS NULL THEN NULL ELSE {cast.format(guarded)} END"


def sample_of(z):
    """The sampling function with another z."""
    return sample(low=interval(z), high=interval(z, "+", "1e0"))


def deployed(file):
    """A DuckDB file with tables and functions as deployed; its specification."""
    spec = TargetSpec("duckdb", str(file))
    with open_target(spec) as target:
        carry_out(target, plan(target))
    return spec


@contextlib.contextmanager
def replaced(spec, function, body, arguments="s, f"):
    """The target of `spec`, open for reading, while one function has another body; restored afterwards."""
    with duckdb.connect(spec.place) as connection:
        connection.execute(f"CREATE OR REPLACE MACRO {function}({arguments}) AS ({body})")
    with open_target(spec, read_only=True) as target:
        yield target
