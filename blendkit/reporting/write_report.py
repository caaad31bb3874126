"""`report`: sources in, one HTML file out."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blendkit.core import LabelTable
from blendkit.events import Emit, silent
from blendkit.io import ColumnNames
from blendkit.offline import Labels, Place, Rules, Source, Verdict
from blendkit.recipe import Recipe
from blendkit.reporting.drawn_figures import write_figures
from blendkit.reporting.gathering import gather
from blendkit.reporting.page_bundle import page
from blendkit.reporting.report_data import Bounds, ReportData
from blendkit.reporting.report_sources import Asked, open_material
from blendkit.store import check_place, write_text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """A report: its facts, and the file it was written to, None if it was not."""

    data: ReportData
    path: Path | None = None

    def __repr__(self) -> str:
        where = "" if self.path is None else f"; {self.path}"
        return f"Report({self.data.verdict.headline}{where})"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per stream: role, space, covered classes, macro-AUC with bounds, share of tied pairs."""
        import pandas as pd

        rows = []
        for s in self.data.streams:
            macro = s.macro or Bounds(math.nan)
            rows.append((s.role, s.space, s.covered, macro.estimate, macro.low, macro.high, s.ties))
        columns = ["role", "space", "covered", "macro_auc", "low", "high", "tied_pairs"]
        return pd.DataFrame(rows, columns=columns, index=pd.Index([s.name for s in self.data.streams], name="stream"))

    def _repr_html_(self) -> str:
        """Show the verdict and the streams in a notebook."""
        verdict = self.data.verdict
        said = "".join(f"<p>{html.escape(t)}</p>" for t in (verdict.headline, *verdict.sentences, *verdict.alarms))
        return f"{said}{self.to_frame().to_html()}"

    def html(self) -> str:
        """Return the page: one HTML text that makes no request."""
        return page(self.data.title, self.data.json())

    def write_figures(self, folder: Path | str) -> list[Path]:
        """Write each picture as SVG and PDF into a folder, in the look of all of blendkit's pictures."""
        return write_figures(self.data, Path(folder))

    def write(self, path: Path | str) -> Path:
        """Write the page, whole or not at all."""
        write_text(Path(path), self.html())
        return Path(path)


def report(
    sources: Recipe | Path | str | Sequence[Path | str | Recipe] | Mapping[str, Source],
    labels: Labels | LabelTable | Path | str | None = None,
    out: Path | str | None = None,
    *,
    names: ColumnNames | None = None,
    overrides: Sequence[str] = (),
    place: Place | None = None,
    rules: Rules | None = None,
    verdict: Verdict | None = None,
    run: Path | str | None = None,
    detections: Sequence[Path | str] = (),
    full: bool = False,
    emit: Emit = silent,
) -> Report:
    """Gather what is known of a recipe, a run's folder or score files, and write it as one HTML file.

    sources: one recipe (from its saved logits), a run's folder, a score file, or several to compare with the first.
    labels: in place of a recipe's own; without any, the report has no figures. out: the file; None: write nothing.
    names: of columns and arrays of score files; overrides and place: of recipes; rules: of intervals (default: fewer
    replicates for large data, which the report says). verdict: of a search that was judged on recordings held out. run:
    the folder of a run of this recipe, for what its run.json alone says. detections: folders that `detect` and
    `activity` wrote. full: leave nothing out for the size of the
    data. Raises BlendkitError for no source, and as `compare` does.
    """
    if out is not None:
        check_place(Path(out), folder=False)
    given = [sources] if isinstance(sources, Recipe | Path | str) else sources
    material = open_material(given, labels, Asked(names, overrides, place, emit, None if run is None else Path(run)))
    made = Report(gather(material, rules, verdict, detections=[Path(d) for d in detections], full=full))
    return made if out is None else Report(made.data, made.write(out))
