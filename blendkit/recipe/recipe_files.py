"""The files that a recipe names, found in its data folders, with the hashes that it states."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from blendkit.core import Saw
from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.io import FileContents, split_label_source
from blendkit.ops import StackWeights
from blendkit.recipe.address_files import address_file
from blendkit.recipe.data_folders import DataFolder
from blendkit.recipe.file_hashes import stated_hashes, wrong_hashes
from blendkit.recipe.hub_files import hub_file, is_on_hub
from blendkit.recipe.plan import Plan, StreamPlan
from blendkit.recipe.step_plans import OpStep
from blendkit.recipe.strict_yaml import KeyPath
from blendkit.remote import is_remote
from blendkit.store import loader_of

_TUNED = "tuned_on"
_READ_STACK = loader_of(StackWeights)  # one function, so that a file is read once


@dataclass(frozen=True, eq=False)
class RecipeFiles:
    """The files that a plan names, by key path, and their contents: the one table that every stage reads.

    not_told: what is said of files of `tuned_on:` that are not there: nobody knows what the recipe was tuned on. tuned:
    the recordings that `tuned_on:` names by themselves.
    """

    paths: Mapping[KeyPath, Path] = field(default_factory=dict)
    contents: FileContents = field(default_factory=FileContents, repr=False)
    not_told: tuple[str, ...] = ()
    tuned: tuple[str, ...] = ()

    def of_member(self, member: str, key: str) -> list[Path]:
        """Return the file or the files of a member's parameter, in order; an empty list if they are missing."""
        base = ("members", member, key)
        one = [self.paths[base]] if base in self.paths else []
        several = {int(k[3]): p for k, p in self.paths.items() if k[:3] == base and len(k) == 4}
        return one or [several[i] for i in sorted(several)]

    def of_step(self, step: OpStep) -> tuple[KeyPath, Path] | None:
        """Return the file that a step is fitted on or applies, with its key path; None if it names none."""
        return next(((key, self.paths[key]) for key, _ in step.named_files() if key in self.paths), None)

    def seen_by(self, step: OpStep) -> Saw | None:
        """Return the recordings that a fitted step was or will be fitted on: of its labels, or its artefact's `saw`.

        What the teacher of pseudo-labels learned from is among them. None for a step that is not fitted.
        """
        found = self.of_step(step)
        if found is None or step.info.load is None:
            return None
        path = found[1]
        if step.params.get("fit") is not None:
            return Saw.of(self.contents.labels(path).recordings).joined(self.contents.saw_of_labels(path))
        return self.contents.saw_of(path, step.info.load)

    def teacher_of(self, step: OpStep) -> Saw:
        """Return what the teacher learned from on whose pseudo-labels a step is fitted; nothing for other steps."""
        found = self.of_step(step)
        fits = found is not None and step.params.get("fit") is not None
        return self.contents.saw_of_labels(found[1]) if found is not None and fits else Saw()

    def tuned_on(self) -> Saw:
        """Return the recordings on whose labels weights or values of the recipe were chosen, of the files there are."""
        found = [p for key, p in self.paths.items() if key[0] == _TUNED]
        return Saw.of([*self.tuned, *(r for p in found for r in self.contents.labels(p).recordings)])

    def stack_of(self, stream: StreamPlan) -> tuple[StackWeights, Saw] | None:
        """Return the coefficients that a blend's `weights_by: {artefact: FILE}` names, with what they saw, or None."""
        if stream.weights_file is None:
            return None
        key, name = stream.weights_file
        if key not in self.paths:
            raise BlendkitError(f"blend {stream.name!r}: no file is known for {name!r}", ["run it in a data folder"])
        path = self.paths[key]
        return self.contents.artefact(path, _READ_STACK), self.contents.saw_of(path, _READ_STACK)


def named_files(plan: Plan) -> Iterator[tuple[KeyPath, str]]:
    """Yield (key path, file name) of every file that members and fitted steps need, and of `tuned_on:`."""
    yield from _tuning(plan)
    yield from _needed(plan)


def _tuning(plan: Plan) -> Iterator[tuple[KeyPath, str]]:
    entries = enumerate(plan.recipe.model.tuned_on)
    yield from (((_TUNED, i), one) for i, one in entries if isinstance(one, str))


