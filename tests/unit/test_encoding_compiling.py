"""Kernels: compiled once, kept on the disk, run in as many threads as the user allows."""

import json
import logging
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest
import threadpoolctl

from lamina.encoding import StepForwardConverter, compiling
from lamina.encoding.compiling import Kernel

SOURCE = """
def add_rows(first, last, numbers, sums):
    for c in range(first, last):
        for t in range(numbers.shape[1]):
            sums[c] += numbers[c, t]
"""


def add_rows(first, last, numbers, sums):
    """A kernel that stands in a file, so that it can be kept."""
    for c in range(first, last):
        for t in range(numbers.shape[1]):
            sums[c] += numbers[c, t]


def nowhere():
    """The same function, which stands in no file, so that nothing can be kept."""
    made = {}
    exec(SOURCE, made)
    made["add_rows"].__module__ = __name__
    return Kernel(made["add_rows"])


def sums_of(kernel, numbers):
    sums = np.zeros(len(numbers), numbers.dtype)
    kernel.over_channels(numbers.shape, numbers, sums)
    return sums


NUMBERS = np.arange(12.0).reshape(3, 4)


def test_a_kernel_computes_what_its_function_does():
    expected = np.zeros(3)
    add_rows(0, 3, NUMBERS, expected)
    np.testing.assert_array_equal(sums_of(Kernel(add_rows), NUMBERS), expected)
    np.testing.assert_array_equal(expected, NUMBERS.sum(axis=1))


def test_a_kernel_is_compiled_once_for_each_type():
    kernel = nowhere()
    for _ in range(3):
        for dtype in ("float32", "float64"):
            assert sums_of(kernel, NUMBERS.astype(dtype)).dtype == dtype
    frozen = NUMBERS.copy()
    frozen.setflags(write=False)
    np.testing.assert_array_equal(sums_of(kernel, frozen), NUMBERS.sum(axis=1))
    assert len(kernel._compiled.signatures) == 3


ANOTHER_PROCESS = """
import json, sys
import numpy as np
import lamina.encoding
assert "numba" not in sys.modules, "importing loads Numba"
from lamina.encoding import step_forward
spikes = lamina.encoding.StepForwardConverter(0.5).encode(np.arange(9.0))
stats = step_forward._follow._compiled.stats
print(json.dumps([sum(stats.cache_hits.values()), sum(stats.cache_misses.values()), spikes.tolist()]))
"""


