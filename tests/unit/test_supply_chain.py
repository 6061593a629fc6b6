"""The list of components follows the lock; an audit that could not be made is not one that was passed."""

import importlib.util
import json
import re
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("supply_chain", ROOT / "scripts" / "supply_chain.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_pin_is_a_component(script: ModuleType, tmp_path: Path) -> None:
    assert script.main(["--sbom", str(tmp_path / "sbom.json")]) == 0
    found = json.loads((tmp_path / "sbom.json").read_text())
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line.partition("#")[0]]
    assert len(found["components"]) == len(lines) > 50
    numpy = [one for one in found["components"] if one["name"] == "numpy"]
    assert {one["purl"] for one in numpy} == {f"pkg:pypi/numpy@{one['version']}" for one in numpy}
    assert all(one["licenses"][0]["license"]["name"] for one in numpy)


def test_the_same_lock_gives_the_same_list(script: ModuleType) -> None:
    one, other = script.Pin("a.B_c", "1", ""), script.Pin("z", "2", "python_version < '3.12'")
    assert script.sbom([one, other]) == script.sbom([other, one])
    first, last = script.sbom([one, other])["components"]
    assert first["purl"] == "pkg:pypi/a-b-c@1"
    assert last["properties"] == [{"name": "environment", "value": "python_version < '3.12'"}]


def test_lines_of_a_lock(script: ModuleType) -> None:
    text = "# made by a tool\na==1.0\n\nb[c]==2 ; sys_platform == 'win32'  # via a\n"
    assert script.pins(text) == [script.Pin("a", "1.0", ""), script.Pin("b", "2", "sys_platform == 'win32'")]
    with pytest.raises(ValueError, match=r"line 2: 'b>=2' is not NAME==VERSION"):
        script.pins("a==1\nb>=2\n")


def test_a_lock_with_hashes_reads_as_one_without(script: ModuleType) -> None:
    first = f"a==1.0 \\\n    {script.HASH}ab \\\n    {script.HASH}cd\n"
    text = f"{first}b==2 ; sys_platform == 'win32' \\\n    {script.HASH}ef\n"
    assert script.pins(text) == [script.Pin("a", "1.0", ""), script.Pin("b", "2", "sys_platform == 'win32'")]


def hashed_lock() -> str:
    return (ROOT / "requirements.hashed.lock").read_text()


def test_the_hashed_lock_holds_the_versions_of_the_lock(script: ModuleType) -> None:
    pinned = {pin[:2] for pin in script.pins((ROOT / "requirements.lock").read_text())}
    hashed = script.pins(hashed_lock())
    assert {pin[:2] for pin in hashed} <= pinned
    assert len(hashed) > 50


def test_each_package_of_the_hashed_lock_has_hashes_and_no_address() -> None:
    packages = re.split(r"\n(?=\S)", hashed_lock().strip())
    hashes = [re.findall(r"^    --hash=sha256:([0-9a-f]{64})(?: \\)?$", package, re.MULTILINE) for package in packages]
    assert all(len(found) == package.count("\n") > 0 for found, package in zip(hashes, packages, strict=True))
    assert "://" not in hashed_lock()
    # Wheels of every platform, not of one: NumPy has them for Linux, macOS and Windows on two processors each.
    assert all(
        len(found) > 20 for found, package in zip(hashes, packages, strict=True) if package.startswith("numpy==")
    )


def test_the_hashed_lock_holds_all_that_runs(script: ModuleType) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(one for extra in ("bigquery", "dask", "gcs", "s3") for one in extras[extra])]
    names = {re.split(r"[^A-Za-z0-9-]", one.replace(".", "-"), maxsplit=1)[0] for one in wanted}
    assert names | {"hatchling"} <= {pin.name for pin in script.pins(hashed_lock())}


def answer(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(packages), "fixes": []})


SOUND = {"name": "a", "version": "1", "vulns": []}
WEAK = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1"}]}


@pytest.mark.parametrize(
    ("stdout", "stderr", "code", "said"),
    [
        (answer(SOUND), "", 0, "1 packages checked, no known vulnerability"),
        (answer(SOUND, WEAK), "", 1, "b 2: PYSEC-1"),
        (answer(SOUND, {"name": "c", "skip_reason": "not found"}), "", 3, "could not be checked: c"),
        (answer(), "", 3, "could not be checked: no package"),
        ("", "No module named pip_audit", 3, "could not be checked: No module named pip_audit"),
        ("{}", "a\nno network\n", 3, "could not be checked: no network"),
        ("", "", 3, "could not be checked: no answer"),
    ],
)
def test_an_audit_is_passed_failed_or_not_made(
    script: ModuleType, stdout: str, stderr: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.audit(lambda command: subprocess.CompletedProcess(command, 0, stdout, stderr)) == code
    assert said in capsys.readouterr().out


def test_without_a_task_the_script_says_what_it_can(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        script.main([])
    assert "give --sbom FILE or --audit" in capsys.readouterr().err
