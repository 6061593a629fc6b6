"""The real service: dry run of every statement, then deploy, load, verify. Skipped unless a dataset is named.

CAPTION_SIM_BIGQUERY_TEST=PROJECT.DATASET, the same in CAPTION_SIM_ALLOW_WRITE, and credentials; see docs/bigquery.md.
"""

import os
from datetime import UTC, datetime

import pytest

import sql
from sim.seeding import SeedPlan
from sim.seeding.loads import seed_load
from sim.warehouse.base import STATS
from sim.warehouse.deploy import FUNCTIONS, carry_out, plan
from sim.warehouse.load.loading import load
from sim.warehouse.targets import open_target, writing
from sim.warehouse.verify.checks import shipped
from sim.warehouse.verify.options import Options
from sim.warehouse.verify.questions import Clock, parameters
from sim.warehouse.verify.running import verify

NAME = os.environ.get("CAPTION_SIM_BIGQUERY_TEST", "")
pytestmark = pytest.mark.skipif(not NAME, reason="no real BigQuery: CAPTION_SIM_BIGQUERY_TEST names no dataset")
MOMENT = datetime(2025, 4, 1, tzinfo=UTC)
PARAMETERS = {
    **parameters(Options(draws=1000), Clock(MOMENT, MOMENT, live=True), shipped().values()),
    "pairs": 1000,
}
CAP = 2**30


@pytest.fixture(scope="module")
def target():
    os.environ.setdefault("CAPTION_SIM_MAX_BYTES_BILLED", str(CAP))
    spec, permission = writing(f"bigquery:{NAME}", NAME)
    with open_target(spec, permission=permission) as opened:
        yield opened


def test_ddl_and_functions_pass_a_dry_run(target):
    for name in [*sql.names("ddl"), *sql.names("udf")]:
        assert target.dry_run(target.statement(name, table=name.removeprefix("ddl/"))) == 0


@pytest.fixture(scope="module")
def deployed(target):
    there = {step.name for step in plan(target) if step.action != "create"}
    assert not there, f"the dataset already holds {', '.join(sorted(there))}: use an empty one"
    carry_out(target, plan(target))
    yield target
    for name in FUNCTIONS:
        target.client.delete_routine(target.path(name), not_found_ok=True)
    for name in (STATS, "mass_messages", "caption_sim_loads"):
        target.client.delete_table(target.path(name), not_found_ok=True)


def test_every_check_stays_under_the_byte_cap_in_a_dry_run(deployed):
    for name in [*sql.names("checks"), *sql.names("probes")]:
        assert deployed.dry_run(deployed.statement(name, **PARAMETERS)) <= CAP


def test_deployed_twice_is_deployed_once(deployed):
    assert {step.action for step in plan(deployed)} == {"keep"}


def test_a_load_verifies(deployed):
    load(deployed, [seed_load(SeedPlan(rows=1000, seed=1))], replace=True)
    results = verify(deployed, Options(rows=1000, draws=1000, as_of="latest"))
    assert [one for one in results if one.status == "fail"] == []
