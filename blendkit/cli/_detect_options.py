"""Options of the commands that end in detections: where thresholds come from, how cells merge, how a source is read."""

from __future__ import annotations

from typing import Any

import click

from blendkit.cli._given_paths import PATH
from blendkit.cli._options import CHUNK_LENGTH, INSIDE_UNIT, Number, bundle, lazy


def _reading(**own: Any) -> Any:
    """Return a `Reading`; the options of a file's columns become its `columns`, those of names its `clocks`."""
    from blendkit.detecting import Clocks, Reading
    from blendkit.io import ColumnNames

    columns = ColumnNames(chunk_s=own.pop("chunk_s"), format=own.pop("source_format"))
    clocks = Clocks(**{n: own.pop(n) for n in ("file_names", "deployments", "tz", "report_tz", "site")})
    return Reading(columns=columns, space=own.pop("space") or "unknown", clocks=clocks, **own)


threshold_options = bundle(
    "thresholds",
    ("value", "file", "precision", "labels", "folds", "fewest", "level"),
    lazy("blendkit.detecting:ThresholdRule"),
    click.option(
        "--threshold",
        "value",
        type=Number(),
        help="One threshold for all classes, in the source's space; scores at or above it are detections.",
    ),
    click.option(
        "--thresholds",
        "file",
        type=PATH,
        help="Table with the columns class and threshold; classes that it lacks are never detected.",
    ),
    click.option(
        "--precision",
        type=Number(0, 1, min_open=True),
        help="Choose for every class the lowest threshold with this share of right chunks among the detected ones, on "
        "recordings held out. Needs --labels.",
    ),
    click.option("--labels", type=PATH, help="With --precision: labels, in any form that `blendkit eval` reads."),
    click.option(
        "--folds",
        default=5,
        show_default=True,
        type=click.IntRange(2),
        help="With --precision: the number of parts into which the recordings are dealt.",
    ),
    click.option(
        "--fewest",
        default=10,
        show_default=True,
        type=click.IntRange(1),
        help="With --precision: classes with fewer labelled chunks get no threshold.",
    ),
    click.option(
        "--level", default=0.95, show_default=True, type=INSIDE_UNIT, help="Confidence level of the intervals."
    ),
)
merging_options = bundle(
    "merging",
    ("gap_s", "top_k"),
    lazy("blendkit.detecting:Merging"),
    click.option(
        "--gap",
        "gap_s",
        type=Number(0),
        metavar="SECONDS",
        help="Make one detection of those of a class that lie at most so far apart; 0 joins neighbouring chunks. Its "
        "score is the highest. Default: every chunk is a detection of its own.",
    ),
    click.option("--top-k", type=click.IntRange(1), help="Keep at most so many classes of a chunk; ties are kept."),
)
reading_options = bundle(
    "reading",
    (
        *("space", "taxonomy", "species", "audio", "file_names", "deployments", "tz", "report_tz", "site"),
        *("chunk_s", "source_format"),
    ),
    _reading,
    click.option("--taxonomy", type=PATH, help="Taxonomy of the classes, for their names."),
    click.option(
        "--species",
        type=PATH,
        help="Table of the wanted classes, with a column class (ids, or names that --taxonomy knows); default: all.",
    ),
    click.option("--audio", type=PATH, help="Folder of the recordings, for the names and lengths of their files."),
    click.option(
        "--space",
        type=click.Choice(["logit", "prob", "rank"]),
        help="Space of the scores, where SOURCE does not say it.",
    ),
    click.option(
        "--file-names",
        default="auto",
        show_default=True,
        metavar="PRESET|REGEX",
        help="How recordings' names give site and time: audiomoth, audiomoth-hex, songmeter, birdclef, frontier, "
        "birdnet-pi, arbimon, zoned, iso, an expression with the groups site, date and time, or the best fit.",
    ),
    click.option(
        "--deployments",
        type=PATH,
        help="Table of the recorders: site, one of recording, folder or prefix, and if known tz; gives the sites.",
    ),
    click.option(
        "--tz",
        help="Time zone of the recordings' names, where they state none: America/Cuiaba, UTC-5 (default: UTC).",
    ),
    click.option("--report-tz", help="Time zone in which times are wanted (default: that of the names)."),
    click.option(
        "--site",
        default="name",
        show_default=True,
        type=click.Choice(["name", "folder"]),
        help="Where the site is read: in the recording's name, or as the first folder of its path.",
    ),
    click.option("--chunk-s", default=5.0, show_default=True, type=CHUNK_LENGTH, help="Length of a chunk in seconds."),
    click.option(
        "--source-format",
        metavar="NAME",
        help="Format of SOURCE (`blendkit formats list`), where its content does not tell it.",
    ),
)
naming_option = click.option(
    "--names",
    "naming",
    default="id",
    show_default=True,
    type=click.Choice(["id", "scientific", "common"]),
    help="What classes are called; names come from --taxonomy.",
)
