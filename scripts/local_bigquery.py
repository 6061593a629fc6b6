#!/usr/bin/env python3
"""Serve the BigQuery API on this machine: local-bigquery, in an environment of its own, on the loopback address.

    python scripts/local_bigquery.py --port 9050 --data-dir /tmp/bigquery
    export BIGQUERY_EMULATOR_HOST=http://127.0.0.1:9050      # in another terminal; then any bigquery: command

It wants a Python of 3.13 or newer, which it looks for on PATH and among pyenv's; this script itself runs under any
from 3.11. The environment is built once, in the user's cache folder (CAPTION_SIM_CACHE, else XDG_CACHE_HOME, else
~/.cache), from wheels alone. Its DuckDB is older than local-bigquery asks for, but is the one whose extensions can be
installed as wheels, and it works. Ends with code 77, and says why, where there is no such Python or no such wheel.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

CANNOT = 77  # what test runners take for "skipped"
OLDEST = (3, 13)
EXTENSIONS = ("icu", "spatial", "ducklake")
DUCKDB = "1.5.5"
PINNED = (
    "local-bigquery==0.4.0",
    f"duckdb=={DUCKDB}",
    f"duckdb-extensions=={DUCKDB}",
    *(f"duckdb-extension-{name}=={DUCKDB}" for name in EXTENSIONS),
)
# What local-bigquery 0.4.0 needs besides DuckDB.
OTHERS = (
    "fastapi>=0.139",
    "fastavro>=1.13.1",
    "google-cloud-bigquery-storage>=2.41",
    "grpcio>=1.80",
    "mini-racer>=0.12.4",
    "numpy>=2.3",
    "prompt-toolkit>=3.0.50",
    "pyarrow>=20",
    "pydantic-settings>=2.8.1",
    "pygments>=2.19.1",
    "sqlglot>=30.24,<31",
    "uvicorn>=0.35",
)
IMPORT_EXTENSIONS = f"import duckdb_extensions as d; [d.import_extension(name) for name in {EXTENSIONS!r}]"


START = """
import duckdb
from local_bigquery.cli import main
from local_bigquery.jobs import merge

merge_alone = merge.run


class Joined:
    def __init__(self, cursor):
        self.cursor = cursor

    def execute(self, statement, *bound):
        if statement == "BEGIN":
            raise duckdb.TransactionException("a transaction is open")
        return self.cursor.execute(statement, *bound)


def run(cursor, tree, context):
    first, second = (cursor.execute("SELECT epoch_us(now())").fetchone() for _ in range(2))
    return merge_alone(Joined(cursor) if first == second else cursor, tree, context)


merge.run = run
main()
"""
"""What starts the server. Its MERGE tries to begin a transaction, by which DuckDB aborts one that is open already: such
a MERGE takes part in the open one here, as on BigQuery. now() is when a transaction began."""


class Impossible(Exception):
    """Why there can be no server here."""


def main() -> NoReturn:
    """Build the environment where it is missing, then become the server."""
    arguments = parse()
    try:
        environment = built()
    except Impossible as reason:
        print(f"local-bigquery: {reason}", file=sys.stderr)  # noqa: T201
        sys.exit(CANNOT)
    if arguments.build:
        print(environment)  # noqa: T201
        sys.exit(0)
    command = [str(environment / "bin" / "python"), "-c", START, "--host", "127.0.0.1"]
    command += ["--port", str(arguments.port), "--grpc-port", str(arguments.grpc_port)]
    command += ["--data-dir", str(arguments.data_dir)]
    print(f"export BIGQUERY_EMULATOR_HOST=http://127.0.0.1:{arguments.port}", flush=True)  # noqa: T201
    os.execve(command[0], command, own_home(environment))  # noqa: S606


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Serve the BigQuery API on the loopback address.")
    parser.add_argument("--port", type=int, default=9050, help="of the REST API [9050]")
    parser.add_argument("--grpc-port", type=int, default=9060, help="of the Storage API [9060]")
    parser.add_argument("--data-dir", type=Path, default=Path("local-bigquery-data"), help="where tables are kept")
    parser.add_argument("--build", action="store_true", help="only build the environment, and say where it is")
    return parser.parse_args()


def built() -> Path:
    """The environment's folder, named after its contents; built beside and renamed, so that it is whole or absent."""
    content = hashlib.sha256(" ".join((*PINNED, *OTHERS)).encode()).hexdigest()[:12]
    environment = cache() / f"local-bigquery-{content}"
    if not environment.is_dir():
        python = newest_python()
        building = environment.with_name(f"{environment.name}.{os.getpid()}")
        try:
            build(python, building)
            building.rename(environment)
        except subprocess.CalledProcessError as error:
            raise Impossible(f"could not build the environment: {' '.join(error.cmd[:6])} … failed") from None
        except OSError:
            if not environment.is_dir():  # else another process was faster
                raise
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return environment


def build(python: str, folder: Path) -> None:
    """A virtual environment that can be renamed: everything in it is started through `python -m` or its own path."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    run(python, "-m", "venv", folder)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--only-binary", ":all:", *OTHERS)
    run(*pip, "--only-binary", ":all:", "--no-deps", *PINNED)
    (folder / "home").mkdir()
    run(folder / "bin" / "python", "-c", IMPORT_EXTENSIONS, env=own_home(folder))


def own_home(environment: Path) -> dict[str, str]:
    """This process's environment, but with a home of its own, where DuckDB keeps its extensions."""
    return {**os.environ, "HOME": str(environment / "home")}


def cache() -> Path:
    """Where environments are kept."""
    named = os.environ.get("CAPTION_SIM_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else base / "caption-bandit-sim"


def newest_python() -> str:
    """A Python that is new enough: on PATH, or among pyenv's."""
    names = [f"python3.{minor}" for minor in range(13, 16)]
    on_path = [found for name in names if (found := shutil.which(name))]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for candidate in [sys.executable, *(map(str, sorted(pyenv.glob("3.*/bin/python3")))), *on_path]:
        if version(candidate) >= OLDEST:
            return candidate
    raise Impossible(f"no Python of {OLDEST[0]}.{OLDEST[1]} or newer on PATH or under {pyenv}")


def version(python: str) -> tuple[int, ...]:
    """(major, minor) of an interpreter; (0,) where it does not run."""
    ask = "import sys; print(*sys.version_info[:2])"
    result = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)  # noqa: S603
    return tuple(map(int, result.stdout.split())) if result.returncode == 0 else (0,)


def run(*command: str | Path, env: dict[str, str] | None = None) -> None:
    """Run a command; CalledProcessError where it fails."""
    subprocess.run(list(map(str, command)), check=True, env=env, stdout=sys.stderr)  # noqa: S603


if __name__ == "__main__":
    main()
