"""What samples are worth: the status of a recording, and what a person should know of it."""

from __future__ import annotations

from dataclasses import replace

from blendkit.audio.channels import CANCELLED, FULL_SCALE, LOUDEST, Mono
from blendkit.audio.decoded import Decoded, Status, unreadable
from blendkit.core import MIN_REMAINDER_S
from blendkit.errors import counted

DAMAGED = 0.01  # the share of samples that are no numbers above which a recording is damaged
MOST_LOST = 0.5  # the share of samples that are no numbers above which it cannot be used
INTEGERS = 0.1  # the share of samples beyond full scale from which they seem to be integers
STILL = 0.25  # the share of samples at the end that are all the same from which a recording may have an end missing
LARGEST_INTEGER = 2.0**31
MOSTLY_ZERO = 0.9  # the share of digital silence from which a recording is called silent


def judged(found: Mono, rate: int) -> Decoded:
    """Return what was read of a whole file, with the status and the notes that its samples ask for.

    It is `holed` where damage was decoded to what no recorder records, and where a stretch holds no numbers.
    """
    n = len(found.samples)
    seconds = n / rate
    integers = found.beyond > INTEGERS * n
    if found.loudest > LOUDEST and (integers or found.bad > MOST_LOST * n):
        return unreadable(_too_loud(found, integers=found.loudest <= LARGEST_INTEGER), rate)
    if found.bad > MOST_LOST * n:
        return unreadable(f"{found.bad / rate:.3f} s of {seconds:.3f} s are no finite numbers", rate)
    if seconds < MIN_REMAINDER_S:
        return Decoded(found.samples, rate, seconds, "empty", f"{seconds:.3f} s of audio")
    holed = found.bursts or found.bad > DAMAGED * n
    status: Status = "holed" if holed else "silent" if found.zeros >= MOSTLY_ZERO * n else "ok"
    return Decoded(found.samples, rate, seconds, status, "; ".join(_remarks(found, rate)))


def judged_partial(found: Mono, rate: int, stated: int | None) -> Decoded:
    """Return what was read of a file whose decoder stopped early. stated: the samples that its header states, if any.

    Samples that cannot be used are refused as those of a whole file are.
    """
    n = len(found.samples)
    of = "" if stated is None else f" of the stated {stated / rate:.3f} s"
    note = f"{n / rate:.3f} s{of} could be decoded"
    if n < MIN_REMAINDER_S * rate:
        return unreadable(found.failed or note)  # without a rate: another decoder may find more
    read = judged(found, rate)
    if read.status == "unreadable":
        return read
    why = f" ({found.failed})" if found.failed else ""
    return replace(read, status="partial", note="; ".join(filter(None, [f"{note}{why}", read.note])))


def judged_holed(found: Mono, rate: int, lost: int, *, guessed: bool = False) -> Decoded:
    """Return a recording of which `lost` samples are silence in the place of what cannot be read.

    guessed: whether that number is an estimate, so that what follows may stand a little off its place.
    """
    read = judged(found, rate)
    if read.status == "unreadable":
        return read
    note = replaced(lost, rate, guessed=guessed)
    return replace(read, status="holed", note="; ".join(filter(None, [note, found.failed, read.note])))


def replaced(lost: int, rate: int, *, guessed: bool) -> str:
    """Return the note on `lost` samples that are silence. guessed: whether that number is an estimate."""
    return f"{'about ' if guessed else ''}{lost / rate:.3f} s unreadable, replaced by silence"


def _too_loud(found: Mono, *, integers: bool) -> str:
    what = ": integers written as floats?" if integers else ""
    return f"samples of up to {found.loudest:.6g}, where audio lies in [-1, 1]{what}"


def _remarks(found: Mono, rate: int) -> list[str]:
    """Return what a person should know of samples that can be used."""
    n = len(found.samples)
    notes = [found.channel] if found.channel else []
    if found.bursts:
        notes.append(f"{found.bursts / rate:.3f} s decoded to far beyond full scale, replaced by silence")
    if found.energy < CANCELLED:
        notes.append(f"the channels cancel each other: their mean has {found.energy:.2%} of their energy")
    elif found.cancelled:
        seconds = found.cancelled / rate
        notes.append(f"the channels cancel each other in about {seconds:.0f} s of it: their mean is silence there")
    if found.bad:
        what = "not finite" if found.loudest <= LOUDEST else f"not finite or of up to {found.loudest:.3g}"
        many = found.bad > DAMAGED * n
        count = f"{found.bad / rate:.3f} s of samples" if many else counted(found.bad, "sample", "samples")
        notes.append(f"{count} {what} replaced by {'silence' if many else '0'}")
    if found.patched:
        many = found.patched / rate >= 0.001
        where = f"{found.patched / rate:.3f} s" if many else counted(found.patched, "sample", "samples")
        notes.append(f"{where} in which not every channel holds numbers: the others' mean is taken")
    if FULL_SCALE < found.loudest <= LOUDEST:
        notes.append(_too_loud(found, integers=found.beyond > INTEGERS * n))
    if max(rate, STILL * n) <= found.still < n and found.zeros < MOSTLY_ZERO * n:
        notes.append(f"its last {found.still / rate:.3f} s are one value throughout: was it copied or recorded whole?")
    if found.zeros >= MOSTLY_ZERO * n:
        notes.append(f"{found.zeros / n:.0%} of the samples are 0")
    return notes
