"""Reading logs: layouts, codes, order, run folders and DuckDB; and what is refused, with its row."""

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from sim.cli import exit_code
from sim.errors import InputError, StorageError
from sim.evaluation.log import KNOWN, read_log
from sim.warehouse.send_logs import HEAD_ROWS

ROWS: dict[str, list[Any]] = {
    "position": [2, 1, 1, 2],
    "item_id": [40, 7, 9, 7],
    "click": [0, 1, 0, 1],
    "propensity_score": [0.5, 0.25, 0.75, 0.5],
    "timestamp": ["2026-01-01 10:00", "2026-01-01 08:00", "2026-01-01 09:00", "2026-01-01 11:00"],
}


def written(folder: Path, name: str = "log.parquet", **columns: list[Any]) -> str:
    frame = pl.DataFrame(ROWS | columns)
    path = folder / name
    if name.endswith(".parquet"):
        frame.write_parquet(path)
    else:
        frame.write_csv(path, separator="\t" if name.endswith(".tsv") else ",")
    return str(path)


def test_a_text_after_many_numbers_is_named_by_its_row(tmp_path: Path) -> None:
    many = 20_000
    rows: dict[str, list[Any]] = {"item_id": [1, 2] * (many // 2), "click": ["1.5"] * many}
    rows["click"][many - 2] = "0,7"
    pl.DataFrame(rows | {"propensity_score": [0.5] * many}).write_csv(tmp_path / "late.csv")
    roles = {"action": "item_id", "reward": "click", "propensity": "propensity_score"}
    with pytest.raises(InputError, match=f"row {many - 1}: click is '0,7', with a comma") as caught:
        read_log(str(tmp_path / "late.csv"), roles)
    assert "leave them out" in caught.value.hint


@pytest.mark.parametrize("first", [None, "1"])
def test_types_that_the_first_rows_do_not_show(tmp_path: Path, first: str | None) -> None:
    many = HEAD_ROWS + 10
    gains = [first] * (many - 2) + ["1.5", "2.5"]
    pl.DataFrame({"item": [1] * many, "gain": gains, "p": [0.5] * many}).write_csv(tmp_path / "late.csv")
    roles = {"action": "item", "reward": "gain", "propensity": "p"}
    if first:
        assert read_log(str(tmp_path / "late.csv"), roles).reward[-2:].tolist() == [1.5, 2.5]
    else:
        with pytest.raises(InputError, match="row 1: gain is NULL"):
            read_log(str(tmp_path / "late.csv"), roles)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00,b\n\xff"])
def test_a_csv_file_without_columns_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log.csv").write_bytes(content)
    with pytest.raises((StorageError, InputError)):
        read_log(str(tmp_path / "log.csv"))


def test_what_polars_advises_to_programmers_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "log.parquet").write_bytes(b"no such format")
    with pytest.raises(StorageError) as caught:
        read_log(str(tmp_path / "log.parquet"))
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", ["log.parquet", "log.csv", "log.tsv"])
def test_open_bandit_files_are_read_as_they_come_in_order_of_time(tmp_path: Path, name: str) -> None:
    log = read_log(written(tmp_path, name))
    assert log.strata == ["1", "2"]
    assert log.actions == ["7", "9", "40"]
    assert log.stratum.tolist() == [0, 0, 1, 1]
    assert log.action.tolist() == [0, 1, 2, 0]
    assert log.reward.tolist() == [1.0, 0.0, 0.0, 1.0]
    assert log.propensity.tolist() == [0.25, 0.75, 0.5, 0.5]
    assert log.reward_name == "click"
    assert log.notes == ()


def test_rows_that_are_in_order_keep_it_and_a_folder_of_files_is_one_log(tmp_path: Path) -> None:
    for part in ("a", "b"):
        written(tmp_path, f"{part}.parquet", timestamp=[f"{part}{i}" for i in range(4)])
    log = read_log(str(tmp_path))
    assert log.action.tolist() == [2, 0, 1, 0, 2, 0, 1, 0]


def test_columns_of_any_table_by_role(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pl.DataFrame(
        {"arm": ["x", "y"], "gain": [1.5, -2.0], "p": [0.5, 0.5], "q": [0.0, 1.0], "week": [3, 4]}
    ).write_parquet(path)
    roles = {"action": "arm", "reward": "gain", "propensity": "p", "target": "q", "batch": "week"}
    log = read_log(str(path), roles)
    assert (log.strata, log.actions) == (["all"], ["x", "y"])
    assert log.target is not None
    assert log.target.tolist() == [0.0, 1.0]
    assert log.batch is not None
    assert log.batch.tolist() == [0, 1]


def test_another_reward_column(tmp_path: Path) -> None:
    log = read_log(written(tmp_path, revenue=[1.0, 2.0, 3.0, 4.0]), reward="revenue")
    assert (log.reward_name, log.reward.tolist()) == ("revenue", [2.0, 3.0, 1.0, 4.0])


def test_batches_count_changes_of_their_column(tmp_path: Path) -> None:
    source = written(tmp_path, timestamp=[0, 1, 2, 3], refresh=["a", "a", "b", "a"])
    log = read_log(source, {"batch": "refresh"})
    assert log.batch is not None
    assert log.batch.tolist() == [0, 0, 1, 2]


def test_rows_without_an_action_are_left_out_with_a_note(tmp_path: Path) -> None:
    log = read_log(written(tmp_path, item_id=[40, None, 9, 7]))
    assert log.rows == 3
    assert log.notes == ("1 of 4 rows name no action and are left out",)


def test_null_is_a_stratum_of_its_own(tmp_path: Path) -> None:
    log = read_log(written(tmp_path, position=[2, None, 1, 2]))
    assert log.strata == ["1", "2", "None"]
    assert log.stratum.tolist() == [2, 0, 1, 1]


def test_a_part_of_a_log_has_all_names(tmp_path: Path) -> None:
    part = read_log(written(tmp_path), {"batch": "position"}).part(slice(1, 3))
    assert part.rows == 2
    assert part.actions == ["7", "9", "40"]
    assert part.batch is not None
    assert part.batch.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"propensity_score": [0.5, 0.0, 0.75, 0.5]}, "row 2: propensity_score is 0.0, not above 0 and at most 1"),
        ({"propensity_score": [0.5, 0.5, 1.5, 0.5]}, "row 3: propensity_score is 1.5"),
        ({"propensity_score": [0.5, None, None, 0.5]}, r"row 2: propensity_score is NULL \(and 1 more row\)"),
        ({"click": [0.0, 1.0, float("nan"), 0.0]}, "row 3: click is nan, not a number"),
        ({"click": ["1", "b", "c", "d"]}, r"row 2: click is 'b', not a number \(and 2 more rows\)"),
        ({"click": ["1", "2", "0,5", "1.204,5"]}, "row 3: click is '0,5', with a comma: write decimals with a point"),
        ({"click": ["1", "2", " 3", "4"]}, r"column 'click' \(reward\) holds String, not numbers"),
        ({"item_id": [None] * 4}, "no row has an action"),
    ],
)
def test_bad_values_are_named_by_row(tmp_path: Path, columns: dict[str, list[Any]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_log(written(tmp_path, **columns))


def test_a_bad_target_probability_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"row 4: target is -0.5, not between"):
        read_log(written(tmp_path, target=[0.1, 0.2, 0.3, -0.5]), {"target": "target"})


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"acton": "item_id"}, "unknown role 'acton'.*action"),
        ({"action": "item"}, "no column 'item'.*item_id"),
    ],
)
def test_bad_columns_are_named(tmp_path: Path, roles: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_log(written(tmp_path), roles)


def test_a_log_without_propensities_is_refused_with_its_columns(tmp_path: Path) -> None:
    pl.DataFrame({"item_id": [1], "click": [0]}).write_parquet(tmp_path / "log.parquet")
    with pytest.raises(InputError, match="which column is the"):
        read_log(str(tmp_path / "log.parquet"))
    with pytest.raises(InputError, match="which column is the propensity"):
        read_log(str(tmp_path / "log.parquet"), {"action": "item_id", "reward": "click"})


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("not Parquet")
    (tmp_path / "empty").mkdir()
    for source, message in (
        ("missing.parquet", "no such file"),
        ("text.parquet", "is not a Parquet file"),
        ("empty", "holds no Parquet file"),
    ):
        with pytest.raises(StorageError, match=message):
            read_log(str(tmp_path / source))
    pl.DataFrame(ROWS).clear().write_parquet(tmp_path / "none.parquet")
    with pytest.raises(InputError, match="no rows"):
        read_log(str(tmp_path / "none.parquet"))
    with pytest.raises(InputError, match="--logged-by is for run folders only"):
        read_log(written(tmp_path), policy="uniform")


SCENARIO = """\
name: pulls
seed: 2
replications: 2
horizon: {pulls: 60}
world: {kind: bernoulli, means: [0.2, 0.6]}
policies: [uniform, epsilon_greedy]
record: {curve_points: 5, sends: true}
"""


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logged")
    (folder / "pulls.yaml").write_text(SCENARIO)
    words = [
        "run",
        str(folder / "pulls.yaml"),
        "--out",
        str(folder / "run"),
        "--workers",
        "1",
        "--no-report",
        "--quiet",
    ]
    assert exit_code(words) == 0
    return folder / "run"


@pytest.mark.slow
def test_a_run_folder_is_the_log_of_one_of_its_policies(run_folder: Path) -> None:
    log = read_log(str(run_folder), reward="purchased_count")
    assert log.rows == 120
    assert len(log.strata) == 2
    chosen = read_log(str(run_folder), policy="uniform")
    assert np.allclose(chosen.propensity, 0.5)
    with pytest.raises(InputError, match="holds no sends of policy"):
        read_log(str(run_folder), policy="uniforn")


def test_a_run_without_sends_says_how_to_record_them(tmp_path: Path) -> None:
    (tmp_path / "scenario.yaml").write_text("name: x\n")
    with pytest.raises(InputError, match="recorded no sends"):
        read_log(str(tmp_path))


@pytest.mark.slow
def test_the_send_log_in_a_warehouse_has_no_propensities_unless_its_owner_adds_them(
    run_folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "warehouse.duckdb"
    words = ["load", str(run_folder), "--to", f"duckdb:{file}", "--policy", "uniform", "--replication", "0", "--quiet"]
    assert exit_code(words) == 0
    with pytest.raises(InputError, match="which column is the propensity"):
        read_log(f"duckdb:{file}")
    with duckdb.connect(str(file)) as connection:
        place = connection.execute(
            "SELECT table_schema FROM information_schema.tables WHERE table_name = 'mass_messages'"
        )
        (schema,) = place.fetchone() or ("main",)
        connection.execute(f'ALTER TABLE "{schema}".mass_messages ADD COLUMN propensity DOUBLE DEFAULT 0.5')
    log = read_log(f"duckdb:{file}")
    assert log.reward_name == "earnings"
    assert log.rows == 60
    assert set(log.propensity.tolist()) == {0.5}


def test_a_warehouse_without_the_table_is_named(tmp_path: Path) -> None:
    file = tmp_path / "empty.duckdb"
    duckdb.connect(str(file)).close()
    with pytest.raises(InputError, match="no table mass_messages"):
        read_log(f"duckdb:{file}")


def test_every_known_layout_names_what_is_needed() -> None:
    for layout in KNOWN.values():
        assert {"action", "reward", "propensity", "time"} <= set(layout)


def test_a_parquet_file_read_by_columns_is_the_log_of_the_same_text_file(tmp_path: Path) -> None:
    columns = {
        "page": ["b", "a", None, "b"],
        "item": ["x", None, "y", "x"],
        "gain": [1.0, 0.0, 2.0, 3.0],
        "p": [0.5, 0.5, 0.25, 1.0],
        "when": [4, 3, 2, 1],
        "period": [1, 1, 1, 2],
    }
    pl.DataFrame(columns).write_parquet(tmp_path / "log.parquet")
    pl.DataFrame(columns).write_csv(tmp_path / "log.csv")
    roles = dict(zip(("stratum", "action", "reward", "propensity", "time", "batch"), columns, strict=True))
    one, other = (read_log(str(tmp_path / name), roles) for name in ("log.parquet", "log.csv"))
    assert one.reward.tolist() == [3.0, 2.0, 1.0]
    for name in ("stratum", "action", "reward", "propensity", "batch"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert (one.actions, one.strata, one.notes) == (other.actions, other.strata, other.notes)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([10, 9, 10, 2], ["2", "9", "10"]),
        ([1.5, -0.5, 1.5, 10.0], ["-0.5", "1.5", "10.0"]),
        ([True, False, True, True], ["False", "True"]),
        (pl.Series(["b", "a", "b", "c"], dtype=pl.Categorical), ["a", "b", "c"]),
        (pl.Series(["b", "a", "b", "c"], dtype=pl.Enum(["c", "b", "a"])), ["c", "b", "a"]),
        (pl.Series([3, 1, 3, 2]).cast(pl.Date), ["1970-01-02", "1970-01-03", "1970-01-04"]),
    ],
)
def test_actions_of_any_type_are_coded_in_the_order_of_their_values(
    tmp_path: Path, values: Any, names: list[str]
) -> None:
    times = [1, 2, 3, 4]
    log = read_log(written(tmp_path, item_id=values, timestamp=times))
    assert log.actions == names
    assert [log.actions[code] for code in log.action] == [str(value) for value in pl.Series(values).to_list()]


@pytest.mark.parametrize(("actions", "kind"), [(30, np.int16), (32_767, np.int16), (32_768, np.int32)])
def test_codes_are_as_short_as_their_number_allows(tmp_path: Path, actions: int, kind: type) -> None:
    codes = list(range(actions))
    frame = pl.DataFrame({"item": codes, "gain": codes, "p": [0.5] * actions, "page": [None, *codes[1:]]})
    frame.write_parquet(tmp_path / "log.parquet")
    roles = {"action": "item", "reward": "gain", "propensity": "p", "stratum": "page"}
    log = read_log(str(tmp_path / "log.parquet"), roles)
    assert log.action.dtype == kind
    assert log.action.tolist() == codes
    assert log.strata[log.stratum[0]] == "None"


def test_cells_are_places_in_a_flat_table(tmp_path: Path) -> None:
    log = read_log(written(tmp_path, timestamp=[1, 2, 3, 4]))
    table = np.arange(6).reshape(2, 3)
    assert log.cells.tolist() == table[log.stratum, log.action].tolist() == [5, 0, 1, 3]
