"""Copies of a report as PDF and PNG: what is asked of the browser, and what is said where there is none."""

import stat
from pathlib import Path

import pytest

from reports import browser
from reports.browser import print_report
from sim.errors import InputError, StorageError


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text("<p>text</p>", "utf-8")
    return path


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A program named chromium that runs `script`; it is the only one on the path, beside the shell's."""
    program = folder / "chromium"
    program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(browser, "BROWSERS", (str(program),))


def test_without_a_browser_the_way_out_is_named(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "BROWSERS", ("no-such-browser",))
    with pytest.raises(InputError, match="--pdf needs Chromium"):
        print_report(report, "pdf")


@pytest.mark.parametrize(("kind", "flag"), [("pdf", "--print-to-pdf="), ("png", "--screenshot=")])
def test_the_browser_prints_into_the_folder_of_the_report(
    kind: str, flag: str, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "words"
    write = f'case "$w" in {flag}*) echo made > "${{w#{flag}}}";; esac'
    install(tmp_path, monkeypatch, f'for w in "$@"; do echo "$w" >> {log}; {write}; done')
    assert print_report(report, kind) == report.with_suffix(f".{kind}")
    assert report.with_suffix(f".{kind}").read_text("utf-8") == "made\n"
    words = log.read_text("utf-8").splitlines()
    assert words[-1] == report.as_uri()
    assert "--headless" in words
    assert "--disable-background-networking" in words
    profile = next(word for word in words if word.startswith("--user-data-dir="))
    assert not Path(profile.partition("=")[2]).exists()


@pytest.mark.parametrize("script", ["exit 3", "exit 0"])
def test_a_browser_that_fails_or_writes_nothing_is_an_error(
    script: str, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, script)
    with pytest.raises(StorageError, match="chromium"):
        print_report(report, "pdf")
    assert not report.with_suffix(".pdf").exists()
