"""Plain statements, and the commands of `bq` that run them and schedule the checks."""

from sim.warehouse.export.content import Content, alarm

SCRIPT = """\
#!/usr/bin/env bash
# Create tables and functions, and schedule the checks every 6 hours; a failed check is a failed run, with an e-mail.
set -euo pipefail
cd "$(dirname "$0")"
for file in tables.sql functions.sql; do
  bq query --project_id={project} --use_legacy_sql=false < "$file"
done
bq mk --transfer_config --project_id={project} --data_source=scheduled_query \\
  --display_name='caption bandit checks' --schedule='every 6 hours' \\
  --service_account_name="${{SERVICE_ACCOUNT:?}}" \\
  --params="$(python3 -c 'import json, sys; print(json.dumps({{"query": sys.stdin.read()}}))' < checks.sql)"
"""


def files(content: Content) -> dict[str, str]:
    """Three scripts in GoogleSQL, and one of the shell."""
    return {
        "tables.sql": "".join(f"{content.ddl(one.name)};\n\n" for one in content.tables),
        "functions.sql": "".join(f"{content.create(one.name)};\n\n" for one in content.functions),
        "checks.sql": alarm(content) + ";\n",
        "create.sh": SCRIPT.format(project=content.project),
    }
