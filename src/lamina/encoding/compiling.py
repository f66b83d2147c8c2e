"""Loops that are compiled when they are first called, kept on the disk, and run over channels in threads."""

from __future__ import annotations

import itertools
import logging
import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_log = logging.getLogger(__name__)

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
        """Compile for these types of arguments if they are new, and say so if it takes long."""
        types = tuple(
            (value.dtype.char, value.ndim, value.flags.writeable, value.flags.c_contiguous)
            if hasattr(value, "dtype")
            else type(value)
            for value in arguments
        )
        if self._compiled is not None and types in self._known:
            return self._compiled
        with self._lock:
            notice = threading.Timer(_PATIENCE_S, self._tell)
            notice.daemon = True
            notice.start()
            try:
                if self._compiled is None:
                    from numba import njit

                    self._compiled = njit(cache=True, nogil=True)(self.function)
                # no channel at all: this compiles, or loads from the disk, and computes nothing
                self._compiled(0, 0, *arguments)
                self._known.add(types)
            finally:
                notice.cancel()
        return self._compiled

    def _tell(self) -> None:
        _log.warning(
            "compiling %s.%s for the first time; the result is kept on the disk, and later calls do not wait",
            self.__module__,
            self.function.__name__.strip("_"),
        )


def kernel(function: Callable[..., None]) -> Kernel:
    """Make a loop over channels a `Kernel`; for use as a decorator."""
    return Kernel(function)


def _thread_limit() -> int:
    from numba import get_num_threads

    return get_num_threads()
