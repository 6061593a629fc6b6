"""What every command owes its users: documented, quick to ask, silent where told, clear when it fails."""

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import click
import pytest

from sim.cli import COMMANDS, cli
from sim.version import __version__

ROOT = Path(__file__).parents[2]
HEAVY = ("polars", "numba", "scipy", "matplotlib", "pandas", "pyarrow", "duckdb", "pydantic", "rich", "numpy")
SHOWN = cli.list_commands(click.Context(cli))
MOST_MODULES = 300  # Python and Click alone load about 130


def sim(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "sim", *words]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False)


def every_command() -> list[tuple[str, ...]]:
    found = []
    for name in SHOWN:
        command = cli.get_command(click.Context(cli), name)
        found.append((name,))
        if isinstance(command, click.Group):
            found += [(name, below) for below in command.list_commands(click.Context(command))]
    return found


def test_the_commands_of_the_main_job_are_there() -> None:
    assert {"run", "report", "compare", "scenarios", "policies"} <= set(SHOWN)


def test_a_command_whose_module_is_missing_is_not_shown() -> None:
    here = {path.stem for path in (ROOT / "sim" / "commands").glob("*.py")}
    assert [name for name, module in COMMANDS.items() if module in here] == SHOWN


def test_help_is_quick_because_it_imports_little() -> None:
    """Start-up time is imports: `python -m benchmarks.help` measures it, this counts modules."""
    code = (
        "import sys\nfrom sim.cli import exit_code\n"
        f"for words in {[(), *every_command()]!r}: assert exit_code([*words, '--help']) == 0\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        f"print(heavy, len(sys.modules) < {MOST_MODULES}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "[] True"


def test_the_reference_is_current_and_holds_every_command() -> None:
    # In a process of its own: Click remembers, command by command, the help options of whoever asked first.
    program = "import runpy; print(runpy.run_path('docs/generate_cli.py')['reference'](), end='')"
    made = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    text = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert text == made.stdout, "run `python docs/generate_cli.py`"
    assert all(f"## python -m sim {' '.join(words)}\n" in text for words in every_command())


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_every_command_that_answers_can_answer_in_json(words: tuple[str, ...]) -> None:
    command: click.Command | None = cli
    for word in words:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
    assert command is not None
    if isinstance(command, click.Group):
        return
    flags = {flag for parameter in command.params for flag in parameter.opts}
    assert {"--json", "--quiet"} <= flags


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rnu"], "No such command 'rnu'. Did you mean 'run'"),
        (["run"], "Missing argument 'SCENARIO'"),
        (["run", "textbook", "--workers", "0"], "0 is not in the range"),
        (["run", "textbook", "--resume", "--fresh"], "exclude each other"),
        (["run", "nowhere.yaml"], "nowhere.yaml"),
        (["run", "textbook", "--set", "replications=none"], "replications"),
    ],
)
def test_bad_usage_is_code_2_and_one_message(words: list[str], message: str) -> None:
    done = sim(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_run_that_is_not_there_is_code_3(tmp_path: Path) -> None:
    done = sim("report", str(tmp_path / "nowhere"))
    assert done.returncode == 3
    assert re.search("holds no run", done.stderr)


def test_the_version_is_the_distributions() -> None:
    assert sim("--version").stdout.strip().endswith(__version__)
    assert "version" not in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]  # one place only
    assert version("caption-bandit-sim") == __version__


@pytest.mark.parametrize("name", ["policies", "reports", "scenarios", "sql"])
def test_a_strangers_package_in_the_way_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("raise RuntimeError('a stranger')\n")
    done = sim("--help", cwd=tmp_path)
    assert done.returncode == 3
    assert f"another package named '{name}' stands in the way" in done.stderr
    assert "Traceback" not in done.stderr
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import sim; sim.run"
    python = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(python, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert f"another package named '{name}' stands in the way" in done.stderr


def test_a_reader_that_leaves_early_causes_no_complaint() -> None:
    command = f"{sys.executable} -m sim --help | true; echo ${{PIPESTATUS[0]}}"
    for _ in range(3):
        done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.stdout.strip(), done.stderr) == ("0", "")


def test_json_goes_to_stdout_alone(tmp_path: Path) -> None:
    done = sim("run", "textbook", "--dry-run", "--json", "--out", str(tmp_path / "run"))
    assert json.loads(done.stdout)["replications"] == 1_000
    assert not (tmp_path / "run").exists()
