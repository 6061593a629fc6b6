"""Where the page comes from, and how to make it again."""

from reports.content import CodeBlock, Definitions, Section
from reports.report_input import ReportInput
from reports.sections.base import ReportSection

DURATION = "`seconds` in manifest.json; it differs from run to run, and pages of identical runs do not"


def provenance(data: ReportInput) -> Section:
    """The scenario as run, versions, digest, seed, duration, the command that repeats it."""
    manifest = data.run.manifest
    versions = ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())
    items = [
        ("scenario", manifest["scenario"]),
        ("digest", manifest["digest"]),
        ("seed", str(manifest["seed"])),
        ("replications", f"{manifest['replications']:,} of each policy"),
        ("program", f"{manifest['program']} {manifest['version']}"),
        ("libraries", versions),
        ("duration", DURATION),
        ("repeat", manifest["repeat"]),
        (
            "numbers",
            "summary.parquet, pairs.parquet and the other tables beside this page; docs/data-dictionary.md says what "
            "each column is",
        ),
    ]
    text = (data.run.path / "scenario.yaml").read_text(encoding="utf-8")
    return Section(
        "provenance",
        "Where this comes from",
        [Definitions(items), CodeBlock("The scenario, every default filled in", text)],
    )


SECTION = ReportSection(order=95, build=provenance)
