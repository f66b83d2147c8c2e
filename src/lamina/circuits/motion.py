"""The fly's motion pathway: two layers of rectified spectral units on three neighbouring photoreceptors.

Layer 1 looks at one photoreceptor. Its first unit is a low-pass filter (L3); its second a smoothed
derivative, whose positive half is L1 and whose negative half is L2. Layer 2 looks at L1 and L3 (or L2 and L3)
of three neighbours, without memory of its own, so that its filters are six weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina._checks import check_choice
from lamina.circuits.detector import N_INPUTS, MotionDetector, Pathway, choose_detector, detector_inputs
from lamina.errors import DataError
from lamina.resu import ReSULayer, ReSUNetwork
from lamina.typing import Progress

_L3, _RISING, _FALLING = 0, 1, 2  # columns of the first layer's output


def motion_layers(
    pathway: Pathway = "T4",
    *,
    memory: int = 50,
    horizon: int = 50,
    gap: int = 5,
    center: bool = False,
) -> list[ReSULayer]:
    """Plan the two layers of the motion pathway.

    Parameters
    ----------
    pathway
        "T4" takes L1 and L3 into the second layer, "T5" takes L2 and L3.
    memory, horizon
        Samples of past and future in the first layer, at least 1. In the second both are 1.
    gap
        Samples from the present to the future in the second layer, at least 1. It should differ from the time
        that motion takes between neighbours: then the left pixel's present is its neighbour's future, and
        correlations of exactly 1 hide everything else.
    center
        Whether the second layer subtracts its means; the paper's does not.

    Returns
    -------
    list[ReSULayer]
        Two `lamina.resu.ReSULayer`, for `lamina.ReSUNetwork`.

    Raises
    ------
    ArgumentError
        If a parameter cannot be.

    Notes
    -----
    Qin et al. (2025), Figs. 1 and 5: gap 5, uncentred.

    Examples
    --------
    >>> [layer.rank for layer in motion_layers()]
    [2, 6]
    """
    rectified = _RISING if check_choice("pathway", pathway, ("T4", "T5")) == "T4" else _FALLING
    lamina_cells = ReSULayer(memory, horizon, rank=2, rectify=("none", "split"))
    detectors = ReSULayer(
        memory=1,
        horizon=1,
        rank=2 * N_INPUTS,
        gap=gap,
        width=N_INPUTS,
        inputs=(rectified, _L3),
        center=center,
        rectify="split",
    )
    return [lamina_cells, detectors]


def fit_motion_network(
    movies: Sequence[np.ndarray], layers: Sequence[ReSULayer], *, progress: Progress | None = None
) -> ReSUNetwork:
    """Fit the two layers on movies that move one way, and see that L1 is the half that answers increments.

    Parameters
    ----------
    movies
        ``(time, 3)`` contrast each, in units of its standard deviation.
    layers
        From `motion_layers`.
    progress
        Called now and then with the fraction done and what is being done.

    Returns
    -------
    ReSUNetwork
        Fitted.

    Raises
    ------
    DataError
        If the movies are too short or constant, or if the second filter of the first layer is not a
        derivative whose positive half answers increments: then there are no L1 and L2 to speak of.

    Examples
    --------
    >>> from lamina import datasets, simulate
    >>> retina, rng = simulate.Retina(n_pixels=3), np.random.default_rng(0)
    >>> scene = datasets.photographs()[0]
    >>> contrast = datasets.natural_contrast(scene.luminance, scene.degrees_per_pixel)[::8]
    >>> rows = contrast / contrast.std(axis=1, keepdims=True)
    >>> rows += 0.05 * rng.standard_normal(rows.shape)
    >>> movies = list(datasets.scan(rows, scene.degrees_per_pixel, retina, 40))
    >>> fit_motion_network(movies, motion_layers()).positions(3)
    [3, 1]
    """
    network = ReSUNetwork(list(layers)).fit(list(movies), progress=progress)
    step = np.concatenate([np.zeros(1), np.cumsum(np.asarray(network.layers_[0].filters_[1, :, 0]))])
    if step[np.argmax(np.abs(step))] <= 0:
        raise DataError(
            "movies",
            allowed="such that the second filter of layer 1 is a derivative, positive for increments",
            got="a filter whose response to a step is mostly negative",
            remedy="Use less noise, longer scenes, or scenes with clearer edges.",
        )
    return network


def learn_motion_detector(
    movies: Sequence[np.ndarray],
    opposite: Sequence[np.ndarray],
    pathway: Pathway = "T4",
    *,
    layers: Sequence[ReSULayer] | None = None,
    trained_direction: int = 1,
    progress: Progress | None = None,
) -> MotionDetector:
    """Learn both layers from scenes that move one way, and choose the detector on scenes moving either way.

    Parameters
    ----------
    movies
        ``(time, 3)`` contrast each, of scenes that move one way; see `lamina.datasets.scan`.
    opposite
        The same scenes moving the other way. They choose the unit, and teach it nothing.
    pathway
        "T4" (driven by L1 and L3) or "T5" (driven by L2 and L3).
    layers
        The plan; `motion_layers` by default.
    trained_direction
        +1 if ``movies`` move to the right, -1 if they move to the left.
    progress
        Called now and then with the fraction done and what is being done.

    Returns
    -------
    MotionDetector
        The unit with the largest direction selectivity index on the training scenes.

    Raises
    ------
    ArgumentError
        If ``trained_direction`` is not 1 or -1.
    DataError
        If the movies are too short or constant, or hold no L1 and L2 (see `fit_motion_network`).

    Notes
    -----
    The composition is that of Qin et al. (2025), Fig. 5; the rule is ours, since the paper picks its second
    direction by hand.

    Examples
    --------
    >>> from lamina import datasets, simulate
    >>> retina, rng = simulate.Retina(n_pixels=3), np.random.default_rng(0)
    >>> scene = datasets.photographs()[0]
    >>> contrast = datasets.natural_contrast(scene.luminance, scene.degrees_per_pixel)[::8]
    >>> rows = contrast / contrast.std(axis=1, keepdims=True)
    >>> rows += 0.05 * rng.standard_normal(rows.shape)
    >>> right, left = (list(datasets.scan(rows, scene.degrees_per_pixel, retina, v)) for v in (40, -40))
    >>> detector = learn_motion_detector(right, left)
    >>> moving = {
    ...     way: simulate.drifting_grating(retina, 60, way, duration_s=3.5, waveform="square")
    ...     for way in (1, -1)
    ... }
    >>> strong, weak = (detector.respond(moving[s * detector.preferred]).max() for s in (1, -1))
    >>> bool(strong > 3 * weak)
    True
    """
    plan = motion_layers(pathway) if layers is None else layers
    network = fit_motion_network(movies, plan, progress=progress)
    return choose_detector(
        network,
        pathway,
        detector_inputs(network, movies),
        detector_inputs(network, opposite),
        trained_direction,
    )
