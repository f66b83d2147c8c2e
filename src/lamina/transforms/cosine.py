r"""Discrete cosine transforms, types I to IV, orthonormal by default.

.. math:: y_k = \sqrt{2/n}\; \epsilon_k \sum_{j=0}^{n-1} x_j \cos\frac{\pi k (2j + 1)}{2n}

(type II; :math:`\epsilon_0 = 1/\sqrt 2`, the others 1). Source: Ahmed, Natarajan and Rao 1974; fast route of
types II and III: Makhoul 1980, A fast cosine transform in one and two dimensions, Sec. III.
"""

from __future__ import annotations

from torch import Tensor

from lamina._checks import check_choice, check_integer
from lamina.transforms.fourier_arguments import NORMS
from lamina.transforms.transform import Transform
from lamina.transforms.trigonometric import applied, cosine


def dct(x: Tensor, type: int = 2, *, dim: int = -1, norm: str = "ortho") -> Tensor:
    r"""Transform into cosines along one axis, as `scipy.fft.dct` does.

    .. math::

        \mathrm{I}&: \sqrt{2/(n-1)}\, \epsilon_k \sum_j \epsilon_j x_j \cos\frac{\pi jk}{n - 1}, \quad
        \epsilon_0 = \epsilon_{n-1} = 1/\sqrt 2 \\
        \mathrm{II}&: \sqrt{2/n}\, \epsilon_k \sum_j x_j \cos\frac{\pi k(2j + 1)}{2n}, \quad
        \epsilon_0 = 1/\sqrt 2 \\
        \mathrm{III}&: \sqrt{2/n} \sum_j \epsilon_j x_j \cos\frac{\pi j(2k + 1)}{2n} \\
        \mathrm{IV}&: \sqrt{2/n} \sum_j x_j \cos\frac{\pi (2j + 1)(2k + 1)}{4n}

    These are orthonormal. The other norms have scipy's factors: "backward" is
    :math:`2\sum_j x_j \cos(\cdot)`, the end terms of types I and III counting once.

    Parameters
    ----------
    x
        Real floating, any shape, n ≥ 1 values along ``dim`` (n ≥ 2 for type 1). Half precision is computed in
        float32, and returned so.
    type
        1, 2, 3 or 4.
    dim
        The axis.
    norm
        "ortho", "backward" (no factor here, 1/2n in the inverse; 1/2(n - 1) for type 1) or "forward"
        (reversed).

    Returns
    -------
    Tensor
        Of the shape of ``x``; float32, or float64 for double precision.

    Raises
    ------
    lamina.errors.ArgumentError
        When ``x`` is no real floating tensor or too short along ``dim``, or another argument is
        none of these.

    References
    ----------
    Ahmed, Natarajan and Rao 1974, Discrete cosine transform, IEEE Trans. Computers; Makhoul 1980.

    Examples
    --------
    >>> import torch
    >>> dct(torch.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([0.5000, 0.6533, 0.5000, 0.2706])
    """
    return applied(x, cosine, type, dim, norm)


def idct(y: Tensor, type: int = 2, *, dim: int = -1, norm: str = "ortho") -> Tensor:
    """Undo `dct`; the same arguments, as in `scipy.fft.idct`.

    Parameters
    ----------
    y
        Real floating, what `dct` returned.
    type, dim, norm
        As they were given to `dct`.

    Returns
    -------
    Tensor
        Of the shape of ``y``.

    Examples
    --------
    >>> import torch
    >>> x = torch.arange(5.0)
    >>> torch.allclose(idct(dct(x, 4), 4), x, atol=1e-6)
    True
    """
    return applied(y, cosine, type, dim, norm, way="inverse", name="y")


class DCT(Transform):
    """`dct` as a module.

    Its adjoint is the inverse with norm "ortho", which is orthonormal; with the others it is the transposed
    matrix, scaled ends included.

    Parameters
    ----------
    type, dim, norm
        As in `dct`.

    Examples
    --------
    >>> import torch
    >>> transform, x = DCT(dim=1), torch.ones(2, 5, 3)
    >>> torch.allclose(transform.inverse(transform(x)), x)
    True
    """

    def __init__(self, type: int = 2, dim: int = -1, norm: str = "ortho") -> None:
        super().__init__()
        self.kind = check_integer("type", type, minimum=1, maximum=4)
        self.dim, self.norm = check_integer("dim", dim), check_choice("norm", norm, NORMS)
        self.orthonormal = norm == "ortho"

    def forward(self, x: Tensor) -> Tensor:
        """Apply `dct`."""
        return dct(x, self.kind, dim=self.dim, norm=self.norm)

    def inverse(self, y: Tensor) -> Tensor:
        """Apply `idct`."""
        return idct(y, self.kind, dim=self.dim, norm=self.norm)

    def adjoint(self, y: Tensor) -> Tensor:
        """Apply the transposed matrix."""
        return applied(y, cosine, self.kind, self.dim, self.norm, way="adjoint", name="y")

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"type={self.kind}, dim={self.dim}, norm={self.norm!r}"
