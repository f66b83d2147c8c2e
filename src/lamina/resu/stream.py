"""A fitted unit that is fed one sample at a time."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from math import isfinite, nan
from typing import Any, Self

import numpy as np
from array_api_compat import is_array_api_obj, is_numpy_array
from sklearn.base import clone

from lamina._checks import check_integer, check_recording
from lamina.errors import ArgumentTypeError, DataError, ShapeError, StateError
from lamina.resu.admission import admit, is_list_of_trials, like
from lamina.resu.answering import check_unit
from lamina.resu.projection import expand
from lamina.resu.rectification import output_columns
from lamina.stats import causal_filter

_NUMBERS: tuple[type, ...] = (float, np.float32)
_FLOATING = (np.dtype(np.float64), np.dtype(np.float32))


class ReSUStream:
    """Run a fitted unit on a stream: what `ReSU.transform` gives for the whole recording, as it comes in.

    z_t = Ψ (p_t − μ_p), rectified as in the fit; missing history counts as the mean, and the output is NaN
    while the window touches a gap. It runs on NumPy; for torch there is `ReSU.to_module`.

    Parameters
    ----------
    unit
        A fitted `ReSU`. What it has learned is copied: a later `partial_fit` leaves a running stream as it
        is. To go on with the new filters, make a stream from the unit and the old stream's ``state``.
    state
        ``state`` of another stream to be continued, of this unit or of one with the same channels; None
        begins a recording.

    Attributes
    ----------
    memory, horizon, channels, outputs : int
        Lags that a filter sees; samples that `forecast` gives; channels of a sample; outputs for a sample.
    samples : int
        Samples seen since the recording began.

    Raises
    ------
    NotFittedError
        The unit is not fitted yet.
    ArgumentTypeError, ShapeError, DataError
        ``unit`` is no ReSU; ``state`` is not a stream's state, has other channels, or holds fewer samples
        than a window.

    References
    ----------
    Qin et al. 2025, arXiv:2512.23146, Eqs. 4 and 10.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> recording = np.sin(np.arange(90.0) ** 1.1)
    >>> unit = lamina.ReSU(memory=3, horizon=2, rank=1, rectify="split").fit(recording)
    >>> stream = ReSUStream(unit)
    >>> first = [stream.step(sample) for sample in recording[:40]]
    >>> rest = stream.transform(recording[40:])
    >>> bool(np.allclose(np.concatenate([first, rest]), unit.transform(recording)))
    True
    >>> bool(np.allclose(stream.forecast(), unit.predict(recording)[-1]))
    True
    """

    def __init__(self, unit: Any, state: Mapping[str, Any] | None = None) -> None:
        check_unit(unit, "filters_", "past_mean_", "future_mean_", "forecast_", "modes_")
        filters, past_mean = _numpy(unit.filters_), _numpy(unit.past_mean_)
        units, self.memory, self.channels = filters.shape
        self._future_mean, self._forecast_map = _numpy(unit.future_mean_), _numpy(unit.forecast_)
        self.horizon = self._future_mean.shape[0]
        # columns of a data frame are compared with those of the fit by scikit-learn, which wants an estimator
        self._signature = clone(unit)
        for name in ("n_features_in_", "feature_names_in_"):
            if name in vars(unit):
                setattr(self._signature, name, copy.copy(getattr(unit, name)))
        # One mean per channel is taken off each sample, so that an offset of any size costs no digits; what
        # each lag's own mean differs from it is a constant once the history is whole, and a table before.
        self._reference = past_mean.mean(axis=0)
        per_lag = np.sum(filters * (past_mean - self._reference), axis=-1)
        columns = output_columns(unit.modes_)
        chosen, signs = [unit for unit, _, _ in columns], np.array([float(sign) for _, sign, _ in columns])
        self.outputs = len(columns)
        self._filters = filters
        self._unit_means = np.cumsum(per_lag, axis=1).T
        self._output_means = np.ascontiguousarray(self._unit_means[:, chosen] * signs)
        # the window lies oldest first, (memory * channels,); one column of weights per output
        oldest_first = filters[:, ::-1].reshape(units, -1)
        self._weights = np.ascontiguousarray((oldest_first[chosen] * signs[:, None]).T)
        self._length, self._whole_means = len(self._weights), self._output_means[-1]
        self._signs, self._chosen = signs, chosen
        self._rectified = any(half for _, _, half in columns)
        self._floor = np.array([0.0 if half else -np.inf for _, _, half in columns])
        self._shape = (self.channels,)
        self._single = float(self._reference[0]) if self.channels == 1 else None
        # Every sample is written twice, a memory apart: the latest window is then always one piece.
        self._ring = np.zeros((2 * self.memory, self.channels))
        self._flat = self._ring.reshape(-1)
        self._next = self.samples = 0
        if state is not None:
            self._restore(state)

    def step(self, x: Any) -> np.ndarray:
        """Take in the next sample and compute the outputs: row t of `ReSU.transform`, z_t = Ψ (p_t − μ_p).

        Parameters
        ----------
        x
            (channels,), or a number where there is one channel. NaN in any channel is a gap.

        Returns
        -------
        array
            (outputs,), float32 for float32 and half precision, else float64.

        Raises
        ------
        ShapeError, DataError, ArgumentTypeError
            Other channels than in the fit; infinity; no real numbers. The sample then counts as not seen.
        """
        single = self._single
        if single is not None and isinstance(x, _NUMBERS):
            x = np.array([x])
        if type(x) is not np.ndarray or x.dtype not in _FLOATING or x.shape != self._shape:
            x = self._sample(x)
        row, memory = self._next, self.memory
        if single is not None:
            value = x.item() - single
            if not isfinite(value):
                value = _gap_or_raise(x)
            ring, begin = self._flat, row + 1
        else:
            value = x - self._reference
            # quicker than NumPy for as many channels as a stream has
            if not all(map(isfinite, value.tolist())):
                value = _gap_or_raise(x)
            ring, begin = self._ring, (row + 1) * self.channels
        ring[row] = value
        ring[row + memory] = value
        z = self._flat[begin : begin + self._length].dot(self._weights)
        seen = self.samples
        z -= self._output_means[seen] if seen < memory else self._whole_means
        self.samples = seen + 1
        self._next = row + 1 if row + 1 < memory else 0
        if self._rectified:
            np.maximum(z, self._floor, out=z)
        return z if x.dtype.itemsize == 8 else z.astype(np.float32)

    def transform(self, X: Any) -> np.ndarray:
        """Take in the next samples, any number of them, and compute their outputs.

        Parameters
        ----------
        X
            (time,) or (time, channels), continuing what was seen; time may be 0. NaN marks a gap.

        Returns
        -------
        array
            (time, outputs), float32 for float32 and half precision, else float64.

        Raises
        ------
        ShapeError, DataError, ArgumentTypeError
            As `step`; also for a list of trials. The chunk then counts as not seen.
        """
        chunk = self._chunk(X)
        before = min(self.samples, self.memory - 1)
        rows = np.concatenate([self._window()[1:], chunk - self._reference])
        missing = np.logical_or.reduce(np.isnan(rows), axis=1)
        gaps = bool(missing.any())
        z = causal_filter(np.where(missing[:, None], 0.0, rows) if gaps else rows, self._filters)
        z = z[self.memory - 1 :]
        start = self._unit_means[before : before + len(z)]
        z[: len(start)] -= start
        z[len(start) :] -= self._unit_means[-1]
        if gaps:
            gone = np.concatenate([[0], np.cumsum(missing)])
            touched: np.ndarray = gone[self.memory :] > gone[: len(z)]
            z[touched] = np.nan
        self._fill(rows)
        self.samples += len(z)
        outputs = z[:, self._chosen] * self._signs
        if self._rectified:
            np.maximum(outputs, self._floor, out=outputs)
        return outputs.astype(chunk.dtype, copy=False)

    def forecast(self) -> np.ndarray:
        """Forecast what follows the last sample: f̂_t = μ_f + C_fp Ψᵀ z_t, the last row of `ReSU.predict`.

        Returns
        -------
        array
            (horizon, channels), float64: ``[j]`` is for the sample ``gap + j`` after the last one. NaN while
            the window touches a gap.

        Raises
        ------
        StateError
            No sample has been seen.
        """
        if self.samples == 0:
            raise StateError("There is no sample to forecast from. Call step or transform first.")
        z = np.tensordot(self._filters, self._window()[::-1], axes=2)
        z -= self._unit_means[min(self.samples, self.memory) - 1]
        return expand(z[None, :], self._forecast_map, self._future_mean)[0]

    @property
    def state(self) -> dict[str, Any]:
        """What the past has left, as plain data: "samples" seen (int) and "history", the last of them.

        "history" is (samples, channels), float64, oldest first, at most ``memory`` of them, NaN in gaps.
        """
        kept = min(self.samples, self.memory)
        return {"samples": self.samples, "history": self._window()[self.memory - kept :] + self._reference}

    def reset(self) -> Self:
        """Forget all samples: the next one begins a recording."""
        self._ring[:] = 0.0
        self._next = self.samples = 0
        return self

    def copy(self) -> Self:
        """Return a stream that goes on from here on its own, bit for bit alike."""
        return copy.copy(self)

    def __setstate__(self, values: dict[str, Any]) -> None:
        # a copy of any kind has a ring of its own, and a flat view of that one
        vars(self).update(values)
        self._ring = self._ring.copy()
        self._flat = self._ring.reshape(-1)

    def _sample(self, x: Any) -> np.ndarray:
        """Return one sample as a floating (channels,) array."""
        _refuse_foreign("x", x)
        if getattr(x, "ndim", 0) < 2:
            sample = check_recording("x", x.reshape(1, -1) if isinstance(x, np.ma.MaskedArray) else [x])[0]
            if sample.shape == (self.channels,):
                return sample
        raise ShapeError(
            "x",
            allowed=f"one sample of {self.channels} channel(s), shape ({self.channels},)",
            got=f"shape {np.shape(x)}",
            remedy="Pass several samples, (time, channels), to transform.",
        )

    def _chunk(self, X: Any) -> np.ndarray:
        """Return a chunk as a floating (time, channels) array."""
        _refuse_foreign("X", X)
        if is_list_of_trials(X):
            raise ArgumentTypeError(
                "X", allowed="one recording", got="a list of them", remedy="Call reset between trials."
            )
        if getattr(X, "ndim", 1) in (1, 2) and hasattr(X, "__len__") and len(X) == 0:
            return check_recording("X", X, channels=self.channels, minimum_samples=0)
        return admit(self._signature, X, reset=False)[0]

    def _window(self) -> np.ndarray:
        """Return the centred samples, (memory, channels), oldest first."""
        return self._ring[self._next : self._next + self.memory]

    def _fill(self, rows: np.ndarray) -> None:
        """Let the ring hold the last of these centred samples; fewer than a window are no news."""
        if len(rows) >= self.memory:
            self._ring[: self.memory] = self._ring[self.memory :] = rows[len(rows) - self.memory :]
            self._next = 0

    def _restore(self, state: Any) -> None:
        if not isinstance(state, Mapping) or set(state) != {"samples", "history"}:
            raise ArgumentTypeError(
                "state",
                allowed="a dict of 'samples' and 'history'",
                got=f"keys {sorted(map(str, state))}" if isinstance(state, Mapping) else type(state).__name__,
                remedy="Pass the state of another ReSUStream.",
            )
        samples = check_integer("state['samples']", state["samples"], minimum=0)
        history = state["history"]
        _refuse_foreign("state['history']", history)
        if isinstance(history, list) and not history:
            # what text makes of no samples has no channels
            history = np.zeros((0, self.channels))
        history = check_recording(
            "state['history']", history, channels=self.channels, minimum_samples=0
        ).astype(np.float64)
        if not min(samples, self.memory) <= len(history) <= samples:
            raise DataError(
                "state['history']",
                allowed=f"of the last {min(samples, self.memory)} of {samples} sample(s) at least",
                got=f"{len(history)} sample(s)",
                remedy="It comes from a unit with a shorter memory; begin a new stream.",
            )
        rows = np.zeros((self.memory, self.channels))
        kept = min(len(history), self.memory)
        rows[self.memory - kept :] = history[len(history) - kept :] - self._reference
        rows[np.isnan(rows).any(axis=1)] = np.nan
        self._fill(rows)
        self.samples = samples


def _gap_or_raise(x: np.ndarray) -> float:
    """Return NaN for a sample that is a gap, and refuse one that holds infinity."""
    check_recording("x", x.reshape(1, -1))
    return nan


def _refuse_foreign(name: str, value: Any) -> None:
    if is_array_api_obj(value) and not is_numpy_array(value) and not isinstance(value, np.generic):
        raise ArgumentTypeError(
            name,
            allowed="NumPy data",
            got=f"a {type(value).__module__.partition('.')[0]} {type(value).__name__}",
            remedy="Convert it to NumPy, or run the unit in torch by ReSU.to_module.",
        )


def _numpy(array: Any) -> np.ndarray:
    """Return a copy in NumPy and float64, whatever library and device the unit was fitted in."""
    return np.array(like(array, np.empty(0)))
