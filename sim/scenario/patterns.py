"""The grammar of names, and what messages say instead of a regular expression."""

SCENARIO_NAME = r"^[a-z0-9_-]+$"
POLICY_NAME = r"^[A-Za-z0-9_-]([A-Za-z0-9_.-]*[A-Za-z0-9_-])?$"
FILE_NAME = r"^[^\x00]+$"

ALLOWED = {
    SCENARIO_NAME: "cannot be a name: use lower-case letters, digits, _ and - only",
    POLICY_NAME: "cannot name a folder of results: use letters, digits, _, - and, inside, a dot",
    FILE_NAME: "cannot be the name of a file",
}
