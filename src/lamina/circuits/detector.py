"""A motion detector: one rectified unit of the second layer, what it sees, and how it is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from lamina._checks import check_integer, check_real
from lamina.circuits.selectivity import direction_selectivity_index, peak_response
from lamina.errors import ArgumentError, DataError, ShapeError
from lamina.resu import ReSUNetwork

Pathway: TypeAlias = Literal["T4", "T5"]

N_INPUTS = 3
"""Neighbouring photoreceptors that a motion detector sees: left, centre, right."""


@dataclass(frozen=True, eq=False)
class MotionDetector:
    """One rectified unit of the second layer, and the network that it is part of.

    Parameters
    ----------
    network
        Fitted on movies that move one way; its second layer splits each direction into ON and OFF.
    pathway
        "T4" (driven by L1 and L3) or "T5" (driven by L2 and L3).
    output
        Column of the second layer's output: 2 k for the positive half of direction k, 2 k + 1 for the
        negative.
    scale
        Standard deviation of the direction's response to its training movies, before rectification.
    preferred
        +1 if it preferred motion to the right in the training scenes, -1 for motion to the left.
    training_index
        Its direction selectivity index on the training scenes, from 0 to 1.

    Notes
    -----
    Made by `learn_motion_detector` and `choose_detector`.

    Examples
    --------
    See `learn_motion_detector`.

    >>> from lamina.circuits import motion_layers
    >>> MotionDetector(ReSUNetwork(motion_layers()), "T4", 7, 1.0, -1, 0.9).direction
    3
    """

    network: ReSUNetwork
    pathway: Pathway
    output: int
    scale: float
    preferred: int
    training_index: float

    @property
    def direction(self) -> int:
        """Which canonical direction of the second layer this is, counted from 0."""
        return self.output // 2

    @property
    def sign(self) -> int:
        """+1 if it keeps the positive half of its direction, -1 if the negative."""
        return 1 if self.output % 2 == 0 else -1

    @property
    def weights(self) -> np.ndarray:
        """Six weights, ``(2, 3)``: L1 (or L2) then L3; left, centre, right. The largest magnitude is 1."""
        weights = self.sign * np.asarray(self.network.layers_[1].filters_[self.direction, 0])
        return (weights / np.abs(weights).max()).reshape(N_INPUTS, 2).T

    def respond(self, movie: np.ndarray, threshold: float = 0.0) -> np.ndarray:
        r"""Return the rectified response, in standard deviations of the training response.

        .. math:: r_t = \max(\pm z_t / s - \theta, 0)

        Parameters
        ----------
        movie
            ``(time, 3)`` contrast.
        threshold
            Threshold, in standard deviations, at least 0.

        Returns
        -------
        numpy.ndarray
            ``(time - memory + 1,)``: the samples whose window is whole.

        Raises
        ------
        ShapeError
            If the movie does not have three pixels.
        ArgumentError
            If the threshold is negative.
        """
        level = check_real("threshold", threshold, minimum=0.0)
        if np.ndim(movie) != 2 or np.shape(movie)[1] != N_INPUTS:
            raise ShapeError(
                "movie",
                allowed=f"of shape (time, {N_INPUTS})",
                got=f"shape {np.shape(movie)}",
                remedy="A detector looks at three neighbouring photoreceptors.",
            )
        outputs = np.asarray(self.network.transform(np.asarray(movie)))
        response = outputs[self.network.valid_from_[-1] :, 0, self.output] / self.scale
        return np.maximum(response - level, 0.0)


def detector_inputs(network: ReSUNetwork, movies: Sequence[np.ndarray]) -> np.ndarray:
    """Return what the second layer sees: L1 (or L2) and L3 of the left, the centre and the right pixel.

    Parameters
    ----------
    network
        Fitted, with the plan of `motion_layers`.
    movies
        ``(time, 3)`` each.

    Returns
    -------
    numpy.ndarray
        ``(samples, 6)``, the samples of all movies whose windows are whole, one movie after the other.

    Examples
    --------
    >>> from lamina import datasets, simulate
    >>> from lamina.circuits import fit_motion_network, motion_layers
    >>> retina, rng = simulate.Retina(n_pixels=3), np.random.default_rng(0)
    >>> scene = datasets.photographs()[0]
    >>> contrast = datasets.natural_contrast(scene.luminance, scene.degrees_per_pixel)[::8]
    >>> rows = contrast / contrast.std(axis=1, keepdims=True)
    >>> rows += 0.05 * rng.standard_normal(rows.shape)
    >>> right, left = (list(datasets.scan(rows, scene.degrees_per_pixel, retina, v)) for v in (40, -40))
    >>> network = fit_motion_network(right, motion_layers())
    >>> len(right) * (len(right[0]) - 49), detector_inputs(network, right).shape
    (29538, (29538, 6))
    """
    first = network.valid_from_[0]
    columns = list(network.layers[1].inputs or ())
    outputs = network.transform(list(movies), layer=0)
    return np.concatenate([out[first:][:, :, columns].reshape(-1, 2 * N_INPUTS) for out in outputs])


def second_layer(network: ReSUNetwork) -> tuple[np.ndarray, np.ndarray]:
    """Return the second layer's filters ``(directions, 6)`` and means ``(6,)``."""
    unit = network.layers_[1]
    return np.asarray(unit.filters_[:, 0, :]), np.asarray(unit.past_mean_[0])


