"""Options that several commands share, and their types."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from scenarios import names as shipped
from sim.backends.base import Backend, BackendOptions
from sim.backends.registry import backend_named, names
from sim.errors import InputError
from sim.runs.stores.object_store import is_url


def completions(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The shipped scenarios that begin so, for the shell; files where none does."""
    found = [CompletionItem(name) for name in shipped() if name.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="file")]


scenario_argument = click.argument("scenario", shell_complete=completions)


class FolderOrUrl(click.Path):
    """A folder as a Path, or the URL of one in an object store as a string."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The place; a string that is not a URL becomes a Path."""
        return value if is_url(value) else super().convert(value, param, ctx)


class LocalPath(click.Path):
    """A file or folder of this machine; a URL is refused, for it would become a folder named `s3:`."""

    def __init__(self, *, dir_okay: bool = True) -> None:
        super().__init__(dir_okay=dir_okay, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; fails as click does for a URL."""
        if is_url(value):
            self.fail(f"{value} is in an object store; this is written on this machine only.", param, ctx)
        return super().convert(value, param, ctx)


class Count(click.IntRange):
    """A whole number as people write it: `1000000`, `1e6`, `1_000_000` or `1,000,000`."""

    name = "count"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; fails as click does where it is none, or out of range."""
        return int(super().convert(_whole(value), param, ctx))


def _whole(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.replace(",", "").replace("_", "")
    try:
        number = float(text)
    except ValueError:
        return value
    return int(number) if number.is_integer() and not text.isdigit() else text


@dataclass(frozen=True)
class BackendChoice:
    """Which backend the user asks for; `collect` says that workers return results as bytes."""

    name: str
    scheduler: str | None
    collect: bool

    def open(self, workers: int | None) -> Backend:
        """The backend, of `workers` processes where they are this machine's; InputError where options do not fit."""
        if self.collect and self.name == "local":
            raise InputError("--collect is for backends of other machines", "Leave it out, or use --backend dask.")
        return backend_named(self.name, BackendOptions(workers, self.scheduler))


workers_option = click.option("--workers", type=click.IntRange(1, 256), help="Processes.  [default: one per processor]")
overrides_option = click.option(
    "--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Override a key; may be repeated."
)


def shard_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--shard` and `--shards` to a command, which receives `shard: Shard | None`."""

    @click.option("--shard", "text", metavar="I/N", help="Make only the I-th of N parts; the last one to end merges.")
    @click.option("--shards", type=click.IntRange(1), metavar="N", help="As --shard, with I from the job's scheduler.")
    @functools.wraps(function)
    def wrapped(*args: Any, text: str | None, shards: int | None, **kwargs: Any) -> Any:
        if text is not None and shards is not None:
            raise InputError("--shard and --shards exclude each other")
        if text is None and shards is None:
            return function(*args, shard=None, **kwargs)
        from sim.runs.shards import parse_shard, shard_of_environment

        return function(*args, shard=parse_shard(text) if text is not None else shard_of_environment(shards), **kwargs)

    return wrapped


def backend_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--backend`, `--scheduler` and `--collect` to a command, which receives `backend: BackendChoice`."""

    @click.option(
        "--backend",
        "backend_name",
        type=click.Choice(names()),
        default="local",
        show_default=True,
        help="Where to compute: processes of this machine, or workers of Dask.",
    )
    @click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Dask's scheduler.  [default: DASK_SCHEDULER_ADDRESS, else a cluster on this machine]",
    )
    @click.option("--collect", is_flag=True, help="Workers share no folder with this process: they return bytes.")
    @functools.wraps(function)
    def wrapped(*args: Any, backend_name: str, scheduler: str | None, collect: bool, **kwargs: Any) -> Any:
        return function(*args, backend=BackendChoice(backend_name, scheduler, collect), **kwargs)

    return wrapped


def named_columns(columns: str | None, example: str) -> dict[str, str]:
    """`--columns action=item,reward=click` as a mapping; InputError, with `example`, for another form."""
    roles = {}
    for part in (columns or "").split(","):
        role, equals, name = part.partition("=")
        if part and not (equals and role and name):
            raise InputError(f"--columns: {part!r} is not ROLE=NAME", f"Example: --columns {example}")
        if part:
            roles[role.strip()] = name.strip()
    return roles
