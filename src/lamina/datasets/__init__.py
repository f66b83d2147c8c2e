"""Natural scenes: photographs, folders of images, MATLAB arrays; their contrast, and how an eye scans it."""

from lamina.datasets.contrast import natural_contrast
from lamina.datasets.folder import image_folder
from lamina.datasets.images import read_luminance, srgb_to_linear
from lamina.datasets.matlab import contrast_scenes
from lamina.datasets.photographs import Photograph, photographs
from lamina.datasets.scan import PhotoreceptorRow, scan

__all__ = [
    "Photograph",
    "PhotoreceptorRow",
    "contrast_scenes",
    "image_folder",
    "natural_contrast",
    "photographs",
    "read_luminance",
    "scan",
    "srgb_to_linear",
]
