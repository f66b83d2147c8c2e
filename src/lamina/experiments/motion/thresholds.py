r"""What a threshold takes away from either direction.

The peak of a response is a percentile of it, so that subtracting a threshold before rectification subtracts
it from the peak:

.. math:: P(\theta) = \max(P - \theta, 0), \qquad N(\theta) = \max(N - \theta, 0).

The null direction falls silent at :math:`\theta = N`, where of the preferred response
:math:`(P - N)/P = 2\,\mathrm{DSI}/(1 + \mathrm{DSI})` is left.
"""

from __future__ import annotations

import numpy as np

from lamina._checks import check_real
from lamina.experiments.motion.detectors import Response, Tested

LEVELS_SD = np.linspace(0.0, 2.5, 51)
"""Thresholds at which the curves are drawn, in standard deviations of the training response."""


def above(response: Response, threshold: float) -> Response:
    """Return the peak responses that a threshold leaves.

    Parameters
    ----------
    response
        Peaks without a threshold.
    threshold
        In standard deviations, at least 0.

    Returns
    -------
    Response
        Both peaks, lower by the threshold, at least 0.

    Examples
    --------
    >>> above(Response(2.0, 0.5), 0.5)
    Response(preferred=1.5, null=0.0)
    """
    level = check_real("threshold", threshold, minimum=0.0)
    return Response(max(response.preferred - level, 0.0), max(response.null - level, 0.0))


def share_left(response: Response, threshold: float) -> float:
    """Return the share of the preferred response that a threshold leaves; 0 if there is none.

    Parameters
    ----------
    response
        Peaks without a threshold.
    threshold
        In standard deviations.

    Returns
    -------
    float
        From 0 to 1.

    Examples
    --------
    >>> share_left(Response(0.5, 0.25), 0.25)
    0.5
    """
    if response.preferred <= 0:
        return 0.0
    return above(response, threshold).preferred / response.preferred


def curves(responses: list[Response], levels: np.ndarray = LEVELS_SD) -> np.ndarray:
    """Return the peaks against the threshold, ``(responses, 2, levels)``: preferred, null."""
    peaks = np.array([[each.preferred, each.null] for each in responses])
    return np.maximum(peaks[:, :, None] - levels, 0.0)


def learned_threshold(tested: Tested) -> float:
    """Return the smallest threshold that silences the null direction on the training scenes."""
    return tested.training.null
