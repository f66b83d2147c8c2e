"""A fit goes on where it was, even after kill -9; what is no checkpoint is named, with what to do."""

import json
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

import lamina
from lamina.errors import ArgumentError, ArgumentTypeError, FileError, OutputError
from lamina.io import checkpoints
from lamina.io.checkpoints import Checkpoint
from lamina.io.container import read_container, write_container

RECORDING = np.random.default_rng(0).standard_normal((3000, 2)).cumsum(axis=0)
FITTED = ("filters_", "future_filters_", "canonical_correlations_", "past_mean_", "forecast_")


def unit():
    return lamina.ReSU(memory=6, horizon=4, rank=3)


def assert_same_bits(found, expected):
    for name in FITTED:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    for name, value in expected.moments_.state().items():
        np.testing.assert_array_equal(found.moments_.state()[name], value)


class Full(BaseException):
    pass


def stopped(path, saves=3, X=RECORDING, every=400, **keywords):
    """Leave a checkpoint by a fit that fails after it has saved so many times."""

    class Failing(Checkpoint):
        left = saves

        def save(self, state):
            super().save(state)
            self.left -= 1
            if not self.left:
                raise Full

    with pytest.raises(Full):
        unit().fit(X, checkpoint=Failing(path, every), **keywords)
    assert path.exists()


def test_what_is_saved_is_loaded_to_the_bit(tmp_path):
    moments = lamina.LagMoments(5, 4, channels=2).update(RECORDING[:333], weight=0.1)
    state = {"trial": 3, "made_for": {"half_life": None, "digest": "ä"}, "moments": moments.state()}
    checkpoint = Checkpoint(tmp_path / "a", every=7)
    checkpoint.save(state)
    checkpoint.save(state)
    found = Checkpoint(tmp_path / "a").load()
    assert found is not None
    assert found["made_for"] == state["made_for"]
    assert found["moments"].keys() == state["moments"].keys()
    for name, value in state["moments"].items():
        np.testing.assert_array_equal(found["moments"][name], value, strict=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert repr(checkpoint) == f"Checkpoint({str(tmp_path / 'a')!r}, every=7)"


def test_a_fit_goes_on_where_it_was_and_leaves_no_file(tmp_path):
    path = tmp_path / "fit.checkpoint"
    expected = unit().fit(RECORDING, checkpoint=Checkpoint(path, every=400))
    assert not path.exists()
    stopped(path)
    description, _ = read_container(path)
    assert description["state"]["samples"] == 1200
    told = []
    found = unit().fit(
        RECORDING, checkpoint=Checkpoint(path, every=400), progress=lambda fraction, _: told.append(fraction)
    )
    assert told[0] == 1600 / 3000
    assert_same_bits(found, expected)
    assert list(tmp_path.iterdir()) == []
    plain = unit().fit(RECORDING)
    for name in FITTED:
        np.testing.assert_allclose(getattr(found, name), getattr(plain, name), rtol=1e-8, atol=1e-10)


def test_of_a_generator_with_a_partner_and_weights(tmp_path):
    def chunks(step):
        return (RECORDING[start : start + step] for start in range(0, 3000, step))

    def given():
        return {"X": [chunks(7), chunks(1000)], "future_of": [chunks(900), chunks(11)]}

    path = tmp_path / "fit.checkpoint"
    keywords = {"trial_weights": [1.0, 0.25]}
    expected = unit().fit(**given(), **keywords, checkpoint=Checkpoint(path, every=400))
    stopped(path, saves=10, **given(), **keywords)
    with pytest.raises(ArgumentError, match=r"checkpoint must be .*other trial_weights"):
        unit().fit(**given(), checkpoint=Checkpoint(path, every=400))
    assert_same_bits(unit().fit(**given(), **keywords, checkpoint=Checkpoint(path, every=400)), expected)


def test_a_failed_fit_leaves_the_checkpoint_and_the_unit(tmp_path):
    path = tmp_path / "fit.checkpoint"
    stopped(path)
    before = path.read_bytes()
    fitted = unit().fit(RECORDING)
    filters = fitted.filters_.copy()
    with pytest.raises(ArgumentError, match="checkpoint must be one that a fit of this recording"):
        fitted.fit(RECORDING[::-1], checkpoint=Checkpoint(path))
    np.testing.assert_array_equal(fitted.filters_, filters)
    assert path.read_bytes() == before


def damages(path):
    content = path.read_bytes()
    middle = len(content) // 2
    yield b""
    yield content[:5]
    yield content[:-1]
    yield content + b"\0"
    yield content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    yield b"not a checkpoint at all, but long enough to look like one"
    description, arrays = read_container(path)
    for change in ({"format": 2, "lamina": "99"}, {"class": "ReSU"}, {"state": 3}, {"state": {"moments": 0}}):
        write_container(path, {**description, **change}, arrays)
        yield path.read_bytes()
    lamina.save(unit().fit(RECORDING), path.with_suffix(".safetensors"))
    yield path.with_suffix(".safetensors").read_bytes()


def test_a_damaged_file_is_named_with_what_to_do(tmp_path):
    path = tmp_path / "fit.checkpoint"
    stopped(path)
    cases = list(damages(path))
    for content in cases:
        path.write_bytes(content)
        with pytest.raises(FileError, match=r"cannot read .*fit.checkpoint: .*remove .* to fit from the beg"):
            unit().fit(RECORDING, checkpoint=Checkpoint(path))
        assert path.read_bytes() == content
    assert len(cases) == 11


def test_mutated_files_are_read_right_or_refused(tmp_path):
    path = tmp_path / "fit.checkpoint"
    stopped(path)
    content = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    expected = json.dumps(read_container(path)[0], sort_keys=True)
    rng = np.random.default_rng(1)
    refused = 0
    tracemalloc.start()
    for _ in range(500):
        mutated = content.copy()
        for _ in range(rng.integers(1, 4)):
            mutated[rng.integers(len(mutated) if rng.random() < 0.5 else 300)] = rng.integers(256)
        path.write_bytes(mutated[: rng.integers(len(mutated)) if rng.random() < 0.1 else None].tobytes())
        try:
            Checkpoint(path).load()
        except FileError as error:
            refused += "remove" in str(error)
        else:
            assert json.dumps(read_container(path)[0], sort_keys=True) == expected
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused > 450
    assert peak < 20 * 2**20


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"every": 0}, ArgumentError, "every must be an integer of at least 1"),
        ({"every": 1e6}, ArgumentTypeError, "every must be an integer"),
        ({"path": 3}, ArgumentTypeError, "path must be a path, as text"),
        ({"path": None}, ArgumentTypeError, "path"),
    ],
)
def test_what_cannot_be_asked_for(arguments, error, says):
    with pytest.raises(error, match=says):
        Checkpoint(**{"path": "a"} | arguments)


