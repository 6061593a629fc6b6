"""References to named tuples: compiled functions read the same fields and write to the same arrays as by value."""

from typing import Any, NamedTuple

import numba
import numpy as np
import pytest

from sim.references import Reference, by_reference


class Inner(NamedTuple):
    values: Any
    places: Any


class Outer(NamedTuple):
    record: Any
    inner: Inner
    factor: float
    flag: bool


@pytest.fixture(params=[True, False], ids=["counted", "not counted"])
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """How kernels are compiled: with and without reference counts."""
    return {} if request.param else {"_nrt": False}


def read(row: Any, place: int) -> float:
    row.record.hits += place + 1
    row.inner.values[place] += row.factor
    own = row.inner
    return own.values.sum() if row.flag else float(own.places.shape[0])


def play(records: Any, values: Any, places: Any, factor: float, flag: bool, reader: Any) -> float:
    total = 0.0
    for i in range(records.shape[0]):
        row = by_reference(Outer(records[i], Inner(values[i], places), factor, flag))
        total += reader(row, 0) + reader(row, 1)
    return total


def arguments() -> tuple[Any, ...]:
    records = np.zeros(3, np.dtype([("hits", "i8"), ("share", "f8")]))
    return records, np.arange(12.0).reshape(3, 4), np.arange(5), 0.5


@pytest.mark.parametrize(("flag", "total"), [(True, 2 * 66.0 + 3 * 1.5), (False, 30.0)])
def test_fields_are_read_and_arrays_written_through_a_reference(options: Any, flag: bool, total: float) -> None:
    records, values, places, factor = arguments()
    reader = numba.njit(**options)(read) if flag is False else numba.njit(read)  # a sum needs reference counts
    compiled = numba.njit(play)
    assert compiled(records, values, places, factor, flag, reader) == total
    assert records["hits"].tolist() == [3, 3, 3]
    assert (values[:, :2] - np.arange(12.0).reshape(3, 4)[:, :2]).tolist() == [[0.5, 0.5]] * 3
    assert (values[:, 2:] == np.arange(12.0).reshape(3, 4)[:, 2:]).all()


def test_a_field_that_is_not_there_is_named() -> None:
    @numba.njit
    def wrong(values: Any) -> Any:
        return by_reference(Inner(values, values)).colour

    with pytest.raises(numba.TypingError, match="colour"):
        wrong(np.zeros(2))


def test_types_are_equal_where_their_targets_are() -> None:
    floats, counts = numba.float64[::1], numba.int64[::1]
    same = [Reference(numba.types.NamedTuple((floats, counts), Inner)) for _ in range(2)]
    other = Reference(numba.types.NamedTuple((counts, counts), Inner))
    assert same[0] == same[1] != other
    assert len(str(other)) < 50  # it is part of the name of every function that takes one
