"""Orthonormal transforms of torch tensors with inverses and adjoints: Fourier, cosine, Hadamard, wavelet.

Functions and modules, differentiable, any length. They need PyTorch (``pip install lamina[torch]``).
"""

try:
    import pywt as _pywt  # noqa: F401
    import torch as _torch  # noqa: F401
except ImportError as error:
    from lamina.errors import MissingDependencyError

    raise MissingDependencyError(
        f"lamina.transforms needs {error.name}. Install it with: pip install 'lamina[torch]'"
    ) from error

from lamina.transforms.cosine import DCT, dct, idct
from lamina.transforms.fourier import FFT1D, RFFT, fft, ifft, irfft, rfft
from lamina.transforms.fourier2d import FFT2D, RFFT2D, fft2, ifft2, irfft2, rfft2
from lamina.transforms.hadamard import Hadamard, hadamard, ihadamard, prefix_hadamard, prefix_ihadamard
from lamina.transforms.prefix import prefix_fft, prefix_ifft
from lamina.transforms.prefix_cosine import prefix_dct, prefix_dst, prefix_idct, prefix_idst
from lamina.transforms.sine import DST, dst, idst
from lamina.transforms.stft import STFT, istft, stft
from lamina.transforms.transform import Transform
from lamina.transforms.wavelet import DWT1D, dwt, idwt, wavedec, waverec
from lamina.transforms.wavelet2d import DWT2D, dwt2, idwt2, wavedec2, waverec2

__all__ = [
    "DCT",
    "DST",
    "DWT1D",
    "DWT2D",
    "FFT1D",
    "FFT2D",
    "RFFT",
    "RFFT2D",
    "STFT",
    "Hadamard",
    "Transform",
    "dct",
    "dst",
    "dwt",
    "dwt2",
    "fft",
    "fft2",
    "hadamard",
    "idct",
    "idst",
    "idwt",
    "idwt2",
    "ifft",
    "ifft2",
    "ihadamard",
    "irfft",
    "irfft2",
    "istft",
    "prefix_dct",
    "prefix_dst",
    "prefix_fft",
    "prefix_hadamard",
    "prefix_idct",
    "prefix_idst",
    "prefix_ifft",
    "prefix_ihadamard",
    "rfft",
    "rfft2",
    "stft",
    "wavedec",
    "wavedec2",
    "waverec",
    "waverec2",
]
