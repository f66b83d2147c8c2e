r"""Discrete wavelet transforms of one axis, equal to PyWavelets.

.. math:: a^{(j)}_k = \sum_g l_g\, a^{(j-1)}_{2k + g + o}, \qquad
          d^{(j)}_k = \sum_g h_g\, a^{(j-1)}_{2k + g + o}, \qquad a^{(0)} = x

with the low-pass and high-pass filters l and h of a wavelet; beyond its ends a signal goes on by the mode.
Source: Mallat 1989, A theory for multiresolution signal decomposition, IEEE TPAMI 11.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from lamina._checks import check_choice, check_integer
from lamina.errors import ArgumentTypeError, ShapeError
from lamina.transforms.length import check_length
from lamina.transforms.precision import check_tensor, widened
from lamina.transforms.transform import Transform
from lamina.transforms.wavelet_extension import MODES
from lamina.transforms.wavelet_filters import FilterBank, coefficients, filter_bank, max_levels
from lamina.transforms.wavelet_steps import analyse, analyse_adjoint, synthesise


def dwt(
    x: Tensor, wavelet: str | FilterBank, *, mode: str = "symmetric", dim: int = -1
) -> tuple[Tensor, Tensor]:
    r"""One level of the wavelet transform along one axis, as ``pywt.dwt``.

    .. math:: a_k = \sum_g l_g\, x_{2k + g + o}, \qquad d_k = \sum_g h_g\, x_{2k + g + o}

    Parameters
    ----------
    x
        Real, any shape, n ≥ 1 values along ``dim``.
    wavelet
        Name of a discrete wavelet of PyWavelets, such as "db4", or its filters.
    mode
        How the signal goes on beyond its ends: "symmetric", "reflect", "periodic", "constant", "zero",
        "antisymmetric", or "periodization" (periodic, without coefficients to spare: orthonormal for
        orthogonal wavelets and even n). A single value is repeated by "reflect". PyWavelets' other two,
        "smooth" and "antireflect", do not exist here: they go on along a line, not with values of the signal.
    dim
        The axis.

    Returns
    -------
    approximation, detail
        As ``x``, with :math:`\lfloor (n + F - 1)/2 \rfloor` coefficients along ``dim`` for F filter taps, or
        :math:`\lceil n/2 \rceil` by periodization. Half precision is computed in float32, and returned so.

    Raises
    ------
    lamina.errors.ArgumentError
        When ``x`` is no real floating tensor, or wavelet, mode or ``dim`` is unknown.

    References
    ----------
    Mallat 1989, A theory for multiresolution signal decomposition, IEEE TPAMI 11.

    Examples
    --------
    >>> import torch
    >>> approximation, detail = dwt(torch.tensor([1.0, 3.0, 2.0, 2.0]), "haar")
    >>> approximation.round(decimals=3), detail.round(decimals=3)
    (tensor([2.8280, 2.8280]), tensor([-1.4140,  0.0000]))
    """
    bank, axis = _checked(x, wavelet, mode, dim)
    low, high = analyse(_flat(widened(x), axis), bank.analysis, mode)
    return _restored(low, x, axis), _restored(high, x, axis)


def idwt(
    approximation: Tensor,
    detail: Tensor,
    wavelet: str | FilterBank,
    *,
    mode: str = "symmetric",
    dim: int = -1,
) -> Tensor:
    r"""Undo `dwt`, as ``pywt.idwt``.

    .. math:: x_{2k + g + o} = \sum_{k, g} \tilde l_g\, a_k + \tilde h_g\, d_k

    Parameters
    ----------
    approximation, detail
        What `dwt` returned: of one shape.
    wavelet, mode, dim
        As in `dwt`.

    Returns
    -------
    Tensor
        :math:`2k - F + 2` values along ``dim`` for k coefficients (:math:`2k` by periodization): one more
        than the signal had, if that number was odd.

    Raises
    ------
    lamina.errors.ArgumentError
        As in `dwt`; also when the shapes differ, or there are too few coefficients.

    Examples
    --------
    >>> import torch
    >>> x = torch.arange(6.0)
    >>> torch.allclose(idwt(*dwt(x, "db2"), "db2"), x, atol=1e-5)
    True
    """
    bank, axis = _checked(approximation, wavelet, mode, dim, name="approximation")
    check_tensor("detail", detail)
    if detail.shape != approximation.shape or approximation.shape[axis] < coefficients(1, bank.taps, mode):
        raise ShapeError(
            "detail",
            allowed="of the shape of approximation, with the coefficients of at least one value",
            got=f"shapes {tuple(detail.shape)} and {tuple(approximation.shape)}",
            remedy="Give both parts that dwt returned, with the same wavelet and mode.",
        )
    low, high = _flat(widened(approximation), axis), _flat(widened(detail), axis)
    count = low.shape[1]
    if mode == "periodization":
        whole = analyse_adjoint(low, high, bank.synthesis, mode, 2 * count)
    else:
        whole = synthesise(low, high, bank.synthesis, 2 * count - bank.taps + 2)
    return _restored(whole, approximation, axis)


def wavedec(
    x: Tensor,
    wavelet: str | FilterBank,
    *,
    level: int | None = None,
    mode: str = "symmetric",
    dim: int = -1,
) -> list[Tensor]:
    """Transform over several levels, as ``pywt.wavedec``.

    Parameters
    ----------
    x, wavelet, mode, dim
        As in `dwt`.
    level
        How many levels; None for as many as leave a coefficient that the boundaries do not touch. More are
        possible, and allowed.

    Returns
    -------
    list of Tensor
        The approximation of the last level, then the details from the last level to the first.

    Raises
    ------
    lamina.errors.ArgumentError
        As in `dwt`; also when ``level`` is negative.

    Examples
    --------
    >>> import torch
    >>> [len(part) for part in wavedec(torch.ones(32), "db2", level=2)]
    [10, 10, 17]
    """
    bank, axis = _checked(x, wavelet, mode, dim)
    if level is None:
        level = max_levels(x.shape[axis], bank.taps)
    return _decomposed(x, bank, check_integer("level", level, minimum=0), mode, axis)


def waverec(
    coefficients: Sequence[Tensor],
    wavelet: str | FilterBank,
    *,
    mode: str = "symmetric",
    dim: int = -1,
    n: int | None = None,
) -> Tensor:
    """Undo `wavedec`, as ``pywt.waverec``.

    Parameters
    ----------
    coefficients
        What `wavedec` returned.
    wavelet, mode, dim
        As in `dwt`.
    n
        Length of the signal, to which the result is cut; None leaves one value more if it was odd.

    Returns
    -------
    Tensor
        The signal.

    Raises
    ------
    lamina.errors.ArgumentError
        When the parts do not fit each other.

    Examples
    --------
    >>> import torch
    >>> x = torch.randn(2, 33, generator=torch.Generator().manual_seed(0))
    >>> torch.allclose(waverec(wavedec(x, "sym4"), "sym4", n=33), x, atol=1e-5)
    True
    """
    if not isinstance(coefficients, (list, tuple)) or not coefficients:
        raise ArgumentTypeError(
            "coefficients",
            allowed="a list of tensors: the approximation, then the details",
            got=f"a {type(coefficients).__name__} of {len(coefficients)}"
            if isinstance(coefficients, (list, tuple))
            else f"a {type(coefficients).__name__}",
            remedy="Give what wavedec returned.",
        )
    bank, axis = _checked(coefficients[0], wavelet, mode, dim, name="coefficients")
    whole = widened(coefficients[0])
    for detail in coefficients[1:]:
        check_tensor("coefficients", detail)
        if detail.ndim == whole.ndim and whole.shape[axis] == detail.shape[axis] + 1:
            whole = whole.narrow(axis, 0, detail.shape[axis])
        whole = idwt(whole, detail, bank, mode=mode, dim=axis)
    if n is None:
        return whole
    return whole.narrow(axis, 0, check_length("n", n, maximum=whole.shape[axis]))


class DWT1D(Transform):
    r"""`wavedec` as a module.

    Orthonormal for orthogonal wavelets by periodization, where the length halves evenly at every level.
    Otherwise the adjoint is not the inverse: `adjoint` is the transpose of the correlation, followed by that
    of the extension, which adds what lies beyond the ends onto the values that it was taken from.

    Parameters
    ----------
    wavelet
        Name of a discrete wavelet of PyWavelets.
    levels
        As ``level`` in `wavedec`.
    mode, dim
        As in `dwt`.

    Attributes
    ----------
    bank : FilterBank
        The filters, in double precision whatever the module is cast to.

    Examples
    --------
    >>> import torch
    >>> transform, x = DWT1D("db2", levels=2, dim=1), torch.ones(2, 33, 3)
    >>> torch.allclose(transform.inverse(transform(x), 33), x, atol=1e-5)
    True
    """

    def __init__(
        self, wavelet: str = "db4", levels: int | None = None, mode: str = "symmetric", dim: int = -1
    ) -> None:
        super().__init__()
        self.bank = filter_bank(wavelet)
        self.levels = None if levels is None else check_integer("levels", levels, minimum=0)
        self.mode, self.dim = check_choice("mode", mode, MODES), dim
        self.orthonormal = mode == "periodization" and self.bank.orthogonal

    @property
    def wavelet(self) -> str:
        """Name of the wavelet."""
        return self.bank.name

    def forward(self, x: Tensor) -> list[Tensor]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Apply `wavedec`."""
        return wavedec(x, self.bank, level=self.levels, mode=self.mode, dim=self.dim)

    def inverse(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, y: Sequence[Tensor], n: int | None = None
    ) -> Tensor:
        """Apply `waverec`.

        Parameters
        ----------
        y
            The approximation and the details.
        n
            Length of the signal; None leaves one value more if it was odd.

        Returns
        -------
        Tensor
            The signal.
        """
        return waverec(y, self.bank, mode=self.mode, dim=self.dim, n=n)

    def adjoint(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, y: Sequence[Tensor], n: int | None = None
    ) -> Tensor:
        """Apply the transpose of `forward`.

        Parameters
        ----------
        y
            The approximation and the details.
        n
            Length of the signal; None for the even one of the two that have so many coefficients.

        Returns
        -------
        Tensor
            n values along ``dim``.
        """
        whole = widened(y[0])
        axis = whole.ndim + self.dim if self.dim < 0 else self.dim
        sizes = self._sizes(y, axis, n)
        for detail, size in zip(y[1:], reversed(sizes), strict=True):
            whole = dwt_adjoint(whole, detail, self.bank, self.mode, axis, size)
        return whole

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"{self.wavelet!r}, levels={self.levels}, mode={self.mode!r}, dim={self.dim}"

    def _sizes(self, y: Sequence[Tensor], axis: int, n: int | None) -> list[int]:
        """Length of what each level transforms, the signal's first."""
        details = [detail.shape[axis] for detail in reversed(y[1:])]
        if not details:
            return []
        if n is None:
            n = 2 * details[0] + (0 if self.mode == "periodization" else 2 - self.bank.taps)
        sizes = [check_length("n", n), *details]
        made = [coefficients(size, self.bank.taps, self.mode) for size in sizes[:-1]]
        if made != details:
            raise ShapeError(
                "y",
                allowed=f"coefficients of a signal of {n} values",
                got=f"details of {details} coefficients, where {made} were due",
                remedy="Give what forward returned, and the signal's length.",
            )
        return sizes[:-1]


