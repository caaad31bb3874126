"""What a run works on: classes, recordings, template and labels, found in the data folder."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from blendkit.audio import FoundAudio, Recording, find_recordings, find_remote_recordings
from blendkit.core import (
    Bools,
    FoundNames,
    LabelTable,
    NameRule,
    NewMatrix,
    Rows,
    Taxonomy,
    in_memory,
    natural_key,
    rows_from_ids,
)
from blendkit.engine.recording_names import names_of, zone_notes
from blendkit.errors import BlendkitError, counted, shorten
from blendkit.io import Template, read_taxonomy, read_template, split_label_source
from blendkit.member import MemberContext
from blendkit.recipe import DataFolder, KeyPath, Plan, named_files
from blendkit.remote import is_remote
from blendkit.scoring import CPU_ONLY, Runtime, is_finished

Mode = Literal["audio", "template"]


@dataclass(frozen=True)
class Inputs:
    """The data folder as a recipe sees it.

    named: how recordings' names are read, and what they give. expected_s: expected durations in seconds, where known.
    left_out: files that look like audio and are none, with their reasons. rehearsal: true for a dry run, whose
    recordings score files need not contain. doubled: notes on files that several data folders have.
    """

    data: DataFolder
    named: FoundNames
    taxonomy: Taxonomy
    template: Template | None
    labels: tuple[LabelTable, ...]
    recordings: tuple[Recording, ...]
    mode: Mode
    expected_s: dict[str, float]
    files: dict[str, Path]
    notes: tuple[str, ...]
    rehearsal: bool
    left_out: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()

    @property
    def names(self) -> NameRule:
        """How names give site, date and hour."""
        return self.named.rule

    @property
    def to_score(self) -> tuple[Recording, ...]:
        """The recordings that members score; without audio, the template's, which have no file and are silence."""
        return self.recordings if self.mode == "audio" else tuple(Recording(r, Path()) for r in self.expected_s)

    @property
    def classes(self) -> tuple[str, ...]:
        """The target classes: the template's columns, else the taxonomy's ids, else none."""
        return self.template.classes if self.template is not None else self.taxonomy.classes

    def warnings(self, *, audio: bool) -> list[str]:
        """Return what a run must say of its inputs; audio: whether a member needs any."""
        return [*self.doubled, *self.named.notes(), *(self.notes if audio else ())]


def find_inputs(plan: Plan, data: DataFolder, dry_run: int | None = None) -> Inputs:
    """Find what a plan needs below its data folder.

    dry_run: use only that many recordings. Raises BlendkitError for unreadable inputs.
    """
    model = plan.recipe.model
    files: dict[str, Path] = {}
    _require_named(plan, data)
    taxonomy = _taxonomy(data, model.taxonomy, files)
    template = _template(data, model.template, files)
    tables = []
    for name in model.labels:
        path = data.find(name)
        file = split_label_source(path)[0]
        if file.exists():
            files[name] = file
            tables.append(data.contents.labels(path).by_id(taxonomy, template.classes if template else ()))
            if template or taxonomy.table:  # an unknown label should fail now, not after hours of scoring
                tables[-1].require_known(template.classes if template else (), taxonomy)
    expected = _expected(template, model.chunk_s)
    recordings, notes, left_out = _recordings(data, model.audio, dry_run, expected)
    finished = all(is_finished(m) for m in plan.members.values())  # then the recordings are those of score files
    found = [r.id for r in recordings if not r.problem]
    ids = (list(expected) or found) if finished else (found or list(expected))
    named = names_of(plan, data, ids, files)
    recordings = recordings[:dry_run]  # names are read as in the whole run
    mode: Mode = "audio" if recordings else "template"
    if model.recording_s is not None:  # the recipe knows the true length; the template only the last row it asks for
        expected |= {r.id: model.recording_s for r in recordings if not r.problem}
    return Inputs(
        data=data,
        named=named,
        taxonomy=taxonomy,
        template=template,
        labels=tuple(tables),
        recordings=tuple(recordings),
        mode=mode,
        expected_s=expected,
        files=files,
        notes=(*notes, *zone_notes(named, recordings), *(f"{t.source}: {n}" for t in tables for n in t.notes)),
        rehearsal=dry_run is not None,
        left_out=left_out,
        doubled=data.doubled([*files, *(n for _, n in named_files(plan)), *_audio_used(data, model.audio)]),
    )


def member_context(
    plan: Plan, inputs: Inputs, runtime: Runtime = CPU_ONLY, new_matrix: NewMatrix = in_memory
) -> MemberContext:
    """Return what the members of a plan may know of a run on these inputs. new_matrix: makes those they read into."""
    return MemberContext(
        classes=inputs.classes,
        taxonomy=inputs.taxonomy,
        names=inputs.names,
        chunk_s=plan.recipe.model.chunk_s,
        threads=runtime.used_threads,
        recordings=inputs.to_score,
        expected_s=inputs.expected_s,
        provider=runtime.provider,
        allow_code=runtime.allow_code,
        new_matrix=new_matrix,
    )


