"""Members, the sources of per-chunk scores: the protocols that they implement and the context that they get."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeVar, runtime_checkable

from blendkit.audio import Anchor, Edge, Pool, Recording
from blendkit.core import Float32, Matrix, NameRule, NewMatrix, Saw, Scores, Space, Taxonomy, in_memory
from blendkit.errors import BlendkitError
from blendkit.graphs import Provider

if TYPE_CHECKING:
    import pandas as pd

SCORING_FORMAT = 1  # raised whenever decoding, cutting or augmentation would give other logits

ShiftSpace = Literal["logit", "prob"]  # what the mean over shifts is taken of
BELOW_FLOAT32 = 2.0**-150  # stands for an exact 0: half of float32's smallest positive value
_LOGITS_VERSION = "blendkit_logits_version"
_ISOLATED = "blendkit_isolated"
F = TypeVar("F", bound=Callable[..., Any])


def logits_version(number: int) -> Callable[[F], F]:
    """Declare, on a member's factory, which version of its logits it gives (1 if nothing is declared).

    Raise the number whenever equal parameters, files and audio give other logits than before: logits that were saved
    under another number are scored again. Nothing else about the code counts, neither its place nor its release.
    """

    def declare(factory: F) -> F:
        setattr(factory, _LOGITS_VERSION, number)
        return factory

    return declare


def logits_version_of(factory: object) -> int:
    """Return the version of the logits that a member's factory gives."""
    return int(getattr(factory, _LOGITS_VERSION, 1))


def isolated(factory: F) -> F:
    """Declare, on a member's factory, that its code is not trusted to end well: it runs in a process of its own.

    A recipe's `isolate:` says otherwise. Without this declaration a member runs in blendkit's own process.
    """
    setattr(factory, _ISOLATED, True)
    return factory


def is_isolated(factory: object) -> bool:
    """Return whether a member's factory is declared to run in a process of its own."""
    return bool(getattr(factory, _ISOLATED, False))


@dataclass(frozen=True)
class DataFile:
    """Marks a member parameter that names a file or a list of files below the data folder, which are hashed.

    find: returns the path of a file that the recipe does not name (in an installed package, a cache); raises
    BlendkitError that says where it searched and where to get the file. folder: a folder is accepted too.
    """

    find: Callable[[], Path] | None = None
    folder: bool = False


FilePath = Annotated[str, DataFile()]


@dataclass(frozen=True)
class MemberContext:
    """The facts of a run that its members get.

    classes: the target class ids (empty if the run has none of its own); chunk_s: chunk length in seconds; threads: how
    many the member may use; recordings: those of the run (a path without a name: no audio); expected_s: durations in
    seconds that are known beforehand; provider: what runs ONNX graphs; allow_code: whether a recipe may name a function
    to call; new_matrix: makes the matrix for a finished member's scores, in a file where memory is limited.
    """

    classes: tuple[str, ...] = ()
    taxonomy: Taxonomy = field(default_factory=lambda: Taxonomy({}))
    names: NameRule = field(default_factory=NameRule)
    chunk_s: float = 5.0
    threads: int = 1
    recordings: tuple[Recording, ...] = ()
    expected_s: Mapping[str, float] = field(default_factory=dict)
    provider: Provider = "cpu"
    allow_code: bool = False
    new_matrix: NewMatrix = in_memory

    @property
    def examples(self) -> tuple[Path, ...]:
        """Some of the run's recordings, to try something out on."""
        return tuple(r.path for r in self.recordings if r.path.name and r.remote is None)[:3]


@dataclass(frozen=True)
class MemberInfo:
    """A member's description of itself.

    classes: its columns, ids of the run's classes; covered (C,): which of them it really scores.
    rate (Hz) and window_s (seconds): the audio of one prediction. hop_s: seconds from window to window
    (None: the window's length, so that none overlap). anchor and pool: where windows that differ from chunks
    start, and how they are pooled onto a chunk, see `blendkit.audio`. frames: with the pool `frames`, how
    many frames of a window `predict` gives, as probabilities (B, frames, C); with `parts`, how many whole chunks lie in
    every window, of which it gives logits (B, frames, C). moves: with the pool `frames`, by how many frames the frames
    of every chunk are moved, and the weights of that: a range that would leave the recording stays. batch: windows
    per call.
    notes: conventions worth printing (normalisation, class mapping). saw: the recordings it was fitted
    on, labelled or pseudo-labelled, where known: figures on those are in-sample.
    """

    classes: tuple[str, ...]
    covered: tuple[bool, ...]
    rate: int
    window_s: float
    batch: int = 32
    notes: tuple[str, ...] = ()
    saw: Saw | tuple[str, ...] = ()
    hop_s: float | None = None
    pool: Pool = "mean"
    anchor: Anchor = "recording"
    frames: int = 0
    moves: tuple[tuple[int, float], ...] = ()


