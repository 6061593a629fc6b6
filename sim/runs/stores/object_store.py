"""A folder in an object store: any file system of fsspec, such as `s3://`, `gs://`, `file://` and `memory://`.

An object appears whole. `create` writes one only where there is none: the store decides between two writers at once.
"""

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sim.errors import InputError, RemoteError, SimError

CONNECTIONS = 16
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://.")
_UNSAFE = re.compile(r"[^A-Za-z0-9._=,+-]")
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}


def is_url(place: str | Path | None) -> bool:
    """Whether a place is one in an object store rather than a path."""
    return isinstance(place, str) and _URL.match(place) is not None


@dataclass(frozen=True)
class ObjectStore:
    """The objects below `url`; names are relative to it. Every method raises RemoteError where the store fails."""

    url: str

    @property
    def plain_path(self) -> str:
        """The URL's path as one of a file system, such as `bucket/study`."""
        parts = self.url.partition("://")[2].split("/")
        return "/".join(_UNSAFE.sub("_", part) for part in parts if part.strip("."))

    def create(self, name: str, content: bytes) -> bool:
        """Write an object, unless there is one of this name; returns whether it was written."""
        with _reported(self.url):
            system, root = _opened(self.url)
            try:
                system.pipe_file(f"{root}/{name}", content, mode="create")
            except FileExistsError:
                return False
            except OSError as error:
                if _is_there_already(error):
                    return False
                raise
        return True

    def write(self, name: str, content: bytes) -> None:
        """Write an object, in place of one that is there."""
        with _reported(self.url):
            system, root = _opened(self.url)
            system.pipe_file(f"{root}/{name}", content)

    def read(self, name: str) -> bytes | None:
        """The content of an object; None where there is none."""
        with _reported(self.url):
            system, root = _opened(self.url)
            with suppress(FileNotFoundError):
                content: bytes = system.cat_file(f"{root}/{name}")
                return content
        return None

    def names(self, prefix: str) -> set[str]:
        """Names of all objects below `prefix`."""
        with _reported(self.url):
            system, root = _opened(self.url)
            system.invalidate_cache()
            found = system.find(f"{root}/{prefix}")
        return {name[len(root) + 1 :] for name in found}

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects; one that is not there is no error."""
        with _reported(self.url):
            system, root = _opened(self.url)
            for name in names:
                with suppress(FileNotFoundError):
                    system.rm_file(f"{root}/{name}")

    def upload(self, folder: Path, names: Iterable[str]) -> None:
        """Write files of a folder, several at once."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(lambda name: self.write(name, (folder / name).read_bytes()), names))

    def download(self, folder: Path, names: Iterable[str]) -> None:
        """Write objects, several at once, into a folder; one that is not there is left out."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(lambda name: self._download(folder, name), names))

    def _download(self, folder: Path, name: str) -> None:
        if (content := self.read(name)) is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


@cache
def _opened(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it."""
    try:
        import fsspec.core  # noqa: PLC0415 - the extra `object-store`
    except ImportError:
        raise InputError(f"{url}: fsspec is not installed", "pip install 'caption-bandit-sim[object-store]'") from None
    system, root = fsspec.core.url_to_fs(url, **_options(url))
    return system, root.rstrip("/")


def _options(url: str) -> dict[str, Any]:
    return {"auto_mkdir": True} if url.startswith("file:") else {}


@contextmanager
def _reported(url: str) -> Iterator[None]:
    """Turn what a file system raises into an InputError or a RemoteError that names the URL."""
    try:
        yield
    except SimError:
        raise
    except ImportError as error:
        extra = _EXTRAS.get(url.partition(":")[0], "object-store")
        raise InputError(f"{url}: {error}", f"pip install 'caption-bandit-sim[{extra}]'") from error
    except ValueError as error:  # an unknown protocol
        raise InputError(f"{url}: {error}", "Use s3://, gs:// or another URL of fsspec.") from error
    except Exception as error:  # every store has exceptions of its own
        text = str(error) or type(error).__name__
        raise RemoteError(f"{url}: {text}", "Check the bucket's name, the credentials and the network.") from error


def _is_there_already(error: BaseException | None) -> bool:
    """Whether a conditional write was refused; stores report it in several ways."""
    if error is None:
        return False
    text = str(error).lower()
    return "precondition" in text or "conditionalrequestconflict" in text or _is_there_already(error.__cause__)
