"""Linear luminance from an image file."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from lamina.datasets.paths import check_file
from lamina.errors import DataError, FileError
from lamina.typing import Scene

REC709_WEIGHTS = (0.2126, 0.7152, 0.0722)
"""Share of linear red, green and blue in luminance (ITU-R BT.709, the primaries of sRGB)."""

MINIMUM_SIDE = 8
"""Images with fewer rows or columns than this are refused: nothing in them can be called a scene."""

_GREY_MODES = ("1", "L", "LA", "La")
_SIXTEEN_BIT_MODES = ("I;16", "I;16B", "I;16L", "I;16N")
_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0  # of the TIFF standard


def srgb_to_linear(values: np.ndarray) -> np.ndarray:
    r"""Decode sRGB values to linear light.

    .. math:: L = v / 12.92 \text{ for } v \le 0.04045, \qquad L = ((v + 0.055) / 1.055)^{2.4} \text{ else}

    Parameters
    ----------
    values
        Encoded values from 0 (black) to 1 (white), any shape.

    Returns
    -------
    Array of the same shape, linear, from 0 to 1.

    Notes
    -----
    The transfer function of IEC 61966-2-1.

    Examples
    --------
    >>> srgb_to_linear(np.array([0.0, 0.5, 1.0])).round(4)
    array([0.   , 0.214, 1.   ])
    """
    values = np.asarray(values, dtype=np.float64)
    return np.where(values <= 0.04045, values / 12.92, ((np.maximum(values, 0.04045) + 0.055) / 1.055) ** 2.4)


def read_luminance(path: str | Path) -> Scene:
    """Read an image file as linear luminance.

    Integer images are taken to be sRGB: decoded, and colours weighted as in Rec. 709. Embedded colour
    profiles are not applied. Floating-point images (TIFF) are taken to be linear already. 16-bit grey is read
    in full; 16-bit colour is read at 8 bits, which is what Pillow offers. The orientation noted by a camera
    is applied.

    Parameters
    ----------
    path
        A png, jpg, tif, bmp or webp file; grey, palette or colour, with or without an (opaque) alpha channel.

    Returns
    -------
    Scene
        ``(rows, columns)`` float64, at least 0. White is 1 for integer images.

    Raises
    ------
    FileError
        If the file is missing, is no image, is damaged, has more pixels than Pillow's safety limit, several
        pages, transparent pixels, signed or 32-bit integers (whose white is unknown), or white stored as 0 in
        more than 8 bits.
    DataError
        If the image is smaller than 8 x 8 pixels, of one colour, or (floating point) NaN, infinite or
        negative anywhere.
    ArgumentTypeError
        If ``path`` is not a path.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "ramp.png")
    ...     Image.fromarray(np.tile(np.arange(0, 160, 10, dtype=np.uint8), (8, 1))).save(file)
    ...     luminance = read_luminance(file)
    >>> luminance.shape, round(float(luminance.max()), 4)
    ((8, 16), 0.305)
    """
    file = check_file(path)
    luminance = _decode(file)
    rows, columns = luminance.shape
    if min(rows, columns) < MINIMUM_SIDE:
        raise DataError(
            str(file),
            allowed=f"an image of at least {MINIMUM_SIDE} x {MINIMUM_SIDE} pixels",
            got=f"{columns} x {rows} pixels",
            remedy="Remove the file or use a larger version of it.",
        )
    unusable = ~np.isfinite(luminance) | (luminance < 0)
    if unusable.any():
        raise DataError(
            str(file),
            allowed="an image of finite luminances of at least 0",
            got=f"{int(unusable.sum())} pixel(s) that are NaN, infinite or negative",
            remedy="Repair the image or remove the file.",
        )
    if luminance.min() == luminance.max():
        raise DataError(
            str(file),
            allowed="an image of more than one luminance",
            got=f"{columns} x {rows} pixels all alike",
            remedy="Remove the file: there is no contrast in it.",
        )
    return luminance


def _decode(path: Path) -> np.ndarray:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata is no reason to refuse the pixels
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                n_frames = getattr(image, "n_frames", 1)
                if n_frames > 1 and image.format != "MPO":  # MPO: a photograph with a preview behind it
                    raise FileError(
                        f"{path} holds {n_frames} pages or frames. Save each as a file of its own."
                    )
                tiff_tags = getattr(image, "tag_v2", {})
                upright = ImageOps.exif_transpose(image)
                return _luminance_of(upright, image.format, tiff_tags, path)
    except FileError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise FileError(
            f"{path} holds more than {Image.MAX_IMAGE_PIXELS} pixels, which may be an attack on memory. "
            "Scale the image down first."
        ) from error
    except UnidentifiedImageError as error:
        raise FileError(
            f"{path} is not an image that can be read. Convert it to PNG or remove it."
        ) from error
    except Exception as error:  # Pillow's decoders raise whatever a damaged file makes of them
        raise FileError(
            f"{path} cannot be read as an image ({type(error).__name__}: {error}). Replace or remove it."
        ) from error


def _luminance_of(
    image: Image.Image, file_format: str | None, tiff_tags: Mapping[int, Any], path: Path
) -> np.ndarray:
    deep = image.mode == "F" or image.mode in _SIXTEEN_BIT_MODES
    if deep and tiff_tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:  # Pillow turns 8 bits round, but no others
        raise FileError(
            f"{path} stores white as 0 and black as its largest value. Save it the usual way round."
        )
    if image.mode == "F":
        return np.asarray(image, dtype=np.float64)
    if image.mode in _SIXTEEN_BIT_MODES or (image.mode == "I" and file_format == "PNG"):
        white = 2 ** int(np.max(tiff_tags.get(_BITS_PER_SAMPLE, 16))) - 1
        return srgb_to_linear(np.asarray(image, dtype=np.float64) / white)
    if image.mode == "I":
        raise FileError(
            f"{path} holds signed or 32-bit integers, whose white is unknown. Save it as 16 bits or floats."
        )
    if image.has_transparency_data:
        alpha = np.asarray(image.convert("RGBA").getchannel("A"))
        if alpha.min() < 255:
            raise FileError(
                f"{path} has transparent pixels, whose luminance is undefined. Flatten it onto a background."
            )
    if image.mode in _GREY_MODES:
        return srgb_to_linear(np.asarray(image.convert("L"), dtype=np.float64) / 255)
    linear = srgb_to_linear(np.arange(256) / 255)[np.asarray(image.convert("RGB"))]
    return linear @ np.array(REC709_WEIGHTS)
