"""The built wheel works in another directory, away from the checkout, under both of its names."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from sim.version import __version__

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TINY = """\
version: 1
name: tiny
replications: 2
horizon: {pulls: 50}
world: {kind: bernoulli, means: [0.9, 0.1]}
policies: [wilson_sample]
"""


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dist = tmp_path_factory.mktemp("dist")
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", dist, ROOT, cwd=dist)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(dist.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of an environment with our wheel, and with this environment's dependencies."""
    home = tmp_path_factory.mktemp("env")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).stdout.strip())
    install = run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-deps",
        "--no-index",
        "--quiet",
        wheel,
        cwd=home,
    )
    assert install.returncode == 0, install.stderr
    # A plain path line adds the dependencies without running the .pth files there, one of which names the checkout.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin"


def test_module_and_console_script_run_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY)
    module = run(installed / "python", "-m", "sim", "run", "tiny.yaml", "--workers", "2", cwd=tmp_path)
    assert module.returncode == 0, module.stderr
    assert (tmp_path / "runs" / "tiny" / "report.html").stat().st_size > 1000
    script = run(installed / "caption-sim", "run", "tiny.yaml", "--out", "again", cwd=tmp_path)
    assert script.returncode == 0, script.stderr
    where = run(
        installed / "python", "-c", "import sim, policies; print(sim.__file__, policies.__file__)", cwd=tmp_path
    )
    assert str(ROOT) not in where.stdout


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    """Sub-packages, templates, SQL and type markers: what git tracks under the packages is what the wheel installs."""
    packages = ("sim", "policies", "reports", "scenarios", "sql")
    listing = run("git", "ls-files", "--cached", "--others", "--exclude-standard", *packages, cwd=ROOT)
    if listing.returncode:
        pytest.skip("not a git checkout: the files to compare with are those that git tracks")
    names = set(zipfile.ZipFile(wheel).namelist())
    files = {name for name in listing.stdout.splitlines() if (ROOT / name).exists()}
    assert {f"{package}/py.typed" for package in packages} <= files
    assert files == {name for name in names if not name.split("/")[0].endswith(".dist-info")}
    (licence,) = [name for name in names if name.endswith("licenses/LICENSE")]
    metadata = zipfile.ZipFile(wheel).read(licence.replace("licenses/LICENSE", "METADATA")).decode()
    assert f"\nVersion: {__version__}\n" in metadata


def test_shipped_scenarios_and_sql_are_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    shown = run(installed / "python", "-m", "sim", "scenarios", "show", "quickstart", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "wilson_sample" in shown.stdout
    found = run(
        installed / "python",
        "-c",
        "from importlib.resources import files; print((files('sql') / 'ddl' / 'caption_bandit_stats.sql').is_file())",
        cwd=tmp_path,
    )
    assert found.stdout.strip() == "True", found.stderr


def test_a_strangers_package_in_the_way_is_named(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "__init__.py").write_text("")
    blocked = run(installed / "python", "-m", "sim", "policies", cwd=tmp_path)
    assert blocked.returncode == 3, blocked.stdout + blocked.stderr
    assert "policies" in blocked.stderr
    assert "Traceback" not in blocked.stderr
