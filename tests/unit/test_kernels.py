"""Templates compiled around the functions that are bound to the names they declare."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numba.core.errors import NumbaError

from sim import kernels
from sim.kernels import declared, specialise

SOURCE = """
from sim.kernels import unbound

FACTOR = 2.0
NEGATE = unbound("NEGATE")
rule = unbound("rule")

def own(value):
    return 100.0 * value

def scale(value):
    return FACTOR * rule(value)

def total(values):
    result = 0.0
    for value in values:
        if NEGATE:
            result -= scale(value)
        else:
            result += scale(value)
    return result

def outer(value):
    return own(value) + inner(value)

def inner(value):
    return own(value)

def plus_one(value):
    return value + 1.0

def square(value):
    return value * value

def heavy(value):
LINES
    return value

def most(values):
    return heavy(values[0]) + heavy(values[1]) * heavy(values[2])

def closure(offset):
    def add(value):
        return value + offset
    return add
"""
# Too long to be inlined, so that kernels call it by its symbol.
SOURCE = SOURCE.replace(
    "LINES", "\n".join(f"    value = rule(value + {k}.0) / (rule(value) + {k}.5)" for k in range(60))
)

VALUES = np.array([1.0, 2.0, 3.0])


def module(folder: Path, source: str = SOURCE) -> Any:
    path = folder / "template_module.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location("template_module", path)
    assert spec is not None and spec.loader is not None
    loaded: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    sys.modules["template_module"] = loaded
    return loaded


def test_declared_names_are_bound_in_the_template_and_in_what_it_calls(tmp_path):
    m = module(tmp_path)
    kernel = specialise(m.total, "plus", rule=m.plus_one, NEGATE=False)
    assert kernel(VALUES) == 2.0 * (2.0 + 3.0 + 4.0)


def test_each_binding_makes_its_own_kernel(tmp_path):
    m = module(tmp_path)
    kernels = [specialise(m.total, "k", rule=rule, NEGATE=sign) for rule in (m.plus_one, m.square) for sign in (0, 1)]
    assert [kernel(VALUES) for kernel in kernels] == [18.0, -18.0, 28.0, -28.0]
    assert len({kernel.__name__ for kernel in kernels}) == 4


@pytest.mark.parametrize(
    ("bindings", "message"),
    [
        ({"NEGATE": False}, "`rule` is not bound"),
        ({"NEGATE": False, "rule": abs, "ruel": abs}, "`ruel` is not declared"),
        ({"NEGATE": False, "rule": abs, "FACTOR": 3.0}, "`FACTOR` is not declared"),
    ],
)
def test_a_missing_misspelt_or_unknown_binding_is_an_error(tmp_path, bindings, message):
    m = module(tmp_path)
    bindings = {name: m.plus_one if value is abs else value for name, value in bindings.items()}
    with pytest.raises(TypeError, match=message):
        specialise(m.total, "k", **bindings)


def test_what_is_unbound_can_be_neither_called_nor_asked(tmp_path):
    m = module(tmp_path)
    with pytest.raises(TypeError, match="`rule` is unbound"):
        m.scale(1.0)
    with pytest.raises(TypeError, match="`NEGATE` is unbound"):
        m.total([1.0])


def test_of_the_available_bindings_a_template_takes_what_it_reaches(tmp_path):
    m = module(tmp_path)
    available = {"rule": m.plus_one, "NEGATE": False, "other": 1}
    assert set(declared(m.scale, available)) == {"rule"}
    assert specialise(m.total, "k", **declared(m.total, available))(VALUES) == 18.0


def test_a_function_bound_to_a_name_may_declare_names_itself(tmp_path):
    m = module(
        tmp_path,
        "from sim.kernels import unbound\nrule, LEVEL = unbound('rule'), unbound('LEVEL')\n"
        "def outer(value):\n    return rule(value)\n\ndef lifted(value):\n    return value + LEVEL\n",
    )
    with pytest.raises(TypeError, match="`LEVEL` is not bound"):
        specialise(m.outer, "k", rule=m.lifted)
    assert specialise(m.outer, "k", rule=m.lifted, LEVEL=2.5)(1.0) == 3.5


def test_the_order_of_a_named_tuples_fields_is_part_of_a_kernels_name(tmp_path):
    source = (
        "from typing import NamedTuple\nclass Pair(NamedTuple):\n    first: float\n    second: float\n"
        "def of(value):\n    return Pair(value, value + 1.0).first\n"
    )
    swapped = source.replace("first: float\n    second: float", "second: float\n    first: float")
    kernels = [specialise(module(tmp_path, text).of, "k") for text in (source, swapped)]
    assert [kernel(1.0) for kernel in kernels] == [1.0, 2.0]


def test_an_equal_kernel_is_read_from_disk_and_an_edited_function_is_not(tmp_path):
    first = specialise(module(tmp_path).total, "k", rule=module(tmp_path).plus_one, NEGATE=False)
    assert first(VALUES) == 18.0
    m = module(tmp_path)
    again = specialise(m.total, "k", rule=m.plus_one, NEGATE=False)
    assert again(VALUES) == 18.0
    edited = module(tmp_path, SOURCE.replace("value + 1.0", "value + 2.0"))
    other = specialise(edited.total, "k", rule=edited.plus_one, NEGATE=False)
    assert other(VALUES) == 24.0
    constant = module(tmp_path, SOURCE.replace("FACTOR = 2.0", "FACTOR = 3.0"))
    assert specialise(constant.total, "k", rule=constant.plus_one, NEGATE=False)(VALUES) == 27.0
    assert first.__name__ == again.__name__ != other.__name__


def test_words_may_change_without_another_kernel(tmp_path):
    plain = "def twice(value):\n    return 2.0 * value\n"
    documented = plain.replace(":\n    return", ':\n    """Words."""\n    # more words\n    return')
    documented = documented.replace("(value)", "(value: float) -> float")
    names = [specialise(module(tmp_path, text).twice, "k").__name__ for text in (plain, documented)]
    assert names[0] == names[1]
    assert specialise(module(tmp_path, plain.replace("2.0", "3.0")).twice, "k").__name__ != names[0]


OTHER_PROCESS = """
import sys
sys.path[:0] = [{folder!r}, {root!r}]
import numpy as np
import template_module as m
from sim.kernels import declared, specialise

