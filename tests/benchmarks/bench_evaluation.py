"""Evaluation, what-if and search: blendkit against scikit-learn and pandas, both in this one process.

    python -m tests.benchmarks.bench_evaluation [a part of a name ...]

Where the plain way would take minutes a few of its evaluations are timed and multiplied; the line says so.
Peak memory is taken in a process of its own, above what the imports, the inputs and a small warm-up hold.
The last line needs BLENDKIT_REAL_DATA.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.metrics.auc import macro_auc
from blendkit.metrics.bootstrap import paired_bootstrap
from blendkit.metrics.ranks import percentile_rank
from blendkit.metrics.weight_paths import weight_path
from blendkit.searching.greedy_selection import greedy
from tests.benchmarks.timing import best_of

CLASSES, DEAD = 234, 28
WEIGHTS = [k / 1000 for k in range(1001)]
RECIPE = """
recipe: 1
name: eos7
template: null
members:
  protossm_sed: {use: table, path: oof_432.npz, array: noisy_student, rows: row_ids, classes: classes, space: prob}
  seqhead:
    use: table
    path: oof_432.npz
    array: perch_probes
    rows: row_ids
    classes: classes
    space: logit
    steps:
      - site_hour_prior: {fit: {labels: train_soundscapes_labels.csv, folds: 5}, strength: 0.5}
      - gaussian: {sigma: 1.0}
blends:
  eos7:
    by: rank
    of: {protossm_sed: 0.93, seqhead: 0.07}
    steps:
      - taxonomy_mean: {genus: 0.15, class_name: 0.05, sonotypes: group}
