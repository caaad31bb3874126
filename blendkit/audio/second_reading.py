"""What a second decoder makes of a file that the first does not read to its end, and what is lost of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from blendkit.audio.channels import Channels, MissingChannelError
from blendkit.audio.decoded import Decoded, unreadable
from blendkit.audio.file_parts import Source
from blendkit.audio.headers import trusted_duration
from blendkit.audio.judging import judged, judged_holed, judged_partial
from blendkit.audio.rates import MAX_RATE, MIN_RATE
from blendkit.audio.second_decoder import LibavAudio, decode_with_libav

_MOST_MISSING_S = 0.2  # what codecs pad at most: a file that gives so much less than it states has lost some


def read_again(source: Source, found: Decoded, channels: Channels, scratch: Path | None) -> Decoded:
    """Return what libav reads, if that is more than `found`, which libsndfile read.

    What is missing of the stated length stays known, and so does what libsndfile said of a damaged file. Raises what
    libav raises where it reads nothing.
    """
    seconds, exact = trusted_duration(source)
    try:
        audio = decode_with_libav(source, channels, scratch, seconds)
    except MissingChannelError as error:
        return found if len(found.samples) else unreadable(str(error))
    if not MIN_RATE <= audio.rate <= MAX_RATE:
        return found
    beyond = 0 if audio.stated is None else len(audio.mono.samples) - audio.stated
    damaged = audio.lost or audio.mono.failed or beyond > _MOST_MISSING_S * audio.rate
    # damage may make two frames of one; what libav says of the length stands only where libsndfile says nothing
    if beyond > 0 and (exact or (seconds is None and damaged)):
        audio = replace(audio, mono=replace(audio.mono, samples=audio.mono.samples[: audio.stated]))
    if len(audio.mono.samples) <= found.duration_s * audio.rate:
        return found
    read = _judged(audio)
    notes = ["read by libav", read.note]
    notes += [f"the first of its {audio.tracks} tracks of sound"] if audio.tracks > 1 else []
    known = bool(found.rate) and found.status != "empty"  # libsndfile knows the format: the file is damaged
    if known and read.status != "unreadable":
        notes.append(f"libsndfile: {found.note}")
        read = replace(read, status="partial" if read.status == "ok" else read.status)
    return replace(read, note="; ".join(dict.fromkeys(filter(None, notes))))


def _judged(audio: LibavAudio) -> Decoded:
    """Return what libav read, with its status: `partial` where the end is missing, `holed` where a stretch is."""
    mono, rate = audio.mono, audio.rate
    missing = (audio.stated or 0) - len(mono.samples)
    if not audio.lost:
        if mono.failed or missing > _MOST_MISSING_S * rate:
            return judged_partial(mono, rate, audio.stated)
        return judged(mono, rate)
    if audio.noise:
        loud = f"{audio.noise / rate:.3f} s of it behind the damage, decoded beyond full scale"
        mono = replace(mono, failed="; ".join(filter(None, [loud, mono.failed])))
    read = judged_holed(mono, rate, audio.lost, guessed=audio.guessed)
    if audio.stated is None or missing <= _MOST_MISSING_S * rate or read.status == "unreadable":
        return read
    note = f"{len(mono.samples) / rate:.3f} s of the stated {audio.stated / rate:.3f} s could be decoded"
    return replace(read, status="partial", note=f"{note}; {read.note}")
