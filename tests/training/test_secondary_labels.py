"""Secondary labels of clips, as positives, masked or ignored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.training.examples import Examples
from blendkit.training.jobs.requests import TrainingRows
from blendkit.training.jobs.secondary_labels import secondary_problems, with_secondary

NAMES = np.array(["x/XC1", "x/XC1", "y/XC2", "z/XC3", "S01"])
TARGETS = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]], np.float32)
KIND = np.array(["clip"] * 4 + ["chunk"])
IDS = np.array([f"{n}_{i}" for i, n in enumerate(NAMES)])
EXAMPLES = Examples({}, TARGETS, IDS, NAMES, NAMES, KIND, ("x", "y", "z"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """The clips of XC1 also hold y, and a class that is none of the head's; XC3 names its own class again."""
    lines = ["primary_label,secondary_labels,filename", "x,\"['y', 'other']\",x/XC1.ogg", "y,[''],y/XC2.ogg", "z,['z'],z/XC3.ogg"]  # fmt: skip
    (tmp_path / "train.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "train.csv"


def made(table: Path | None, secondary: Any) -> tuple[Examples, list[str]]:
    return with_secondary(EXAMPLES, TrainingRows((Path("c"),), metadata=table, secondary=secondary))


def test_positives(table: Path) -> None:
    found, notes = made(table, "positive")
    assert found.targets.tolist() == [[1, 1, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert found.counts is None
    assert notes == [
        "secondary labels of 1 of 3 clips are positives: 2 cells",
        "1 secondary labels are none of the classes: other",
    ]
    assert EXAMPLES.targets[0].tolist() == [1, 0, 0]


def test_masked(table: Path) -> None:
    found, _ = made(table, "mask")
    assert found.targets is EXAMPLES.targets
    assert found.counts is not None
    assert (~found.counts).nonzero()[0].tolist() == [0, 1]
    assert not found.counts[:2, 1].any()


def test_ignored(table: Path) -> None:
    assert made(table, "ignore") == (EXAMPLES, [])


def test_what_cannot_be_read_is_named(tmp_path: Path, table: Path) -> None:
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("['z']", "['z'"), encoding="utf-8")
    with pytest.raises(BlendkitError, match="1 secondary_labels that cannot be read") as caught:
        made(table, "mask")
    assert caught.value.problems[0] == "z/XC3.ogg: ['z'"
    table.write_text("\n".join(text.splitlines()[:2]), encoding="utf-8")
    with pytest.raises(BlendkitError, match="2 of 3 clips are not in it"):
        made(table, "positive")


def test_contradictions() -> None:
    assert secondary_problems(TrainingRows(secondary="mask")) == [
        "--secondary mask needs --metadata, the table with the column secondary_labels",
        "--secondary mask needs clips",
    ]
    assert secondary_problems(TrainingRows()) == []


@pytest.mark.parametrize("cell", ["y|z", "y; z", '"y, z"', "y z", " y |z |"])
def test_lists_with_any_separator(tmp_path: Path, cell: str) -> None:
    lines = ["primary_label,secondary_labels,filename", f"x,{cell},x/XC1.ogg", "y,,y/XC2.ogg", "z,|,z/XC3.ogg"]
    (tmp_path / "train.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found, notes = made(tmp_path / "train.csv", "positive")
    assert found.targets[0].tolist() == [1, 1, 1]
    assert notes == ["secondary labels of 1 of 3 clips are positives: 4 cells"]
