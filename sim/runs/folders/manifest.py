"""The manifest of a run: what is run, by which code, how to repeat it, and, once complete, the digest of every file.

It holds nothing about the machine, the user or the path. Its last entry, `sha256`, is the digest of the text before it,
so that damage to the manifest itself shows.
"""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import StorageError
from sim.installation import library_versions
from sim.runs.folders.provenance import code_digests
from sim.runs.folders.source_file import remarks
from sim.version import __version__

if TYPE_CHECKING:
    from sim.scenario import Scenario

Manifest = dict[str, Any]

FORMAT = 2
RUNNING, COMPLETE = "running", "complete"
BASE = "base"
"""In the manifest of a run that adds replications to a complete one: how many it takes from there."""
_SEAL = ',\n  "sha256": "'
_END = '"\n}\n'


def describe(scenario: "Scenario") -> Manifest:
    """The manifest of a run that begins."""
    return {
        "format": FORMAT,
        "program": "caption-bandit-sim",
        "version": __version__,
        "status": RUNNING,
        "scenario": scenario.name,
        "digest": scenario.digest,
        "replication_digest": scenario.model_copy(update={"replications": 1}).digest,
        "seed": scenario.seed,
        "replications": scenario.replications,
        "policies": [spec.name for spec in scenario.policies],
        "repeat": "python -m sim run scenario.yaml --out repeated",
        **describe_code(scenario),
        "remarks": remarks(scenario),
        "files": {"scenario.yaml": hashlib.sha256(scenario.to_yaml().encode()).hexdigest()},
    }


def describe_code(scenario: "Scenario") -> Manifest:
    """The part of a manifest that says by which versions and which code this process makes numbers."""
    return {
        "versions": dict(library_versions()),
        "code": code_digests(spec.kind for spec in scenario.policies),
    }


def made_by(manifest: Manifest) -> dict[str, str]:
    """Versions and digests of code by what they are about, in one mapping."""
    return {
        **{f"version of {name}": text for name, text in manifest["versions"].items()},
        **{f"code of {name}": text[:16] for name, text in manifest["code"].items()},
    }


def run_key(manifest: Manifest) -> str:
    """A digest of all that a block's numbers depend on; blocks carry it, so that they are never mixed.

    The number of replications is not part of it: it decides which replications there are, not what they hold.
    """
    parts = {name: manifest[name] for name in ("format", "version", "versions", "code", "replication_digest")}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def to_text(manifest: Manifest) -> str:
    """The manifest as it is written, with its seal."""
    body = json.dumps(manifest, indent=2, ensure_ascii=False).removesuffix("\n}")
    return f"{body}{_SEAL}{_hash(body)}{_END}"


def read(path: Path) -> Manifest:
    """The manifest in a file, empty where there is none.

    Raises StorageError where it is damaged, or of another format.
    """
    try:
        text = path.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError:
        raise damaged(path) from None
    manifest = _parse(text)
    if manifest is not None and manifest.get("format") not in (None, FORMAT):
        raise StorageError(f"{path} has format {manifest['format']}; this version reads format {FORMAT}", _REPLACE)
    body, _, seal = text.rpartition(_SEAL)
    if manifest is None or seal != _hash(body) + _END:
        raise damaged(path)
    del manifest["sha256"]
    return manifest


_REPLACE = "Use --fresh to replace the run, or --out DIR to write elsewhere."


def damaged(path: Path) -> StorageError:
    """The error for a manifest whose text does not match its seal."""
    return StorageError(f"{path} is damaged: its content does not match its digest", _REPLACE)


def _parse(text: str) -> Manifest | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
