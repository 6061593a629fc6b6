"""A block's folder as bytes: how it travels where the workers share no folder, and one object in an object store.

The SHA-256 of a ZIP archive, then the archive. The digest shows what was cut short: an archive that holds archives may
still look whole then.
"""

import hashlib
import zipfile
from io import BytesIO
from pathlib import Path

from sim.errors import StorageError
from sim.runs.blocks import arriving
from sim.runs.plan import Block

DIGEST_BYTES = 32


def pack(folder: Path) -> bytes:
    """The files of a folder; the same files give the same bytes."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.writestr(zipfile.ZipInfo(path.relative_to(folder).as_posix()), path.read_bytes())
    return hashlib.sha256(content.getvalue()).digest() + content.getvalue()


def unpack(content: bytes, blocks: Path, block: Block) -> None:
    """Write the folder of a block below `blocks`, whole or not at all; raises StorageError where they are damaged."""
    if not is_whole(content):
        raise StorageError(f"the block {block} arrived damaged", "Continue with --resume.")
    with zipfile.ZipFile(BytesIO(content[DIGEST_BYTES:])) as archive, arriving(blocks, block) as part:
        archive.extractall(part)


def is_whole(content: bytes) -> bool:
    """Whether the bytes are what `pack` made."""
    return hashlib.sha256(content[DIGEST_BYTES:]).digest() == content[:DIGEST_BYTES]
