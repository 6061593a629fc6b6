"""A calibration in words, for the terminal, and as plain data for `--json`."""

from dataclasses import asdict
from typing import Any

from sim.calibration.calibrate import Calibration
from sim.calibration.figures import Figure, plain

SHOWN = 4  # values of a list


def headline(found: Calibration) -> str:
    """One sentence: whether the model fits the log."""
    failed = [each.assumption for each in found.misfits if each.failed]
    checks = (*found.predictions, *found.simulations)
    far = sum(each.failed for each in checks)
    if found.fits:
        return f"The model fits the log: none of {len(found.misfits)} assumptions is contradicted."
    parts = [f"not true of this log: {'; '.join(failed)}"] if failed else []
    parts += [f"{far} of {len(checks)} quantities are far from what the model produces"] if far else []
    return f"The model does not fit the log: {'; '.join(parts)}."


def text(found: Calibration) -> str:
    """The whole answer for a terminal."""
    lines = [
        f"{found.source}: {found.messages:,} messages of {found.days} days",
        *(f"note: {note}" for note in found.notes),
        headline(found),
        *(f"  misfit: {each.assumption}: {each.meaning}" for each in found.misfits if each.failed),
        *(
            f"  misfit: {each.name}: {plain(each.observed)}; the model gives {plain(each.low)} to {plain(each.high)}"
            for each in (*found.predictions, *found.simulations)
            if each.failed
        ),
        "",
        *_figures([each for each in found.figures if each.identified]),
        "",
        "not identified (the default stands in):",
        *(f"  {each.key}: {each.note}" for each in found.figures if not each.identified),
    ]
    return "\n".join(lines)


def _figures(figures: list[Figure]) -> list[str]:
    rows = [(each.key, shown_value(each), shown_limits(each)) for each in figures]
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    return [f"{key.ljust(widths[0])}  {value.ljust(widths[1])}  {limits}".rstrip() for key, value, limits in rows]


def shown_value(figure: Figure) -> str:
    """The value; of a list its first and last."""
    if isinstance(figure.value, str):
        return figure.value
    return _ends([plain(each) for each in figure.numbers])


def shown_limits(figure: Figure) -> str:
    """The interval; of a list those of the first and the last value."""
    return _ends([f"{plain(low)} to {plain(high)}" for low, high in figure.limits])


def _ends(parts: list[str]) -> str:
    return ", ".join(parts) if len(parts) <= SHOWN else f"{parts[0]}, …, {parts[-1]}"


def data(found: Calibration) -> dict[str, Any]:
    """For `--json`."""
    return {
        "source": found.source,
        "messages": found.messages,
        "days": found.days,
        "fits": found.fits,
        "headline": headline(found),
        "figures": [asdict(each) for each in found.figures],
        "misfits": [asdict(each) | {"failed": each.failed} for each in found.misfits],
        "predictions": [asdict(each) | {"failed": each.failed} for each in found.predictions],
        "simulations": [asdict(each) | {"failed": each.failed} for each in found.simulations],
        "notes": list(found.notes),
    }
