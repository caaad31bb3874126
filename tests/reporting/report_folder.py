"""A small world whose names would be markup or scripts if a page took them for such."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from blendkit.offline.comparison import Rules
from blendkit.offline.interval_settings import Judging
from tests.cli.oof_folder import CLASSES, oof_world

FAST = Rules(Judging(replicates=80))

IMAGE, SCRIPT = "<img src=x onerror=document.broken=1>", "</script><script>document.broken=2</script>"
HOSTILE = (IMAGE, SCRIPT, *CLASSES[2:])


def hostile_world(folder: Path) -> Path:
    """Lay out the out-of-fold world of the commands with two class ids that are markup, and return its recipe."""
    oof_world(folder)
    with np.load(folder / "oof.npz") as arrays:
        held = dict(arrays)
    np.savez(folder / "oof.npz", **{**held, "classes": np.array(HOSTILE)})
    for name in ("labels.csv", "taxonomy.csv"):
        text = (folder / name).read_text(encoding="utf-8")
        for old, new in zip(CLASSES[:2], HOSTILE[:2], strict=True):
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "trio.yaml"
