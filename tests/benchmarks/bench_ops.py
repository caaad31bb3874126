"""Every op on 50,000 x 234, against the floor of one copy of the matrix and against pandas, scipy or numpy.

    python -m tests.benchmarks.bench_ops [rows] [classes] [op ...]
    python -m tests.benchmarks.bench_ops chain      # the whole of eos_chain on 700 recordings, from saved scores

Recordings of 12 chunks. `floor`: the op's time over that of moving what it must read and write, at the speed of one
x.copy() (which moves two matrices): an op on three streams moves four.
`plain`: what a user would otherwise write (pandas groupby, rank and transform; scipy), in this same process; where
there is none, the floor alone is told. Aim: within 4 of the floor, or at least 10 times as fast as the plain way.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d
from scipy.special import expit, logit, softmax

from blendkit.core.names import NameRule
from blendkit.core.rows import Rows, chunk_rows
from blendkit.core.taxonomy import Taxonomy
from blendkit.metrics.kernels.ranking import doubled_ranks
from blendkit.metrics.ranks import percentile_rank
from blendkit.ops.declare import Fitted, info_of, signature
from blendkit.ops.fitted.rate_tables import near_places
from blendkit.ops.occurrence_tables import RangeList
from blendkit.registry import OPS, registry
from tests.benchmarks.timing import best_of

Plain = Callable[[Any], Any]


KNOTS = np.linspace(0, 1, 1200)


class World:
    """A matrix of every space, and what ops ask for beside it."""

    def __init__(self, n: int, c: int) -> None:
        rng = np.random.default_rng(0)
        stems = [f"BC_Test_{i:05d}_S{i % 9:02d}_2025{1 + i % 12:02d}01_{i % 24:02d}0000" for i in range(-(-n // 12))]
        self.rows: Rows = chunk_rows(dict.fromkeys(stems, 12), 5.0, NameRule()).take(np.arange(n))
        self.logit = rng.standard_normal((n, c)) * 2 - 2
        self.prob, self.rank = expit(self.logit), percentile_rank(self.logit)
        self.other = rng.standard_normal((n, c)) - 1
        self.streams = {"prob": expit(self.other), "rank": percentile_rank(self.other), "any": self.other}
        self.classes = tuple(f"class{i}" for i in range(c))
        names = {
            k: {"scientific_name": f"Genus{i // 3} s{i}", "class_name": f"Taxon{i % 5}"}
            for i, k in enumerate(self.classes)
        }
        self.taxonomy = Taxonomy(names)
        self.genus = np.array([i // 3 for i in range(c)])
        self.here, self.terms = rng.random((n, c)) < 0.3, rng.standard_normal((216, c))
        self.codes = np.repeat(np.arange(len(stems)), 12)[:n]

    def context(self, name: str, space: str, fitted: Fitted | None) -> Any:
        c = len(self.classes)
        return {
            "offsets": self.rows.offsets(), "rows": self.rows, "taxonomy": self.taxonomy, "classes": self.classes,
            "covered": np.ones(c, bool), "weights": np.repeat([[0.5], [0.5]], c, axis=1), "space": space,
            "fitted": fitted,
        }[name]  # fmt: skip

    def by_file(self, x: Any) -> Any:
        return pd.DataFrame(x).groupby(self.codes)

    def rolling(self, x: Any, taps: Any) -> Any:
        g, r = self.by_file(x), len(taps) // 2
        return sum(
            t * (g.shift(k - r).fillna(g.transform("first")) if k != r else pd.DataFrame(x)) for k, t in enumerate(taps)
        )


PARAMS: dict[str, dict[str, Any]] = {
    "taxonomy_mean": {"genus": 0.15, "class_name": 0.05},
    "taxonomy_mean_unsure": {"genus": 0.12, "class_name": 0.025},
    "taxonomy_max": {"genus": 0.15, "class_name": 0.05},
    "taxonomy_noisy_or": {"genus": 0.15, "class_name": 0.05},
    "mirror": {"groups": [["class1", "class2"], ["class7", "class9", "class11"]]},
    "station_floor": {"site": "S01", "floors": {"class3": 0.65}},
}


MATHS: dict[str, tuple[np.ufunc, ...]] = {
    "file_top_scale": (np.exp, np.log),
    "file_lse": (np.exp,),
    "softmax_richness": (np.exp,),
    "geometric": (np.log, np.log, np.exp),
    "power_mean": (np.divide, np.divide, np.sqrt),
    "power": (np.power,),
}


def maths(name: str) -> float:
    """Seconds for the functions that an op's formula asks for per cell, on blocks that stay in cache."""
    x = np.random.default_rng(0).random((1000, 234))
    out = np.empty_like(x)
    return (
        sum(best_of(lambda f=f: f(x, 1.2, out=out) if f.nin == 2 else f(x, out=out), 9) for f in MATHS[name]) / x.size
    )


