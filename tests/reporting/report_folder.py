"""A small world whose names would be markup or scripts if a page took them for such."""

from __future__ import annotations

import json
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
    found_folder(folder / "found")
    return folder / "trio.yaml"


def found_folder(folder: Path) -> None:
    """Lay out what `detect` and `activity` write: one class with markup for a name, two hours, one of them silent."""
    folder.mkdir()
    told = {"source": "scores.csv", "detections": 3, "recordings": 4, "notes": ["one note"]}
    for seal in ("detect.json", "activity.json"):
        (folder / seal).write_text(json.dumps(told), encoding="utf-8")
    (folder / "thresholds.csv").write_text(
        "class,threshold,positives,recordings,precision,low,high,recall,why\n"
        f"{IMAGE},0.5,12,3,0.75,0.5,0.9,0.6,\n22961,,2,1,,,,,too few positives\n",
        encoding="utf-8",
    )
    head = "by,cell,class,name,recordings,hours,detections,found_in,per_hour,low,high\n"
    rows = [
        f"{by},{cell},{name},{name},{2},0.5,{count},1,{count / 0.5},0,9"
        for by, cells in (("hour", ("04", "16")), ("site", ("S1", "S2")))
        for name, counts in ((IMAGE, (1, 0)), ("22961", (2, 0)))
        for cell, count in zip(cells, counts, strict=True)
    ]
    (folder / "activity.csv").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
