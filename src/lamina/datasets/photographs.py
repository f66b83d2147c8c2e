"""Photographs that come with the installation: natural scenes without a download."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files

from lamina._checks import check_real
from lamina.datasets.images import read_luminance
from lamina.typing import Scene

DEGREES_PER_PIXEL = 1 / 2.575
"""Sampling of the panoramas of Meyer et al. (2014): 2.575 pixels per degree, 927 pixels around."""

_ATTRIBUTION = {
    "china": "china.jpg as bundled with scikit-learn; photograph by danielbuechele on Flickr, CC BY 2.0",
    "flower": "flower.jpg as bundled with scikit-learn; photograph by vultilion on Flickr, CC BY 2.0",
}


@dataclass(frozen=True, eq=False)
class Photograph:
    """One scene as linear luminance, with its sampling in visual angle.

    Parameters
    ----------
    name
        File name without its suffix.
    luminance
        ``(rows, columns)`` float64, linear, at least 0; white is 1 where the file has a white.
    degrees_per_pixel
        Visual angle between neighbouring pixels, the same along rows and columns, in degrees.
    source
        Where it comes from.

    Examples
    --------
    >>> import numpy as np
    >>> scene = Photograph("ramp", np.linspace(0, 1, 200).reshape(1, 200), 0.5, "made here")
    >>> scene.field_of_view_deg
    100.0
    """

    name: str
    luminance: Scene
    degrees_per_pixel: float
    source: str

    @property
    def field_of_view_deg(self) -> float:
        """Width of the photograph in degrees."""
        return self.luminance.shape[1] * self.degrees_per_pixel


def photographs(degrees_per_pixel: float = DEGREES_PER_PIXEL) -> list[Photograph]:
    """Return the photographs bundled with scikit-learn, "china" and "flower", 427 rows by 640 columns each.

    The angle that their cameras saw is not recorded. The default is an assumption: the sampling of the
    panoramas of Meyer et al. (2014), the natural scenes that models of fly vision are usually given. At this
    sampling the photographs are 249 degrees wide, far more than their lenses saw, so they stand for scenes at
    a larger scale.

    Parameters
    ----------
    degrees_per_pixel
        Visual angle between neighbouring pixels, in degrees, above 0.

    Returns
    -------
    list[Photograph]
        List of `Photograph`, in alphabetical order.

    Raises
    ------
    ArgumentError
        If ``degrees_per_pixel`` is not a finite number above 0.
    FileError
        If the installed scikit-learn lacks the files.

    Notes
    -----
    The panoramas are Meyer, Schwegmann, Lindemann and Egelhaaf (2014), "Panoramic high dynamic range images
    in diverse environments", Bielefeld University.

    Examples
    --------
    >>> [scene.name for scene in photographs()]
    ['china', 'flower']
    """
    spacing = check_real("degrees_per_pixel", degrees_per_pixel, above=0.0)
    folder = files("sklearn") / "datasets" / "images"
    scenes = []
    for name, source in _ATTRIBUTION.items():
        with as_file(folder / f"{name}.jpg") as file:
            scenes.append(Photograph(name, read_luminance(file), spacing, source))
    return scenes
