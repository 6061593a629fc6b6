"""Check files: their headers, checks of the user's own, and the statement that several checks share."""

import json
from dataclasses import replace

import pytest

import sql
from sim.cli import exit_code
from sim.errors import InputError
from sim.seeding import SeedPlan
from sim.seeding.loads import seed_load
from sim.warehouse.base import STATS, TargetSpec
from sim.warehouse.deploy import carry_out, plan
from sim.warehouse.load.loading import load
from sim.warehouse.targets import open_target
from sim.warehouse.verify import Options, all_checks, verify
from sim.warehouse.verify.checks import GROUPS, from_folder, read_check, shipped, thresholds
from sim.warehouse.verify.cost import estimate
from sim.warehouse.verify.merged import ask_all, merge, scans, split
from sim.warehouse.verify.options import parse_age
from sim.warehouse.verify.questions import parameters, read_clock
from sim.warehouse.verify.results import ask

TOY = """-- Has any caption more successes than the limit?
-- A second line of the question.
-- group: toys
-- meaning: A caption is too successful.
-- remedy: Look at its rows.
-- option: most_successes = 5; fail above this many successes
SELECT
  'many_successes' AS `check`,
  IF(COUNTIF(successes > ${most_successes}) > 0, 'fail', 'pass') AS status,
  CONCAT(CAST(COUNTIF(successes > ${most_successes}) AS STRING), ' captions above the limit') AS detail
FROM `${project}`.`${dataset}`.`${table}`;
"""


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    spec = TargetSpec("duckdb", str(tmp_path_factory.mktemp("seeded") / "a.duckdb"))
    with open_target(spec) as target:
        carry_out(target, plan(target))
        load(target, [seed_load(SeedPlan(rows=2000, seed=1))], replace=True)
    return spec


@pytest.fixture
def toys(tmp_path):
    folder = tmp_path / "checks"
    folder.mkdir()
    (folder / "many_successes.sql").write_text(TOY)
    return folder


def test_a_check_is_one_file_outside_the_package(seeded, toys, capsys):
    command = ["verify", "--to", str(seeded), "--only", "toys", "--checks", str(toys), "--json", "--quiet"]
    assert exit_code(command) == 1
    [result] = json.loads(capsys.readouterr().out)["results"]
    assert (result["group"], result["check"], result["status"]) == ("toys", "many_successes", "fail")
    assert (result["meaning"], result["remedy"]) == ("A caption is too successful.", "Look at its rows.")


def test_a_check_of_the_user_shares_the_scan_and_takes_its_threshold(seeded, toys):
    options = Options(checks=(toys,), only=("toys", "contents"), thresholds={"most_successes": (1e9,)})
    with open_target(seeded, read_only=True) as target:
        checks = [check for check in all_checks(options) if check.group in {"toys", "contents"}]
        shared = scans(target, checks, parameters(options, read_clock(target, options), checks))[0]
        [toy] = [one for one in verify(target, options) if one.name == "many_successes"]
    assert "many_successes" in [check.name for check in shared.checks]
    assert toy.status == "pass"
    assert toy.check.question == "Has any caption more successes than the limit? A second line of the question."


@pytest.mark.parametrize("key", ["group", "meaning", "remedy"])
def test_a_header_without_a_key_is_refused_by_file_and_line(toys, key):
    text = "\n".join(line for line in TOY.splitlines() if not line.startswith(f"-- {key}:"))
    with pytest.raises(InputError, match=rf"a\.sql:1: the header has no {key}"):
        read_check("a", text, "a.sql")


@pytest.mark.parametrize("option", ["most = ; no number", "most 5; no sign", "Most = 5; capital", "most = 5"])
def test_a_malformed_option_is_refused_by_file_and_line(option):
    text = TOY.replace("most_successes = 5; fail above this many successes", option)
    with pytest.raises(InputError, match=r"a\.sql:6: option"):
        read_check("a", text, "a.sql")


def test_folders_without_checks_and_names_that_are_taken_are_refused(tmp_path, toys):
    with pytest.raises(InputError, match=r"holds no \*\.sql"):
        from_folder(tmp_path)
    (toys / "contents_keys.sql").write_text(TOY)
    with pytest.raises(InputError, match="a check of verify has this name"):
        from_folder(toys)


