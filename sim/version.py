"""The version of the distribution, stated here only: pyproject.toml, manifests and `--version` read it."""

__version__ = "0.1.0"
