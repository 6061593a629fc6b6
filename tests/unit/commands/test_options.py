"""Options that commands share: numbers and places as people write them, backends and shards, what is printed."""

import json
from pathlib import Path

import click
import pytest

from sim.backends.local import LocalBackend
from sim.commands.options import BackendChoice, Count, FolderOrUrl, LocalPath, backend_options, shard_options
from sim.commands.output import Output, json_text, output_options
from sim.errors import InputError
from sim.runs.shards import Shard


@pytest.mark.parametrize(
    ("text", "number"),
    [("1000000", 1_000_000), ("1e6", 1_000_000), ("1_000_000", 1_000_000), ("1,000,000", 1_000_000), ("2.5e3", 2_500)],
)
def test_counts_are_written_in_many_ways(text: str, number: int) -> None:
    assert Count().convert(text, None, None) == number


@pytest.mark.parametrize("text", ["1.5", "many", "", "1e-3", "nan", "inf"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Count().convert(text, None, None)


def test_counts_have_a_range() -> None:
    assert Count(1, 10).convert("1e1", None, None) == 10
    with pytest.raises(click.BadParameter, match="is not in the range"):
        Count(1, 10).convert("11", None, None)


def test_a_number_that_is_one_already_is_left_alone() -> None:
    assert Count().convert(7, None, None) == 7


def test_a_place_is_a_path_or_a_url() -> None:
    assert FolderOrUrl().convert("runs/x", None, None) == Path("runs/x")
    assert FolderOrUrl().convert("s3://bucket/x", None, None) == "s3://bucket/x"


def test_a_local_path_is_no_url() -> None:
    assert LocalPath().convert("runs/x", None, None) == Path("runs/x")
    with pytest.raises(click.BadParameter, match="is in an object store"):
        LocalPath().convert("gs://bucket/x", None, None)


def test_bytes_are_collected_from_other_machines_only() -> None:
    assert isinstance(BackendChoice("local", None, collect=False).open(1), LocalBackend)
    with pytest.raises(InputError, match="--collect is for backends of other machines"):
        BackendChoice("local", None, collect=True).open(1)


@click.command()
@shard_options
@backend_options
def sharded(shard: Shard | None, backend: BackendChoice) -> None:
    click.echo(json.dumps([None if shard is None else str(shard), backend.name, backend.scheduler, backend.collect]))


def given(words: list[str], capsys: pytest.CaptureFixture[str]) -> list:
    sharded.main(words, standalone_mode=False)
    return json.loads(capsys.readouterr().out)


def test_without_options_there_is_one_process_of_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert given([], capsys) == [None, "local", None, False]


def test_a_shard_is_given_by_itself_or_by_a_scheduler(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert given(["--shard", "2/8"], capsys)[0] == "2/8"
    monkeypatch.setenv("CLOUD_RUN_TASK_INDEX", "4")
    monkeypatch.setenv("CLOUD_RUN_TASK_COUNT", "5")
    assert given(["--shards", "5"], capsys)[0] == "5/5"


def test_the_two_ways_exclude_each_other() -> None:
    with pytest.raises(InputError, match="exclude each other"):
        sharded.main(["--shard", "1/2", "--shards", "2"], standalone_mode=False)


def test_a_backend_is_one_of_those_that_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--backend", "dask", "--scheduler", "tcp://h:1", "--collect"]
    assert given(words, capsys)[1:] == ["dask", "tcp://h:1", True]
    with pytest.raises(click.BadParameter):
        sharded.main(["--backend", "cloud"], standalone_mode=False)


def test_the_keys_of_json_are_texts_in_the_order_given() -> None:
    assert json.loads(json_text({2: "b", "a": (1, 2.5)})) == {"2": "b", "a": [1, 2.5]}
    assert json_text({"z": 1, "a": 2}).index("z") < json_text({"z": 1, "a": 2}).index("a")
    assert "ü" in json_text(["ü"])


def test_a_note_is_a_line_of_json_where_logs_are(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    @output_options
    def command(output: Output) -> None:
        output.note("reading 3 files")
        output.result({"rows": 1}, "1 row")

    command.main(["--log-format", "json"], standalone_mode=False)
    captured = capsys.readouterr()
    assert "reading 3 files" in json.dumps(json.loads(captured.err))
    assert captured.out == "1 row\n"


def test_nothing_moves_where_nobody_looks() -> None:
    assert not Output().live  # standard error is no terminal here
    assert not Output(quiet=True).live


def test_letters_that_steer_a_terminal_are_shown_and_not_sent(capsys: pytest.CaptureFixture[str]) -> None:
    Output().result({}, "name\x1b[2Jend")
    assert "\x1b" not in capsys.readouterr().out
    Output(as_json=True).result({"name": "a\x1b[2Jb"}, "")
    found = capsys.readouterr().out
    assert "\x1b" not in found
    assert json.loads(found)["name"].endswith("b")
