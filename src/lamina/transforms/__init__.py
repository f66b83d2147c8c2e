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

from lamina.transforms.fourier import FFT1D, FFT2D, fft, fft2, ifft, ifft2, irfft, irfft2, rfft, rfft2
from lamina.transforms.transform import Transform

__all__ = [
    "FFT1D",
    "FFT2D",
    "Transform",
    "fft",
    "fft2",
    "ifft",
    "ifft2",
    "irfft",
    "irfft2",
    "rfft",
    "rfft2",
]
