"""Options that several commands share. Options that belong together reach a command as one small object."""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from blendkit.cli._addresses import refuse_address
from blendkit.cli._completion import complete_formats, complete_values
from blendkit.core import LONGEST_CHUNK_S, SHORTEST_CHUNK_S

C = TypeVar("C", bound=Callable[..., Any])
Decorator = Callable[[C], C]
PLACE: Any = click.Path(path_type=Path)  # which may not exist yet
_HEAD = 1 << 12  # bytes of a file that tell what it is
LEDGER = Path("out/ledger.jsonl")
WHOLE = click.Choice(["recording", "site", "date", "site-date"])  # groups of chunks that stay together


class Number(click.FloatRange):
    """A finite number in a range: click takes nan for a number of any range, and infinity for one without an end."""

    def _describe_range(self) -> str:
        return "" if self.min is None and self.max is None else super()._describe_range()

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        found: float = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is not a finite number", param, ctx)
        return found


CHUNK_LENGTH = Number(SHORTEST_CHUNK_S, LONGEST_CHUNK_S)


class OutPlace(click.ParamType):  # type: ignore[type-arg]
    """A path to write to, refused at once where something of the other kind is in the way; `new`: anything at all.

    of: what the file will be, and how such files begin. A file that begins otherwise is not replaced: it may be one of
    those that the command reads.
    """

    def __init__(
        self, name: str, *, folder: bool, new: bool = False, of: tuple[str, re.Pattern[bytes]] | None = None
    ) -> None:
        self.name, self.folder, self.new, self.of = name, folder, new, of

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path."""
        from blendkit.store import check_place

        refuse_address(value)
        if self.new and Path(value).exists():
            self.fail(f"{value} exists already: choose another name, or delete it", param, ctx)
        check_place(Path(value), folder=self.folder)
        if self.of is not None and Path(value).is_file():
            what, begins = self.of
            with Path(value).open("rb") as file:
                head = file.read(_HEAD)
            if head and not begins.match(head):
                self.fail(f"{value} exists and is no {what}: it would be lost; choose another name", param, ctx)
        return Path(value)


OUT_FOLDER, OUT_FILE = OutPlace("folder", folder=True), OutPlace("file", folder=False)
OUT_PAGE = OutPlace("file", folder=False, of=("HTML page", re.compile(rb"\s*<!doctype html", re.IGNORECASE)))
OUT_PICTURE = OutPlace("file", folder=False, of=("picture", re.compile(rb"\x89PNG|<\?xml|<svg|%PDF")))
OUT_POINTS = OutPlace("file", folder=False, of=("table of points", re.compile(rb"[^\n]*\bmacro_auc\r?\n")))
OUT_LINES = OutPlace("file", folder=False, of=("ledger", re.compile(rb"\s*\{")))  # a line is added to it
_ARTEFACT = rb"PK\x03\x04.{26}meta\.npy"
OUT_ARTEFACT = OutPlace("file", folder=False, of=("artefact", re.compile(_ARTEFACT, re.DOTALL)))
OUT_PLACES = OutPlace(
    "file", folder=False, of=("table of places", re.compile(_ARTEFACT + rb"|site,week,class,probability", re.DOTALL))
)
NEW_PLACE = OutPlace("path", folder=False, new=True)
INSIDE_UNIT = Number(0, 1, min_open=True, max_open=True)  # above 0 and below 1

set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    shell_complete=complete_values,
    metavar="PATH=VALUE",
    help="Override a key of the recipe, as in blends.eos7.of.seqhead=0.1. May be repeated.",
)
settings_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set a parameter of the member, as in model=m.onnx or tta.shifts_s=[-1,0,1]. May be repeated.",
)
json_option = click.option("--json", "json_out", is_flag=True, help="Print NDJSON events instead of text.")
outside_option = click.option("--allow-outside", is_flag=True, help="Let the recipe name files outside --data.")
chunk_option = click.option(
    "--chunk-s", default=5.0, show_default=True, type=CHUNK_LENGTH, help="Length of a chunk in seconds."
)


class ChannelsType(click.ParamType):  # type: ignore[type-arg]
    """What members hear of several channels."""

    name = "mean|first|loudest|N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word or the number."""
        from blendkit.audio import check_channels

        try:
            return check_channels(value)
        except ValueError as error:
            self.fail(f"{error}; got {value!r}", param, ctx)


