"""What a spike code declares and gives, and what every code keeps.

A code is a final class that says how one block of checked ``(channels, time)`` numbers becomes spikes and
back; all that surrounds it is in `lamina.encoding.code`, once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from lamina.encoding.parameters import Parameter, SpreadParameters
from lamina.encoding.scaling import ChannelScaling, Scaling
from lamina.typing import Array

Values = dict[str, np.ndarray]
"""Arrays by name: a parameter value for each flattened channel, or what is carried between samples."""


class Dimension(NamedTuple):
    """One parameter to search: bounds (both included), whether whole numbers, whether on a log scale."""

    name: str
    low: float
    high: float
    integer: bool = False
    log: bool = False


class CodeHooks(ABC):
    """The half of a code that its author writes.

    Subclasses are final. They declare the class attributes below, store their constructor's arguments under
    the same names, end their constructor in ``super().__init__()``, and give the methods that start with an
    underscore; those see only what has been checked.

    Attributes
    ----------
    name
        Short name, as the command line and tables have it.
    source
        The paper that the code comes from.
    arguments
        Names of the constructor's arguments, in order.
    parameters
        Those that may differ between channels, with their limits.
    tuned
        Those that `optimize` searches, in the order in which it returns them.
    rows
        What the leading axis of the spikes holds: ``"polarity"`` (up, down), ``"neurons"``, or None for a
        code whose spikes have the signal's own axes.
    interval
        The interval that signals are scaled to, (0, 1) or (−1, 1); None for codes that take them as they are.
    outside
        What happens to values beyond the fitted range: ``"keep"`` or ``"clip"``.
    causal
        Whether a spike depends on nothing that comes later, so that `step` and `advance` exist.
    invertible
        Whether `decode` exists.
    random
        Whether spikes are drawn at random.
    scaling_
        What `fit` learned; None before.
    parameters_
        The parameters that `fit` or `optimize` found, by name, of the signal's leading shape; empty before.
    """

    name: ClassVar[str]
    source: ClassVar[str]
    arguments: ClassVar[tuple[str, ...]]
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    # these two may depend on the constructor's arguments; the class has what holds for its defaults
    tuned: tuple[str, ...] = ()
    random: bool = False
    rows: ClassVar[Literal["polarity", "neurons"] | None] = "polarity"
    interval: ClassVar[tuple[float, float] | None] = None
    outside: ClassVar[str] = "keep"
    causal: ClassVar[bool] = True
    invertible: ClassVar[bool] = True
    # whether the code needs the statistics of changes in its scaling
    uses_changes: ClassVar[bool] = False
    # further attributes that are learned, to be copied and saved with the others
    learned: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        for parameter in self.parameters:
            setattr(self, parameter.name, parameter.check(getattr(self, parameter.name)))
        self.scaling_: Scaling | None = None
        self.parameters_: Values = {}
        self._latest: Scaling | None = None
        self._spread = SpreadParameters()

    @property
    def scaling(self) -> Scaling | None:
        """The scaling in force: that of `fit`, else that of the latest `encode`, else None."""
        return self.scaling_ if self.scaling_ is not None else self._latest

    @property
    def n_rows(self) -> int | None:
        """Length of the leading axis of the spikes; None if there is none."""
        return 2 if self.rows == "polarity" else None

    @property
    def steps_per_sample(self) -> int:
        """How many time steps of spikes stand for one sample of the signal."""
        return 1

    @abstractmethod
    def _encode(
        self, signal: np.ndarray, values: Values, ranges: ChannelScaling | None, carry: Values
    ) -> np.ndarray:
        """Encode ``(channels, time)`` from the carried state on, which is updated in place."""

    @abstractmethod
    def _encode_tensor(self, signal: Array, values: Values, ranges: ChannelScaling | None) -> Array:
        """Encode a tensor ``(channels, time)`` by torch alone: the same spikes as `_encode`."""

    def _start(self, channels: int, dtype: np.dtype) -> Values:
        """Return the state before the first sample, by name: arrays ``(channels, ...)``."""
        del channels, dtype
        return {}

    def _decode(
        self, spikes: np.ndarray, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> np.ndarray:
        """Decode ``(rows, channels, time)``, or ``(channels, time)``, to ``(channels, time)``."""
        raise NotImplementedError

    def _decode_tensor(
        self, spikes: Array, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> Array:
        """Decode a tensor by torch alone."""
        raise NotImplementedError

    def _reproduce(self, signal: np.ndarray, values: Values, ranges: ChannelScaling) -> np.ndarray:
        """Encode ``(channels, time)`` and decode it again: what `optimize` compares with the signal."""
        carry = self._start(len(signal), signal.dtype) if self.causal else {}
        return self._decode(self._encode(signal, values, ranges, carry), values, ranges, ranges.initial)

    def _dimensions(self, signal: np.ndarray, ranges: ChannelScaling) -> tuple[Dimension, ...]:
        """Bounds within which `optimize` searches for one channel: ``signal`` is ``(1, time)``."""
        raise NotImplementedError

    def _likely(self, signal: np.ndarray, ranges: ChannelScaling) -> Sequence[tuple[float, ...]]:
        """Name settings within the bounds that often serve, for `optimize` to try first."""
        del signal, ranges
        return ()

    def _shown_dimensions(self, signal: np.ndarray, ranges: ChannelScaling) -> tuple[Dimension, ...]:
        """Bounds of the settings that `compare` shows, wider where few spikes are worth seeing."""
        return self._dimensions(signal, ranges)

    def _forget(self) -> None:
        """Drop what `fit` and `optimize` found, which may belong to other channels; not the scaling."""
        self.parameters_ = {}

    def _settle(self, signal: np.ndarray, ranges: ChannelScaling) -> None:  # noqa: B027 -- few codes need it
        """Learn what else there is to learn, once `fit` or `optimize` have found the parameters."""

    def _values(self, leading: tuple[int, ...]) -> Values:
        """Return the parameters of each flattened channel: those found before those of the constructor."""
        found = self.parameters_
        return {
            parameter.name: self._spread.of(
                parameter,
                found[parameter.name] if parameter.name in found else getattr(self, parameter.name),
                leading,
            )
            for parameter in self.parameters
        }

    def __repr__(self) -> str:
        """Show the constructor's arguments."""
        shown = ", ".join(f"{name}={_plain(getattr(self, name))!r}" for name in self.arguments)
        return f"{type(self).__name__}({shown})"


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.item() if value.size == 1 else value.tolist()
    return value
