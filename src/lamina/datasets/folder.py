"""A folder of the user's own images as scenes."""

from __future__ import annotations

import re
from pathlib import Path

from lamina._checks import check_real
from lamina.datasets.images import read_luminance
from lamina.datasets.paths import check_folder
from lamina.datasets.photographs import Photograph
from lamina.errors import ArgumentError, DataError, FileError

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")
"""Endings, in either case, of the files that `image_folder` reads."""

HIGHEST_DEG = 180.0
"""From straight down to straight up."""


def image_folder(path: str | Path, field_of_view_deg: float) -> list[Photograph]:
    """Read every image of a folder as linear luminance, in natural order (``scene2`` before ``scene10``).

    Subfolders, hidden files and files that do not end like an image are passed over; an image that cannot be
    used is an error, so that none goes missing unseen.

    Parameters
    ----------
    path
        The folder. Its images end in png, jpg, jpeg, tif, tiff, bmp or webp; `read_luminance` says what they
        may hold.
    field_of_view_deg
        Visual angle from the left to the right border of each image, in degrees, above 0 and at most 360.
        Equal steps along a row are taken to be equal angles, as in a panorama; images of different widths get
        different ``degrees_per_pixel``.

    Returns
    -------
    list[Photograph]
        List of `Photograph`, at least one.

    Raises
    ------
    FileError
        If the folder does not exist or holds no image, or if an image cannot be read.
    DataError
        If an image is too small, of one colour, holds NaN, infinite or negative luminances, or would be more
        than 180 degrees high.
    ArgumentError
        If ``field_of_view_deg`` is out of range.
    ArgumentTypeError
        If ``path`` is not a path.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from PIL import Image
    >>> ramp = np.tile(np.arange(0, 160, 10, dtype=np.uint8), (8, 1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("scene10.png", "scene2.png"):
    ...         Image.fromarray(ramp).save(Path(folder, name))
    ...     scenes = image_folder(folder, field_of_view_deg=40.0)
    >>> [(scene.name, scene.degrees_per_pixel) for scene in scenes]
    [('scene2', 2.5), ('scene10', 2.5)]
    """
    field_of_view = check_real("field_of_view_deg", field_of_view_deg, above=0.0)
    if field_of_view > 360:
        raise ArgumentError(
            "field_of_view_deg",
            allowed="at most 360 degrees",
            got=str(field_of_view),
            remedy="Give the angle from the left to the right border in degrees.",
        )
    scenes = []
    for file in _image_files(check_folder(path)):
        luminance = read_luminance(file)
        spacing = field_of_view / luminance.shape[1]
        height = luminance.shape[0] * spacing
        if height > HIGHEST_DEG:
            raise DataError(
                str(file),
                allowed=f"at most {HIGHEST_DEG:g} degrees high",
                got=f"{height:.4g} degrees, since {luminance.shape[1]} columns span {field_of_view:g}",
                remedy="State the angle that the image's width spans, or crop its height.",
            )
        scenes.append(Photograph(file.stem, luminance, spacing, str(file)))
    return scenes


def _image_files(folder: Path) -> list[Path]:
    try:
        entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".") and entry.is_file()]
    except OSError as error:
        raise FileError(f"{folder} cannot be listed ({error.strerror}). Check its permissions.") from error
    files = [entry for entry in entries if entry.suffix.lower() in SUFFIXES]
    if not files:
        found = f"{len(entries)} other file(s)" if entries else "no files"
        endings = ", ".join(SUFFIXES)
        raise FileError(
            f"{folder} holds no image ({found}). Images end in {endings}; subfolders are not searched."
        )
    return sorted(files, key=_natural)


def _natural(file: Path) -> tuple[list[tuple[int, int, str]], str]:
    parts = re.findall(r"\d+|\D+", file.name.lower())
    # digits before letters, as in plain sorting; the name itself settles scene01 against scene1
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts], file.name
