"""Files at addresses of other machines (`s3://`, `gs://`, `https://`): listed, and fetched whole or not at all.

Credentials come from the environment (`AWS_*`, the files of the cloud's own tools, `.netrc`), never from an address:
what a command was given ends up in reports.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from blendkit.errors import BlendkitError, brief, machine_is_full

T = TypeVar("T")
_PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "https": "aiohttp", "http": "aiohttp"}
_ENCODED = ("https", "http")
_ADDRESS = re.compile(rf"({'|'.join(_PACKAGES)}):/+")
_VERSIONS = ("ETag", "etag", "generation", "Content-MD5", "md5Hash", "Last-Modified")  # the first that a server states
_WAITS_S = (0.5, 2.0, 8.0)  # before each further try
_ASKED_AT_ONCE = 8
_DEEPEST = 20  # folders in one another; pages of links may go round in circles
_FINAL = (FileNotFoundError, PermissionError)
_LINE = 300


class RemoteError(Exception):
    """A file could not be listed or fetched; the message is the reason, for people."""


@dataclass(frozen=True)
class RemoteFile:
    """A file at an address. size: in bytes; version: changes with the content; each None or "" where nobody says."""

    url: str
    size: int | None
    version: str

    @property
    def name(self) -> str:
        """The file's own name."""
        return PurePosixPath(_path(self.url)).name

    def below(self, folder: str) -> str:
        """Return the file's path below the address of a folder."""
        return PurePosixPath(_path(self.url)).relative_to(_path(folder) or "/").as_posix()


def is_remote(text: object) -> bool:
    """Return whether something is the address of a file or folder on another machine."""
    return isinstance(text, str) and _ADDRESS.match(text) is not None


def check_address(url: str) -> None:
    """Raise BlendkitError for an address that holds a secret, or may."""
    parts = urlsplit(url)
    if parts.username or parts.password or (parts.query and parts.scheme in _ENCODED):
        hidden = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
        raise BlendkitError(
            f"{hidden}: an address may hold no name, password or query: it is written into reports",
            ["give credentials in the environment: AWS_ACCESS_KEY_ID, GOOGLE_APPLICATION_CREDENTIALS or ~/.netrc"],
        )


def find_remote(url: str, suffixes: Iterable[str]) -> list[RemoteFile]:
    """Return the files below an address whose names have one of the suffixes, or the file that the address names.

    Raises BlendkitError where nothing can be listed, with the reason.
    """
    check_address(url)
    files = _filesystem(url)
    wanted = tuple(s.lower() for s in suffixes)

    def listed() -> Mapping[str, Mapping[str, Any]]:
        if url.lower().endswith(wanted):
            return {url: files.info(url)}
        found: Mapping[str, Mapping[str, Any]] = files.find(url, maxdepth=_DEEPEST, detail=True)
        return {n: i for n, i in found.items() if n.lower().endswith(wanted)}

    try:
        found = _tried(listed)
        with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
            return list(pool.map(lambda pair: _described(files, url, *pair), sorted(found.items())))
    except RemoteError as error:
        raise BlendkitError(f"{url}: nothing can be listed there", [str(error)]) from error


def fetch(file: RemoteFile, target: Path) -> None:
    """Write a file's bytes to `target`, streaming. Raises RemoteError, and leaves nothing, if that fails.

    A broken connection is tried again. The file must have its stated size, and still be the version that was listed.
    """
    files = _filesystem(file.url)

    def get() -> None:
        files.get_file(file.url, str(target))
        got = target.stat().st_size
        if file.size is not None and got != file.size:
            raise ConnectionError(f"{got} of {file.size} bytes came")

    try:
        _tried(get)
        if file.version and _tried(lambda: _version(files.info(file.url))) != file.version:
            raise RemoteError("it was changed after it was listed; the next run takes the new one")
    except BaseException:
        with suppress(OSError, ValueError):  # a name that no file of this machine may have
            target.unlink()
        raise


def describe(url: str) -> RemoteFile:
    """Return what the server says of one file. Raises RemoteError."""
    files = _filesystem(url)
    info = _tried(lambda: files.info(url))
    return RemoteFile(url, info.get("size"), _version(info))


def _path(url: str) -> str:
    """Return the path of an address as people read it: names in buckets may hold `?`, `#` and `%` as they are."""
    if urlsplit(url).scheme in _ENCODED:
        return unquote(urlsplit(url).path)
    return "/" + url.partition("://")[2].lstrip("/").partition("/")[2]


def _described(files: Any, asked: str, name: str, info: Mapping[str, Any]) -> RemoteFile:
    url = name if is_remote(name) else f"{urlsplit(asked).scheme}://{name}"
    if not _version(info):  # pages of links say nothing of the files
        info = _tried(lambda: files.info(url))
    return RemoteFile(url, info.get("size"), _version(info))


def _version(info: Mapping[str, Any]) -> str:
    return next((f"{k.lower()} {str(info[k]).strip(chr(34))}" for k in _VERSIONS if info.get(k)), "")


def _filesystem(url: str) -> Any:
    scheme = urlsplit(url).scheme
    package = _PACKAGES[scheme]
    try:
        import fsspec

        __import__(package)
    except ImportError as error:
        pip = "pip install gcsfs" if scheme == "gs" else "pip install 'blendkit[remote]'"
        raise BlendkitError(f"{url} needs fsspec and {package}: {pip}") from error
    if package != "aiohttp":
        return fsspec.filesystem(scheme, use_listings_cache=False)
    import aiohttp

    waits = aiohttp.ClientTimeout(total=None, sock_connect=20, sock_read=60)
    return fsspec.filesystem(scheme, use_listings_cache=False, client_kwargs={"timeout": waits, "trust_env": True})


def _tried(call: Callable[[], T]) -> T:
    """Return what a call gives, tried again after a while where another try may help. Raises RemoteError."""
    for wait_s in (*_WAITS_S, None):
        try:
            return call()
        except RemoteError:
            raise
        except Exception as caught:  # each library has its own
            error = _reason(caught)
            if machine_is_full(error):
                raise
            if wait_s is None or _stays(error):
                raise RemoteError(_words(error)) from caught
            time.sleep(wait_s)
    raise AssertionError("the last try returns or raises")


def _reason(error: Exception) -> Exception:
    """Return what is behind an error: a broken connection may come as a file that is not there."""
    behind = error.__cause__
    return behind if isinstance(error, FileNotFoundError) and isinstance(behind, Exception) else error


def _stays(error: Exception) -> bool:
    """Return whether another try gets the same answer, such as 404: no such file, no right, no key."""
    refused = 400 <= int(getattr(error, "status", 0) or 0) < 500
    return refused or isinstance(error, _FINAL) or type(error).__name__ == "NoCredentialsError"


def _words(error: Exception) -> str:
    kind = "not there" if isinstance(error, FileNotFoundError) else type(error).__name__
    return brief(f"{kind}: {' '.join(str(error).split())}", _LINE)
