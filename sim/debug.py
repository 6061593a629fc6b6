"""The bundle that `--debug` writes when a command fails: what a report of a defect needs, and no secret.

It holds the command, versions, the exit code and the traceback, without the values of variables. Environment variables
are listed by name alone. Their values, credentials in addresses, and everything that looks like a token are replaced,
wherever they occur in the text.
"""

import json
import os
import platform
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path

from sim.terminal import BUNDLE
from sim.version import __version__

HIDDEN = "***"
_SHOWN = ("PATH", "PWD", "HOME", "LANG", "SHELL", "TERM", "USER", "LOGNAME", "VIRTUAL_ENV", "PYTHONPATH")
_SHORTEST = 6
_TOKENS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
    r"|\b(?:ya29\.|eyJ|ghp_|AIza|sk-)[\w.\-/+=]{8,}"
    r"|(?i:bearer|token|password|secret|api[_-]?key)(?:\"?\s*[:=]\s*\"?|\s+)[^\s\",}]+",
    re.DOTALL,
)
_USER_IN_URL = re.compile(r"(?<=://)[^/\s@]+@")


def write_bundle(arguments: Sequence[str], problem: BaseException, code: int, folder: Path) -> Path:
    """Write the bundle into a folder; returns its path."""
    content = {
        "command": ["python -m sim", *arguments],
        "exit_code": code,
        "version": __version__,
        "python": sys.version,
        "platform": platform.platform(),
        "packages": sorted(f"{each.metadata['Name']}=={each.version}" for each in distributions()),
        "environment_names": sorted(os.environ),
        "traceback": "".join(traceback.format_exception(problem)).splitlines(),
    }
    path = folder / BUNDLE
    plain = _hidden(content, os.environ)
    path.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
    return path


def _hidden(value: object, environment: Mapping[str, str]) -> object:
    if isinstance(value, dict):
        return {key: _hidden(item, environment) for key, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item, environment) for item in value]
    return redacted(value, environment) if isinstance(value, str) else value


def redacted(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """The text without secrets: values of the environment, credentials in addresses, tokens; the home folder is `~`."""
    for name, value in environment.items():
        if name not in _SHOWN and len(value) >= _SHORTEST:
            text = text.replace(value, HIDDEN)
    text = _USER_IN_URL.sub(f"{HIDDEN}@", _TOKENS.sub(HIDDEN, text))
    home = environment.get("HOME", "")
    return text.replace(home, "~") if len(home) > 1 else text
