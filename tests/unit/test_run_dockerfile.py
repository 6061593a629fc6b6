"""The script that runs the steps of the Dockerfile in a folder."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = """\
# a comment
FROM python:3.12-slim AS build
WORKDIR /src
COPY one.txt two.txt ./
COPY folder folder
ENV PLACE=/opt/kernels OTHER=generic
RUN mkdir -p /opt/venv/bin \\
 && cp one.txt folder/three.txt /opt/venv \\
 && printf '#!/bin/sh\\necho "$PLACE" "$OTHER" "$@" > %s\\n' /data.txt > /opt/venv/bin/own

FROM python:3.12-slim
RUN useradd --uid 10001 sim
COPY --from=build /opt/venv /opt/venv
RUN chmod +x /opt/venv/bin/own
ENV PATH=/opt/venv/bin:$PATH
USER 10001
WORKDIR /data
ENTRYPOINT ["own", "first"]
CMD ["--help"]
"""


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_dockerfile", ROOT / "scripts" / "run_dockerfile.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "run_dockerfile", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A folder with a Dockerfile and what it copies."""
    folder = tmp_path / "context"
    (folder / "folder" / "__pycache__").mkdir(parents=True)
    for name in ("one.txt", "two.txt", "folder/three.txt", "folder/__pycache__/x.pyc"):
        (folder / name).write_text(name)
    (folder / "Dockerfile").write_text(DOCKERFILE.replace("/data.txt", "said.txt"))
    return folder


def test_every_step_is_carried_out_below_the_folder(
    script: ModuleType, context: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "image"
    assert script.main([str(image), "--file", str(context / "Dockerfile")]) == 0
    assert (image / "src/two.txt").read_text() == "two.txt"
    assert (image / "opt/venv/three.txt").read_text() == "folder/three.txt"
    assert not (image / "src/folder/__pycache__").exists()
    assert (image / "data/said.txt").read_text() == f"{image}/opt/kernels generic first --help\n"
    assert "left out, for it needs root: RUN useradd" in capsys.readouterr().out


def test_a_step_that_fails_is_named(
    script: ModuleType, context: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (context / "Dockerfile").write_text("FROM x\nRUN false\nRUN touch /opt\n")
    assert script.main([str(tmp_path / "image"), "--file", str(context / "Dockerfile")]) == 1
    assert "failed with exit code 1: RUN false" in capsys.readouterr().err
    assert not (tmp_path / "image/opt").exists()


def test_a_folder_with_content_is_refused(script: ModuleType, context: Path) -> None:
    with pytest.raises(SystemExit):
        script.main([str(context)])


def test_the_own_dockerfile_is_understood(script: ModuleType) -> None:
    steps = list(script.instructions((ROOT / "Dockerfile").read_text("utf-8")))
    known = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "ENTRYPOINT", "CMD"}
    assert {step.word for step in steps} == known
    (needs, program, kernels, root) = [step.rest for step in steps if step.word == "RUN"]
    assert needs.startswith("python -m venv /opt/venv")
    assert "--require-hashes" in needs
    assert "--no-deps --no-build-isolation" in program  # downloads nothing
    assert "sim compile" in kernels
    assert script.NEEDS_ROOT.search(root)
    assert not script.NEEDS_ROOT.search(needs + program + kernels)
