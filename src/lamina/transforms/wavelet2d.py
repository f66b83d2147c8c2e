r"""Discrete wavelet transforms of two axes, equal to PyWavelets.

.. math:: A = L\,X L^{\top}, \quad H = H\,X L^{\top}, \quad V = L\,X H^{\top}, \quad D = H\,X H^{\top}

with the one-level matrices L and H of both axes; the next level transforms A. Source: Mallat 1989, Sec. IV.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from lamina._checks import check_choice, check_integer
from lamina.errors import ArgumentError, ShapeError
from lamina.transforms.length import check_length
from lamina.transforms.precision import check_tensor, widened
from lamina.transforms.transform import Transform
from lamina.transforms.wavelet import dwt, dwt_adjoint, idwt
from lamina.transforms.wavelet_extension import MODES
from lamina.transforms.wavelet_filters import FilterBank, filter_bank, max_levels
from lamina.transforms.wavelet_levels import level_sizes

Details = tuple[Tensor, Tensor, Tensor]
"""Horizontal, vertical and diagonal detail of one level, as PyWavelets names them."""

Coefficients = list[Tensor | Details]
"""The approximation of the last level, then the details of each level from the last to the first."""


def dwt2(
    x: Tensor, wavelet: str | FilterBank, *, mode: str = "symmetric", dim: Sequence[int] = (-2, -1)
) -> tuple[Tensor, Details]:
    r"""One level of the wavelet transform of two axes, as ``pywt.dwt2``.

    .. math:: A = L X L^{\top}, \quad H = H X L^{\top}, \quad V = L X H^{\top}, \quad D = H X H^{\top}

    Parameters
    ----------
    x
        Real, at least two axes.
    wavelet, mode
        As in `dwt`.
    dim
        The two axes: rows, columns.

    Returns
    -------
    approximation, (horizontal, vertical, diagonal)
        The four subbands.

    Raises
    ------
    lamina.errors.ArgumentError
        As in `dwt`; also when ``dim`` does not name two different axes.

    References
    ----------
    Mallat 1989, A theory for multiresolution signal decomposition, IEEE TPAMI 11.

    Examples
    --------
    >>> import torch
    >>> approximation, (horizontal, vertical, diagonal) = dwt2(torch.ones(4, 6), "haar")
    >>> approximation.shape
    torch.Size([2, 3])
    """
    rows, columns = _axes("x", x, dim)
    low, high = dwt(x, wavelet, mode=mode, dim=rows)
    approximation, vertical = dwt(low, wavelet, mode=mode, dim=columns)
    horizontal, diagonal = dwt(high, wavelet, mode=mode, dim=columns)
    return approximation, (horizontal, vertical, diagonal)


def idwt2(
    approximation: Tensor,
    details: Sequence[Tensor],
    wavelet: str | FilterBank,
    *,
    mode: str = "symmetric",
    dim: Sequence[int] = (-2, -1),
) -> Tensor:
    """Undo `dwt2`, as ``pywt.idwt2``.

    Parameters
    ----------
    approximation, details
        What `dwt2` returned.
    wavelet, mode, dim
        As in `dwt2`.

    Returns
    -------
    Tensor
        The image, with one row or column more where their number was odd.

    Examples
    --------
    >>> import torch
    >>> x = torch.arange(24.0).reshape(4, 6)
    >>> torch.allclose(idwt2(*dwt2(x, "db2"), "db2"), x, atol=1e-4)
    True
    """
    rows, columns = _axes("approximation", approximation, dim)
    horizontal, vertical, diagonal = _three(details)
    low = idwt(approximation, vertical, wavelet, mode=mode, dim=columns)
    high = idwt(horizontal, diagonal, wavelet, mode=mode, dim=columns)
    return idwt(low, high, wavelet, mode=mode, dim=rows)


def wavedec2(
    x: Tensor,
    wavelet: str | FilterBank,
    *,
    level: int | None = None,
    mode: str = "symmetric",
    dim: Sequence[int] = (-2, -1),
) -> Coefficients:
    """Transform over several levels, as ``pywt.wavedec2``.

    Parameters
    ----------
    x, wavelet, mode, dim
        As in `dwt2`.
    level
        How many levels; None for as many as leave a coefficient that the boundaries do not touch.

    Returns
    -------
    list
        The approximation of the last level, then (horizontal, vertical, diagonal) details from the last level
        to the first.

    Raises
    ------
    lamina.errors.ArgumentError
        As in `dwt2`; also when ``level`` is negative.

    Examples
    --------
    >>> import torch
    >>> approximation, *details = wavedec2(torch.ones(2, 16, 16), "haar", level=2)
    >>> approximation.shape, [horizontal.shape[-1] for horizontal, _, _ in details]
    (torch.Size([2, 4, 4]), [4, 8])
    """
    bank = wavelet if isinstance(wavelet, FilterBank) else filter_bank(wavelet)
    axes = _axes("x", x, dim)
    if level is None:
        level = max_levels(min(x.shape[axis] for axis in axes), bank.taps)
    approximation, details = widened(x), []
    for _ in range(check_integer("level", level, minimum=0)):
        approximation, made = dwt2(approximation, bank, mode=mode, dim=axes)
        details.append(made)
    return [approximation, *reversed(details)]


def waverec2(
    coefficients: Sequence[Tensor | Sequence[Tensor]],
    wavelet: str | FilterBank,
    *,
    mode: str = "symmetric",
    dim: Sequence[int] = (-2, -1),
    n: Sequence[int] | None = None,
) -> Tensor:
    """Undo `wavedec2`, as ``pywt.waverec2``.

    Parameters
    ----------
    coefficients
        What `wavedec2` returned.
    wavelet, mode, dim
        As in `dwt2`.
    n
        Numbers of rows and columns, to which the result is cut; None leaves one more where they were odd.

    Returns
    -------
    Tensor
        The image.

    Raises
    ------
    lamina.errors.ArgumentError
        When the parts do not fit each other.

    Examples
    --------
    >>> import torch
    >>> x = torch.randn(9, 12, generator=torch.Generator().manual_seed(0))
    >>> torch.allclose(waverec2(wavedec2(x, "sym2"), "sym2", n=(9, 12)), x, atol=1e-5)
    True
    """
    whole = widened(_first(coefficients))
    axes = _axes("coefficients", whole, dim)
    for level in coefficients[1:]:
        details = _three(level)
        for axis in axes:
            if whole.shape[axis] == details[0].shape[axis] + 1:
                whole = whole.narrow(axis, 0, details[0].shape[axis])
        whole = idwt2(whole, details, wavelet, mode=mode, dim=axes)
    for axis, size in zip(axes, () if n is None else n, strict=False):
        whole = whole.narrow(axis, 0, check_length("n", size, maximum=whole.shape[axis]))
    return whole


class DWT2D(Transform):
    """`wavedec2` as a module.

    Orthonormal for orthogonal wavelets by periodization, where both lengths halve evenly at every level; the
    adjoint is the transpose of correlation and extension in any case.

    Parameters
    ----------
    wavelet
        Name of a discrete wavelet of PyWavelets.
    levels
        As ``level`` in `wavedec2`.
    mode, dim
        As in `dwt2`.

    Attributes
    ----------
    bank : FilterBank
        The filters, in double precision whatever the module is cast to.

    Examples
    --------
    >>> import torch
    >>> transform, x = DWT2D("db2", levels=1), torch.ones(2, 9, 12)
    >>> torch.allclose(transform.inverse(transform(x), (9, 12)), x, atol=1e-5)
    True
    """

    def __init__(
        self,
        wavelet: str = "db4",
        levels: int | None = None,
        mode: str = "symmetric",
        dim: Sequence[int] = (-2, -1),
    ) -> None:
        super().__init__()
        self.bank = filter_bank(wavelet)
        self.levels = None if levels is None else check_integer("levels", levels, minimum=0)
        self.mode, self.dim = check_choice("mode", mode, MODES), tuple(dim)
        self.orthonormal = mode == "periodization" and self.bank.orthogonal

    @property
    def wavelet(self) -> str:
        """Name of the wavelet."""
        return self.bank.name

    def forward(self, x: Tensor) -> Coefficients:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Apply `wavedec2`."""
        return wavedec2(x, self.bank, level=self.levels, mode=self.mode, dim=self.dim)

    def inverse(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, y: Sequence[Tensor | Sequence[Tensor]], n: Sequence[int] | None = None
    ) -> Tensor:
        """Apply `waverec2`.

        Parameters
        ----------
        y
            The approximation and the details.
        n
            Numbers of rows and columns; None leaves one more where they were odd.

        Returns
        -------
        Tensor
            The image.
        """
        return waverec2(y, self.bank, mode=self.mode, dim=self.dim, n=n)

    def adjoint(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, y: Sequence[Tensor | Sequence[Tensor]], n: Sequence[int] | None = None
    ) -> Tensor:
        """Apply the transpose of `forward`.

        Parameters
        ----------
        y
            The approximation and the details.
        n
            Numbers of rows and columns; None for the even ones of those that have so many coefficients.

        Returns
        -------
        Tensor
            The image.
        """
        whole = widened(_first(y))
        axes = _axes("y", whole, self.dim)
        details = [_three(level) for level in y[1:]]
        if n is None:
            spare = 0 if self.mode == "periodization" else 2 - self.bank.taps
            n = [2 * details[-1][0].shape[axis] + spare for axis in axes] if details else []
        sizes = [level_sizes(size, len(details), self.bank.taps, self.mode) for size in n]
        for below, (horizontal, vertical, diagonal) in zip(
            reversed(range(len(details))), details, strict=True
        ):
            rows, columns = axes
            low = dwt_adjoint(whole, vertical, self.bank, self.mode, columns, sizes[1][below])
            high = dwt_adjoint(horizontal, diagonal, self.bank, self.mode, columns, sizes[1][below])
            whole = dwt_adjoint(low, high, self.bank, self.mode, rows, sizes[0][below])
        return whole

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"{self.wavelet!r}, levels={self.levels}, mode={self.mode!r}, dim={self.dim}"


