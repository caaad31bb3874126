"""The student's network: shapes, residuals, attention over time, and masks that only training sees."""

from __future__ import annotations

import pytest
import torch

from blendkit.training import cnn
from blendkit.training.cnn import MBConv, Student, WaveStudent, _spec_augment
from blendkit.training.settings import Picture, StudentSize


@pytest.fixture
def student() -> Student:
    torch.manual_seed(0)
    return Student(3, width=0.25).eval()


def test_a_block_is_residual_where_its_shape_allows() -> None:
    x = torch.randn(2, 8, 6, 10)
    same, wider, shorter = MBConv(8, 8, 1).eval(), MBConv(8, 16, 1).eval(), MBConv(8, 8, 2).eval()
    for block in (same, wider, shorter):
        torch.nn.init.zeros_(block.narrow[1].weight)  # what is left is the residual
    with torch.no_grad():
        assert torch.equal(same(x), x)
        assert wider(x).shape == (2, 16, 6, 10)
        assert shorter(x).shape == (2, 8, 3, 5)
        assert not wider(x).any()
        assert not shorter(x).any()


@pytest.mark.parametrize(("size", "blocks", "stride", "wide", "parameters"), [
    ("small", 7, 16, 160, 148_492), ("b0", 16, 32, 1280, 4_006_972),
])  # fmt: skip
def test_sizes(size: StudentSize, blocks: int, stride: int, wide: int, parameters: int) -> None:
    student = Student(3, size=size).eval()
    assert sum(isinstance(m, MBConv) for m in student.modules()) == blocks
    assert sum(p.numel() for p in student.body.parameters()) == parameters
    with torch.no_grad():
        found = student.body(torch.randn(1, 1, 32, 64))
    assert found.shape == (1, wide, 32 // stride, 64 // stride)


def test_a_block_without_expansion_has_no_first_convolution() -> None:
    assert len(MBConv(8, 8, 1, expand=1).widen) == 1
    assert MBConv(8, 8, 1, size=5).widen[1][0].kernel_size == (5, 5)


def test_squeeze_and_excite_scales_whole_channels() -> None:
    block, x = MBConv(4, 4, 1).eval(), torch.randn(1, 4, 5, 5)
    with torch.no_grad():
        inner = block.widen(x)
        scale = block.squeeze(inner.mean((2, 3), keepdim=True))
        assert scale.shape == (1, 16, 1, 1)
        assert torch.allclose(block(x), x + block.narrow(inner * scale), atol=1e-6)


def test_clip_logits_are_frames_under_attention(student: Student) -> None:
    x = torch.randn(2, 1, 16, 40)
    with torch.no_grad():
        clip, frames, pooled = student(x)
        features = student.body(x).mean(2).transpose(1, 2)
        share = torch.tanh(student.attend(features)).softmax(1)
    assert clip.shape == (2, 3)
    assert frames.shape == (2, features.shape[1], 3)
    assert torch.allclose(share.sum(1), torch.ones(2, 3), atol=1e-6)
    assert torch.allclose(clip, (share * frames).sum(1), atol=1e-6)
    assert torch.allclose(pooled, features.mean(1), atol=1e-6)  # without an embedding of its own


def test_an_embedding_has_the_width_that_is_asked() -> None:
    with torch.no_grad():
        assert Student(3, 0.25, embedding=7).eval()(torch.randn(2, 1, 16, 20))[2].shape == (2, 7)


def test_every_picture_is_judged_alone(student: Student) -> None:
    x = torch.randn(3, 1, 16, 20)
    with torch.no_grad():
        together, alone = student(x)[0], torch.cat([student(x[i : i + 1])[0] for i in range(3)])
    assert torch.allclose(together, alone, atol=1e-5)


def test_masks_silence_one_band_and_one_stretch_of_time() -> None:
    torch.manual_seed(0)
    masked = 0
    for _ in range(40):
        found = _spec_augment(torch.ones(1, 1, 12, 18))[0, 0]
        bands, times = ~found.any(1), ~found.any(0)
        assert int(bands.sum()) <= 2
        assert int(times.sum()) <= 3
        assert torch.equal(found, (~bands).float()[:, None] * (~times).float()[None])
        masked += int(bands.any()) + int(times.any())
    assert masked > 20
    x = torch.arange(18.0).expand(1, 1, 12, 18) + 1
    assert any((_spec_augment(x)[0, 0].max(0).values.diff() < -10).any() for _ in range(10))  # time is rolled


def test_only_training_masks(student: Student, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(cnn, "_spec_augment", lambda x: calls.append(len(x)) or x)
    student(torch.randn(2, 1, 16, 20))
    assert calls == []
    student.train()(torch.randn(2, 1, 16, 20))
    assert calls == [2]


def test_the_whole_is_the_front_end_and_the_student(student: Student) -> None:
    whole = WaveStudent(Picture(4000, 256, 160, 16, 50.0, 2000.0), student).eval()
    waves = torch.randn(2, 4000)
    with torch.no_grad():
        clip, frames, _ = student(whole.front(waves))
        assert torch.equal(whole(waves)[0], clip)
        assert torch.equal(whole(waves)[1], frames)
