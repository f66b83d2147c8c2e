r"""Causal attention in linear time: position i sees keys up to i, and nothing later touches its numbers.

.. math:: o_i = \frac{\varphi(q_i)^T \sum_{j \le i} \varphi(k_j)\, v_j^T}
                     {\varphi(q_i)^T \sum_{j \le i} \varphi(k_j)}

The sequence is cut into chunks. What came before a chunk is in its sums, from a prefix scan over the chunks'
sums in :math:`\log_2` steps. Inside a chunk, where all features of a key have one exponent, a matrix of
weights is computed, each row against the maximum of its past. Where each feature has its own, each position's
past is cut into blocks of 1, 2, 4, … keys: the right half of a block of 2ℓ positions looks at the left half;
each block's share is computed against its own maximum. Shares are joined as in online softmax. So exponents
are at most 0, and every maximum is over the past alone. Memory is O(n · (features + chunk)) +
O(n / chunk · features · head_dim).

Source: Katharopoulos et al., Transformers are RNNs, ICML 2020, Section 3.3; joining: Milakov and Gimelshein,
Online normalizer calculation for softmax, 2018, Eq. 4; the scan: Hillis and Steele, CACM 1986.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lamina.layers.attention.linear_attention import (
    MASKED,
    Features,
    Sums,
    asked,
    divided,
    looked_up,
    summed,
    weighed,
    with_ones,
)

# (position, chunk) products cost more in longer chunks, sums for each chunk more in shorter ones
CHUNK = 64


def causal_linear_attention(
    queries: Features, keys: Features, values: Tensor, *, chunk: int = CHUNK
) -> Tensor:
    """Let each query attend to the keys up to its own.

    Parameters
    ----------
    queries, keys
        (..., sequence, ·); `masked_keys` takes some keys away.
    values
        (..., sequence, head_dim).
    chunk
        Positions of a chunk, a power of two.

    Returns
    -------
    Tensor
        (..., sequence, head_dim).
    """
    count = values.shape[-2]
    chunk = min(chunk, 1 << (count - 1).bit_length())
    queries = Features(_folded(queries.value, chunk), _folded(queries.log, chunk))
    keys = Features(_folded(keys.value, chunk), _folded(keys.log, chunk, MASKED))
    folded = _folded(with_ones(values), chunk)
    assert folded is not None
    log, sums = _within(queries, keys, folded)
    if folded.shape[-3] > 1:
        before = _before(summed(keys, folded))
        log, sums = joined(log, sums, *looked_up(queries, before))
    return divided(sums).flatten(-3, -2)[..., :count, :]


def extended(sums: Sums | None, keys: Features, values: Tensor) -> Sums:
    """Add keys to the sums over the past.

    Parameters
    ----------
    sums
        Of the past; None for nothing.
    keys, values
        (..., sequence, ·); ``values`` with their column of ones.

    Returns
    -------
    Sums
        Over the past and these.
    """
    more = summed(keys, values)
    return more if sums is None else _added(sums, more)


def _added(first: Sums, second: Sums) -> Sums:
    unit = torch.maximum(first.log, second.log)
    # (..., 1, features or 1) weighs the rows of (..., features, head_dim + 1)
    before, after = ((one.log - unit).exp().transpose(-1, -2) for one in (first, second))
    return Sums(unit, first.sums * before + second.sums * after)


def joined(log: Tensor, sums: Tensor, other_log: Tensor, other_sums: Tensor) -> tuple[Tensor, Tensor]:
    """Add two sums that are in units of exp(log) and exp(other_log); the larger unit stays."""
    unit = torch.maximum(log, other_log)
    return unit, sums * (log - unit).exp() + other_sums * (other_log - unit).exp()


def _within(queries: Features, keys: Features, values: Tensor) -> tuple[Tensor, Tensor]:
    """Sum over the keys up to each position in its own chunk."""
    if queries.log is None:
        return _within_at_once(queries, keys, values)
    log, sums = _itself(queries, keys, values)
    half = 1
    while half < values.shape[-2]:
        right = Features(_side(queries.value, half, 1), _side(queries.log, half, 1))
        left = Features(_side(keys.value, half, 0), _side(keys.log, half, 0))
        unit, features, weighed_values = weighed(left, _blocks(values, half)[..., 0, :, :])
        own, asking = asked(right, unit)
        past = (asking @ features.transpose(-1, -2)) @ weighed_values
        logs, both = _blocks(log, half), _blocks(sums, half)
        later = joined(logs[..., 1, :, :], both[..., 1, :, :], own, past)
        log = torch.stack([logs[..., 0, :, :], later[0]], dim=-3).flatten(-4, -2)
        sums = torch.stack([both[..., 0, :, :], later[1]], dim=-3).flatten(-4, -2)
        half *= 2
    return log, sums


def _within_at_once(queries: Features, keys: Features, values: Tensor) -> tuple[Tensor, Tensor]:
    """Sum as `_within` does, where all features of a key have one exponent."""
    assert queries.value is not None
    assert keys.value is not None
    assert keys.log is not None
    count = values.shape[-2]
    past = torch.ones(count, count, dtype=torch.bool, device=values.device).tril()
    nothing = torch.full((), MASKED, dtype=values.dtype, device=values.device)
    exponent = torch.where(past, keys.log.mT, nothing)
    unit = exponent.detach().amax(dim=-1, keepdim=True)
    # a past of masked keys has the exponents of the future
    weight = (exponent - unit).exp_().tril()
    return unit, (queries.value @ keys.value.mT * weight) @ values


def _itself(queries: Features, keys: Features, values: Tensor) -> tuple[Tensor, Tensor]:
    """Each position's share of its own key."""
    assert queries.log is not None
    assert keys.log is not None
    exponent = queries.log + keys.log
    unit = exponent.detach().amax(dim=-1, keepdim=True)
    return unit, (exponent - unit).exp_().sum(dim=-1, keepdim=True) * values


def _before(chunks: Sums) -> Sums:
    """Sum over all chunks before each one: an inclusive scan in log₂ steps, then moved on by one."""
    step = 1
    while step < chunks.sums.shape[-3]:
        chunks = _added(chunks, _moved(chunks, step))
        step *= 2
    return _moved(chunks, 1)


def _moved(chunks: Sums, step: int) -> Sums:
    """Move the sums on by some chunks (axis -3), with nothing before the first."""
    pad = torch.nn.functional.pad
    log = pad(chunks.log[..., :-step, :, :], (0, 0, 0, 0, step, 0), value=MASKED)
    return Sums(log, pad(chunks.sums[..., :-step, :, :], (0, 0, 0, 0, step, 0)))


def _folded(x: Tensor | None, chunk: int, fill: float = 0.0) -> Tensor | None:
    """(..., sequence, ·) as (..., chunks, chunk, ·), filled up at the end."""
    if x is None:
        return None
    more = -x.shape[-2] % chunk
    if more:
        x = torch.nn.functional.pad(x, (0, 0, 0, more), value=fill)
    return x.unflatten(-2, (-1, chunk))


def _blocks(x: Tensor, half: int) -> Tensor:
    """(..., chunk, ·) as (..., blocks, 2, half, ·)."""
    return x.unflatten(-2, (-1, 2, half))


def _side(x: Tensor | None, half: int, side: int) -> Tensor | None:
    return None if x is None else _blocks(x, half)[..., side, :, :]
