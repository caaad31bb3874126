"""Rank blend of two members, Gaussian and taxonomy smoothing: blendkit against pandas, scipy and groupby.

    python -m tests.benchmarks.bench_blend [rows] [classes]

Both ways run in this one process on the same matrices, the plain one first; peak memory is taken in a
process of its own, inputs included, above what the imports and a small warm-up hold.
"""

import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

from blendkit.blending.step_context import StepContext
from blendkit.blending.streams import make_streams
from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows
from blendkit.core.scores import Scores
from blendkit.core.taxonomy import Taxonomy
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.plan import make_plan

RECIPE = """
recipe: 1
name: bench
members:
  a: {use: table, path: a.csv, space: logit}
  b: {use: table, path: b.csv, space: logit}
blends:
  out:
    by: rank
    of: {a: 0.93, b: 0.07}
    steps:
      - gaussian: {sigma: 1.0}
      - taxonomy_mean: {genus: 0.15, class_name: 0.05}
output: out
"""


def world(n: int, c: int) -> tuple[dict[str, Scores], Taxonomy]:
    """Two members of correlated float32 logits; 12 chunks a recording; genera of three, five classes."""
    rng = np.random.default_rng(0)
    rows = chunk_rows({f"BC_Test_{i:05d}_S01_20250101_040000": 12 for i in range(-(-n // 12))}, 5.0, NameRule())
    rows = rows.take(np.arange(n))
    classes = tuple(f"class{i}" for i in range(c))
    table = {
        k: {"scientific_name": f"Genus{i // 3} species{i}", "class_name": f"Taxon{i % 5}"}
        for i, k in enumerate(classes)
    }
    first = rng.standard_normal((n, c), np.float32)
    second = first + rng.standard_normal((n, c), np.float32)
    covered = np.ones(c, bool)
    members = {k: Scores(v, rows, classes, "logit", covered) for k, v in (("a", first), ("b", second))}
    return members, Taxonomy(table)


def blendkit_way(members: dict[str, Scores], taxonomy: Taxonomy) -> np.ndarray:
    plan = make_plan(parse_recipe(RECIPE, "bench"))
    return make_streams(plan, members, StepContext(taxonomy=taxonomy))["out"].values


def plain_way(members: dict[str, Scores], taxonomy: Taxonomy) -> np.ndarray:
    import pandas as pd
    from scipy.ndimage import gaussian_filter1d

    a, b = (members[k] for k in ("a", "b"))
    classes = list(a.classes)
    frame = 0.93 * pd.DataFrame(a.values, columns=classes).rank(pct=True)
    frame += 0.07 * pd.DataFrame(b.values, columns=classes).rank(pct=True)
    bounds = a.rows.offsets()
    values = frame.to_numpy()
    parts = [gaussian_filter1d(values[i:j], 1.0, axis=0, mode="nearest") for i, j in pairwise(bounds)]
    smooth = pd.DataFrame(np.concatenate(parts), columns=classes)
    for level, alpha in (("genus", 0.15), ("class_name", 0.05)):
        names = pd.Series([taxonomy.group_of(c, level) for c in classes], index=classes)
        mean = smooth.T.groupby(names).transform("mean").T
        smooth = (1 - alpha) * smooth + alpha * mean
    return smooth.to_numpy()


def peak(n: int, c: int) -> float:
    """Peak memory of the blendkit way above a warm process, in float32 input matrices (Linux)."""
    blendkit_way(*world(120, c))
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far: a child inherits its parent's
    before = _status("VmRSS")
    members, taxonomy = world(n, c)
    blendkit_way(members, taxonomy)
    return (_status("VmHWM") - before) * 1024 / (4 * n * c)


def _status(key: str) -> int:
    """Return a value of /proc/self/status, in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(key)).split()[1])


def main() -> None:
    n, c = (int(v) for v in sys.argv[1:3]) if len(sys.argv) == 3 else (50_000, 234)
    blendkit_way(*world(120, c))  # compile
    members, taxonomy = world(n, c)
    started = time.perf_counter()
    expected = plain_way(members, taxonomy)
    plain_s = time.perf_counter() - started
    times = []
    for _ in range(3):
        copy = dict(members)  # make_streams uses its members up
        started = time.perf_counter()
        got = blendkit_way(copy, taxonomy)
        times.append(time.perf_counter() - started)
    code = (
        f"import sys; sys.path.insert(0, {str(sys.path[0])!r}); import bench_blend; print(bench_blend.peak({n}, {c}))"
    )
    memory = float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    print(f"{n} x {c}: plain {plain_s:.2f} s, blendkit {min(times):.3f} s (of {[round(t, 3) for t in times]})")
    print(f"ratio {plain_s / min(times):.1f}x, largest difference {np.abs(got - expected).max():.2e}")
    print(f"peak memory {memory:.2f} float32 input matrices, inputs included")


if __name__ == "__main__":
    main()
