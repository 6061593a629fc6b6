"""Phrases that were replaced by plain English do not come back: in code, messages, SQL, scenarios or documentation."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = {".md", ".py", ".sql", ".yaml", ".yml", ".toml", ".j2", ".cff", ".ipynb"}
RETIRED = {
    r"on the same luck": "under common random numbers",
    r"allowed twice": "allowed in two places",
    r"given again": "run an interrupted command again",
    r"loads? nothing twice": "no row is loaded twice",
    r"\bleave to write\b": "write permission",
    r"to the letter": "match exactly",
    r"\brefused are\b": "a scenario may have at most …",
    r"equals share the better rank": "ties share the better rank",
    r"\bone (row|line|file|entry) an? (?!time\b)": "one row per …",
    r"\bis no target\b": "invalid target",
    r"\bdearer\b": "the cost does not grow",
    r"\bmeet nobody\b": "rows do not interact",
}


def words(text: str) -> str:
    """The text in lower case, without comment signs at line starts and with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"^\s*(#|--)+ ?", "", text, flags=re.MULTILINE)).lower()


def test_a_retired_phrase_is_found_across_lines_and_comments() -> None:
    assert re.search(r"on the same luck", words("# baselines on\n# the same luck"))
    assert re.search(r"\bone (row|line|file|entry) an? (?!time\b)", words("-- One row\n-- a policy"))
    assert not re.search(r"\bone (row|line|file|entry) an? (?!time\b)", words("one file a time"))


def test_no_retired_phrase_is_left() -> None:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout: the files to read are those that git tracks")
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listing.splitlines() if Path(name).suffix in TEXT]
    assert len(files) > 300
    found = []
    for file in files:
        text = words(file.read_text("utf-8")) if file.exists() and file != Path(__file__) else ""
        found += [
            f"{file.relative_to(ROOT)}: {match[0]!r}" for phrase in RETIRED for match in re.finditer(phrase, text)
        ]
    assert not found, "use plain English (see the table in this file):\n" + "\n".join(found)
