"""Pictures of a probe: features ranked, and clips as points."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np

from blendkit.core import Float64, Matrix
from blendkit.errors import BlendkitError
from blendkit.figures.house_style import new_axes, new_figure, save_figure
from blendkit.metrics import Probed


def ranking_chart(probed: Sequence[Probed], path: Path) -> None:
    """Write a bar per feature, best first, with its interval."""
    figure, axes = new_axes(8, 1 + 0.3 * len(probed))
    value = np.array([p.top_one for p in probed])
    reach = np.array([[p.top_one - p.low for p in probed], [p.high - p.top_one for p in probed]])
    axes.barh(range(len(probed)), value, xerr=np.maximum(reach, 0), color="#14606b", ecolor="#1d2329", capsize=2)
    axes.set_yticks(range(len(probed)), [p.name for p in probed])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("top-1 of the nearest neighbours, with its 95 % interval")
    save_figure(figure, path)


Layout = Literal["umap", "tsne", "pca"]
_TITLES = {"umap": "UMAP", "tsne": "t-SNE", "pca": "principal components"}


def best_layout() -> Layout:
    """Return `umap` where umap-learn is installed, else `tsne`."""
    return "umap" if find_spec("umap") else "tsne"


def clip_pictures(features: Mapping[str, Matrix], labels: Sequence[str], path: Path, layout: Layout = "pca") -> None:
    """Write one panel per feature: clips laid out on a plane, coloured by class.

    layout: `umap` (McInnes et al. 2018, cosine, 15 neighbours), `tsne` (perplexity 30 or a quarter of the clips) or
    `pca`, the two first principal components. Raises BlendkitError for UMAP without umap-learn.
    """
    names, code = np.unique(np.array(labels, str), return_inverse=True)
    columns = min(4, len(features))
    lines = -(-len(features) // columns)
    figure = new_figure(3.2 * columns, 3 * lines + 0.6)
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, (name, x) in zip(panels, features.items(), strict=False):
        unit = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)  # cosine distance ignores length
        at = _laid_out(unit.astype(np.float64), layout)
        for c in range(len(names)):
            axes.scatter(*at[code == c].T, s=8, color=f"C{c % 10}", marker="os^v"[c // 10 % 4], label=names[c])
        axes.set_title(name, fontsize=9)
        axes.set_xticks([])
        axes.set_yticks([])
    for axes in panels[len(features) :]:
        axes.set_visible(False)
    figure.suptitle(f"clips by {_TITLES[layout]}", fontsize=10)
    if len(names) <= 12:
        handles, texts = panels[0].get_legend_handles_labels()
        figure.legend(handles, texts, loc="outside lower center", ncols=6, fontsize=8)
    save_figure(figure, path)


def _laid_out(x: Float64, layout: Layout) -> Float64:
    """Lay rows (n, D) of unit length out on a plane (n, 2)."""
    if layout == "pca":
        from sklearn.decomposition import PCA

        return np.asarray(PCA(2, svd_solver="full").fit_transform(x))
    if layout == "tsne":
        from sklearn.manifold import TSNE

        nearby = min(30.0, max(2.0, len(x) / 4))
        return np.asarray(TSNE(2, perplexity=nearby, init="pca", random_state=0).fit_transform(x), np.float64)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns that a fixed seed runs on one thread
            from umap import UMAP

            made = UMAP(n_neighbors=min(15, len(x) - 1), metric="cosine", random_state=0).fit_transform(x)
    except ImportError as error:
        advice = ["pip install 'blendkit[umap]', or use --layout tsne or pca", str(error)]
        raise BlendkitError("umap-learn is not installed", advice) from error
    return np.asarray(made, np.float64)