output: eos7
"""


def world(n: int, members: int = 1, seed: int = 0) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Truth (n, 234), 2 to 15 % positives clustered by recording, 206 live classes; class-major float32 scores."""
    rng = np.random.default_rng(seed)
    rate = np.exp(rng.uniform(np.log(0.02), np.log(0.15), CLASSES))
    rate[rng.permutation(CLASSES)[:DEAD]] = 0
    hot = rng.random((-(-n // 12), CLASSES)) < rate * 2
    y = np.repeat(hot, 12, axis=0)[:n] & (rng.random((n, CLASSES)) < 0.5)
    base = rng.standard_normal((n, CLASSES)) + 1.5 * y
    xs = [np.asfortranarray(base + 0.5 * rng.standard_normal((n, CLASSES)), np.float32) for _ in range(members)]
    return y, xs, np.arange(n) // 12


def plain_auc(y: np.ndarray, x: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    live = [c for c in range(y.shape[1]) if 0 < y[:, c].sum() < len(y)]
    return float(np.mean([roc_auc_score(y[:, c], x[:, c]) for c in live]))


def report(name: str, plain_s: float, ours_s: float, aim: float, memory: float | None, how: str = "") -> None:
    held = "" if memory is None else f", peak {memory:.2f} x input"
    print(
        f"{name:58s} plain {plain_s:9.3f} s{how}  blendkit {ours_s:8.5f} s  {plain_s / ours_s:8.0f}x (aim {aim:g}x){held}"
    )


def auc(n: int, aim: float) -> None:
    y, (x,), _ = world(n)
    assert abs(macro_auc(y, x).macro - plain_auc(y, x)) < 1e-13
    plain = best_of(lambda: plain_auc(y, x), 2)
    report(f"macro-AUC {n} x {CLASSES}", plain, best_of(lambda: macro_auc(y, x), 15), aim, peak(f"auc_once({n})"))
    rows = np.ascontiguousarray(x)
    report(f"  the same, row-major scores {n} x {CLASSES}", plain, best_of(lambda: macro_auc(y, rows), 15), aim, None)


def rank(n: int, aim: float) -> None:
    import pandas as pd

    _, (x,), _ = world(n)
    rows = np.ascontiguousarray(x)
    percentile_rank(rows[:100])
    frame = pd.DataFrame(rows)
    plain = best_of(lambda: frame.rank(pct=True), 1)
    report(
        f"percentile rank {n} x {CLASSES}", plain, best_of(lambda: percentile_rank(rows)), aim, peak(f"rank_once({n})")
    )


def path(n: int, aim: float) -> None:
    y, (a, b), _ = world(n, 2)
    weight_path(y[:240], a[:240], b[:240], WEIGHTS)
    plain = best_of(lambda: plain_auc(y, 0.37 * a + 0.63 * b), 2) * len(WEIGHTS)
    found = weight_path(y, a, b, WEIGHTS)
    assert abs(found.macro[370] - plain_auc(y, 0.63 * a.astype(float) + 0.37 * b.astype(float))) < 1e-9
    ours = best_of(lambda: weight_path(y, a, b, WEIGHTS), 3)
    report(
        f"exact weight path, 1,001 points, {n} x {CLASSES}", plain, ours, aim, peak(f"path_once({n})"), " (2 x 1001/2)"
    )


def bootstrap(n: int, aim: float) -> None:
    y, (a, b), recording = world(n, 2)
    draws = np.random.default_rng(0).integers(0, recording[-1] + 1, (3, recording[-1] + 1))

    def redraw() -> None:
        of = [np.flatnonzero(recording == r) for r in range(recording[-1] + 1)]
        for draw in draws[:2]:
            rows = np.concatenate([of[r] for r in draw])
            plain_auc(y[rows], a[rows])
            plain_auc(y[rows], b[rows])

    paired_bootstrap(y[:240], {"a": a[:240], "b": b[:240]}, recording[:240], 10)
    plain = best_of(redraw, 1) / 2 * 1000
    ours = best_of(lambda: paired_bootstrap(y, {"a": a, "b": b}, recording), 3)
    name = f"1,000 paired replicates of 2 scores, {n} x {CLASSES}"
    report(name, plain, ours, aim, peak(f"bootstrap_once({n})"), " (2 of 1000)")


def caruana(n: int, aim: float) -> None:
    y, xs, _ = world(n, 6)
    scores = {f"m{i}": x for i, x in enumerate(xs)}
    total = np.zeros(y.shape)
    greedy(y[:240], {k: x[:240] for k, x in scores.items()}, 2)
    plain = best_of(lambda: [plain_auc(y, total + x) for x in xs], 1) * 20
    ours = best_of(lambda: greedy(y, scores, 20), 2)
    report(
        f"Caruana, 20 steps x 6 members, {n} x {CLASSES}", plain, ours, aim, peak(f"caruana_once({n})"), " (1 of 20)"
    )


def sweep_real(aim_s: float) -> None:
    from blendkit.offline.sweeps import sweep
    from blendkit.offline.whatif_axes import read_axis, read_share
    from blendkit.offline.workspace import Workspaces
    from blendkit.recipe.load import parse_recipe
    from blendkit.recipe.recipe_files import DataFolder

    real = os.environ.get("BLENDKIT_REAL_DATA")
    if not real:
        print("sweep of eos7's graph: skipped, BLENDKIT_REAL_DATA is not set")
        return
    recipe = parse_recipe(RECIPE, "eos7")
    axes = [
        read_share("eos7.seqhead=0.005:1:0.005", recipe),
        read_axis("seqhead.gaussian.sigma=0.1:2:0.1", "--sweep"),
    ]

    def once() -> Any:
        return sweep(Workspaces(DataFolder(Path(real) / "birdclef2026"), Path(tempfile.gettempdir())), recipe, axes)

    found = once()
    ours = best_of(once, 3)
    print(
        f"sweep of {found.macro.size} points of eos7's graph on 432 real chunks: {ours:.2f} s (aim under {aim_s:g} s)"
    )


def auc_once(n: int) -> tuple[Callable[[], Any], int]:
    y, (x,), _ = world(n)
    return lambda: macro_auc(y, x), x.nbytes + y.nbytes


def rank_once(n: int) -> tuple[Callable[[], Any], int]:
    _, (x,), _ = world(n)
    return lambda: percentile_rank(x), x.nbytes


def path_once(n: int) -> tuple[Callable[[], Any], int]:
    y, (a, b), _ = world(n, 2)
    return lambda: weight_path(y, a, b, WEIGHTS), 2 * a.nbytes + y.nbytes


def bootstrap_once(n: int) -> tuple[Callable[[], Any], int]:
    y, (a, b), recording = world(n, 2)
    return lambda: paired_bootstrap(y, {"a": a, "b": b}, recording), 2 * a.nbytes + y.nbytes


def caruana_once(n: int) -> tuple[Callable[[], Any], int]:
    y, xs, _ = world(n, 6)
    return lambda: greedy(y, {f"m{i}": x for i, x in enumerate(xs)}, 20), 6 * xs[0].nbytes + y.nbytes


def measured_peak(work: Callable[[], Any], size: int, warm: Callable[[], Any]) -> float:
    """Peak memory while `work` runs, above what is held before it, in units of its input (Linux)."""
    warm()
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = _status("VmRSS")
    work()
    return (_status("VmHWM") - before) * 1024 / size


def _status(key: str) -> int:
    """Return a value of /proc/self/status, in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(key)).split()[1])


def peak(made: str) -> float:
    name = made.split("(")[0]
    code = (
        f"import sys; sys.path.insert(0, {str(sys.path[0])!r}); import bench_evaluation as b; "
        f"print(b.measured_peak(*b.{made}, b.{name}(240)[0]))"
    )
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def main() -> None:
    jobs: dict[str, Callable[[], None]] = {
        "auc 4000": lambda: auc(4000, 150),
        "auc 50000": lambda: auc(50_000, 100),
        "rank": lambda: rank(50_000, 15),
        "path": lambda: path(4000, 1500),
        "bootstrap": lambda: bootstrap(4000, 4000),
        "caruana": lambda: caruana(4000, 60),
        "sweep": lambda: sweep_real(5),
    }
    for name, job in jobs.items():
        if len(sys.argv) == 1 or any(a in name for a in sys.argv[1:]):
            job()


if __name__ == "__main__":
    main()
