"""Blend two CSVs: what each is worth, the blend of both with a verdict on recordings held out, and a submission.

    python examples/blend_two_csvs.py

It makes the sample world where it has none. Your own files work alike: a row per chunk, a column per class, and labels.
"""

from pathlib import Path

import blendkit as bk

world = Path("pantanal") if Path("pantanal").exists() else bk.make_world("pantanal")
files = {name: world / f"external/{name}.csv" for name in ("cnn", "sed")}
labels, taxonomy = world / "test_soundscapes_labels.csv", world / "taxonomy.csv"

# 1. What each is worth, and whether they differ: whole recordings are redrawn for the intervals.
scores = {name: bk.read_scores(path, "prob") for name, path in files.items()}
print(bk.compare(scores, bk.Labels(labels, taxonomy)).to_frame().round(3))

# 2. A blend of your choice, and what it is worth. Weights that were not chosen on these labels need no second figure.
half = bk.blend(scores, by="rank", weights={"cnn": 0.5, "sed": 0.5})
print(bk.evaluate(half, labels, taxonomy=taxonomy))

# 3. Weights that are searched on the labels are judged on recordings that the search did not have.
found = bk.blend_files([*files.values()], labels, "out/two_csvs")
print(found.verdict.text)
print(f"submission: {found.run.submission}; the same again: {found.command}")
