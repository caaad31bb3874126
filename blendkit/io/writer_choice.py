"""Which format is written: the one that is named, else the one that the name of the file tells."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from blendkit.errors import BlendkitError
from blendkit.io.file_writer import ScoreWriter, Writer
from blendkit.io.readers.score_table import TABLE_SUFFIXES
from blendkit.registry import WRITERS, registry

_PLAIN = ("matrix", "csv")  # of several formats with one suffix


def choose_writer(
    path: Path, to: str | None, holds: Literal["scores", "detections"], source: Path | str
) -> tuple[str, Writer | ScoreWriter]:
    """Return the format that `to` names, else the one that fits the suffix of `path` and what the source holds.

    Detections without a format of their suffix become scores. Raises BlendkitError for a format that nothing writes, a
    suffix that it does not have, and detections of scores.
    """
    if to is not None:
        writer = registry(WRITERS).get(to)
        if holds == "scores" and not isinstance(writer, ScoreWriter):
            raise _needs_thresholds(source, path, to)
        _check_suffix(path, to, writer)
        return to, writer
    suffix = path.suffix.lower()
    fits = [(n, w) for n, w in _loaded() if suffix and suffix in _suffixes(w)]
    own = [f for f in fits if isinstance(f[1], Writer) == (holds == "detections")] or (
        fits if holds == "detections" else []
    )
    plain = [f for f in own if f[0] in _PLAIN] or own
    if len(plain) == 1:
        return plain[0]
    if plain:
        raise BlendkitError(f"{path.name}: several formats fit: {', '.join(n for n, _ in plain)}", ["name one by --to"])
    raise _nothing_fits(path, holds, source)


def _loaded() -> Iterable[tuple[str, Writer | ScoreWriter]]:
    found = registry(WRITERS)
    return [(n, found.get(n)) for n in found.names() if found.loads(n)]


def _suffixes(writer: Writer | ScoreWriter) -> tuple[str, ...]:
    return writer.suffixes if isinstance(writer, ScoreWriter) else (writer.suffix,)


def _check_suffix(path: Path, to: str, writer: Writer | ScoreWriter) -> None:
    suffix, own = path.suffix.lower(), [s for s in _suffixes(writer) if s]
    if own and suffix not in own:
        raise BlendkitError(f"{path.name}: {to} writes {', '.join(own)}", [f"say {path.stem}{own[0]}, for example"])
    if not own and suffix in TABLE_SUFFIXES:
        raise BlendkitError(
            f"{path.name}: {to} fills a folder, with a file per recording", [f"give a folder, such as {path.stem}"]
        )


def _needs_thresholds(source: Path | str, path: Path, to: str) -> BlendkitError:
    return BlendkitError(
        f"{source}: holds scores of all chunks, and {to} lists detections: that needs a threshold",
        [f"`blendkit detect {source} --format {to} --out {path.with_suffix('')} --threshold 0.5` takes one for all "
         "classes, or one for each, or chooses them for a precision"],
    )  # fmt: skip


def _nothing_fits(path: Path, holds: str, source: Path | str) -> BlendkitError:
    every = _loaded()
    if holds == "scores" and not path.suffix:
        return _needs_thresholds(source, path, "raven")
    named = sorted(
        {s for _, w in every for s in _suffixes(w) if s and (holds != "scores" or isinstance(w, ScoreWriter))}
    )
    folders = [n for n, w in every if holds == "detections" and not any(_suffixes(w))]
    ways = [f"suffixes that are known: {', '.join(named)}"]
    ways += [f"for a folder: --to {' or --to '.join(folders)}"] if folders else []
    return BlendkitError(f"{path.name}: its name tells no format to write", ways)
