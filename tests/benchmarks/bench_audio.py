"""The audio path, and how busy `run` keeps a model: blendkit against the bare libraries.

    python -m tests.benchmarks.bench_audio

1. decode + resample + cut of a 60 s OGG at 32 kHz, against soundfile + soxr alone.
2. a member over many recordings end to end (hash, decode, score, store), against decoding them and
   calling onnxruntime on the same batches, one after the other.
Both sides of a ratio alternate in one process; the best of each is taken.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr

from blendkit.audio.cutting import cut
from blendkit.audio.decoding import decode
from blendkit.audio.recordings import find_audio
from blendkit.audio.resampling import resample
from blendkit.sample.config import WorldConfig
from blendkit.sample.world import make_world
from blendkit.scoring.standalone import one_member, score_audio

TARGET = 48000
TURNS = 5


def bare(path: Path) -> np.ndarray:
    samples, rate = sf.read(path, dtype="float32")
    samples = soxr.resample(samples, rate, TARGET, quality="HQ")
    return samples[: 12 * 5 * TARGET].reshape(12, 5 * TARGET)


def ours(path: Path) -> np.ndarray:
    samples = resample(decode(path), TARGET).samples
    return np.stack([cut(samples, k * 5 * TARGET, 5 * TARGET) for k in range(12)])


def best(*ways):
    """Best seconds of each way, taken in turns."""
    seconds = [float("inf")] * len(ways)
    for _ in range(TURNS):
        for i, way in enumerate(ways):
            started = time.perf_counter()
            way()
            seconds[i] = min(seconds[i], time.perf_counter() - started)
    return seconds


def bare_inference(files: list[Path], model: Path) -> None:
    import onnxruntime as ort

    from blendkit.scoring.cpus import cpu_count

    options = ort.SessionOptions()
    options.intra_op_num_threads = cpu_count()
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    for start in range(0, len(files), 8):  # the windows of a group of eight, sixteen at a time
        windows = np.concatenate([sf.read(f, dtype="float32")[0].reshape(12, -1) for f in files[start : start + 8]])
        for low in range(0, len(windows), 16):
            session.run(["label"], {"inputs": windows[low : low + 16]})


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world"
        make_world(world, WorldConfig(test_recordings=32, train_recordings=4))
        files = [r.path for r in find_audio([world / "test_soundscapes"]).recordings]
        assert np.array_equal(bare(files[0]), ours(files[0]))
        ref, got = best(lambda: bare(files[0]), lambda: ours(files[0]))
        print(
            f"60 s OGG to 48 kHz chunks: soundfile + soxr {ref * 1e3:.1f} ms, blendkit {got * 1e3:.1f} ms, "
            f"ratio {got / ref:.3f}"
        )
        model, labels = world / "models/perch_v2.onnx", world / "models/perch_labels.csv"
        turn = iter(range(1000))

        def scored() -> None:
            out = Path(folder) / f"store{next(turn)}"
            scorer = one_member("perch", [world / "test_soundscapes"], settings=[f"model={model}", f"labels={labels}"])
            score_audio(scorer, out)

        ref, got = best(lambda: bare_inference(files, model), scored)
        print(
            f"{len(files)} recordings end to end: decode then onnxruntime {ref:.2f} s, blendkit {got:.2f} s, "
            f"ratio {got / ref:.3f}"
        )


if __name__ == "__main__":
    main()
