"""Which functions are deployed: the project's, others that give the same results, or others that do not."""

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sim.warehouse.base import Routine, Target
from sim.warehouse.deploy import CANDIDATES as FUNCTIONS
from sim.warehouse.deploy import VIEWS
from sim.warehouse.translate import parse
from sim.warehouse.verify.checks import REDEPLOY, Check
from sim.warehouse.verify.results import Result, Status
from sim.warehouse.verify.sampler import Cell
from sim.warehouse.verify.uniformity import kolmogorov_smirnov

Numbers = NDArray[np.float64]
INTERIOR = ((1, 1), (10, 90), (90, 10))  # where the suspects differ from each other most
SUSPICION = 1e-6  # a suspect is named unless the draws reject it at this level


def _declare(name: str, function: str) -> Check:
    question = f"Is the deployed {function} the project's, or one that gives the same results?"
    return Check(name, "identity", question, f"The project's {function} is not there: absent or replaced.", REDEPLOY)


BOUNDS = _declare("identity_bounds", "wilson_score_bounds")
SAMPLE = _declare("identity_sample", "wilson_sample")
CANDIDATES = Check(
    "identity_candidates",
    "identity",
    "Are the candidate functions and views that are deployed the project's?",
    "A candidate was replaced: selections by it do not follow the policy of its name.",
    "Run `deploy --candidates --replace`.",
)
FUNCTION = {BOUNDS: "wilson_score_bounds", SAMPLE: "wilson_sample"}
CHECKS = (BOUNDS, SAMPLE, CANDIDATES)


def check_identity(target: Target, check: Check, behaviour: Sequence[Result] = (), cause: str = "") -> Result:
    """Compare the body; of another one say whether `behaviour` has failures, and the known mistake (`cause`)."""
    function = FUNCTION[check]
    found = target.routine(function)
    if found is None:
        return Result(check, Status.FAIL, f"{function} does not exist in {target.spec}")
    if typed := _wrong_signature(found, target.spec.kind):
        return Result(check, Status.FAIL, f"{function} {typed}", typed)
    if target.same_body(found.body, target.expected_body(function)):
        return Result(check, Status.PASS, f"{function} is the project's")
    dependences = hidden_behind(target, found.body)
    if dependences:
        cause = f"a function that depends on {', '.join(dependences)}"
        return Result(check, Status.FAIL, f"{function} was replaced by another function; it looks like {cause}", cause)
    failing = sorted({one.name for one in behaviour if one.status is Status.FAIL})
    if not failing:
        return Result(check, Status.WARN, f"{function} has another text, but gives the same results")
    looks = f"; it looks like {cause}" if cause else ""
    detail = f"{function} was replaced by another function{looks} (failing: {', '.join(failing)})"
    return Result(check, Status.FAIL, detail, cause)


def check_candidates(target: Target) -> Result:
    """Compare the bodies of the candidates that are there; none have to be."""
    bodies = {name: (found.body, target.expected_body(name)) for name in FUNCTIONS if (found := target.routine(name))}
    bodies |= {name: (query, target.expected_view(name)) for name in VIEWS if (query := target.view(name))}
    other = [name for name, (found, wanted) in bodies.items() if not target.same_body(found, wanted)]
    if other:
        return Result(CANDIDATES, Status.FAIL, f"{', '.join(other)}: replaced by another of the same name")
    if not bodies:
        return Result(CANDIDATES, Status.SKIP, "none is deployed; `deploy --candidates` creates them")
    return Result(CANDIDATES, Status.PASS, f"{', '.join(bodies)}: the project's")


def _wrong_signature(found: Routine, kind: str) -> str:
    """What is wrong with the argument and result types; empty where they are right, or the engine keeps none."""
    kinds = [one for _, one in found.arguments]
    if len(kinds) != 2:
        return f"takes {len(kinds)} arguments in place of 2"
    if kind == "bigquery" and kinds != ["INT64", "INT64"]:
        return f"takes arguments of type {', '.join(kinds)} in place of INT64, INT64"
    return ""


def hidden_inputs(body: str, dialect: str) -> list[str]:
    """What a body reads besides its arguments and RAND(): the clock, a session, a table; empty if it does not parse."""
    try:
        tree = parse(body, dialect)
    except SqlglotError:
        return []
    named = _called(tree)
    found = {what for what, pattern in _HIDDEN.items() if any(map(pattern.fullmatch, named))}
    return sorted(found | {f"the table {one.name}" for one in tree.find_all(exp.Table) if one.name})


