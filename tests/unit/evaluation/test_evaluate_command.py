"""`evaluate` from the command line and from Python, on a log in a file."""

import json
from pathlib import Path

import polars as pl
import pytest

import sim
from sim.errors import InputError
from twins.decision_logs import made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    log = made(1_000)
    columns = {"page": log.stratum, "arm": log.action, "gain": log.reward, "p": log.propensity}
    pl.DataFrame(columns).write_parquet(tmp_path / "log.parquet")
    return tmp_path / "log.parquet"


ROLES = {"stratum": "page", "action": "arm", "reward": "gain", "propensity": "p"}


def test_from_python(file: Path) -> None:
    found = sim.evaluate(file, columns=ROLES, estimators=["snips"])
    assert [each.estimator for each in found.policies[0].estimates] == ["snips"]
    assert len(sim.evaluate(file, ["uniform", "greedy"], columns=ROLES).policies) == 2
    with pytest.raises(InputError):
        sim.evaluate(file, "uniform")


def command(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    from sim.cli import exit_code

    code = exit_code(["evaluate", *words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_command(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    roles = ",".join(f"{role}={name}" for role, name in ROLES.items())
    out = tmp_path / "page"
    code, shown, _ = command(str(file), "--columns", roles, "--policy", "uniform", "--json", capsys=capsys)
    assert code == 0
    assert json.loads(shown)["policies"][0]["policy"] == "uniform"
    assert command(str(file), "--columns", roles, "--out", str(out), "--dry-run", capsys=capsys)[0] == 0
    assert not out.exists()
    code, shown, _ = command(str(file), "--columns", roles, "--out", str(out), capsys=capsys)
    assert code == 0
    assert (out / "evaluation.html").is_file()
    assert "gain per decision" in (out / "evaluation.md").read_text()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--columns", "action"], 2, "'action' is not ROLE=NAME"),
        (["--policy", "unifrm"], 2, "which column is the"),
        (["--confidence", "2"], 2, "confidence"),
    ],
)
def test_a_bad_argument_is_one_message(
    file: Path, words: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = command(str(file), *words, capsys=capsys)
    assert found[0] == code
    assert message in found[2]
    assert "Traceback" not in found[2]


def test_a_missing_log_is_exit_code_three(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = command("nothing.parquet", capsys=capsys)
    assert code == 3
    assert "no such file" in error
