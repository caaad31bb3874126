"""Every setting of a training with its default, in one place. Nothing heavy is imported, so help pages load quickly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from blendkit.errors import BlendkitError

HeadKind = Literal["scalarmix", "attention"]
LossName = Literal["bce", "focal", "soft-auc"]
StudentLoss = Literal["bce", "listwise", "pairwise"]
RankMap = Literal["normal"]
StudentSize = Literal["small", "b0"]
Averaging = Literal["ema", "swa", "none"]


def require_finite(settings: Any) -> None:
    """Raise BlendkitError naming every setting that is nan or infinite: no range of values refuses nan by itself."""
    bad = [f"{n} is {v}" for n, v in vars(settings).items() if isinstance(v, float) and not math.isfinite(v)]
    if bad:
        raise BlendkitError("settings that are no finite numbers", [*bad, "give a number, or leave the option out"])


@dataclass(frozen=True)
class Schedule:
    """How a head is trained: AdamW, a cosine down to 0 over `epochs`, an average of the weights.

    average: `ema` with `ema_decay` (reached gradually), `swa` (the plain mean over the second half, Izmailov et
    al. 2018) or `none`. patience: epochs without a better score before it stops. mixup: its alpha.
    """

    epochs: int = 40
    batch: int = 128
    rate: float = 2e-3
    decay: float = 1e-2
    loss: LossName = "bce"
    gamma: float = 2.0
    mixup: float = 0.4
    patience: int = 10
    average: Averaging = "ema"
    ema_decay: float = 0.99

    def __post_init__(self) -> None:
        """Refuse nan and infinity."""
        require_finite(self)


STUDENT_SCHEDULE = Schedule(epochs=30, batch=32, mixup=0.2, patience=8)


@dataclass(frozen=True)
class Mixture:
    """What an epoch is made of.

    soundscape: the share of labelled soundscape chunks beside clips (0.2 in the eos7 head v4); pseudo: the share
    of pseudo-labelled chunks in the whole, where there are any. balance: draw clips so that every class comes up
    equally often. fewest: an epoch shows at least as many rows, over and over if need be, so that few rows do not mean
    few steps.
    """

    soundscape: float = 0.2
    pseudo: float = 0.2
    balance: bool = True
    fewest: int = 2048

    def __post_init__(self) -> None:
        """Refuse nan and infinity."""
        require_finite(self)


@dataclass(frozen=True)
class HeadChoice:
    """Which head is trained.

    blocks: by name (default: the probe's, or all that are stored); residual: pairs (late, early) whose difference is a
    token; width: of attention; dropout: the share of features that a training step leaves out.
    """

    kind: HeadKind = "attention"
    blocks: tuple[str, ...] = ()
    residual: tuple[tuple[str, str], ...] = ()
    width: int = 144
    dropout: float = 0.2

    def __post_init__(self) -> None:
        """Refuse nan and infinity."""
        require_finite(self)


@dataclass(frozen=True)
class GateRules:
    """Which of a teacher's cells become labels, all that are given must hold, and what a student learns of the others.

    least: the probability a label needs; percentile: of a class's own scores, moved into [floor, cap]; top: the highest
    chunks of a class in a recording. soft: targets are probabilities to the power `power`, not 1. negative_below: a
    cell that is no label is absent below this probability, and otherwise in no loss (None: absent); whole_rows: a row
    with a label keeps the soft targets of all its cells.
    """

    least: float | None = None
    percentile: float | None = None
    top: int | None = None
    soft: bool = False
    power: float = 1.0
    floor: float | None = None
    cap: float | None = None
    negative_below: float | None = None
    whole_rows: bool = False

    def __post_init__(self) -> None:
        """Refuse nan and infinity."""
        require_finite(self)

    @property
    def any_gate(self) -> bool:
        """Whether anything is asked of a label."""
        return (self.least, self.percentile, self.top) != (None, None, None)

    def problems(self) -> list[str]:
        """Return what contradicts itself, in the words of the command line."""
        found = []
        if self.percentile is None and (self.floor, self.cap) != (None, None):
            found.append("--floor and --cap move the thresholds of --percentile: give it, too")
        if self.floor is not None and self.cap is not None and self.floor > self.cap:
            found.append(f"--floor {self.floor:g} lies above --cap {self.cap:g}")
        if self.whole_rows and self.negative_below is not None:
            found.append("--whole-rows keeps every cell, so --negative-below has none to mask: give one of them")
        return found


@dataclass(frozen=True)
class Rounds:
    """How many rounds make pseudo-labels, and by which rules; their targets are always soft.

    naive: one teacher of all folds labels for everybody, and pseudo-labelled rows are judged on as if they were
    labelled: what inflates a figure, for comparison.
    """

    rounds: int = 2
    rules: GateRules = GateRules(least=0.5, soft=True, power=1.5)
    naive: bool = False


@dataclass(frozen=True)
class Picture:
    """A log-mel spectrogram: rate (Hz), window and hop (samples), bands, lowest and highest frequency (Hz)."""

    rate: int = 32000
    n_fft: int = 1024
    hop: int = 640
    mels: int = 64
    fmin: float = 50.0
    fmax: float = 15000.0

    def __post_init__(self) -> None:
        """Refuse nan and infinity."""
        require_finite(self)


Span = tuple[float, float]
MIX_DB: Span = (-20.0, 0.0)  # of a background, unless another level is asked for


@dataclass(frozen=True)
class WaveChanges:
    """How the waves of training chunks are changed before they become pictures; nothing by default.

    mix_db: from and to which level, relative to the chunk's own, a background is mixed into half of the chunks;
    gain_db: by how much every chunk is made louder or softer; shift_s: by how many seconds at most it is moved in a
    circle.
    """

    mix_db: Span | None = None
    gain_db: Span | None = None
    shift_s: float = 0.0


@dataclass(frozen=True)
class Distil:
    """How a student learns.

    loss: `bce` towards the teacher's softened probabilities, or of its order alone: `listwise` or `pairwise` within a
    class over a batch (default: by what the teacher's scores are). rank_map: `normal` makes logits of a teacher's
    ranks. temperature: of the softened teacher, or of the listwise loss (default: the loss's own). labels: the share of
    the labels' own cross-entropy where a row has labels; embedding: the weight of 1 - cosine similarity to the
    teacher's embedding, where it is given. size: of the network, `small` or as EfficientNet-B0; width scales its
    channels. waves: how the audio is changed before it is a picture. device: cpu, cuda, or auto.
    """

    picture: Picture = Picture()
    schedule: Schedule = STUDENT_SCHEDULE
    loss: StudentLoss | None = None
    rank_map: RankMap | None = None
    temperature: float | None = None
    labels: float = 0.5
    embedding: float = 0.5
    size: StudentSize = "small"
    width: float = 1.0
    waves: WaveChanges = WaveChanges()
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        """Refuse nan and infinity."""
        require_finite(self)
