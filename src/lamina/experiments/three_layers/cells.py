"""The cells of layer 3: what they see, how the four are chosen, and how they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lamina.circuits import direction_selectivity_index, peak_response
from lamina.experiments.natural_scenes import LEFT, RIGHT
from lamina.experiments.three_layers.config import ThreeLayersConfig
from lamina.resu import ReSULayer, ReSUNetwork

COLUMNS = 3
"""Neighbouring columns that a cell of layer 3 sees: left, centre, right."""

CELLS = {"T4a": ("ON", RIGHT), "T4b": ("ON", LEFT), "T5a": ("OFF", RIGHT), "T5b": ("OFF", LEFT)}
"""The edges and the motion that each cell answers, which is what these names mean here."""

Sight = dict[int, np.ndarray]
"""What layer 3 sees of motion to the right and to the left: ``(samples, channels)`` each."""


@dataclass(frozen=True)
class Response:
    """Peak responses to motion in the preferred and the null direction, in standard deviations."""

    preferred: float
    null: float

    @property
    def index(self) -> float:
        """(P - N) / (P + N); negative if a test turns the preference of the training scenes round."""
        return float(direction_selectivity_index(self.preferred, self.null))


@dataclass(frozen=True, eq=False)
class Cell:
    """One rectified unit of layer 3.

    Parameters
    ----------
    preferred
        +1 if it prefers motion to the right in the training scenes, -1 to the left.
    group, direction, sign
        Which group's canonical direction, and which half of it.
    weights
        ``(channels,)`` of this half, in units of the standard deviation of the training response.
    training_index
        On the training scenes.
    """

    preferred: int
    group: int
    direction: int
    sign: int
    weights: np.ndarray
    training_index: float

    def response(self, seen: np.ndarray) -> np.ndarray:
        """Return the rectified response to ``(samples, channels)``, in standard deviations."""
        return np.maximum(seen @ self.weights, 0.0)

    def peaks(self, seen: Mapping[int, np.ndarray]) -> Response:
        """Return the peak responses to the same movie moving either way."""
        return Response(
            *(float(peak_response(seen[way] @ self.weights)) for way in (self.preferred, -self.preferred))
        )


def plan(config: ThreeLayersConfig) -> list[ReSULayer]:
    """Plan the first two layers: L3, L1 and L2 of each photoreceptor, and medulla cells of each column."""
    length = config.medulla_memory
    return [
        ReSULayer(config.memory, config.horizon, rank=2, rectify=("none", "split")),
        ReSULayer(length, length, config.medulla_rank, rectify="split", ridge=config.medulla_ridge),
    ]


def look(network: ReSUNetwork, movies: Sequence[np.ndarray], layer: int = 1) -> list[np.ndarray]:
    """Return the outputs of a layer in all columns, ``(time, columns * outputs)`` for each movie.

    Only samples that depend on no missing history; column by column.
    """
    first = network.valid_from_[-1]
    return [_flat(np.asarray(outputs)[first:]) for outputs in network.transform(list(movies), layer=layer)]


def mirrored(weights: np.ndarray) -> np.ndarray:
    """Exchange left and right in the last axis, ``(..., channels)``."""
    apart = weights.reshape(*weights.shape[:-1], COLUMNS, -1)
    return apart[..., ::-1, :].reshape(weights.shape)


def choose_cells(filters: np.ndarray, scenes: Sight, lamina: Sight, *, every: int = 1) -> dict[str, Cell]:
    """Choose the four cells by a rule that looks at training scenes only.

    The rule: of all canonical directions of all groups whose two halves prefer the same motion, one active
    with L1 and one with L2, take the one with the largest smallest of four numbers: the direction selectivity
    index of either half, and of either half (A - B) / (A + B), with A and B its mean product with L1 and with
    L2. Its halves are T4 and T5; once for motion to the right (a), once for motion to the left (b).

    Parameters
    ----------
    filters
        ``(groups, directions, channels)``.
    scenes
        What layer 3 sees of the training scenes.
    lamina
        ``(samples, 2)`` L1 and L2 of the centre at the same samples; L1 tells brightening, L2 darkening.
    every
        Look at every how many samples.

    Returns
    -------
    dict[str, Cell]
        By name; a pair that no direction qualifies for is missing.
    """
    best: dict[int, tuple[float, list[tuple[str, Cell]]]] = {}
    seen = {way: scenes[way][::every] for way in scenes}
    beside = {way: lamina[way][::every] for way in lamina}
    for group, directions in enumerate(filters):
        z = {way: seen[way] @ directions.T for way in seen}
        scale = np.concatenate(list(z.values())).std(axis=0)
        # a direction that does not vary is no cell
        live = scale > 1e-9 * scale.max()
        scale = np.where(live, scale, 1.0)
        halves = {sign: {way: np.maximum(sign * z[way] / scale, 0.0) for way in z} for sign in (1, -1)}
        peaks = {sign: {way: peak_response(half[way]) for way in half} for sign, half in halves.items()}
        polarity = {sign: _polarity(half, beside) for sign, half in halves.items()}
        clear = np.minimum(np.abs(polarity[1]), np.abs(polarity[-1]))
        for direction in np.flatnonzero(live & (polarity[1] * polarity[-1] < 0)):
            for way in (RIGHT, LEFT):
                index = {
                    sign: float(
                        direction_selectivity_index(peaks[sign][way][direction], peaks[sign][-way][direction])
                    )
                    for sign in (1, -1)
                }
                worse = min(*index.values(), float(clear[direction]))
                if worse <= 0 or (way in best and best[way][0] >= worse):
                    continue
                pair = [
                    (
                        "ON" if polarity[sign][direction] > 0 else "OFF",
                        Cell(
                            way,
                            group,
                            int(direction),
                            sign,
                            sign * directions[direction] / scale[direction],
                            index[sign],
                        ),
                    )
                    for sign in (1, -1)
                ]
                best[way] = (worse, pair)
    return {
        name: cell
        for name, (polarity, way) in CELLS.items()
        if way in best
        for half, cell in best[way][1]
        if half == polarity
    }


def choose_halves(filters: np.ndarray, scenes: Sight, lamina: Sight, *, every: int = 1) -> dict[str, Cell]:
    """Choose each cell by itself, on training scenes: the half that is clearest about motion and polarity.

    The two halves of an odd direction prefer opposite motion and can be no pair of `choose_cells`. Here any
    half will do, by the smaller of its index and its (A - B) / (A + B).

    Parameters
    ----------
    filters, scenes, lamina, every
        As for `choose_cells`.

    Returns
    -------
    dict[str, Cell]
        By name; one that no half qualifies for is missing.
    """
    seen = {way: scenes[way][::every] for way in scenes}
    beside = {way: lamina[way][::every] for way in lamina}
    best: dict[str, tuple[float, Cell]] = {}
    for group, directions in enumerate(filters):
        z = {way: seen[way] @ directions.T for way in seen}
        scale = np.concatenate(list(z.values())).std(axis=0)
        for sign in (1, -1):
            half = {way: np.maximum(sign * z[way] / scale, 0.0) for way in z}
            polarity = _polarity(half, beside)
            peaks = {way: peak_response(half[way]) for way in half}
            for name, (edges, way) in CELLS.items():
                index = direction_selectivity_index(peaks[way], peaks[-way])
                clear = np.minimum(index, polarity if edges == "ON" else -polarity)
                k = int(clear.argmax())
                if clear[k] > max(0.0, best[name][0] if name in best else 0.0):
                    weights = sign * directions[k] / scale[k]
                    best[name] = float(clear[k]), Cell(way, group, k, sign, weights, float(index[k]))
    return {name: best[name][1] for name in CELLS if name in best}


def _flat(outputs: np.ndarray) -> np.ndarray:
    return outputs.reshape(len(outputs), -1)


def _polarity(half: Mapping[int, np.ndarray], lamina: Mapping[int, np.ndarray]) -> np.ndarray:
    """Return (A - B) / (A + B) of each half's mean product with L1 and with L2, over motion either way."""
    with_on, with_off = np.sum([half[way].T @ lamina[way] for way in half], axis=0).T
    total = with_on + with_off
    return np.divide(with_on - with_off, total, out=np.zeros_like(total), where=total > 0)
