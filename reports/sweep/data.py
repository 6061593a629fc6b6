"""A sweep as an object for JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from reports.decision.data import decision_data
from reports.sweep.cells import CellResult
from reports.sweep.robustness import Robustness
from reports.sweep.text import sweep_headline, sweep_points


def sweep_data(cells: Sequence[CellResult], found: Robustness) -> dict[str, Any]:
    """`decision` (the most frequent one, and its robustness), `cells` with the decision of each, `policies`."""
    return {
        "headline": sweep_headline(found),
        "points": sweep_points(cells, found),
        "decision": {
            "outcome": found.outcome,
            "policy": found.policy,
            "cells": found.cells,
            "same_decision": found.same,
            "robustness": found.share,
            "outcomes": found.outcomes,
            "least_to_regret": found.safest.policy,
        },
        "policies": [asdict(record) for record in found.records],
        "cells": [_cell(cell) for cell in cells],
    }


def _cell(cell: CellResult) -> dict[str, Any]:
    return {
        "values": dict(cell.labels),
        "run": str(cell.folder),
        "best": cell.best,
        "decision": decision_data(cell.decision),
        "checks": [{"claim": v.claim, "passed": v.passed, "detail": v.detail} for v in cell.checks],
    }
