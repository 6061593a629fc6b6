"""A new kind of target is one file outside the package: deploy, seed and verify work on it."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from sim.cli import exit_code
from sim.errors import InputError
from sim.warehouse import targets
from sim.warehouse.targets import kinds, parse_target

TOY = '''
"""Numbered DuckDB files of one folder: `numbered:FOLDER#3`."""

from pathlib import Path

from sim.errors import InputError
from sim.warehouse.base import TargetSpec
from sim.warehouse.duckdb import DuckDBTarget


class NumberedTarget(DuckDBTarget):
    form = "numbered:FOLDER#N"

    @staticmethod
    def check_place(place):
        if not place.rpartition("#")[2].isdigit():
            raise InputError(f"numbered:{place}: no number", "write numbered:FOLDER#N")

    @classmethod
    def open(cls, spec, *, read_only, permission):
        return cls(_file(spec), read_only=read_only)

    @classmethod
    def preview(cls, spec):
        return super().preview(_file(spec))


def _file(spec):
    folder, _, number = spec.place.rpartition("#")
    return TargetSpec("duckdb", str(Path(folder) / f"{number}.duckdb"))
'''


@pytest.fixture
def numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "numbered_target.py").write_text(TOY)
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [EntryPoint("numbered", "numbered_target:NumberedTarget", targets.GROUP)]
    monkeypatch.setattr(
        targets,
        "entry_points",
        lambda group, name="numbered": points if (group, name) == (targets.GROUP, "numbered") else [],
    )
    monkeypatch.delitem(sys.modules, "numbered_target", raising=False)
    return f"numbered:{tmp_path}#7"


def test_commands_work_on_it(numbered: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["deploy", "--to", numbered, "--quiet"]) == 0
    assert exit_code(["seed", "--rows", "2000", "--to", numbered, "--quiet"]) == 0
    assert (tmp_path / "7.duckdb").is_file()
    assert exit_code(["verify", "--to", numbered, "--only", "contents", "--quiet"]) == 0
    assert exit_code(["seed", "--rows", "1000", "--to", numbered, "--quiet"]) != 0  # not without --replace
    assert "--replace" in capsys.readouterr().err


def test_its_form_is_offered_and_its_places_are_checked(numbered: str) -> None:
    assert kinds()["numbered"].form == "numbered:FOLDER#N"
    assert parse_target(numbered).kind == "numbered"
    with pytest.raises(InputError, match="no number"):
        parse_target("numbered:somewhere")
    with pytest.raises(InputError) as caught:
        parse_target("unnumbered:somewhere")
    assert {"numbered:FOLDER#N", "duckdb:FILE"} <= set(str(caught.value.hint).replace(",", "").split())


def test_a_package_cannot_replace_a_target_of_ours(numbered: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = [EntryPoint("duckdb", "numbered_target:NumberedTarget", targets.GROUP)]
    monkeypatch.setattr(targets, "entry_points", lambda group, name="": taken)
    assert kinds()["duckdb"].form == "duckdb:FILE"
    assert parse_target("duckdb:plain.duckdb").kind == "duckdb"


@pytest.mark.parametrize("source", ["raise RuntimeError('half installed')", "import sys; sys.exit(3)", "print('hi')"])
def test_a_package_that_cannot_be_loaded_is_named(
    numbered: str, source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "numbered_target.py").write_text(source)
    with pytest.raises(InputError, match=r"target 'numbered': its plug-in could not be loaded \((Runtime|Import|Attr)"):
        parse_target(numbered)
    assert "numbered" not in kinds()
    assert parse_target("duckdb:plain.duckdb").kind == "duckdb"
    assert capsys.readouterr().out == ""
