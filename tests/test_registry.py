from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from blendkit.errors import BlendkitError
from blendkit.registry import MEMBERS, OPS, registry

Plugin = Callable[..., None]


@pytest.fixture(autouse=True)
def fresh_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("BLENDKIT_PLUGINS", raising=False)
    registry.cache_clear()
    yield
    registry.cache_clear()


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugin]:
    """Lay out an installed package with one entry point, as pip would."""
    before = set(sys.modules)

    def install(
        dist: str, name: str, code: str = "made = 'made'\n", *, group: str = MEMBERS, attr: str = "made"
    ) -> None:
        folder, module = tmp_path / dist, f"plugin_{dist.replace('-', '_')}"
        info = folder / f"{dist.replace('-', '_')}-1.2.dist-info"
        info.mkdir(parents=True)
        (folder / f"{module}.py").write_text(code)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}:{attr}\n")
        monkeypatch.syspath_prepend(str(folder))
        registry.cache_clear()

    yield install
    for module in set(sys.modules) - before:
        if module.startswith("plugin_"):
            del sys.modules[module]


def failure(name: str, group: str = MEMBERS) -> str:
    with pytest.raises(BlendkitError) as error:
        registry(group).get(name)
    return str(error.value)


def test_our_own_are_registered() -> None:
    assert {"table", "tone", "onnx"} <= set(registry(MEMBERS).names())
    assert {"gaussian", "rank", "taxonomy_mean"} <= set(registry(OPS).names())
    assert registry(MEMBERS).names() == sorted(registry(MEMBERS).names())
    assert callable(registry(MEMBERS).get("tone"))


def test_everything_of_ours_loads() -> None:
    for group in (MEMBERS, OPS):
        for name in registry(group).names():
            if "blendkit " in registry(group).source(name):
                assert callable(registry(group).get(name)), name


def test_a_third_partys_plugin_is_found(plugin: Plugin) -> None:
    plugin("night-owl", "owl")
    assert "owl" in registry(MEMBERS).names()
    assert registry(MEMBERS).get("owl") == "made"
    assert registry(MEMBERS).source("owl") == "night-owl 1.2 (plugin_night_owl:made)"


def test_groups_are_apart(plugin: Plugin) -> None:
    plugin("night-owl", "owl", group=OPS)
    assert "owl" not in registry(MEMBERS).names()
    assert registry(OPS).get("owl") == "made"


def test_nothing_is_imported_before_it_is_asked_for(plugin: Plugin) -> None:
    plugin("lazy", "lazy", "raise RuntimeError('imported')\n")
    assert "lazy" in registry(MEMBERS).names()
    assert "lazy 1.2" in registry(MEMBERS).source("lazy")
    assert "plugin_lazy" not in sys.modules


def test_a_packages_metadata_is_not_read_for_each_of_its_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    registry(OPS)
    dist = next(iter(entry_points(group=OPS))).dist
    owner: Any = next(
        c for c in type(dist).__mro__ if "name" in vars(c)
    )  # Python's, or a backport's once it is imported
    name = owner.name.fget

    def counted(dist: object) -> str:
        read.append(name(dist))
        return read[-1]

    monkeypatch.setattr(owner, "name", property(counted))
    registry.cache_clear()
    assert len(registry(OPS).names()) > 50
    assert 0 < read.count("blendkit") < 4  # once by us; how often Python itself does depends on its version


def test_the_table_is_scanned_once() -> None:
    assert registry(MEMBERS) is registry(MEMBERS)


@pytest.mark.parametrize(
    ("code", "attr", "reason"),
    [
        ("raise RuntimeError('no licence')\n", "made", "RuntimeError: no licence"),
        ("import not_installed_at_all\n", "made", "No module named 'not_installed_at_all'"),
        ("made = 1 +\n", "made", "SyntaxError"),
        ("other = 1\n", "made", "has no attribute 'made'"),
    ],
)
def test_a_broken_plugin_names_package_and_reason(plugin: Plugin, code: str, attr: str, reason: str) -> None:
    plugin("broken-one", "owl", code, attr=attr)
    message = failure("owl")
    assert "member 'owl' cannot be loaded from broken-one 1.2 (plugin_broken_one:made)" in message
    assert reason in message


