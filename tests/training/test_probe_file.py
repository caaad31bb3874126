from __future__ import annotations

import json
from pathlib import Path

import pytest

from blendkit.errors import BlendkitError
from blendkit.training.jobs.head_fit import _probe


def test_a_probe_is_read(tmp_path: Path) -> None:
    path = tmp_path / "probe.json"
    features = [{"name": "a", "top_one": 0.5}, {"name": "b", "top_one": 0.25}]
    path.write_text(json.dumps({"features": features, "weights": {"a": 1.0}}))
    found = _probe(path)
    assert found.top_one == {"a": 0.5, "b": 0.25}
    assert found.blocks == ("a",)
    assert _probe(None).top_one == {}


@pytest.mark.parametrize(
    "text",
    [
        '{"features": []}',
        '{"features": [{"name": "a"}], "weights": {}}',
        "[]",
        "no json",
        '{"weights": {}}',
        '{"features": [{"name": "a", "top_one": 1e999}], "weights": {}}',
        '{"features": [{"name": "a", "top_one": -1}], "weights": {}}',
    ],
)
def test_what_is_no_probe_is_one_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "probe.json"
    path.write_text(text)
    with pytest.raises(BlendkitError, match=r"probe\.json: not a probe\.json of `blendkit probe`") as caught:
        _probe(path)
    assert caught.value.problems[0]
    with pytest.raises(BlendkitError, match=r"not a probe\.json"):
        _probe(tmp_path / "missing.json")
