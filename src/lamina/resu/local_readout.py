"""What the local rules have learned, in the terms of past–future CCA."""

from __future__ import annotations

import numpy as np

from lamina.linalg import fix_signs
from lamina.resu.local_state import LocalState


def filters(state: LocalState) -> tuple[np.ndarray, np.ndarray]:
    """Return past and future filters for the signal as it is, from the averaged weights.

    Asymmetric CCA holds them in its weights W and V; Bio-CCA reads out √2 M⁻¹W and √2 M⁻¹V, whose outputs
    have unit variance at the end of learning.

    Parameters
    ----------
    state
        After at least one step.

    Returns
    -------
    past, future
        (units, memory, channels), newest lag first, and (units, horizon, channels), nearest first. In each
        unit of the first the entry of largest magnitude is positive; the second follows.
    """
    past, future = _unsigned(state)
    units, channels = past.shape[0], state.mean.shape[0]
    signed, follow = fix_signs(past, future)
    return signed.reshape(units, -1, channels), np.asarray(follow).reshape(units, -1, channels)


def correlations(state: LocalState) -> np.ndarray:
    """Return what the units themselves know of the canonical correlations.

    Where learning ends, Λ = Γ = I + Σ for asymmetric CCA, and M = Q (I + Σ) Qᵀ for Bio-CCA.

    Parameters
    ----------
    state
        After at least one step.

    Returns
    -------
    (units,), within 0 and 1; descending for Bio-CCA.
    """
    if state.rule == "bio":
        found = np.linalg.eigvalsh(state.average_lateral)[::-1] - 1
    else:
        found = (state.average_past_gains[0] + state.average_future_gains[0]) / 2 - 1
    return np.clip(found, 0.0, 1.0)


def rotation(state: LocalState) -> np.ndarray:
    """Return the rotation that turns the units into canonical directions: Qᵀ of M = Q (I + Σ) Qᵀ.

    Parameters
    ----------
    state
        After at least one step.

    Returns
    -------
    (units, units), orthogonal: apply it to the first axis of the filters, or to the last of the outputs. The
    identity for asymmetric CCA, whose units are canonical directions already.
    """
    if state.rule != "bio":
        return np.eye(state.lateral.shape[0])
    _, axes = np.linalg.eigh(state.average_lateral)
    # M belongs to the units as they learned, before filters had their signs fixed
    turned = axes[:, ::-1].T * _signs(state)
    return fix_signs(turned)[0]


def _unsigned(state: LocalState) -> tuple[np.ndarray, np.ndarray]:
    past, future = state.average_past_weights, state.average_future_weights
    if state.rule == "bio":
        past, future = (np.sqrt(2) * np.linalg.solve(state.average_lateral, side) for side in (past, future))
    spread = np.sqrt(state.variance)
    # a channel that never varied was zero throughout, and its weights are those of the beginning
    scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0)
    return past * np.tile(scale, state.window[0]), future * np.tile(scale, state.window[1])


def _signs(state: LocalState) -> np.ndarray:
    """Return the sign that each unit's filters were given."""
    past, _ = _unsigned(state)
    signed, _ = fix_signs(past)
    return np.where((signed * past).sum(axis=1) < 0, -1.0, 1.0)
