"""Local contrast of natural scenes, as photoreceptors and the cells behind them see it."""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import gaussian_filter1d

from lamina._checks import check_real
from lamina.datasets.arrays import as_real_array
from lamina.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from lamina.typing import Scene

SIGMA_PER_FWHM = 1 / (2 * math.sqrt(2 * math.log(2)))
"""Standard deviation of a Gaussian whose full width at half maximum is 1."""


def natural_contrast(
    luminance: Scene,
    degrees_per_pixel: float,
    acceptance_fwhm_deg: float = 5.7,
    surround_fwhm_deg: float = 25.0,
    wrap: bool = False,
) -> Scene:
    r"""Turn a luminance image into local contrast.

    .. math:: c = (I - \bar I) / \bar I, \qquad I = G_a * L, \qquad \bar I = G_s * I

    :math:`L` is the luminance, :math:`G_a` the Gaussian acceptance function of a photoreceptor and
    :math:`G_s` a Gaussian surround. The local mean is taken of the blurred image, since nothing behind a
    photoreceptor sees a sharper one; of the sharp image it would differ by 2.5 % in the width of the
    surround.

    Parameters
    ----------
    luminance
        ``(rows, columns)``, linear, finite, at least 0. The scale does not matter.
    degrees_per_pixel
        Visual angle between neighbouring pixels, in degrees, above 0.
    acceptance_fwhm_deg
        Full width at half maximum of :math:`G_a`, in degrees, at least 0 (0: no blur).
    surround_fwhm_deg
        Full width at half maximum of :math:`G_s`, in degrees; wider than the acceptance function, and at most
        as wide and as high as the image.
    wrap
        Whether the columns go all the way round, as in a full panorama. Other borders mirror the image.

    Returns
    -------
    Scene
        ``(rows, columns)`` float64, at least -1.

    Raises
    ------
    ShapeError
        If ``luminance`` does not have two axes.
    DataError
        If a luminance is NaN, infinite or negative, or if a neighbourhood is so dark that its mean is 0.
    ArgumentError
        If a width or the sampling is out of range, or the surround does not fit the image.
    ArgumentTypeError
        If ``luminance`` does not hold real numbers, or ``wrap`` is not a boolean.

    Notes
    -----
    The widths are those of Chen, Mandel, Fitzgerald and Clark (2019), eLife 8:e47579, doi
    10.7554/eLife.47579. The kernels are cut at four standard deviations.

    Examples
    --------
    >>> columns = np.arange(400)
    >>> grating = np.tile(1 + 0.1 * np.cos(2 * np.pi * columns / 50), (100, 1))
    >>> contrast = natural_contrast(grating, degrees_per_pixel=0.5, wrap=True)
    >>> round(float(contrast.max()), 4)
    0.0806
    """
    image = _check_luminance(luminance)
    spacing = check_real("degrees_per_pixel", degrees_per_pixel, above=0.0)
    acceptance = check_real("acceptance_fwhm_deg", acceptance_fwhm_deg, minimum=0.0)
    surround = check_real("surround_fwhm_deg", surround_fwhm_deg, above=0.0)
    if not isinstance(wrap, (bool, np.bool_)):
        raise ArgumentTypeError("wrap", allowed="True or False", got=repr(wrap), remedy="Pass a boolean.")
    if surround <= acceptance:
        raise ArgumentError(
            "surround_fwhm_deg",
            allowed=f"above acceptance_fwhm_deg ({acceptance})",
            got=str(surround),
            remedy="The surround must be wider than the photoreceptor's own acceptance function.",
        )
    smaller_side = min(image.shape) * spacing
    if surround > smaller_side:
        raise ArgumentError(
            "surround_fwhm_deg",
            allowed=f"at most the image's smaller side ({smaller_side:.4g} degrees)",
            got=str(surround),
            remedy="Check degrees_per_pixel, use a larger image, or narrow the surround.",
        )
    seen = _blur(image, acceptance * SIGMA_PER_FWHM / spacing, wrap)
    mean = _blur(seen, surround * SIGMA_PER_FWHM / spacing, wrap)
    dark = int(np.sum(mean <= np.finfo(np.float64).tiny))
    if dark:
        raise DataError(
            "luminance",
            allowed="above 0 somewhere around every pixel",
            got=f"{dark} pixel(s) whose surroundings of {surround} degrees are black",
            remedy="Crop the black part, or add the camera's dark level.",
        )
    return (seen - mean) / mean


def _blur(image: np.ndarray, sigma: float, wrap: bool) -> np.ndarray:
    if sigma == 0:
        return image  # a point sees the image as it is; the filter would divide by 0
    down = gaussian_filter1d(image, sigma, axis=0, mode="reflect")
    return gaussian_filter1d(down, sigma, axis=1, mode="wrap" if wrap else "reflect")


def _check_luminance(luminance: Scene) -> np.ndarray:
    image = as_real_array(
        "luminance",
        luminance,
        "of shape (rows, columns)",
        even="Pass an array.",
        source="Pass linear luminances, for instance Photograph.luminance.",
    )
    if image.ndim != 2 or image.size == 0:
        raise ShapeError(
            "luminance",
            allowed="of shape (rows, columns), neither 0",
            got=f"shape {image.shape}",
            remedy="Turn colours into luminance first; lamina.datasets.read_luminance does.",
        )
    image = image.astype(np.float64)
    unusable = int(np.sum(~(np.isfinite(image) & (image >= 0))))
    if unusable:
        raise DataError(
            "luminance",
            allowed="finite and at least 0",
            got=f"{unusable} pixel(s) that are NaN, infinite or negative",
            remedy="Pass luminances, not contrasts, and repair missing pixels.",
        )
    return image
