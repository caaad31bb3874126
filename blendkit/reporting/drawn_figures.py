"""The report's pictures for a paper: each as SVG and as PDF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blendkit.figures import (
    draw_activity,
    draw_classes,
    draw_forest,
    draw_likeness,
    draw_share,
    draw_waterfall,
    save_figure,
)
from blendkit.metrics import Interval
from blendkit.reporting.report_data import Bounds, ReportData
from blendkit.store import make_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_figures(data: ReportData, folder: Path) -> list[Path]:
    """Write every picture that the report has data for, and return the files."""
    make_folder(folder)
    written = []
    for name, figure in pictures(data):
        for kind in ("svg", "pdf"):
            path = folder / f"{name}.{kind}"
            save_figure(figure, path)
            written.append(path)
    return written


def pictures(data: ReportData) -> Iterator[tuple[str, Figure]]:
    """Yield (name, figure) of every picture that the report has data for."""
    macro = {s.name: _interval(s.macro) for s in data.streams if s.macro is not None}
    if data.measured is not None and macro:
        yield "macro_auc", draw_forest(macro, f"macro-AUC, {data.measured.level:.0%} interval")
    changes = {s.name: _interval(s.change) for s in data.streams if s.change is not None}
    if changes:
        yield "differences", draw_forest(changes, f"macro-AUC minus that of {data.main}", zero=0)
    if data.correlation is not None:
        c = data.correlation
        yield "error_correlation", draw_likeness(c.names, np.array(c.values), c.classes)
    yield from _of_sections(data)


def _of_sections(data: ReportData) -> Iterator[tuple[str, Figure]]:
    ablation, shares, classes = (data.sections.get(k) for k in ("ablation", "shares", "by_class"))
    if ablation and "lines" in ablation:
        lost = {x["name"]: _turned(x["change"]) for x in ablation["lines"]}
        order = sorted(lost, key=lambda n: -lost[n].estimate)
        label = "macro-AUC of the whole minus that without the part"
        yield "parts", draw_forest({n: lost[n] for n in order}, label, zero=0)
        if len(ablation["fall"]) > 1:
            yield "removals", draw_waterfall(_removals(ablation["fall"]), "macro-AUC, members removed one by one")
    for path in shares.paths if shares else ():
        band = None if path.band is None else (path.band.shares, path.band.low, path.band.high)
        now = path.current, path.current_macro
        yield f"share_{path.member}", draw_share(path.shares, path.macro, member=path.member, current=now, band=band)
    if classes:
        auc = {data.main: classes["auc"][data.main], **classes["auc"]}
        yield (
            "classes",
            draw_classes(
                [name or own for name, own in zip(classes["names"], classes["ids"], strict=True)],
                {n: np.array(v, float) for n, v in auc.items()},
            ),
        )
    yield from _activity(data.sections.get("detections") or ())


def _removals(fall: Sequence[Mapping[str, Any]]) -> dict[str, tuple[float, Interval | None]]:
    """Figures by what was removed; the first is the whole."""
    return {
        f"without {x['member']}" if x["member"] else "all members": (
            x["macro"].estimate, None if x["change"] is None else _interval(x["change"])
        )
        for x in fall
    }  # fmt: skip


def _activity(folders: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Figure]]:
    """Yield pictures of detections per hour listened; of folders with such, those of the second have its number."""
    for number, folder in enumerate([f["activity"] for f in folders if f.get("activity")], 1):
        for part, own in folder.items():
            if "lines" not in own or not own["lines"]:
                continue  # more cells than a picture can show
            lines, few = own["lines"], f"{len(own['lines'])} of {own['classes']} classes, those of the most detections"
            yield (
                f"activity_{part}" + (f"_{number}" if number > 1 else ""),
                draw_activity(
                    [x["name"] for x in lines], part, own["cells"], np.array([x["per_hour"] for x in lines], float),
                    np.array(own["recordings"]), few if len(lines) < own["classes"] else "",
                ),
            )  # fmt: skip


def _interval(b: Bounds) -> Interval:
    return Interval(b.estimate, b.low, b.high, float("nan"))


def _turned(b: Bounds) -> Interval:
    return Interval(-b.estimate, -b.high, -b.low, float("nan"))
