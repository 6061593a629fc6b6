"""The grid of a sweep: what `--vary` accepts, and the cells that follow."""

from pathlib import Path

import pytest

from scenarios import sweeps
from sim.errors import InputError, StorageError
from sim.runs.sweeps.folder import SweepFolder
from sim.runs.sweeps.grid import MAX_CELLS, grid, parse_variation, variation, variations
from sim.scenario import load

SCENARIO = load(
    {"name": "tiny", "horizon": {"pulls": 9}, "world": {"kind": "bernoulli", "means": [0.3, 0.7]}}
    | {"policies": ["wilson_sample"]}
)


def test_every_combination_the_last_key_fastest() -> None:
    cells = grid(variations(["a=[1, 2]", "b.c=[x, y]"]))
    assert [cell.name for cell in cells] == ["a=1, b.c=x", "a=1, b.c=y", "a=2, b.c=x", "a=2, b.c=y"]
    assert cells[1].overrides == ("a=1", 'b.c="y"')
    assert cells[1].folder == "a=1,b.c=y"


def test_values_may_be_named() -> None:
    (cell, _) = grid([parse_variation("world.means={near: [0.5, 0.52], far: [0.1, 0.9]}")])
    assert cell.labels == {"world.means": "near"}
    assert cell.overrides == ("world.means=[0.5, 0.52]",)


def test_a_long_or_unsafe_value_gets_a_folder_of_its_own() -> None:
    first, second = grid([variation("world.means", [[0.1, 0.2], [0.1, 0.3]])])
    assert "/" not in first.folder and " " not in first.folder
    assert first.folder != second.folder
    long = grid([variation("name", ["x" * 500, "x" * 501])])
    assert len({cell.folder for cell in long}) == 2
    assert all(len(cell.folder) < 120 for cell in long)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["horizon.days"], "expected KEY.PATH="),
        (["=[1]"], "expected KEY.PATH="),
        (["a..b=[1]"], "expected KEY.PATH="),
        (["a=7"], "expected a list of values"),
        (["a=x"], "expected a list of values"),
        (["a=[]"], "the list of values is empty"),
        (["a=[1, 2, 1]"], "the value 1 is given twice"),
        (["a=[1]", "a=[2]"], "--vary a is given twice"),
        ([], "at least one key"),
    ],
)
def test_bad_words_are_refused(words: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message.replace(".", r"\.")):
        variations(words)


@pytest.mark.parametrize("name", sweeps())
def test_a_shipped_sweep_fits_the_quickstart(name: str) -> None:
    varied = variations([name])
    for cell in grid(varied):
        assert load("quickstart", cell.overrides).replications > 0
    assert len(grid(varied)) >= 3


def test_a_shipped_sweep_goes_with_a_key_of_ones_own() -> None:
    assert [each.key for each in variations(["cool_down", "horizon.days=[30]"])] == [
        "selection.cool_down_days",
        "horizon.days",
    ]


def test_bad_yaml_is_refused() -> None:
    with pytest.raises(InputError):
        variations(["a=[1, 2"])


def test_too_large_a_grid_is_refused() -> None:
    with pytest.raises(InputError, match="the most is"):
        grid([variation("a", list(range(MAX_CELLS))), variation("b", [1, 2])])


def test_a_folder_keeps_to_one_sweep(tmp_path: Path) -> None:
    folder, varied = SweepFolder(tmp_path / "sweep"), variations({"horizon.pulls": [5, 6]})
    folder.begin(SCENARIO, varied, resume=False)
    assert folder.variations() == varied
    assert [cell.name for cell in folder.incomplete()] == ["horizon.pulls=5", "horizon.pulls=6"]
    with pytest.raises(InputError, match="already holds a sweep"):
        folder.begin(SCENARIO, varied, resume=False)
    folder.begin(SCENARIO, variations({"horizon.pulls": [5, 6, 7]}), resume=True)
    assert len(folder.variations()[0].values) == 3
    with pytest.raises(InputError, match="another scenario"):
        folder.begin(load(SCENARIO, ["seed=5"]), varied, resume=True)


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        SweepFolder(tmp_path).begin(SCENARIO, variations({"horizon.pulls": [5]}), resume=True)
    with pytest.raises(StorageError, match="holds no sweep"):
        SweepFolder(tmp_path).variations()


def test_a_damaged_description_is_named(tmp_path: Path) -> None:
    (tmp_path / "sweep.json").write_text("{")
    with pytest.raises(StorageError, match="cannot be read"):
        SweepFolder(tmp_path).description()
    (tmp_path / "sweep.json").write_text('{"format": 99}')
    with pytest.raises(StorageError, match="not a sweep of this version"):
        SweepFolder(tmp_path).description()


def test_a_thousand_nested_folders_hold_a_sweep(deep_folder: Path) -> None:
    SweepFolder(deep_folder).begin(SCENARIO, variations({"horizon.pulls": [5]}), resume=False)
    assert len(SweepFolder(deep_folder).incomplete()) == 1
