"""The write guard: 10,000 names and 50 statements lead to no write; without the guard, these tests notice."""

import random
from typing import Any

import pytest

import sql
from reliability.hostile import FRAMES
from sim.errors import SimError
from sim.warehouse import guard, targets
from sim.warehouse.base import TargetSpec
from sim.warehouse.bigquery import client as client_module
from sim.warehouse.bigquery import target as target_module
from sim.warehouse.bigquery.target import BigQueryTarget
from sim.warehouse.guard import PRODUCTION, VARIABLE

NAMES = 10_000
OWN = "my-project-1.caption_test"
PIECES = [
    "`", "'", '"', ";", "--", "/*", "*/", "#", "\\", "$20250101", "$__UNPARTITIONED__", "*", "?", "%", "@", "@@x", "..",
    ".", " ", "\t", "\n", "\r", "\0", "\x1b[2J", "\u200b", "\u202e", "\u2024", "\uff0e", "\uff40", "\u0435", "\uff41",
    "\u00df", "\u0131", "\u0130", "\U0001f642", "(", ")", "{", "}", "${table}", "[", "]", "<", ">", "|", "&", "=", "+",
    ",", ":", "!", "^", "~", "/", "../", "`; DROP TABLE t; --", "INFORMATION_SCHEMA", "t@-3600000",
]  # fmt: skip
LOOK_ALIKES = {
    "o": "\u043e\u03bf\uff4f",
    "e": "\u0435\uff45",
    "s": "\u0455\uff53\u017f",
    "c": "\u0441\uff43",
    "r": "\uff52",
}
STATEMENTS = [
    f"{statement}{end}"
    for statement in (
        "INSERT INTO t SELECT 1", "UPDATE t SET x = 1 WHERE TRUE", "DELETE FROM t WHERE TRUE", "TRUNCATE TABLE t",
        "MERGE t USING s ON FALSE WHEN NOT MATCHED THEN INSERT ROW", "DROP TABLE t", "DROP SCHEMA d CASCADE",
        "CREATE TABLE t (x INT64)", "CREATE OR REPLACE TABLE t AS SELECT 1", "ALTER TABLE t DROP COLUMN x",
        "CREATE FUNCTION f() AS (1)", "DROP FUNCTION f", "CREATE PROCEDURE p() BEGIN SELECT 1; END", "CALL p()",
        "EXECUTE IMMEDIATE 'DROP TABLE t'",
        "EXPORT DATA OPTIONS (uri = 'gs://x/*') AS SELECT 1", "GRANT `r` ON TABLE t TO 'u'",
        "LOAD DATA INTO t FROM FILES (uris = ['gs://x'])", "BEGIN TRANSACTION", "SELECT 1; DROP TABLE t",
        "BEGIN DROP TABLE t; END", "DECLARE x INT64; DROP TABLE t", "CREATE SNAPSHOT TABLE s CLONE t", "ASSERT FALSE",
        "CREATE VIEW v AS SELECT 1",
    )
    for end in ("", "; -- SELECT 1")
]  # fmt: skip


def hostile_places() -> list[str]:
    """Names of datasets that are none, and production in 1,000 spellings."""
    dice = random.Random(4)
    places = {f"{PRODUCTION[0]}.{PRODUCTION[1]}", *(frame.replace("{}", ".".join(PRODUCTION)) for frame in FRAMES)}
    while len(places) < 1_000:
        letters = [dice.choice(LOOK_ALIKES.get(one, one) + one.upper() + one) for one in ".".join(PRODUCTION)]
        if dice.random() < 0.5:
            letters.insert(dice.randrange(len(letters)), dice.choice(PIECES))
        places.add("".join(letters))
    while len(places) < NAMES:
        at = dice.randrange(len(OWN) + 1)
        place = OWN[:at] + "".join(dice.choices(PIECES, k=dice.randint(1, 3))) + OWN[at:]
        project, _, dataset = place.partition(".")
        if not (sql.PROJECT.fullmatch(project) and sql.DATASET.fullmatch(dataset)):
            places.add(place)
    return sorted(places)


PLACES = hostile_places()


def permitted(places: list[str]) -> int:
    """How many of the places may be written to when the user lists each and repeats it."""
    count = 0
    for place in places:
        try:
            spec, permission = targets.writing(f"bigquery:{place}", place, {VARIABLE: place})
        except SimError:
            continue
        count += spec.kind == "bigquery" and permission is not None
    return count


def no_check(*_: Any) -> None:
    """In place of a guard."""


def test_no_hostile_name_may_be_written_to() -> None:
    assert len(PLACES) == NAMES
    assert permitted([OWN]) == 1
    assert permitted(PLACES) == 0


def test_without_the_refusal_of_production_the_test_of_names_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "refuse_production", no_check)
    monkeypatch.setattr(guard, "refuse_production", no_check)
    assert permitted(PLACES) > 0


def test_without_the_grammar_the_test_of_names_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BigQueryTarget, "check_place", no_check)
    monkeypatch.setattr(guard, "dataset_name", lambda text: text)
    monkeypatch.setattr(guard, "allowed", lambda environment: {environment[VARIABLE]})
    monkeypatch.setattr(guard, "WritePermission", lambda *parts: parts)
    assert permitted(PLACES) > NAMES // 2


class Service:
    """A client that counts what it is asked to run."""

    def __init__(self) -> None:
        self.asked = 0

    def query(self, *_: Any, **__: Any) -> Any:
        self.asked += 1
        raise KeyError("nothing is run")

    def get_dataset(self, *_: Any, **__: Any) -> Any:
        return type("Dataset", (), {"location": "EU"})


def asked(statement: str) -> int:
    """How often a target without permission passes a statement on, by any of its ways."""
    service = Service()
    target = BigQueryTarget(TargetSpec("bigquery", OWN), client=service)
    ways = (
        lambda: target.query(statement),
        lambda: target.execute(statement),
        lambda: target.run_script([statement]),
        lambda: target.run_script([statement], writes=False),
    )
    for way in ways:
        with pytest.raises((SimError, KeyError)):
            way()
    return service.asked


def test_no_statement_that_writes_is_run_without_permission() -> None:
    pytest.importorskip("google.cloud.bigquery")
    assert len(set(STATEMENTS)) == 50
    assert [statement for statement in STATEMENTS if asked(statement)] == []
    assert asked("SELECT 1") == 2  # as a query, and as a script that does not write


def test_without_the_permission_every_statement_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("google.cloud.bigquery")
    monkeypatch.setattr(client_module.DatasetClient, "require_permission", no_check)
    assert all(map(asked, STATEMENTS))


def test_without_the_look_at_queries_every_statement_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("google.cloud.bigquery")
    monkeypatch.setattr(target_module, "is_query", lambda statement: True)
    assert all(map(asked, STATEMENTS))
