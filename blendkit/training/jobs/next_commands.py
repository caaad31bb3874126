"""What to do with a fitted head: the commands that score recordings with it and that judge its out-of-fold table."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Mapping
from typing import Any

from blendkit.registry import MEMBERS, registry
from blendkit.training.jobs.requests import HeadRequest
from blendkit.training.outputs import OOF


def next_commands(request: HeadRequest, fitted_on: Mapping[str, Any], *, judged: bool) -> list[str]:
    """Return the commands, with the settings the features were made with; capitals stand for what the user knows.

    judged: whether its out-of-fold table has any row.
    """
    commands = []
    member = f"{fitted_on.get('use')}-seqhead"
    if member in registry(MEMBERS).names():
        settings = [f"head={request.out / 'head.onnx'}", *_settings(member, fitted_on.get("params", {}))]
        commands.append(f"blendkit score {member} RECORDINGS {_set(settings)} --out LOGITS")
    if judged and request.rows.labels is not None:
        scores, labels = (shlex.quote(str(p)) for p in (f"{request.out / OOF}:logits", request.rows.labels))
        commands.append(f"blendkit eval {scores} --labels {labels}")
    return commands


def _settings(member: str, params: Mapping[str, Any]) -> list[str]:
    """The member's settings that have no default, and those that the features were made with."""
    found = []
    for name, p in inspect.signature(registry(MEMBERS).get(member)).parameters.items():
        if p.kind is not p.KEYWORD_ONLY or name == "head":
            continue
        if p.default is p.empty:
            found.append(f"{name}={name.upper()}")
        elif isinstance(params.get(name), (str, int, float)) and params[name] != p.default:
            found.append(f"{name}={params[name]}")
    return found


def _set(settings: list[str]) -> str:
    return " ".join(f"--set {shlex.quote(s)}" for s in settings)
