"""The page in a real browser (headless Chromium over its DevTools pipe); skipped where there is no Chromium."""

import base64
import json
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

import sim
from reports.content import Cell, CodeBlock, Definitions, FigureBlock, Paragraph, Section, TableBlock
from reports.render import Report, html
from sim.files import write_text

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install Debian's `chromium`"),
]
OFF = "quic background-networking component-update sync gpu default-apps extensions"
FLAGS = ["--headless", "--no-sandbox", "--no-first-run", *(f"--disable-{what}" for what in OFF.split())]
A4_LANDSCAPE = 1032  # CSS pixels between margins of 12 mm
KINDS = ["wilson_sample", "thompson_beta", "greedy", "uniform"]
SCENARIO = {
    "name": "browser",
    "replications": 8,
    "horizon": {"pulls": 400},
    "world": {"kind": "bernoulli", "means": [0.2, 0.5, 0.8], "changes": [{"at": 200, "means": [0.8, 0.5, 0.2]}]},
    "policies": [{"kind": kind, "name": f"{kind}_{i}"} for i in range(3) for kind in KINDS],
}


class Browser:
    """One tab; events are kept as they come."""

    def __init__(self, profile: Path) -> None:
        to_read, self.write = os.pipe()
        self.read, to_write = os.pipe()
        # The program reads commands from descriptor 3 and writes answers to 4.
        shell = f'exec "$@" 3<&{to_read} 4>&{to_write}'
        command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"]
        self.process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *command],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self.rest, self.count, self.session, self.events = b"", 0, "", list[dict[str, Any]]()
        tabs = [each for each in self.call("Target.getTargets")["targetInfos"] if each["type"] == "page"]
        self.session = self.call("Target.attachToTarget", targetId=tabs[0]["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        os.write(
            self.write, json.dumps(message | ({"sessionId": self.session} if self.session else {})).encode() + b"\0"
        )
        while True:
            answer = self._next()
            if answer.get("id") == self.count:
                assert "error" not in answer, answer
                return dict(answer["result"])
            self.events.append(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.read], [], [], 60)
            assert ready, "the browser says nothing"
            chunk = os.read(self.read, 1 << 20)
            assert chunk, "the browser ended"
            self.rest += chunk
        message, _, self.rest = self.rest.partition(b"\0")
        return dict(json.loads(message))

    def open(self, page: Path, *, width: int = 1280, dark: bool = False, media: str = "") -> None:
        self.events.clear()
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.call("Page.navigate", url=page.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def ask(self, script: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def complaints(self) -> list[Any]:
        """Console messages, log entries and exceptions of the page now open."""
        kinds = {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"}
        return [event["params"] for event in self.events if event.get("method") in kinds]

    def requests(self) -> set[str]:
        asked = [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        return {url for url in asked if not url.startswith("data:")}

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        os.close(self.read)
        os.close(self.write)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sim.run(SCENARIO, out=tmp_path_factory.mktemp("page") / "run").path / "report.html"


def test_nothing_is_complained_about_and_nothing_fetched(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.complaints() == []
    assert browser.requests() == {page.as_uri()}


def test_a_page_that_fetches_or_throws_would_be_noticed(browser: Browser, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text('<img src="absent.png"><script>throw new Error("x")</script>')
    browser.open(bad)
    assert browser.complaints()
    assert len(browser.requests()) == 2


FIGURES = """[...document.querySelectorAll("figure svg")].map((svg) => {
  const box = svg.getBoundingClientRect();
  const drawn = [...svg.querySelectorAll("path, use, image, text")].filter((x) => x.getBoundingClientRect().width > 0);
  const out = [...svg.querySelectorAll("text")].filter((x) => {
    const at = x.getBoundingClientRect();
    return at.left < box.left - 1 || at.right > box.right + 1 || at.top < box.top - 1 || at.bottom > box.bottom + 1;
  });
  return [box.width, box.height, drawn.length, out.map((x) => x.textContent)];
})"""


def test_every_figure_is_rendered_and_no_text_leaves_it(browser: Browser, page: Path) -> None:
    browser.open(page)
    figures = browser.ask(FIGURES)
    assert len(figures) == len(list((page.parent / "figures").glob("*.svg"))) >= 12
    for width, height, drawn, outside in figures:
        assert width > 500
        assert height > 100
        assert drawn > 20
        assert outside == []


def test_names_at_curves_do_not_overlap(browser: Browser, page: Path) -> None:
    browser.open(page)
    names = json.dumps([spec["name"] for spec in SCENARIO["policies"]])  # type: ignore[index, attr-defined]
    overlaps = browser.ask(
        f"""(() => {{ const names = new Set({names}); let count = 0;
        for (const svg of document.querySelectorAll("figure svg")) {{
          const named = [...svg.querySelectorAll("text")].filter((x) => names.has(x.textContent));
          const boxes = named.map((x) => x.getBoundingClientRect());
          boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => {{
            const across = a.left < b.right - 1 && b.left < a.right - 1;
            if (across && a.top < b.bottom - 3 && b.top < a.bottom - 3) count += 1; }}));
        }} return count; }})()"""
    )
    assert overlaps == 0


COLUMN = """[...document.querySelector("table[data-sortable]").tBodies[0].rows]
  .map((row) => Number(row.cells[%d].dataset.value))"""


def test_columns_sort_up_and_down_by_number(browser: Browser, page: Path) -> None:
    browser.open(page)
    click = 'document.querySelectorAll("table[data-sortable] thead button")[7].click()'
    state = 'document.querySelectorAll("table[data-sortable] thead th")[7].getAttribute("aria-sort")'
    browser.ask(click)
    up = browser.ask(COLUMN % 7)
    assert (up, browser.ask(state)) == (sorted(up), "ascending")
    browser.ask(click)
    down = browser.ask(COLUMN % 7)
    assert (down, browser.ask(state)) == (sorted(up, reverse=True), "descending")
    assert len(set(up)) > 3


def test_without_scripts_everything_is_there(browser: Browser, page: Path) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page)
        assert browser.ask('document.querySelectorAll("thead button").length') == 0
        assert browser.ask('document.querySelectorAll("table")[0].rows.length') == 13
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


CONTRAST = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const over = (colours) => { colours.forEach((c) => { canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); });
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3); };
  const light = (rgb) => rgb.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const root = getComputedStyle(document.body).backgroundColor;
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || element.closest("script, style, defs")) continue;
    const behind = [];
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)") behind.unshift(colour);
    }
    const ink = element.closest("svg") ? getComputedStyle(element).fill : getComputedStyle(element).color;
    const [a, b] = [light(over([root, ...behind])), light(over([root, ...behind, ink]))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push([walker.currentNode.textContent, ink, behind]);
  }
  return found;
})()"""


@pytest.mark.parametrize("dark", [False, True])
def test_all_text_is_readable(browser: Browser, page: Path, tmp_path: Path, dark: bool) -> None:
    browser.open(page, dark=dark)
    assert browser.ask(CONTRAST) == []
    behind = browser.ask("getComputedStyle(document.body).backgroundColor")
    assert behind == ("rgb(18, 19, 22)" if dark else "rgb(255, 255, 255)")
    faint = tmp_path / "faint.html"
    faint.write_text("<body style='background: #fff'><p style='color: #999'>faint</p></body>")
    browser.open(faint)
    assert len(browser.ask(CONTRAST)) == 1


def test_a_phone_scrolls_tables_not_the_page(browser: Browser, page: Path) -> None:
    browser.open(page, width=390)
    assert browser.ask("document.documentElement.scrollWidth") <= 390
    assert browser.ask('[...document.querySelectorAll(".scroll")].some((x) => x.scrollWidth > x.clientWidth)')


@pytest.mark.parametrize("width", [A4_LANDSCAPE, 703])  # landscape, and portrait for printers that insist
def test_paper_cuts_no_table(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width=width, media="print")
    cut = browser.ask(
        """[...document.querySelectorAll("table, figure svg")]
        .filter((x) => x.getBoundingClientRect().right > innerWidth + 1).map((x) => x.textContent.slice(0, 40))"""
    )
    assert cut == []
    assert browser.ask("document.documentElement.scrollWidth") <= width


def test_it_prints(browser: Browser, page: Path) -> None:
    browser.open(page, dark=True)
    pdf = base64.b64decode(browser.call("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") > 3


def test_headings_tables_and_figures_are_marked_up(browser: Browser, page: Path) -> None:
    browser.open(page)
    headings = browser.ask('[...document.querySelectorAll("h1, h2, h3")].map((x) => x.tagName)')
    assert headings[0] == "H1"
    assert set(headings[1:]) == {"H2"}
    assert browser.ask('document.querySelectorAll("table:not(:has(caption))").length') == 0
    assert browser.ask('document.querySelectorAll("th:not([scope])").length') == 0
    assert browser.ask('[...document.querySelectorAll("figure [role=img]")].every((x) => x.ariaLabel.length > 20)')
    assert browser.ask("new Set([...document.querySelectorAll('[id]')].map((x) => x.id)).size") == browser.ask(
        "document.querySelectorAll('[id]').length"
    )


PAYLOADS = [
    "<script>window.injected = 1</script>",
    "<img src=x onerror='window.injected = 1'>",
    '" onmouseover="window.injected = 1" x="',
    "'><svg onload=window.injected=1>",
    "</title></style></script><script>window.injected = 1</script>",
    "{{ 7 * 7 }}{% for x in y %}",
    "javascript:window.injected=1",
    "<iframe srcdoc='<script>parent.injected = 1</script>'>",
    "]]><![CDATA[<script>window.injected = 1</script>",
    "--><script>window.injected = 1</script><!--",
]
WRAPPERS = [
    "{}",
    "x{}",
    "{}$$",
    "${}$",
    "\u202e{}",
    "{}\x00",
    "'{}'",
    '"{}"',
    "`{}`",
    "\n{}",
    "{}|",
    "[{}](x)",
    "&lt;{}",
]
WRAPPERS += ["\\{}", "{}" + "a" * 300, "日{}", "%{}", "*{}*", "<{}>", "={}"]
HOSTILE = [wrapper.replace("{}", payload) for payload in PAYLOADS for wrapper in WRAPPERS]


def test_200_hostile_names_inject_nothing(browser: Browser, tmp_path: Path) -> None:
    assert len(HOSTILE) == 200
    figure = Figure(figsize=(8, 40))
    for place, name in enumerate(HOSTILE):
        figure.text(0.01, place / 200, name.replace("\x00", ""), parse_math=False, fontsize=6)
    rows = [[Cell(name), Cell(name, 1.0, 0.5)] for name in HOSTILE]
    all_kinds = [
        TableBlock(HOSTILE[0], [HOSTILE[1], HOSTILE[2]], rows, emphasised=HOSTILE[3]),
        *(Paragraph(name, "warning") for name in HOSTILE),
        FigureBlock("hostile", HOSTILE[2], HOSTILE[4], figure),
        Definitions([(name, name) for name in HOSTILE]),
        CodeBlock(HOSTILE[4], "\n".join(HOSTILE)),
    ]
    page = Report(HOSTILE[4], HOSTILE[0], HOSTILE[1], HOSTILE, [Section("s", HOSTILE[5], all_kinds)])
    write_text(tmp_path / "hostile.html", html(page))
    browser.open(tmp_path / "hostile.html")
    assert browser.ask("window.injected === undefined")
    assert browser.requests() == {(tmp_path / "hostile.html").as_uri()}
    assert browser.ask('document.querySelectorAll("script").length') == 1
    assert browser.ask('document.querySelectorAll("img, iframe, [onload], [onmouseover], [onerror]").length') == 0
    assert browser.ask('document.querySelectorAll("tbody tr").length') == 200
