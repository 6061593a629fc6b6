"""The documentation: every relative link resolves, every page is in the navigation, and the site is built correctly."""

import re
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
LINK = re.compile(r"\]\(([^()\s]+)\)")
NAV_ENTRY = re.compile(r"[\w./-]+\.md")


def prose(page: Path) -> str:
    """The text of a page without code."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]+`", "", text)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_the_list_of_checks_is_that_of_the_program() -> None:
    page = runpy.run_path(str(ROOT / "docs" / "list_checks.py"))["page"]
    assert (ROOT / "docs" / "verify.md").read_text("utf-8") == page(), "run python docs/list_checks.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_resolves(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        path, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link} does not exist"
        assert not anchor or target.suffix != ".md" or anchor in anchors(target), f"{page.name}: no heading for {link}"


def nav() -> dict[str, Any]:
    # Hooks and icons need no special tags here, so that a plain YAML reader is enough.
    document: dict[str, Any] = YAML(typ="safe").load((ROOT / "mkdocs.yml").read_text("utf-8"))
    return document


def test_every_page_is_in_the_navigation_once() -> None:
    listed = NAV_ENTRY.findall(str(nav()["nav"]))
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in ROOT.glob("docs/*.md")}
    assert len(listed) == len(set(listed))
    assert pages <= set(listed), "add the page to `nav` in mkdocs.yml"


def test_broken_links_fail_the_build() -> None:
    config = nav()
    assert config["strict"] is True
    assert config["validation"]["links"]["not_found"] == "warn"
    assert "mkdocs build" in (ROOT / ".ci" / "run").read_text("utf-8")


@pytest.fixture(scope="module")
def hooks() -> dict[str, Any]:
    pytest.importorskip("mkdocs", reason="mkdocs is not installed (extra `docs`)")
    return runpy.run_path(str(ROOT / "scripts" / "site_pages.py"))


@pytest.fixture
def rewrite(hooks: dict[str, Any]) -> Iterator[Callable[[str, str, str], str]]:
    site = {"index.md", "scenario.md", "adr/0001-architecture.md", "gallery/drift.svg", "benchmarks/README.md"}
    yield lambda text, source, page: hooks["rewrite"](text, source, page, site.__contains__)


@pytest.mark.parametrize(
    ("source", "page", "text", "expected"),
    [
        ("README.md", "index.md", "[a](docs/scenario.md#top)", "[a](scenario.md#top)"),
        ("README.md", "index.md", "![a](docs/gallery/drift.svg)", "![a](gallery/drift.svg)"),
        ("docs/adr/0001-architecture.md", "adr/0001-architecture.md", "[a](../scenario.md)", "[a](../scenario.md)"),
        ("docs/scenario.md", "scenario.md", "[a](../README.md)", "[a](index.md)"),
        ("benchmarks/README.md", "benchmarks/README.md", "[a](../docs/scenario.md)", "[a](../scenario.md)"),
        ("docs/scenario.md", "scenario.md", "see [`sql`](../sql/ddl)", "see `sql`"),
        ("docs/scenario.md", "scenario.md", "[a](no_such_page.md)", "[a](no_such_page.md)"),
        ("docs/scenario.md", "scenario.md", "[a](https://example.org/x.md)", "[a](https://example.org/x.md)"),
        ("docs/scenario.md", "scenario.md", "[a](#top)", "[a](#top)"),
        ("README.md", "index.md", "```\nf[a](docs/scenario.md)\n```", "```\nf[a](docs/scenario.md)\n```"),
    ],
)
def test_links_are_right_in_the_site(rewrite: Any, source: str, page: str, text: str, expected: str) -> None:
    assert rewrite(text, source, page) == expected


def test_the_map_of_the_code_is_the_import_contract() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "code_map.py"))
    rows = script["layers"]((ROOT / "pyproject.toml").read_text("utf-8"))
    assert len(rows) > 10
    drawn = re.findall(r'class="name"[^>]*>([^<]+)<', (ROOT / "docs" / "code-map.svg").read_text("utf-8"))
    assert drawn == [module for row in rows for module in row], "run `python scripts/code_map.py`"
    fresh = ElementTree.fromstring(script["picture"](rows))
    assert len(fresh.findall(".//{*}rect")) == len(drawn) + 1  # the background is one


def test_files_that_contributing_names_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = set(re.findall(r"(?:sim|policies|reports|scenarios|sql|tests|scripts|docs)/[\w./-]*\w", text))
    assert len(named) > 25
    assert sorted(name for name in named if not (ROOT / name).exists()) == []
