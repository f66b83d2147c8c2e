"""Natural scenes and how an eye scans them; spoken digits and words, as spikes and as sound.

Nothing is fetched from the network but by the loaders that say so, when they are called.
"""

from lamina.datasets.binning import bin_events
from lamina.datasets.contrast import natural_contrast
from lamina.datasets.folder import image_folder
from lamina.datasets.images import read_luminance, srgb_to_linear
from lamina.datasets.matlab import contrast_scenes
from lamina.datasets.photographs import Photograph, photographs
from lamina.datasets.scan import PhotoreceptorRow, scan
from lamina.datasets.shd import load_shd
from lamina.datasets.speech_commands import SpeechCommands, SpokenWord, load_speech_commands
from lamina.datasets.spiking_digits import SpikingDigit, SpikingDigits
from lamina.datasets.translate import PhotoreceptorGrid, translate

__all__ = [
    "Photograph",
    "PhotoreceptorGrid",
    "PhotoreceptorRow",
    "SpeechCommands",
    "SpikingDigit",
    "SpikingDigits",
    "SpokenWord",
    "bin_events",
    "contrast_scenes",
    "image_folder",
    "load_shd",
    "load_speech_commands",
    "natural_contrast",
    "photographs",
    "read_luminance",
    "scan",
    "srgb_to_linear",
    "translate",
]
