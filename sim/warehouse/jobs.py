"""The jobs of `sql/jobs/`: what each does, when it runs, its parameters, and how a target runs or keeps it.

A job is a script with a header of comments; a new job is one new file:

    -- Count new messages into caption_bandit_stats, each exactly once.
    --
    -- schedule: every 6 hours
    -- parameter: now_us INT64 now         time of the run, microseconds since 1970
    -- parameter: settle_hours FLOAT64 0   age from which the counts of a message are final

A script without a schedule (`update_as_deployed`) is for study and is neither listed nor deployed.
"""

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

import sql
from sim.errors import InputError
from sim.warehouse.base import SENDS, STATS, Target
from sim.warehouse.translate import is_query
from sim.wording import near

NOW = "now"
_PARAMETER = re.compile(r"-- parameter: (\w+) (INT64|FLOAT64) (\S+)\s*(.*)")
_SCHEDULE = re.compile(r"-- schedule: (.+)")
_TABLE_PARAMETERS = {"table": STATS, "sends": SENDS}
ARGUMENT = "arg_"  # prefix of a procedure's arguments: a column of the same name would hide them
TABLES = (
    "caption_bandit_archive",
    "caption_bandit_backups",
    "caption_bank",
    "caption_selections",
    "caption_observations",
    "caption_stats_lock",
    "caption_selections_lock",
    "caption_observations_lock",
)


@dataclass(frozen=True)
class Parameter:
    """One number that a job takes: its type in GoogleSQL, and its default as written (`now`: the time of the run)."""

    name: str
    type: str
    default: str
    meaning: str

    def value(self, text: str) -> int | float:
        """The number that `text` gives; InputError where it is none of this type."""
        if text == NOW:
            return time.time_ns() // 1000
        try:
            number = int(text) if self.type == "INT64" else float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise InputError(f"{self.name}: {text!r} is not {'a whole number' if self.type == 'INT64' else 'a number'}")
        return number


@dataclass(frozen=True)
class Job:
    """A script of `sql/jobs/` that can be deployed."""

    name: str
    title: str
    schedule: str
    parameters: tuple[Parameter, ...]

    def values(self, given: Mapping[str, str]) -> dict[str, int | float]:
        """The parameters' values: those given as text, else the defaults. InputError for an unknown name."""
        known = [one.name for one in self.parameters]
        for name in given:
            if name not in known:
                raise InputError(f"{self.name} has no parameter {name!r}", f"it has {', '.join(known)}")
        return {one.name: one.value(given.get(one.name, one.default)) for one in self.parameters}

    def statements(self, target: Target, values: Mapping[str, sql.Parameter]) -> list[str]:
        """The statements of the script for a target."""
        used = {name: table for name, table in _TABLE_PARAMETERS.items() if f"${{{name}}}" in sql.text(self.path)}
        return sql.statements(self.path, project=target.project, dataset=target.dataset, **used, **values)

    @property
    def path(self) -> str:
        """Its name within `sql/`."""
        return f"jobs/{self.name}"

    def reads_only(self, target: Target) -> bool:
        """Whether the script is a single SELECT."""
        return all(is_query(one) for one in self.statements(target, self.values({})))

    def procedure_body(self, target: Target) -> str:
        """The body of the stored procedure: the script with the procedure's arguments in place of numbers."""
        arguments = {one.name: f"{ARGUMENT}{one.name}" for one in self.parameters}
        script = "".join(f"{one.strip()};\n" for one in self.statements(target, arguments))
        return f"BEGIN\n{script}END"

    def procedure(self, target: Target) -> str:
        """The statement that creates the stored procedure on BigQuery."""
        arguments = ", ".join(f"{ARGUMENT}{one.name} {one.type}" for one in self.parameters)
        name = f"`{target.project}.{target.dataset}.{self.name}`"
        return f"CREATE OR REPLACE PROCEDURE {name}({arguments})\n{self.procedure_body(target)};\n"

    def call(self, target: Target) -> str:
        """The text of a scheduled query that runs the stored procedure with the defaults."""
        now = "UNIX_MICROS(CURRENT_TIMESTAMP())"
        values = ", ".join(now if one.default == NOW else one.default for one in self.parameters)
        return f"CALL `{target.project}.{target.dataset}.{self.name}`({values});"


def jobs() -> dict[str, Job]:
    """Every job that can be deployed, by name."""
    found = (_job(path.removeprefix("jobs/")) for path in sql.names("jobs"))
    return {job.name: job for job in found if job is not None}


def job_named(name: str) -> Job:
    """The job of this name; InputError with the nearest names where there is none."""
    known = jobs()
    if name not in known:
        meant = near(name, known)
        hint = f"did you mean {meant[0]}?" if meant else f"jobs: {', '.join(known)}"
        raise InputError(f"unknown job {name!r}", hint)
    return known[name]


def run_job(target: Target, job: Job, given: Mapping[str, str]) -> pa.Table | None:
    """Run a job on a target; rows of a reading job. InputError where a table that it needs is missing."""
    if "functions" in target.unsupported:
        raise InputError(f"{target.spec} holds tables only", "run jobs on duckdb:FILE or bigquery:PROJECT.DATASET")
    missing = [table for table in (STATS, SENDS, *TABLES) if target.describe(table) is None]
    if missing:
        raise InputError(f"{target.spec}: no table {', '.join(missing)}", f"run: deploy --to {target.spec} --jobs")
    return target.run_script(job.statements(target, job.values(given)), writes=not job.reads_only(target))


def _job(name: str) -> Job | None:
    lines = [line for line in sql.text(f"jobs/{name}").splitlines() if line.startswith("--")]
    schedule = next((found[1] for line in lines if (found := _SCHEDULE.fullmatch(line))), None)
    if schedule is None:
        return None
    parameters = (found for line in lines if (found := _PARAMETER.fullmatch(line)))
    return Job(name, lines[0].removeprefix("-- "), schedule, tuple(Parameter(*one.groups()) for one in parameters))
