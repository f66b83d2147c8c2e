"""Gaussian receptive fields over [0, 1]: how they respond to a value, and which value explains responses."""

from __future__ import annotations

import array_api_compat
import numpy as np

from lamina.encoding.compiling import kernel
from lamina.typing import Array

# values that are tried; more of them change errors by less than a hundredth
_BY_SQUARES = 6
_BY_LIKELIHOOD = 6
# what a response, a variance or a slope is at least, so that none divides by nothing
_LEAST = 1e-12
# how much worse a step may look and be taken: what rounding does where a step leads nowhere anyway
_SLACK = 1e-12


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

    With ``drawn``, the greatest likelihood of Bernoulli draws is looked for from where squares are least.
    """
    neurons = read.shape[0]
    found = np.empty(neurons)
    slopes = np.empty(neurons)
    for c in range(first, last):
        width = widths[c]
        # at its own centre a neuron does not tell to which side a value lies; of two, each has but one side
        inside = min(width / 2, 0.5) if neurons == 2 else 0.0
        for t in range(read.shape[2]):
            mass = moment = 0.0
            for i in range(neurons):
                mass += read[i, c, t]
                moment += read[i, c, t] * centres[i]
            if mass == 0:
                decoded[c, t] = 0.5
                continue
            best = min(max(moment / mass, inside), 1 - inside)
            change = 0.0
            kept = -np.inf
            for trial in range(_BY_SQUARES + _BY_LIKELIHOOD if drawn else _BY_SQUARES):
                likely = trial >= _BY_SQUARES
                if trial == _BY_SQUARES:
                    kept, change = -np.inf, 0.0
                value = best + change
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
                worth = up = down = 0.0
                for i in range(neurons):
                    share = read[i, c, t]
                    slope = found[i] * (slopes[i] - pull)
                    weight = 1.0
                    if likely:
                        weight = 1 / max(found[i] * (1 - found[i]), _LEAST)
                        worth += share * np.log(max(found[i], _LEAST))
                        worth += (1 - share) * np.log(max(1 - found[i], _LEAST))
                    else:
                        worth -= (share - found[i]) ** 2
                    up += (share - found[i]) * slope * weight
                    down += slope * slope * weight
                if worth > kept - _SLACK:
                    best, kept = value, worth
                    # where responses hardly differ, a step of Newton's would lead anywhere
                    change = min(max(up / max(down, _LEAST), -width), width)
                    change = min(max(best + change, 0.0), 1.0) - best
                else:
                    change /= 4
            decoded[c, t] = best


def decode_responses_tensor(
    read: Array, centres: Array, widths: Array, normalised: bool, drawn: bool
) -> Array:
    """Do what `decode_responses` does by torch alone."""
    mass, middles, width = read.sum(0), centres[:, None, None], widths[:, None]
    silent = mass == 0
    best = (read * middles).sum(0) / (mass + silent)
    inside = (width / 2).clamp(max=0.5) if len(read) == 2 else 0 * width
    best = best.maximum(inside).minimum(1 - inside)
    change, kept = best * 0, best.new_full(best.shape, -np.inf)
    for trial in range(_BY_SQUARES + _BY_LIKELIHOOD if drawn else _BY_SQUARES):
        likely = trial >= _BY_SQUARES
        if trial == _BY_SQUARES:
            change, kept = best * 0, best.new_full(best.shape, -np.inf)
        value = best + change
        found = responses(value, centres, widths, normalised)
        slope = (middles - value) / (width * width)
        if normalised:
            slope = slope - (found * slope).sum(0)
        slope = found * slope
        if likely:
            weighted = slope / (found * (1 - found)).clamp(min=_LEAST)
            logs = found.clamp(min=_LEAST).log(), (1 - found).clamp(min=_LEAST).log()
            worth = (read * logs[0] + (1 - read) * logs[1]).sum(0)
        else:
            weighted = slope
            worth = -((read - found) ** 2).sum(0)
        up, down = ((read - found) * weighted).sum(0), (slope * weighted).sum(0)
        better = worth > kept - _SLACK
        best, kept = value.where(better, best), worth.where(better, kept)
        step = (up / down.clamp(min=_LEAST)).maximum(-width).minimum(width)
        change = ((best + step).clamp(0, 1) - best).where(better, change / 4)
    return best.masked_fill(silent, 0.5)
