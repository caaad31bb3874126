"""Pictures of a probe: features ranked, and clips as points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.probe import Probed
from blendkit.report.plots import save_figure


def ranking_chart(probed: Sequence[Probed], path: Path) -> None:
    """Write a bar per feature, best first, with its interval."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 1 + 0.3 * len(probed)), layout="constrained")
    axes = figure.subplots()
    value = np.array([p.top_one for p in probed])
    reach = np.array([[p.top_one - p.low for p in probed], [p.high - p.top_one for p in probed]])
    axes.barh(range(len(probed)), value, xerr=np.maximum(reach, 0), color="#4c78a8", ecolor="#333333", capsize=2)
    axes.set_yticks(range(len(probed)), [p.name for p in probed])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("top-1 of the nearest neighbours, with its 95 % interval")
    save_figure(figure, path)


def clip_pictures(features: Mapping[str, NDArray[np.floating[Any]]], labels: Sequence[str], path: Path) -> None:
    """Write one panel per feature: clips on their two first principal components, coloured by class."""
    from matplotlib.figure import Figure
    from sklearn.decomposition import PCA

    names, code = np.unique(np.array(labels, str), return_inverse=True)
    columns = min(4, len(features))
    lines = -(-len(features) // columns)
    figure = Figure(figsize=(3.2 * columns, 3 * lines + 0.6), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, (name, x) in zip(panels, features.items(), strict=False):
        unit = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)  # as the cosine sees them
        at = PCA(2, svd_solver="full").fit_transform(unit.astype(np.float64))
        for c in range(len(names)):
            axes.scatter(*at[code == c].T, s=8, color=f"C{c % 10}", marker="os^v"[c // 10 % 4], label=names[c])
        axes.set_title(name, fontsize=9)
        axes.set_xticks([])
        axes.set_yticks([])
    for axes in panels[len(features) :]:
        axes.set_visible(False)
    if len(names) <= 12:
        handles, texts = panels[0].get_legend_handles_labels()
        figure.legend(handles, texts, loc="outside lower center", ncols=6, fontsize=8)
    save_figure(figure, path)
