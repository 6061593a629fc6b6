"""Copies of a report as PDF and PNG, made by a Chromium that is installed."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from sim.errors import InputError, StorageError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SECONDS = 180
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-pdf-header-footer",
)
FIRST_SCREEN = (1200, 1500)  # CSS pixels


def print_report(report: Path, kind: str, screen: tuple[int, int] = FIRST_SCREEN) -> Path:
    """Write `report` again as `pdf`, or its first `screen` as `png`, beside the HTML file; returns the new path.

    Raises InputError where no Chromium is installed, StorageError where it fails.
    """
    browser = next((found for found in map(shutil.which, BROWSERS) if found), None)
    if browser is None:
        raise InputError(
            f"--{kind} needs Chromium, and none is installed", "Print report.html from any browser instead."
        )
    target = report.with_suffix(f".{kind}")
    with tempfile.TemporaryDirectory(prefix="caption-sim-") as folder:
        made = Path(folder) / target.name
        _run(browser, _output_flags(kind, made, screen), report, Path(folder) / "profile")
        if not made.is_file():
            raise StorageError(f"{browser} wrote no {target.name}", "Print report.html from a browser instead.")
        shutil.move(made, target)
    return target


def _output_flags(kind: str, made: Path, screen: tuple[int, int]) -> list[str]:
    if kind == "pdf":
        return [f"--print-to-pdf={made}"]
    return [f"--screenshot={made}", f"--window-size={screen[0]},{screen[1]}"]


def _run(browser: str, wanted: list[str], report: Path, profile: Path) -> None:
    # Chromium refuses its sandbox under the superuser; the page is our own file, and its policy forbids the network.
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    command = [browser, *FLAGS, *root, f"--user-data-dir={profile}", *wanted, report.resolve().as_uri()]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)  # noqa: S603 - no shell, our own words
    except (OSError, subprocess.SubprocessError) as problem:
        raise StorageError(f"{browser} failed: {problem}", "Print report.html from a browser instead.") from None
