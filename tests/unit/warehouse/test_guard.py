"""The write guard: two permissions, never production, and no hostile name near any SQL."""

import random
import unicodedata

import pytest

import sql
from sim.errors import InputError, SimError, WriteNotPermittedError
from sim.warehouse.base import TargetSpec
from sim.warehouse.bigquery.target import BigQueryTarget
from sim.warehouse.guard import (
    PRODUCTION,
    VARIABLE,
    WritePermission,
    allowed,
    dataset_name,
    permission,
    refuse_production,
)
from sim.warehouse.targets import parse_target, writing

OWN = "my-project-1.caption_test"
PRODUCTION_NAME = ".".join(PRODUCTION)


def listed(*names):
    return {VARIABLE: ",".join(names)}


def test_a_write_wants_both_the_list_and_the_repeat():
    assert writing(f"bigquery:{OWN}", OWN, listed(OWN)) == (
        TargetSpec("bigquery", OWN),
        WritePermission("my-project-1", "caption_test"),
    )
    for allow_write, environment in ((None, listed(OWN)), (OWN, {}), (OWN, listed("my-project-1.other"))):
        with pytest.raises(WriteNotPermittedError):
            writing(f"bigquery:{OWN}", allow_write, environment)


@pytest.mark.parametrize(
    "repeat", ["", "caption_test", OWN.upper(), f" {OWN}", f"{OWN}\n", f"`{OWN}`", "my-project-1.caption_tes", "*"]
)
def test_the_repeat_must_be_exact(repeat):
    with pytest.raises(WriteNotPermittedError):
        writing(f"bigquery:{OWN}", repeat, listed(OWN))


def test_the_list_may_be_a_file(tmp_path):
    file = tmp_path / "allowed.txt"
    file.write_text(f"# ours\n{OWN}   # the test set\n\nother-project.set_2\n")
    assert allowed({VARIABLE: str(file)}) == {OWN, "other-project.set_2"}
    assert allowed({VARIABLE: ""}) == frozenset()


@pytest.mark.parametrize("entry", ["*", "my-project-1.*", "my-project-1", "a.b.c", "my-project-1.x y"])
def test_an_entry_that_is_no_plain_name_is_refused(entry):
    with pytest.raises(WriteNotPermittedError):
        allowed({VARIABLE: entry})


def test_a_missing_list_file_is_said_so(tmp_path):
    with pytest.raises(SimError, match="cannot be read"):
        allowed({VARIABLE: str(tmp_path / "none.txt")})


def test_local_targets_need_no_permit():
    assert writing("duckdb:a.duckdb", None, {}) == (TargetSpec("duckdb", "a.duckdb"), None)


