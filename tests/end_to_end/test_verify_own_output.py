"""What the project writes passes its own checks: every shipped scenario, every seed, on every local target."""

import json
import re
from pathlib import Path

import duckdb
import polars as pl
import pytest

import scenarios
import sim
from sim.cli import exit_code
from sim.warehouse.base import STATS

pytestmark = pytest.mark.slow

CASES = Path(__file__).parents[2] / ".." / "shared" / "cases" / "own_output"
HEADLINES = Path(__file__).parents[2] / ".." / "shared" / "data" / "headline_tests.parquet"
QUICK = ["--rows", "1000", "--draws", "1000"]
SHIPPED = sorted(file.stem for file in Path(scenarios.__file__).parent.glob("*.yaml"))
TABLE_WORLD = {
    "version": 1,
    "name": "own",
    "replications": 1,
    "horizon": {"days": 12},
    "policies": ["uniform"],
    "record": {"stats": "last", "sends": True},
}


def verified(target, capsys):
    """The results of `verify`, by check."""
    capsys.readouterr()
    code = exit_code(["verify", "--to", target, *QUICK, "--quiet", "--json"])
    results = json.loads(capsys.readouterr().out)["results"]
    return code, {one["check"]: one for one in results}


def attention(results):
    return {name: one["detail"] for name, one in results.items() if one["status"] in {"warn", "fail", "error"}}


def loaded_everywhere(run, tmp_path, capsys, allowed=frozenset()):
    for kind, place in (("duckdb", "a.duckdb"), ("parquet", "folder")):
        target = f"{kind}:{tmp_path / place}"
        if kind == "duckdb":
            assert exit_code(["deploy", "--to", target, "--quiet"]) == 0
        assert exit_code(["load", str(run.path), "--to", target, "--quiet"]) == 0
        code, results = verified(target, capsys)
        assert {k: v for k, v in attention(results).items() if k not in SMALL_LOG | allowed} == {}, target
        assert code == 0 or allowed, target


SMALL_LOG = {"operations_rate"}  # a small simulated fleet sends fewer than 10 messages per hour


def world_kind(name):
    text = (Path(scenarios.__file__).parent / f"{name}.yaml").read_text(encoding="utf-8")
    return re.search(r"^\s*kind: (bernoulli|table|traffic)$|^world: \{kind: (\w+)", text, re.MULTILINE).group(1)


def small(name):
    """Overrides that make a shipped scenario small: one policy, one replication, a short horizon."""
    kind = world_kind(name)
    values = {"replications": 1, "policies": ["uniform"], "checks": [], "record.stats": "last"}
    if kind == "bernoulli":
        return {**values, "horizon": {"pulls": 2000}, **({"world.changes": []} if name == "drift" else {})}
    source = {"world.source": str(HEADLINES)} if kind == "table" else {}
    return {**values, **source, "horizon": {"days": 8}, "record.sends": True}


# The deployed loop counts messages several times: there these checks have to fail, and they say so.
RECOUNTING = {"contents_recount", "contents_multiples", "contents_missing"}
LONG = [pytest.param(name, marks=[pytest.mark.long] if name.startswith("production") else []) for name in SHIPPED]