@runtime_checkable
class Member(Protocol):
    """A model: windows of audio in, logits out. An adapter needs nothing else."""

    @property
    def info(self) -> MemberInfo:
        """The member's description of itself."""
        ...

    def predict(self, windows: Float32) -> Matrix:
        """Return float32 logits (B, C) of windows (B, window_s * rate) of mono audio.

        With the pool `frames` these are probabilities (B, T, C), float64 ones where several frames may be close to 1.
        """
        ...


@runtime_checkable
class FeatureMember(Protocol):
    """A model that also gives features from before its logits: embeddings, block means."""

    @property
    def blocks(self) -> Sequence[str]:
        """The features that are blocks, in the model's order; a feature list may say `blocks` for all of them."""
        ...

    @property
    def feature_shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of every feature of one window, by name."""
        ...

    def features(self, windows: Float32, names: Sequence[str]) -> list[Float32]:
        """Return the named features (B, ...) of windows."""
        ...


@runtime_checkable
class FrontedMember(Protocol):
    """A model behind a front end (a spectrogram) that members of one recipe may share.

    Members whose `front` compare equal get the same windows in one batch, and the front end is computed once.
    """

    @property
    def front(self) -> Callable[[Float32], Float32]:
        """The front end: windows (B, samples) in, features (B, ...) out. Hashable."""
        ...

    def predict_front(self, features: Float32) -> Matrix:
        """Return logits (B, C) of the features that `front` gives; `predict` is `front`, then this."""
        ...


@runtime_checkable
class FileMember(Protocol):
    """A model that needs whole files and gives scores of its own windows, as opensoundscape's models do.

    Only the classes, coverage and pool of its `info` are used; its frame says where the windows are.
    """

    @property
    def info(self) -> MemberInfo:
        """The member's description of itself."""
        ...

    def predict_files(self, files: Sequence[Path]) -> pd.DataFrame:
        """Return logits in a frame indexed by (file, start_time, end_time), in seconds, one column per class."""
        ...


@runtime_checkable
class FinishedMember(Protocol):
    """A file of scores that were computed elsewhere; `space` is the space of its values.

    Its factory has a parameter `space`, so that the recipe's plan knows the space before the file is read.
    """

    @property
    def space(self) -> Space:
        """The space of its values."""
        ...

    def read(self) -> Scores:
        """Return all its scores, on its own rows and classes."""
        ...

    def warnings(self) -> list[str]:
        """Return warnings about the values, after `read`."""
        ...


@runtime_checkable
class FoldedMember(Protocol):
    """A finished member that also knows which fold each recording's out-of-fold scores come from."""

    @property
    def folds(self) -> Mapping[str, str]:
        """The fold of every recording, after `read`; empty if unknown."""
        ...


@dataclass(frozen=True)
class TTA:
    """Test-time augmentation: the window moved by shifts (seconds), its logits or its probabilities averaged.

    edge: what happens to a shifted window that would leave the recording: `drop` leaves that shift
    out for that chunk and averages the rest, `clamp` moves it back inside, `zero` and `reflect` fill, `circular` goes
    on at the recording's other end. `roll` rolls every window within itself and never reads other audio.
    weights: of the shifts, relative; () if they are equal. mean: of logits or of probabilities.
    A chunk that lies wholly beyond the audio is scored as silence, without shifts. With the pool `frames` the frames
    of a chunk are moved on the timeline instead, without a further prediction: a range that would leave the recording
    is left out (`drop`) or stays (`clamp`).
    """

    shifts_s: tuple[float, ...] = (0.0,)
    edge: Edge = "drop"
    weights: tuple[float, ...] = ()
    mean: ShiftSpace = "logit"

    def __post_init__(self) -> None:
        """Refuse settings that could leave a chunk without any window, and weights that do not fit the shifts."""
        if self.edge == "drop" and 0 not in self.shifts_s:
            raise BlendkitError("TTA with `edge: drop` needs the shift 0, or a chunk could be left without a window")
        if self.weights and (len(self.weights) != len(self.shifts_s) or not all(w > 0 for w in self.weights)):
            found = f"{len(self.weights)} for {len(self.shifts_s)} shifts"
            raise BlendkitError(f"TTA needs one weight above 0 for every shift, got {found}: {list(self.weights)}")

    @property
    def shares(self) -> tuple[float, ...]:
        """One weight for every shift."""
        return self.weights or (1.0,) * len(self.shifts_s)
