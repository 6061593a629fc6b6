"""Loading: every part once, checked against what was made, published whole or not at all, on both local targets."""

import shutil
from dataclasses import replace

import duckdb
import polars as pl
import pytest

from sim.errors import InputError, StorageError
from sim.seeding import SeedPlan
from sim.seeding.loads import seed_load
from sim.seeding.writing import batch
from sim.warehouse.base import LOADS, STATS, RowTotals
from sim.warehouse.load.loading import load, recorded_loads
from sim.warehouse.targets import open_target, parse_target

PLAN = SeedPlan(rows=9_000, seed=3)
PART_ROWS = 2_000


@pytest.fixture(params=["parquet", "duckdb"])
def spec(request, tmp_path):
    return parse_target(f"{request.param}:{tmp_path / 'warehouse'}")


def load_into(spec, plan, **options):
    with open_target(spec) as target:
        return load(target, [plan], **options)[0]


def contents(spec):
    """The table's rows in the order of the plan, as polars reads them."""
    if spec.kind == "parquet":
        frame = pl.read_parquet(spec.path / STATS / "*.parquet")
    else:
        with duckdb.connect(spec.place, read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            frame = pl.from_arrow(connection.execute(f"SELECT * FROM {STATS}").to_arrow_table())
    return frame.sort("page_name", "caption_id")


def expected(plan):
    frame = pl.from_arrow(batch(plan, range(plan.pages))).with_columns(pl.col("page_name").cast(pl.String))
    return frame.sort("page_name", "caption_id")


class Counting:
    """A load that counts the parts it makes, and can be made to stop after some."""

    def __init__(self, load, stop_after=None):
        self.made, self._write, self._stop_after = [], load.write, stop_after
        self.load = replace(load, write=self.write)

    def write(self, done, folder):
        for part in self._write(done, folder):
            if self._stop_after is not None and len(self.made) == self._stop_after:
                raise KeyboardInterrupt
            self.made.append(part[0])
            yield part


def test_a_seed_arrives_exactly(spec):
    loaded = load_into(spec, seed_load(PLAN, PART_ROWS))
    assert (loaded.rows, loaded.distinct_keys, loaded.was_loaded) == (9_000, 9_000, False)
    assert contents(spec).equals(expected(PLAN))


def test_an_interrupted_load_makes_only_what_is_missing(spec):
    plan = seed_load(PLAN, PART_ROWS)
    first = Counting(plan, stop_after=2)
    with pytest.raises(KeyboardInterrupt):
        load_into(spec, first.load)
    with open_target(spec) as target:
        assert target.describe(STATS) is None  # nothing half-loaded is ever seen
    second = Counting(plan)
    load_into(spec, second.load)
    assert sorted(first.made + second.made) == list(range(plan.parts))
    assert len(first.made) == 2
    assert contents(spec).equals(expected(PLAN))


def test_parts_of_another_cut_are_not_continued(spec):
    first = Counting(seed_load(PLAN, PART_ROWS), stop_after=2)
    with pytest.raises(KeyboardInterrupt):
        load_into(spec, first.load)
    load_into(spec, seed_load(PLAN, 3_000))
    assert contents(spec).equals(expected(PLAN))


def test_the_same_load_again_makes_and_changes_nothing(spec):
    load_into(spec, seed_load(PLAN, PART_ROWS))
    again = Counting(seed_load(PLAN, 4_000, workers=2))  # cut otherwise: the same rows all the same
    assert load_into(spec, again.load).was_loaded
    assert again.made == []
    with open_target(spec) as target:
        assert len(recorded_loads(target)) == 1
    assert contents(spec).height == 9_000


def test_other_rows_stay_unless_replaced(spec):
    load_into(spec, seed_load(PLAN, PART_ROWS))
    other = replace(PLAN, seed=4)
    with pytest.raises(InputError, match="already holds 9,000 other rows") as refused:
        load_into(spec, seed_load(other, PART_ROWS))
    assert "--replace" in refused.value.hint
    assert contents(spec).equals(expected(PLAN))
    load_into(spec, seed_load(other, PART_ROWS), replace=True)
    assert contents(spec).equals(expected(other))


def test_a_table_changed_after_loading_is_not_taken_for_loaded(tmp_path):
    spec = parse_target(f"duckdb:{tmp_path / 'warehouse'}")
    load_into(spec, seed_load(PLAN, PART_ROWS))
    with duckdb.connect(spec.place) as connection:
        connection.execute(f"UPDATE {STATS} SET successes = successes + 1 WHERE caption_id = 77")
    with pytest.raises(InputError, match="other rows"):
        load_into(spec, seed_load(PLAN, PART_ROWS))
    assert not load_into(spec, seed_load(PLAN, PART_ROWS), replace=True).was_loaded
    assert contents(spec).equals(expected(PLAN))


def test_the_manifest_says_what_was_loaded(spec):
    loaded = load_into(spec, seed_load(PLAN, PART_ROWS))
    with open_target(spec) as target:
        assert recorded_loads(target) == {(STATS, f"seed-{PLAN.digest}"): RowTotals(9_000, 9_000, loaded.checksum)}
        assert target.totals(STATS) == RowTotals(9_000, 9_000, loaded.checksum)
        source = target.query(f"SELECT source FROM `local-warehouse`.`main`.`{LOADS}`").to_pylist()[0]["source"]
    assert '"seed": 3' in source


def test_a_part_that_does_not_arrive_as_made_is_not_published(spec, monkeypatch):
    """The seeded mistake: a staging that loses its last part, then one that doubles one (where rows can be counted)."""
    with open_target(spec) as target:
        staging_of = target.staging

        def lossy(table, load_id):
            staging = staging_of(table, load_id)
            append = staging.append

            def append_but_one(part_id, source):
                return 0 if part_id.startswith("part-000003") else append(part_id, source)

            monkeypatch.setattr(staging, "append", append_but_one)
            return staging

        monkeypatch.setattr(target, "staging", lossy)
        with pytest.raises(StorageError, match="did not arrive as it was made"):
            load(target, [seed_load(PLAN, PART_ROWS)])
    with open_target(spec) as target:
        assert target.describe(STATS) is None
        load(target, [seed_load(PLAN, PART_ROWS)])
    assert contents(spec).equals(expected(PLAN))


def test_a_value_changed_on_the_way_is_noticed(tmp_path, monkeypatch):
    spec = parse_target(f"duckdb:{tmp_path / 'warehouse'}")
    with open_target(spec) as target:
        staging_of = target.staging

        def corrupting(table, load_id):
            staging = staging_of(table, load_id)
            totals = staging.totals

            def altered():
                [(name,)] = target.connection.execute(
                    "SELECT table_name FROM duckdb_tables() WHERE contains(table_name, 'staging_caption_b')"
                ).fetchall()
                target.connection.execute(f'UPDATE "{name}" SET avg_emv = avg_emv + 1 WHERE caption_id = 77')
                return totals()

            monkeypatch.setattr(staging, "totals", altered)
            return staging

        monkeypatch.setattr(target, "staging", corrupting)
        with pytest.raises(StorageError, match="checksum"):
            load(target, [seed_load(PLAN, PART_ROWS)])


def test_a_repeated_key_is_refused_before_anything_is_published(spec):
    def doubled(done, folder):
        path = folder / "part.parquet"
        frame = expected(PLAN)
        pl.concat([frame, frame.head(3)]).write_parquet(path)
        yield 0, path, None

    plan = replace(seed_load(PLAN, PART_ROWS), parts=1, write=doubled)
    with pytest.raises(StorageError, match=r"3 of 9,003 rows repeat a key"):
        load_into(spec, plan)
    with open_target(spec) as target:
        assert target.describe(STATS) is None


def test_every_table_is_looked_at_before_the_first_is_touched(spec):
    load_into(spec, seed_load(PLAN, PART_ROWS))
    curves = replace(Counting(seed_load(PLAN)).load, table="curves", load_id="curves-1")
    with open_target(spec) as target, pytest.raises(InputError, match=STATS):
        load(target, [curves, seed_load(replace(PLAN, seed=9), PART_ROWS)])
    with open_target(spec) as target:
        assert target.describe("curves") is None


def test_two_programs_do_not_load_into_one_folder(tmp_path):
    spec = parse_target(f"parquet:{tmp_path / 'warehouse'}")

    def nested(done, folder):
        with pytest.raises(StorageError, match="another program is writing"):
            load_into(spec, seed_load(replace(PLAN, seed=5)))
        yield from seed_load(PLAN, PART_ROWS).write(done, folder)

    load_into(spec, replace(seed_load(PLAN, PART_ROWS), write=nested))
    assert contents(spec).equals(expected(PLAN))


def test_a_file_in_the_way_of_a_folder_is_said_clearly(tmp_path):
    (tmp_path / "warehouse").write_text("not a folder")
    with pytest.raises(StorageError, match="is not a folder"):
        load_into(parse_target(f"parquet:{tmp_path / 'warehouse'}"), seed_load(PLAN))


def test_no_space_for_staging_leaves_the_table_as_it_was(spec, monkeypatch):
    load_into(spec, seed_load(PLAN, PART_ROWS))

    def full_disk(done, folder):
        raise OSError(28, "No space left on device")
        yield

    with pytest.raises(OSError, match="No space left"):
        load_into(spec, replace(seed_load(replace(PLAN, seed=5)), write=full_disk), replace=True)
    assert contents(spec).equals(expected(PLAN))
    shutil.rmtree(spec.path, ignore_errors=True)