channels_option = click.option(
    "--channels",
    default="mean",
    show_default=True,
    type=ChannelsType(),
    help="What the model hears of several channels: their mean, the first, the loudest (of the highest energy over the "
    "whole recording), or channel N, counted from 1. A recording without channel N is unreadable.",
)
silence_option = click.option(
    "--silence",
    default="score",
    show_default=True,
    type=click.Choice(["score", "floor"]),
    help="Windows of digital silence: given to the model as all others, or not, with logits of -15.",
)


def several(*options: Callable[[Any], Any]) -> Callable[[C], C]:
    """Return a decorator that adds options in the order in which help shows them."""

    def decorate(command: C) -> C:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def setting(name: str, default: object, kind: Any, text: str) -> Callable[[Any], Any]:
    """Return an option whose default comes from the class that holds the settings."""
    return click.option(name, default=default, show_default=True, type=kind, help=text)


def bundle(
    name: str, fields: Sequence[str], build: Callable[..., object], *options: Callable[[Any], Any]
) -> Callable[[C], Any]:
    """Return a decorator that adds options and passes the command one object built from them.

    name: the command's parameter; fields: the options' own names, passed to `build` by keyword.
    """

    def decorate(command: C) -> Any:
        @wraps(command)
        def call(**given: Any) -> Any:
            own = {f: given.pop(f) for f in fields}
            return command(**given, **{name: build(**own)})

        return several(*options)(call)

    return decorate


def lazy(address: str) -> Callable[..., Any]:
    """Return a constructor that imports `module:attribute` only when it is called, so that help stays quick."""
    module, _, attribute = address.partition(":")

    def build(**own: Any) -> Any:
        return getattr(importlib.import_module(module), attribute)(**own)

    return build


def on_option(default: str) -> Callable[[Any], Any]:
    """Return the option that says which file is read where a member names two."""
    return click.option(
        "--on",
        default=default,
        show_default=True,
        type=click.Choice(["oof", "test"]),
        help="Which file is read where a member names two, as `path: {oof: FILE, test: FILE}`.",
    )


JUDGED = (
    click.option(
        "--clusters",
        default="recording",
        show_default=True,
        type=WHOLE,
        help="What the bootstrap draws as a whole; chunks of one recording are not independent observations.",
    ),
    click.option(
        "--replicates", default=1000, show_default=True, type=click.IntRange(2), help="Number of bootstrap replicates."
    ),
    click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of every random draw."),
    click.option(
        "--level",
        default=0.95,
        show_default=True,
        type=INSIDE_UNIT,
        help="Confidence level of the intervals.",
    ),
)
judged = bundle("judging", ("clusters", "replicates", "seed", "level"), lazy("blendkit.offline:Judging"), *JUDGED)
_ROWS = click.option(
    "--rows", help="Name of the row id column of score files, or of the array of row ids in an NPZ file."
)
_CLASSES = click.option(
    "--classes", help="Name of the array of class ids in NPZ files, or of the column of labels in tables of detections."
)
_FOLDS = click.option(
    "--folds",
    help="Name of the column or NPZ array of folds in score files: no class. `eval` and `compare` add their mean.",
)
_FORMAT = click.option(
    "--format",
    metavar="NAME",
    shell_complete=complete_formats,
    help="Format of the score files (`blendkit formats list`), where their content does not tell it.",
)
_SCORE = click.option("--score", metavar="COLUMN", help="Name of the column of scores in a table of detections.")
_ARRAY = click.option("--array", help="Name of the array of scores in NPZ files.")
_columns = lazy("blendkit.io:ColumnNames")
chunked_columns = bundle(
    "names",
    ("rows", "classes", "folds", "chunk_s", "format"),
    _columns,
    _ROWS,
    _CLASSES,
    _FOLDS,
    chunk_option,
    _FORMAT,
)
named_columns = bundle(
    "names",
    ("rows", "classes", "folds", "score", "array", "chunk_s", "format"),
    _columns,
    _ROWS,
    _CLASSES,
    _FOLDS,
    _SCORE,
    _ARRAY,
    chunk_option,
    _FORMAT,
)
source_columns = bundle(
    "names",
    ("rows", "classes", "folds", "score", "array", "chunk_s"),
    _columns,
    _ROWS,
    _CLASSES,
    click.option("--folds", help="Name of the column or NPZ array of folds: no class, and not written."),
    _SCORE,
    _ARRAY,
    chunk_option,
)
foldless_columns = bundle("names", ("rows", "classes", "chunk_s"), _columns, _ROWS, _CLASSES, chunk_option)
