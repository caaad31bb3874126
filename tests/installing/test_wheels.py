"""A wheelhouse of small stand-ins: what lies in it, and that pip needs nothing else."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import pytest

from blendkit.errors import BlendkitError, DeliveryError
from blendkit.installing import Target, make_wheelhouse
from blendkit.installing.wheels import _platforms, runs_on
from tests.processes import MEASURED

pytestmark = pytest.mark.slow


def wheel(folder: Path, name: str, needs: str = "", python: str = ">=3.9") -> Path:
    """Write a wheel of one module without a line of code."""
    folder.mkdir(exist_ok=True)
    info, path = f"{name}-1.0.dist-info", folder / f"{name}-1.0-py3-none-any.whl"
    meta = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Python: {python}\n"
    meta += f"Requires-Dist: {needs}\n" if needs else ""
    files = {f"{name}.py": "", f"{info}/METADATA": meta, f"{info}/RECORD": ""}
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in files.items():
            archive.writestr(member, text)
    return path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A stand-in that needs another; pip finds that one in a folder alone."""
    wheel(tmp_path / "index", "standin_helper")
    for key, value in {"NO_INDEX": "1", "FIND_LINKS": str(tmp_path / "index"), "CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(f"PIP_{key}", value)
    monkeypatch.delenv(MEASURED, raising=False)  # pip is no part of what is measured
    return str(wheel(tmp_path / "own", "standin", "standin-helper>=1"))


def test_all_wheels_are_there_and_install(project: str, tmp_path: Path) -> None:
    made = make_wheelhouse(tmp_path / "new/house", project=project)
    assert made.wheels == ("standin-1.0-py3-none-any.whl", "standin_helper-1.0-py3-none-any.whl")
    assert made.installed
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["house"]  # nothing is left beside it


def test_extras_and_pinned_versions(tmp_path: Path, project: str) -> None:
    wheel(tmp_path / "index", "standin_more")
    own = wheel(tmp_path / "own2", "standin", 'standin-more; extra == "more"\nProvides-Extra: more')
    made = make_wheelhouse(tmp_path / "house", project=str(own), extras=["more"])
    assert made.wheels == ("standin-1.0-py3-none-any.whl", "standin_more-1.0-py3-none-any.whl")
    assert made.installed
    (tmp_path / "pins.txt").write_text("standin-helper==0.9\n", encoding="utf-8")
    with pytest.raises(DeliveryError, match="a package cannot be had"):  # the index has 1.0 alone
        make_wheelhouse(tmp_path / "other", project=project, constraints=tmp_path / "pins.txt")
    with pytest.raises(BlendkitError, match=r"none\.txt: no such file of constraints"):
        make_wheelhouse(tmp_path / "other", project=project, constraints=tmp_path / "none.txt")
    with pytest.raises(BlendkitError, match=r"blendkit has no mell \(did you mean 'mel'\?\)"):
        make_wheelhouse(tmp_path / "other", extras=["mell"])


def test_kept_packages_are_left_out(project: str, tmp_path: Path) -> None:
    made = make_wheelhouse(tmp_path / "house", keep=["Standin_Helper"], project=project)
    assert made.wheels == ("standin-1.0-py3-none-any.whl",)
    assert made.left_out == ("standin_helper-1.0-py3-none-any.whl",)
    with pytest.raises(BlendkitError, match="nothing here needs nunpy"):
        make_wheelhouse(tmp_path / "other", keep=["nunpy"], project=project)
    assert not (tmp_path / "other").exists()


def test_another_machine_is_only_resolved(project: str, tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()  # an empty folder is as good as none
    made = make_wheelhouse(tmp_path / "house", Target("3.99", "manylinux_2_28_x86_64"), project=project)
    assert not made.installed
    assert len(made.wheels) == len(list((tmp_path / "house").iterdir())) == 2


@pytest.mark.skipif(os.name == "nt", reason="a script stands for a Python")
def test_wheels_of_another_python_alone_and_one_that_does_not_start(
    project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(tmp_path / "index", "standin_helper", python=">=3.99")  # as new releases leave old Pythons
    (tmp_path / "bin").mkdir()
    shim = tmp_path / "bin/python3.99"
    shim.write_text("#!/bin/sh\necho command not found >&2\nexit 127\n", encoding="utf-8")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    made = make_wheelhouse(tmp_path / "house", Target("3.99"), project=project)
    assert not made.installed
    assert made.wheels == ("standin-1.0-py3-none-any.whl", "standin_helper-1.0-py3-none-any.whl")


def test_what_cannot_be_had_is_said_and_leaves_nothing(project: str, tmp_path: Path) -> None:
    (tmp_path / "index/standin_helper-1.0-py3-none-any.whl").unlink()
    with pytest.raises(DeliveryError, match=r"a package cannot be had[\s\S]*standin-helper"):
        make_wheelhouse(tmp_path / "house", project=project)
    assert not (tmp_path / "house").exists()
    with pytest.raises(BlendkitError, match=r"expected a version as 3\.11, got '311'"):
        make_wheelhouse(tmp_path / "house", Target("311"), project=project)
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "mine.txt").touch()
    with pytest.raises(BlendkitError, match="exists; a wheelhouse is made in a new or empty folder"):
        make_wheelhouse(tmp_path / "house", project=project)


@pytest.mark.parametrize(
    ("asked", "libc", "fits"),
    [
        (None, ("", ""), True),
        ("manylinux_2_28_x86_64", ("glibc", "2.36"), True),
        ("manylinux_2_36_x86_64", ("glibc", "2.36"), True),
        ("manylinux_2_39_x86_64", ("glibc", "2.36"), False),
        ("manylinux_2_28_aarch64", ("glibc", "2.36"), False),
        ("manylinux_2_28_x86_64", ("", ""), False),
        ("win_amd64", ("glibc", "2.36"), False),
    ],
)
def test_which_wheels_can_be_tried_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, asked: str | None, libc: tuple[str, str], fits: bool
) -> None:
    monkeypatch.setattr("platform.libc_ver", lambda: libc)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert runs_on(asked) == fits


def test_platforms_take_the_wheels_of_older_ones() -> None:
    assert _platforms("manylinux_2_19_x86_64") == [
        *("manylinux_2_19_x86_64", "manylinux_2_18_x86_64", "manylinux_2_17_x86_64"),
        *("manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"),
    ]
    assert _platforms("win_amd64") == ["win_amd64"]
    assert Target().flags() == []
    assert Target(f"{sys.version_info.major}.{sys.version_info.minor}").flags() == []
