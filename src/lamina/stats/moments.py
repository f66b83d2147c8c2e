"""Mergeable moments of past and future: the one statistic that every fit goes through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina._checks import check_integer, check_real
from lamina.errors import ArgumentTypeError, StateError
from lamina.stats.admission import (
    admit_chunk,
    check_channels,
    check_same_library,
    check_same_parameters,
    check_weight,
)
from lamina.stats.covariances import LagCovariances, check_enough, select_covariances
from lamina.stats.explicit import window_moments
from lamina.stats.gaps import gapless_runs
from lamina.stats.moments_state import read_state, write_state
from lamina.stats.pending import Batch, PendingRuns
from lamina.stats.window_moments import WindowMoments, combine
from lamina.stats.windows import window_length
from lamina.typing import Array, Recording


class LagMoments:
    r"""Means and covariances of past and future over any amount of data, in one pass and any order.

    .. math:: \mu = \frac1N \sum_t w_t, \qquad S = \sum_t (w_t - \mu)(w_t - \mu)^\top, \qquad
              w_t = [y_t; y_{t+1}; \ldots; y_{t+L-1}], \quad L = m + g + h - 1

    No lag matrix is built: neighbouring windows share all but one sample, so the boundary samples and L
    cross-correlations give all of S (see `lamina.stats.displacement`): work O(T L C²), memory O(L² C²).
    Neither the chunks that data arrive in, nor the order of merging, changes anything beyond rounding
    (relative 1e-10).

    Parameters
    ----------
    memory
        Samples ``m`` of the past, at least 1.
    horizon
        Samples ``h`` of the future, at least 1.
    gap
        Steps ``g`` from the present to the nearest future sample, at least 1.
    channels
        Channels ``C`` of the recordings, at least 1.
    half_life
        If given, forgetting: a window weighs half as much once this many more samples (gaps and later trials
        included) have come in. Above 0.

    Raises
    ------
    ArgumentError
        A parameter is outside its range, or of the wrong kind.

    Notes
    -----
    ReSU paper, below Eq. 3, for the covariances; the displacement identity and the merging (Chan, Golub &
    LeVeque 1983) are lamina's way to them. Trials shorter than a window add nothing; ``n_short_trials``
    counts them.

    With weights ω, of trials or of forgetting, both sums are weighted and N becomes Σω; covariances are
    divided by Σω − Σω²/Σω, which is N − 1 where all are alike. Only the ratios of weights matter.

    Examples
    --------
    >>> import numpy as np
    >>> signal = np.random.default_rng(0).standard_normal(1000)
    >>> moments = LagMoments(memory=3, horizon=2)
    >>> covariances = moments.update(signal[:10]).update(signal[10:]).covariances()
    >>> covariances.past.shape, covariances.cross.shape, covariances.n_windows
    ((3, 3), (2, 3), 996)
    """

    def __init__(
        self, memory: int, horizon: int, gap: int = 1, channels: int = 1, *, half_life: float | None = None
    ) -> None:
        self.memory = check_integer("memory", memory, minimum=1)
        self.horizon = check_integer("horizon", horizon, minimum=1)
        self.gap = check_integer("gap", gap, minimum=1)
        self.channels = check_integer("channels", channels, minimum=1)
        self.half_life = None if half_life is None else check_real("half_life", half_life, above=0)
        self._window = window_length(self.memory, self.horizon, self.gap)
        self._decay = 1.0 if self.half_life is None else 0.5 ** (1 / self.half_life)
        self._total: WindowMoments | None = None
        self._clock = 0
        self._pending = PendingRuns(self._window, self.channels)
        self._counts = {"windows": 0, "trials": 0, "short_trials": 0, "samples": 0}
        self._open = False
        self._windows_before_trial = 0

    @property
    def n_windows(self) -> int:
        """Windows seen so far, forgotten ones included, those of trials of weight 0 not."""
        return self._counts["windows"]

    @property
    def n_trials(self) -> int:
        """Trials begun so far."""
        return self._counts["trials"]

    @property
    def n_short_trials(self) -> int:
        """Trials that ended without a whole window, those of weight 0 not counted."""
        return self._counts["short_trials"]

    @property
    def n_samples(self) -> int:
        """Samples received so far, gaps included."""
        return self._counts["samples"]

    def update(self, chunk: Recording, *, weight: float = 1.0) -> LagMoments:
        """Continue the current trial with more samples; windows that span chunks are counted.

        Parameters
        ----------
        chunk
            ``(time,)`` or ``(time, channels)``, any length, 0 included. NaN marks a gap. Not modified, not
            kept.
        weight
            How often every window of this trial counts, the same for all its chunks: 0, or 1e-100 to 1e100.
            A trial of weight 0 is left out; only its samples are counted, so that others age by them.

        Returns
        -------
        LagMoments
            This object.

        Raises
        ------
        ShapeError
            The chunk has more than two axes or another number of channels.
        ArgumentTypeError
            It is not made of real numbers, or is an array of another library or device than before.
        DataError
            It holds infinity. Nothing of it has been added then.
        ArgumentError, StateError
            The weight cannot be; it is another than that of the open trial.

        Examples
        --------
        >>> LagMoments(2, 1).update([1.0, 2.0, 3.0, float("nan"), 5.0, 6.0, 7.0]).n_windows
        2
        >>> twice = LagMoments(1, 1).update([1.0, 2.0], weight=2.0).end_trial().update([1.0, 5.0])
        >>> twice.covariances(center=False).cross.tolist()  # (2 * 1 * 2 + 1 * 5) / 3
        [[3.0]]
        """
        weight = check_weight("weight", weight)
        if self._open and weight != self._pending.weight:
            raise StateError(
                f"A trial has one weight: it began with {self._pending.weight}, now update got {weight}. "
                "Repeat the weight with every chunk, or call end_trial() first."
            )
        recording = admit_chunk(chunk, self.channels)
        self._same_library("chunk", recording)
        runs = gapless_runs("chunk", recording, self._window)
        samples = recording.shape[0]
        if samples == 0:
            return self
        if not self._open:
            self._open = True
            self._counts["trials"] += 1
            self._windows_before_trial = self.n_windows
            self._pending.weight = weight
        clock, done = self.n_samples, 0
        if weight == 0:
            runs = []
        for start, stop in runs:
            if start > done:
                self._pending.end_run()
            self._counts["windows"] += self._pending.extend(recording[start:stop, :], clock + stop)
            self._absorb(self._pending.take_when_full())
            done = stop
        if done < samples:
            self._pending.end_run()
        self._counts["samples"] += samples
        return self

    def end_trial(self) -> LagMoments:
        """End the current trial, so that no window crosses to the next; nothing happens if none is open.

        Returns
        -------
        LagMoments
            This object.
        """
        if self._open:
            self._open = False
            self._pending.end_run()
            added = self.n_windows - self._windows_before_trial
            self._counts["short_trials"] += added == 0 and self._pending.weight > 0
        return self

    def merge(self, other: LagMoments) -> LagMoments:
        """Add all windows of another object, which stays as it is.

        With ``half_life``, both are taken to end now: the age of a window is counted in samples of its own
        object.

        Parameters
        ----------
        other
            Moments with the same parameters, gathered from other trials.

        Returns
        -------
        LagMoments
            This object.

        Raises
        ------
        ArgumentTypeError
            ``other`` is not a LagMoments.
        ArgumentError
            It has other parameters.
        StateError
            One of the two has an open trial.
        """
        if not isinstance(other, LagMoments):
            raise ArgumentTypeError(
                "other",
                allowed="a LagMoments",
                got=type(other).__name__,
                remedy="Merge moments with moments.",
            )
        check_same_parameters(self._parameters(), other._parameters())
        for name, moments in (("this object", self), ("other", other)):
            if moments._open:
                raise StateError(
                    f"merge needs ended trials, but {name} has an open one. Call end_trial() on it first."
                )
        # both, whatever they hold: what still waits here ages by the samples of this object alone
        theirs, _ = other._settled(), self._settled()
        if theirs is not None:
            self._same_library("other", theirs.mean)
            theirs = theirs.faded(self._decay ** (other.n_samples - other._clock))
            self._add(theirs.copy() if self._total is None else theirs, self.n_samples)
        self._clock += other.n_samples
        self._counts = {name: count + other._counts[name] for name, count in self._counts.items()}
        return self

    def covariances(
        self,
        center: bool = True,
        *,
        past_channels: Sequence[int] | None = None,
        future_channels: Sequence[int] | None = None,
    ) -> LagCovariances:
        """Means and covariances of past and future over all windows so far; more data may follow.

        Parameters
        ----------
        center
            Take the means out and divide by N - 1; otherwise second moments about zero, divided by N.
        past_channels, future_channels
            Channels that make up the past and the future; all by default. To predict one recording from
            another, gather both side by side as channels and choose here.

        Returns
        -------
        LagCovariances

        Raises
        ------
        StateError
            There are too few windows: two are needed with ``center``, one without.
        ArgumentError, ArgumentTypeError
            A channel does not exist; there is no sequence of channels.
        DataError
            The squares of the values overflow.

        Examples
        --------
        >>> import numpy as np
        >>> both = np.random.default_rng(0).standard_normal((500, 2))  # stimulus, response
        >>> moments = LagMoments(memory=4, horizon=1, channels=2).update(both)
        >>> moments.covariances(past_channels=[0], future_channels=[1]).cross.shape
        (1, 4)
        """
        total = check_enough(
            self._settled(),
            windows=self.n_windows,
            needed=2 if center else 1,
            window=self._window,
            seen=f"{self.n_samples} samples in {self.n_trials} trial(s)",
        )
        return select_covariances(
            total,
            past_offsets=range(self.memory - 1, -1, -1),
            future_offsets=range(self._window - self.horizon, self._window),
            past_channels=check_channels("past_channels", past_channels, self.channels),
            future_channels=check_channels("future_channels", future_channels, self.channels),
            n_windows=self.n_windows,
            center=bool(center),
        )

    def state(self) -> dict[str, Any]:
        """Everything this object knows, an open trial included, as a flat dictionary of numbers and arrays.

        Returns
        -------
        dict
            Copies; numbers are JSON-able, arrays are those of the library that the data came from.

        Examples
        --------
        >>> moments = LagMoments(2, 1).update([1.0, 2.0, 4.0, 3.0])
        >>> LagMoments.from_state(moments.state()).update([5.0]).n_windows
        3
        """
        total = self._settled()
        numbers = {
            **self._parameters(),
            **{f"n_{name}": count for name, count in self._counts.items()},
            "trial_open": self._open,
            "windows_before_trial": self._windows_before_trial,
            "clock": self._clock,
            "trial_weight": self._pending.weight if self._open else 1.0,
        }
        return write_state(numbers, total, self._pending.carry())

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> LagMoments:
        """Restore an object from what `state` returned.

        Parameters
        ----------
        state
            That dictionary; it is copied.

        Returns
        -------
        LagMoments

        Raises
        ------
        ArgumentError
            The dictionary is not one that `state` made.
        """
        numbers, total, carry = read_state(state)
        parameters = (numbers[name] for name in ("memory", "horizon", "gap", "channels"))
        moments = cls(*parameters, half_life=numbers["half_life"])
        moments._total, moments._clock = total, numbers["clock"]
        moments._counts = {name: numbers[f"n_{name}"] for name in moments._counts}
        moments._open, moments._windows_before_trial = numbers["trial_open"], numbers["windows_before_trial"]
        moments._pending.weight = numbers["trial_weight"]
        if carry is not None:
            moments._pending.extend(carry, moments.n_samples)
        return moments

    def _parameters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("memory", "horizon", "gap", "channels", "half_life")}

    def _same_library(self, name: str, array: Array) -> None:
        known = self._total.mean if self._total is not None else self._pending.sample()
        if known is not None:
            check_same_library(name, known, array)

    def _settled(self) -> WindowMoments | None:
        self._absorb(self._pending.take())
        return self._total

    def _absorb(self, batches: list[Batch]) -> None:
        for batch in batches:
            newest = max(clock for _, clock, _ in batch)
            weights = [weight * self._decay ** (newest - clock) for _, clock, weight in batch]
            # squares that overflow are reported where the moments are asked for
            with np.errstate(over="ignore", invalid="ignore"):
                moments = window_moments([piece for piece, _, _ in batch], weights, self._window, self._decay)
                self._add(moments, newest)

    def _add(self, moments: WindowMoments, clock: int) -> None:
        """Add moments whose weights hold when ``clock`` samples have been received; takes them over."""
        if self._total is None:
            self._total = moments
        else:
            self._total = combine(self._total.faded(self._decay ** (clock - self._clock)), moments)
        self._clock = clock
