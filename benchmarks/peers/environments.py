"""An environment for each rival, made once: complete, or named as missing with the installer's last words."""

import subprocess
import sys
import venv
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock

from benchmarks.rivals.rival import Rival


def environments(rivals: Iterable[type[Rival]], folder: Path) -> tuple[dict[type[Rival], Path], dict[type[Rival], str]]:
    """The Python of every rival that installs; and of every other one, why it does not."""
    installed, missing = {}, {}
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        for rival in rivals:
            try:
                installed[rival] = environment(rival, folder)
            except InstallError as error:
                missing[rival] = str(error)
                print(f"{rival.name} does not install here and is left out: {error}", file=sys.stderr)
    return installed, missing


class InstallError(Exception):
    """What the installer said last."""


def environment(rival: type[Rival], folder: Path) -> Path:
    """Python of an environment with exactly what the rival asks for; InstallError where that cannot be had.

    What it holds is written down last, so that an environment left half made, or made for other releases, is made
    anew. Rivals of the same file share one.
    """
    home = folder / rival.__module__.rpartition(".")[2]
    python = home / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    receipt, contents = home / "complete", wanted(rival)
    if receipt.exists() and receipt.read_text(encoding="utf-8") == contents:
        return python
    print(f"installing {rival.name} …", file=sys.stderr)
    try:
        venv.create(home, with_pip=bool(rival.install), clear=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise InstallError(f"no environment in {home}: {error}") from error
    _pip(python, rival.install)
    _pip(python, rival.install_alone, "--no-deps")
    receipt.write_text(contents, encoding="utf-8")
    return python


def wanted(rival: type[Rival]) -> str:
    """Python and packages, one a line."""
    return "\n".join((sys.version, *rival.install, "alone:", *rival.install_alone))


def _pip(python: Path, packages: tuple[str, ...], *options: str) -> None:
    if not packages:
        return
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options, *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallError(last_words(done.stderr))


def last_words(text: str) -> str:
    """The last line that says what went wrong: the last that starts with "ERROR:", or the last at all."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error:")]
    return (errors or lines or ["it did not say why"])[-1]