def dwt_adjoint(low: Tensor, high: Tensor, bank: FilterBank, mode: str, axis: int, n: int) -> Tensor:
    """Adjoint of `dwt` for signals of length n; the axis is counted from the front."""
    flat, other = (_flat(widened(part), axis) for part in (low, high))
    return _restored(analyse_adjoint(flat, other, bank.analysis, mode, n), low, axis)


def _decomposed(x: Tensor, bank: FilterBank, level: int, mode: str, axis: int) -> list[Tensor]:
    low, details = _flat(widened(x), axis), []
    for _ in range(level):
        low, high = analyse(low, bank.analysis, mode)
        details.append(_restored(high, x, axis))
    return [_restored(low, x, axis), *reversed(details)]


def _flat(x: Tensor, axis: int) -> Tensor:
    """(before, n, after): all axes before and after the one."""
    return x.reshape(math.prod(x.shape[:axis]), x.shape[axis], math.prod(x.shape[axis + 1 :]))


def _restored(flat: Tensor, like: Tensor, axis: int) -> Tensor:
    return flat.reshape(*like.shape[:axis], flat.shape[1], *like.shape[axis + 1 :])


def _checked(
    x: Tensor, wavelet: str | FilterBank, mode: str, dim: int, *, name: str = "x"
) -> tuple[FilterBank, int]:
    """Check the arguments; return the filters, and the axis counted from the front."""
    check_tensor(name, x)
    check_choice("mode", mode, MODES)
    if not -x.ndim <= dim < x.ndim or x.shape[dim] < 1:
        raise ShapeError(
            name,
            allowed=f"a tensor with at least one value along axis {dim}",
            got=f"shape {tuple(x.shape)}",
            remedy="Choose dim among its axes.",
        )
    return wavelet if isinstance(wavelet, FilterBank) else filter_bank(wavelet), dim % x.ndim
