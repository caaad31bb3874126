from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'blendkit[train]'")

from blendkit.errors import BlendkitError  # noqa: E402
from blendkit.training.cross_fit import HeadFit, fit_seqhead  # noqa: E402
from blendkit.training.examples import Examples, check_trainable, stack  # noqa: E402
from blendkit.training.export import exported, write_onnx  # noqa: E402
from blendkit.training.fold_dealing import deal_folds  # noqa: E402
from blendkit.training.head_networks import AttentionPool, HeadShape, Mean, ScalarMix, Token, new_head, parameters_of  # noqa: E402
from blendkit.training.loop import Data, train  # noqa: E402
from blendkit.training.losses import bce, distillation, focal  # noqa: E402
from blendkit.training.sampling import class_balance, epoch_rows  # noqa: E402
from blendkit.training.settings import Mixture, Schedule  # noqa: E402
from blendkit.training.stopping import stopping_score  # noqa: E402

SHAPES = {"a": (6,), "b": (8,)}
TOKENS = (Token("a"), Token("b"))


def examples(clips: int = 60, chunks: int = 30, classes: int = 3) -> Examples:
    """Classes lie apart in block b and not in block a."""
    rng = np.random.default_rng(0)
    n = clips + chunks
    of = np.arange(n) % classes
    targets = np.eye(classes, dtype=np.float32)[of]
    a = rng.standard_normal((n, 6)).astype(np.float32)
    b = (rng.standard_normal((n, 8)) + 3 * np.eye(8)[of]).astype(np.float32)
    ids = np.array([f"r{i}_5" for i in range(n)])
    names = np.array([f"r{i}" for i in range(n)])
    kind = np.array(["clip"] * clips + ["chunk"] * chunks)
    return Examples({"a": a, "b": b}, targets, ids, names, names, kind, tuple("xyz"[:classes]))


def job(kind: str = "attention", **more: object) -> HeadFit:
    shape = HeadShape(kind, TOKENS, SHAPES, 3, width=16)  # type: ignore[arg-type]
    return HeadFit(shape, Schedule(epochs=4, batch=32), Mixture(fewest=128), folds=3, **more)  # type: ignore[arg-type]


def test_attention_at_perch_width_has_about_430_thousand_parameters() -> None:
    shapes = {"b21": (232,), "b24": (384,), "b25": (384,)}
    made = new_head(HeadShape("attention", tuple(map(Token, shapes)), shapes, 234))
    assert 420_000 < parameters_of(made) < 440_000


def test_the_pool_is_a_whole_transformer_block_at_cls() -> None:
    head = AttentionPool(HeadShape("attention", TOKENS, SHAPES, 3, width=16, dropout=0.0)).eval()
    blocks = [torch.randn(5, 6), torch.randn(5, 8)]
    vectors = [p(x) + at for p, x, at in zip(head.project, head.tokens(blocks), head.place, strict=True)]
    x = torch.cat([head.cls.expand(5, -1, -1), *vectors], 1)
    whole = torch.nn.MultiheadAttention(16, 4, batch_first=True)
    parts = (head.query, head.key, head.value)
    with torch.no_grad():
        whole.in_proj_weight.copy_(torch.cat([p.weight for p in parts]))
        whole.in_proj_bias.copy_(torch.cat([p.bias for p in parts]))
        whole.out_proj.weight.copy_(head.join.weight)
        whole.out_proj.bias.copy_(head.join.bias)
        normal = head.before(x)
        y = x + whole(normal, normal, normal)[0]
        y = y + head.feed(head.between(y))
        wanted = head.out(head.after(y[:, 0]))
        assert torch.allclose(head(*blocks), wanted, atol=1e-5)
        assert torch.allclose(head.weights(blocks).sum(1), torch.ones(5), atol=1e-6)


def test_scalar_mix_by_hand() -> None:
    shapes = {"a": (2,), "b": (2,)}
    head = ScalarMix(HeadShape("scalarmix", TOKENS, shapes, 1, dropout=0.0)).eval()
    head.start_from([0.75, 0.25])
    a, b = torch.tensor([[1.0, 2.0]]), torch.tensor([[5.0, 6.0]])
    with torch.no_grad():
        mixed = 0.75 * a + 0.25 * b
        assert torch.allclose(head(a, b), head.out(mixed), atol=1e-6)


@pytest.mark.parametrize("kind", ["scalarmix", "attention"])
@pytest.mark.parametrize("grid", [(), (2, 3)])
def test_export_is_the_same_and_weights_can_be_swapped(kind: str, grid: tuple[int, ...], tmp_path: Path) -> None:
    import onnxruntime

    shapes = dict.fromkeys("ab", (*grid, 8))
    shape = HeadShape(kind, (Token("b"), Token("b", "a")), shapes, 3, width=16)  # type: ignore[arg-type]
    heads = [Mean([new_head(shape), new_head(shape)]).eval() for _ in range(2)]
    x = [torch.randn(5, *grid, 8) for _ in shape.inputs]
    graph = exported(heads[0], x, shape.inputs, ["logits"])
    for i, head in enumerate(heads):
        assert write_onnx(graph, head, x, {"blocks": list(shape.inputs)}, tmp_path / f"{i}.onnx") < 1e-5
    session = onnxruntime.InferenceSession(tmp_path / "1.onnx", providers=["CPUExecutionProvider"])
    assert [i.name for i in session.get_inputs()] == ["b", "a"]
    with torch.no_grad():
        found = session.run(None, {n: v.numpy() for n, v in zip(shape.inputs, x, strict=True)})[0]
        assert np.allclose(found, heads[1](*x).numpy(), atol=1e-5)
        assert not np.allclose(found, heads[0](*x).numpy(), atol=1e-3)
    graph.graph.initializer[0].name = "unknown"  # its weights are not those of the other head
    other = Mean([new_head(shape), new_head(shape)]).eval()
    with pytest.raises(Exception, match=r"unknown|differs|Invalid|Node"):
        write_onnx(graph, other, x, {}, tmp_path / "2.onnx")
    assert not (tmp_path / "2.onnx").exists()


