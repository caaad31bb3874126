"""A small folder of out-of-fold tables for the commands that work offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

CLASSES = ("amabird", "barfrog", "cicada1", "dowlark", "katydid")
TAXONOMY = """\
primary_label,scientific_name,class_name
amabird,Ama alba,Aves
barfrog,Bara viridis,Amphibia
cicada1,Cica magna,Insecta
dowlark,Ama nigra,Aves
katydid,Cica parva,Insecta
"""
RECIPE = """\
recipe: 1
name: trio
labels: labels.csv
members:
  cnn: {use: table, path: oof.npz, array: cnn, rows: row_ids, classes: classes, folds: fold, space: logit}
  sed:
    use: table
    path: oof.npz
    array: sed
    rows: row_ids
    classes: classes
    folds: fold
    space: logit
    steps:
      - gaussian: {sigma: 0.5}
  perch: {use: table, path: oof.npz, array: perch, rows: row_ids, classes: classes, folds: fold, space: prob}
blends:
  mix:
    by: rank
    of: {cnn: 0.5, sed: 0.3, perch: 0.2}
    steps:
      - gaussian: {sigma: 0.4}
      - taxonomy_mean: {genus: 0.1}
output: mix
"""


def oof_world(folder: Path) -> Path:
    """Lay out oof.npz, labels.csv, taxonomy.csv and trio.yaml: 12 recordings of 3 sites in 2 folds, 5 classes."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"X_Test_{i + 1:04d}_S{i % 3 + 1:02d}_202501{i + 1:02d}_{4 + i % 2 * 12:02d}0000" for i in range(12)]
    ids = [f"{name}_{5 * (k + 1)}" for name in names for k in range(6)]
    rng = np.random.default_rng(5)
    heard = rng.random((72, 5)) < 0.3
    noise = {"cnn": 1.6, "sed": 1.6, "perch": 2.2}
    made = {n: 2 * heard + s * rng.standard_normal(heard.shape) for n, s in noise.items()}
    scores: dict[str, Any] = {n: x.astype(np.float32) for n, x in made.items()}
    scores["perch"] = 1 / (1 + np.exp(-scores["perch"]))
    fold = np.repeat(np.arange(12) % 2, 6)
    np.savez(folder / "oof.npz", row_ids=np.array(ids), classes=np.array(CLASSES), fold=fold, **scores)
    lines = ["filename,start,end,primary_label"]
    for row_id, row in zip(ids, heard, strict=True):
        name, _, end = row_id.rpartition("_")
        lines.append(f"{name}.ogg,{int(end) - 5},{end},{';'.join(np.array(CLASSES)[row])}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "taxonomy.csv").write_text(TAXONOMY, encoding="utf-8")
    (folder / "trio.yaml").write_text(RECIPE, encoding="utf-8")
    return folder


def one_recording(folder: Path) -> None:
    """Lay out one.yaml, whose labels know the first recording alone."""
    labels = (folder / "labels.csv").read_text(encoding="utf-8").splitlines()[:7]
    (folder / "one.csv").write_text("\n".join(labels) + "\n", encoding="utf-8")
    (folder / "one.yaml").write_text(RECIPE.replace("labels.csv", "one.csv"), encoding="utf-8")
