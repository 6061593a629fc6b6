"""Texts that mean something to a browser, a Markdown viewer, a terminal, a spreadsheet, a database or a file system."""

import itertools

COUNT = 200


def vectors(cores: list[str], frames: list[str]) -> list[str]:
    """`COUNT` different texts: each core in each frame, of which `{}` is the place of the core."""
    made = dict.fromkeys(frame.replace("{}", core) for core, frame in itertools.product(cores, frames))
    assert len(made) >= COUNT
    return list(made)[:: max(1, len(made) // COUNT)][:COUNT]


FRAMES = ["{}", "a{}", "{}b", "a {} b", "'{}'", '"{}"', "{}{}", "\u00e9{}", "|{}|", "`{}`"]
HTML = vectors(
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "</td><td>",
        "</title><script>",
        "<!--",
        "]]>",
        '" onmouseover="alert(1)',
        "' onfocus='alert(1)",
        "&lt;script&gt;",
        "&#60;script&#62;",
        "<a href=javascript:alert(1)>x</a>",
        "<iframe srcdoc=x>",
        "<style>*{display:none}</style>",
        "</code></pre><b>",
        "<math><mi//xlink:href='data:x'>",
        "<base href=//x>",
        "<%= 1 %>",
        "{{ 7 * 7 }}",
        "{% raw %}",
        "<x\tonclick=y>",
        "\u2028<b>",
    ],
    FRAMES,
)
MARKDOWN = vectors(
    [
        "[x](javascript:alert(1))",
        "![x](http://x/y.png)",
        "<http://x>",
        "**bold**",
        "_em_",
        "`code`",
        "~~~",
        "```",
        "# title",
        "- item",
        "1. item",
        "> quote",
        "| a | b |",
        "---",
        "\\|",
        "\\\\|",
        "[x]: http://x",
        "<b>x</b>",
        "&copy;",
        "a\n\nb",
        "\n# b",
        "***",
    ],
    FRAMES,
)
TERMINAL = vectors(
    [
        "\x1b]0;title\x07",
        "\x1b[2J",
        "\x1b[31m",
        "\x9b31m",
        "\x1b]8;;http://x\x1b\\",
        "\x1b]52;c;eA==\x07",
        "\x1bc",
        "\x1b[6n",
        "\x08\x08",
        "\x7f",
        "\x07",
        "\x0e",
        "\x0b",
        "\x0c",
        "\x1bP1$r\x1b\\",
        "\u202eevil",
        "\u2066x\u2069",
        "\u200e",
        "\x85",
        "\x90",
        "\x9d0;x\x9c",
        "\x1b",
    ],
    FRAMES,
)
FORMULAS = vectors(
    [
        "1+1",
        "cmd|' /C calc'!A0",
        'HYPERLINK("http://x")',
        "SUM(A1:A9)",
        'DDE("cmd";"/C calc";"x")',
        "IMPORTXML(A1,A2)",
        'WEBSERVICE("http://x")',
        "-1",
        "A1",
        "",
        '"',
        ",",
        "\nx",
    ],
    ["={}", "+{}", "-{}", "@{}", " ={}", "\t={}", "\r={}", "\n={}", "  +{}", "\t{}", "\r{}", "\x00={}", "\u00a0={}",
     "\u3000@{}", "=\t{}", "=-{}"],
)  # fmt: skip
SQL = vectors(
    [
        "'; DROP TABLE caption_bandit_stats; --",
        "' OR '1'='1",
        "'); DELETE FROM mass_messages; --",
        "\\'; DROP TABLE x; --",
        "$$; DROP TABLE x; $$",
        "${table}",
        "`; DROP TABLE x; `",
        "/* */",
        "-- x",
        "%s",
        "{0}",
        "@x",
        "?",
        ":x",
        "$1",
        "UNION SELECT 1",
        "'||(SELECT 1)||'",
        "'; ATTACH 'x.db'; --",
        "'; COPY x TO 'y'; --",
        "\x00'",
        "\u2019; DROP TABLE x; --",
        "]];",
    ],
    FRAMES,
)
PATHS = vectors(
    ["gl[1]", "a*b", "q?x", "{a,b}", "[!a]", "x'y", "back\\slash", "%41", "day=3", "a b", "-rf", "--out", "$HOME",
     "`id`", "$(id)", "a;b", "a&b", "a|b", "a>b", "~", "#", "\u202ex", "a\nb", "e\u0301", "CON", "a:b", "**", "..."],
    ["{}", "a{}", "{}b", "{}.x", "{}{}", " {}", "{} ", "x={}"],
)  # fmt: skip