def test_losses_by_hand() -> None:
    z, t = torch.tensor([[0.0, 2.0]]), torch.tensor([[1.0, 0.0]])
    p = torch.sigmoid(z)
    assert bce(z, t).item() == pytest.approx((-torch.log(p[0, 0]) - torch.log(1 - p[0, 1])).item() / 2)
    each = torch.tensor([0.5**2 * np.log(2), p[0, 1] ** 2 * -np.log(1 - p[0, 1].item())])
    assert focal(z, t).item() == pytest.approx(each.mean().item(), rel=1e-5)
    assert distillation(z, torch.sigmoid(z / 2), 2.0).item() == pytest.approx(0, abs=1e-6)
    assert distillation(z, torch.sigmoid(-z / 2), 2.0).item() > 0.1
    assert torch.isfinite(distillation(z, torch.tensor([[0.0, 1.0]]), 2.0))


def test_an_epoch_holds_its_shares() -> None:
    e = examples(80, 20)
    rows = epoch_rows(e, Mixture(0.2, fewest=1000), np.random.default_rng(0))
    assert len(rows) == 1000
    assert (e.kind[rows] == "chunk").sum() == 200
    few = np.array([[1, 0]] * 9 + [[0, 1]], np.float32)
    chances = class_balance(few)
    assert chances[:9].sum() == pytest.approx(chances[9])


def test_folds_never_split_a_group() -> None:
    e = examples()
    e = replace(e, group=np.array([f"g{i % 7}" for i in range(len(e))]))
    fold = deal_folds(e, 3)
    for g in set(e.group.tolist()):
        assert len(set(fold[e.group == g].tolist())) == 1  # of clips and chunks together
    with pytest.raises(BlendkitError, match="cannot make 9 folds"):
        deal_folds(e, 9)


def test_what_cannot_be_learned_is_said() -> None:
    e = examples()
    none = replace(e, targets=np.zeros_like(e.targets))
    with pytest.raises(BlendkitError, match="nothing can be learned"):
        check_trainable(none)
    bad = replace(e, features={**e.features, "a": np.full_like(e.features["a"], np.nan)})
    with pytest.raises(BlendkitError, match="not finite: a"):
        check_trainable(bad)
    with pytest.raises(BlendkitError, match="2 labelled chunks come more than once") as caught:
        check_trainable(stack([e, e.take([0, 1])]))
    assert caught.value.problems[0] == "r0_5, r1_5"
    with pytest.raises(BlendkitError, match="different shapes"):
        stack([e, replace(e, features={"a": e.features["b"], "b": e.features["b"]})])


def test_a_fit_learns_from_true_labels_and_nothing_from_shuffled_ones(tmp_path: Path) -> None:
    e = examples()
    longer = replace(
        job("scalarmix", seeds=2), schedule=Schedule(epochs=8, batch=32, rate=0.015), mixture=Mixture(fewest=256)
    )
    fit = fit_seqhead(e, longer, tmp_path)
    assert np.isfinite(fit.oof).all()
    assert stopping_score(e, fit.oof) > 0.95
    assert np.allclose(fit.oof, fit.by_seed.mean(axis=0), atol=1e-6)
    assert fit.weights.mean(axis=0)[1] > 0.8  # block b holds the classes
    shuffled = replace(e, targets=np.random.default_rng(1).permutation(e.targets))
    wrong = fit_seqhead(shuffled, replace(longer, seeds=1), None)
    assert stopping_score(shuffled, wrong.oof) < 0.7


def test_an_interrupted_training_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    e = examples()
    inputs = [torch.from_numpy(e.features[n]) for n in "ab"]
    data = Data(inputs, torch.from_numpy(e.targets))

    def run(checkpoint: Path | None, stop_at: int | None = None) -> dict[str, torch.Tensor]:
        torch.manual_seed(3)
        head = new_head(job().shape)

        def on_epoch(epoch: int, loss: float, score: float) -> None:
            if epoch == stop_at:
                raise KeyboardInterrupt

        state = train(
            head, data, lambda rng: rng.permutation(len(e)), job().schedule, 0, checkpoint=checkpoint, on_epoch=on_epoch
        )
        return state.best

    whole = run(None)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "c.pt", stop_at=2)
    assert torch.load(tmp_path / "c.pt", weights_only=True)["progress"]["epoch"] == 2
    resumed = run(tmp_path / "c.pt")
    assert all(torch.equal(whole[k], resumed[k]) for k in whole)
