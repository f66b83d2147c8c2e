"""One layer of a network of units: what it computes, and which positions of the layer below it sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, overload

from array_api_compat import array_namespace, device

from lamina._checks import check_choice, check_integer
from lamina.errors import ArgumentError, ArgumentTypeError, ShapeError
from lamina.resu.rectification import output_columns
from lamina.resu.settings import Settings, check_settings
from lamina.typing import Array, Objective, Rectify

FieldShape: TypeAlias = Literal["square", "cross"]


@dataclass(frozen=True)
class ReSULayer:
    """Plan of one layer: units that look at a few neighbouring positions of the layer below.

    Position x sees the positions x, x + spacing, …, x + (width − 1) · spacing below. Its channels are those
    positions in that order, and within each the selected outputs. All positions have the same filters.

    On a two-dimensional retina this holds for rows and for columns: a receptive field is a grid of positions,
    taken row by row from the top and from left to right, or those of them on its middle row and column.

    Parameters
    ----------
    memory, horizon
        Samples of past and of future, ≥ 1.
    rank
        Units per position, ≥ 1.
    gap
        Samples from the present to the first sample of the future, ≥ 1.
    rectify
        "none", "on", "off", "split", or a sequence with one of these per unit.
    width
        Positions of the layer below that a unit sees, ≥ 1. In two dimensions (rows, columns), or one number
        for both.
    spacing
        Distance between neighbours among them, in positions, ≥ 1. In two dimensions as ``width``.
    inputs
        Which outputs of the layer below are used, as indices; None takes all.
    center
        Subtract the means (True), or take second moments about zero (False).
    objective, ridge
        As for `lamina.ReSU`.
    field
        "square" for the whole grid, or, in two dimensions only, "cross" for its middle row and column: with a
        ``width`` of 3 the channels are up, left, centre, right, down. The width of a cross is odd.

    Raises
    ------
    ArgumentError
        A parameter cannot be.

    Examples
    --------
    >>> layer = ReSULayer(memory=1, horizon=1, rank=6, gap=5, width=3, spacing=13, center=False)
    >>> layer.n_positions(100)
    74
    >>> cross = ReSULayer(memory=1, horizon=1, rank=6, width=3, field="cross")
    >>> cross.offsets(axes=2)
    [(0, 1), (1, 0), (1, 1), (1, 2), (2, 1)]
    """

    memory: int
    horizon: int
    rank: int
    gap: int = 1
    rectify: Rectify | Sequence[Rectify] = "none"
    width: int | Sequence[int] = 1
    spacing: int | Sequence[int] = 1
    inputs: Sequence[int] | None = None
    center: bool = True
    objective: Objective = "cca"
    ridge: float = 0.0
    field: FieldShape = "square"

    def __post_init__(self) -> None:
        self.settings()
        widths = _check_extent("width", self.width)
        _check_extent("spacing", self.spacing)
        if check_choice("field", self.field, ("square", "cross")) == "cross" and not all(
            width % 2 for width in widths
        ):
            raise ArgumentError(
                "width",
                allowed="odd for a cross, which has a middle",
                got=repr(self.width),
                remedy="Use 3, or a square field.",
            )
        if self.inputs is None:
            return
        if isinstance(self.inputs, str) or not isinstance(self.inputs, Sequence):
            raise ArgumentTypeError(
                "inputs",
                allowed="a sequence of indices, or None",
                got=repr(self.inputs),
                remedy="Write (0,) for the first output alone.",
            )
        chosen = [check_integer(f"inputs[{i}]", index, minimum=0) for i, index in enumerate(self.inputs)]
        if not chosen or len(set(chosen)) < len(chosen):
            raise ArgumentError(
                "inputs",
                allowed="at least one index, each once",
                got=repr(self.inputs),
                remedy="Use None for every output.",
            )

    def settings(self) -> Settings:
        """Return the checked parameters of the layer's units."""
        return check_settings(
            memory=self.memory,
            horizon=self.horizon,
            rank=self.rank,
            gap=self.gap,
            center=self.center,
            rectify=self.rectify,
            objective=self.objective,
            ridge=self.ridge,
        )

    @property
    def n_outputs(self) -> int:
        """Outputs per position, when the data hold as many directions as ``rank``."""
        return len(output_columns(self.settings().modes))

    def offsets(self, axes: int = 1) -> list[tuple[int, ...]]:
        """List where a receptive field lies, as distances from its first position.

        Parameters
        ----------
        axes
            Dimensions of the retina, 1 or 2.

        Returns
        -------
        list of tuple of int
            One number per dimension each, in the order of the channels.

        Raises
        ------
        ArgumentError
            A field of rows and columns is laid on a row of pixels, or ``axes`` is neither 1 nor 2.

        Examples
        --------
        >>> ReSULayer(1, 1, 1, width=3, spacing=2).offsets()
        [(0,), (2,), (4,)]
        """
        (height, width), (row_step, column_step) = self._extent(axes)
        if axes == 1:
            return [(place * column_step,) for place in range(width)]
        return [
            (row * row_step, column * column_step)
            for row in range(height)
            for column in range(width)
            if self.field == "square" or row == height // 2 or column == width // 2
        ]

    def n_channels(self, outputs_below: int, axes: int = 1) -> int:
        """Count the channels of a position: places of its receptive field times selected outputs below.

        Parameters
        ----------
        outputs_below
            Outputs per position of the layer below.
        axes
            Dimensions of the retina, 1 or 2.

        Returns
        -------
        int
            At least 1.
        """
        height, width = self._extent(axes)[0]
        # counted, not listed: a file may ask for any width
        positions = height * width if self.field == "square" else height + width - 1
        return positions * len(self._selected(outputs_below))

    @overload
    def n_positions(self, below: int) -> int: ...
    @overload
    def n_positions(self, below: tuple[int, ...]) -> tuple[int, ...]: ...
    def n_positions(self, below: int | tuple[int, ...]) -> int | tuple[int, ...]:
        """Count the positions whose receptive field lies within ``below`` positions.

        Parameters
        ----------
        below
            Positions of the layer below, a number or (rows, columns).

        Returns
        -------
        int or tuple of int
            As ``below``; 0 or less where no receptive field has room.
        """
        shape = below if isinstance(below, tuple) else (below,)
        widths, spacings = self._extent(len(shape))
        along = zip(shape, widths[-len(shape) :], spacings[-len(shape) :], strict=True)
        counts = tuple(size - (width - 1) * spacing for size, width, spacing in along)
        return counts if isinstance(below, tuple) else counts[0]

    def receptive_fields(self, below: Array, axes: int = 1) -> Array:
        """Gather what every position sees.

        Parameters
        ----------
        below
            Outputs of the layer below, shape (positions, ..., time, outputs), or
            (rows, columns, ..., time, outputs) in two dimensions.
        axes
            Dimensions of the retina, 1 or 2.

        Returns
        -------
        Array
            Shape (positions of this layer, ..., time, channels), outputs fastest.

        Raises
        ------
        ShapeError
            There are fewer positions than one receptive field spans.
        ArgumentError
            ``inputs`` names an output that the layer below does not have, or the field has rows and columns
            and the retina has not.
        """
        xp = array_namespace(below)
        offsets = self.offsets(axes)
        shape = tuple(below.shape[:axes])
        positions = self.n_positions(shape)
        if min(positions) < 1:
            needed = [size + 1 - count for size, count in zip(shape, positions, strict=True)]
            raise ShapeError(
                "below",
                allowed=f"of at least {by(needed)} position(s)",
                got=f"{by(shape)} position(s)",
                remedy="Use more pixels, or a smaller width or spacing.",
            )
        selected = self._selected(below.shape[-1])
        if selected != list(range(below.shape[-1])):
            below = xp.take(below, xp.asarray(selected, device=device(below)), axis=-1)
        windows = [
            tuple(slice(start, start + count) for start, count in zip(offset, positions, strict=True))
            for offset in offsets
        ]
        return xp.concat([below[(*window, ...)] for window in windows], axis=-1)

    def _extent(self, axes: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Width and spacing as (rows, columns); a row of pixels is one row."""
        if check_integer("axes", axes, minimum=1, maximum=2) == 2:
            return _pair(self.width), _pair(self.spacing)
        if self.field == "cross":
            raise ArgumentError(
                "field",
                allowed="'square', for movies of a row of pixels",
                got="'cross'",
                remedy="Pass movies of shape (time, height, width).",
            )
        for name, value in (("width", self.width), ("spacing", self.spacing)):
            if isinstance(value, Sequence):
                raise ArgumentError(
                    name,
                    allowed="one number, for movies of a row of pixels",
                    got=repr(value),
                    remedy="Pass movies of shape (time, height, width), or one number.",
                )
        return (1, _pair(self.width)[1]), (1, _pair(self.spacing)[1])

    def _selected(self, outputs_below: int) -> list[int]:
        if self.inputs is None:
            return list(range(outputs_below))
        if max(self.inputs) >= outputs_below:
            raise ArgumentError(
                "inputs",
                allowed=f"indices from 0 to {outputs_below - 1}, the outputs of the layer below",
                got=repr(tuple(self.inputs)),
                remedy="A 'split' unit has two outputs, ON then OFF; a rank-deficient layer has fewer units.",
            )
        return list(self.inputs)


def by(shape: Sequence[int]) -> str:
    """Write the size of a grid: ``5`` or ``4 x 5``."""
    return " x ".join(str(size) for size in shape)


def _check_extent(name: str, value: Any) -> tuple[int, ...]:
    """Return a width or a spacing as it was given, one number or (rows, columns), after checking it."""
    if not isinstance(value, (tuple, list)):
        return (check_integer(name, value, minimum=1),)
    if len(value) != 2:
        raise ArgumentError(
            name,
            allowed="one number, or two: (rows, columns)",
            got=repr(value),
            remedy="Write (3, 5) for 3 rows and 5 columns.",
        )
    return tuple(check_integer(f"{name}[{axis}]", each, minimum=1) for axis, each in enumerate(value))


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    """Return (rows, columns), of one number for both or of two."""
    rows, columns = value if isinstance(value, Sequence) else (value, value)
    return rows, columns
