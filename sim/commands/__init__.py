"""One module a command; each offers `command`, a `click.Command`, and imports nothing heavy at its top."""
