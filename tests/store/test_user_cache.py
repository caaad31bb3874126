"""Where the cache lies on each system."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows

from blendkit.store import user_cache
from blendkit.store.user_cache import cache_folder


def test_the_variable_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLENDKIT_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"


@pytest.mark.parametrize(
    ("system", "below"),
    [(Unix, ".cache/blendkit"), (MacOS, "Library/Caches/blendkit"), (Windows, "AppData/Local/blendkit/Cache")],
)
def test_each_system_has_its_own_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: type[platformdirs.PlatformDirs], below: str
) -> None:
    def user_cache_path(name: str, appauthor: bool) -> Path:
        return system(name, appauthor=appauthor).user_cache_path  # type: ignore[arg-type]

    for name in ("BLENDKIT_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("platformdirs.windows.get_win_folder", lambda name: f"{tmp_path}/AppData/Local")
    monkeypatch.setattr(user_cache, "user_cache_path", user_cache_path)
    assert Path(str(cache_folder()).replace("\\", "/")) == tmp_path / below


def test_a_users_cache_on_linux_is_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BLENDKIT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(user_cache, "user_cache_path", lambda name, appauthor: Unix(name, appauthor).user_cache_path)
    assert cache_folder() == tmp_path / "blendkit"
