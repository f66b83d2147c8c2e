r"""Discrete sine transforms, types I to IV, orthonormal by default.

.. math:: y_k = \sqrt{2/n}\; \epsilon_k \sum_{j=0}^{n-1} x_j \sin\frac{\pi (k + 1)(2j + 1)}{2n}

(type II; :math:`\epsilon_{n-1} = 1/\sqrt 2`, the others 1). Source: Wang and Hunt 1985, The discrete W
transform; fast route as for the cosine transforms, of which types II to IV are relatives.
"""

from __future__ import annotations

from torch import Tensor

from lamina._checks import check_choice, check_integer
from lamina.transforms.fourier_arguments import NORMS
from lamina.transforms.transform import Transform
from lamina.transforms.trigonometric import applied, sine


def dst(x: Tensor, type: int = 2, *, dim: int = -1, norm: str = "ortho") -> Tensor:
    r"""Transform into sines along one axis, as `scipy.fft.dst` does.

    .. math::

        \mathrm{I}&: \sqrt{2/(n+1)} \sum_j x_j \sin\frac{\pi (j + 1)(k + 1)}{n + 1} \\
        \mathrm{II}&: \sqrt{2/n}\, \epsilon_k \sum_j x_j \sin\frac{\pi (k + 1)(2j + 1)}{2n}, \quad
        \epsilon_{n-1} = 1/\sqrt 2 \\
        \mathrm{III}&: \sqrt{2/n} \sum_j \epsilon_j x_j \sin\frac{\pi (j + 1)(2k + 1)}{2n} \\
        \mathrm{IV}&: \sqrt{2/n} \sum_j x_j \sin\frac{\pi (2j + 1)(2k + 1)}{4n}

    These are orthonormal. The other norms have scipy's factors: "backward" is
    :math:`2\sum_j x_j \sin(\cdot)`, the last term of type III counting once.

    Parameters
    ----------
    x
        Real floating, any shape, n ≥ 1 values along ``dim``. Half precision is computed in float32,
        and returned so.
    type
        1, 2, 3 or 4.
    dim
        The axis.
    norm
        "ortho", "backward" (no factor here, 1/2n in the inverse; 1/2(n + 1) for type 1) or "forward"
        (reversed).

    Returns
    -------
    Tensor
        Of the shape of ``x``; float32, or float64 for double precision.

    Raises
    ------
    lamina.errors.ArgumentError
        When ``x`` is no real floating tensor or empty along ``dim``, or another argument is
        none of these.

    References
    ----------
    Wang and Hunt 1985, The discrete W transform, Appl. Math. Comput.

    Examples
    --------
    >>> import torch
    >>> dst(torch.tensor([1.0, -1.0, 1.0, -1.0])).round(decimals=4) + 0.0
    tensor([0., 0., 0., 2.])
    """
    return applied(x, sine, type, dim, norm)


def idst(y: Tensor, type: int = 2, *, dim: int = -1, norm: str = "ortho") -> Tensor:
    """Undo `dst`; the same arguments, as in `scipy.fft.idst`.

    Parameters
    ----------
    y
        Real floating, what `dst` returned.
    type, dim, norm
        As they were given to `dst`.

    Returns
    -------
    Tensor
        Of the shape of ``y``.

    Examples
    --------
    >>> import torch
    >>> x = torch.arange(5.0)
    >>> torch.allclose(idst(dst(x, 1), 1), x, atol=1e-6)
    True
    """
    return applied(y, sine, type, dim, norm, way="inverse", name="y")


class DST(Transform):
    """`dst` as a module.

    Its adjoint is the inverse with norm "ortho", which is orthonormal; with the others it is the transposed
    matrix, scaled ends included.

    Parameters
    ----------
    type, dim, norm
        As in `dst`.

    Examples
    --------
    >>> import torch
    >>> transform, x = DST(dim=1), torch.ones(2, 5, 3)
    >>> torch.allclose(transform.inverse(transform(x)), x)
    True
    """

    def __init__(self, type: int = 2, dim: int = -1, norm: str = "ortho") -> None:
        super().__init__()
        self.kind = check_integer("type", type, minimum=1, maximum=4)
        self.dim, self.norm = check_integer("dim", dim), check_choice("norm", norm, NORMS)
        self.orthonormal = norm == "ortho"

    def forward(self, x: Tensor) -> Tensor:
        """Apply `dst`."""
        return dst(x, self.kind, dim=self.dim, norm=self.norm)

    def inverse(self, y: Tensor) -> Tensor:
        """Apply `idst`."""
        return idst(y, self.kind, dim=self.dim, norm=self.norm)

    def adjoint(self, y: Tensor) -> Tensor:
        """Apply the transposed matrix."""
        return applied(y, sine, self.kind, self.dim, self.norm, way="adjoint", name="y")

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"type={self.kind}, dim={self.dim}, norm={self.norm!r}"
