"""What a user calls of every spike code: encode, decode, step, advance, fit and optimise, written once."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from lamina._checks import as_floating, check_integer
from lamina.encoding.hooks import CodeHooks
from lamina.encoding.ranges import first_values, given_scaling, own_scaling, report_outside
from lamina.encoding.scaling import ChannelScaling, Scaling
from lamina.encoding.signals import Channels, admit_signal, admit_spikes
from lamina.encoding.streaming import StreamState, advance
from lamina.errors import StateError
from lamina.typing import Array, Progress, Seed


class SpikeCode(CodeHooks):
    """A map from signals to spikes and, where the code can be inverted, back.

    Attributes
    ----------
    name, source
        Short name, as the command line and tables have it, and the paper that the code comes from.
    scaling_
        What `fit` learned; None before.
    parameters_
        The parameters that `fit` or `optimize` found, by name, of the signal's leading shape; empty before.
        They are used in place of the constructor's, which stay what they were (as `repr` shows them) and
        are where the next search starts.
    causal, invertible, random
        Whether `step` and `advance` exist, whether `decode` does, and whether spikes are drawn at random.

    Examples
    --------
    >>> from lamina.encoding import StepForwardConverter
    >>> isinstance(StepForwardConverter(), SpikeCode)
    True
    """

    def encode(self, signal: Array, dim: int = -1, *, scaling: Scaling | None = None) -> Array:
        """Turn a signal into spikes.

        Parameters
        ----------
        signal
            ``(..., time)``, finite; the leading axes are independent channels. It is not modified. Integers
            count as float64, half precision as float32.
        dim
            The axis of time.
        scaling
            The range to scale from. Default: that of `fit`, else the signal's own, which is then remembered
            for `decode`.

        Returns
        -------
        array
            Spikes of the signal's library, device and floating type: ``(2, ..., time)`` for codes with two
            polarities ([0] up in {0, 1}, [1] down in {0, −1}), ``(neurons, ..., time)`` for populations,
            ``(..., time)`` for the others; ``time`` counts `steps_per_sample` steps for each sample.

        Raises
        ------
        ArgumentTypeError, ShapeError, DataError
            If the signal is no array of real numbers, empty, or not finite; if it is constant where a range
            is needed; if parameters or scaling belong to another number of channels.

        Warns
        -----
        OutOfRangeWarning
            If values lie outside the fitted range.
        """
        channels = admit_signal("signal", signal, dim)
        ranges = self._ranges(channels, scaling)
        values = self._values(channels.leading)
        if isinstance(channels.values, np.ndarray):
            carry = self._start(channels.values.shape[0], channels.values.dtype) if self.causal else {}
            spikes = self._encode(channels.values, values, ranges, carry)
        else:
            spikes = self._encode_tensor(channels.values, values, ranges)
        return channels.restore(spikes, rows=self.rows is not None)

    def decode(
        self,
        spikes: Array,
        dim: int = -1,
        *,
        scaling: Scaling | None = None,
        initial_value: Array | None = None,
    ) -> Array:
        """Turn spikes back into a signal.

        Parameters
        ----------
        spikes
            As `encode` returns them.
        dim
            The axis of time in the signal (a negative one is the same in the spikes).
        scaling
            The range to scale back to. Default: that of `fit`, else that of the latest `encode`; without
            either, the code's own interval is returned.
        initial_value
            The signal's first value, in its own units, one number or one for each channel, for codes that
            need it. Default: what the scaling knows.

        Returns
        -------
        array
            ``(..., time)`` of the spikes' library, device and floating type (integers give float64).

        Raises
        ------
        StateError
            If the code cannot be inverted.
        ShapeError, DataError
            If these are no spikes of this code, or scaling and parameters belong to other channels.
        """
        if not self.invertible:
            raise StateError(f"{type(self).__name__} cannot be decoded: {self.source} has no inverse.")
        channels = admit_spikes("spikes", spikes, dim, rows=self.n_rows, signed=self.rows == "polarity")
        used = scaling if scaling is not None else self.scaling
        # codes that do not scale start from zero until they are told where the signal starts
        told = scaling is not None or self.scaling_ is not None or self.interval is not None
        ranges = None
        if used is not None and (told or self.uses_changes):
            ranges = given_scaling(channels, used, interval=self.interval is not None)
        values = self._values(channels.leading)
        known = ranges.initial if ranges is not None and told else None
        initial = first_values(initial_value, channels.leading, known)
        if isinstance(channels.values, np.ndarray):
            decoded = self._decode(channels.values, values, ranges, initial)
        else:
            decoded = self._decode_tensor(channels.values, values, ranges, initial)
        return channels.restore(decoded)

    def step(
        self, sample: Array, state: StreamState | None = None, *, scaling: Scaling | None = None
    ) -> tuple[Array, StreamState]:
        """Encode one sample of every channel; sample after sample this is `encode` of the whole.

        Parameters
        ----------
        sample
            The signal at one time: its leading shape, a plain number for a single series.
        state
            What the previous call returned; None starts a stream. It is not modified.
        scaling
            As in `encode`. A code that scales must be fitted, or be given one.

        Returns
        -------
        spikes
            Those of this sample, without the axis of time (with it, if `steps_per_sample` is above 1).
        state
            For the next call.

        Raises
        ------
        StateError
            If the code is not causal, or needs a scaling that is not known.
        ArgumentTypeError, ShapeError, DataError
            As `encode`, and if the sample does not belong to the stream.
        """
        if isinstance(sample, (float, np.floating)) or type(sample) is np.ndarray:
            array = np.asarray(sample, order="C")
        else:
            # which knows masks, half precision and other libraries
            array = as_floating("sample", sample, True)
        spikes, after = advance(self, "sample", array[..., None], state, -1, scaling)
        return (spikes[..., 0] if self.steps_per_sample == 1 else spikes), after

    def advance(
        self,
        chunk: Array,
        state: StreamState | None = None,
        dim: int = -1,
        *,
        scaling: Scaling | None = None,
    ) -> tuple[Array, StreamState]:
        """Encode the next chunk of a stream; chunks of any length together are `encode` of the whole.

        Parameters
        ----------
        chunk
            ``(..., time)``, as in `encode`.
        state
            What the previous call returned; None starts a stream. It is not modified.
        dim
            The axis of time.
        scaling
            As in `step`.

        Returns
        -------
        spikes
            As `encode` returns them, for this chunk.
        state
            For the next call.

        Raises
        ------
        StateError
            If the code is not causal, or needs a scaling that is not known.
        ArgumentTypeError, ShapeError, DataError
            As `encode`, and if the chunk does not belong to the stream.
        """
        return advance(self, "chunk", chunk, state, dim, scaling)

    def fit(
        self,
        signal: Array,
        dim: int = -1,
        *,
        trials: int = 100,
        seed: Seed = 0,
        progress: bool | Progress = False,
    ) -> Self:
        """Learn the scaling and, by `optimize`, the parameters; both stay until the next `fit`.

        Parameters
        ----------
        signal
            ``(..., time)``, as in `encode`.
        dim
            The axis of time.
        trials
            As in `optimize`; 0 learns the scaling only.
        seed
            Of the search.
        progress
            As in `optimize`.

        Returns
        -------
        Self
            The code itself.

        Raises
        ------
        ArgumentTypeError, ShapeError, DataError
            As `encode`.
        """
        channels = admit_signal("signal", signal, dim)
        learned, ranges = own_scaling(channels, interval=self.interval is not None, changes=self.uses_changes)
        before = vars(self).copy()
        self._forget()
        self.scaling_ = learned
        try:
            if check_integer("trials", trials, minimum=0) and self.tuned:
                self.optimize(signal, dim, trials=trials, seed=seed, progress=progress)
            else:
                self._settle(channels.on_cpu(), ranges)
        except BaseException:
            vars(self).update(before)
            raise
        return self

    def optimize(
        self,
        signal: Array,
        dim: int = -1,
        *,
        trials: int = 100,
        seed: Seed = 0,
        progress: bool | Progress = False,
    ) -> Any:
        """Find the parameters with which the decoded spikes come nearest to the signal.

        The mean squared error of ``decode(encode(signal))`` is minimised for each channel by a bounded global
        search (differential evolution, `scipy.optimize.differential_evolution`), and then by a local one,
        without derivatives, around the best few settings that it found. The parameters found are used from
        then on, and are in ``parameters_``; the scaling of a fitted code stays as it is.

        Parameters
        ----------
        signal
            ``(..., time)``, as in `encode`.
        dim
            The axis of time.
        trials
            Settings that the global search tries for each channel, at least 1; the first is the
            constructor's. The local search tries at most seven times as many further ones; after a single
            trial, none.
        seed
            Of the search.
        progress
            True shows a bar on the terminal; a function is called with the fraction done and what is done.

        Returns
        -------
        array or tuple
            The best value of each of ``tuned``, in that order, of the signal's leading shape: one if the code
            tunes one parameter, else a tuple.

        Raises
        ------
        StateError
            If the code has nothing to optimise.
        ArgumentTypeError, ShapeError, DataError, ArgumentError
            As `encode`, and if ``trials`` is below 1.
        """
        from lamina.encoding.tuning import search

        if not self.tuned:
            raise StateError(f"{type(self).__name__} has no parameter to optimise.")
        channels = admit_signal("signal", signal, dim)
        before = vars(self).copy()
        try:
            ranges = self._ranges(channels, None)
            self._forget()
            values = channels.on_cpu()
            found = search(self, values, ranges, trials=trials, seed=seed, progress=progress)
            self.parameters_ = {name: _settled(value, channels.leading) for name, value in found.items()}
            self._settle(values, ranges)
        except BaseException:
            vars(self).update(before)
            raise
        best = tuple(channels.per_channel(self.parameters_[name].copy()) for name in self.tuned)
        return best[0] if len(best) == 1 else best

    def _ranges(self, channels: Channels, scaling: Scaling | None) -> ChannelScaling:
        """Return the scaling to encode with: as given, else as fitted, else the channels' own."""
        used = scaling if scaling is not None else self.scaling_
        if used is None:
            self._latest, ranges = own_scaling(
                channels, interval=self.interval is not None, changes=self.uses_changes
            )
            return ranges
        ranges = given_scaling(channels, used, interval=self.interval is not None)
        if self.interval is not None:
            report_outside(channels, ranges, self.outside)
        return ranges


def _settled(values: np.ndarray, leading: tuple[int, ...]) -> np.ndarray:
    """Return what was found, of the leading shape, such that it cannot be changed in place."""
    shaped = values.reshape(leading)
    shaped.setflags(write=False)
    return shaped
