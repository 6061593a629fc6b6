"""Parts made by a backend: in order, in a shared folder or as bytes; the same files as of one process."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sim.backends.executor import ExecutorBackend
from sim.errors import StorageError
from sim.seeding import SeedPlan, write_parts
from sim.seeding.distributed import PartJob, write_collected, write_parts_by

PLAN = SeedPlan(rows=9_000, seed=3)
PARTS = PLAN.parts(1_000)


class Backwards:
    """A backend that does the last job first."""

    def run(self, jobs: Any, work: Any) -> Any:
        for job in reversed(list(jobs)):
            yield job, work(job)


@pytest.mark.parametrize("collect", [False, True])
def test_files_are_those_of_one_process(tmp_path: Path, collect: bool) -> None:
    for name in ("whole", "backend"):
        (tmp_path / name).mkdir()
    whole = [(part, totals) for part, _, totals in write_parts(PLAN, PARTS, tmp_path / "whole", 1)]
    with ThreadPoolExecutor(2) as executor:
        made = list(write_parts_by(ExecutorBackend(executor), PLAN, PARTS, tmp_path / "backend", collect=collect))
    assert [(part, totals) for part, _, totals in made] == whole
    for part, path, _ in made:
        assert path.read_bytes() == (tmp_path / "whole" / part.name).read_bytes()


def test_parts_come_in_order_whatever_is_done_first(tmp_path: Path) -> None:
    made = list(write_parts_by(Backwards(), PLAN, PARTS, tmp_path, collect=False))
    assert [part for part, *_ in made] == PARTS


def test_a_worker_that_shares_no_folder_is_reported(tmp_path: Path) -> None:
    class Elsewhere:
        def run(self, jobs: Any, work: Any) -> Any:
            for job in jobs:
                yield job, (write_collected(job)[0], None)

    with pytest.raises(StorageError, match=r"part-000000\.parquet, but it is not in") as caught:
        list(write_parts_by(Elsewhere(), PLAN, PARTS, tmp_path, collect=False))
    assert "--collect" in caught.value.hint


def test_a_job_is_named_by_its_rows() -> None:
    assert str(PartJob(PLAN, PARTS[0])).startswith("rows 0 to ")


def test_jobs_carry_nothing_that_can_be_computed(tmp_path: Path) -> None:
    assert "page_starts" in vars(PLAN)
    seen: list[PartJob] = []

    class Looking(Backwards):
        def run(self, jobs: Any, work: Any) -> Any:
            for job, result in super().run(jobs, work):
                seen.append(job)
                yield job, result

    plan = SeedPlan(rows=2_000, seed=3)
    parts = plan.parts(1_000)
    next(write_parts_by(Looking(), plan, parts, tmp_path, collect=True))
    assert seen[0].plan == plan
    assert seen[0].plan is not plan
