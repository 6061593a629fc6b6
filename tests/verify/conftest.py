"""A deployed DuckDB file for each module; each test replaces one function in a copy."""

import shutil

import pytest

from verify.functions import deployed, replaced


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    return deployed(tmp_path_factory.mktemp("deployed") / "a.duckdb")


@pytest.fixture
def replacing(original, tmp_path):
    """A function that opens a copy of the deployed file with one function replaced."""

    def opened(function, body, arguments="s, f"):
        copy = tmp_path / "a.duckdb"
        shutil.copy(original.place, copy)
        return replaced(type(original)("duckdb", str(copy)), function, body, arguments)

    return opened
