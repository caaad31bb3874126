"""Wheelhouses: every wheel that pip needs where there is no network, checked in an environment of its own."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, metadata
from pathlib import Path

from blendkit.core import json_value
from blendkit.errors import BlendkitError, DeliveryError, did_you_mean, shorten

_OWN = "blendkit"
_LAST_LINES = 6  # of what pip said, in a message
_OLDEST_GLIBC = 17  # of manylinux_2_17, the oldest for which packages are still made
_MANYLINUX = re.compile(r"manylinux_2_(\d+)_(\w+)")
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Target:
    """The machine that will install: its Python, as `3.11`, and its platform, as `manylinux_2_28_x86_64`.

    None: those of this process.
    """

    python: str | None = None
    platform: str | None = None

    @property
    def here(self) -> bool:
        """Whether this process is of the same kind."""
        return self.platform is None and self.python in (None, _this_python())

    def flags(self) -> list[str]:
        """Return pip's options for wheels of this kind alone."""
        if self.here:
            return []
        version = self.python or _this_python()
        platforms = _platforms(self.platform or "manylinux_2_28_x86_64")
        return ["--python-version", version, *(f"--platform={p}" for p in platforms)]


@dataclass(frozen=True)
class Wheelhouse:
    """wheels: the names of all files; left_out: those of `keep`, which the other machine must have already.

    installed: whether they were installed in a new environment; if not, pip only resolved them.
    """

    folder: Path
    wheels: tuple[str, ...]
    left_out: tuple[str, ...]
    installed: bool
    bytes: int


def make_wheelhouse(
    folder: Path | str,
    target: Target | None = None,
    *,
    keep: Sequence[str] = (),
    extras: Sequence[str] = (),
    constraints: Path | str | None = None,
    project: str | None = None,
    tell: Tell = lambda text: None,
) -> Wheelhouse:
    """Fill a new or empty folder with the wheels that `pip install --no-index --find-links FOLDER blendkit` needs.

    keep: packages whose wheels are left out, so that pip can never replace those that the other machine has. extras: of
    blendkit, whose packages are fetched, too; constraints: a file of versions, as pip's `-c` takes it. project:
    what is installed (default: this blendkit, from where it was installed). The folder gets its name once all is
    checked. Raises BlendkitError for a folder that holds anything and for unknown names in `keep`, and DeliveryError
    with pip's last lines where a wheel cannot be had or the check fails.
    """
    folder, target = Path(folder), target or Target()
    if target.python is not None and not re.fullmatch(r"3\.\d+", target.python):
        raise BlendkitError(f"--python: expected a version as 3.11, got {target.python!r}")
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise BlendkitError(f"{folder}: exists; a wheelhouse is made in a new or empty folder")
    if constraints is not None and not Path(constraints).is_file():
        raise BlendkitError(f"{constraints}: no such file of constraints")
    if project is None:
        _require_extras(extras)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        new, aside = Path(scratch) / "wheels", Path(scratch) / "kept"
        aside.mkdir()
        tell("building the wheel")
        _pip("wheel", "--no-deps", "--wheel-dir", new, project or _origin(), doing="the wheel cannot be built")
        (own,) = new.glob("*.whl")
        tell("fetching what it needs")
        pins = [] if constraints is None else ["--constraint", Path(constraints)]
        more = f"[{','.join(extras)}]" if extras else ""
        fetch = ["download", "--only-binary=:all:", "--dest", new, *target.flags(), *pins, f"{own}{more}"]
        _pip(*fetch, doing="a package cannot be had")
        left_out = _set_aside(new, aside, keep)
        tell("checking it without an index")
        installed = _checked(f"{_name(own.name)}{more}", new, aside, target, Path(scratch))
        wheels = sorted(p.name for p in new.iterdir())
        size = sum(p.stat().st_size for p in new.iterdir())
        if folder.exists():
            folder.rmdir()  # it was empty: some systems rename onto no folder at all
        new.rename(folder)
    return Wheelhouse(folder, tuple(wheels), left_out, installed, size)


def _require_extras(extras: Sequence[str]) -> None:
    """Raise BlendkitError for extras that blendkit does not have."""
    known = metadata(_OWN).get_all("Provides-Extra") or []
    if wrong := [f"{e}{did_you_mean(e, known)}" for e in extras if e not in known]:
        raise BlendkitError(f"--extras: blendkit has no {', '.join(wrong)}", [f"it has {', '.join(sorted(known))}"])