def test_another_process_finds_the_compiled_code_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kept"))
    found = []
    for _ in range(2):
        ran = subprocess.run([sys.executable, "-c", ANOTHER_PROCESS], capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        found.append(json.loads(ran.stdout))
    expected = StepForwardConverter(0.5).encode(np.arange(9.0)).tolist()
    assert found == [[0, 1, expected], [1, 0, expected]]


def test_who_waits_is_told_why(monkeypatch, caplog):
    monkeypatch.setattr(compiling, "_PATIENCE_S", 0.005)
    kernel = nowhere()
    with caplog.at_level(logging.WARNING, logger="lamina"):
        sums_of(kernel, NUMBERS)
    assert f"compiling {__name__}.add_rows, or loading it from the disk" in caplog.text
    caplog.clear()
    sums_of(kernel, NUMBERS)
    assert caplog.text == ""


def test_who_does_not_wait_is_told_nothing(monkeypatch, caplog):
    monkeypatch.setattr(compiling, "_PATIENCE_S", 600.0)
    with caplog.at_level(logging.WARNING, logger="lamina"):
        sums_of(Kernel(add_rows), NUMBERS)
    assert caplog.text == ""


def test_a_code_without_a_place_on_the_disk_runs_and_says_so(caplog):
    with caplog.at_level(logging.WARNING, logger="lamina"):
        sums = sums_of(nowhere(), NUMBERS)
    np.testing.assert_array_equal(sums, NUMBERS.sum(axis=1))
    assert "NUMBA_CACHE_DIR" in caplog.text


@pytest.mark.parametrize("operation", ["_save_data", "_load_index"])
def test_a_full_disk_or_damaged_files_stop_nothing(operation, monkeypatch, tmp_path, caplog):
    def failing(*words):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(numba.core.caching.IndexDataCacheFile, operation, failing)
    kernel = Kernel(add_rows)
    with caplog.at_level(logging.WARNING, logger="lamina"):
        for dtype in ("float32", "float64", "float32"):
            sums = sums_of(kernel, NUMBERS.astype(dtype))
            np.testing.assert_array_equal(sums, NUMBERS.sum(axis=1))
    assert caplog.text.count("No space left on device") == 1


def test_what_cannot_be_compiled_raises():
    def wrong(first, last, numbers, sums):
        sums[0] = numbers.nowhere

    with pytest.raises(numba.core.errors.TypingError):
        sums_of(Kernel(wrong), NUMBERS)


def test_several_threads_may_ask_at_once():
    kernel, together = nowhere(), threading.Barrier(8)
    signals = [np.random.default_rng(k).standard_normal((2, 50)).cumsum(axis=1) for k in range(8)]

    def ask(k):
        together.wait()
        return sums_of(kernel, signals[k]), StepForwardConverter(0.5).encode(signals[k])

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    for signal, (sums, spikes) in zip(signals, answers, strict=True):
        np.testing.assert_allclose(sums, signal.sum(axis=1), atol=1e-12)
        np.testing.assert_array_equal(spikes, StepForwardConverter(0.5).encode(signal))
    assert len(kernel._compiled.signatures) == 1


@pytest.fixture
def pools(monkeypatch):
    """Let every piece of work pay, and note how many threads each was given."""
    noted = []

    class Noted(ThreadPoolExecutor):
        def __init__(self, threads):
            noted.append(threads)
            super().__init__(threads)

    monkeypatch.setattr(compiling, "_WORK", 1)
    monkeypatch.setattr(compiling, "ThreadPoolExecutor", Noted)
    return noted


needs_two = pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="Numba has one thread here")


@needs_two
@pytest.mark.parametrize(("numbas", "pools_of_others", "expected"), [(2, 2, [2]), (1, 2, []), (2, 1, [])])
def test_limits_of_threads_are_kept(numbas, pools_of_others, expected, pools):
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(numbas)
        with threadpoolctl.threadpool_limits(pools_of_others):
            sums = sums_of(Kernel(add_rows), NUMBERS)
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(sums, NUMBERS.sum(axis=1))
    assert pools == expected


@pytest.mark.parametrize("channels", [1, 2, 5, 7])
def test_threads_share_all_channels_out(channels, pools, monkeypatch):
    monkeypatch.setattr(compiling, "_thread_limit", lambda: 3)
    numbers = np.random.default_rng(0).integers(0, 9, (channels, 40)).astype(np.float64)
    np.testing.assert_array_equal(sums_of(Kernel(add_rows), numbers), numbers.sum(axis=1))
    assert pools == ([] if channels == 1 else [min(channels, 3)])


def test_little_work_starts_no_thread(pools, monkeypatch):
    monkeypatch.setattr(compiling, "_WORK", 2**18)
    monkeypatch.setattr(compiling, "_thread_limit", lambda: 3)
    sums_of(Kernel(add_rows), NUMBERS)
    assert pools == []


def test_an_error_in_a_thread_is_raised(pools, monkeypatch):
    monkeypatch.setattr(compiling, "_thread_limit", lambda: 2)
    kernel = Kernel(add_rows)
    sums_of(kernel, NUMBERS)

    def failing(first, last, *arguments):
        raise RuntimeError(f"channels {first} to {last}")

    monkeypatch.setattr(kernel, "_compiled", failing)
    with pytest.raises(RuntimeError, match="channels 0 to 1"):
        sums_of(kernel, NUMBERS)
