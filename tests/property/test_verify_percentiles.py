"""The order proof of percentiles says right exactly where every row has the percentile of its rank."""

import itertools
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.warehouse.verify.row_kernel import COUNTED, PAGE, PERCENTILES, record_rank
from sim.warehouse.verify.row_scan import Part, Tally

EMVS = st.lists(st.sampled_from([None, 0.0, 0.5, 1.0, 1.5, 2.0, 7.25]), min_size=1, max_size=30)
TABLES = st.lists(EMVS, min_size=1, max_size=4)  # avg_emv of the rows of each page


def exact(emvs):
    """100 · PERCENT_RANK() of each row of a page; NULLs rank first."""
    values = [-math.inf if one is None else one for one in emvs]
    return [100.0 * sum(two < one for two in values) / max(len(values) - 1, 1) for one in values]


def batch(rows):
    """The part that a batch of rows (page, emv, percentile) gives, by the kernel's own functions."""
    names = list(dict.fromkeys(page for page, _, _ in rows))
    spans = np.zeros((4, len(names), PERCENTILES))
    spans[0], spans[1] = np.inf, -np.inf
    counts = np.zeros(len(COUNTED), dtype=np.int64)
    emv = np.array([0.0 if one is None else one for _, one, _ in rows])
    known = np.packbits(np.array([one is not None for _, one, _ in rows]), bitorder="little")
    nothing = np.empty(0, dtype=np.uint8)
    masks = tuple(known if column == 9 else nothing for column in range(PAGE + 1))
    offsets = np.zeros(PAGE + 1, dtype=np.int64)
    percentiles = np.array([one for _, _, one in rows], dtype=np.int64)
    zeros = np.zeros(len(rows))
    ints, reals = (zeros,) * 6 + (percentiles,), (zeros, zeros, emv, zeros, zeros, zeros, zeros)
    for i, (page, _, _) in enumerate(rows):
        record_rank(names.index(page), ints, reals, masks, offsets, counts, spans, i)
    run, rank = np.nonzero(spans[2])
    keys = np.zeros((len(names), 3), dtype=np.int64)
    return Part(counts, names, keys, np.array([run, rank, *spans[:, run, rank]]))


def judged(rows, cuts):
    """What the scan says of rows that come in batches, cut at some places."""
    tally = Tally()
    places = sorted({0, len(rows), *(cut % (len(rows) + 1) for cut in cuts)})
    for start, stop in itertools.pairwise(places):
        tally.add(batch(rows[start:stop]))
    return tally.ranks_right and not tally.counts["unranked"]


def by_definition(rows):
    """Whether all percentiles are truncated, or all are rounded, ranks."""
    pages = {page: [emv for other, emv, _ in rows if other == page] for page, _, _ in rows}
    ranks = {page: iter(exact(emvs)) for page, emvs in pages.items()}
    wanted = np.array([next(ranks[page]) for page, _, _ in rows])
    gaps = np.array([percentile for _, _, percentile in rows]) - wanted
    least = np.where(wanted == 100.0, 0.0, -1.0)  # the highest rank is 100 exactly
    return bool(np.all((gaps <= 1e-9) & (gaps > least - 1e-9)) or np.all(np.abs(gaps) <= 0.5 + 1e-9))


def rows_of(table, rule):
    return [
        (page, emv, rule(rank)) for page, emvs in enumerate(table) for emv, rank in zip(emvs, exact(emvs), strict=True)
    ]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(TABLES, st.lists(st.integers(0, 200), max_size=4))
def test_right_percentiles_are_proven_right_in_any_batches(table, cuts):
    assert judged(rows_of(table, lambda rank: int(rank + 1e-9)), cuts)
    assert judged(rows_of(table, lambda rank: math.floor(rank + 0.5)), cuts)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(TABLES, st.lists(st.integers(0, 200), max_size=3), st.integers(0, 200), st.integers(-40, 40))
def test_one_changed_percentile_is_judged_as_by_definition(table, cuts, at, step):
    rows = rows_of(table, lambda rank: int(rank + 1e-9))
    page, emv, percentile = rows[at % len(rows)]
    rows[at % len(rows)] = (page, emv, min(100, max(0, percentile + step)))
    assert judged(rows, cuts) == by_definition(rows)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(EMVS.filter(lambda emvs: len(set(emvs)) > 1))
def test_percentiles_over_the_whole_table_fail_where_pages_differ(emvs):
    shifted = [None if one is None else one + 100.0 for one in emvs]
    whole = exact([*emvs, *shifted])
    rows = [(page, emv, int(rank)) for (page, emv), rank in zip(
        [*((0, one) for one in emvs), *((1, one) for one in shifted)], whole, strict=True)]  # fmt: skip
    assert judged(rows, []) == by_definition(rows)


def test_an_empty_table_has_no_wrong_percentile():
    assert Tally().ranks_right


def test_a_percentile_out_of_range_is_left_to_the_check_file():
    assert not judged([(0, 1.0, 101), (0, 2.0, 100)], [])
    assert not judged([(0, 1.0, -1), (0, 2.0, 100)], [])
