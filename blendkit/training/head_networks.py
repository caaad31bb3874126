"""The sequence heads: backbone blocks as tokens in, logits of the target classes out. All of it exports to ONNX."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from blendkit.training.settings import HeadChoice, HeadKind


@dataclass(frozen=True)
class Token:
    """The source of one kind of token: a block, or a block minus an earlier one (`h25 - h24`)."""

    block: str
    less: str | None = None

    @property
    def name(self) -> str:
        """The name in tables."""
        return self.block if self.less is None else f"{self.block} less {self.less}"


@dataclass(frozen=True)
class HeadShape:
    """The architecture of a head: its tokens, their sizes, and its width.

    shapes: of every input block, (channels,) where it is pooled, (time, frequency, channels) where it is a grid.
    """

    kind: HeadKind
    tokens: tuple[Token, ...]
    shapes: dict[str, tuple[int, ...]]
    classes: int
    width: int = HeadChoice.width
    heads: int = 4
    dropout: float = HeadChoice.dropout

    @property
    def inputs(self) -> tuple[str, ...]:
        """The blocks it reads, each once, in the order of the exported graph's inputs."""
        named = [b for t in self.tokens for b in (t.block, t.less) if b is not None]
        return tuple(dict.fromkeys(named))


class Moments:
    """Mean and deviation (channels,) of rows that come in batches (Chan, Golub and LeVeque 1979), in float64."""

    def __init__(self, channels: int) -> None:
        self.count = 0
        self.mean = torch.zeros(channels, dtype=torch.float64)
        self.squares = torch.zeros(channels, dtype=torch.float64)  # of what lies beside the mean

    def add(self, x: Tensor) -> None:
        """Add rows (n, channels)."""
        n, x = len(x), x.double()
        mean = x.mean(0)
        apart, total = mean - self.mean, self.count + n
        self.squares += (x - mean).square().sum(0) + apart.square() * (self.count * n / total)
        self.mean += apart * (n / total)
        self.count = total

    def deviation(self) -> Tensor:
        """Return the standard deviation of all rows."""
        return (self.squares / self.count).sqrt()


class Standard(nn.Module):
    """(x - mean) / deviation per channel, over whatever comes before the channels."""

    mean: Tensor
    scale: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("scale", torch.ones(channels))

    def set_to(self, mean: Tensor, deviation: Tensor) -> None:
        """Set mean and deviation (channels,)."""
        self.mean.copy_(mean)
        self.scale.copy_(1 / deviation.clamp_min(1e-3))

    def forward(self, x: Tensor) -> Tensor:
        """Standardise."""
        return (x - self.mean) * self.scale


class Tokens(nn.Module):
    """Blocks (B, channels) or (B, time, frequency, channels) to one list of vectors (B, width) per token."""

    def __init__(self, shape: HeadShape) -> None:
        super().__init__()
        self.shape = shape
        channels = [shape.shapes[t.block][-1] for t in shape.tokens]
        self.standard = nn.ModuleList(Standard(c) for c in channels)

    def raw(self, blocks: Sequence[Tensor]) -> list[Tensor]:
        """Return every token's vectors (B, T, channels), before anything is learned."""
        found = dict(zip(self.shape.inputs, blocks, strict=True))
        whole = [found[t.block] if t.less is None else found[t.block] - found[t.less] for t in self.shape.tokens]
        return [x.reshape(x.shape[0], -1, x.shape[-1]) for x in whole]

    def fit(self, batches: Iterable[Sequence[Tensor]]) -> None:
        """Fit the standardisation on training rows, which come batch by batch."""
        moments = [Moments(len(standard.mean)) for standard in self.standard]  # type: ignore[arg-type]
        for blocks in batches:
            for own, x in zip(moments, self.raw(blocks), strict=True):
                own.add(x.reshape(-1, x.shape[-1]))
        for standard, own in zip(self.standard, moments, strict=True):
            standard.set_to(own.mean, own.deviation())  # type: ignore[operator]

    def forward(self, blocks: Sequence[Tensor]) -> list[Tensor]:
        """Return every token's vectors, standardised."""
        return [s(x) for s, x in zip(self.standard, self.raw(blocks), strict=True)]