def _needed(plan: Plan) -> Iterator[tuple[KeyPath, str]]:
    for member in plan.members.values():
        for key in member.files:
            named = member.params.get(key)
            if isinstance(named, str):
                yield ("members", member.name, key), named
            elif isinstance(named, (list, tuple)):
                yield from ((("members", member.name, key, i), str(name)) for i, name in enumerate(named))
    for stream in plan.streams:
        if stream.fill is not None and stream.fill.prior is not None:
            yield (*stream.path, "fill_uncovered", "prior"), stream.fill.prior
        if stream.weights_file is not None:
            yield stream.weights_file
        for step in stream.ops:
            yield from step.named_files()


def check_files(plan: Plan, data: DataFolder, spare: Container[str] = ()) -> RecipeFiles:
    """Return every file the plan needs, by key path. Raises BlendkitError listing all that are missing, or all
    that have another hash than `sha256:` of their member states.

    spare: members whose files may be missing, because their logits are saved. So may the files of `tuned_on:`, where
    nothing is measured on them.
    """
    data.require_roots()
    found, not_told = _tuning_files(plan, data)
    problems = []
    for path, name in _needed(plan):
        try:
            mark = plan.members[str(path[1])].files.get(str(path[2])) if path[0] == "members" else None
            if mark is not None and (is_on_hub(name) or is_remote(name)):
                stated = stated_hashes(plan.recipe.model.members[str(path[1])].sha256)
                found[path] = address_file(name, stated) if is_remote(name) else hub_file(name, hashed=bool(stated))
                continue
            labels = path[-2:] in (("fit", "labels"), ("fill_uncovered", "prior"))
            folder = mark is not None and mark.folder
            found[path] = data.require_labels(name) if labels else data.require(name, folder=folder)
        except BlendkitError as error:
            if path[0] != "members" or path[1] not in spare:
                problems.append(f"{plan.recipe.where(path)}: {error.title}")
    ways: list[str] = []  # out, where a member says how to get its files: often the same of several
    for path, find in _unnamed(plan):
        try:
            found[path] = find()
        except BlendkitError as error:
            if path[1] not in spare:
                *said, way = [error.title, *error.problems]
                problems.append(f"{plan.recipe.where(path[:2])}: {'; '.join(said or [way])}")
                ways += [way] if said else []
    if problems:
        raise BlendkitError(f"{plan.recipe.source}: files are missing", [*problems, *dict.fromkeys(ways)])
    wrong = [w for m in plan.members.values() for w in wrong_hashes(plan.recipe, m, found, data.contents)]
    if wrong:
        way = "get the right file, or state its hash once you trust it"
        raise BlendkitError(f"{plan.recipe.source}: files are not those that `sha256:` states", [*wrong, way])
    tuned = [r for one in plan.recipe.model.tuned_on if not isinstance(one, str) for r in one["recordings"]]
    return RecipeFiles(found, data.contents, (*not_told, *_unlabelled(plan, data)), tuple(tuned))


def _unlabelled(plan: Plan, data: DataFolder) -> Iterator[str]:
    """Say which recordings of `tuned_on:` their file does not label, where it is there: they may be mistyped."""
    for i, one in enumerate(plan.recipe.model.tuned_on):
        if isinstance(one, str) or not split_label_source(data.find(one["labels"]))[0].exists():
            continue
        known = data.contents.labels(data.find(one["labels"])).recordings
        lacking = sorted(set(one["recordings"]) - set(known))
        if lacking:
            hints = shorten([f"{r!r}{did_you_mean(r, known)}" for r in lacking[:3]])
            what = f"{one['labels']} does not label {len(lacking)} of these recordings: {hints}"
            yield f"{plan.recipe.where((_TUNED, i, 'recordings'))}: {what}"


def _tuning_files(plan: Plan, data: DataFolder) -> tuple[dict[KeyPath, Path], list[str]]:
    """Return the files of `tuned_on:` that are there, by key path, and what is said of those that are not."""
    found: dict[KeyPath, Path] = {}
    not_told = []
    for path, name in _tuning(plan):
        try:
            found[path] = data.require_labels(name)
        except BlendkitError as error:
            not_told.append(f"{plan.recipe.where(path)}: {error.title}: which figures are in-sample is not known")
    return found, not_told


def _unnamed(plan: Plan) -> Iterator[tuple[KeyPath, Callable[[], Path]]]:
    """Yield the files that the recipe does not name but the member can find, such as those of an installed package."""
    for member in plan.members.values():
        for key, mark in member.files.items():
            if mark.find is not None and member.params.get(key) is None:
                yield ("members", member.name, key), mark.find