def response_scale(inputs: np.ndarray, filters: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Return the standard deviation of every direction's response before rectification, ``(directions,)``."""
    return np.asarray(((inputs - means) @ filters.T).std(axis=0))


def rectified_peaks(
    inputs: np.ndarray, filters: np.ndarray, means: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Return the peak of both halves of every direction, in units of ``scale``.

    Parameters
    ----------
    inputs
        ``(samples, 6)`` from `detector_inputs`.
    filters
        ``(directions, 6)``.
    means
        ``(6,)``, subtracted first; zeros for an uncentred layer.
    scale
        ``(directions,)``, above 0.

    Returns
    -------
    numpy.ndarray
        ``(2 directions,)``: direction by direction, the positive then the negative half.
    """
    z = (inputs - means) @ filters.T / scale
    return np.stack([peak_response(z), peak_response(-z)], axis=1).reshape(-1)


def choose_output(trained_way: np.ndarray, other_way: np.ndarray) -> tuple[int, float]:
    """Pick the most direction selective candidate from its peaks on training scenes.

    Parameters
    ----------
    trained_way, other_way
        ``(candidates,)`` peak responses to training scenes that move as in training, and the opposite way.

    Returns
    -------
    tuple[int, float]
        The candidate with the largest absolute index, and that index; it is negative when the candidate
        prefers the direction opposite to the trained one.

    Examples
    --------
    >>> choose_output(np.array([1.0, 0.5]), np.array([1.0, 1.5]))
    (1, -0.5)
    """
    index = direction_selectivity_index(trained_way, other_way)
    best = int(np.argmax(np.abs(index)))
    return best, float(index[best])


def choose_detector(
    network: ReSUNetwork,
    pathway: Pathway,
    trained_inputs: np.ndarray,
    opposite_inputs: np.ndarray,
    trained_direction: int,
) -> MotionDetector:
    """Choose the detector of a fitted network by a rule that looks at training scenes only.

    The rule: of both halves of all six directions, the one whose direction selectivity index on the training
    scenes, moving as in training and the opposite way, is largest in magnitude.

    Parameters
    ----------
    network
        Fitted, with the plan of `motion_layers`.
    pathway
        "T4" or "T5", as in its plan.
    trained_inputs, opposite_inputs
        ``(samples, 6)`` from `detector_inputs`, for the training scenes moving either way.
    trained_direction
        +1 if the network was trained on motion to the right, -1 on motion to the left.

    Returns
    -------
    MotionDetector
        The unit chosen, with its scale and its preference.

    Raises
    ------
    ArgumentError
        If ``trained_direction`` is not 1 or -1.
    DataError
        If a direction does not respond at all.

    Examples
    --------
    See `learn_motion_detector`, which calls it:

    >>> from lamina import datasets, simulate
    >>> from lamina.circuits import fit_motion_network, motion_layers
    >>> retina, rng = simulate.Retina(n_pixels=3), np.random.default_rng(0)
    >>> scene = datasets.photographs()[0]
    >>> contrast = datasets.natural_contrast(scene.luminance, scene.degrees_per_pixel)[::8]
    >>> rows = contrast / contrast.std(axis=1, keepdims=True)
    >>> rows += 0.05 * rng.standard_normal(rows.shape)
    >>> right, left = (list(datasets.scan(rows, scene.degrees_per_pixel, retina, v)) for v in (40, -40))
    >>> network = fit_motion_network(right, motion_layers())
    >>> inputs = detector_inputs(network, right), detector_inputs(network, left)
    >>> choose_detector(network, "T4", *inputs, trained_direction=1).weights.shape
    (2, 3)
    """
    way = check_integer("trained_direction", trained_direction, minimum=-1, maximum=1)
    if way == 0:
        raise ArgumentError(
            "trained_direction", allowed="1 (right) or -1 (left)", got="0", remedy="Say which way it moved."
        )
    filters, means = second_layer(network)
    scale = response_scale(trained_inputs, filters, means)
    if not np.all(scale > 0):
        raise DataError(
            "trained_inputs",
            allowed="varying in time",
            got="a direction whose response is constant",
            remedy="Use training scenes with more contrast.",
        )
    output, index = choose_output(
        rectified_peaks(trained_inputs, filters, means, scale),
        rectified_peaks(opposite_inputs, filters, means, scale),
    )
    preferred = way if index > 0 else -way
    return MotionDetector(network, pathway, output, float(scale[output // 2]), preferred, abs(index))
