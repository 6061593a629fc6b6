"""No NaN comes out of any number: an extreme value of a numeric field is refused in words, or runs to finite tables.

`tests/property/test_scenario_fuzz.py` asks the same of loading alone, for every shipped scenario.
"""

import copy
import json
import math
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any, NoReturn

import polars as pl
import pytest

import sim
from reliability.harness import Tries, amounts
from sim.errors import InputError
from sim.scenario import load

pytestmark = pytest.mark.slow

NUMBERS = [math.nan, math.inf, -math.inf, -1, 0, 5e-324, 1e-320, 1e308, 2**63, -(2**63), 0.5, 1]
POLICIES = ["uniform", "wilson_sample"]
BERNOULLI: dict[str, Any] = {
    "name": "b",
    "replications": 2,
    "horizon": {"pulls": 30},
    "world": {
        "kind": "bernoulli",
        "arms": 3,
        "prior": {"beta": [1, 1]},
        "changes": [{"at": 10, "means": [0.1, 0.2, 0.3]}],
        "churn": {"probability": 0.1},
    },
    "feedback": {"refresh_every": 5, "delay": {"geometric": 3}},
    "policies": POLICIES,
    "record": {"stats": "all", "sends": True, "curve_points": 4},
}
TABLE: dict[str, Any] = {
    "name": "t",
    "replications": 2,
    "horizon": {"days": 2},
    "world": {"kind": "table", "source": "counts.csv", "sends_per_day": 4},
    "policies": POLICIES,
    "record": {"stats": "all", "sends": True, "curve_points": 4},
}
TRAFFIC: dict[str, Any] = {
    "name": "w",
    "replications": 1,
    "horizon": {"days": 2},
    "world": {"kind": "traffic", "pages": 1, "bank": {"captions": 40}},
    "policies": ["uniform"],
    "record": {"stats": "all", "sends": True, "curve_points": 2},
}
# What production meets, each with every key; run in the full form only.
EVENTFUL: dict[str, Any] = {
    **TRAFFIC,
    "name": "e",
    "replications": 2,
    "world": {
        "kind": "traffic",
        "pages": 2,
        "audience": {"draw": "stratified"},
        "bank": {
            "captions": 40,
            "price_correlation": 0.4,
            "categories": 5,
            "category_spread": 0.5,
            "historical_dollars": {"mean": 5, "cv": 1},
        },
        "sends": {"per_day": 12},
    },
    "feedback": {"cap": 50, "loads": {"every_hours": 12, "lag_hours": 1, "report_days": 1}, "label_after_hours": 2},
    "selection": {"score": "composite", "cool_down_days": 0.1},
    "incidents": [
        {"kind": "update_job_down", "from": 0.2, "days": 0.3},
        {"kind": "update_job_repeated", "from": 0.5, "days": 0.5, "times": 2},
        {"kind": "update_job_interval", "from": 1, "days": 0.5, "hours": 1},
        {"kind": "loads_late", "from": 0.2, "days": 0.5, "late_days": 1},
        {"kind": "attribution", "from": 1, "days": 0.5, "share": 0.1},
        {"kind": "audience", "from": 0.5, "days": 1, "factor": 0.5, "pages": [1]},
        {"kind": "prices", "from": 0.5, "days": 0.5, "factor": 1.25},
        {"kind": "rates", "from": 0.5, "days": 0.5, "factor": 0.28},
        {"kind": "function_replaced", "from": 1.2, "days": 0.5},
        {"kind": "partition_expiry", "from": 1.0, "after_days": 0.5},
    ],
    "policies": ["wilson_sample", "thompson_beta"],
}
BASES = [
    pytest.param(BERNOULLI, id="bernoulli"),
    pytest.param(TABLE, id="table"),
    pytest.param(TRAFFIC, id="traffic"),
    pytest.param(EVENTFUL, id="eventful", marks=pytest.mark.long),
]
Path_ = tuple[Any, ...]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a file of counts."""
    (tmp_path / "counts.csv").write_text("page_name,caption_id,trials,successes\na,1,9,1\na,2,9,4\nb,1,1,0\nb,2,1,1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fields(tree: Any, path: Path_ = ()) -> Iterator[Path_]:
    """The paths of all numbers of a tree."""
    if isinstance(tree, (dict, list)):
        for key, item in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from fields(item, (*path, key))
    elif isinstance(tree, (int, float)) and not isinstance(tree, bool):
        yield path


def changed(base: dict[str, Any], path: Path_, number: float) -> dict[str, Any]:
    """The tree with another number at one place."""
    tree = copy.deepcopy(base)
    reduce(lambda part, step: part[step], path[:-1], tree)[path[-1]] = number
    return tree


def accepted(base: dict[str, Any]) -> list[tuple[Path_, float]]:
    """Field and number of each scenario that is not refused."""
    whole = load(base).content()
    found = []
    for path in fields(whole):
        for number in NUMBERS:
            try:
                load(changed(whole, path, number))
            except InputError as error:
                assert str(error)
            else:
                assert math.isfinite(number), (path, number)
                found.append((path, number))
    return found


def require_finite(folder: Path) -> None:
    """No NaN and no infinity in any table or log; JSON without them."""
    for path in folder.rglob("*.parquet"):
        frame = pl.read_parquet(path, hive_partitioning=False, glob=False).select(pl.selectors.float())
        bad = [name for name in frame.columns if not frame[name].drop_nulls().is_finite().all()]
        assert not bad, (path.name, bad)
    json.loads((folder / "summary.json").read_text(), parse_constant=refuse)


def refuse(word: str) -> NoReturn:
    raise AssertionError(word)


@pytest.mark.parametrize("base", BASES)
@amounts(8, 10_000)
def test_what_is_accepted_gives_finite_tables(here: Path, base: dict[str, Any], amount: int, tries: Tries) -> None:
    """`amount` of the accepted scenarios, spread evenly."""
    whole, tried = load(base).content(), accepted(base)
    assert len(tried) >= 10
    chosen = tried[:: max(1, len(tried) // amount)]
    for number in tries(len(chosen)):
        path, value = chosen[number]
        try:
            sim.run(changed(whole, path, value), here / str(number), report=False, workers=1)
            require_finite(here / str(number))
        except InputError as error:  # only known when the run is planned
            assert str(error), (path, value)
        except Exception as error:
            raise AssertionError((path, value)) from error


def test_the_test_notices_a_nan(here: Path) -> None:
    run = sim.run(TABLE, here / "run", report=False)
    require_finite(run.path)
    run.replications.with_columns(regret=pl.lit(math.nan)).write_parquet(run.path / "replications.parquet")
    with pytest.raises(AssertionError, match="regret"):
        require_finite(run.path)
