"""The recordings that something was fitted on, and which of others are the same: by content or by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

from blendkit.core.audio_content import AudioContent, alike_pairs, contents_to_json
from blendkit.core.audio_suffixes import recording_id
from blendkit.core.group_links import linked_groups
from blendkit.core.name_meaning import names_one_recording
from blendkit.errors import shorten

Contents = Mapping[str, AudioContent]


@dataclass(frozen=True)
class Saw:
    """The recordings that a model, a teacher or an artefact was fitted on.

    recordings: their ids. contents: what they sound like, of those whose audio was read. known: whether these are all;
    if not, there may be others.
    """

    recordings: tuple[str, ...] = ()
    contents: Contents = field(default_factory=dict, repr=False)
    known: bool = True

    def __len__(self) -> int:
        return len(self.recordings)

    @classmethod
    def of(cls, recordings: Iterable[str], contents: Contents | None = None, *, known: bool = True) -> Saw:
        """Return the recordings, each once and sorted, with the contents that are theirs."""
        names = tuple(sorted({str(r) for r in recordings}))
        return cls(names, {r: contents[r] for r in names if r in contents} if contents else {}, known)

    def among(self, recordings: Iterable[str], contents: Contents | None = None) -> list[str]:
        """Return which recordings it saw, in their order; see `same_recordings` for what counts."""
        return [r for r, _ in same_recordings(recordings, self.recordings, contents, self.contents)]

    def surely_among(self, recordings: Iterable[str]) -> list[str]:
        """Return which recordings it saw whatever their audio, which is not read: of equal id, or by base name where
        the content of what it saw is unknown, too.
        """
        own = set(self.recordings)
        names = {base_name(r) for r in self.recordings if r not in self.contents}
        return [r for r in recordings if r in own or base_name(r) in names]

    def joined(self, *others: Saw) -> Saw:
        """Return what any of them saw; known only if all are."""
        every = (self, *others)
        contents = {r: c for s in reversed(every) for r, c in s.contents.items()}
        return Saw.of((r for s in every for r in s.recordings), contents, known=all(s.known for s in every))

    def to_json(self) -> dict[str, Any]:
        """Return the keys `saw`, `saw_known` and `saw_contents`, under which files say it."""
        contents = contents_to_json(self.contents, self.recordings)
        return {"saw": list(self.recordings), "saw_known": self.known, "saw_contents": contents}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any], *, known: bool | None = None) -> Saw:
        """Read what `to_json` made among other facts; older files have `saw` alone, or nothing.

        known: where the facts do not say it; default: if any recording is named. Raises ValueError for other types.
        """
        names, contents = facts.get("saw", []), facts.get("saw_contents", {})
        if not isinstance(names, (list, tuple)) or not all(isinstance(r, str) for r in names):
            raise ValueError("its `saw` is not a list of recordings")
        said = facts.get("saw_known", bool(names) if known is None else known)
        if not isinstance(said, bool):
            raise ValueError("its `saw_known` is neither true nor false")
        if not isinstance(contents, Mapping):
            raise ValueError("its `saw_contents` is not a table of recordings")
        return cls.of(names, {r: AudioContent.from_json(c) for r, c in contents.items()}, known=said)


def unseen_folds(folds: Sequence[Saw], recordings: Sequence[str], contents: Contents) -> dict[str, tuple[int, ...]]:
    """Return {recording: the fold models that score it}: those that did not learn from it, or all, if all did."""
    seen = [set(f.among(recordings, contents)) for f in folds]
    every = tuple(range(len(folds)))
    return {r: tuple(i for i in every if r not in seen[i]) or every for r in recordings}


def held_out_of(folds: Sequence[Saw], recordings: Iterable[str], contents: Contents) -> list[str]:
    """Return the recordings from which some, but not all of the fold models learned, in their order."""
    asked = list(recordings)
    if not folds:
        return []
    used = unseen_folds(folds, asked, contents)
    return [r for r in asked if len(used[r]) < len(folds)]


def as_saw(value: Saw | Iterable[str]) -> Saw:
    """Return what a member says that it was fitted on: names alone are all that is known, and none says nothing."""
    if isinstance(value, Saw):
        return value
    names = tuple(value)
    return Saw.of(names, known=bool(names))


def base_name(recording: str) -> str:
    """Return the name by which a recording is found again: no folder, no audio suffix, NFC, letter case aside."""
    return recording_id(PurePosixPath(recording.replace("\\", "/")).name).casefold()


def same_recordings(
    recordings: Iterable[str],
    others: Iterable[str],
    contents: Contents | None = None,
    other_contents: Contents | None = None,
) -> list[tuple[str, str]]:
    """Return (recording, the first of the others that is the same one) for every recording that has such.

    The same content counts (all samples equal, or a stretch that both hold), and so does the same base name, in
    whatever folder, with whatever suffix. Of a name that recorders of one schedule give at every site, or that says
    nothing (`names_one_recording`), two contents that are known to sound different are two recordings.
    """
    ours, theirs = contents or {}, other_contents or {}
    by_name: dict[str, list[str]] = {}
    by_hash: dict[str, str] = {}
    for other in others:
        by_name.setdefault(base_name(other), []).append(other)
        for h in _hashes(theirs.get(other)):
            by_hash.setdefault(h, other)
    if not by_name:  # no names of recordings need be taken apart
        return []
    found = []
    for r in recordings:
        own = ours.get(r)
        alike = next((by_hash[h] for h in _hashes(own) if h in by_hash), None)
        if alike is None:
            name = base_name(r)
            named = by_name.get(name, [])
            sure = bool(named) and names_one_recording(name)
            alike = next((o for o in named if sure or o == r or _may_be(own, theirs.get(o))), None)
        if alike is not None:
            found.append((r, alike))
    return found


def _hashes(content: AudioContent | None) -> tuple[str, ...]:
    return () if content is None else (content.whole, *content.marks)


def _may_be(one: AudioContent | None, other: AudioContent | None) -> bool:
    """Return whether two recordings of a common name may be the same: they are, unless their audio says otherwise."""
    return one is None or other is None or one.sounds_like(other)


ScoreKind = Literal["oof", "unseen", "in-sample", "unknown"]
"""What scores are: out-of-fold, of recordings that nothing behind them saw, of some that it did, or nobody knows."""


def kind_of(saw: Saw, recordings: Iterable[str], contents: Contents | None = None) -> ScoreKind:
    """Return what scores of these recordings are, made by something that saw `saw` (without folds)."""
    if saw.among(recordings, contents):
        return "in-sample"
    return "unseen" if saw.known else "unknown"


def copies(recordings: Iterable[str], contents: Contents) -> dict[str, str]:
    """Return {recording: the first, in sorted order, of all that are copies or cuts of each other}.

    Where their audio is known, it decides, and a name: one that is given to one recording alone, or a common one
    together with levels that vary, for two sites may record steady noise at the same time. Two names without audio are
    two recordings of one list.
    """
    names = sorted({str(r) for r in recordings})
    links: list[tuple[str, str]] = []
    by_hash: dict[str, str] = {}
    by_name: dict[str, list[str]] = {}
    for r in names:
        own = contents.get(r)
        if own is None:
            continue
        links += [(r, by_hash.setdefault(h, r)) for h in _hashes(own)]
        by_name.setdefault(base_name(r), []).append(r)
    for name, namesakes in by_name.items():
        if names_one_recording(name):
            links += [(r, namesakes[0]) for r in namesakes[1:]]
            continue
        vary = [r for r in namesakes if not contents[r].is_steady]
        links += [(vary[j], vary[i]) for i, j in alike_pairs([contents[r] for r in vary])]
    first = linked_groups(links)
    return {r: first.get(r, r) for r in names}


def further_copies(recordings: Iterable[str], contents: Contents) -> dict[str, str]:
    """Return {recording: the one of which it is a copy or cut}, sorted, of those recordings that are one."""
    return {r: first for r, first in copies(recordings, contents).items() if r != first}


def copies_said(recordings: Iterable[str], contents: Contents) -> list[str]:
    """Return a note on the labelled recordings that are copies or cuts of others among them; none without any."""
    return _copies_note(recordings, contents, "labelled recordings", "are redrawn and held out together with these")


def copies_counted(recordings: Iterable[str], contents: Contents) -> list[str]:
    """Return a note on recordings that are copies or cuts of others and count beside these; none without any.

    A store keeps the scores of a file that was renamed under the old name, too.
    """
    return _copies_note(recordings, contents, "recordings", "count beside these, as a renamed file does in its store")


def _copies_note(recordings: Iterable[str], contents: Contents, what: str, so: str) -> list[str]:
    names = sorted({str(r) for r in recordings})
    further = [f"{r} ({first})" for r, first in further_copies(names, contents).items()]
    if not further:
        return []
    return [f"{len(further)} of the {len(names)} {what} are copies or cuts of others, and {so}: {shorten(further, 3)}"]
