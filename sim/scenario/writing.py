"""A scenario's content as YAML text, and its digest."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

from sim.errors import StorageError


def yaml_text(content: dict[str, Any]) -> str:
    """YAML 1.2, the keys in the order given, the innermost lists and mappings each on one line where they fit."""
    from ruamel.yaml import YAML  # noqa: PLC0415

    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = None
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    writer.allow_unicode = True
    writer.width = 110
    writer.representer.add_representer(str, _text)
    stream = io.StringIO()
    writer.dump(content, stream)
    return stream.getvalue()


def _text(representer: Any, text: str) -> Any:
    """A scalar; the emitter takes `?x` for plain text, which inside a flow mapping begins a key."""
    return representer.represent_scalar("tag:yaml.org,2002:str", text, style="'" if text.startswith("?") else None)


def content_digest(content: dict[str, Any], source: Path | None) -> str:
    """SHA-256 of the content, where `source` (a file) stands for its bytes."""
    content = _canonical(content)
    if source is not None:
        content["world"]["source"] = _file_digest(source)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    """1 and 1.0 are one number, whichever of them a parameter was written as."""
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _file_digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StorageError(f"world.source: {path}: {error.strerror or error}") from error
