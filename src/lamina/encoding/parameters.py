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
        try:
            if array_api_compat.is_torch_array(value):
                # numpy has no bfloat16
                plain = value.detach().cpu()
                array = plain.double().numpy() if plain.is_floating_point() else plain.numpy()
            else:
                array = np.array(value)
        except (TypeError, ValueError, RuntimeError) as error:
            raise self._wrong(ArgumentTypeError, value) from error
        if array.dtype.kind not in "iuf" or array.size == 0 or np.ma.is_masked(value):
            raise self._wrong(ArgumentTypeError, value)
        wide = array.astype(np.float64)
        right = np.isfinite(wide)
        if self.integer:
            # beyond, float64 does not hold every whole number, and int64 soon none
            right &= (wide == np.round(wide)) & (np.abs(wide) <= 2.0**53)
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
        # a copy of its own: kernels are compiled for arrays that are contiguous and writeable
        return np.array(np.broadcast_to(value, leading), order="C").reshape(-1)
    except ValueError as error:
        raise ShapeError(
            name,
            allowed=f"one number, or one for each channel: of shape {leading}",
            got=f"shape {value.shape}",
            remedy=f"Give one {name} for all channels, or as many as the signal has.",
        ) from error


def in_type(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return float64 numbers in a signal's type; what is beyond it becomes its largest number."""
    with np.errstate(over="ignore"):
        cast = values.astype(dtype)
    if np.count_nonzero(np.isfinite(cast)) < cast.size:
        largest = np.finfo(dtype).max
        cast.clip(-largest, largest, out=cast)
    return cast


def check_flag(name: str, value: Any) -> bool:
    """Return True or False as it is; words and numbers, such as "False", are refused."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise ArgumentTypeError(
        name, allowed="True or False", got=repr(value)[:60], remedy=f"Pass {name} as True or False."
    )


class SpreadParameters:
    """The parameters of each channel, which are checked and spread again only after they were changed."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Any, tuple[int, ...], np.ndarray]] = {}

    def __reduce__(self) -> tuple[type[SpreadParameters], tuple[()]]:
        """Let copies start afresh: the arrays that they copy can be changed in place."""
        return SpreadParameters, ()

    def of(self, parameter: Parameter, value: Any, leading: tuple[int, ...]) -> np.ndarray:
        """Return ``value`` for each flattened channel of a signal of a leading shape."""
        kept = self._kept.get(parameter.name)
        if kept is not None and kept[0] is value and kept[1] == leading:
            return kept[2]
        over = spread(parameter.name, parameter.check(value), leading)
        # only what cannot be changed in place is known to be the same next time
        if isinstance(value, np.ndarray) and not value.flags.writeable:
            self._kept[parameter.name] = value, leading, over
        return over
