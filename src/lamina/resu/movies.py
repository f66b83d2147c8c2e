"""What may enter a network: movies of a row or of a grid of pixels, and those that can go up together."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from array_api_compat import array_namespace, device

from lamina._checks import as_floating, check_integer, check_recording
from lamina.errors import ArgumentTypeError, DataError, ShapeError
from lamina.resu.admission import is_list_of_trials
from lamina.typing import Array

_TOGETHER = 2**20  # samples that go through the layers in one pass: enough to be fast, little enough to hold


def check_movies(name: str, movies: Any) -> list[Array]:
    """Return movies as (time, pixels) or (time, height, width) arrays; unlike trials, they differ in size.

    Parameters
    ----------
    name
        The argument's name, for the error.
    movies
        One movie or a list; (time,) is a movie of one pixel.

    Returns
    -------
    list of Array
        All of two axes, or all of three; floating.

    Raises
    ------
    ArgumentTypeError, DataError
        Not real numbers, a sparse array, none at all, or infinite.
    ShapeError
        A movie has four axes or more, no pixel, or another number of axes than the first.
    """
    if hasattr(movies, "toarray"):
        got = f"a sparse {type(movies).__name__}"
        raise ArgumentTypeError(name, allowed="a dense array", got=got, remedy="Use its toarray().")
    if not is_list_of_trials(movies):
        if isinstance(movies, (list, tuple)) and len(movies) == 0:
            raise DataError(
                name, allowed="at least one recording", got="an empty list", remedy="Pass some data."
            )
        return [_check_movie(name, movies)]
    checked = [_check_movie(f"{name}[{index}]", movie) for index, movie in enumerate(movies)]
    for index, movie in enumerate(checked):
        if movie.ndim != checked[0].ndim:
            raise ShapeError(
                f"{name}[{index}]",
                allowed=f"of {checked[0].ndim - 1} axis or axes of space, as the first",
                got=f"shape {tuple(movie.shape)}",
                remedy="Pass movies of a row of pixels, or of a grid, not both.",
            )
    return checked


def check_shape(name: str, value: Any) -> tuple[int, ...]:
    """Return the size of a retina, one number or (height, width), as a tuple.

    Raises
    ------
    ArgumentError
        It is neither, or below 1.
    """
    if not isinstance(value, (tuple, list)):
        return (check_integer(name, value, minimum=1),)
    if len(value) != 2:
        raise ArgumentTypeError(
            name,
            allowed="a number of pixels, or (height, width)",
            got=repr(value),
            remedy="Write (20, 30) for 20 rows of 30 pixels.",
        )
    return tuple(check_integer(f"{name}[{axis}]", each, minimum=1) for axis, each in enumerate(value))


def as_stack(movie: Array) -> Array:
    """Turn (time, pixels) into (positions, time, 1), (time, height, width) into (rows, columns, time, 1)."""
    xp = array_namespace(movie)
    return xp.permute_dims(movie, (*range(1, movie.ndim), 0))[..., None]


def alike(stacks: Sequence[Array]) -> list[list[int]]:
    """Group movies of one shape and kind, which can go through the layers in one pass, as indices."""
    groups: list[list[int]] = []
    open_groups: dict[Any, list[int]] = {}
    for index, stack in enumerate(stacks):
        kind = (type(stack), stack.shape, str(stack.dtype), str(device(stack)))
        group = open_groups.get(kind)
        if group is None or (len(group) + 1) * prod(stack.shape) > _TOGETHER:
            group = open_groups[kind] = []
            groups.append(group)
        group.append(index)
    return groups


def together(stacks: Sequence[Array], members: Sequence[int]) -> Array:
    """Stack movies of one shape as (positions, movies, time, 1); positions are one axis or two."""
    first = stacks[members[0]]
    return array_namespace(first).stack([stacks[member] for member in members], axis=first.ndim - 2)


def _check_movie(name: str, movie: Any) -> Array:
    array = as_floating(name, movie, True)
    if array.ndim < 3:
        return check_recording(name, array)
    if array.ndim > 3:
        raise ShapeError(
            name,
            allowed="of shape (time,), (time, pixels) or (time, height, width)",
            got=f"{array.ndim} axes, shape {tuple(array.shape)}",
            remedy="Time is the first axis; pass several movies as a list.",
        )
    time, height, width = array.shape
    pixels = array_namespace(array).reshape(array, (time, height * width))
    check_recording(name, pixels)
    return array
