"""`verify` starts soon: the slow libraries that it does not need are not imported."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
import sim.commands.verify, sim.warehouse.verify.{module}, sim.warehouse.duckdb, sim.warehouse.parquet
print([name for name in ("numba", "scipy.stats", "matplotlib", "simpy") if name in sys.modules])
"""


@pytest.mark.parametrize("module", ["row_scan", "uniformity"])
def test_no_slow_library_is_imported_for_a_verification(module: str) -> None:
    command = [sys.executable, "-c", PROGRAM.format(module=module)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
