"""`torch`: any torch module of raw audio; forward hooks give its blocks, for the probe and for heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from blendkit.audio import samples_at
from blendkit.core import Float32
from blendkit.errors import BlendkitError, did_you_mean
from blendkit.graphs import check_grid, pool_cells
from blendkit.member import Batch, Cells, ClassMap, MemberContext, MemberInfo, Rate, Seconds, by_id, import_code
from blendkit.store import require_features


@dataclass(frozen=True)
class TorchMember:
    """A module from audio (B, samples) to logits (B, L), and the outputs of its submodules."""

    info: MemberInfo
    module: Any
    labels: ClassMap
    blocks: tuple[str, ...]
    grid: tuple[int, ...] | None
    samples: int

    def predict(self, windows: Float32) -> Float32:
        """Return logits (B, C) of windows (B, samples)."""
        return self.labels.place(self._run(windows, ())[0])

    @cached_property
    def feature_shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of every block."""
        found = self._run(np.zeros((1, self.samples), np.float32), self.blocks)[1]
        return {n: tuple(found[n].shape[1:]) for n in self.blocks}

    def features(self, windows: Float32, names: Sequence[str]) -> list[Float32]:
        """Return blocks: means (B, channels), or cells (B, a, b, channels)."""
        require_features("torch", names, self.feature_shapes)
        found = self._run(windows, names)[1]
        return [found[n] for n in names]

    def _run(self, windows: Float32, names: Sequence[str]) -> tuple[Float32, dict[str, Float32]]:
        import torch

        outputs: dict[str, Float32] = {}
        hooks = [self.module.get_submodule(n).register_forward_hook(_saves_into(outputs, n, self.grid)) for n in names]
        try:
            with torch.no_grad():
                logits = self.module(torch.from_numpy(np.ascontiguousarray(windows)))
        finally:
            for hook in hooks:
                hook.remove()
        if not isinstance(logits, torch.Tensor) or logits.ndim != 2:
            shape = list(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
            raise BlendkitError(f"torch: the module gives {shape}, expected logits [batch, classes]")
        return logits.float().numpy(), outputs


def torch_member(
    context: MemberContext,
    *,
    function: str,
    rate: Rate,
    classes: list[str] = [],  # noqa: B006 - never changed
    window_s: Seconds | None = None,
    blocks: list[str] = [],  # noqa: B006 - never changed
    grid: Cells | None = None,
    arguments: dict[str, Any] = {},  # noqa: B006 - never changed
    version: str = "",
    batch: Batch = 16,
) -> TorchMember:
    """A function `module:name` that returns a torch module [batch, samples] -> [batch, classes].

    The recipe needs --allow-code. rate in Hz; window_s defaults to the chunk. classes: its
    columns (default: their numbers). blocks: names of submodules whose outputs are features (default: the units that a
    Sequential or ModuleList holds, where these have parts): (B, C, H, W) and (B, C, T) are averaged over all but batch
    and channels, (B, T, C) of transformers too where `(B, C, T)` cannot be meant. grid: cells instead of means.
    version: change it whenever the code or its weights change, because saved logits and features are reused as long
    as these settings are equal.
    """
    if not context.allow_code:
        raise BlendkitError(f"torch: {function!r} is Python code, which a recipe may call only with --allow-code")
    check_grid("torch", grid)
    try:
        import torch
    except ImportError as error:
        raise BlendkitError("torch is not installed", ["pip install 'blendkit[train]'", str(error)]) from error
    module = import_code("torch", function)(**arguments)
    if not isinstance(module, torch.nn.Module):
        raise BlendkitError(f"torch: {function!r} returned a {type(module).__name__}, not a torch module")
    module.eval()
    named = _blocks(module, blocks)
    window = context.chunk_s if window_s is None else window_s
    samples = samples_at(window, rate)
    with torch.no_grad():
        width = module(torch.zeros(1, samples)).shape[-1]
    labels = classes or [str(i) for i in range(width)]
    if len(labels) != width:
        raise BlendkitError(f"torch: the module gives {width} columns, `classes:` names {len(labels)}")
    mapped = by_id("torch", labels, context)
    notes = (mapped.note, f"module {function} {version}".rstrip())
    info = MemberInfo(mapped.classes, mapped.covered, rate, window, batch, notes)
    return TorchMember(info, module, mapped, tuple(named), tuple(grid) if grid else None, samples)


def _blocks(module: Any, asked: Sequence[str]) -> list[str]:
    """The submodules that are features, in the module's order."""
    known = {n for n, _ in module.named_modules() if n}
    unknown = [f"{n!r}{did_you_mean(n, known)}" for n in asked if n not in known]
    if unknown:
        raise BlendkitError(
            f"torch: no submodule {', '.join(unknown)}",
            [f"the module has {len(known)} submodules; `named_modules()` lists them"],
        )
    if asked:
        return list(asked)
    return _elements(module, "")


def _elements(module: Any, at: str) -> list[str]:
    """The composite elements of stacks: residual units, encoder layers. Stacks of stacks are opened, units are not."""
    found = []
    for name, child in module.named_children():
        path = f"{at}.{name}" if at else name
        unit = _is_stack(module) and next(child.children(), None) is not None
        inside = _elements(child, path) if not unit or _is_stack(child) else []
        found += inside or ([path] if unit else [])
    return found


def _is_stack(module: Any) -> bool:
    import torch

    return isinstance(module, torch.nn.Sequential | torch.nn.ModuleList)


def _saves_into(outputs: dict[str, Float32], name: str, grid: tuple[int, ...] | None) -> Any:
    def hook(module: Any, given: Any, found: Any) -> None:
        x = found[0] if isinstance(found, tuple) else found
        values = x.detach().float().numpy()
        if values.ndim == 4 and grid is not None:
            outputs[name] = pool_cells(values.transpose(0, 2, 3, 1), grid)
        elif values.ndim == 3 and not _convolves(module):  # a transformer's tokens: channels come last
            outputs[name] = values.mean(axis=1)
        else:
            outputs[name] = values.mean(axis=tuple(range(2, values.ndim))) if values.ndim > 2 else values

    return hook


def _convolves(module: Any) -> bool:
    import torch

    return any(isinstance(m, torch.nn.Conv1d) for m in module.modules())
