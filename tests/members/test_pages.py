from __future__ import annotations

import inspect
from importlib.metadata import entry_points
from pathlib import Path

import pytest

OURS = sorted(e.name for e in entry_points(group="blendkit.members") if e.dist and e.dist.name == "blendkit")


@pytest.mark.parametrize("name", OURS)
def test_every_member_has_its_page(name: str) -> None:
    (entry,) = entry_points(group="blendkit.members", name=name)
    page = Path(inspect.getfile(entry.load())).with_suffix(".md").read_text(encoding="utf-8")
    for part in ("Needs", "Licence", "Contract", "Classes", "Cost"):
        assert f"**{part}**" in page
    assert name in page.splitlines()[0]
