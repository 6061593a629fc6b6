"""Sorted arrays of which the first `size` values are in use: insert, remove, keep the k largest.

Plain functions of kernels. Arrays are short or change at one end, so that shifting costs less than a search tree.
"""

from typing import Any


def insert_sorted(values: Any, size: int, value: float) -> int:
    """Insert into the ascending `values[:size]`, behind equal ones; returns the new size."""
    place = size
    while place > 0 and values[place - 1] > value:
        values[place] = values[place - 1]
        place -= 1
    values[place] = value
    return size + 1


def remove_sorted(values: Any, size: int, value: float) -> int:
    """Remove one `value`, which must be there, from the ascending `values[:size]`; returns the new size."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if values[middle] < value:
            low = middle + 1
        else:
            high = middle
    return delete_at(values, size, low)


def push_top_k(values: Any, k: int, value: float) -> None:
    """Insert into the descending `values[:k]`; the smallest is dropped."""
    place = k - 1
    while place > 0 and values[place - 1] < value:
        values[place] = values[place - 1]
        place -= 1
    values[place] = value


def insert_at(values: Any, size: int, place: int, value: float) -> None:
    """Insert at `place`, whatever the order; the value at `size`, if any, is overwritten."""
    for i in range(size, place, -1):
        values[i] = values[i - 1]
    values[place] = value


def delete_at(values: Any, size: int, place: int) -> int:
    """Delete the value at `place` and close the gap; returns the new size."""
    for i in range(place, size - 1):
        values[i] = values[i + 1]
    return size - 1