def test_a_place_that_cannot_be_written_is_named_before_the_work(tmp_path):
    (tmp_path / "folder").mkdir()
    read = []

    def chunks():
        read.append(1)
        yield RECORDING

    for path, says in ((tmp_path / "no" / "a", "does not exist"), (tmp_path / "folder", "it is a folder")):
        with pytest.raises(OutputError, match=says):
            unit().fit(chunks, checkpoint=Checkpoint(path))
    assert len(read) == 2  # the first chunk alone, to see what it is


def test_a_state_too_large_for_a_file_is_named_before_it_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "MAXIMUM_FILE_BYTES", 2**20 + 3000)
    with pytest.raises(OutputError, match="fit without a checkpoint, or with shorter windows"):
        unit().fit(RECORDING, checkpoint=Checkpoint(tmp_path / "a", every=400))
    assert list(tmp_path.iterdir()) == []


def test_remains_of_killed_writers_are_removed_and_nothing_else(tmp_path):
    path = tmp_path / "fit.checkpoint"
    for name in ("fit.checkpoint.0123abcd.partial", "fit.checkpoint.mine.partial", "other.0123abcd.partial"):
        (tmp_path / name).write_text("half")
    unit().fit(RECORDING, checkpoint=Checkpoint(path))
    kept = sorted(found.name for found in tmp_path.iterdir())
    assert kept == ["fit.checkpoint.mine.partial", "other.0123abcd.partial"]


CHILD = """
import os, signal, sys, time
import numpy as np
import lamina
from lamina.io.checkpoints import Checkpoint

def fit(every=400):
    recording = np.load("recording.npy", mmap_mode="r")
    unit = lamina.ReSU(memory=20, horizon=10, rank=3)
    unit.fit(recording, checkpoint=Checkpoint("fit.checkpoint", every=every))
    state = unit.moments_.state()
    arrays = {name: state[name] for name in ("origin", "mean", "scatter")}
    np.savez("part.npz", filters=unit.filters_, n_windows=unit.n_windows_, **arrays)
    os.replace("part.npz", "fitted.npz")

# what is imported late is imported here, once for all children
lamina.ReSU(memory=2, horizon=1, rank=1).fit(np.sin(np.arange(50.0) ** 1.1))
for line in sys.stdin:
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        fit()
        os._exit(0)
    if float(line) >= 0:
        time.sleep(float(line))
        # until it is waited for, its number is nobody else's
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    print(int(os.WIFSIGNALED(status)), status, time.perf_counter() - began, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="there is no kill -9, nor fork")
def test_killed_twenty_times_and_resumed_is_the_same_to_the_bit(tmp_path):
    np.save(
        tmp_path / "recording.npy", np.random.default_rng(2).standard_normal((20_000, 2), dtype=np.float32)
    )
    path, fitted = tmp_path / "fit.checkpoint", tmp_path / "fitted.npz"
    rng = np.random.default_rng(3)
    expected, duration, kills, resumed = None, 0.0, 0, 0
    # several interpreters, so that nothing depends on where things lie in the memory of one
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD],
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None

            def run(delay, process=process):
                print(delay, file=process.stdin, flush=True)
                killed, status, seconds = process.stdout.readline().split()
                assert killed == "1" or status == "0", "the fit failed"
                return killed == "1", float(seconds)

            if expected is None:
                _, duration = run(-1)
                expected = dict(np.load(fitted))
                fitted.unlink()
                assert not path.exists()
            target = kills + 10
            while kills < target:
                begun = path.exists()
                killed, _ = run(rng.uniform(0, duration))
                kills += killed
                resumed += begun and killed
                if path.exists():
                    assert Checkpoint(path).load()["samples"] % 400 == 0
                if not killed:
                    found = dict(np.load(fitted))
                    fitted.unlink()
                    for name, value in expected.items():
                        np.testing.assert_array_equal(found[name], value)
            process.stdin.close()
            assert process.wait(timeout=60) == 0
    assert kills == 20
    assert resumed > 0
    # the last one is let go on to its end
    unit_ = lamina.ReSU(memory=20, horizon=10, rank=3)
    unit_.fit(np.load(tmp_path / "recording.npy", mmap_mode="r"), checkpoint=Checkpoint(path, every=400))
    np.testing.assert_array_equal(unit_.moments_.state()["scatter"], expected["scatter"])
    assert sorted(found.name for found in tmp_path.iterdir()) == ["recording.npy"]
