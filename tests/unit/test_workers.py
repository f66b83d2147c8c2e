"""Processes side by side: one that dies takes nothing with it, and an interrupt ends all of them."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from worker_cases import Unable, work

from lamina.errors import StateError
from lamina.experiments import workers
from lamina.experiments.workers import run_in_processes


def silent(*_):
    return None


def test_all_is_done_and_told_in_order(tmp_path):
    told = []
    tasks = {name: ("well" if name != "c" else "odd", tmp_path) for name in "abcd"}
    errors = run_in_processes(work, tasks, 2, lambda *said: told.append(said))
    assert errors == {"a": "", "b": "", "c": "odd in c", "d": ""}
    for name in tasks:
        assert [said[1:] for said in told if said[0] == name] == [(0.5, "half of it"), (1.0, "done")]
    assert len({(tmp_path / name).read_text() for name in tasks}) <= 2
    assert os.getpid() not in {int((tmp_path / name).read_text()) for name in tasks}
    assert not multiprocessing.active_children()


@pytest.mark.skipif(sys.platform == "win32", reason="has no such signal")
def test_one_that_dies_fails_alone(tmp_path):
    tasks = {
        name: (how, tmp_path) for name, how in zip("abcd", ("well", "exit", "killed", "well"), strict=True)
    }
    assert run_in_processes(work, tasks, 1, silent) == {
        "a": "",
        "b": "its process ended with code 3",
        "c": "its process was ended by SIGKILL (was there enough memory?)",
        "d": "",
    }


def test_an_interrupt_ends_all_at_once(tmp_path):
    # more are waiting than are working: none of them may be begun
    tasks = dict.fromkeys("abcde", ("endless", tmp_path))
    told = set()

    def interrupt(name, fraction, text):
        told.add(name)
        if len(told) == 2:
            raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_in_processes(work, tasks, 2, interrupt)
    assert time.monotonic() - started < 60
    assert not multiprocessing.active_children()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a tidied", "b", "b tidied"]


def test_one_that_does_not_listen_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "_GRACE_S", 0.2)

    def interrupt(name, fraction, text):
        if text == "deaf":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_in_processes(work, {"a": ("deaf", tmp_path)}, 1, interrupt)
    assert not multiprocessing.active_children()


def test_others_of_the_same_parent_are_left_alone(tmp_path):
    context = multiprocessing.get_context("spawn")
    other = context.Process(target=time.sleep, args=(300,), daemon=True)
    other.start()
    try:
        with pytest.raises(ZeroDivisionError):
            run_in_processes(work, {"a": ("well", tmp_path)}, 1, lambda *_: 1 // 0)
        assert other.is_alive()
    finally:
        other.terminate()
        other.join()


def test_a_process_that_cannot_start(capfd):
    with pytest.raises(StateError, match="before it could work"):
        run_in_processes(Unable(), {"a": (), "b": ()}, 1, silent)
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_a_script_without_a_main_guard_is_told(tmp_path):
    (tmp_path / "script.py").write_text(
        "from pathlib import Path\n"
        "from lamina.experiments import REGISTRY\n"
        "from lamina.experiments.joint import run_all\n"
        "both = {name: REGISTRY[name] for name in ('ou', 'local')}\n"
        "run_all(both, Path('all'), quick=True, jobs=2)\n"
    )
    ended = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=200
    )
    assert ended.returncode == 1
    assert "StateError: a process for experiments ended with code 1" in ended.stderr


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be held back here")
def test_an_interrupt_in_the_middle_of_a_start_waits():
    noticed = []
    before = signal.signal(signal.SIGINT, lambda *_: noticed.append("now"))
    try:
        with workers._interrupts_later():
            # to this thread: one for the whole process may be taken by a thread of a library
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)
            assert not noticed
        assert noticed == ["now"]
    finally:
        signal.signal(signal.SIGINT, before)
