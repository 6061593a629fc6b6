"""Run the steps of the Dockerfile in a clean folder, where there is no Docker: its COPY, ENV, WORKDIR and RUN lines.

    python scripts/run_dockerfile.py FOLDER

The folder stands for the root of the image: `/opt/venv` is FOLDER/opt/venv. The base image is the `python` of PATH.
Both stages share the folder, so `COPY --from` has nothing to do. Steps that make users or owners need root and are
left out, and named. At the end the entry point is started with its arguments. A step that fails ends the script with
its exit code.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click

ROOT = Path(__file__).parents[1]
FOLDERS = re.compile(r"(?<![\w.$/-])/(?=(?:src|opt|data|tmp)\b)")  # what the image has at its root
NEEDS_ROOT = re.compile(r"\b(?:useradd|chown|apt-get)\b")


class Instruction(NamedTuple):
    """A line of a Dockerfile, continued lines joined."""

    word: str
    rest: str


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile, without comments."""
    plain = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in re.sub(r"\\\n", " ", plain).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            yield Instruction(word.upper(), rest.strip())


class Image:
    """A folder that stands for the root of an image, and what the instructions before have set."""

    def __init__(self, folder: Path, context: Path) -> None:
        self.folder, self.context = folder.resolve(), context
        self.work = self.folder
        self.environment = dict(os.environ)
        self.entry = self.arguments = "[]"
        self.left_out: list[str] = []

    def inside(self, text: str) -> str:
        """The text with absolute paths of the image as paths below the folder."""
        return FOLDERS.sub(f"{self.folder}/", text)

    def do(self, step: Instruction) -> int:
        """Carry out one instruction; returns the exit code of a command."""
        method = getattr(self, f"do_{step.word.lower()}", None)
        if method is None:  # FROM and USER: the machine's
            return 0
        return int(method(step.rest) or 0)

    def do_workdir(self, rest: str) -> None:
        """Make a folder, and work there."""
        self.work = self.folder / rest.lstrip("/")
        self.work.mkdir(parents=True, exist_ok=True)

    def do_env(self, rest: str) -> None:
        """Set variables of all later steps."""
        for name, value in re.findall(r"(\w+)=(\S+)", rest):
            own, marked, _ = value.partition("$PATH")
            self.environment[name] = self.inside(own) + (self.environment["PATH"] if marked else "")

    def do_copy(self, rest: str) -> None:
        """Copy files of the context into the working folder."""
        if rest.startswith("--from"):
            return
        *names, target = rest.split()
        for name in names:
            source = self.context / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, self.work / target, ignore=ignored, dirs_exist_ok=True)
            else:
                shutil.copy(source, self.work / target)

    def do_run(self, rest: str) -> int:
        """Run commands in a shell."""
        if NEEDS_ROOT.search(rest):
            self.left_out.append(rest)
            return 0
        return self._command(["sh", "-e", "-c", self.inside(rest)])

    def do_entrypoint(self, rest: str) -> None:
        """Remember the program that a container starts."""
        self.entry = rest

    def do_cmd(self, rest: str) -> int:
        """Start the entry point with its default arguments."""
        return self._command([*re.findall(r'"([^"]*)"', self.entry), *re.findall(r'"([^"]*)"', rest)])

    def _command(self, words: Sequence[str]) -> int:
        click.echo(f"+ {' '.join(words)}")
        return subprocess.run(words, cwd=self.work, env=self.environment, check=False).returncode  # noqa: S603


def run(dockerfile: Path, folder: Path) -> int:
    """Carry out all instructions; returns the first exit code that is not 0."""
    image = Image(folder, dockerfile.parent)
    for step in instructions(dockerfile.read_text("utf-8")):
        if code := image.do(step):
            click.echo(f"failed with exit code {code}: {step.word} {step.rest}", err=True)
            return code
    for rest in image.left_out:
        click.echo(f"left out, for it needs root: RUN {rest}")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the project's Dockerfile in an empty folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="an empty folder, or one that is made")
    parser.add_argument("--file", type=Path, default=ROOT / "Dockerfile", help="another Dockerfile")
    chosen = parser.parse_args(arguments)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    if any(chosen.folder.iterdir()):
        parser.error(f"{chosen.folder} is not empty")
    return run(chosen.file, chosen.folder)


if __name__ == "__main__":
    sys.exit(main())