def _called(tree: exp.Expression) -> set[str]:
    """The functions of an expression, in capitals, without underscores: sqlglot knows some by class, some by name."""
    nodes = tree.find_all(exp.Func)
    return {
        (one.name if isinstance(one, exp.Anonymous) else type(one).__name__).upper().replace("_", "") for one in nodes
    }


_HIDDEN = {
    "the clock": re.compile(
        r"NOW|TODAY|AGE|(GET)?CURRENT(LOCAL)?(TIME|DATE)\w*|LOCALTIME\w*|(TRANSACTION|STATEMENT|CLOCK)TIMESTAMP|UUIDV7"
    ),
    "the session": re.compile(
        r"SESSIONUSER|CURRENT(USER|ROLE|DATABASE|CATALOG|SCHEMAS?|VERSION|SETTING|QUERY(ID)?|(CONNECTION|TRANSACTION)ID)"
        r"|VERSION|GETENV|GETVARIABLE|INSEARCHPATH|NEXTVAL|CURRVAL|SETSEED|TXIDCURRENT"
    ),
}


def hidden_behind(target: Target, body: str, seen: frozenset[str] = frozenset()) -> list[str]:
    """`hidden_inputs` of a body and of the warehouse's own functions that it calls."""
    dialect = "duckdb" if target.spec.kind == "duckdb" else "bigquery"
    found = set(hidden_inputs(body, dialect))
    for name in sorted(_unknown(body, dialect) - seen):
        if (behind := target.routine(name)) is not None:
            found |= set(hidden_behind(target, behind.body, seen | {name}))
    return sorted(found)


def _unknown(body: str, dialect: str) -> set[str]:
    """Names of functions that sqlglot does not know: the warehouse's own may be among them."""
    try:
        return {one.name for one in parse(body, dialect).find_all(exp.Anonymous) if one.name.isidentifier()}
    except SqlglotError:
        return set()


def name_sampler(cells: list[Cell]) -> str:
    """The known mistaken sampler that the draws agree with in the interior cells; empty if none."""
    interior = [cell for cell in cells if (cell.successes, cell.failures) in INTERIOR]
    for name, distribution in SUSPECTS.items():
        if all(_agrees(cell, distribution) for cell in interior):
            return name
    return "one draw shared by all rows" if all(np.ptp(cell.draws) == 0.0 for cell in interior) else ""


Distribution = Callable[[Cell, Numbers], Numbers]


def _agrees(cell: Cell, distribution: Distribution) -> bool:
    return kolmogorov_smirnov(distribution(cell, cell.draws)) > SUSPICION


def _normal(cell: Cell, x: Numbers) -> Numbers:
    """mean + 0.2 × Beta standard deviation × normal, clamped: the variant of the production facts, section 1."""
    from scipy.special import ndtr  # noqa: PLC0415

    n = cell.successes + cell.failures
    mean = cell.successes / n
    spread = 0.2 * np.sqrt(mean * (1.0 - mean) / (n + 1.0))
    return np.where(x >= 1.0, 1.0, np.where(x < 0.0, 0.0, ndtr((x - mean) / spread)))


def _beta(extra: int) -> Distribution:
    def distribution(cell: Cell, x: Numbers) -> Numbers:
        from scipy.special import betainc  # noqa: PLC0415

        shares = np.clip(x, 0.0, 1.0)
        return np.asarray(betainc(cell.successes + extra, cell.failures + extra, shares))

    return distribution


def _uniform(low: float, high: float, x: Numbers) -> Numbers:
    return np.clip((x - low) / (high - low), 0.0, 1.0)


def _swapped(cell: Cell, x: Numbers) -> Numbers:
    return _uniform(1.0 - cell.upper, 1.0 - cell.lower, x)


SUSPECTS: dict[str, Distribution] = {
    "the normal variant (mean + 0.2 × Beta standard deviation × normal)": _normal,
    "a Beta(successes, failures) draw": _beta(0),
    "a Beta(successes + 1, failures + 1) draw": _beta(1),
    "the uniform draw with successes and failures swapped": _swapped,
    "a uniform draw on [0, 1], whatever the counts": lambda _, x: _uniform(0.0, 1.0, x),
}
