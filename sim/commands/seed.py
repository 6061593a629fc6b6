"""`seed`: fill a target with pre-production load data."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from sim.commands.options import BackendChoice, Count, backend_options, shard_options
from sim.commands.output import Output, output_options
from sim.errors import InputError
from sim.wording import count_of

if TYPE_CHECKING:
    from sim.runs.shards import Shard
    from sim.scenario.sections.traffic import TrafficSection
    from sim.seeding import SeedFigures, SeedPlan
    from sim.seeding.loads import PartsWriter
    from sim.warehouse.load.loading import Loaded

BYTES_A_ROW = 13  # of the Parquet parts, measured
ROWS_A_SECOND = 2_000_000  # of one thread, measured


@click.command()
@click.argument("scenario", required=False)
@click.option("--rows", type=Count(1), required=True, metavar="N", help="Rows to make.")
@click.option(
    "--to", "target", required=True, metavar="TARGET", help="parquet:DIR, duckdb:FILE, bigquery:PROJECT.DATASET."
)
@click.option("--seed", type=click.IntRange(0), default=7, show_default=True, help="The same seed gives the same rows.")
@click.option(
    "--caption-ids",
    type=click.Choice(["dense", "full"]),
    default="dense",
    show_default=True,
    help="1, 2, 3, …; or spread over all of INT64, both ends included.",
)
@click.option("--used-once", type=float, default=0.84, show_default=True, help="Share of captions used exactly once.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    default="2025-04-01",
    show_default=True,
    help="The 90 daily partitions end the day before.",
)
@click.option("--part-rows", type=Count(1_000), default=1_000_000, show_default=True, help="Rows of a part.")
@click.option("--workers", type=click.IntRange(1, 256), help="Threads.  [default: one per processor]")
@shard_options
@backend_options
@click.option("--replace", is_flag=True, help="Put the rows in place of those that the table holds.")
@click.option("--allow-write", metavar="PROJECT.DATASET", help="Repeat the BigQuery dataset, to allow writing to it.")
@click.option("--dry-run", is_flag=True, help="Say what would be made, how long, how much disk; write nothing.")
@output_options
def command(
    *,
    scenario: str | None,
    rows: int,
    target: str,
    seed: int,
    caption_ids: str,
    used_once: float,
    until: datetime,
    part_rows: int,
    workers: int | None,
    shard: "Shard | None",
    backend: BackendChoice,
    replace: bool,
    allow_write: str | None,
    dry_run: bool,
    output: Output,
) -> None:
    """Fill TARGET's caption_bandit_stats with realistic rows, as after months of traffic.

    Pages, prices, views and purchases follow the traffic world of SCENARIO, or its defaults. Rows stream in bounded
    memory; the same seed gives the same rows whatever --part-rows, --workers and --shard. Run an
    interrupted command again to resume it; after that, the same command changes nothing. With --shard, several
    processes make a part of the rows each, and the last one publishes them.
    """
    from sim.backends.local import default_workers
    from sim.seeding import SeedPlan

    figures = _figures(scenario, used_once)
    try:
        plan = SeedPlan(rows, seed, caption_ids, until.replace(tzinfo=UTC), figures)
    except ValueError as problem:
        raise InputError(str(problem)) from None
    count = workers or default_workers()
    if dry_run:
        _say_plan(plan, target, part_rows, count, output)
        return
    writer = _writer(backend, workers, count, shard)
    _seed(plan, target, part_rows, writer, shard, replace=replace, allow_write=allow_write, output=output)


def _writer(backend: BackendChoice, workers: int | None, threads: int, shard: "Shard | None") -> "PartsWriter":
    from sim.seeding.loads import by_backend, by_threads, in_own_folder

    opened = backend.open(workers)
    if backend.name == "local":
        return by_threads(threads) if shard is None else in_own_folder(by_threads(threads))
    return by_backend(opened, collect=backend.collect)


def _figures(scenario: str | None, used_once: float) -> "SeedFigures":
    from sim.seeding import traffic_figures

    world = _traffic_world(scenario)
    try:
        return traffic_figures(world, used_once)
    except ValueError as problem:
        raise InputError(f"--{problem}".replace("used_once", "used-once")) from None


def _traffic_world(scenario: str | None) -> "TrafficSection":
    """The world of a scenario, or the default one."""
    from sim.scenario import load
    from sim.scenario.sections.traffic import TrafficSection

    if scenario is None:
        return TrafficSection(kind="traffic")
    world = load(scenario).world
    if not isinstance(world, TrafficSection):
        raise InputError(f"{scenario}: rows are seeded from a traffic world, not a {world.kind} world")
    return world


def _say_plan(plan: "SeedPlan", target: str, part_rows: int, workers: int, output: Output) -> None:
    from sim.warehouse.guard import refuse_production
    from sim.warehouse.targets import parse_target

    refuse_production(target)
    spec = parse_target(target)
    parts, disk = len(plan.parts(part_rows)), plan.rows * BYTES_A_ROW
    seconds = plan.rows / (ROWS_A_SECOND * workers)
    output.result(
        {"target": str(spec), "rows": plan.rows, "pages": plan.pages, "parts": parts, "load_id": f"seed-{plan.digest}"}
        | {"estimated_bytes": disk, "estimated_seconds": seconds},
        f"would put {plan.rows:,} rows of {plan.pages:,} pages into caption_bandit_stats of {spec}, "
        f"in {count_of(parts, 'part')}: about {disk / 1e6:,.0f} MB of Parquet, {seconds:,.0f} s to make",
    )


def _seed(
    plan: "SeedPlan",
    target: str,
    part_rows: int,
    writer: "PartsWriter",
    shard: "Shard | None",
    *,
    replace: bool,
    allow_write: str | None,
    output: Output,
) -> None:
    from sim.commands.progress import progress
    from sim.seeding.loads import seed_load
    from sim.warehouse.load.loading import load, load_share
    from sim.warehouse.targets import open_target, writing

    began = time.monotonic()
    spec, permission = writing(target, allow_write)
    rows = seed_load(plan, part_rows, writer=writer)
    with open_target(spec, permission=permission) as opened, progress(output, "parts") as tell:
        if shard is None:
            [loaded] = load(opened, [rows], replace=replace, progress=tell)
        else:
            own = range(shard.index, rows.parts, shard.count)
            share = load_share(opened, rows, own, replace=replace, progress=tell)
            if isinstance(share, int):
                text = f"shard {shard} is done; {count_of(share, 'part')} of other shards are missing"
                output.result({"target": str(spec), "shard": str(shard), "missing_parts": share}, text)
                return
            loaded = share
    _say_loaded(loaded, str(spec), plan.pages, time.monotonic() - began, output)


def _say_loaded(loaded: "Loaded", spec: str, pages: int, seconds: float, output: Output) -> None:
    did = "already held" if loaded.was_loaded else "now holds"
    output.result(
        {"target": spec, **loaded.data(), "pages": pages, "seconds": seconds},
        f"{spec}: {loaded.table} {did} {loaded.rows:,} rows of {pages:,} pages "
        f"({seconds:.1f} s, checksum {loaded.checksum})",
    )
