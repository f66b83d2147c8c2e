"""What may enter a LagMoments: chunks of the right kind, and other moments of the same windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import array_api_compat
import numpy as np

from lamina._checks import check_integer, check_readable, check_real, check_recording
from lamina.errors import ArgumentError, ArgumentTypeError
from lamina.typing import Array

# of the weights of trials
_LIGHTEST, _HEAVIEST = 1e-100, 1e100


def admit_chunk(chunk: Any, channels: int) -> Array:
    """Return a chunk as ``(time, channels)``, looking at its kind but not yet at its values.

    Parameters
    ----------
    chunk
        What the caller passed to ``update``.
    channels
        Channels that it must have.

    Returns
    -------
    array
        Of any real dtype; a view, unless the kind of array called for a conversion.

    Raises
    ------
    ShapeError
        It has more than two axes or another number of channels.
    ArgumentTypeError
        It is not made of real numbers.
    DataError
        A list, masked array or the like holds infinity.
    """
    if type(chunk) is np.memmap:
        chunk = np.asarray(chunk)
    array: Array = chunk
    plain = type(chunk) is np.ndarray and chunk.dtype.kind in "fiub" and chunk.dtype.itemsize <= 8
    foreign = array_api_compat.is_array_api_obj(chunk) and not isinstance(chunk, (np.ndarray, np.generic))
    fits = (plain or foreign) and (
        (array.ndim == 1 and channels == 1) or (array.ndim == 2 and array.shape[1] == channels)
    )
    if not fits:
        return check_recording("chunk", chunk, channels=channels, minimum_samples=0)
    if foreign:
        check_readable("chunk", array)
        # statistics are no part of a gradient, whose graph would grow with every chunk
        array = array.detach() if array_api_compat.is_torch_array(array) else array
        # no sample tells as much as all: the values are looked at later, without a mask or copy of the whole
        check_recording("chunk", array[:0, ...], channels=channels, minimum_samples=0)
    return array if array.ndim == 2 else array[:, None]


def check_same_library(name: str, known: Array, array: Array) -> None:
    """Refuse an array of another library or device than the one before.

    Parameters
    ----------
    name
        What the caller calls the array.
    known, array
        One from before, and the new one.

    Raises
    ------
    ArgumentTypeError
        The two cannot be computed with together.
    """
    if type(known) is np.ndarray and type(array) is np.ndarray:
        return
    for what, read in (("library", array_api_compat.array_namespace), ("device", array_api_compat.device)):
        if read(known) != read(array):
            raise ArgumentTypeError(
                name,
                allowed=f"an array of the {what} that came before, {_name(read(known))}",
                got=_name(read(array)),
                remedy="Convert the recordings so that all of them are alike.",
            )


def check_same_parameters(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Refuse to merge moments of different windows.

    Parameters
    ----------
    mine, theirs
        The parameters of both, by name.

    Raises
    ------
    ArgumentError
        They differ.
    """
    for name, value in mine.items():
        if value != theirs[name]:
            raise ArgumentError(
                "other",
                allowed=f"of {name} {value}",
                got=f"{name} {theirs[name]}",
                remedy="Gather both with the same parameters.",
            )


def check_channels(name: str, chosen: Sequence[int] | None, channels: int) -> list[int]:
    """Return the chosen channels as a list; all of them by default.

    Parameters
    ----------
    name
        What the caller calls the choice.
    chosen
        Indices from 0, or None.
    channels
        Channels that there are.

    Returns
    -------
    list of int

    Raises
    ------
    ArgumentError
        A channel does not exist, or none was chosen.
    ArgumentTypeError
        A channel is no whole number, or there is no sequence of them.
    """
    if chosen is None:
        return list(range(channels))
    try:
        listed = list(chosen)
    except TypeError as error:
        raise ArgumentTypeError(
            name,
            allowed="a sequence of channels, counted from 0",
            got=repr(chosen),
            remedy=f"Write [{chosen}] for a single channel.",
        ) from error
    found = [check_integer(name, channel, minimum=0, maximum=channels - 1) for channel in listed]
    if not found:
        raise ArgumentError(name, allowed="at least one channel", got="none", remedy="Name a channel.")
    return found


def check_weight(name: str, weight: Any) -> float:
    """Return the weight of a trial as a ``float``, whose square times any number of windows is one, too.

    Parameters
    ----------
    name
        What the caller calls the weight.
    weight
        0, or from 1e-100 to 1e100.

    Returns
    -------
    float

    Raises
    ------
    ArgumentError, ArgumentTypeError
        It is outside these limits; it is no number.
    """
    number = check_real(name, weight, minimum=0)
    if number and not _LIGHTEST <= number <= _HEAVIEST:
        raise ArgumentError(
            name,
            allowed=f"0, or a number from {_LIGHTEST} to {_HEAVIEST}",
            got=str(number),
            remedy="Only the ratios of weights matter: scale all of them.",
        )
    return number


def _name(thing: Any) -> str:
    return getattr(thing, "__name__", str(thing))
