"""A small MBConv network for sound event detection: log-mel pictures in, clip and frame logits out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from blendkit.training.settings import Picture
from blendkit.training.spectrogram import LogMel

_STAGES = ((16, 1, 1), (24, 2, 2), (40, 2, 2), (80, 2, 2))  # channels, blocks, stride of the first


class MBConv(nn.Module):
    """Inverted bottleneck with squeeze-and-excite (Tan & Le 2019), residual where the shape allows."""

    def __init__(self, source: int, width: int, stride: int, expand: int = 4) -> None:
        super().__init__()
        inner = source * expand
        self.residual = stride == 1 and source == width
        self.widen = nn.Sequential(_conv(source, inner, 1), _conv(inner, inner, 3, stride, inner))
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

    def __init__(self, classes: int, width: float = 1.0, embedding: int = 0) -> None:
        super().__init__()
        channels = [max(8, round(c * width / 8) * 8) for c, *_ in _STAGES]
        layers: list[nn.Module] = [_conv(1, channels[0], 3, 2)]
        source = channels[0]
        for own, (_, blocks, stride) in zip(channels, _STAGES, strict=True):
            for b in range(blocks):
                layers.append(MBConv(source, own, stride if b == 0 else 1))
                source = own
        self.wide = 2 * source
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
