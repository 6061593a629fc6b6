"""List what the project is made of (SBOM), and ask `pip-audit` for known vulnerabilities of it.

    python scripts/supply_chain.py --sbom sbom.json
    python scripts/supply_chain.py --audit

The list is CycloneDX 1.6 as JSON: every package that `requirements.lock` pins, with its version and, where it is
installed, its licence; the same lock gives the same file. Exit codes of `--audit`: 0 checked, nothing known; 1 a known
vulnerability; 3 could not be checked (`pip-audit` is not installed, or its service is not reachable), which is not the
same as 0.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
HASH = "--hash=sha256:"
CHECKED, VULNERABLE, NOT_CHECKED = 0, 1, 3
_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;]+)\s*(?:;\s*(.*))?")


class Pin(NamedTuple):
    """A package of the lock, and where it is needed (an environment marker, or "")."""

    name: str
    version: str
    marker: str


def pins(text: str) -> list[Pin]:
    """The packages of a lock file, with or without hashes; raises ValueError for a line that pins none."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        plain = line.partition("#")[0].strip().removesuffix("\\").strip()
        if not plain or plain.startswith(HASH):
            continue
        pinned = _PIN.fullmatch(plain)
        if not pinned:
            raise ValueError(f"line {number}: {plain!r} is not NAME==VERSION")
        found.append(Pin(pinned[1], pinned[2], pinned[3] or ""))
    return found


def sbom(locked: Sequence[Pin]) -> dict[str, object]:
    """The list of components, in CycloneDX 1.6."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "caption-bandit-sim"}},
        "components": [_component(pin) for pin in sorted(locked)],
    }


def _component(pin: Pin) -> dict[str, object]:
    name = re.sub(r"[-_.]+", "-", pin.name).lower()
    component: dict[str, object] = {
        "type": "library",
        "name": pin.name,
        "version": pin.version,
        "purl": f"pkg:pypi/{name}@{pin.version}",
    }
    if licence := _licence(pin.name):
        component["licenses"] = [{"license": {"name": licence}}]
    if pin.marker:
        component["properties"] = [{"name": "environment", "value": pin.marker}]
    return component


def _licence(name: str) -> str:
    """The licence of an installed package, on one line; "" where it is not installed or does not say."""
    try:
        found = metadata(name)
    except PackageNotFoundError:
        return ""
    text = found.get("License-Expression") or found.get("License") or ""
    return text.strip().splitlines()[0][:100] if text.strip() else ""


Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


def audit(run: Run) -> int:
    """Ask `pip-audit`; prints what it found, and returns the exit code."""
    done = run([sys.executable, "-m", "pip_audit", "-r", str(LOCK), "--no-deps", "--disable-pip", "--format", "json"])
    try:
        answer = json.loads(done.stdout)["dependencies"]
        known = [(one["name"], one["version"], each["id"]) for one in answer for each in one.get("vulns", [])]
        skipped = [one["name"] for one in answer if "skip_reason" in one]
    except (ValueError, KeyError, TypeError):
        print(f"could not be checked: {(done.stderr.strip().splitlines() or ['no answer'])[-1]}")  # noqa: T201
        return NOT_CHECKED
    for name, version, identifier in known:
        print(f"{name} {version}: {identifier}")  # noqa: T201
    if known:
        return VULNERABLE
    if skipped or not answer:
        print(f"could not be checked: {', '.join(skipped) or 'no package was looked up'}")  # noqa: T201
        return NOT_CHECKED
    print(f"{len(answer)} packages checked, no known vulnerability")  # noqa: T201
    return CHECKED


def _run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the list, or audit it, or both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sbom", type=Path, help="write the list of components to this file")
    parser.add_argument("--audit", action="store_true", help="ask pip-audit for known vulnerabilities")
    chosen = parser.parse_args(arguments)
    if chosen.sbom is None and not chosen.audit:
        parser.error("nothing to do: give --sbom FILE or --audit")
    if chosen.sbom is not None:
        text = json.dumps(sbom(pins(LOCK.read_text(encoding="utf-8"))), indent=2)
        chosen.sbom.write_text(text + "\n", encoding="utf-8")
    return audit(_run) if chosen.audit else CHECKED


if __name__ == "__main__":
    sys.exit(main())
