"""Counts as people and spreadsheets write them: `1000`, `1000.0`, `1,000`, `1.000,0`, `1 000`.

`1.000` and `1,000` are a thousand in one country and one in another. The separator of the file decides where it can: a
file with semicolons comes from where the comma is the decimal mark, one with commas from where the point is. A text
that stays ambiguous is refused.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_SPACES = r" '’\x{a0}\x{202f}"
_GROUPED_BY_SPACE = rf"^\d{{1,3}}(?:[{_SPACES}]\d{{3}})+(?:[.,]\d*)?$"
_POINT_GROUP, _COMMA_GROUP = r"^[1-9]\d{0,2}\.\d{3}$", r"^[1-9]\d{0,2},\d{3}$"
_POINT_GROUPS, _COMMA_GROUPS = r"^\d{1,3}(?:\.\d{3}){2,}$", r"^\d{1,3}(?:,\d{3}){2,}$"
_POINT_THEN_COMMA, _COMMA_THEN_POINT = r"^\d{1,3}(?:\.\d{3})+,\d*$", r"^\d{1,3}(?:,\d{3})+\.\d*$"
_DECIMAL_COMMA = r"^\d+,\d*$"
_COMMA_IS_DECIMAL = ";"
_COMMA_GROUPS_IN = (",",)


def ambiguous(text: "pl.Series", separator: str) -> "pl.Series":
    """Which texts may be a thousand times another number, in a file with this separator."""
    point = text.str.contains(_POINT_GROUP) & (separator != _COMMA_IS_DECIMAL)
    comma = text.str.contains(_COMMA_GROUP) & (separator not in _COMMA_GROUPS_IN)
    return point | comma


def plain(text: "pl.Series", separator: str) -> "pl.Series":
    """The texts with a decimal point and no groups; what is no such number stays as it is."""
    import polars as pl  # noqa: PLC0415

    value = pl.lit(text)
    grouped_by_point = [_POINT_GROUPS, _POINT_THEN_COMMA, *([_POINT_GROUP] if separator == _COMMA_IS_DECIMAL else [])]
    grouped_by_comma = [_COMMA_GROUPS, _COMMA_THEN_POINT, *([_COMMA_GROUP] if separator in _COMMA_GROUPS_IN else [])]
    spaced = value.str.replace_all(rf"[{_SPACES}]", "").str.replace(",", ".", literal=True)
    without_points = value.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return pl.select(
        pl.when(value.str.contains(_GROUPED_BY_SPACE))
        .then(spaced)
        .when(value.str.contains("|".join(grouped_by_point)))
        .then(without_points)
        .when(value.str.contains("|".join(grouped_by_comma)))
        .then(value.str.replace_all(",", "", literal=True))
        .when(value.str.contains(_DECIMAL_COMMA))
        .then(value.str.replace(",", ".", literal=True))
        .otherwise(value)
    ).to_series()