class ScalarMix(nn.Module):
    """Softmax-weighted sum of blocks, then a linear layer (Peters et al. 2018, ELMo, eq. 1, without its scale).

    Blocks of differing widths are projected to one width first and normalised there, so that their weights can be
    compared. Grids are averaged.
    """

    def __init__(self, shape: HeadShape) -> None:
        super().__init__()
        self.tokens = Tokens(shape)
        widths = [shape.shapes[t.block][-1] for t in shape.tokens]
        same = len(set(widths)) == 1
        width = widths[0] if same else max(widths)
        self.same = nn.ModuleList(
            nn.Identity() if same else nn.Sequential(nn.Linear(w, width, bias=False), nn.LayerNorm(width))
            for w in widths
        )
        self.mix = nn.Parameter(torch.zeros(len(widths)))
        self.dropout = nn.Dropout(shape.dropout)
        self.out = nn.Linear(width, shape.classes)

    def start_from(self, weights: Sequence[float]) -> None:
        """Start the softmax at these weights, a probe's for instance."""
        with torch.no_grad():
            self.mix.copy_(torch.tensor(weights).clamp_min(1e-3).log())

    def weights(self, blocks: Sequence[Tensor]) -> Tensor:
        """Return (B, tokens) the share of every token, the same for all rows."""
        return self.mix.softmax(0).expand(blocks[0].shape[0], -1)

    def forward(self, *blocks: Tensor) -> Tensor:
        """Return logits (B, C)."""
        vectors = [m(x.mean(1)) for m, x in zip(self.same, self.tokens(blocks), strict=True)]
        mixed = (torch.stack(vectors, -1) * self.mix.softmax(0)).sum(-1)
        logits: Tensor = self.out(self.dropout(mixed))
        return logits


class AttentionPool(nn.Module):
    """A learned [CLS] and one transformer block over it and the tokens; only [CLS] is carried on.

    The result is exactly that of a whole block at [CLS]. The other positions' outputs are never needed, so they are
    not computed, and the cost grows linearly with the number of tokens.
    """

    def __init__(self, shape: HeadShape) -> None:
        super().__init__()
        self.tokens = Tokens(shape)
        width = shape.width
        self.project = nn.ModuleList(nn.Linear(shape.shapes[t.block][-1], width) for t in shape.tokens)
        counts = [int(torch.tensor(shape.shapes[t.block][:-1]).prod()) for t in shape.tokens]
        self.place = nn.ParameterList(nn.Parameter(torch.randn(n, width) * 0.02) for n in counts)
        self.cls = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.counts, self.heads = counts, shape.heads
        self.before, self.between, self.after = (nn.LayerNorm(width) for _ in range(3))
        self.query, self.key, self.value, self.join = (nn.Linear(width, width) for _ in range(4))
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(shape.dropout)
        self.out = nn.Linear(width, shape.classes)

    def weights(self, blocks: Sequence[Tensor]) -> Tensor:
        """Return (B, tokens) how much [CLS] attends to each token kind, averaged over heads, without itself."""
        attention = self._attended(blocks)[1].mean(1)[:, 0, 1:]
        parts = torch.stack([p.sum(1) for p in torch.split(attention, self.counts, 1)], 1)
        return parts / parts.sum(1, keepdim=True)

    def _attended(self, blocks: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        vectors = [p(x) + at for p, x, at in zip(self.project, self.tokens(blocks), self.place, strict=True)]
        x = torch.cat([self.cls.expand(blocks[0].shape[0], -1, -1), *vectors], 1)
        normal = self.before(x)
        q, k, v = (
            self._split(f(y)) for f, y in ((self.query, normal[:, :1]), (self.key, normal), (self.value, normal))
        )
        attention = (q @ k.transpose(-1, -2) / k.shape[-1] ** 0.5).softmax(-1)
        attended = (attention @ v).transpose(1, 2).flatten(2)
        return x[:, :1] + self.dropout(self.join(attended)), attention

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)

    def forward(self, *blocks: Tensor) -> Tensor:
        """Return logits (B, C)."""
        pooled = self._attended(blocks)[0][:, 0]
        pooled = pooled + self.dropout(self.feed(self.between(pooled)))
        logits: Tensor = self.out(self.dropout(self.after(pooled)))
        return logits


class Mean(nn.Module):
    """Several heads of one shape; their logits are averaged."""

    def __init__(self, heads: Sequence[nn.Module]) -> None:
        super().__init__()
        self.each = nn.ModuleList(heads)

    def forward(self, *blocks: Tensor) -> Tensor:
        """Return logits (B, C)."""
        return torch.stack([h(*blocks) for h in self.each]).mean(0)


def new_head(shape: HeadShape) -> ScalarMix | AttentionPool:
    """Return an untrained head; its weights come from torch's generator."""
    return ScalarMix(shape) if shape.kind == "scalarmix" else AttentionPool(shape)


def parameters_of(head: nn.Module) -> int:
    """Return how many numbers are trained."""
    return sum(p.numel() for p in head.parameters() if p.requires_grad)
