"""Sorted arrays against Python lists."""

import bisect

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.worlds.sorted_arrays import delete_at, insert_at, insert_sorted, push_top_k, remove_sorted

VALUES = st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 7.25]), max_size=30)


@given(VALUES, st.randoms())
def test_inserting_and_removing_keep_the_order(values, random):
    array, kept, size = np.full(len(values) + 1, np.nan), [], 0
    for value in values:
        size = insert_sorted(array, size, value)
        bisect.insort(kept, value)
        if random.random() < 0.4:
            gone = random.choice(kept)
            kept.remove(gone)
            size = remove_sorted(array, size, gone)
        assert array[:size].tolist() == kept


@given(VALUES, st.integers(1, 6))
def test_the_k_largest_stay(values, k):
    array = np.zeros(k)
    for value in values:
        if value > array[k - 1]:
            push_top_k(array, k, value)
    assert array.tolist() == (sorted(values, reverse=True) + [0.0] * k)[:k]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=10), st.data())
def test_inserting_and_deleting_at_a_place_move_the_rest(values, data):
    place = data.draw(st.integers(0, len(values)))
    array = np.array([*values, -1])
    insert_at(array, len(values), place, 42)
    assert array.tolist() == [*values[:place], 42, *values[place:]]
    assert delete_at(array, len(array), place) == len(values)
    assert array[: len(values)].tolist() == values