def test_a_pair_of_values_becomes_two_parameters():
    both = read_check("a", TOY.replace("most_successes = 5", "hours = 8 12"), "a.sql").thresholds[0]
    assert both.parameters(both.default) == {"hours_warn": 8.0, "hours_fail": 12.0}


def test_every_shipped_check_says_all_that_lists_need():
    assert set(shipped()) == {name.removeprefix("checks/") for name in sql.names("checks")}
    for check in shipped().values():
        assert check.group in GROUPS
        assert check.meaning.endswith(".")
        assert check.remedy.endswith(".")
        assert f"'{check.name}' AS `check`" in check.statement
    assert len({check.name for check in all_checks()}) == len(all_checks())


def test_the_help_lists_every_threshold_of_the_files(capsys):
    with pytest.raises(SystemExit):
        from sim.cli import main

        main(["verify", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for one in thresholds(shipped().values()).values():
        assert f"--{one.name.replace('_', '-')} " in text


def test_checks_of_one_table_are_one_statement(seeded):
    options = Options()
    with open_target(seeded, read_only=True) as target:
        filled = parameters(options, read_clock(target, options), shipped().values())
        checks = [check for check in shipped().values() if check.group in {"contents", "operations"}]
        found = scans(target, checks, filled)
        merged = {one.name: one for one in ask_all(target, checks, filled)}
        alone = {check.name: ask(target, check, filled)[0] for check in checks}
    assert merged == alone
    assert len(found[0].checks) >= 15
    assert all("sends" in one.checks[0].parameters or "loads" in one.checks[0].parameters for one in found[1:])


def test_a_refused_question_is_named_and_the_others_are_answered(seeded, toys):
    (toys / "many_successes.sql").write_text(TOY.replace("successes >", "no_such_column >"))
    options = Options(checks=(toys,), only=("toys", "contents"))
    with open_target(seeded, read_only=True) as target:
        results = {one.name: one for one in verify(target, options)}
    assert [name for name, one in results.items() if one.refused] == ["many_successes"]
    assert "no_such_column" in results["many_successes"].detail
    assert results["contents_keys"].status == "pass"


def test_other_shapes_are_asked_alone(seeded, toys):
    grouped = TOY.replace("FROM `${project}`", "FROM (SELECT * FROM `${project}`").replace(
        "`${table}`;", "`${table}` WHERE successes > 0);"
    )
    with open_target(seeded, read_only=True) as target:
        check = read_check("many_successes", grouped, "a.sql")
        filled = parameters(Options(), read_clock(target, Options()), [check])
        assert split(target, check, filled) is None
        assert ask_all(target, [check], filled)[0].status == "fail"


def test_columns_of_one_name_do_not_collide(seeded):
    one = read_check("one", TOY.replace("successes >", "copy >").replace(
        "FROM `${project}`.`${dataset}`.`${table}`", "FROM (SELECT 1 AS copy FROM `${project}`.`${dataset}`.`${table}`)"
    ), "one.sql")  # fmt: skip
    two = read_check("two", one.statement.replace("SELECT 1 AS copy", "SELECT 9 AS copy"), "two.sql")
    with open_target(seeded, read_only=True) as target:
        filled = parameters(Options(), read_clock(target, Options()), [one])
        assert "c0_copy" in merge([split(target, check, filled) for check in (one, two)])
        assert [result.status for result in ask_all(target, [one, two], filled)] == ["pass", "fail"]


def test_since_reads_the_newest_rows_only(seeded):
    with open_target(seeded, read_only=True) as target:
        whole = {one.name: one for one in verify(target, Options(only=("contents",)))}
        some = {one.name: one for one in verify(target, Options(only=("contents",), since=parse_age("7d")))}
    assert whole["contents_ranges"].detail == "0 of 2000 rows are outside a range"
    rows = int(some["contents_ranges"].detail.split()[2])
    assert 0 < rows < 1000
    assert some["contents_keys"].status == "skip"
    assert "whole table" in some["contents_keys"].detail


def test_since_still_asks_how_old_the_newest_row_is(seeded):
    """A table that nobody has updated within the time must not pass for lack of rows."""
    options = Options(only=("operations",), since=parse_age("1h"), as_of="2030-01-01")
    with open_target(seeded, read_only=True) as target:
        results = {one.name: one for one in verify(target, options)}
        whole = {one.name: one for one in verify(target, replace(options, since=None))}
    assert results["operations_staleness"].status == "fail"
    assert results["operations_staleness"] == whole["operations_staleness"]
    assert results["operations_partitions"].status == "skip"


class Recorder:
    """A target that remembers what it was asked, and whose dry runs read one byte per statement."""

    def __init__(self, target):
        self.target, self.asked, self.estimated = target, [], []

    def __getattr__(self, name):
        return getattr(self.target, name)

    def query(self, statement):
        self.asked.append(statement)
        return self.target.query(statement)

    def dry_run(self, statement):
        self.estimated.append(statement)
        return 1


@pytest.mark.parametrize("since", [None, "7d"])
def test_every_statement_that_verify_asks_is_estimated(seeded, since):
    options = Options(rows=100, draws=1000, as_of="2030-01-01", since=parse_age(since) if since else None)
    with open_target(seeded, read_only=True) as opened:
        target = Recorder(opened)
        costs = estimate(target, all_checks(options), options)
        assert target.asked == []
        assert len(target.estimated) == len(costs)
        verify(target, options)
    assert set(target.asked) <= set(target.estimated)


def test_the_estimate_for_the_newest_row_asks_nothing_and_covers_all_rows(seeded):
    """What `--since` leaves out depends on the newest row, which only a billed query would tell."""
    options = Options(as_of="latest", since=parse_age("7d"), only=("contents",))
    with open_target(seeded, read_only=True) as opened:
        target = Recorder(opened)
        costs = estimate(target, all_checks(options), options)
        assert target.asked == []
        verify(target, options)
    assert costs[-1].checks[0] != "newest_row"
    assert target.asked[0] in target.estimated
    assert "WHERE last_updated" in target.asked[-1]
    assert not any("WHERE last_updated" in one for one in target.estimated)


@pytest.mark.parametrize("text", ["7", "d", "-1d", "7w", "1.5h", "0d", "", "７d"])
def test_an_age_that_is_none_is_bad_usage(seeded, text):
    if text:
        with pytest.raises(InputError, match="--since"):
            parse_age(text)
    assert exit_code(["verify", "--to", str(seeded), "--since", text or "x", "--quiet"]) == 2


@pytest.mark.parametrize("group", [group for group in GROUPS if group != "sampler"])
def test_only_asks_one_group(seeded, group):
    with open_target(seeded, read_only=True) as target:
        assert {one.group for one in verify(target, Options(rows=100, draws=1000, only=(group,)))} == {group}


def test_an_unknown_group_is_bad_usage(seeded, capsys):
    assert exit_code(["verify", "--to", str(seeded), "--only", "content", "--quiet"]) == 2
    assert "contents" in capsys.readouterr().err
    assert exit_code(["verify", "--to", str(seeded), "--only", "against", "--quiet"]) == 2
    assert "--against TARGET" in capsys.readouterr().err


def test_all_null_counts_are_counted_as_on_bigquery(tmp_path):
    spec = TargetSpec("duckdb", str(tmp_path / "a.duckdb"))
    with open_target(spec) as target:
        carry_out(target, plan(target))
        target.connection.execute(f"INSERT INTO {STATS} (caption_id, page_name) VALUES (1, 'a')")
        target.connection.execute(f"UPDATE {STATS} SET successes = NULL, failures = NULL, total_observations = NULL")
        rows = target.query(
            "SELECT COUNTIF(x) AS a, COUNTIF(NULL) AS b FROM UNNEST([CAST(NULL AS BOOL)]) AS x"
        ).to_pylist()
        results = {one.name: one for one in verify(target, Options(only=("contents", "operations")))}
    assert rows == [{"a": 0, "b": 0}]
    assert results["contents_nulls"].detail.startswith("1 of 1")
    assert "None" not in "".join(one.detail for one in results.values())
