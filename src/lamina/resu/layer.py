"""One layer of a network of units: what it computes, and which positions of the layer below it sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from array_api_compat import array_namespace, device

from lamina._checks import check_integer
from lamina.errors import ArgumentError, ArgumentTypeError, ShapeError
from lamina.resu.rectification import output_columns
from lamina.resu.settings import Settings, check_settings
from lamina.typing import Array, Objective, Rectify


@dataclass(frozen=True)
class ReSULayer:
    """Plan of one layer: units that look at a few neighbouring positions of the layer below.

    Position x sees the positions x, x + spacing, …, x + (width − 1) · spacing below. Its channels are those
    positions in that order, and within each the selected outputs. All positions have the same filters.

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
        Positions of the layer below that a unit sees, ≥ 1.
    spacing
        Distance between neighbours among them, in positions, ≥ 1.
    inputs
        Which outputs of the layer below are used, as indices; None takes all.
    center
        Subtract the means (True), or take second moments about zero (False).
    objective, ridge
        As for `lamina.ReSU`.

    Raises
    ------
    ArgumentError
        A parameter cannot be.

    Examples
    --------
    >>> layer = ReSULayer(memory=1, horizon=1, rank=6, gap=5, width=3, spacing=13, center=False)
    >>> layer.n_positions(100)
    74
    """

    memory: int
    horizon: int
    rank: int
    gap: int = 1
    rectify: Rectify | Sequence[Rectify] = "none"
    width: int = 1
    spacing: int = 1
    inputs: Sequence[int] | None = None
    center: bool = True
    objective: Objective = "cca"
    ridge: float = 0.0

    def __post_init__(self) -> None:
        self.settings()
        check_integer("width", self.width, minimum=1)
        check_integer("spacing", self.spacing, minimum=1)
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

    def n_channels(self, outputs_below: int) -> int:
        """Channels that a position sees: width times the selected outputs of the layer below."""
        return self.width * len(self._selected(outputs_below))

    def n_positions(self, below: int) -> int:
        """Count the positions whose receptive field lies within ``below`` positions; may be 0 or less."""
        return below - (self.width - 1) * self.spacing

    def receptive_fields(self, below: Array) -> Array:
        """Gather what every position sees.

        Parameters
        ----------
        below
            Outputs of the layer below, shape (positions, ..., time, outputs).

        Returns
        -------
        Array
            Shape (positions of this layer, ..., time, channels), outputs fastest.

        Raises
        ------
        ShapeError
            There are fewer positions than one receptive field spans.
        ArgumentError
            ``inputs`` names an output that the layer below does not have.
        """
        xp = array_namespace(below)
        positions = self.n_positions(below.shape[0])
        if positions < 1:
            raise ShapeError(
                "below",
                allowed=f"of at least {(self.width - 1) * self.spacing + 1} position(s)",
                got=f"{below.shape[0]} position(s)",
                remedy="Use more pixels, or a smaller width or spacing.",
            )
        selected = self._selected(below.shape[-1])
        if selected != list(range(below.shape[-1])):
            below = xp.take(below, xp.asarray(selected, device=device(below)), axis=-1)
        starts = [offset * self.spacing for offset in range(self.width)]
        return xp.concat([below[start : start + positions, ...] for start in starts], axis=-1)

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
