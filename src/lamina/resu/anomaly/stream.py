"""A fitted detector that is fed one sample at a time."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from lamina._checks import check_integer, check_recording
from lamina.errors import ArgumentTypeError, DataError, ShapeError
from lamina.resu.anomaly.bank import SurpriseBank
from lamina.resu.anomaly.scoring import unlike


class SurpriseStream:
    """Run a fitted detector on a stream: what `ReSUAnomaly.surprise` gives for the whole, as it comes in.

    s_τ = ‖A (w_τ − μ)‖², w_τ the last L samples, A the filters of the detector. One sample costs one product
    of A, (horizon · channels) × (L · channels), with the window.

    Parameters
    ----------
    detector
        A fitted `ReSUAnomaly`. What it has learned is shared: a later `fit` of it makes new filters, and
        leaves a running stream as it is.
    state
        ``state`` of another stream to be continued; None begins a recording.

    Attributes
    ----------
    window, channels : int
        L; channels of a sample.
    threshold : float
        Surprise above which a sample is an anomaly.
    samples : int
        Samples seen since the recording began.

    Raises
    ------
    NotFittedError
        The detector is not fitted yet.
    ArgumentTypeError, ShapeError, DataError
        ``detector`` is none; ``state`` is not a stream's, has other channels, or holds fewer samples than a
        window.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.resu.anomaly.detector import ReSUAnomaly
    >>> recording = np.sin(np.arange(900.0) ** 1.1)
    >>> detector = ReSUAnomaly(memory=3, horizon=2, rank=1).fit(recording)
    >>> stream = SurpriseStream(detector)
    >>> scores = [stream.update(sample) for sample in recording]
    >>> bool(np.allclose(scores, detector.surprise(recording), equal_nan=True))
    True
    """

    def __init__(self, detector: Any, state: Mapping[str, Any] | None = None) -> None:
        if isinstance(detector, BaseEstimator):
            check_is_fitted(detector)
        bank, threshold = (getattr(detector, name, None) for name in ("bank_", "threshold_"))
        if not isinstance(bank, SurpriseBank) or not isinstance(threshold, float):
            raise ArgumentTypeError(
                "detector",
                allowed="a fitted ReSUAnomaly",
                got=type(detector).__name__,
                remedy="Fit one to a recording.",
            )
        self.window, self.channels = bank.window, bank.channels
        self.threshold, self._typical = threshold, bank.typical
        # an offset common to all lags is taken off each sample, and costs no digits; the rest is a constant
        self._reference = bank.mean.mean(axis=0)
        oldest_first = bank.weights[:, ::-1].reshape(len(bank.weights), -1)
        self._weights = np.ascontiguousarray(oldest_first.T)
        self._offset = ((bank.mean - self._reference)[::-1].reshape(-1)) @ self._weights
        # every sample is written twice, a window apart: the latest window is then always one piece
        self._ring = np.zeros((2 * self.window, self.channels))
        self._next = self.samples = 0
        if state is not None:
            self._restore(state)

    def update(self, x: Any) -> float:
        """Take in the next sample and score it: entry τ of `ReSUAnomaly.surprise`.

        Parameters
        ----------
        x
            (channels,), or a number where there is one channel. NaN in any channel is a gap.

        Returns
        -------
        float
            ≥ 0, NaN while the window is not whole or touches a gap; above ``threshold`` for an anomaly.

        Raises
        ------
        ShapeError, DataError, ArgumentTypeError
            Other channels than in the fit; infinity, or squares that overflow; no real numbers. The sample
            then counts as not seen.
        """
        sample = self._sample(x)
        value = sample - self._reference
        row, begin = self._next, self._next + 1
        kept = self._ring[row].copy()
        self._ring[row] = self._ring[row + self.window] = value
        score = math.nan
        if self.samples + 1 >= self.window:
            with np.errstate(over="ignore", invalid="ignore"):
                r = self._ring[begin : begin + self.window].reshape(-1) @ self._weights - self._offset
                score = float(unlike(self._typical, r @ r))
            if score == math.inf:
                self._ring[row] = self._ring[row + self.window] = kept
                raise DataError(
                    "x", allowed="of values whose squares are finite", got="an overflow", remedy="Rescale it."
                )
        self.samples += 1
        self._next = row + 1 if row + 1 < self.window else 0
        return score

    @property
    def state(self) -> dict[str, Any]:
        """What the past has left, as plain data: "samples" seen (int) and "history", the last of them.

        "history" is (samples, channels), float64, oldest first, at most ``window`` of them, NaN in gaps.
        """
        kept = min(self.samples, self.window)
        last = self._ring[self._next : self._next + self.window]
        return {"samples": self.samples, "history": last[self.window - kept :] + self._reference}

    def reset(self) -> Self:
        """Forget all samples: the next one begins a recording."""
        self._ring[:] = 0.0
        self._next = self.samples = 0
        return self

    def copy(self) -> Self:
        """Return a stream that goes on from here on its own, bit for bit alike."""
        return copy.copy(self)

    def __setstate__(self, values: dict[str, Any]) -> None:
        # a copy of any kind has a ring of its own
        vars(self).update(values)
        self._ring = self._ring.copy()

    def _sample(self, x: Any) -> np.ndarray:
        if type(x) is np.ndarray and x.shape == (self.channels,) and x.dtype == np.float64:
            if np.isfinite(x).all():
                return x
        elif getattr(x, "ndim", 0) > 1:
            raise self._misshaped(np.shape(x))
        sample = check_recording("x", np.reshape(np.asarray(x), (1, -1)))[0]
        if sample.shape != (self.channels,):
            raise self._misshaped(np.shape(x))
        sample = sample.astype(np.float64)
        # what is missing in one channel is missing in all, as in a window of the fit
        return np.full_like(sample, math.nan) if np.isnan(sample).any() else sample

    def _misshaped(self, shape: tuple[int, ...]) -> ShapeError:
        return ShapeError(
            "x",
            allowed=f"one sample of {self.channels} channel(s), shape ({self.channels},)",
            got=f"shape {shape}",
            remedy="Pass whole recordings to the surprise of the detector.",
        )

    def _restore(self, state: Any) -> None:
        if not isinstance(state, Mapping) or set(state) != {"samples", "history"}:
            raise ArgumentTypeError(
                "state",
                allowed="a dict of 'samples' and 'history'",
                got=f"keys {sorted(map(str, state))}" if isinstance(state, Mapping) else type(state).__name__,
                remedy="Pass the state of another SurpriseStream.",
            )
        samples = check_integer("state['samples']", state["samples"], minimum=0)
        given = np.asarray(state["history"], dtype=np.float64)
        history = check_recording(
            "state['history']",
            given.reshape(0, self.channels) if given.size == 0 else given,
            channels=self.channels,
            minimum_samples=0,
        )
        needed = min(samples, self.window)
        if not needed <= len(history) <= samples:
            raise DataError(
                "state['history']",
                allowed=f"of the last {needed} of {samples} sample(s) at least",
                got=f"{len(history)} sample(s)",
                remedy="It comes from a detector with a shorter window; begin a new stream.",
            )
        last = history[len(history) - needed :] - self._reference
        self._ring[self.window - needed : self.window] = self._ring[2 * self.window - needed :] = last
        self.samples = samples
