"""A few processes that work side by side: one that dies takes nothing with it, and all end when told to."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

from lamina.errors import StateError

_PATIENCE_S = 0.2
"""Longest wait for news, so that an interrupt is noticed where waiting cannot be interrupted (Windows)."""

_GRACE_S = 10.0
"""Time that a process has to remove what it has half written."""

Work = Callable[..., str]


@dataclass(eq=False)
class _Worker:
    process: Any
    line: Any
    doing: str = ""
    ready: bool = False


def run_in_processes(
    work: Work,
    tasks: Mapping[str, tuple[Any, ...]],
    count: int,
    tell: Callable[[str, float, str], None],
) -> dict[str, str]:
    """Do tasks in processes of their own, in the order given, ``count`` at a time.

    Parameters
    ----------
    work
        A function of a module. It gets the name and the arguments of a task, then a function to call with the
        fraction done and what is being done, and returns what went wrong, or nothing.
    tasks
        Arguments by name; they are pickled.
    count
        How many processes, at least 1.
    tell
        Called with a name, the fraction done and what is being done.

    Returns
    -------
    dict[str, str]
        What went wrong, by name; empty texts where nothing did. A process that dies fails its own task only.

    Raises
    ------
    StateError
        If no process can be started, most often because a script has no ``if __name__ == "__main__":``.
    """
    waiting, errors = list(tasks), dict.fromkeys(tasks, "")
    workers: list[_Worker] = []
    try:
        while waiting or workers:
            while waiting and len(workers) < count:
                with _interrupts_later():
                    workers.append(_start(work, max(1, cores() // count)))
                _hand(workers[-1], waiting, tasks)
            for line in wait([worker.line for worker in workers], _PATIENCE_S):
                worker = next(each for each in workers if each.line is line)
                try:
                    kind, *said = worker.line.recv()
                except (EOFError, OSError):
                    workers.remove(worker)
                    errors[worker.doing] = _fate(worker)
                    tell(worker.doing, 1.0, "failed")
                    continue
                worker.ready = True
                if kind == "progress":
                    tell(worker.doing, *said)
                elif kind == "done":
                    errors[worker.doing] = said[0]
                    tell(worker.doing, 1.0, "done")
                    if not _hand(worker, waiting, tasks):
                        workers.remove(worker)
                        worker.line.close()
                        worker.process.join()
    finally:
        _stop(workers)
    return errors


def cores() -> int:
    """Count the processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start(work: Work, threads: int) -> _Worker:
    # a fresh interpreter each: a fork would copy threads of NumPy's in whatever state they are
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, work, threads), daemon=True)
    process.start()
    # so that the line ends with the process
    there.close()
    return _Worker(process, here)


def _hand(worker: _Worker, waiting: list[str], tasks: Mapping[str, tuple[Any, ...]]) -> bool:
    """Give the next task to a process, if one is left."""
    if not waiting:
        return False
    worker.doing = waiting.pop(0)
    try:
        worker.line.send((worker.doing, *tasks[worker.doing]))
    except OSError:
        # it has died meanwhile, which its end of the line will say
        return True
    return True


def _fate(worker: _Worker) -> str:
    """Say how a process died, or raise if it never came to work."""
    worker.process.join()
    code = worker.process.exitcode
    if not worker.ready:
        raise StateError(
            f"a process for experiments ended with code {code} before it could work; run a script under "
            f'`if __name__ == "__main__":`, or use jobs=1'
        )
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name} (was there enough memory?)"
    return f"its process ended with code {code}"


def _stop(workers: list[_Worker]) -> None:
    for worker in workers:
        worker.process.terminate()
    for worker in workers:
        worker.process.join(_GRACE_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.line.close()


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Let Ctrl-C wait: a new process inherits that, and cannot be hit before it is ready."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(line: Any, work: Work, threads: int) -> None:
    """Work until nobody has anything to do."""
    # interrupts are for the parent, which then ends its processes; what is half written is removed
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    import numpy.linalg
    import scipy.linalg
    from threadpoolctl import threadpool_limits

    del numpy, scipy  # loaded so that there are thread pools to limit
    threadpool_limits(threads)
    try:
        line.send(("ready",))
        while True:
            name, *given = line.recv()
            said = work(name, *given, lambda fraction, text: line.send(("progress", fraction, text)))
            line.send(("done", said))
    except (EOFError, OSError):
        # the parent has no more to do, or is gone
        return
