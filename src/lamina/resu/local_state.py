"""All that a unit which learns locally carries from one sample to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from lamina.errors import StateError
from lamina.resu.local_settings import LocalRule, LocalSettings

# samples that are copied at once: the state, not the recording, sets the memory that learning needs
_BLOCK = 2**16

_LEARNED = ("past_weights", "future_weights", "lateral", "past_gains", "future_gains")


@dataclass(frozen=True, eq=False)
class LocalState:
    """Arrays that `lamina.resu.local_kernels` changes in place, and what they were made for.

    Parameters
    ----------
    rule
        "asymmetric" or "bio".
    window
        Memory m, horizon h, gap g.
    center
        Whether means are taken off.
    counts
        int64: samples seen, windows learned from, samples since the last gap (at most one window).
    mean, variance
        (channels,), running; without centring the mean stays 0, and the variance is the mean square.
    tail
        (m + g + h − 2, channels), the last samples, standardised.
    past_weights, future_weights
        (units, memory · channels) and (units, horizon · channels), for standardised samples.
    lateral
        (units, units).
    past_gains, future_gains
        (1, units): Λ and Γ; ones under Bio-CCA, which has none.
    average_*
        Each of the last five, averaged over the steps.
    """

    rule: LocalRule
    window: tuple[int, int, int]
    center: bool
    counts: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    tail: np.ndarray
    past_weights: np.ndarray
    future_weights: np.ndarray
    lateral: np.ndarray
    past_gains: np.ndarray
    future_gains: np.ndarray
    average_past_weights: np.ndarray
    average_future_weights: np.ndarray
    average_lateral: np.ndarray
    average_past_gains: np.ndarray
    average_future_gains: np.ndarray

    @classmethod
    def begin(cls, settings: LocalSettings, channels: int) -> Self:
        """Return the state before the first sample: random weights of unit length in expectation."""
        rng = np.random.default_rng(settings.seed)
        shapes = cls.shapes(settings, channels)
        arrays = {name: np.zeros(shape) for name, shape in shapes.items() if name != "counts"}
        for name in ("past_weights", "future_weights"):
            size = shapes[name][1]
            arrays[name] = rng.standard_normal(shapes[name]) / np.sqrt(size)
        if settings.rule == "bio":
            arrays["lateral"] = np.eye(settings.rank)
        for name in ("past_gains", "future_gains"):
            arrays[name] += 1.0
        for name in _LEARNED:
            arrays[f"average_{name}"] = arrays[name].copy()
        window = (settings.memory, settings.horizon, settings.gap)
        return cls(settings.rule, window, settings.center, counts=np.zeros(3, dtype=np.int64), **arrays)

    @staticmethod
    def shapes(settings: LocalSettings, channels: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of every array."""
        learned = {
            "past_weights": (settings.rank, settings.memory * channels),
            "future_weights": (settings.rank, settings.horizon * channels),
            "lateral": (settings.rank, settings.rank),
            "past_gains": (1, settings.rank),
            "future_gains": (1, settings.rank),
        }
        return {
            "counts": (3,),
            "mean": (channels,),
            "variance": (channels,),
            "tail": (settings.window - 1, channels),
            **learned,
            **{f"average_{name}": shape for name, shape in learned.items()},
        }

    @property
    def n_samples(self) -> int:
        """Samples seen, without gaps."""
        return int(self.counts[0])

    @property
    def n_steps(self) -> int:
        """Windows learned from."""
        return int(self.counts[1])

    def copy(self) -> LocalState:
        """Return a state of its own."""
        copies = {name: array.copy() for name, array in self.arrays().items()}
        return LocalState(self.rule, self.window, self.center, **copies)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return every array by name; they are those of the state, not copies."""
        return {name: value for name, value in vars(self).items() if name not in ("rule", "window", "center")}

    def check_continues(self, settings: LocalSettings) -> None:
        """Refuse to go on with another window, number of units, rule or centring (`StateError`)."""
        before = (*self.window, self.lateral.shape[0], self.rule, self.center)
        window = (settings.memory, settings.horizon, settings.gap)
        now = (*window, settings.rank, settings.rule, settings.center)
        if before != now:
            raise StateError(
                f"memory, horizon, gap, rank, rule and center are {now}, but the weights were learned with "
                f"{before}. Call fit to begin anew."
            )

    def end_trial(self) -> None:
        """Forget the last samples, so that no window crosses into what comes next."""
        self.counts[2] = 0
        self.tail[:] = 0.0

    def learn(self, recording: np.ndarray, settings: LocalSettings) -> bool:
        """Learn from a recording that continues the current trial, in place.

        Parameters
        ----------
        recording
            (samples, channels), real numbers; NaN marks a gap.
        settings
            Of the unit.

        Returns
        -------
        bool
            Whether the weights stayed finite; if not, the state is of no use.
        """
        # numba takes a while to load: only who learns waits for it
        from lamina.resu.local_kernels import learn

        before, channels = self.tail.shape
        schedule = settings.schedule(channels)
        lateral_time = settings.lateral_time if settings.rule == "bio" else 0.0
        for start in range(0, recording.shape[0], _BLOCK):
            chunk = np.ascontiguousarray(recording[start : start + _BLOCK], dtype=np.float64)
            buffer = np.concatenate([self.tail, np.zeros((chunk.shape[0], channels))])
            fine = learn(
                chunk,
                buffer,
                self.counts,
                self.mean,
                self.variance,
                self.learned(),
                self.averages(),
                self.window,
                schedule,
                lateral_time,
                self.center,
            )
            if not fine:
                return False
            self.tail[:] = buffer[buffer.shape[0] - before :]
        return True

    def learned(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return what is learned, in the order of `lamina.resu.local_kernels.Matrices`."""
        return (self.past_weights, self.future_weights, self.lateral, self.past_gains, self.future_gains)

    def averages(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return the averages of what is learned, in the same order."""
        return (
            self.average_past_weights,
            self.average_future_weights,
            self.average_lateral,
            self.average_past_gains,
            self.average_future_gains,
        )
