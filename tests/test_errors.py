"""Messages stay short, whatever a file holds."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from blendkit.errors import BlendkitError, brief, did_you_mean, shorten, why_no_file
from blendkit.io import read_scores


def test_lists_are_counted_and_cut() -> None:
    assert shorten("abcdefg") == "a, b, c, d, e (+2 more)"
    assert shorten(["a", "x" * 290, "b"]) == f"a, {brief('x' * 290)}, b"
    assert shorten(["x" * 200, "y" * 200, "z"]) == f"{'x' * 200} (+2 more)"
    assert len(shorten(["x" * 1000])) == 300
    assert shorten([]) == ""


def test_names_are_cut_in_their_middle() -> None:
    assert brief("abcdefghij", 8) == "abcde…ij"
    assert brief("abcdefgh", 8) == "abcdefgh"
    assert len(did_you_mean("x" * 5000, ["x" * 4999])) < 200
    error = BlendkitError("t" * 2000, ["p" * 2000, "short"])
    assert (len(error.title), len(error.problems[0]), error.problems[1]) == (1000, 1000, "short")


def test_a_long_header_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(",".join(f"{c * 400}" for c in "abcdefgh") + "\n" + "1," * 7 + "1\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="no format fits") as error:
        read_scores(path)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (IsADirectoryError(errno.EISDIR, "Is a directory"), "it is a folder, expected a file"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory"), "it lies below a file, which is no folder"),
        (
            PermissionError(errno.EACCES, "denied"),
            "it may not be read by this user: change its permissions, or copy it",
        ),
        (UnicodeDecodeError("utf-8", b"a\xff", 1, 2, "bad"), "it is no text in UTF-8 (byte 1): save it as UTF-8"),
        (OSError(errno.EIO, os.strerror(errno.EIO)), "input/output error"),
        (ValueError("line 3: bad\nmore"), "line 3: bad"),
        (EOFError(), "EOFError"),
    ],
)
def test_why_a_file_cannot_be_read_is_said_without_a_number(tmp_path: Path, error: Exception, said: str) -> None:
    assert why_no_file(tmp_path / "x", error) == said