def plain_ways(w: World) -> dict[str, Plain]:
    """The way without blendkit, by op."""

    def scaled(x: Any, n: int, q: float) -> Any:
        whole = x[: len(x) // 12 * 12].reshape(-1, 12, x.shape[1])
        return whole * np.sort(whole, axis=1)[:, -n:].mean(axis=1, keepdims=True) ** q

    def highest(x: Any) -> Any:
        g = w.by_file(x)
        return np.fmax(np.fmax(x, g.shift(1)), g.shift(-1))

    def groups(x: Any, how: str) -> Any:
        frame = pd.DataFrame(x.T).groupby(w.genus).transform(how).T
        taxon = pd.DataFrame(x.T).groupby(np.arange(x.shape[1]) % 5).transform(how).T
        return 0.95 * (0.85 * x + 0.15 * frame) + 0.05 * taxon

    def kernel(x: Any) -> Any:
        d = np.arange(-3, 4)
        return w.rolling(x, (1 + (d / 1.2) ** 2 / 2) ** -1.5)

    def rank(x: Any) -> Any:
        return pd.DataFrame(x).rank(pct=True)

    def blocks(x: Any, change: Plain) -> Any:
        return np.concatenate([change(x[i : i + 12]) for i in range(0, len(x), 12)])

    p, r = w.streams["prob"], w.streams["rank"]

    def top(x: Any, k: int) -> Any:
        return pd.DataFrame(x).rank(axis=1, ascending=False, method="min") <= k

    def sidecar(x: Any) -> Any:
        change = np.where(top(x, 32) | (top(r, 16) & (x >= 0.7)), 0.05 * (r - x), 0.0)
        out = x + min(1.0, 0.009 / np.abs(change).mean()) * change
        stay = [(top(x, k) & top(out, k)).to_numpy().sum() / top(x, k).to_numpy().sum() for k in (3, 10)]
        return out if stay[0] >= 0.75 and stay[1] >= 0.8 else x

    return {
        "gaussian": lambda x: blocks(x, lambda b: gaussian_filter1d(b, 1.0, axis=0, mode="nearest")),
        "three_tap": lambda x: w.rolling(x, [0.1, 0.8, 0.1]),
        "five_tap": lambda x: w.rolling(x, [0.1, 0.2, 0.4, 0.2, 0.1]),
        "adaptive_delta": lambda x: w.rolling(x, [0.1, 0.8, 0.1]) * (1 - x.max(axis=1, keepdims=True)),
        "conservative_delta": lambda x: w.rolling(x, [0.04, 0.92, 0.04]) * (0.92 - x.max(axis=1, keepdims=True)),
        "segment_mean": lambda x: (
            0.4 * x + 0.6 * np.column_stack([pd.Series(v).groupby((abs(np.diff(v, prepend=0)) > 0.06).cumsum()).transform("mean") for v in x.T])
        ),
        "standardise": lambda x: (pd.DataFrame(x) - x.mean(axis=0)) / x.std(axis=0),
        "taxon_share": lambda x: x * (pd.DataFrame(x.T).groupby(np.arange(x.shape[1]) % 5).transform("sum").T / 9.0) ** 0.5,
        "local_max": lambda x: 0.85 * x + 0.15 * highest(x),
        "dilate": highest,
        "file_top_scale": lambda x: logit(scaled(expit(x), 2, 0.4)),
        "file_max_mix": lambda x: 0.95 * x + 0.05 * w.by_file(x).transform("max"),
        "file_mean_max": lambda x: 0.7 * x + 0.15 * (w.by_file(x).transform("max") + w.by_file(x).transform("mean")),
        "file_noisy_or": lambda x: 0.7 * x + 0.3 * (1 - w.by_file(1 - x).transform("prod")),
        "file_lse": lambda x: 0.7 * x + 0.3 * np.log(w.by_file(np.exp(4.5 * x)).transform("mean")) / 4.5,
        "low_rank_power": lambda x: np.where(w.by_file(x).transform("max").rank(axis=1, ascending=False) <= 30, x, x**2),
        "softmax_richness": lambda x: x * softmax(x / 0.12, axis=1),
        "power": lambda x: x**1.2,
        "taxonomy_mean": lambda x: groups(x, "mean"),
        "taxonomy_mean_unsure": lambda x: groups(x, "mean") * (0.92 - x.max(axis=1, keepdims=True)),
        "taxonomy_max": lambda x: groups(x, "max"),
        "taxonomy_noisy_or": lambda x: 1 - groups(1 - x, "prod"),
        "rank": lambda x: 0.5 * rank(x) + 0.5 * rank(w.other),
        "logit": lambda x: 0.5 * x + 0.5 * w.other,
        "prob": lambda x: 0.5 * x + 0.5 * p,
        "geometric": lambda x: np.exp(0.5 * np.log(x) + 0.5 * np.log(p)),
        "power_mean": lambda x: np.sqrt(0.5 * x**2 + 0.5 * p**2),
        "median": lambda x: np.median([x, w.other], axis=0),
        "quantile_mix": lambda x: 0.25 * (x + p) + 0.25 * (rank(x) + rank(p)),
        "fake_only": lambda x: np.where((p > 0.5) & (p < 0.05), 0.92 * x + 0.08 * rank(p), x),
        "temporal": lambda x: np.where((rank(kernel(p)) > 0.88) & (rank(p) > 0.77), 0.85 * x + 0.15 * rank(p), x),
        "spike": lambda x: np.where((r > 0.95) & (r < 0.8), 0.88 * x + 0.12 * r, x),
        "rank_gate": lambda x: x * (0.5 + 0.5 * r),
        "sidecar": sidecar,
        "max": lambda x: np.max([x, w.other], axis=0),
        "min": lambda x: np.min([x, w.other], axis=0),
        "isotonic": lambda x: np.column_stack([np.interp(v, KNOTS, KNOTS**2) for v in x.T]),
        "quantile_map": lambda x: np.column_stack([np.interp(v, np.sort(v[:1200]), KNOTS) for v in x.T]),
        "platt": lambda x: pd.DataFrame(x) * 1.1 + 0.2,
        "prior_correction": lambda x: pd.DataFrame(x) + 0.3,
        "range_penalty": lambda x: pd.DataFrame(x).where(w.here, x - 2.0),
        "range_mask": lambda x: pd.DataFrame(x).where(w.here, 0.0),
        "site_hour_prior": lambda x: x + w.terms[w.codes % 216],
        "diel_prior": lambda x: x + w.terms[w.codes % 24],
        "month_prior": lambda x: x + w.terms[w.codes % 12],
        "clip": lambda x: pd.DataFrame(x).clip(1e-5, 1 - 1e-5),
        "sharpen": lambda x: np.where(x > 0.5, 0.5 + 0.5 * (x - 0.5) / 0.5, 0.5 * x / 0.5),
        "temperature": lambda x: pd.DataFrame(x) / 1.1,
        "rare_suppression": lambda x: np.where(x < x.mean(axis=0) + 0.05, 0.9 * x, x),
        "mirror": lambda x: pd.DataFrame(x).assign(c=pd.DataFrame(x)[[1, 2]].max(axis=1)),
    }  # fmt: skip


def fitted_for(name: str, w: World) -> Fitted | None:
    info = info_of(registry(OPS).get(name))
    assert info is not None
    listed = RangeList({f"S{i:02d}": frozenset(w.classes[i::3]) for i in range(9)})
    if name in ("range_mask", "range_penalty"):
        return Fitted((listed,))
    if name == "place_prior":
        return Fitted((near_places({"S01": (-20.0, -56.0)}, [(c, -20.0, i / 9) for i, c in enumerate(w.classes)]),))
    if info.fit is None:
        return None
    few, rng = w.rows.take(np.arange(1200)), np.random.default_rng(1)
    x = (w.logit if "logit" in info.spaces else w.prob)[:1200]
    if info.fit_on == "reference":
        return Fitted((info.fit(x, few, w.classes),))
    truth = rng.random(x.shape) < 0.05
    given = (x,) if info.fit_on == "scores" else ()
    return Fitted((info.fit(*given, truth, np.ones(1200, bool), few, w.classes),))


def one(name: str, w: World, floor: float, plain: Plain | None) -> str:
    info = info_of(registry(OPS).get(name))
    assert info is not None
    space = (
        info.inputs_as
        if info.inputs_as in ("logit", "prob")
        else next(s for s in ("logit", "prob", "rank") if s in info.spaces)
    )
    x = getattr(w, space)
    xs = [x] if info.kind != "blend" else [x, w.streams["prob"] if space == "prob" else w.other]
    if info.inputs_as == "doubled_ranks":
        xs = [doubled_ranks(v) for v in xs]
    fitted = fitted_for(name, w) if "fitted" in info.context().values() else None
    kwargs = {p: w.context(c, space, fitted) for p, c in info.context().items()}
    kwargs |= {p: w.streams[m.space] for p, m in info.streams().items()} | PARAMS.get(name, {})
    assert set(kwargs) <= set(signature(info.function))
    info.function(*xs, **kwargs)  # compiled
    ours = best_of(lambda: info.function(*xs, **kwargs), 7)
    moved = len(xs) + len(info.streams()) + (2 if info.kind == "gate" else 1)
    floor *= moved / 2
    told = f"{name:20s} {space:6s} {ours * 1e3:8.0f} ms   {ours / floor:6.1f} floors"
    if name in MATHS:
        told += f" ({ours / (floor + maths(name) * x.size):.1f} with maths)"
    if plain is None:
        return told
    given = (lambda: plain(x)) if info.inputs_as != "doubled_ranks" else (lambda: plain(w.logit))
    theirs = best_of(given, 2)
    return f"{told}   plain {theirs * 1e3:8.0f} ms   {theirs / ours:6.1f}x"


CHAIN = """
import sys, time
import numpy as np
from scipy.special import expit
from blendkit.engine.steps import Surroundings
from blendkit.engine.streams import make_streams
from blendkit.recipe import load_recipe, make_plan
from blendkit.rows import NameRule, chunk_rows
from blendkit.scores import Scores
from blendkit.taxonomy import Taxonomy
from pathlib import Path

rng, c = np.random.default_rng(0), 234
rows = chunk_rows({f"BC_Test_{i:05d}_S01_20250101_040000": 12 for i in range(700)}, 5.0, NameRule())
classes = tuple(f"class{i}" for i in range(c))
taxa = ["Aves"] * 162 + ["Amphibia"] * 35 + ["Insecta"] * 28 + ["Mammalia"] * 8 + ["Reptilia"]
around = Surroundings(Taxonomy({k: {"scientific_name": f"Genus{i // 3} s{i}", "class_name": taxa[i]} for i, k in enumerate(classes)}))
plan = make_plan(load_recipe(Path(sys.argv[1])))
for turn in ("first in its process", "again"):
    z = {n: rng.standard_normal((len(rows), c)).astype(np.float32) - 2 for n in plan.members}
    members = {n: Scores.build(x if n == "proto" else expit(x), rows, classes, plan.members[n].space) for n, x in z.items()}
    started = time.perf_counter()
    make_streams(plan, members, around)
    print(f"eos_chain on {len(rows)} x {c}, {turn}: {time.perf_counter() - started:.2f} s")
"""


def chain() -> None:
    recipe = Path(__file__).parents[2] / "recipes" / "eos_chain.yaml"
    subprocess.run([sys.executable, "-c", CHAIN, str(recipe)], check=True)


def main(n: int = 50_000, c: int = 234, *names: str) -> None:
    w = World(n, c)
    floor = best_of(w.logit.copy, 5)
    ways = plain_ways(w)
    print(f"{n} x {c}, float64; floor (one copy): {floor * 1e3:.0f} ms", flush=True)
    for name in names or registry(OPS).names():
        print(one(name, w, floor, ways.get(name)), flush=True)


if __name__ == "__main__":
    if "chain" in sys.argv:
        sys.exit(chain())
    sizes = [int(a) for a in sys.argv[1:] if a.isdigit()]
    main(*sizes, *[a for a in sys.argv[1:] if not a.isdigit()]) if sizes else main(50_000, 234, *sys.argv[1:])