SPELLINGS = [
    PRODUCTION_NAME,
    PRODUCTION_NAME.upper(),
    PRODUCTION_NAME.title(),
    f"`{PRODUCTION_NAME}`",
    "`of-scheduler-proj`.`eros_scheduling_brain`",
    "of-scheduler-proj:eros_scheduling_brain",
    "of-scheduler-proj . eros_scheduling_brain",
    f"  {PRODUCTION_NAME}\t\n",
    f"{PRODUCTION_NAME}.caption_bandit_stats",
    f"{PRODUCTION_NAME}$20250101",
    "of‐scheduler‐proj.eros_scheduling_brain",
    "of-scheduler-proj.eros_scheduling_brain",
    "оf-schеdulеr-proj.еrоs_schеduling_brаin",
    "ｏｆ-scheduler-proj.eros_scheduling_brain",
    "of-scheduler-proj.eros\u200b_scheduling_brain",
    "of-scheduler-proj.e\u0301ros_scheduling_brain",
    "of-schedu1er-pr0j.er0s_schedu1ing_brain",
    "𝐨𝐟-scheduler-proj.𝑒𝑟𝑜𝑠_scheduling_brain",
    "of-scheduler-proj.ERΟS_SCHEDULING_BRAIN",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_production_is_refused_in_every_spelling(spelling):
    with pytest.raises((WriteNotPermittedError, InputError)):
        writing(f"bigquery:{spelling}", spelling, listed(OWN))


@pytest.mark.parametrize("spelling", [one for one in SPELLINGS if one.isascii() and "1" not in one])
def test_production_in_plain_letters_is_named_as_such(spelling):
    with pytest.raises(WriteNotPermittedError, match="production"):
        refuse_production(spelling)


def test_production_is_refused_even_when_listed_and_repeated():
    with pytest.raises(WriteNotPermittedError, match="production"):
        permission(PRODUCTION_NAME, PRODUCTION_NAME, listed(PRODUCTION_NAME))


@pytest.mark.parametrize("name", [OWN, "of-scheduler-proj.sandbox", "other-project.brain", "my-project-1.scheduling"])
def test_other_datasets_are_not_mistaken_for_production(name):
    refuse_production(name)


def hostile_names():
    """500 names: quotes, comments, decorators, wildcards, look-alikes, control characters, in every position."""
    pieces = [
        "`", "``", "'", '"', ";", "--", "/*", "*/", "#", "\\", "$20250101", "$__UNPARTITIONED__", "*", "?", "%", "@",
        "@@x", "..", ".", " ", "\t", "\n", "\r", "\0", "\x1b[2J", "\u200b", "\u202e", "\u2024", "\uff0e", "\uff40",
        "\u0435", "\uff41", "\u00df", "\u0131", "\u0130", "\U0001f642", "(", ")", "{", "}", "${table}", "${", "{{x}}",
        "[", "]", "<", ">", "|", "&", "=", "+", ",", ":", "!", "^", "~", "/", "../", "`; DROP TABLE t; --",
        "' OR 1=1 --", "INFORMATION_SCHEMA.TABLES", "t@-3600000", "a" * 2000, "",
    ]  # fmt: skip
    random_ = random.Random(2)
    names = {"", " ", "-", "1-2", "*", "."}
    while len(names) < 500:
        base = random_.choice(["caption_test", "my-project-1", "caption_bandit_stats", ""])
        at = random_.randrange(len(base) + 1)
        names.add(base[:at] + "".join(random_.choices(pieces, k=random_.randint(1, 2))) + base[at:])
    return sorted(name for name in names if not plain(name))


def plain(name):
    return name.isascii() and (sql.NAME.fullmatch(name) or sql.PROJECT.fullmatch(name) or sql.DATASET.fullmatch(name))


HOSTILE = hostile_names()


def test_there_are_about_500_hostile_names():
    assert len(HOSTILE) >= 490
    assert any(unicodedata.category(letter) == "Cf" for name in HOSTILE for letter in name)


def test_no_hostile_name_reaches_a_statement():
    for name in HOSTILE:
        for values in (
            {"project": name, "dataset": "d", "table": "t"},
            {"project": "my-project-1", "dataset": name, "table": "t"},
            {"project": "my-project-1", "dataset": "d", "table": name},
        ):
            with pytest.raises(ValueError, match="not a plain identifier"):
                sql.read("probes/newest_row", **values)


def test_no_hostile_name_becomes_a_target_or_a_permit():
    for name in HOSTILE:
        for place in (name, f"{name}.caption_test", f"my-project-1.{name}"):
            with pytest.raises((InputError, WriteNotPermittedError)):
                writing(f"bigquery:{place}", place, listed(OWN))
            with pytest.raises(InputError):
                parse_target(f"bigquery:{place}")
        with pytest.raises(WriteNotPermittedError):
            dataset_name(f"my-project-1.{name}")


class Unreachable:
    """A client that must not be asked for anything."""

    def __getattr__(self, name):
        raise AssertionError(f"the client was asked for {name}")


@pytest.mark.parametrize(
    "write",
    [
        lambda target: target.execute("CREATE TABLE `my-project-1.caption_test.t` (x INT64)"),
        lambda target: target.staging("caption_bandit_stats", "load"),
    ],
)
def test_a_target_without_the_permit_for_its_own_dataset_writes_nothing(write):
    pytest.importorskip("google.cloud.bigquery")
    for leave in (None, WritePermission("my-project-1", "other")):
        with pytest.raises(WriteNotPermittedError):
            write(BigQueryTarget(TargetSpec("bigquery", OWN), permission=leave, client=Unreachable()))
    forged = WritePermission(*PRODUCTION)
    with pytest.raises(WriteNotPermittedError, match="production"):
        write(BigQueryTarget(TargetSpec("bigquery", PRODUCTION_NAME), permission=forged, client=Unreachable()))


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM t WHERE TRUE", "DROP TABLE t", "CREATE TABLE t AS SELECT 1", "SELECT 1; DROP TABLE t", "CALL p()", "",
     "EXPORT DATA OPTIONS (uri='gs://x') AS SELECT 1", "INSERT INTO t SELECT 1", "BEGIN SELECT 1; END"],
)  # fmt: skip
def test_a_query_can_only_read(statement):
    pytest.importorskip("google.cloud.bigquery")
    target = BigQueryTarget(TargetSpec("bigquery", OWN), client=Unreachable())
    with pytest.raises(InputError, match="SELECT"):
        target.query(statement)
