"""The names that recorders and archives give their files, as patterns."""

from __future__ import annotations

from typing import Literal, get_args

DEFAULT_NAMES = r"_(?P<site>S\d+)_(?P<date>\d{8})_(?P<time>\d{6})$"
AUTO = "auto"
Preset = Literal[
    "birdclef", "audiomoth", "audiomoth-hex", "songmeter", "frontier", "birdnet-pi", "arbimon", "zoned", "iso"
]  # fmt: skip
NameSource = Literal["auto"] | Preset
NAME_PRESETS: tuple[Preset, ...] = get_args(Preset)
PARTS = ("site", "date", "time", "offset", "epoch")

_START = r"(?:^|/)"  # of a file's name; folders before it are part of the recording id
_SIGNED = r"[+-]?\d+(?:\.\d+)?"
_GPS = rf"(?:[_ ]?\[{_SIGNED}[ ,]?{_SIGNED}\]|_{_SIGNED}[+-]\d+(?:\.\d+)?)"

# No name fits two of them, so that their order cannot decide which one `auto` takes.
PATTERNS: dict[Preset, str] = {
    "birdclef": DEFAULT_NAMES,
    # 20200101_053000, with a T where a sound started the recording
    "audiomoth": rf"{_START}(?P<date>\d{{8}})_(?P<time>\d{{6}})T?$",
    # 5E90A4D4: seconds since 1970 in hexadecimal
    "audiomoth-hex": rf"{_START}(?P<epoch>[0-9A-Fa-f]{{8}})$",
    # SM4-01_20200101_053000, SMM01234_20200101_053000, S4A01234__0__20200101_053000, SITE_0+1_20200101_053000;
    # a $ before the time where a sound started the recording, _000 where a long one was split
    "songmeter": (
        rf"{_START}(?![^/]*_S\d+_\d{{8}}_\d{{6}}$)(?P<site>[^/]+?)(?:__\d__|_\d\+\d_|_)"
        r"(?P<date>\d{8})[_$](?P<time>\d{6})(?:_\d{3})?$"
    ),
    # 20200101T053000+1000_SITE, 20200101T053000+1000_REC_[-27.3888+152.8808],
    # S20240819T063242.123-0400_E20240819T063742.023-0400_+38.12-78.12; REC is no site
    "frontier": (
        rf"{_START}S?(?P<date>\d{{8}})T(?P<time>\d{{6}})(?:\.\d+)?(?P<offset>Z|[+-]\d{{4}})"
        rf"(?:_REC|_E\d{{8}}T\d{{6}}(?:\.\d+)?(?:Z|[+-]\d{{4}})|_(?P<site>[^/\[\]]+?))?{_GPS}?$"
    ),
    # 2023-05-01-birdnet-05:30:00, 2023-05-01-birdnet-RTSP_1-05:30:00
    "birdnet-pi": (
        r"(?:^|[/-])(?P<date>\d{4}-\d\d-\d\d)-birdnet-(?:(?P<site>RTSP_\d+)-)?(?P<time>\d\d[:_.-]\d\d[:_.-]\d\d)$"
    ),
    # site-2020-01-01_05-30
    "arbimon": rf"{_START}(?P<site>[^/]+)-(?P<date>\d{{4}}-\d\d-\d\d)_(?P<time>\d\d-\d\d)$",
    # SITE_20200101_053000Z, 20200101_053000-0500: a time with its zone at the end
    "zoned": (rf"{_START}(?:(?P<site>[^/]+?)_)?(?P<date>\d{{8}})_(?P<time>\d{{6}})_?(?P<offset>Z|[+-]\d{{4}})$"),
    # 2020-01-01T05-30-00, SITE_2020-01-01_05:30:00: to the second, with dashes or colons
    "iso": (
        rf"{_START}(?:(?P<site>(?![^/]*-birdnet-)[^/]+?)[_-])?(?P<date>\d{{4}}-\d\d-\d\d)"
        r"[T_ ](?P<time>\d\d[-:.]\d\d[-:.]\d\d)$"
    ),
}


def preset_of(pattern: str) -> str:
    """Return the name of the preset with this pattern; "" for a pattern of one's own."""
    return next((name for name, own in PATTERNS.items() if own == pattern), "")


def states_zone(pattern: str) -> bool:
    """Return whether names of this pattern say themselves in which time zone their clock runs."""
    return "(?P<offset>" in pattern or "(?P<epoch>" in pattern
