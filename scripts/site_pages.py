"""Hooks of the documentation site (see mkdocs.yml): pages outside docs/, links between them, and the list of decisions.

Links in Markdown files are relative to the file in the repository, so that they work on every code host. In the site,
the content of docs/ lies at the root:

    README.md           -> index.md
    docs/scenario.md    -> scenario.md
    benchmarks/X.md     -> benchmarks/X.md

A link to a file that exists in the repository but not in the site, such as a folder of SQL files, becomes plain text. A
link to a file that does not exist is left as it is: mkdocs reports it, and the build fails.
"""

import posixpath
import re
from collections.abc import Callable
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = {
    "README.md": "index.md",
    **{name: name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "CODE_OF_CONDUCT.md")},
    **{name: name for name in ("benchmarks/README.md", "benchmarks/RESULTS.md")},
}
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
FENCE = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the decisions in the last section of the navigation, so that a new one needs no entry in mkdocs.yml."""
    decisions = [f"adr/{path.name}" for path in sorted((ROOT / "docs" / "adr").glob("*.md"))]
    for entry in config.nav or []:
        if isinstance(entry, dict) and "Explanation" in entry:
            entry["Explanation"].append({"Decisions": decisions})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie outside docs/."""
    for source, target in OUTSIDE.items():
        files.append(File.generated(config, target, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Turn links between files of the repository into links between pages of the site."""
    source = Path(str(page.file.abs_src_path)).relative_to(ROOT).as_posix()
    return rewrite(markdown, source, page.file.src_uri, lambda target: files.get_file_from_path(target) is not None)


def rewrite(markdown: str, source: str, page: str, in_site: Callable[[str], bool]) -> str:
    """Return `markdown` of the repository's file `source` with links that are right at `page` of the site.

    `in_site` says whether the site has a file. Code blocks are left alone.
    """

    def replaced(match: re.Match[str]) -> str:
        image, text, link = match.groups()
        path, hash_mark, anchor = link.partition("#")
        if not path or ":" in path:
            return match[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        target = OUTSIDE.get(file, file.removeprefix("docs/"))
        if in_site(target):
            return f"{image}[{text}]({posixpath.relpath(target, posixpath.dirname(page) or '.')}{hash_mark}{anchor})"
        return text if (ROOT / file).exists() else match[0]

    parts = FENCE.split(markdown)
    return "".join(part if FENCE.fullmatch(part) else LINK.sub(replaced, part) for part in parts)
