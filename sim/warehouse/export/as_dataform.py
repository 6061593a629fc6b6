"""A Dataform repository: operations that create tables and functions, assertions for the checks."""

from sim.warehouse.export.content import Content

CORE = "3.0.0"


def files(content: Content) -> dict[str, str]:
    """Assertions depend on the operations, so that one workflow run does all in order."""
    tables = {f"definitions/{one.name}.sqlx": _operation(content.ddl(one.name), one.name) for one in content.tables}
    functions = {
        f"definitions/{one.name}.sqlx": _operation(content.create(one.name), one.name) for one in content.functions
    }
    names = [*(one.name for one in content.tables), *(one.name for one in content.functions)]
    needed = ", ".join(f'"{name}"' for name in names)
    checks = {
        f"definitions/checks/{check.name}.sqlx": (
            f'config {{ type: "assertion", dependencies: [{needed}] }}\n\n'
            f"SELECT * FROM (\n{content.question(check)}\n)\nWHERE status = 'fail'\n"
        )
        for check in content.checks
    }
    settings = (
        f"defaultProject: {content.project}\ndefaultDataset: {content.dataset}\n"
        f"defaultLocation: US\ndataformCoreVersion: {CORE}\n"
    )
    return {"workflow_settings.yaml": settings, **tables, **functions, **checks}


def _operation(statement: str, name: str) -> str:
    return f'config {{ type: "operations", name: "{name}" }}\n\n{statement}\n'
