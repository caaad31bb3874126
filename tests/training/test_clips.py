"""Clips of known classes: found, grouped, drawn, and paired with their own features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from blendkit.audio import Recording
from blendkit.errors import BlendkitError
from blendkit.member import MemberInfo
from blendkit.scoring import feature_saving, one_member
from blendkit.training.jobs.clips import Clips, clip_features, find_clips, grouped, sample_clips
from tests.stores import edit_facts

WriteWav = Callable[..., Path]
RATE = 8000


@dataclass
class Loudness:
    """A model whose only feature is the mean of a window: what a clip was made with comes back."""

    info: MemberInfo = MemberInfo(("x",), (True,), RATE, 5.0)
    blocks: tuple[str, ...] = ("mean",)
    feature_shapes: dict[str, tuple[int, ...]] = field(default_factory=lambda: {"mean": (1,)})

    def predict(self, windows: np.ndarray) -> np.ndarray:
        return windows.mean(axis=1, keepdims=True)

    def features(self, windows: np.ndarray, names: Sequence[str]) -> list[np.ndarray]:
        return [windows.mean(axis=1, keepdims=True) for _ in names]


@pytest.fixture
def loudness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_saving, "build_member", lambda *args: Loudness())


def folder_of(tmp_path: Path, write_wav: WriteWav, level: dict[str, float]) -> Path:
    """One clip of 5 s for every name, constant at its level."""
    for name, value in level.items():
        write_wav(tmp_path / "clips" / f"{name}.wav", np.full(5 * RATE, value, np.float32), RATE)
    return tmp_path / "clips"


LEVEL = {"2/a": 0.1, "2/b": 0.2, "10/c": 0.3, "10/d": 0.4}


@pytest.mark.usefixtures("loudness")
def test_features_lie_under_their_own_clip_whatever_the_order(tmp_path: Path, write_wav: WriteWav) -> None:
    folder = folder_of(tmp_path, write_wav, LEVEL)
    drawn = sample_clips(find_clips(folder), 2, 2, seed=0)
    assert drawn.recordings[0].id.startswith("10")  # text order, not that of rows
    made, known = clip_features(one_member("tone", [folder]), drawn, (), tmp_path / "features")
    wanted = [LEVEL[r.id] for r in known.recordings]
    np.testing.assert_allclose(made["mean"][:, 0], wanted, atol=1e-4)


@pytest.mark.usefixtures("loudness")
def test_features_of_the_old_order_are_never_used_again(tmp_path: Path, write_wav: WriteWav) -> None:
    folder, store = folder_of(tmp_path, write_wav, LEVEL), tmp_path / "features"
    scorer = one_member("tone", [folder])
    clip_features(scorer, find_clips(folder), (), store)
    # as it was before values followed their rows
    edit_facts(store, lambda facts: facts["about"].pop("features_format"))
    with pytest.raises(BlendkitError, match="features of another format"):
        clip_features(scorer, find_clips(folder), (), store)


@pytest.mark.usefixtures("loudness")
def test_a_clip_is_the_mean_of_its_chunks_and_is_left_out_if_it_cannot_be_read(
    tmp_path: Path, write_wav: WriteWav
) -> None:
    folder = folder_of(tmp_path, write_wav, LEVEL)
    long = np.concatenate([np.full(5 * RATE, v, np.float32) for v in (0.1, 0.2, 0.6)])
    write_wav(folder / "2" / "long.wav", long, RATE)
    (folder / "10" / "bad.wav").write_bytes(b"RIFF")
    every = find_clips(folder)
    made, known = clip_features(one_member("tone", [folder]), every, (), tmp_path / "features")
    assert [r.id for r in known.recordings] == ["2/a", "2/b", "2/long", "10/c", "10/d"]
    assert known.labels == ("2", "2", "2", "10", "10")
    np.testing.assert_allclose(made["mean"][:, 0], [0.1, 0.2, 0.3, 0.3, 0.4], atol=1e-4)


@pytest.mark.usefixtures("loudness")
def test_a_class_whose_clips_cannot_be_read_is_named(tmp_path: Path, write_wav: WriteWav) -> None:
    folder = folder_of(tmp_path, write_wav, {"2/a": 0.1})
    (folder / "10").mkdir()
    (folder / "10" / "bad.wav").write_bytes(b"RIFF")
    with pytest.raises(BlendkitError) as caught:
        clip_features(one_member("tone", [folder]), find_clips(folder), (), tmp_path / "features")
    assert list(caught.value.problems) == ["10"]


def made(sizes: dict[str, int], groups: bool = True) -> Clips:
    labels = tuple(c for c, n in sizes.items() for _ in range(n))
    recordings = tuple(Recording(f"{c}/{i}", Path(f"{i}.wav")) for i, c in enumerate(labels))
    return Clips(recordings, labels, tuple(f"g{i}" for i in range(len(labels))) if groups else None)


def test_a_draw_takes_as_many_clips_of_as_many_classes_as_asked() -> None:
    clips = made({"a": 9, "b": 4, "c": 9, "d": 9, "e": 1})
    found = sample_clips(clips, 3, 5, seed=1)
    count = {c: found.labels.count(c) for c in found.labels}
    assert len(count) == 3
    assert all(n == min(5, 4 if c == "b" else 9) for c, n in count.items())
    assert "e" not in count  # a class of one clip cannot vote on itself
    at = {r.id: i for i, r in enumerate(clips.recordings)}
    for r, label, group in zip(found.recordings, found.labels, found.groups or (), strict=True):
        assert (label, group) == (clips.labels[at[r.id]], f"g{at[r.id]}")
    assert len({r.id for r in found.recordings}) == len(found.recordings)


def test_a_draw_is_its_seeds() -> None:
    clips = made(dict.fromkeys("abcdef", 9), groups=False)
    one, same, other = (sample_clips(clips, 3, 4, s) for s in (1, 1, 2))
    assert one == same != other
    assert one.groups is None


def test_fewer_than_two_classes_of_two_clips_are_an_error() -> None:
    with pytest.raises(BlendkitError, match="too few classes") as caught:
        sample_clips(made({"a": 9, "b": 1}), 3, 5, 0)
    assert list(caught.value.problems) == ["with one: b"]


def test_clips_lie_in_class_folders(tmp_path: Path, write_wav: WriteWav) -> None:
    folder = folder_of(tmp_path, write_wav, {"x/XC1-a": 0.1, "x/XC2-a": 0.1, "y/XC1-b": 0.1})
    found = find_clips(folder, r"XC(\d+)")
    assert (found.labels, found.groups) == (("x", "x", "y"), ("1", "2", "1"))
    assert find_clips(folder).groups is None
    write_wav(folder / "loose.wav", np.zeros(10, np.float32), RATE)
    with pytest.raises(BlendkitError, match="one folder of clips per class") as caught:
        find_clips(folder)
    assert list(caught.value.problems) == ["clips outside a class folder: loose"]
    (tmp_path / "none").mkdir()
    with pytest.raises(BlendkitError) as caught:
        find_clips(tmp_path / "none")
    assert list(caught.value.problems) == ["no audio files"]


def test_groups_by_expression() -> None:
    assert grouped(["a1-x", "b2-y"], r"(\d)") == ["1", "2"]
    assert grouped(["a1-x", "b2-y"], r"\d-(.)") == ["x", "y"]
    with pytest.raises(BlendkitError, match="not a regular expression"):
        grouped(["a"], "(")
    with pytest.raises(BlendkitError, match="is not in 2 names") as caught:
        grouped(["a", "b1", "c"], r"(\d)")
    assert list(caught.value.problems) == ["a, c"]


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [("(XC)", "gives all 2 names one group, 'XC'"),
     (r"(\d*)", "gives 2 names an empty group"), (r"XC(\d?)", "gives 1 names an empty group"),
     (r"XC|(\d)", "gives 2 names an empty group")],
)  # fmt: skip
def test_an_expression_that_tells_no_recordists_apart_is_refused(pattern: str, problem: str) -> None:
    with pytest.raises(BlendkitError) as caught:
        grouped(["XC1-a", "XC-b"], pattern)
    assert problem in str(caught.value)
    assert caught.value.problems[-1].startswith("put the part of a name that names the group")
    assert grouped(["XC1-a", "XC1-a"], "(XC)") == ["XC", "XC"]  # two chunks of one clip


def test_an_expression_without_a_parenthesis_groups_nothing() -> None:
    with pytest.raises(BlendkitError, match=r"--group: '\.\*' has no part in parentheses") as caught:
        grouped(["XC1-a", "XC-b"], ".*")  # each name would be a group of its own
    assert caught.value.problems == ("such as '(.*)': its first parenthesis is the group",)
