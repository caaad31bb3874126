"""Files a recipe names: resolved below the data folder, which they may not leave unless allowed."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from blendkit.errors import BlendkitError, did_you_mean
from blendkit.recipe.plan import Plan
from blendkit.recipe.strict_yaml import KeyPath


@dataclass(frozen=True)
class DataFolder:
    """The folder a recipe's files lie in; `outside` lets them leave it."""

    root: Path
    outside: bool = False

    def find(self, name: str) -> Path:
        """Return the absolute path of a name. Raises BlendkitError if it leaves the folder."""
        path = (self.root / name).resolve()
        if not self.outside and not path.is_relative_to(self.root.resolve()):
            raise BlendkitError(f"{name!r} leaves the data folder {self.root}; --allow-outside permits it")
        return path

    def require(self, name: str, *, folder: bool = False) -> Path:
        """As `find`, for a file (or a folder) that must be there; the error names the nearest file beside it."""
        path = self.find(name)
        if path.is_file() or (folder and path.is_dir()):
            return path
        beside = sorted(p.name for p in path.parent.iterdir()) if path.parent.is_dir() else []
        raise BlendkitError(f"{name!r} is not in {self.root}{did_you_mean(path.name, beside)}")


def named_files(plan: Plan) -> Iterator[tuple[KeyPath, str]]:
    """Yield (key path, file name) of every file that members and fitted steps need."""
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
        for step in stream.steps:
            base = (*step.path, step.name)
            fit = step.params.get("fit")
            if isinstance(fit, dict):
                yield (*base, "fit", "labels"), fit["labels"]
            if isinstance(step.params.get("artefact"), str):
                yield (*base, "artefact"), step.params["artefact"]


def check_files(plan: Plan, data: DataFolder, spare: Container[str] = ()) -> dict[KeyPath, Path]:
    """Return every file the plan needs, by key path. Raises BlendkitError listing all that are not there.

    spare: members whose files may be missing, for their logits are saved.
    """
    if not data.root.is_dir():
        raise BlendkitError(f"{data.root}: no such data folder")
    found, problems = {}, []
    for path, name in named_files(plan):
        try:
            mark = plan.members[str(path[1])].files.get(str(path[2])) if path[0] == "members" else None
            found[path] = data.require(name, folder=mark is not None and mark.folder)
        except BlendkitError as error:
            if path[0] != "members" or path[1] not in spare:
                problems.append(f"{plan.recipe.where(path)}: {error.title}")
    for path, find in _unnamed(plan):
        try:
            found[path] = find()
        except BlendkitError as error:
            if path[1] not in spare:
                problems.append(f"{plan.recipe.where(path[:2])}: {'; '.join([error.title, *error.problems])}")
    if problems:
        raise BlendkitError(f"{plan.recipe.source}: files are missing", problems)
    return found


def _unnamed(plan: Plan) -> Iterator[tuple[KeyPath, Callable[[], Path]]]:
    """Yield the files that no recipe names but the member itself can find, as an installed package's."""
    for member in plan.members.values():
        for key, mark in member.files.items():
            if mark.find is not None and member.params.get(key) is None:
                yield ("members", member.name, key), mark.find
