"""Members that need audio, with their stores; which recordings they lack; and how they are built."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blendkit.audio import Grid, Recording
from blendkit.errors import BlendkitError
from blendkit.member import TTA, FileMember, Member, MemberContext, check_window, passes_of, shift_notes
from blendkit.recipe import MemberPlan
from blendkit.scoring.recording_keys import other_audio_said
from blendkit.store import LogitStore

Built = dict[str, Member | FileMember]


@dataclass(frozen=True)
class MemberOrder:
    """What an audio member is made from, here or in another process: its plan, its settings, and its store's folder.

    facts: what its logits depend on. grid: of the run, whose settings a member that reads files by itself does not
    heed: its store says so. replaces: whether saved logits give way to those of other audio under the same name.
    """

    member: MemberPlan
    params: dict[str, Any]
    context: MemberContext
    tta: TTA
    facts: dict[str, Any]
    folder: Path
    grid: Grid
    replaces: bool = True


@dataclass
class AudioMember:
    """A member that needs audio, with its store; built only if something is left to score.

    limit_s: of an isolated member, seconds per recording (None: the default). seconds: spent on it in all; inference_s:
    of those, inside the model; audio_s: duration of the audio it scored; tried: whether it had to score silence.
    unshifted: the same member with one shift alone, where a run may fall back on it; passes: how often the built member
    hears its audio with all shifts, if they can be dropped, else 1; facts: what its logits depend on. order: what it
    was made from, where another process can make it, too.
    """

    name: str
    build: Callable[[], Member | FileMember]
    tta: TTA
    store: LogitStore | None
    open_store: Callable[[Member | FileMember], LogitStore]
    seconds: float = 0.0
    inference_s: float = 0.0
    audio_s: float = 0.0
    scored: int = 0
    limit_s: float | None = None
    tried: bool = False
    unshifted: AudioMember | None = None
    passes: float = 1.0
    facts: dict[str, Any] = field(default_factory=dict)
    order: MemberOrder | None = None


def lacking(member: AudioMember, recordings: Iterable[Recording], keys: Mapping[str, str]) -> set[str]:
    """Return the recordings that a member's store does not hold as they are now; `keys` has those that it knows."""
    known = member.store.recordings() if member.store is not None else {}
    return {r.id for r in recordings if r.id not in known or known[r.id].key != keys[r.id]}


def replaced_notes(member: AudioMember, recordings: Iterable[Recording], keys: Mapping[str, str]) -> list[str]:
    """Return a note on recordings whose saved logits are of other audio than their files hold now; none without any.

    Raises BlendkitError instead for a member that does not replace what is saved.
    """
    if member.store is None:
        return []
    store, replaces = member.store, member.order is None or member.order.replaces
    return other_audio_said(store.folder, store.recordings(), recordings, keys, "logits", replaces=replaces)


def known_recordings(members: Iterable[AudioMember]) -> set[str]:
    """Return the recordings that the store of a member knows, as they are now or as they were."""
    levels = [level for m in members for level in (m, m.unshifted) if level is not None]
    return {r for level in levels if level.store is not None for r in level.store.recordings()}


def one_shift(tta: TTA) -> TTA | None:
    """Return the augmentation of which only the shift nearest 0 is left; None if there is but one shift.

    The shift 0 alone is what a member without `tta` does.
    """
    if len(tta.shifts_s) < 2:
        return None
    nearest = min(tta.shifts_s, key=abs)
    return TTA() if nearest == 0 else TTA((nearest,), tta.edge)


def build_members(
    members: Sequence[AudioMember], needed: Collection[str], grid: Grid
) -> tuple[Built, dict[str, list[str]]]:
    """Build the members that are needed and open their stores; return them, and what there is to say of each.

    Raises BlendkitError, with the member's name, for windows and shifts that cannot be.
    """
    built = {m.name: m.build() for m in members if m.name in needed}
    notes = {}
    for m in (m for m in members if m.name in built):
        made = built[m.name]
        if isinstance(made, Member):
            check_window(m.name, made.info, grid.chunk_s)
        try:
            notes[m.name] = [*made.info.notes, *shift_notes(made.info, m.tta), *unheard_notes(made, grid)]
        except BlendkitError as error:
            raise BlendkitError(f"member {m.name!r}: {error.title}", error.problems) from error
        m.store = m.store or m.open_store(made)
        if m.unshifted is not None and (not isinstance(made, Member) or made.info.pool == "frames"):
            m.unshifted = None  # its shifts cost no predictions of their own: nothing would be saved
        if m.unshifted is not None and isinstance(made, Member):
            m.passes = passes_of(made.info, grid.chunk_s, m.tta)
            m.unshifted.store = m.unshifted.store or m.unshifted.open_store(made)
    return built, notes


def unheard_notes(made: Member | FileMember, grid: Grid) -> list[str]:
    """Return what a run asks of its audio that does not reach a member which reads the files by itself."""
    asked = {"channels": (grid.channels, "mean"), "silence": (grid.silence, "score")}
    given = [f"`{key}: {value}`" for key, (value, default) in asked.items() if value != default]
    own = given and not isinstance(made, Member)
    return [f"reads the files by itself: {' and '.join(given)} has no effect on it"] if own else []
