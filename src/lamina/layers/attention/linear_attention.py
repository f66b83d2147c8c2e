r"""Attention in linear time, when the kernel is a product of features; no exponent can overflow.

.. math:: o_i = \frac{\varphi(q_i)^T \sum_j \varphi(k_j)\, v_j^T}{\varphi(q_i)^T \sum_j \varphi(k_j)},
          \qquad \varphi_r(k_j) = u_{jr}\, e^{b_{jr}}, \quad \varphi_r(q_i) = t_{ir}\, e^{a_{ir}}

Sums over j come first, so that no (sequence, sequence) matrix is made. With :math:`m_r = \max_j b_{jr}`
(kept j only) and :math:`\alpha_i = \max_r (a_{ir} + m_r)` the same is

.. math:: o_i = \frac{\sum_r t_{ir}\, e^{a_{ir} + m_r - \alpha_i} \sum_j u_{jr}\, e^{b_{jr} - m_r}\, v_j}
                     {\sum_r t_{ir}\, e^{a_{ir} + m_r - \alpha_i} \sum_j u_{jr}\, e^{b_{jr} - m_r}}

where every exponent is at most 0. With u = t = 1 (positive features) the denominator is at least 1, for any
norms. Source: Katharopoulos et al., Transformers are RNNs, ICML 2020, Eq. 4 and 5; Choromanski et al.,
Rethinking attention with Performers, ICLR 2021, Eq. 4. The maximum for each feature is ours: one maximum for
all features, as is usual, underflows when norms are large.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn

# below every true exponent; finite, so that differences of two of them are no NaN
MASKED = -1e30

# smallest denominator, in units of the largest weight of a key, where features can be negative
SMALLEST_SUM = 1e-3


class Features(NamedTuple):
    """Features in two factors: value · exp(log).

    Attributes
    ----------
    value
        (..., sequence, features); None for ones.
    log
        (..., sequence, features), or (..., sequence, 1) for all features alike; None for zeros (queries only:
        what all features of a query have in common cancels).
    """

    value: Tensor | None
    log: Tensor | None


class FeatureMap(nn.Module, ABC):
    """What makes features of queries and keys (batch, heads, sequence, head_dim)."""

    @abstractmethod
    def queries(self, x: Tensor) -> Features:
        """Features of queries, up to a factor for each query: it cancels."""

    @abstractmethod
    def keys(self, x: Tensor) -> Features:
        """Features of keys, with the exponents kept apart."""


class Sums(NamedTuple):
    r"""Sums over keys, and in which unit they are.

    Attributes
    ----------
    log
        (..., 1, features or 1): :math:`m_r`; the sums are in units of :math:`e^{m_r}`.
    sums
        (..., features, head_dim + 1): :math:`\sum_j u_{jr} e^{b_{jr} - m_r} [v_j, 1]`.
    """

    log: Tensor
    sums: Tensor


def with_ones(values: Tensor) -> Tensor:
    """Append a column of ones, whose sums are the denominators."""
    return torch.cat([values, values.new_ones(()).expand(*values.shape[:-1], 1)], dim=-1)


def masked_keys(keys: Features, kept: Tensor | None) -> Features:
    """Take away keys (batch, heads, sequence, ·) where ``kept`` (batch, sequence) is False."""
    if kept is None:
        return keys
    log = _log(keys)
    nothing = torch.full((), MASKED, dtype=log.dtype, device=log.device)
    return Features(keys.value, torch.where(kept[:, None, :, None], log, nothing))


def weighed(keys: Features, values: Tensor, *, consume: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    """Scale keys to a largest weight of 1.

    Parameters
    ----------
    keys, values
        (..., sequence, ·).
    consume
        Whether the exponents may be overwritten: new memory costs more than the arithmetic.

    Returns
    -------
    log, features, values
        :math:`m` (..., 1, features or 1), and two factors whose product has the weights in it.
    """
    exponent = _log(keys)
    log = exponent.detach().amax(dim=-2, keepdim=True)
    weight = (exponent.sub_(log) if consume else exponent - log).exp_()
    if keys.value is None:
        return log, weight, values
    return log, keys.value, values * weight


def asked(queries: Features, log: Tensor, *, consume: bool = False) -> tuple[Tensor, Tensor]:
    """Scale queries for sums in units of exp(log).

    Parameters
    ----------
    queries
        (..., sequence, ·).
    log
        (..., 1, features or 1), the unit of the sums.
    consume
        Whether the exponents may be overwritten.

    Returns
    -------
    log, features
        The unit of the result, (..., sequence, 1) and (..., sequence, features).
    """
    if queries.log is None:
        assert queries.value is not None
        return log.expand(*queries.value.shape[:-1], 1), queries.value
    exponent = queries.log.add_(log) if consume else queries.log + log
    unit = exponent.detach().amax(dim=-1, keepdim=True)
    weight = exponent.sub_(unit).exp_()
    return unit, weight if queries.value is None else weight * queries.value


def summed(keys: Features, values: Tensor, *, consume: bool = False) -> Sums:
    """Sum over keys; ``values`` with their column of ones."""
    log, features, weighed_values = weighed(keys, values, consume=consume)
    return Sums(log, features.transpose(-1, -2) @ weighed_values)


def looked_up(queries: Features, sums: Sums, *, consume: bool = False) -> tuple[Tensor, Tensor]:
    """Numerators and denominators in one (..., sequence, head_dim + 1), after their unit's exponent."""
    log, features = asked(queries, sums.log, consume=consume)
    return log, features @ sums.sums


def divided(sums: Tensor) -> Tensor:
    """Numerators over denominators; a denominator of nearly zero keeps its sign and gets a least size.

    Positive features never come near. Trigonometric ones estimate a sum of positive weights by numbers that
    may be negative, with an error of about 1/√features for each key. A sum smaller than ``SMALLEST_SUM``
    times the largest weight is far inside that error; that number takes its place, so that the output stays
    bounded.
    """
    numerator, denominator = sums[..., :-1], sums[..., -1:]
    least = torch.full((), SMALLEST_SUM, dtype=sums.dtype, device=sums.device)
    least = torch.where(denominator < 0, -least, least)
    return numerator / torch.where(denominator.abs() < SMALLEST_SUM, least, denominator)


def linear_attention(queries: Features, keys: Features, values: Tensor) -> Tensor:
    """Let each query attend to all keys.

    Parameters
    ----------
    queries, keys
        (..., sequence, ·); `masked_keys` takes some keys away. Their exponents are overwritten.
    values
        (..., sequence, head_dim).

    Returns
    -------
    Tensor
        (..., sequence, head_dim).
    """
    sums = summed(keys, with_ones(values), consume=True)
    return divided(looked_up(queries, sums, consume=True)[1])


def _log(keys: Features) -> Tensor:
    assert keys.log is not None
    return keys.log
