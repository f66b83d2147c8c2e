"""Loops that are compiled when they are first called, kept on the disk, and run over channels in threads."""

from __future__ import annotations

import functools
import itertools
import logging
import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

_log = logging.getLogger(__name__)

# threads run at once, and a division by zero gives what it gives in NumPy
_OPTIONS = {"nogil": True, "error_model": "numpy"}

# who waits longer than this is told why
_PATIENCE_S = 2.0
# samples below which threads cost more than they bring
_WORK = 2**18


class Kernel:
    """A loop over channels, compiled by Numba at its first call.

    Its first two arguments are the first channel and the one behind the last; the others are arrays and
    numbers. Loading Numba waits until then, since it takes half a second. The compiled code is kept on the
    disk, so that another process does not compile again.

    Parameters
    ----------
    function
        A function that Numba can compile; it calls no other kernel.
    """

    def __init__(self, function: Callable[..., None]) -> None:
        self.function = function
        self.__doc__ = function.__doc__
        self.__module__ = function.__module__
        self._compiled: Callable[..., None] | None = None
        self._known: set[tuple[Any, ...]] = set()
        self._lock = threading.Lock()

    def over_channels(self, shape: tuple[int, ...], *arguments: Any) -> None:
        """Run over all channels, in as many threads as Numba may use where that is worth it.

        Parameters
        ----------
        shape
            ``(channels, samples)``; their product decides whether threads pay.
        arguments
            What the function takes behind the two limits.
        """
        run, channels = self._ready(arguments), shape[0]
        threads = min(channels, _thread_limit()) if math.prod(shape) >= _WORK else 1
        if threads == 1:
            run(0, channels, *arguments)
            return
        limits = [channels * part // threads for part in range(threads + 1)]
        with ThreadPoolExecutor(threads) as pool:
            jobs = [pool.submit(run, *pair, *arguments) for pair in itertools.pairwise(limits)]
            for job in jobs:
                job.result()

    def _ready(self, arguments: tuple[Any, ...]) -> Callable[..., None]:
        """Compile or load for these types of arguments if they are new, and say so if it takes long."""
        # one array may come from the user, read-only; the others are made here, contiguous and writeable
        types = tuple([v.dtype.num if isinstance(v, np.ndarray) else type(v) for v in arguments])
        key = types, arguments[0].flags.writeable
        if self._compiled is not None and key in self._known:
            return self._compiled
        with self._lock:
            notice = threading.Timer(_PATIENCE_S, self._tell)
            notice.daemon = True
            notice.start()
            try:
                self._compiled = self._compile(arguments)
                self._known.add(key)
            finally:
                notice.cancel()
            return self._compiled

    def _compile(self, arguments: tuple[Any, ...]) -> Callable[..., None]:
        from numba import njit

        # no channel at all: this compiles, or loads from the disk, and computes nothing
        try:
            run: Any = self._compiled or njit(cache=True, **_OPTIONS)(self.function)
            run(0, 0, *arguments)
        except Exception as error:
            # a folder that cannot be written to, a full disk, a damaged file; if it is the code itself that
            # cannot be compiled, it fails again
            _log.warning(
                "%s.%s is compiled anew by every process: its compiled code cannot be kept on the disk (%s). "
                "Name a folder for it by the environment variable NUMBA_CACHE_DIR.",
                self.__module__,
                self.function.__name__.strip("_"),
                error,
            )
            run = njit(**_OPTIONS)(self.function)
            run(0, 0, *arguments)
            self._known.clear()
        return run

    def _tell(self) -> None:
        _log.warning(
            "compiling %s.%s, or loading it from the disk if it was compiled before; later calls do not wait",
            self.__module__,
            self.function.__name__.strip("_"),
        )


def kernel(function: Callable[..., None]) -> Kernel:
    """Make a loop over channels a `Kernel`; for use as a decorator."""
    return Kernel(function)


def _thread_limit() -> int:
    """Return how many threads the user allows: by Numba's setting, and by that of OpenMP and BLAS."""
    from numba import get_num_threads

    pools = _thread_pools()
    return min(get_num_threads(), max(pool.num_threads for pool in pools)) if pools else get_num_threads()


@functools.cache
def _thread_pools() -> list[Any]:
    """Find the libraries that threadpoolctl limits; that takes milliseconds, asking them does not."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().lib_controllers
