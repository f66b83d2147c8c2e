"""Half-wave rectification of units into ON and OFF channels, and the way back (paper, Eqs. 4 and 10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from array_api_compat import array_namespace, device

from lamina._checks import check_choice
from lamina.errors import ArgumentError, ArgumentTypeError, ShapeError
from lamina.typing import Array, Rectify

MODES: tuple[Rectify, ...] = ("none", "on", "off", "split")


def check_modes(name: str, value: Any, units: int) -> tuple[Rectify, ...]:
    """Return the rectification of every unit, from one word for all of them or a sequence with one per unit.

    Parameters
    ----------
    name
        The argument's name, for the error.
    value
        ``"none"``, ``"on"``, ``"off"`` or ``"split"``, or a sequence of ``units`` such words.
    units
        Number of units, at least 1.

    Returns
    -------
    tuple of str
        One word per unit.

    Raises
    ------
    ArgumentError
        A word is none of the four, or the sequence has not one word per unit.

    Examples
    --------
    >>> check_modes("rectify", "on", 2)
    ('on', 'on')
    """
    if isinstance(value, str):
        word: Any = check_choice(name, value, MODES)
        return (word,) * units
    if not isinstance(value, Sequence):
        raise ArgumentTypeError(
            name,
            allowed=f"one of {', '.join(map(repr, MODES))}, or a sequence with one of them per unit",
            got=repr(value),
            remedy="Use 'none' to leave the units as they are.",
        )
    if len(value) != units:
        raise ArgumentError(
            name,
            allowed=f"one word, or a sequence with one for each of the {units} unit(s)",
            got=f"{len(value)} word(s)",
            remedy=f"Give {name} as many words as rank.",
        )
    words: list[Any] = [check_choice(f"{name}[{unit}]", word, MODES) for unit, word in enumerate(value)]
    return tuple(words)


def output_columns(modes: Sequence[Rectify]) -> list[tuple[int, int, bool]]:
    """List the output columns, unit by unit, as ``(unit, sign, rectified)``.

    Examples
    --------
    >>> output_columns(["none", "split"])
    [(0, 1, False), (1, 1, True), (1, -1, True)]
    """
    columns: list[tuple[int, int, bool]] = []
    for unit, mode in enumerate(modes):
        if mode == "none":
            columns.append((unit, 1, False))
        if mode in ("on", "split"):
            columns.append((unit, 1, True))
        if mode in ("off", "split"):
            columns.append((unit, -1, True))
    return columns


def output_names(modes: Sequence[Rectify], prefix: str = "resu") -> list[str]:
    """Name the output columns: ``resu0``, or ``resu0_on`` and ``resu0_off`` where a unit is rectified.

    Examples
    --------
    >>> output_names(["none", "split"])
    ['resu0', 'resu1_on', 'resu1_off']
    """
    endings = {(1, False): "", (1, True): "_on", (-1, True): "_off"}
    return [f"{prefix}{unit}{endings[sign, half]}" for unit, sign, half in output_columns(modes)]


def rectify(z: Array, modes: Sequence[Rectify]) -> Array:
    """Rectify units: z⁺ = max(z, 0) (ON), z⁻ = max(−z, 0) (OFF).

    Parameters
    ----------
    z
        Units' outputs, shape (..., units), floating. NaN stays NaN.
    modes
        One of "none", "on", "off", "split" for every unit; "split" gives ON, then OFF.

    Returns
    -------
    Array
        Shape (..., outputs), unit by unit, same dtype and device.

    Raises
    ------
    ShapeError
        ``z`` has not one column per mode.

    References
    ----------
    Qin et al. 2025, arXiv:2512.23146, Eqs. 4 and 10.

    Examples
    --------
    >>> import numpy as np
    >>> rectify(np.array([[1.0, -2.0]]), ["none", "split"])
    array([[1., 0., 2.]])
    """
    xp = array_namespace(z)
    if z.shape[-1] != len(modes):
        raise ShapeError(
            "z",
            allowed=f"of {len(modes)} column(s), one per unit",
            got=f"shape {tuple(z.shape)}",
            remedy="Give one rectification mode per unit.",
        )
    columns = output_columns(modes)
    if not any(half for _, _, half in columns):
        return z
    signed = _take(z, [unit for unit, _, _ in columns])
    signed = signed * xp.asarray([sign for _, sign, _ in columns], dtype=z.dtype, device=device(z))
    linear = xp.asarray([not half for _, _, half in columns], device=device(z))
    return xp.where(linear | ~(signed <= 0), signed, xp.zeros_like(signed))


def recombine(outputs: Array, modes: Sequence[Rectify]) -> Array:
    """Undo `rectify` where nothing was lost: z = z⁺ − z⁻.

    Parameters
    ----------
    outputs
        Shape (..., outputs), as `rectify` gives them.
    modes
        The modes that `rectify` was given.

    Returns
    -------
    Array
        Shape (..., units).

    Raises
    ------
    ArgumentError
        A unit is "on" or "off": half of its values were discarded.
    ShapeError
        ``outputs`` has the wrong number of columns.

    Examples
    --------
    >>> import numpy as np
    >>> recombine(np.array([[1.0, 0.0, 2.0]]), ["none", "split"])
    array([[ 1., -2.]])
    """
    lost = [unit for unit, mode in enumerate(modes) if mode in ("on", "off")]
    if lost:
        raise ArgumentError(
            "rectify",
            allowed="'none' or 'split' for every unit, to be undone",
            got=f"{modes[lost[0]]!r} for unit {lost[0]}",
            remedy="Half of that unit's values are gone; fit with rectify='split' to keep both halves.",
        )
    columns = output_columns(modes)
    if outputs.shape[-1] != len(columns):
        raise ShapeError(
            "Z",
            allowed=f"of {len(columns)} column(s), one per output",
            got=f"shape {tuple(outputs.shape)}",
            remedy="Pass what transform returned.",
        )
    first = [next(i for i, column in enumerate(columns) if column[0] == unit) for unit in range(len(modes))]
    if len(columns) == len(modes):
        return outputs
    xp = array_namespace(outputs)
    second = [start + (mode == "split") for start, mode in zip(first, modes, strict=True)]
    split = xp.asarray([mode == "split" for mode in modes], dtype=outputs.dtype, device=device(outputs))
    return _take(outputs, first) - split * _take(outputs, second)


def _take(array: Array, columns: list[int]) -> Array:
    xp = array_namespace(array)
    return xp.take(array, xp.asarray(columns, device=device(array)), axis=-1)