def recounts(name):
    return "every_refresh" in (Path(scenarios.__file__).parent / f"{name}.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LONG)
def test_a_shipped_scenario_verifies_after_loading(name, tmp_path, capsys):
    if name == "headline_tests" and not HEADLINES.is_file():
        pytest.skip(f"no {HEADLINES}: the file of headline tests is not part of the project")
    arguments = [f"--set={key}={json.dumps(value)}" for key, value in small(name).items()]
    out = tmp_path / "run"
    assert exit_code(["run", name, *arguments, "--out", str(out), "--no-report", "--quiet"]) == 0
    loaded_everywhere(sim.load_run(out), tmp_path, capsys, allowed=RECOUNTING if recounts(name) else frozenset())


@pytest.mark.parametrize("label", ["fan", "send"])
def test_a_table_world_verifies_whatever_its_labels_are(label, tmp_path, capsys):
    source = tmp_path / "table.csv"
    source.write_text(
        "page_name,caption_id,trials,successes\nalpha,1,100,10\nalpha,2,100,20\nbeta,3,50,5\nbeta,4,60,3\n"
    )
    world = {"kind": "table", "source": str(source), "sends_per_day": 4, "fans_per_send": 20, "label": label}
    run = sim.run({**TABLE_WORLD, "world": world}, out=tmp_path / "run", report=False)
    loaded_everywhere(run, tmp_path, capsys)


@pytest.mark.parametrize("rows", [1, 10, 3000])
@pytest.mark.parametrize("target", ["duckdb:{}/a.duckdb", "parquet:{}/folder"])
def test_a_seeded_table_verifies_without_a_warning(rows, target, tmp_path, capsys):
    place = target.format(tmp_path)
    if place.startswith("duckdb"):
        assert exit_code(["deploy", "--to", place, "--quiet"]) == 0
    assert exit_code(["seed", "--rows", str(rows), "--to", place, "--quiet"]) == 0
    code, results = verified(place, capsys)
    assert (code, attention(results)) == (0, {})


def test_the_case_of_a_bernoulli_run_verifies(tmp_path, capsys):
    if not CASES.is_dir():
        pytest.skip(f"no {CASES}: the shared cases are not part of the project")
    out = tmp_path / "run"
    assert exit_code(["run", str(CASES / "scenario.yaml"), "--out", str(out), "--no-report", "--quiet"]) == 0
    loaded_everywhere(sim.load_run(out), tmp_path, capsys)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeded")
    assert exit_code(["seed", "--rows", "2000", "--to", f"parquet:{folder}", "--quiet"]) == 0
    return pl.read_parquet(folder / STATS / "*.parquet")


def write_polars(frame, file):
    frame.with_columns(pl.col("page_name").cast(pl.Categorical)).write_parquet(file)


def write_pandas(frame, file):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    table = frame.to_arrow().to_pandas() if pandas else None
    for column in ("last_used", "last_updated"):
        table[column] = table[column].astype("datetime64[ns, UTC]")
    table.to_parquet(file)


def write_duckdb(frame, file):
    with duckdb.connect() as connection:
        connection.register("frame", frame.to_arrow())
        connection.execute("SET TimeZone = 'Etc/UTC'")
        connection.execute(f"COPY (SELECT * FROM frame) TO '{file}' (FORMAT parquet)")


def write_pyarrow(frame, file):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = frame.to_arrow()
    zoned = {name: table[name].cast(pa.timestamp("us", "Etc/UTC")) for name in ("last_used", "last_updated")}
    for name, column in {**zoned, "page_name": table["page_name"].cast(pa.string()).dictionary_encode()}.items():
        table = table.set_column(table.column_names.index(name), name, column)
    pq.write_table(table, file)


@pytest.mark.parametrize("write", [write_polars, write_pandas, write_duckdb, write_pyarrow])
def test_parquet_of_other_writers_verifies(write, seeded, tmp_path, capsys):
    (tmp_path / STATS).mkdir()
    write(seeded, tmp_path / STATS / "a.parquet")
    code, results = verified(f"parquet:{tmp_path}", capsys)
    assert (code, attention(results)) == (0, {})


def test_a_damaged_file_is_an_error_and_the_report_is_written(seeded, tmp_path, capsys):
    (tmp_path / STATS).mkdir()
    seeded.write_parquet(tmp_path / STATS / "a.parquet")
    whole = (tmp_path / STATS / "a.parquet").read_bytes()
    (tmp_path / STATS / "a.parquet").write_bytes(whole[: len(whole) // 2])
    junit = tmp_path / "out.xml"
    assert exit_code(["verify", "--to", f"parquet:{tmp_path}", "--junit", str(junit), "--quiet"]) == 3
    assert "<error" in junit.read_text()
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.long
def test_messages_that_the_simulated_job_recounts_are_named_with_their_factor(tmp_path, capsys):
    """The deployed job adds the roll-up of 7 days every 6 hours: `counting: every_refresh`."""
    values = {
        "replications": 1,
        "policies": ["uniform"],
        "horizon": {"days": 30},
        "world.pages": 2,
        "world.bank.captions": 60,
        "feedback.counting": "every_refresh",
        "record.sends": True,
        "record.stats": "last",
    }
    out, target = tmp_path / "run", f"parquet:{tmp_path / 'folder'}"
    arguments = [f"--set={key}={json.dumps(value)}" for key, value in values.items()]
    assert exit_code(["run", "quickstart", *arguments, "--out", str(out), "--no-report", "--quiet"]) == 0
    assert exit_code(["load", str(out), "--to", target, "--quiet"]) == 0
    code, results = verified(target, capsys)
    assert code == 1
    assert results["contents_recount"]["status"] == "fail"
    factor = float(results["contents_recount"]["detail"].split()[2].rstrip(":"))
    assert 15 < factor <= 28
    assert results["contents_multiples"]["status"] == "fail"
    assert "(24)" in results["contents_multiples"]["detail"]  # known after a day: counted in 6 of the 7 days