def _set_aside(new: Path, aside: Path, keep: Sequence[str]) -> tuple[str, ...]:
    """Move the wheels of kept packages out; return their file names. Nothing needs a kept package: an error."""
    found = {_name(p.name): p for p in new.iterdir()}
    unknown = [k for k in keep if _normal(k) not in found]
    if unknown:
        raise BlendkitError(
            f"--keep: nothing here needs {', '.join(unknown)}", [f"the wheels are of {shorten(sorted(found), 40)}"]
        )
    out = sorted(found[_normal(k)] for k in dict.fromkeys(keep))
    for path in out:
        path.rename(aside / path.name)
    return tuple(p.name for p in out)


def _checked(name: str, new: Path, aside: Path, target: Target, scratch: Path) -> bool:
    """Install into a new environment, kept packages first, as another machine has them; False if only resolved."""
    links = ["--no-index", "--find-links", str(new)]
    python = sys.executable if target.here else _python_of(target.python or _this_python())
    if python is None or not runs_on(target.platform):
        # to install, even dry, pip asks whether wheels fit the Python that it runs on itself
        into = ["--dest", str(scratch / "again"), "--only-binary=:all:", *target.flags()]
        _pip("download", *into, *links, "--find-links", aside, name, doing="the wheels do not suffice")
        return False
    own = _environment(python, scratch / "venv")
    if kept := sorted(aside.iterdir()):
        _pip("install", "--no-index", "--no-deps", *kept, python=own, doing="a kept package cannot be installed")
    _pip("install", *links, "--find-links", aside, name, python=own, doing="the wheels do not suffice")
    _pip("check", python=own, doing="the packages do not fit together")
    return True


def _python_of(version: str) -> str | None:
    """Return this machine's Python of a version; None where it has none that starts, as behind a version manager."""
    found = shutil.which(f"python{version}")
    try:
        starts = (
            found is not None and not subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode
        )
    except OSError:  # a script for an interpreter that is not there
        return None
    return found if starts else None


def _environment(python: str, folder: Path) -> str:
    if python == sys.executable:
        venv.create(folder, symlinks=os.name != "nt")  # this environment's pip works on it: a copy takes seconds
    else:
        _run([python, "-m", "venv", "--without-pip", str(folder)], "no environment can be made")
    return str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def _origin() -> str:
    """Return what pip installed blendkit from: a folder or an address, else its name and version."""
    try:
        own = distribution(_OWN)
    except PackageNotFoundError as error:
        raise BlendkitError(f"{_OWN} is not installed", ["install it with pip, then try again"]) from error
    origin = own.read_text("direct_url.json")
    if origin is None:
        return f"{_OWN}=={own.version}"
    url = str(json_value(origin)["url"])
    path = Path(url.removeprefix("file://"))
    if url.startswith("file://") and not path.exists():
        raise BlendkitError(f"{path}: blendkit was installed from there, and it is gone", ["install it again with pip"])
    return str(path) if url.startswith("file://") else f"{_OWN} @ {url}"


def _pip(*args: object, doing: str, python: str | None = None) -> None:
    on = [] if python is None else ["--python", python]
    _run([sys.executable, "-m", "pip", *on, "--disable-pip-version-check", "--quiet", *map(str, args)], doing)


def _run(command: list[str], doing: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr + done.stdout).strip().splitlines()[-_LAST_LINES:]
        raise DeliveryError(f"wheelhouse: {doing}", said)


def _platforms(platform: str) -> list[str]:
    """Return a platform and the older ones whose wheels it takes: pip looks for exactly what is listed."""
    found = _MANYLINUX.fullmatch(platform)
    if found is None:
        return [platform]
    newest, machine = int(found[1]), found[2]
    older = [f"manylinux_2_{n}_{machine}" for n in range(newest, _OLDEST_GLIBC - 1, -1)]
    return [*older, f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}"]


def runs_on(asked: str | None) -> bool:
    """Return whether wheels of a platform can be installed on this machine: a manylinux of its kind, no newer glibc."""
    if asked is None:
        return True
    found, (libc, version) = _MANYLINUX.fullmatch(asked), platform.libc_ver()
    if found is None or libc != "glibc" or found[2] != platform.machine():
        return False
    return int(found[1]) <= int(version.split(".")[1])


def _name(wheel: str) -> str:
    return _normal(wheel.partition("-")[0])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _this_python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
