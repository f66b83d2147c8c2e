"""Parameters of a code: their limits, declared once, and one value for each channel or one for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import array_api_compat
import numpy as np

from lamina.errors import ArgumentError, ArgumentTypeError, ShapeError


@dataclass(frozen=True)
class Parameter:
    """A parameter's name and limits.

    Parameters
    ----------
    name
        As the constructor has it.
    above, below
        Limits that are themselves excluded; None for no such limit.
    minimum, maximum
        Limits that are allowed; None for no such limit.
    integer
        Whether only whole numbers are allowed.
    """

    name: str
    above: float | None = None
    below: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    integer: bool = False

    def check(self, value: Any) -> np.ndarray:
        """Return ``value`` as a read-only array of float64 (int64 for integers), within the limits."""
        if array_api_compat.is_torch_array(value):
            value = value.detach().cpu().numpy()
        try:
            array = np.array(value)
        except (TypeError, ValueError) as error:
            raise self._wrong(ArgumentTypeError, value) from error
        if array.dtype.kind not in "iuf" or array.size == 0:
            raise self._wrong(ArgumentTypeError, value)
        wide = array.astype(np.float64)
        right = np.isfinite(wide)
        if self.integer:
            right &= wide == np.round(wide)
        for limit, holds in (
            (self.above, np.greater),
            (self.below, np.less),
            (self.minimum, np.greater_equal),
            (self.maximum, np.less_equal),
        ):
            if limit is not None:
                right &= holds(wide, limit)
        if not right.all():
            position = tuple(int(part) for part in np.argwhere(~right)[0])
            got = f"{wide[position]:g}"
            if array.size > 1:
                got += f" for channel {position[0] if len(position) == 1 else position}"
            raise ArgumentError(
                self.name, allowed=self._allowed(), got=got, remedy=f"Choose {self.name} within these limits."
            )
        checked = wide.astype(np.int64) if self.integer else wide
        checked.setflags(write=False)
        return checked

    def _allowed(self) -> str:
        limits = [
            f"{word} {limit:g}"
            for word, limit in (
                ("above", self.above),
                ("of at least", self.minimum),
                ("below", self.below),
                ("of at most", self.maximum),
            )
            if limit is not None
        ]
        kind = "a whole number" if self.integer else "a finite number"
        return f"{kind} {' and '.join(limits)}".strip() + ", or one for each channel"

    def _wrong(self, kind: type[ArgumentError], value: Any) -> ArgumentError:
        text = repr(value)
        return kind(
            self.name,
            allowed=self._allowed(),
            got=text if len(text) <= 60 else f"a {type(value).__name__}",
            remedy=f"Pass {self.name} as a number, or as an array with one number for each channel.",
        )


def spread(name: str, value: np.ndarray, leading: tuple[int, ...]) -> np.ndarray:
    """Give each flattened channel of a signal its value of a parameter, ``(channels,)``."""
    if value.size == 1:
        value = value.reshape(())
    try:
        return np.ascontiguousarray(np.broadcast_to(value, leading)).reshape(-1)
    except ValueError as error:
        raise ShapeError(
            name,
            allowed=f"one number, or one for each channel: of shape {leading}",
            got=f"shape {value.shape}",
            remedy=f"Give one {name} for all channels, or as many as the signal has.",
        ) from error
