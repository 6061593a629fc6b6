"""Dask: the workers of a scheduler that runs already, or a cluster of processes on this machine.

`--scheduler ADDRESS` or DASK_SCHEDULER_ADDRESS names the scheduler. Dask gives the job of a worker that died to another
one, `ATTEMPTS` times in all; workers that have other versions than this process are refused before the first job.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sim.backends.base import ATTEMPTS, BackendOptions
from sim.backends.executor import WINDOW, ExecutorBackend
from sim.backends.local import default_workers
from sim.backends.process_worker import ONE_THREAD
from sim.errors import InputError, RemoteError
from sim.installation import versions

if TYPE_CHECKING:
    from distributed import Client

Job = TypeVar("Job")
Result = TypeVar("Result")

CONNECT_SECONDS = 30
JOBS_PER_THREAD = 2  # one runs while the next one arrives
MAX_NAMED = 5


@dataclass(frozen=True)
class DaskBackend:
    """The workers of `scheduler`; without it and DASK_SCHEDULER_ADDRESS, `workers` processes of this machine."""

    scheduler: str | None = None
    workers: int | None = None

    def run(self, jobs: Iterable[Job], work: Callable[[Job], Result]) -> Iterator[tuple[Job, Result]]:
        """See `Backend.run`. Raises RemoteError where no scheduler answers or the workers have other versions."""
        with self._client() as client:
            from distributed.scheduler import KilledWorker  # noqa: PLC0415 - the extra `dask`

            require_same_versions(client)
            threads = sum(client.nthreads().values())
            lost = (KilledWorker, CancelledError)
            executor = client.get_executor(pure=False)
            yield from ExecutorBackend(executor, max(WINDOW, JOBS_PER_THREAD * threads), lost).run(jobs, work)

    @contextmanager
    def kept(self) -> "Iterator[DaskBackend]":
        """This backend for several runs: a cluster of this machine starts once."""
        config, _ = _imported()
        if self.scheduler or config.get("scheduler-address", None):
            yield self
            return
        with self._client() as client:
            yield DaskBackend(client.scheduler.address)

    @contextmanager
    def _client(self) -> "Iterator[Client]":
        config, distributed = _imported()
        address = self.scheduler or config.get("scheduler-address", None)
        with ExitStack() as stack:
            if not address:
                stack.enter_context(config.set({"distributed.scheduler.allowed-failures": ATTEMPTS - 1}))
                address = stack.enter_context(_local_cluster(self.workers or default_workers()))
            try:
                client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
            except OSError as error:
                raise RemoteError(
                    f"no Dask scheduler answers at {address}", "Start it, or check --scheduler."
                ) from error
            except (ValueError, TypeError) as error:
                raise InputError(f"{address!r} is not the address of a Dask scheduler: {error}") from error
            yield stack.enter_context(client)


def open_backend(options: BackendOptions) -> DaskBackend:
    """The backend that `--backend dask` names; raises InputError where Dask is not installed."""
    _imported()
    return DaskBackend(options.scheduler, options.workers)


def require_same_versions(client: "Client") -> None:
    """Raise RemoteError, naming each, where workers have other versions than this process, or lack this program."""
    here = versions()
    found: Mapping[str, Any] = client.run(versions, on_error="return")
    wrong = [f"{worker}: {text}" for worker, there in found.items() if (text := _difference(there, here))]
    if wrong:
        more = [f"and {len(wrong) - MAX_NAMED} more workers"] if len(wrong) > MAX_NAMED else []
        raise RemoteError(
            "\n".join(["Dask workers have other versions than this program", *wrong[:MAX_NAMED], *more]),
            "Start the workers from the same image or environment.",
        )


def _difference(there: Any, here: Mapping[str, str]) -> str:
    if isinstance(there, BaseException):
        return f"this program cannot be imported there ({there})"
    unequal = [name for name in here if there.get(name) != here[name]]
    return ", ".join(f"{name} {there.get(name, 'missing')} instead of {here[name]}" for name in unequal)


def _local_cluster(workers: int) -> Any:
    """Processes of one thread each; they end with this process."""
    import distributed  # noqa: PLC0415 - the extra `dask`

    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",  # any free port: several clusters may run on one machine
        memory_limit=None,
        silence_logs=logging.ERROR,
        env=dict.fromkeys(ONE_THREAD, "1"),
    )


def _imported() -> tuple[Any, Any]:
    try:
        import dask.config  # noqa: PLC0415 - the extra `dask`
        import distributed  # noqa: PLC0415
    except ImportError as error:
        raise InputError("Dask is not installed", "pip install 'caption-bandit-sim[dask]'") from error
    return dask.config, distributed
