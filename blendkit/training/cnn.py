"""MBConv networks for sound event detection: log-mel pictures in, clip and frame logits out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from blendkit.training.settings import Picture, StudentSize
from blendkit.training.spectrogram import LogMel


@dataclass(frozen=True)
class _Shape:
    """Channels of the first convolution and of the last (0: twice those of the last stage), and the stages between.

    Of each stage: channels, blocks, stride of the first block, size of its convolutions, factor of its inner channels.
    """

    stem: int
    head: int
    stages: tuple[tuple[int, int, int, int, int], ...]


_SHAPES: dict[StudentSize, _Shape] = {
    "small": _Shape(16, 0, ((16, 1, 1, 3, 4), (24, 2, 2, 3, 4), (40, 2, 2, 3, 4), (80, 2, 2, 3, 4))),
    "b0": _Shape(  # EfficientNet-B0 (Tan & Le 2019, table 1)
        32,
        1280,
        (
            (16, 1, 1, 3, 1), (24, 2, 2, 3, 6), (40, 2, 2, 5, 6), (80, 3, 2, 3, 6), (112, 3, 1, 5, 6),
            (192, 4, 2, 5, 6), (320, 1, 1, 3, 6),
        ),
    ),
}  # fmt: skip


class MBConv(nn.Module):
    """Inverted bottleneck with squeeze-and-excite (Tan & Le 2019), residual where the shape allows."""

    def __init__(self, source: int, width: int, stride: int, expand: int = 4, size: int = 3) -> None:
        super().__init__()
        inner = source * expand
        self.residual = stride == 1 and source == width
        widened = [_conv(source, inner, 1)] if expand > 1 else []
        self.widen = nn.Sequential(*widened, _conv(inner, inner, size, stride, inner))
        self.squeeze = nn.Sequential(
            nn.Conv2d(inner, max(4, source // 4), 1), nn.SiLU(), nn.Conv2d(max(4, source // 4), inner, 1), nn.Sigmoid()
        )
        self.narrow = nn.Sequential(nn.Conv2d(inner, width, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H', W')."""
        inner = self.widen(x)
        y: Tensor = self.narrow(inner * self.squeeze(inner.mean((2, 3), keepdim=True)))
        return x + y if self.residual else y


class Student(nn.Module):
    """MBConv stages over a picture, the mean over frequency, and attention over time per class (Kong et al. 2020)."""

    def __init__(self, classes: int, width: float = 1.0, embedding: int = 0, size: StudentSize = "small") -> None:
        super().__init__()
        shape = _SHAPES[size]
        source = _channels(shape.stem, width)
        layers: list[nn.Module] = [_conv(1, source, 3, 2)]
        for own, blocks, stride, kernel, expand in shape.stages:
            for b in range(blocks):
                layers.append(MBConv(source, _channels(own, width), stride if b == 0 else 1, expand, kernel))
                source = _channels(own, width)
        self.wide = _channels(shape.head, width) if shape.head else 2 * source
        self.body = nn.Sequential(*layers, _conv(source, self.wide, 1))
        self.drop = nn.Dropout(0.2)
        self.frame, self.attend = nn.Linear(self.wide, classes), nn.Linear(self.wide, classes)
        self.embed = nn.Linear(self.wide, embedding) if embedding else None

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return clip logits (B, C), frame logits (B, T, C) and the embedding (B, D) that follows the teacher's."""
        features = self.body(_spec_augment(pictures) if self.training else pictures).mean(2).transpose(1, 2)
        frames = self.frame(self.drop(features))
        share = torch.tanh(self.attend(features)).softmax(1)
        pooled = features.mean(1)
        return (share * frames).sum(1), frames, pooled if self.embed is None else self.embed(pooled)


class WaveStudent(nn.Module):
    """The front end and the student as one: waves (B, samples) to clip (B, C) and frame (B, T, C) logits."""

    def __init__(self, picture: Picture, student: Student) -> None:
        super().__init__()
        self.front, self.student = LogMel(picture), student

    def forward(self, waves: Tensor) -> tuple[Tensor, Tensor]:
        """Return clip and frame logits."""
        clip, frames, _ = self.student(self.front(waves))
        return clip, frames


def _channels(count: int, width: float) -> int:
    """Scale a number of channels, to a multiple of 8."""
    return max(8, round(count * width / 8) * 8)


def _conv(source: int, width: int, size: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(source, width, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(width), nn.SiLU())


def _spec_augment(pictures: Tensor) -> Tensor:
    """SpecAugment (Park et al. 2019): one band of frequencies and one of time are silenced, then time is rolled."""
    _, _, mels, frames = pictures.shape
    for size, axis in ((mels, 2), (frames, 3)):
        length = int(torch.randint(0, size // 6 + 1, ()))
        start = int(torch.randint(0, size - length + 1, ()))
        keep = torch.ones(size, device=pictures.device)
        keep[start : start + length] = 0
        pictures = pictures * keep.reshape([-1 if a == axis else 1 for a in range(4)])
    return pictures.roll(int(torch.randint(0, frames, ())), 3)