def truth_of(inputs: Inputs, rows: Rows, classes: Sequence[str]) -> tuple[Bools, Bools, list[str]]:
    """Return truth (N, C), labelled (N,) and the label files used: those with recordings among the rows.

    A file whose labels are out of reach of the rows is not used; `labels_out_of_reach` says why.
    """
    truth = np.zeros((len(rows), len(classes)), bool)
    labelled = np.zeros(len(rows), bool)
    scored, used = set(rows.recordings()), []
    for table in (t.named_as(scored) for t in inputs.labels):
        if scored & set(table.recordings) and not table.out_of_reach(rows, "the run"):
            y, known = table.only(scored).matrix(rows, classes, inputs.taxonomy.classes)
            truth |= y
            labelled |= known
            used.append(table.source)
    return truth, labelled, used


def labels_together(used: Sequence[str]) -> list[str]:
    """Return a note where the labels of several files (their names) are measured on as one."""
    return [f"the labels are those of {len(used)} files together: {shorten(used)}"] if len(used) > 1 else []


def labels_out_of_reach(inputs: Inputs, rows: Rows) -> list[str]:
    """Return a text per label file whose labels mostly end beyond the rows (N) of their recordings."""
    tables = (t.named_as(rows.recordings()) for t in inputs.labels)
    return ["; ".join(why) for t in tables if (why := t.out_of_reach(rows, "the run"))]


def _require_named(plan: Plan, data: DataFolder) -> None:
    """Raise BlendkitError for missing files that the recipe names; files of keys at their default may be missing."""
    model, problems = plan.recipe.model, []
    fields = type(model).model_fields
    changed = {k for k in ("template", "taxonomy", "labels", "audio") if getattr(model, k) != fields[k].default}
    named: list[tuple[KeyPath, str]] = [] if model.template is None else [(("template",), model.template)]
    named += [((key, i), n) for key in ("taxonomy", "labels") for i, n in enumerate(getattr(model, key))]
    for path, name in named:
        if str(path[0]) in changed:
            try:
                data.require_labels(name) if path[0] == "labels" else data.require(name)
            except BlendkitError as error:
                problems.append(f"{plan.recipe.where(path)}: {error.title}")
    if "audio" in changed and not any(is_remote(n) or data.find(n).is_dir() for n in model.audio):
        problems.append(f"{plan.recipe.where(('audio',))}: no such folder in {data.said}: {', '.join(model.audio)}")
    if problems:
        raise BlendkitError(f"{plan.recipe.source}: inputs are missing", problems)


def _taxonomy(data: DataFolder, names: list[str], files: dict[str, Path]) -> Taxonomy:
    paths = {n: data.find(n) for n in names}
    if not paths or not all(p.is_file() for p in paths.values()):
        return Taxonomy({})  # only the default may be missing
    files.update(paths)
    return read_taxonomy(list(paths.values()))


def _template(data: DataFolder, name: str | None, files: dict[str, Path]) -> Template | None:
    if name is None or not data.find(name).is_file():
        return None
    files[name] = data.find(name)
    return read_template(files[name])


def _recordings(
    data: DataFolder, folders: list[str], dry_run: int | None, expected: Container[str]
) -> tuple[list[Recording], list[str], tuple[str, ...]]:
    """Return all recordings of the first folder, a note where a run has none or not all, and what is left out.

    A folder that exists but is empty is a competition's test folder before the hidden test set replaces it: the search
    for audio stops there, unless a dry run asks for a few recordings of the next folder.
    """
    for name in folders:
        if is_remote(name):
            inside = _at_address(data, name)
        elif data.find(name).is_dir():
            inside = find_recordings(data.find(name), expected)
        else:
            continue
        found, notes = list(inside.recordings), left_out_notes(name, inside)
        if found and dry_run is not None:
            used = f"dry run: {min(dry_run, len(found))} of {len(found)} recordings of {name}"
            return found, [used, *notes], inside.left_out
        if found:
            return found, notes, inside.left_out
        if dry_run is None:
            return [], [f"no audio in {name}: the template's rows are scored on silence", *notes], inside.left_out
    return [], [f"no audio in {' or '.join(folders)}: the template's rows are scored on silence"], ()


def _at_address(data: DataFolder, name: str) -> FoundAudio:
    """Return the recordings at an address. Raises BlendkitError unless the recipe may leave its data folders."""
    if not data.outside:
        raise BlendkitError(f"audio: {name} leaves the data folders; --allow-outside permits it")
    return find_remote_recordings(name)


def _audio_used(data: DataFolder, folders: list[str]) -> list[str]:
    """Return the name of the folder at which the search for audio ends; none where there is none."""
    return next(([] if is_remote(n) else [n] for n in folders if is_remote(n) or data.find(n).is_dir()), [])


def left_out_notes(folder: str, found: FoundAudio) -> list[str]:
    """Return a note that counts and names the files of a folder that are no recordings; none if there are none."""
    if not found.left_out:
        return []
    named = shorten(list(found.left_out), 3) + ("; run.json lists all" if len(found.left_out) > 3 else "")
    return [f"{folder}: {counted(len(found.left_out), 'file', 'files')} left out: {named}"]


def _expected(template: Template | None, chunk_s: float) -> dict[str, float]:
    """The duration each recording must have for the template's rows to exist."""
    if template is None:
        return {}
    rows = rows_from_ids(template.row_ids, chunk_s, NameRule())
    out: dict[str, float] = {}
    for recording, end in zip(rows.recording, rows.end_s.tolist(), strict=True):
        out[recording] = max(end, out.get(recording, 0.0))
    return dict(sorted(out.items(), key=lambda item: natural_key(item[0])))
