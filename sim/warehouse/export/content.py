"""What is exported, free of any tool: functions, tables and checks for one dataset."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import sql
from sim.warehouse.base import SENDS, STATS, TableDescription
from sim.warehouse.deploy import FUNCTIONS, TABLES
from sim.warehouse.schema import described
from sim.warehouse.verify.checks import Check, shipped
from sim.warehouse.verify.options import Options

NOW_US = 8_765_432_123_456_789
"""Stands for the present in a filled statement, until `NOW` takes its place."""
NOW = "UNIX_MICROS(CURRENT_TIMESTAMP())"
TIMES = ("clock_us", "now_us", "as_of_us")
_HEADER = re.compile(r"CREATE FUNCTION\s+\S+\((.*?)\)\s*RETURNS (.*?)\s*AS \(", re.DOTALL)
Naming = Callable[[str], str]
"""How a statement names a table or function, by its plain name."""


@dataclass(frozen=True)
class Function:
    """A scalar function. `volatile`: each call draws again, so that an engine must not keep its result."""

    name: str
    arguments: tuple[tuple[str, str], ...]
    returns: str
    body: str
    description: str
    volatile: bool


@dataclass(frozen=True)
class Content:
    """The functions, tables and checks of `project`.`dataset`."""

    project: str
    dataset: str

    @cached_property
    def functions(self) -> list[Function]:
        """The deployed functions."""
        return [self._function(name) for name in FUNCTIONS]

    @cached_property
    def tables(self) -> list[TableDescription]:
        """The statistics and the send log."""
        return [described(name) for name in TABLES]

    def ddl(self, table: str) -> str:
        """The statement that creates a table, without its semicolon."""
        return self.filled(sql.text(f"ddl/{table}"), table=table)

    def create(self, function: str) -> str:
        """The statement that creates or replaces a function, without its semicolon."""
        statement = self.filled(sql.text(f"udf/{function}"))
        return statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)

    @cached_property
    def checks(self) -> list[Check]:
        """The checks that one statement answers from the tables and functions alone, with their usual thresholds."""
        known = {"project", "dataset", "table", "sends", "draws", *TIMES}
        return [
            check
            for check in shipped().values()
            if check.statement
            and not check.refusal_passes
            and check.parameters <= known | {name for one in check.thresholds for name in one.parameters(one.default)}
        ]

    def question(self, check: Check, naming: Naming | None = None) -> str:
        """The SELECT of a check, which gives rows (check, status, detail), without its semicolon."""
        thresholds = {k: v for one in check.thresholds for k, v in one.parameters(one.default).items()}
        options = Options()
        statement = self.filled(
            check.statement,
            table=STATS,
            sends=SENDS,
            draws=options.draws,
            **dict.fromkeys(TIMES, NOW_US),
            **thresholds,
        )
        return self.renamed(statement.replace(str(NOW_US), NOW), naming)

    def renamed(self, statement: str, naming: Naming | None) -> str:
        """The statement with its tables and functions named in another way."""
        if naming is None:
            return statement
        for name in (*TABLES, *FUNCTIONS):
            statement = statement.replace(f"`{self.project}`.`{self.dataset}`.`{name}`", naming(name))
        return statement

    def filled(self, statement: str, **parameters: sql.Parameter) -> str:
        """A statement for this dataset, without its semicolon."""
        text = sql.fill(statement, project=self.project, dataset=self.dataset, **parameters)
        return text.rstrip().removesuffix(";")

    def _function(self, name: str) -> Function:
        statement = self.filled(sql.text(f"udf/{name}"))
        header = _HEADER.search(statement)
        assert header is not None  # of our own file
        arguments = tuple((one.split()[0], one.split()[1]) for one in header[1].split(", "))
        body = statement[header.end() : statement.rindex(")")].strip("\n")
        comment = statement.partition("\n")[0].removeprefix("-- ")
        return Function(name, arguments, header[2], body, comment, "RAND()" in body)


def alarm(content: Content) -> str:
    """One query that fails, naming the checks that failed; schedulers report a query that fails."""
    parts = "\nUNION ALL\n".join(f"SELECT * FROM (\n{content.question(one)}\n)" for one in content.checks)  # noqa: S608
    failed = "STRING_AGG(IF(status = 'fail', CONCAT(`check`, ': ', detail), NULL), '; ')"
    return (
        f"SELECT IF(COUNTIF(status = 'fail') = 0, 'passed', ERROR(CONCAT('checks failed: ', {failed}))) AS result\n"
        f"FROM (\n{parts}\n)"
    )
