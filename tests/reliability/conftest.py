"""The undisturbed run that disturbed ones are compared with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reliability.harness import BUSY, Forks, digest, finish, start


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with busy.yaml; its kernels are compiled."""
    folder = tmp_path_factory.mktemp("reliability")
    (folder / "busy.yaml").write_text(BUSY)
    code, said = finish(start(folder, "--out", "whole", "--workers", "1"))
    assert code == 0, said
    return folder


@pytest.fixture(scope="session")
def expected(home: Path) -> str:
    """The digest of the undisturbed run."""
    return digest(home / "whole")


@pytest.fixture(scope="session")
def forks(home: Path) -> Iterator[Forks]:
    """Runs of busy.yaml that share one start of Python."""
    made = Forks(home)
    yield made
    made.close()
