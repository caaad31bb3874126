"""`blendkit report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from blendkit.cli._compile_notice import announced
from blendkit.cli._data_options import offline
from blendkit.cli._given_paths import PATH
from blendkit.cli._options import OUT_FOLDER, OUT_PAGE, chunked_columns, json_option, judged, set_option
from blendkit.cli._report_lines import said_report
from blendkit.cli._show import emitter

if TYPE_CHECKING:
    from blendkit.io import ColumnNames
    from blendkit.offline import Judging, Place


@click.command()
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option("--labels", type=PATH, help="Labels, in any form `eval` takes (default: those of the recipe).")
@click.option(
    "--taxonomy", type=PATH, help="Taxonomy that names the classes which --labels may hold and the scores may lack."
)
@click.option("-o", "--out", type=OUT_PAGE, default=Path("report.html"), show_default=True, help="HTML file to write.")
@click.option("--figures", type=OUT_FOLDER, help="Folder to write each picture to, as SVG and PDF.")
@chunked_columns
@set_option
@offline
@judged
@click.option(
    "--detections", type=PATH, multiple=True,
    help="Folder that `detect` or `activity` wrote, shown in a section of its own; repeatable.",
)  # fmt: skip
@click.option("--full", is_flag=True, help="Leave nothing out for the size of the data, however long it takes.")
@json_option
def report(
    sources: tuple[str, ...], labels: Path | None, taxonomy: Path | None, out: Path, figures: Path | None,
    names: ColumnNames, overrides: tuple[str, ...], place: Place, judging: Judging,
    detections: tuple[Path, ...], full: bool, json_out: bool,
) -> None:  # fmt: skip
    """Write all that is known of recipes (from their saved logits), run folders or score files as one HTML file.

    Of one recipe the report shows the graph, every member and stream, what each part contributes, the exact path along
    each share with a slider, every class and recording, and where all of it comes from; of several sources how they
    differ from the first. Without labels it has no figures. The file needs no network and sends nothing.
    """
    from blendkit.figures import require_drawing
    from blendkit.offline import Labels, Rules
    from blendkit.reporting import report as make

    if figures is not None:
        require_drawing()  # before any work
    given = None if labels is None else Labels(labels, taxonomy)
    with announced(json_out):
        made = make(
            sources, given, out, names=names, overrides=overrides, place=place, rules=Rules(judging),
            detections=detections, full=full, emit=emitter(json_out),
        )  # fmt: skip
    drawn = [] if figures is None else made.write_figures(figures)
    said_report(made, json_out, drawn)