def test_a_broken_plugin_harms_no_other(plugin: Plugin) -> None:
    plugin("broken-one", "owl", "raise RuntimeError\n")
    assert callable(registry(MEMBERS).get("tone"))


def test_two_packages_with_one_name_are_both_named(plugin: Plugin) -> None:
    plugin("one", "owl")
    plugin("two", "owl")
    message = failure("owl")
    assert "member 'owl' is claimed by 2 packages" in message
    assert "one 1.2 (plugin_one:made)" in message
    assert "two 1.2 (plugin_two:made)" in message
    assert " and " in registry(MEMBERS).source("owl")


def test_nobody_can_take_the_place_of_ours_in_silence(plugin: Plugin) -> None:
    plugin("impostor", "tone")
    message = failure("tone")
    assert "impostor" in message
    assert "blendkit_members.tone:tone" in message


def test_unknown_names_get_the_nearest() -> None:
    message = failure("tabel")
    assert "unknown member 'tabel' (did you mean 'table'?)" in message
    assert "available: " in message
    assert "perch" in message
    assert "unknown op 'gausian' (did you mean 'gaussian'?)" in failure("gausian", OPS)
    assert "did you mean" not in failure("zzzzzz")


@pytest.mark.parametrize(
    ("allowed", "seen"),
    [
        (None, {"a", "b"}),
        ("", set()),
        ("owl-a", {"a"}),
        ("owl-b, owl-a", {"a", "b"}),
        ("other", set()),
        ("Owl_A", {"a"}),  # package names are the same in any spelling that pip takes
    ],
)
def test_plugins_can_be_limited(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch, allowed: str | None, seen: set[str]
) -> None:
    plugin("owl-a", "a")
    plugin("owl-b", "b")
    if allowed is not None:
        monkeypatch.setenv("BLENDKIT_PLUGINS", allowed)
    names = set(registry(MEMBERS).names())
    assert names & {"a", "b"} == seen
    assert {"tone", "table"} <= names  # ours are always there


def test_a_limit_may_name_entry_points(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin("owl-a", "a")
    plugin("owl-b", "b")
    monkeypatch.setenv("BLENDKIT_PLUGINS", "b, other")
    assert set(registry(MEMBERS).names()) & {"a", "b"} == {"b"}
    assert registry(MEMBERS).blocked_lines() == ["a of owl-a 1.2 (plugin_owl_a:made)"]


def test_what_is_blocked_is_said_and_never_imported(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin("owl-a", "a", "raise SystemExit('imported')\n")
    monkeypatch.setenv("BLENDKIT_PLUGINS", "")
    said = failure("a")
    assert "member 'a' is blocked: BLENDKIT_PLUGINS does not name it" in said
    assert "owl-a 1.2" in said
    assert "add a or its package to BLENDKIT_PLUGINS" in said
    assert "blocked by BLENDKIT_PLUGINS: a of owl-a 1.2 (plugin_owl_a:made)" in failure("aa")
    assert "blocked" not in failure("zz", OPS)


def test_a_limit_settles_a_clash(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin("one", "owl")
    plugin("two", "owl", "made = 'by two'\n")
    monkeypatch.setenv("BLENDKIT_PLUGINS", "two")
    assert registry(MEMBERS).get("owl") == "by two"


def test_listing_imports_nothing_heavy() -> None:
    code = (
        "import sys; from blendkit.registry import registry; "
        "registry('blendkit.members').names(); registry('blendkit.ops').names(); "
        "heavy = {'numpy', 'pandas', 'onnxruntime', 'torch', 'numba', 'blendkit_members'}; "
        "sys.exit(','.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
