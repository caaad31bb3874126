"""What a feature store of mixed copies says of itself: which clip and which background every copy is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from blendkit.core import AudioContent, Contents, contents_to_json
from blendkit.errors import BlendkitError
from blendkit.store.journal_entries import Stored

MIX = "mix"


@dataclass(frozen=True)
class MixedCopy:
    """A clip mixed with a background: the ids of both, and the clip's power over the background's in dB."""

    clip: str
    background: str
    db: float


def mix_facts(db: tuple[float, float], copies: int, seed: int) -> dict[str, Any]:
    """Return what a store of mixed copies says from its beginning on."""
    return {MIX: {"db": list(db), "copies": copies, "seed": seed}}


def mixing_of(about: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return how the copies of a store are mixed, None for recordings as they are."""
    found = about.get(MIX)
    return {k: found.get(k) for k in ("db", "copies", "seed")} if isinstance(found, Mapping) else None


def mixed_entries(
    stored: Mapping[str, Stored], copies: Mapping[str, MixedCopy], contents: Contents
) -> dict[str, Stored]:
    """Return the entries of copies with what they are made of, and what their backgrounds sound like."""
    out = dict(stored)
    for r in stored:
        if r in copies:
            said = contents_to_json(contents, [copies[r].background])
            out[r] = replace(stored[r], mix={**asdict(copies[r]), "content": said.get(copies[r].background)})
    return out


def read_mixed(stored: Mapping[str, Stored], folder: object) -> tuple[dict[str, MixedCopy], Contents]:
    """Return what every copy is made of, and the backgrounds' contents. Raises BlendkitError for damaged facts."""
    try:
        found = {r: dict(s.mix) for r, s in stored.items() if s.mix is not None}
        sounds = {m["background"]: m.pop("content") for m in found.values()}
        copies = {r: MixedCopy(**m) for r, m in found.items()}
        return copies, {b: AudioContent.from_json(c) for b, c in sounds.items() if c is not None}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BlendkitError(
            f"{folder}: its entries do not say what its copies are mixed of",
            [str(error), "delete the folder and make the features again"],
        ) from error
