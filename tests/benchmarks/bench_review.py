"""How often the intervals of reviews hold the true precision: many draws from made-up archives.

Run: python -m tests.benchmarks.bench_review [DRAWS]
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from blendkit.metrics import StratifiedAnswers, chunk_keys, disagreement, draw_strata, stratified_share

CUTS = (0.0, 0.5, 0.9, 0.98, 0.995)  # quantiles of the score at which precision is judged
YES = np.array([True])


@dataclass(frozen=True)
class Archive:
    """Made-up scores of one class: normal ones, `apart` standard deviations higher where the class is there."""

    chunks: int
    share: float
    apart: float
    per_class: int = 96
    by: str = "score"


ARCHIVES = (
    *(Archive(n, share, apart) for n in (500, 5_000, 50_000)
      for share, apart in ((0.3, 2), (0.05, 2.5), (0.01, 3), (0.5, 1))),
    Archive(5_000, 0.05, 2.5, per_class=24),
    Archive(5_000, 0.3, 2, per_class=24),
    Archive(5_000, 0.05, 2.5, by="disagreement"),
    Archive(5_000, 0.3, 2, by="disagreement"),
)  # fmt: skip


def judge(archive: Archive, draws: int) -> list[str]:
    """Return, per cut, the true precision, the share of intervals that hold it, their mean width, and the bias."""
    rng = np.random.default_rng(archive.chunks)
    truth = rng.random(archive.chunks) < archive.share
    x, other = (rng.standard_normal(archive.chunks) + archive.apart * truth for _ in range(2))
    value = x if archive.by == "score" else disagreement([x[:, None], other[:, None]], [YES, YES])[:, 0]
    cuts = np.quantile(x, CUTS)
    true = [float(truth[x >= t].mean()) for t in cuts]
    keys = chunk_keys(["r"] * archive.chunks, 5.0 * np.arange(archive.chunks), 0)
    held: list[list[tuple[bool, float, float]]] = [[] for _ in CUTS]
    for k in range(draws):
        draw = draw_strata(value, keys, str(k), archive.per_class, 8)
        size = np.zeros(int(draw.stratum.max()), np.int64)
        size[draw.stratum - 1] = draw.size
        answers = StratifiedAnswers(x[draw.row], truth[draw.row], draw.stratum - 1, size)
        for own, t, p in zip(held, cuts, true, strict=True):
            found = stratified_share(answers, answers.score >= t)
            if not np.isnan(found.low):
                own.append((found.low - 1e-9 <= p <= found.high + 1e-9, found.high - found.low, found.share - p))
    return [
        f"{p:.3f}: {np.mean([h for h, *_ in own]):.3f} ({np.mean([w for _, w, _ in own]):.2f}, "
        f"{np.mean([b for *_, b in own]):+.3f})" if len(own) >= draws / 2 else f"{p:.3f}: too few answers"
        for own, p in zip(held, true, strict=True)
    ]  # fmt: skip


def main() -> None:
    """Print a table in Markdown."""
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    print("| chunks | share | apart | clips | by |" + "".join(f" top {1 - c:.3g} |" for c in CUTS))
    print("|---|---|---|---|---|" + "---|" * len(CUTS))
    for a in ARCHIVES:
        cells = [f"{a.chunks:,}", f"{a.share:g}", f"{a.apart:g}", str(a.per_class), a.by, *judge(a, draws)]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
