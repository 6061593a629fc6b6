"""The YAML reader: the values of YAML 1.2, the lines they stand on, and what it refuses, with how little work."""

import math

import pytest

from sim.errors import ScenarioError
from sim.scenario.document import MAX_BYTES, MAX_DEPTH, MAX_VALUES, read
from work import calls

# Twice what the costliest input here takes; a square of its 65,000 characters would be a thousand times as much.
MOST_CALLS = 3_000_000


def value_of(text):
    return read(f"x: {text}\n", "f").value["x"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-7", -7),
        ("+7", 7),
        ("0o17", 15),
        ("0xff", 255),
        ("017", 17),  # YAML 1.1 would read an octal number
        ("1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.5E-3", -0.0015),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        # Text, which YAML 1.1 takes for something else.
        ("on", "on"),
        ("Yes", "Yes"),
        ("n", "n"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("2025-01-06", "2025-01-06"),
        ("0b11", "0b11"),
        ("inf", "inf"),
        ("nan", "nan"),
        ("'1'", "1"),
        ('"true"', "true"),
        ('""', ""),
        ('"\\u00e9"', "é"),
        ('"\\ud83d\\ude00"', "\U0001f600"),  # as JSON writes it
        ("[1, [2, a]]", [1, [2, "a"]]),
        ("{a: 1, b: {}}", {"a": 1, "b": {}}),
        ("[]", []),
    ],
)
def test_a_value(text, value):
    found = value_of(text)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number():
    assert math.isnan(value_of(".nan"))


@pytest.mark.parametrize("digits", ["9" * 41, "-" + "9" * 60_000, "0x" + "f" * 10_000])
def test_a_number_too_long_to_matter_is_infinite(digits):
    assert math.isinf(value_of(digits))


def test_a_value_stands_on_the_line_of_its_key():
    document = read("# comment\na: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\ne: >\n  long\n  text\nf: 4\n", "f")
    lines = {(): 2, ("a",): 2, ("b",): 3, ("b", 0): 4, ("b", 1): 5, ("b", 1, "c"): 5, ("b", 1, "d"): 6, ("e",): 7}
    assert document.lines == {**lines, ("f",): 10}
    assert document.line(("b", 1, "missing", "below")) == 5


def test_duplicate_keys_are_all_found_and_the_first_value_stays():
    document = read("a: 1\nb: {x: 1, x: [2, {a: 1, a: 2}]}\na: 2\n", "f")
    assert [(found.path, found.line, found.message) for found in document.findings] == [
        (("b", "x"), 2, "duplicate key, first given on line 2"),
        (("b", "x", "(again)", 1, "a"), 2, "duplicate key, first given on line 2"),
        (("a",), 3, "duplicate key, first given on line 1"),
    ]
    assert document.value == {"a": 1, "b": {"x": 1}}


