"""Samples that wait until there are enough of them to be worth a matrix product."""

from __future__ import annotations

import array_api_compat

from lamina.typing import Array

Batch = list[tuple[Array, int, float]]
"""Gap-free pieces of one window or more, each with the sample count at its end and its trial's weight."""

# bytes of samples that may wait
_FEW, _MANY = 2**22, 2**24

# tiny chunks are joined now and then, because an array object outweighs a sample
_TINY = 1024


class PendingRuns:
    """Collects gap-free runs, sample by sample if need be, and hands them out in batches.

    Long runs are handed out as they came, short ones as copies, so that the caller may reuse the buffer.

    Parameters
    ----------
    window
        Samples of a window; the last ``window - 1`` samples of an unfinished run are kept back.
    channels
        Channels of the recordings.
    """

    def __init__(self, window: int, channels: int) -> None:
        self.window = window
        row = 8 * channels
        # adding a batch costs (window * channels)^2 whatever its size; the batch should cost more than that
        worthwhile = min(_FEW + row * channels * window**2 // 2, _MANY)
        self.full = max(4 * window, worthwhile // row)
        self._closed: Batch = []
        self._run: list[Array] = []
        self._run_length = 0
        self._clock = 0
        self._waiting = 0
        self.weight = 1.0
        """Weight of the current trial; to be set while no run has begun."""

    def extend(self, samples: Array, clock: int) -> int:
        """Continue the current run, whose end is sample ``clock``; return the windows that this completes."""
        xp = array_api_compat.array_namespace(samples)
        length = samples.shape[0]
        before = max(0, self._run_length - self.window + 1)
        if length >= self.full:
            bridge = samples[: self.window - 1, :]
            if self._run:
                self._append(xp.astype(bridge, xp.float64), clock - length + bridge.shape[0])
            after = self._run_length + length - (bridge.shape[0] if self._run else 0)
            self._close()
            self._run, self._run_length, self._clock = [samples], length, clock
            self._waiting += length
        else:
            self._append(xp.astype(samples, xp.float64, copy=True), clock)
            after = self._run_length
        return max(0, after - self.window + 1) - before

    def end_run(self) -> None:
        """Let no window span what came before and what comes next."""
        self._close()
        self._run, self._run_length = [], 0

    def take_when_full(self) -> list[Batch]:
        """Hand out what waits, if there is enough of it."""
        return self.take() if self._waiting >= self.full else []

    def take(self) -> list[Batch]:
        """Hand out every complete window that waits, and keep back the start of the next ones."""
        batches = [self._closed] if self._closed else []
        self._closed = []
        if self._run_length >= self.window:
            batches.append([(self._joined(), self._clock, self.weight)])
            if len(batches) == 2 and self._run_length < self.full:
                batches = [batches[0] + batches[1]]
        if self._run:
            xp = array_api_compat.array_namespace(self._run[0])
            kept = self._joined()
            kept = kept[max(0, kept.shape[0] - self.window + 1) :, :]
            self._run = [xp.astype(kept, xp.float64, copy=True)]
            self._run_length = kept.shape[0]
        self._waiting = self._run_length
        return batches

    def carry(self) -> Array | None:
        """Return the samples of the unfinished run that later windows need, once nothing complete waits."""
        return self._joined() if self._run else None

    def sample(self) -> Array | None:
        """Return some array of those that wait, to see of which kind they are."""
        if self._run:
            return self._run[0]
        return self._closed[0][0] if self._closed else None

    def _append(self, samples: Array, clock: int) -> None:
        self._run.append(samples)
        if len(self._run) > _TINY:
            self._run = [self._joined()]
        self._run_length += samples.shape[0]
        self._waiting += samples.shape[0]
        self._clock = clock

    def _close(self) -> None:
        if self._run_length >= self.window:
            self._closed.append((self._joined(), self._clock, self.weight))
        else:
            self._waiting -= self._run_length

    def _joined(self) -> Array:
        if len(self._run) > 1:
            xp = array_api_compat.array_namespace(*self._run)
            self._run = [xp.concat(self._run, axis=0)]
        return self._run[0]
