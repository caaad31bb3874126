"""What is behind a run's scores: what its members and fitted steps learned from, and how its recordings sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from blendkit.core import Contents, JoinedContents, Saw, ScoreKind, copies_said
from blendkit.errors import shorten
from blendkit.io import NOT_KNOWN, Provenance, joined, of_store
from blendkit.recipe import Plan, RecipeFiles
from blendkit.scoring import Opened


@dataclass(frozen=True, eq=False)
class Behind:
    """What is known of every member's scores, and the contents of all recordings that any of them scored.

    tuned: the recordings on whose labels weights or values of the recipe were chosen; not_told: which files would say
    so, but are not there.
    """

    members: Mapping[str, Provenance]
    contents: Contents
    tuned: Saw
    not_told: tuple[str, ...] = ()

    @classmethod
    def of(cls, opened: Opened, files: RecipeFiles) -> Behind:
        """Ask the members' score files and stores, once: stores hold what a run needs only after it has scored."""
        found = {**opened.sources, **{m.name: of_store(m.store) for m in opened.audio if m.store is not None}}
        contents = JoinedContents(p.contents for p in found.values())
        known = {n: replace(p, contents=contents) for n, p in found.items()}
        return cls(known, contents, files.tuned_on(), files.not_told)

    def fitted_on(self, recordings: set[str]) -> dict[str, int]:
        """Return on how many of some recordings members were fitted, without those that were fitted on none."""
        measured = sorted(recordings)
        found = {n: len(p.in_sample(measured)) for n, p in self.members.items()}
        return {n: count for n, count in found.items() if count}

    def in_sample(self, recordings: set[str]) -> list[str]:
        """Name the members that were fitted, and say if the recipe was tuned, on recordings they are measured on.

        Of some members nobody knows what they learned from: they are named, too.
        """
        measured = sorted(recordings)
        of = f"of the {len(measured)} labelled recordings"
        said = [
            f"member {name!r} was fitted on {count} {of}: its figures and those of its blends are in-sample"
            for name, count in self.fitted_on(recordings).items()
        ]
        if tuned := len(self.tuned.among(measured, self.contents)):
            what = f"weights or values of this recipe were chosen on {tuned} {of} (`tuned_on:`)"
            said.insert(0, f"{what}: figures of its output are in-sample")
        if unknown := [n for n, p in self.members.items() if measured and p.kind_on(measured) == "unknown"]:
            edited = shorten([n for n in unknown if self.members[n].edited])
            said.append(f"{shorten(unknown)}: {NOT_KNOWN}{edited and f': {edited} changed after it was written'}")
        return [*self.not_told, *said, *copies_said(measured, self.contents)]

    def steps_fitted_on(self, plan: Plan, files: RecipeFiles, recordings: set[str]) -> dict[str, int]:
        """Return on how many of some recordings, by their labels, steps or coefficients of streams were fitted.

        Cross-fitted steps are out-of-fold, and a reference for ranks has no labels: they do not count. What the teacher
        of their pseudo-labels learned from does.
        """
        measured, found = sorted(recordings), dict[str, int]()
        for stream in plan.streams:
            stack = files.stack_of(stream)
            fits = [files.seen_by(s) for s in stream.ops if not s.folds and s.info.fit_on != "reference"]
            for saw in (*fits, *map(files.teacher_of, stream.ops), stack and stack[1]):
                count = len(saw.among(measured, self.contents)) if saw is not None else 0
                found[stream.name] = max(count, found.get(stream.name, 0))
        return {n: count for n, count in found.items() if count}

    def with_steps(self, plan: Plan, files: RecipeFiles) -> dict[str, Provenance]:
        """Return what is behind each member, each fitted step and each blend with fitted coefficients.

        A cross-fitted step is out-of-fold: it gives a recording what was fitted without its fold.
        """
        found = dict(self.members)
        if len(self.tuned):
            found["tuned_on"] = Provenance("unknown", self.tuned, "unknown", self.contents)
        for stream in plan.streams:
            stack = files.stack_of(stream)
            if stack is not None:
                found[f"{stream.name}.weights_by"] = Provenance("unknown", stack[1], "unknown", self.contents)
            for step in stream.ops:
                saw = files.seen_by(step)
                if saw is not None:
                    kind: ScoreKind = "oof" if step.folds else "unknown"
                    found[f"{stream.name}.{step.label}"] = Provenance("unknown", saw, kind, self.contents)
                    teacher = files.teacher_of(step)
                    if teacher != Saw():
                        taught = Provenance("unknown", teacher, "unknown", self.contents)
                        found[f"{stream.name}.{step.label}.teacher"] = taught
        return found

    def of_run(
        self, plan: Plan, files: RecipeFiles, recordings: Sequence[str]
    ) -> tuple[dict[str, Provenance], dict[str, Saw]]:
        """Return what is known of each written stream's scores of these recordings, by what that stream is made of, and
        what each member and step learned from.
        """
        each = self.with_steps(plan, files)
        contents = JoinedContents([self.contents], recordings)
        known = {}
        for name in plan.outputs:
            above = _above(plan, name)
            own = [p for key, p in each.items() if key.partition(".")[0] in above]
            known[name] = joined(own, recordings, contents)
        return known, {n: p.saw for n, p in each.items()}


def _above(plan: Plan, name: str) -> set[str]:
    """Return the streams that a stream is made of, itself among them; with `tuned_on` where values could matter."""
    streams = {s.name: s for s in plan.streams}
    found: set[str] = set()
    open_names = [name]
    while open_names:
        one = open_names.pop()
        if one not in found:
            found.add(one)
            open_names += [n for n in (*streams[one].inputs, *streams[one].reads) if n in streams]
    chosen = any(streams[n].blend is not None or streams[n].steps for n in found)
    return found | {"tuned_on"} if chosen else found
