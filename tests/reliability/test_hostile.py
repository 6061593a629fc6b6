"""Texts of a user stay texts: 200 hostile vectors each for HTML, Markdown, terminals, formulas, SQL and paths."""

import csv
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from markdown_it import MarkdownIt

import sim
import sql
from reliability.harness import amounts
from reliability.hostile import COUNT, FORMULAS, HTML, MARKDOWN, PATHS, SQL, TERMINAL
from reports.content import Cell, CodeBlock, Definitions, Paragraph, Section, TableBlock
from reports.render import Report, html, markdown
from reports.tables.spreadsheet import write_csv
from sim.cli import exit_code
from sim.terminal import visible
from sim.warehouse.targets import open_target, parse_target
from sim.worlds.table.source import read_counts

ALL = [*HTML, *MARKDOWN, *TERMINAL, *FORMULAS, *SQL, *PATHS]
COLUMNS = ("page_name", "caption_id", "trials", "successes")


def test_there_are_200_of_each_kind() -> None:
    for kind in (HTML, MARKDOWN, TERMINAL, FORMULAS, SQL, PATHS):
        assert len(set(kind)) == COUNT


def page(texts: list[str]) -> Report:
    """Every text wherever a report can show one."""
    sections = [
        Section(
            f"section-{number}",
            text,
            [
                Paragraph(text),
                TableBlock(text, [text, text], [[Cell(text), Cell(text, 1.0)], [Cell("a"), Cell(text)]], text),
                Definitions([(text, text)]),
                CodeBlock(text, text),
            ],
        )
        for number, text in enumerate(texts)
    ]
    return Report(texts[0], texts[0], texts[0], texts, sections)


class Structure(HTMLParser):
    """Tags and names of attributes; `wbr` and `code` are ours: they follow underscores and backticks of a text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("wbr", "code"):
            self.tags.append((tag, *(name for name, _ in attrs)))

    def handle_comment(self, data: str) -> None:
        self.tags.append(("comment",))

    def handle_decl(self, decl: str) -> None:
        self.tags.append((decl,))


@pytest.mark.parametrize("texts", [HTML, MARKDOWN, TERMINAL, SQL], ids=["html", "markdown", "terminal", "sql"])
def test_no_text_becomes_a_tag_of_the_page(texts: list[str]) -> None:
    assert Structure(html(page(texts))).tags == Structure(html(page(["harmless"] * len(texts)))).tags


def test_the_test_of_tags_notices_a_text_that_is_not_escaped() -> None:
    plain = html(page(["harmless"]))
    for text in HTML:
        if "<script>" in text or "<img" in text:
            assert Structure(plain.replace("harmless", text)).tags != Structure(plain).tags


def structure(text: str) -> Counter[str]:
    """Kinds of blocks and of inline parts of Markdown, without plain text."""
    found: Counter[str] = Counter()
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(text):
        found.update([token.type, *(child.type for child in token.children or [] if "text" not in child.type)])
    return found


@pytest.mark.parametrize("texts", [HTML, MARKDOWN, SQL], ids=["html", "markdown", "sql"])
def test_no_text_becomes_markdown(texts: list[str]) -> None:
    assert structure(markdown(page(texts))) == structure(markdown(page(["harmless"] * len(texts))))


def test_the_test_of_markdown_notices_a_text_that_is_not_escaped() -> None:
    plain = markdown(page(["harmless"]))
    assert structure(plain.replace("harmless", "**bold**")) != structure(plain)
    assert structure(plain.replace("| harmless", "| a | b", 1)) != structure(plain)
    assert structure(plain.replace("harmless |", "<b> |")) != structure(plain)


@pytest.mark.parametrize(
    "command", [["run"], ["report"], ["policies"], ["run", "quickstart", "--set"], ["load", "x", "--to"], []]
)
def test_no_argument_reaches_the_terminal_as_a_command_of_it(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for text in TERMINAL if command != ["run", "quickstart", "--set"] else TERMINAL[::10]:
        assert exit_code([*command, text.replace("\0", "")]) != 0
        for said in capsys.readouterr():
            assert visible(said) == said


def test_no_cell_of_a_spreadsheet_is_a_formula(tmp_path: Path) -> None:
    write_csv(pl.DataFrame({"text": FORMULAS, FORMULAS[0]: range(COUNT)}), tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(line.replace("\0", "\u2400") for line in file))
    cells = [cell for row in rows for cell in row]
    assert len(rows) == COUNT + 1
    for cell in cells:
        assert not cell.startswith(("\t", "\r"))
        assert cell.lstrip(" \t\r\n\u00a0\u3000\u2400")[:1] not in ("=", "+", "-", "@")
    assert [row[0].removeprefix("'").replace("\u2400", "\0") for row in rows[1:]] == FORMULAS


def test_no_text_is_part_of_a_statement(tmp_path: Path) -> None:
    for text in SQL:
        for kind in ("project", "dataset", "table"):
            with pytest.raises(ValueError, match="not a plain identifier"):
                sql.fill(f"SELECT * FROM ${{{kind}}}", **{kind: text})


@pytest.mark.slow
def test_texts_come_back_from_a_database_as_they_were(tmp_path: Path) -> None:
    rows = [(text, arm, 100, 10 + arm) for text in SQL for arm in (1, 2)]
    pl.DataFrame(rows, COLUMNS, orient="row").write_parquet(tmp_path / "counts.parquet")
    world = {"kind": "table", "source": str(tmp_path / "counts.parquet"), "sends_per_day": 8}
    content = {"name": "x", "replications": 1, "horizon": {"days": 2}, "world": world, "policies": ["uniform"]}
    run = sim.run({**content, "record": {"sends": True}}, tmp_path / "run", report=False)
    target = f"duckdb:{tmp_path / 'x.duckdb'}"
    assert exit_code(["load", str(run.path), "--to", target, "--quiet"]) == 0
    assert exit_code(["load", str(run.path), "--to", target, "--quiet"]) == 0  # the same again
    with open_target(parse_target(target), read_only=True) as database:
        found = database.query("SELECT DISTINCT page_name FROM caption_bandit_stats")
    assert set(found["page_name"].to_pylist()) == {text.strip() for text in SQL}


@amounts(20, COUNT)
@pytest.mark.slow
def test_a_folder_of_any_name_is_that_folder(tmp_path: Path, amount: int, capsys: pytest.CaptureFixture[str]) -> None:
    for text in PATHS[:: COUNT // amount]:
        home = tmp_path / "home"
        folder = home / text
        folder.mkdir(parents=True)
        (folder / "counts.csv").write_text(",".join(COLUMNS) + "\npage,1,10,1\npage,2,10,3\n")
        assert read_counts(str(folder / "counts.csv"), COLUMNS).successes.tolist() == [1, 3]
        target = f"parquet:{folder / 'out'}"
        assert exit_code(["seed", "--rows", "10", "--to", target, "--quiet"]) == 0, (text, capsys.readouterr())
        assert exit_code(["verify", "--to", target, "--only", "table", "--quiet"]) in (0, 1), text
        assert [path.name for path in home.iterdir()] == [text]
        assert sorted(path.name for path in folder.iterdir()) == ["counts.csv", "out"]
        home.rename(tmp_path / f"done{PATHS.index(text)}")
