"""Gaussian receptive fields over [0, 1]: how they respond to a value, and which value explains responses."""

from __future__ import annotations

import array_api_compat
import numpy as np

from lamina.encoding.compiling import kernel
from lamina.typing import Array

# steps of Gauss and Newton: another one changes errors by less than a hundredth
_ITERATIONS = 2
# of those that are weighted by variances, which change on the way
_WEIGHTED_ITERATIONS = 3
# what a variance or a slope is at least, so that neither divides by nothing
_LEAST = 1e-12


def field_spacing(n_neurons: int) -> float:
    """Return the distance between centres: two neurons sit at the ends of the range, more beyond them."""
    return 1.0 if n_neurons == 2 else 1 / (n_neurons - 2)


def field_centres(n_neurons: int) -> np.ndarray:
    """Return the centres, as Bohte et al. place them; 0 and 1 for two neurons."""
    if n_neurons == 2:
        return np.array([0.0, 1.0])
    return (2 * np.arange(1, n_neurons + 1) - 3) / (2 * (n_neurons - 2))


def responses(scaled: Array, centres: Array, widths: Array, normalise: bool) -> Array:
    """Return the responses ``(neurons, channels, time)`` to values ``(channels, time)`` of NumPy or torch.

    All four are of one floating type; ``widths`` has one for each channel.
    """
    xp = array_api_compat.array_namespace(scaled)
    found = (scaled[None] - centres[:, None, None]) / widths[:, None]
    found = xp.exp(-0.5 * found * found)
    return found / found.sum(0) if normalise else found


@kernel
def decode_responses(
    first: int,
    last: int,
    read: np.ndarray,
    centres: np.ndarray,
    widths: np.ndarray,
    normalised: bool,
    drawn: bool,
    decoded: np.ndarray,
) -> None:
    """Find the values ``(channels, time)`` that explain responses ``(neurons, channels, time)``.

    With ``drawn``, squares count by the inverse of a Bernoulli variance.
    """
    neurons = read.shape[0]
    found = np.empty(neurons)
    slopes = np.empty(neurons)
    for c in range(first, last):
        width = widths[c]
        for t in range(read.shape[2]):
            mass = moment = 0.0
            for i in range(neurons):
                mass += read[i, c, t]
                moment += read[i, c, t] * centres[i]
            if mass == 0:
                decoded[c, t] = 0.5
                continue
            value = min(max(moment / mass, 0.0), 1.0)
            for _ in range(_WEIGHTED_ITERATIONS if drawn else _ITERATIONS):
                total = pull = 0.0
                for i in range(neurons):
                    distance = (value - centres[i]) / width
                    found[i] = np.exp(-0.5 * distance * distance)
                    slopes[i] = -distance / width
                    total += found[i]
                if normalised:
                    for i in range(neurons):
                        found[i] /= total
                        pull += found[i] * slopes[i]
                up = down = 0.0
                for i in range(neurons):
                    slope = found[i] * (slopes[i] - pull)
                    weight = 1 / max(found[i] * (1 - found[i]), _LEAST) if drawn else 1.0
                    up += (read[i, c, t] - found[i]) * slope * weight
                    down += slope * slope * weight
                # where responses hardly differ, a step of Newton's would lead anywhere
                change = min(max(up / max(down, _LEAST), -width), width)
                value = min(max(value + change, 0.0), 1.0)
            decoded[c, t] = value


def decode_responses_tensor(
    read: Array, centres: Array, widths: Array, normalised: bool, drawn: bool
) -> Array:
    """Do what `decode_responses` does by torch alone."""
    mass = read.sum(0)
    silent = mass == 0
    value = ((read * centres[:, None, None]).sum(0) / (mass + silent)).clamp(0, 1)
    for _ in range(_WEIGHTED_ITERATIONS if drawn else _ITERATIONS):
        found = responses(value, centres, widths, normalised)
        slope = (centres[:, None, None] - value) / (widths * widths)[:, None]
        if normalised:
            slope = slope - (found * slope).sum(0)
        slope = found * slope
        weighted = slope / (found * (1 - found)).clamp(min=_LEAST) if drawn else slope
        up, down = ((read - found) * weighted).sum(0), (slope * weighted).sum(0)
        change = up / down.clamp(min=_LEAST)
        value = (value + change.clamp(-widths[:, None], widths[:, None])).clamp(0, 1)
    return value.masked_fill(silent, 0.5)
