"""`compile`: compile kernels ahead."""

import os
from collections import Counter
from typing import TYPE_CHECKING

import click

from sim.commands.options import BackendChoice, backend_options, overrides_option, workers_option
from sim.commands.output import Output, output_options
from sim.errors import InputError, StorageError

if TYPE_CHECKING:
    from sim.scenario import Scenario


@click.command()
@click.argument("scenarios", metavar="[SCENARIO]…", nargs=-1)
@overrides_option
@workers_option
@backend_options
@click.option("--dry-run", is_flag=True, help="Show for what kernels would be compiled; write nothing.")
@output_options
def command(
    *,
    scenarios: tuple[str, ...],
    overrides: tuple[str, ...],
    workers: int | None,
    backend: BackendChoice,
    dry_run: bool,
    output: Output,
) -> None:
    """Compile the kernels of SCENARIO ahead, so that runs, workers and shards need not.

    Without SCENARIO, those of all shipped scenarios, of `seed` and of `verify`. Kernels go into the folder that
    NUMBA_CACHE_DIR names: an image, or a folder that many machines of one processor type share.
    """
    from scenarios import names
    from sim.commands.progress import progress
    from sim.precompile import compile_all, compile_jobs
    from sim.scenario import load

    loaded = [load(name, overrides) for name in scenarios or names()]
    loaded = [scenario for scenario in loaded if scenarios or _has_files(scenario)]
    for scenario in loaded:
        scenario.require_files()
    jobs = compile_jobs(loaded, loads=not scenarios)
    if dry_run:
        output.result({"jobs": list(map(str, jobs))}, "\n".join(["would compile the kernels of", *map(str, jobs)]))
        return
    found: Counter[str] = Counter()
    with progress(output, "kernels") as tell:
        tell(0, len(jobs))
        for done, (_, counts) in enumerate(compile_all(jobs, backend.open(workers)), 1):
            found += counts
            tell(done, len(jobs))
    if found["lost"]:
        raise StorageError(
            f"{found['lost']} kernels were compiled and cannot be kept", "Name a folder with NUMBA_CACHE_DIR."
        )
    where = os.environ.get("NUMBA_CACHE_DIR")
    text = f"{found['saved']} kernels compiled, {found['loaded']} were there{f', in {where}' if where else ''}"
    output.result({"compiled": found["saved"], "loaded": found["loaded"], "folder": where}, text)


def _has_files(scenario: "Scenario") -> bool:
    """Whether the scenario can be run as it is shipped: one of a table world needs a file of the user."""
    try:
        scenario.require_files()
    except InputError:
        return False
    return True
