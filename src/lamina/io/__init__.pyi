from .checkpoints import Checkpoint as Checkpoint
from .events import write_events as write_events
from .files import atomic_file as atomic_file
from .files import check_output_file as check_output_file
from .folders import atomic_folder as atomic_folder
from .folders import check_output_folder as check_output_folder
from .models import load as load
from .models import save as save
from .signals import LazySignal as LazySignal
from .signals import Signal as Signal
from .signals import open_signal as open_signal
from .signals import read_signal as read_signal
from .signals import write_signal as write_signal
from .spikes import SpikeFile as SpikeFile
from .spikes import read_spikes as read_spikes
from .spikes import write_spikes as write_spikes

__all__ = [
    "Checkpoint",
    "LazySignal",
    "Signal",
    "SpikeFile",
    "atomic_file",
    "atomic_folder",
    "check_output_file",
    "check_output_folder",
    "load",
    "open_signal",
    "read_signal",
    "read_spikes",
    "save",
    "write_events",
    "write_signal",
    "write_spikes",
]