def _axes(name: str, x: Tensor, dim: Sequence[int]) -> tuple[int, int]:
    """Check that there are two axes, and count them from the front."""
    check_tensor(name, x)
    if (
        len(dim) != 2
        or any(not -x.ndim <= axis < x.ndim for axis in dim)
        or len({a % x.ndim for a in dim}) < 2
    ):
        raise ShapeError(
            name,
            allowed=f"a tensor that has the two axes {tuple(dim)}",
            got=f"shape {tuple(x.shape)}",
            remedy="Choose two different axes as dim.",
        )
    return dim[0] % x.ndim, dim[1] % x.ndim


def _first(coefficients: Sequence[Tensor | Sequence[Tensor]]) -> Tensor:
    if not isinstance(coefficients, (list, tuple)) or not coefficients:
        raise ArgumentError(
            "coefficients",
            allowed="a list: the approximation, then three details for each level",
            got=f"a {type(coefficients).__name__}",
            remedy="Give what wavedec2 returned.",
        )
    return check_tensor("coefficients", coefficients[0])


def _three(details: Tensor | Sequence[Tensor]) -> Details:
    if not isinstance(details, (list, tuple)) or len(details) != 3:
        raise ArgumentError(
            "details",
            allowed="three tensors: horizontal, vertical and diagonal",
            got=f"a {type(details).__name__}",
            remedy="Give what dwt2 or wavedec2 returned.",
        )
    horizontal, vertical, diagonal = details
    return horizontal, vertical, diagonal
