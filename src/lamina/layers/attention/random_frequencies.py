r"""Frequencies of random features: normal vectors, independent or orthogonal to each other.

.. math:: \omega_r \sim \mathcal{N}(0, I), \qquad \omega_r^T \omega_s = 0 \;\text{ within a block}

Source: Yu et al., Orthogonal random features, NeurIPS 2016.
"""

from __future__ import annotations

import torch
from torch import Tensor


def gaussian_projection(
    rows: int,
    columns: int,
    *,
    generator: torch.Generator | None = None,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Draw independent standard normal numbers.

    Parameters
    ----------
    rows, columns
        Shape.
    generator
        On the CPU; None for torch's own.
    dtype
        Floating; None for torch's default.

    Returns
    -------
    Tensor
        (rows, columns), on the CPU.
    """
    return torch.randn(rows, columns, generator=generator, dtype=dtype, device="cpu")


def orthogonal_projection(
    rows: int,
    columns: int,
    *,
    generator: torch.Generator | None = None,
    dtype: torch.dtype | None = None,
) -> Tensor:
    r"""Draw rows that are each standard normal, and orthogonal to the others of their block.

    .. math:: \Omega = [S_1 Q_1;\; S_2 Q_2;\; \dots]

    with :math:`Q` uniform over the orthogonal matrices of size ``columns`` and :math:`S` diagonal with the
    norms of independent normal vectors (chi distributed). The last block has the rows that are left.

    Parameters
    ----------
    rows, columns
        Shape.
    generator
        On the CPU; None for torch's own.
    dtype
        Floating; None for torch's default.

    Returns
    -------
    Tensor
        (rows, columns), on the CPU.

    References
    ----------
    Yu et al. 2016, Orthogonal random features, NeurIPS, Eq. 4.
    """
    blocks = -(-rows // columns)
    drawn = torch.randn(2, blocks, columns, columns, generator=generator, dtype=torch.float64, device="cpu")
    unitary, triangular = torch.linalg.qr(drawn[0])
    # QR alone is not uniform: its signs follow the algorithm (Mezzadri 2007)
    signs = torch.where(triangular.diagonal(dim1=-2, dim2=-1) < 0, -1.0, 1.0).to(torch.float64)
    norms = torch.linalg.vector_norm(drawn[1], dim=-1, keepdim=True)
    projection = (norms * (unitary * signs[:, None, :]).transpose(1, 2)).flatten(0, 1)[:rows]
    return projection.to(torch.get_default_dtype() if dtype is None else dtype)
