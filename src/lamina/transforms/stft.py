r"""Short-time Fourier transform with perfect reconstruction for any length.

.. math:: y_{kp} = \frac{1}{\sqrt m} \sum_{j=0}^{m-1} w_j\, x_{ph - (m - h) + j}\, e^{-2\pi i\,jk/m}

with a window w of m samples that moves by h, and x taken as zero outside. The first frame ends with the first
h samples, the last one begins within the signal; so no frame that a sample could lie in is missing, and
:math:`\sum_p w^2` over them is positive for every window whose samples in steps of h are not all zero. The
inverse is that of least squares. Source: Griffin and Lim 1984, Eq. 6.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lamina._checks import check_choice, check_integer
from lamina.errors import ArgumentError, ShapeError
from lamina.transforms.empty import transformed
from lamina.transforms.fourier_arguments import NORMS, REVERSED, counted_once
from lamina.transforms.length import check_length
from lamina.transforms.precision import check_tensor, widened, working_dtype
from lamina.transforms.transform import Transform


def stft(
    x: Tensor, size: int = 256, hop: int | None = None, *, window: Tensor | None = None, norm: str = "ortho"
) -> Tensor:
    r"""Fourier transforms of short pieces of a signal.

    .. math:: y_{kp} = \frac{1}{\sqrt m} \sum_{j=0}^{m-1} w_j\, x_{ph - (m - h) + j}\, e^{-2\pi i\,jk/m}

    Parameters
    ----------
    x
        Real, (..., n) with n ≥ 1. Zeros are taken to stand before and after it: m - h before, and as many
        after as the last frame that begins within the signal needs.
    size
        Samples m of a frame, at least 1.
    hop
        Samples h from one frame to the next, from 1 to ``size``; None for a quarter of it (at least 1).
    window
        Real, (size,); None for a periodic Hann window.
    norm
        Factor of each frame's transform: "ortho" (:math:`m^{-1/2}`), "backward" (1) or "forward"
        (:math:`1/m`).

    Returns
    -------
    Tensor
        Complex, (..., m // 2 + 1, frames) with :math:`\lceil (n + m - h) / h \rceil` frames. Phases count
        from the start of each frame. Half precision is computed in float32.

    Raises
    ------
    lamina.errors.ArgumentError
        When ``x`` or ``window`` is no real floating tensor of such a shape, or another argument lies
        outside its limits.

    References
    ----------
    Griffin and Lim 1984, Signal estimation from modified short-time Fourier transform, IEEE Trans. ASSP.

    Examples
    --------
    >>> import torch
    >>> stft(torch.ones(10), 4, 2).shape
    torch.Size([3, 6])
    """
    size, hop = _sizes(size, hop)
    check_tensor("x", x)
    check_choice("norm", norm, NORMS)
    if x.ndim < 1 or x.shape[-1] < 1:
        raise ShapeError(
            "x",
            allowed="a tensor with at least one value along its last axis",
            got=f"shape {tuple(x.shape)}",
            remedy="Put time last.",
        )
    wide = widened(x)
    count = x.shape[-1]
    after = size + (_frames(count, size, hop) - 1) * hop - (size - hop) - count
    framed = torch.nn.functional.pad(wide, (size - hop, after)).unfold(-1, size, hop)
    windowed = framed * _window(window, size, wide)
    return transformed(torch.fft.rfft, windowed, dim=-1, norm=norm).transpose(-1, -2)


def istft(
    y: Tensor,
    n: int | None = None,
    size: int = 256,
    hop: int | None = None,
    *,
    window: Tensor | None = None,
    norm: str = "ortho",
) -> Tensor:
    r"""Undo `stft`: the signal whose transform is nearest, in the sense of least squares.

    .. math:: x_t = \frac{\sum_p w_{t - s_p}\, (F^{-1} y_p)_{t - s_p}}{\sum_p w_{t - s_p}^2}

    Here :math:`s_p` is the start of frame p.

    Parameters
    ----------
    y
        Complex, (..., m // 2 + 1, frames).
    n
        Length of the signal; None for the longest that has so many frames.
    size, hop, window, norm
        As they were given to `stft`.

    Returns
    -------
    Tensor
        Real, (..., n).

    Raises
    ------
    lamina.errors.ArgumentError
        When ``y`` is not the shape that such a signal's transform has, or the window, moved by ``hop``,
        leaves samples out (a Hann window with ``hop`` = ``size`` does).

    Examples
    --------
    >>> import torch
    >>> x = torch.arange(7.0)
    >>> torch.allclose(istft(stft(x, 4, 2), 7, 4, 2), x, atol=1e-5)
    True
    """
    size, hop = _sizes(size, hop)
    y, n = _admitted(y, n, size, hop, norm)
    values = _window(window, size, y.real)
    weight = _weight(values, size, hop)
    if _can_look(values) and not bool((weight > 0).all()):
        raise ArgumentError(
            "window",
            allowed=f"not zero at all samples in steps of hop = {hop}",
            got="a window that leaves samples out",
            remedy="Take a smaller hop.",
        )
    frames = transformed(torch.fft.irfft, y.transpose(-1, -2), n=size, dim=-1, norm=norm)
    summed = _overlapped(frames * values, hop)[..., size - hop :][..., :n]
    # the sums of squares repeat after hop samples
    place = torch.arange(n, device=y.device) % hop
    return summed / weight[place]


class STFT(Transform):
    r"""`stft` as a module; the window moves with it between devices.

    It is not orthonormal: frames overlap. Its adjoint adds the frames' adjoint transforms (see
    `lamina.transforms.RFFT`) under the window,

    .. math:: x_t = c \sum_p w_{t - s_p} \sum_{k=0}^{\lfloor m/2 \rfloor} \operatorname{Re} y_{kp}\,
              e^{2\pi i\,(t - s_p)k/m}

    with the factor c of the forward transform and :math:`s_p` the start of frame p.

    Parameters
    ----------
    size, hop, window, norm
        As in `stft`; the window must not leave samples out.

    Examples
    --------
    >>> import torch
    >>> transform, x = STFT(8), torch.ones(2, 13)
    >>> torch.allclose(transform.inverse(transform(x), 13), x)
    True
    """

    window: Tensor

    def __init__(
        self,
        size: int = 256,
        hop: int | None = None,
        *,
        window: Tensor | None = None,
        norm: str = "ortho",
    ) -> None:
        super().__init__()
        self.size, self.hop = _sizes(size, hop)
        self.norm = check_choice("norm", norm, NORMS)
        self.orthonormal = False
        # kept in double precision or in what was given; each call rounds it to its own
        like = torch.zeros((), dtype=torch.float64) if window is None else window
        self.register_buffer("window", _window(window, self.size, like), persistent=False)
        istft(stft(self.window[:1], size, hop, window=self.window), 1, size, hop, window=self.window)

    def forward(self, x: Tensor) -> Tensor:
        """Apply `stft`."""
        return stft(x, self.size, self.hop, window=self.window, norm=self.norm)

    def inverse(self, y: Tensor, n: int | None = None) -> Tensor:
        """Apply `istft`.

        Parameters
        ----------
        y, n
            As in `istft`.

        Returns
        -------
        Tensor
            Real, (..., n).
        """
        return istft(y, n, self.size, self.hop, window=self.window, norm=self.norm)

    def adjoint(self, y: Tensor, n: int | None = None) -> Tensor:
        """Apply the adjoint.

        Parameters
        ----------
        y, n
            As in `istft`.

        Returns
        -------
        Tensor
            Real, (..., n).
        """
        y, n = _admitted(y, n, self.size, self.hop, self.norm)
        once = counted_once(y.transpose(-1, -2), self.size, -1)
        frames = transformed(torch.fft.irfft, once, n=self.size, dim=-1, norm=REVERSED[self.norm])
        windowed = frames * _window(self.window, self.size, y.real)
        return _overlapped(windowed, self.hop)[..., self.size - self.hop :][..., :n]

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"size={self.size}, hop={self.hop}, norm={self.norm!r}"


def _sizes(size: int, hop: int | None) -> tuple[int, int]:
    size = check_integer("size", size, minimum=1)
    if hop is None:
        return size, max(size // 4, 1)
    return size, check_integer("hop", hop, minimum=1, maximum=size)


def _frames(count: int, size: int, hop: int) -> int:
    return -(-(count + size - hop) // hop)


def _window(window: Tensor | None, size: int, like: Tensor) -> Tensor:
    dtype = working_dtype(like.dtype)
    if window is None:
        return torch.hann_window(size, dtype=torch.float64, device=like.device).to(dtype)
    check_tensor("window", window)
    if window.shape != (size,):
        raise ShapeError(
            "window",
            allowed=f"of shape ({size},), a number for each sample of a frame",
            got=f"shape {tuple(window.shape)}",
            remedy="Give size the window's length.",
        )
    return window.to(like.device, dtype)


def _admitted(y: Tensor, n: int | None, size: int, hop: int, norm: str) -> tuple[Tensor, int]:
    """Check a transform, and return it in its working precision with the length of its signal."""
    check_tensor("y", y, complex_too=True)
    check_choice("norm", norm, NORMS)
    if y.ndim < 2 or y.shape[-2] != size // 2 + 1 or (y.shape[-1] + 1) * hop <= size:
        raise ShapeError(
            "y",
            allowed=f"of shape (..., {size // 2 + 1}, frames) with at least {_frames(1, size, hop)} frames",
            got=f"shape {tuple(y.shape)}",
            remedy="Give the size and hop with which it was made.",
        )
    longest = (y.shape[-1] + 1) * hop - size
    least = max(longest - hop + 1, 1)
    n = longest if n is None else check_length("n", n, minimum=least, maximum=longest)
    wide = widened(y)
    return (wide if wide.is_complex() else torch.complex(wide, torch.zeros_like(wide))), n


def _weight(values: Tensor, size: int, hop: int) -> Tensor:
    """Sum of the squares of a window in steps of ``hop``, at each of the ``hop`` places of a sample.

    Sample t has its place (t + m - h) mod h in the frames that it lies in.
    """
    squares = torch.nn.functional.pad(values**2, (0, -size % hop)).reshape(-1, hop).sum(dim=0)
    return squares.roll(-((size - hop) % hop))


def _overlapped(frames: Tensor, hop: int) -> Tensor:
    """Add (..., frames, m) where they lie in time: (..., h·frames, and what the last one has beyond).

    Each frame is cut into pieces of h. Rows of pieces with equal number, each one longer than the result, are
    read as rows of the result's length: this shifts row i by i.
    """
    count, size = frames.shape[-2:]
    pieces = -(-size // hop)
    cut = torch.nn.functional.pad(frames, (0, pieces * hop - size)).unflatten(-1, (pieces, hop))
    rows = torch.nn.functional.pad(cut.transpose(-3, -2), (0, 0, 0, pieces))
    flat = rows.flatten(-3, -2)[..., : pieces * (count + pieces - 1), :]
    return flat.unflatten(-2, (pieces, count + pieces - 1)).sum(dim=-3).flatten(-2, -1)


def _can_look(values: Tensor) -> bool:
    return not (
        torch.compiler.is_compiling()
        or values.device.type == "meta"
        or torch._C._functorch.is_functorch_wrapped_tensor(values)  # pyright: ignore[reportAttributeAccessIssue]
    )
