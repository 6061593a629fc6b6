"""Page names that look the same: which pairs are one page, which may be two."""

import polars as pl
import pytest

from sim.warehouse.base import STATS, TargetSpec
from sim.warehouse.targets import open_target
from sim.warehouse.verify import Options, verify
from sim.warehouse.verify.spellings import LOOKALIKES, check_spellings, decoded, folded, judge
from verify.rows import right_rows

ONE_PAGE = {
    "full-width digits": ("page_01", "page_\uff10\uff11"),
    "a ligature": ("fiona", "\ufb01ona"),
    "the Kelvin sign": ("kate", "\u212aate"),
    "sharp s": ("strasse", "stra\u00dfe"),
    "long s": ("susan", "\u017fusan"),
    "composed and decomposed": ("zo\u00eb", "zoe\u0308"),
    "a combining grapheme joiner": ("page_01", "page\u034f_01"),
    "a variation selector": ("page_01", "page_01\ufe0f"),
    "a Hangul filler": ("page_01", "page_01\u3164"),
    "a braille blank": ("page_01", "page_01\u2800"),
    "Cyrillic a": ("anna", "\u0430nna"),
    "Greek omicron": ("zoe", "z\u03bfe"),
    "Cyrillic capitals": ("ANNA", "\u0410NNA"),
    "UTF-8 read as Latin-1": ("zo\u00eb", "zo\u00c3\u00ab"),
    "case": ("Anna", "anna"),
    "a blank": ("anna", "anna "),
}


@pytest.mark.parametrize("kind", ONE_PAGE)
def test_two_spellings_of_a_page_fail_and_are_shown_escaped(kind):
    result = judge(["other", *ONE_PAGE[kind]])
    assert result.status == "fail"
    assert ascii(ONE_PAGE[kind][0]) in result.detail
    assert result.detail.isascii()


@pytest.mark.parametrize("name", ["", " ", "NULL", "None", "nan", "\u200b"])
def test_a_name_that_says_nothing_fails(name):
    assert judge(["anna", name]).status == "fail"


@pytest.mark.parametrize("pair", [("zoe", "zo\u00eb"), ("anna_b", "anna-b"), ("anna_b", "annab"), ("anna", "@anna")])
def test_names_that_may_be_two_accounts_are_a_warning(pair):
    assert judge(pair).status == "warn"


@pytest.mark.parametrize(
    "names",
    [[], ["page_0001", "page_0002"], ["page_1", "page_01"], ["\u0430\u043d\u043d\u0430", "lara"], ["a", "\u00e9"]],
)
def test_names_of_different_pages_pass(names):
    assert judge(names).status == "pass"


def test_many_pairs_are_counted():
    names = [f"page_{i}" for i in range(9)]
    assert judge([*names, *map(str.upper, names)]).detail.endswith("and 6 more")


def test_folding_is_idempotent_and_decoding_leaves_right_text():
    for name in ("Stra\u00dfe", "\ufb01ona", "zo\u00eb", "\u0130ris", "\u1e9eA"):
        assert folded(folded(name)) == folded(name)
        assert decoded(name) == folded(name)


def put(folder, names):
    (folder / STATS).mkdir()
    rows = right_rows(rows=60, pages=len(names))
    renamed = rows.with_columns(pl.col("page_name").replace({f"page_{i:04d}": name for i, name in enumerate(names)}))
    renamed.write_parquet(folder / STATS / "a.parquet")
    return TargetSpec("parquet", str(folder))


def test_the_names_of_a_table_are_compared(tmp_path):
    with open_target(put(tmp_path, ["anna", "\u0430nna", "lara"]), read_only=True) as target:
        [result] = [one for one in verify(target, Options(only=("contents",))) if one.name == LOOKALIKES.name]
        assert result.status == "fail"
        assert [one.status for one in check_spellings(target, STATS, part=True)] == ["skip"]
        assert [one.status for one in check_spellings(target, "none", part=False)] == ["skip"]