REFUSED = {
    "empty": ("", None, "empty; a scenario is a mapping"),
    "comments only": ("# a\n# b\n", None, "empty; a scenario is a mapping"),
    "anchor": ("a: 1\nb: &x [1]\n", 2, "anchors (&) and aliases (*) are not allowed"),
    "billion laughs": ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n", 1, "anchors (&) and aliases (*)"),
    "alias of nothing": ("a: *b\n", 1, "anchors (&) and aliases (*)"),
    "python tag": (
        "a: 1\nb: !!python/object/apply:os.system [ls]\n",
        2,
        "python/object/apply:os.system) are not allowed",
    ),
    "own tag": ("a: !mine 1\n", 1, "tags (!mine) are not allowed"),
    "plain tag": ("a: !!str 1\n", 1, "tags (tag:yaml.org,2002:str) are not allowed"),
    "tag on a key": ("!!str a: 1\n", 1, "tags ("),
    "anchor on a key": ("&k a: 1\n", 1, "anchors (&)"),
    "second document": ("a: 1\n---\nb: 1\n", 2, "a second document (---) begins here"),
    "old YAML": ("%YAML 1.1\n---\na: 1\n", 2, "%YAML 1.1: scenarios are YAML 1.2"),
    "key that is a list": ("a: 1\n? [x]\n: 1\n", 2, "a key must be a plain word"),
    "key that is a mapping": ("{{a: 1}: 1}\n", 1, "a key must be a plain word"),
    "tab": ("a:\n\tb: 1\n", 2, "not YAML: found character '\\t'"),
    "indentation": ("a: 1\n  b: 2\n", 2, "not YAML: mapping values are not allowed here"),
    "open bracket": ("a: [1, 2\nb: 3\n", 2, "not YAML: expected ',' or ']'"),
    "NUL": ("a: 1\nb: \0\n", 2, "not YAML: unacceptable character #x0000"),
    "NUL escaped": ('a: 1\nb: "\\0"\n', 2, "control characters"),
    "half a surrogate pair": ('a: "\\ud800"\n', 1, "control characters"),
    "escape out of range": ('a: "\\UFFFFFFFF"\n', None, "not YAML"),
    "deep blocks": (
        "\n".join(" " * i + "a:" for i in range(MAX_DEPTH + 1)) + " 1\n",
        MAX_DEPTH + 1,
        "nested deeper than",
    ),
    "deep flow": ("[" * 30_000, 1, "nested deeper than"),
    "deep flow, spaced": ("a: 1\nb: " + "[ " * 30_000, 2, "nested deeper than"),
    "deep flow mappings": ("{a: " * 15_000, 1, "nested deeper than"),
    "deep flow, interrupted": ("[a, " * 15_000, 1, "nested deeper than"),
    "deep sequences": ("- " * 30_000, 1, "nested deeper than"),
    "deep keys": ("? " * 30_000, 1, "a key must be a plain word"),
    "many keys": ("".join(f"k{i}: 1\n" for i in range(6_000)), MAX_VALUES, f"more than {MAX_VALUES} values"),
    "many items": ("a: [" + "0," * 30_000 + "0]\n", 1, f"more than {MAX_VALUES} values"),
    "many equal keys": ("a: 1\n" * 13_000, 51, "too many duplicate keys to read on"),
    "many documents": ("--- 1\n" * 10_000, 2, "a second document"),
    "huge": ("a: '" + "x" * MAX_BYTES + "'\n", None, "larger than 64 KiB"),
    "ampersands": ("&" * 65_000, 1, "anchors (&)"),
    "exclamation marks": ("a: " + "!" * 65_000, 1, "tags ("),
}


@pytest.mark.parametrize(("text", "line", "message"), REFUSED.values(), ids=REFUSED)
def test_refused_clearly_and_with_little_work(text, line, message):
    read("a: 1\n", "warm-up")
    caught = []

    def refused():
        with pytest.raises(ScenarioError) as error:
            read(text, "f.yaml")
        caught.append(error.value)

    work = calls(refused)
    problem = caught[-1].problems[-1]
    assert message in problem.message
    assert (problem.file, problem.line) == ("f.yaml", line)
    assert len(str(problem)) < 400
    assert work < MOST_CALLS


SLOW_BUT_FINE = {
    "one long word": "a: " + "x" * 65_000,
    "one long quoted text": 'a: "' + "x" * 65_000 + '"',
    "many short words": "a: " + "x " * 32_000,
    "comments": "# c\n" * 16_000 + "a: 1\n",
    "blank lines": "\n" * 65_000 + "a: 1\n",
    "escapes": 'a: "' + "\\x41" * 16_000 + '"\n',
    "quotes": "a: '" + "''" * 32_000 + "'\n",
}


@pytest.mark.parametrize("text", SLOW_BUT_FINE.values(), ids=SLOW_BUT_FINE)
def test_the_largest_file_is_read_with_little_work(text):
    read("a: 1\n", "warm-up")
    assert calls(lambda: read(text, "f")) < MOST_CALLS