def run(template, rule):
    kernel = specialise(template, "k", **declared(template, {{"rule": rule, "NEGATE": False}}))
    print(kernel(np.array([1.0, 2.0, 3.0])))
    print(sum(kernel.stats.cache_hits.values()), sum(kernel.stats.cache_misses.values()))

"""


def said_by_another_process(folder: Path, code: str) -> list[str]:
    code = OTHER_PROCESS.format(folder=str(folder), root=str(Path(__file__).parents[2])) + code
    cache = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "kernels")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=cache, capture_output=True, text=True, check=True, timeout=600
    )
    return done.stdout.split()


@pytest.mark.slow
def test_the_second_process_compiles_nothing(tmp_path):
    module(tmp_path)
    assert said_by_another_process(tmp_path, "run(m.total, m.plus_one)") == ["18.0", "0", "1"]
    assert said_by_another_process(tmp_path, "run(m.total, m.plus_one)") == ["18.0", "1", "0"]


@pytest.mark.slow
def test_a_kernel_from_disk_keeps_its_functions_beside_one_compiled_alike(tmp_path):
    """Each process compiles its first kernel by the same steps, so that Numba's numbering of functions is the same."""
    m = module(tmp_path)
    said_by_another_process(tmp_path, "run(m.most, m.plus_one)")
    both = said_by_another_process(tmp_path, "run(m.most, m.square); run(m.most, m.plus_one)")
    expected = [by_hand(m, rule) for rule in (m.square, m.plus_one)]
    assert [float(both[0]), float(both[3])] == pytest.approx(expected, rel=1e-9)
    assert both[1:3] + both[4:] == ["0", "1", "1", "0"]


def by_hand(m: Any, rule: Any) -> float:
    declared_rule, m.rule = m.rule, rule
    try:
        return float(m.most(VALUES))
    finally:
        m.rule = declared_rule


def test_constants_are_told_apart_by_type(tmp_path):
    m = module(tmp_path, "from sim.kernels import unbound\nLEVEL = unbound('LEVEL')\ndef number():\n    return LEVEL\n")
    assert [repr(specialise(m.number, "k", LEVEL=level)()) for level in (1, 1.0, True)] == ["1", "1.0", "True"]


@pytest.mark.parametrize("template", [len, specialise.__class__, object()])
def test_what_is_no_plain_function_is_refused(template):
    with pytest.raises(TypeError, match="plain Python function"):
        specialise(template, "k")


def test_closures_are_refused(tmp_path):
    m = module(tmp_path)
    with pytest.raises(TypeError, match="enclosing"):
        specialise(m.closure(1.0), "k")
    with pytest.raises(TypeError, match="enclosing"):
        specialise(m.total, "k", rule=m.closure(1.0), NEGATE=False)


def test_a_kernel_that_should_not_allocate_may_be_bound_to_a_function_that_does(tmp_path):
    m = module(
        tmp_path,
        "from sim.kernels import unbound\nrule = unbound('rule')\n"
        "def most(values):\n    return rule(values)\n\n\ndef largest(values):\n    return values.max()\n",
    )
    kernel = specialise(m.most, "k", refcount=False, rule=m.largest)
    assert [kernel(VALUES), kernel(2.0 * VALUES)] == [3.0, 6.0]


def test_what_no_kernel_can_be_is_said_by_numba(tmp_path):
    m = module(tmp_path, "def wrong(values):\n    return values.no_such_attribute\n")
    for refcount in (True, False):
        with pytest.raises(NumbaError, match="no_such_attribute"):
            specialise(m.wrong, "k", refcount=refcount)(VALUES)


def test_division_by_zero_is_infinite_as_in_numpy(tmp_path):
    m = module(tmp_path, "def ratio(a, b):\n    return a / b\n")
    assert specialise(m.ratio, "k")(1.0, 0.0) == np.inf


def test_the_reason_of_a_compile_error_carries_no_colours():
    painted = (
        "\x1b[1m\x1b[1mFailed in nopython mode pipeline (step: nopython frontend)\n"
        "\x1b[1mNo implementation of function sum found\x1b[0m\n\n"
        '\x1b[1mFile "rule.py", line 44:\x1b[0m\n'
    )
    assert kernels._reason(painted) == 'No implementation of function sum found, File "rule.py", line 44'
