"""Spikes in files: the gaps between them as small integers, with the code that made them."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina._checks import check_choice, check_path, check_real
from lamina._version import __version__
from lamina.encoding.code import SpikeCode
from lamina.encoding.events import SpikeEvents, from_events, to_events
from lamina.encoding.layout import count_channels
from lamina.encoding.registry import CODES
from lamina.errors import ArgumentError, ArgumentTypeError, FileError, LaminaError, ShapeError
from lamina.io.codes import describe_code, rebuild_code
from lamina.io.container import read_container, write_container
from lamina.io.events import pack_events, unpack_events
from lamina.io.records import Arrays, NotInOrderError, as_count
from lamina.typing import Array

SUFFIX = ".safetensors"

FORMAT = 1
"""Version of what the description says; a higher one was written by a later lamina."""

CLASS = "Spikes"

MOST_DENSE_BYTES = 2**33
"""Spikes are made an array up to this size: a small file may stand for a large one."""

_PARTS = {"format", "lamina", "class", "spikes", "code", "sampling_rate", "channel_names", "units"}
_UNITS = {"sampling_rate": "hertz", "gaps": "time steps"}


@dataclass(frozen=True, eq=False)
class SpikeFile:
    """What a file of spikes holds; `read_spikes` gives one.

    Parameters
    ----------
    events
        The spikes, sorted by time; their ``sampling_rate`` counts time steps.
    code
        The code that made them, with its scaling: ``code.decode(spikes, dim)`` is the signal.
    dim
        The axis of time, counted from the end, in the signal and in the spikes alike.
    sampling_rate
        Samples of the signal per second (hertz), or None where it is not known.
    channel_names
        One name per channel of the signal, or None.
    source
        The path that was read, for messages.
    dtype
        Floating type of the spikes, ``"float32"`` or ``"float64"``.
    """

    events: SpikeEvents
    code: SpikeCode
    dim: int
    sampling_rate: float | None
    channel_names: tuple[str, ...] | None
    source: str
    dtype: str = "float32"

    @property
    def spikes(self) -> np.ndarray:
        """The spikes as `SpikeCode.encode` returned them, made anew at each use.

        Returns
        -------
        numpy.ndarray
            ``(2, ..., time)``, ``(neurons, ..., time)`` or ``(..., time)``, with time where ``dim`` says.

        Raises
        ------
        FileError
            If they would take more than 8 GiB as an array, or more than there is; the ``events`` are at hand.
        """
        rows = 2 if self.events.rows == "polarity" else 1
        count = rows * count_channels(self.events.leading) * self.events.n_samples
        size = count * np.dtype(self.dtype).itemsize
        try:
            if size > MOST_DENSE_BYTES:
                raise MemoryError
            return np.moveaxis(from_events(self.events, self.dtype), -1, self.dim)
        except MemoryError as error:
            raise FileError(
                f"cannot unfold {self.source}: its spikes would take {size / 2**30:.3g} GiB as an array; "
                "use its events"
            ) from error


def write_spikes(
    path: str | os.PathLike[str],
    spikes: Array,
    code: SpikeCode,
    dim: int = -1,
    *,
    sampling_rate: float | None = None,
    channel_names: Sequence[str] | None = None,
) -> None:
    """Write spikes and the code that made them to a file, whole or not at all.

    The file is a safetensors file with a JSON description and a checksum. Of each train it holds the gaps
    between its spikes, in the smallest unsigned integers that hold the longest gap: one or two bytes a spike,
    as a rule. With it goes all that decoding needs: the code's arguments, what it learned, and its scaling.

    Parameters
    ----------
    path
        The file, which must end in ``.safetensors``; an existing one is replaced. Its folder must exist.
    spikes
        As ``code.encode`` returned them; NumPy or torch.
    code
        The code that made them, as it was then: for an unfitted one, before it encodes anything else. A
        generator of random numbers cannot be kept, and None takes its place.
    dim
        The axis of time in the signal, as in `SpikeCode.decode`.
    sampling_rate
        Samples of the signal per second (hertz), if known.
    channel_names
        One name per channel of the signal, in the order of its flattened leading axes.

    Raises
    ------
    ArgumentTypeError, ArgumentError, ShapeError, DataError
        If ``path`` is no path or ends otherwise; if these are no spikes of this code; if the names do not
        match its channels.
    StateError
        If an argument of the code was changed to a value that it does not take.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lamina.encoding import StepForwardConverter
    >>> code = StepForwardConverter(threshold=0.1)
    >>> spikes = code.encode(np.sin(np.arange(100.0)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_spikes(Path(folder) / "sine.safetensors", spikes, code, sampling_rate=50.0)
    ...     again = read_spikes(Path(folder) / "sine.safetensors")
    >>> bool((again.spikes == spikes).all()), again.code, again.sampling_rate
    (True, StepForwardConverter(threshold=0.1, down_spike=True), 50.0)
    """
    file = check_path("path", path)
    check_choice("the suffix of the file", file.suffix.lower(), (SUFFIX,))
    if not isinstance(code, SpikeCode) or type(code) not in CODES:
        raise ArgumentTypeError(
            "code",
            allowed="a spike code of lamina.encoding",
            got=f"a {type(code).__name__}",
            remedy="Pass the code that made the spikes.",
        )
    events = to_events(spikes, code, dim)
    axis = dim if dim < 0 else dim - (spikes.ndim - (code.rows is not None))
    wide = str(spikes.dtype).removeprefix("torch.") == "float64"
    write_encoded(
        path,
        events,
        code,
        int(axis),
        "float64" if wide else "float32",
        sampling_rate=sampling_rate,
        channel_names=channel_names,
    )


def write_encoded(
    path: str | os.PathLike[str],
    events: SpikeEvents,
    code: SpikeCode,
    dim: int,
    dtype: str,
    *,
    sampling_rate: float | None,
    channel_names: Sequence[str] | None,
) -> None:
    """Write events that a code made, as `write_spikes` does.

    Parameters
    ----------
    path, code, sampling_rate, channel_names
        As `write_spikes` takes them.
    events
        The spikes, with the rows that the code has.
    dim
        The axis of time in the signal, counted from the end.
    dtype
        ``"float32"`` or ``"float64"``: what the spikes are to be when they are read.

    Raises
    ------
    ArgumentTypeError, ArgumentError, ShapeError, StateError, OutputError
        As `write_spikes`.
    """
    names = _check_names(channel_names, count_channels(_signal_shape(events, code)))
    described, code_arrays = describe_code(_without_generators(code))
    rate = None if sampling_rate is None else check_real("sampling_rate", sampling_rate, above=0.0)
    description = {
        "format": FORMAT,
        "lamina": __version__,
        "class": CLASS,
        "spikes": {
            "rows": events.rows,
            "leading": list(events.leading),
            "n_steps": events.n_samples,
            "dim": dim,
            "dtype": dtype,
        },
        "code": described,
        "sampling_rate": rate,
        "channel_names": None if names is None else list(names),
        "units": _UNITS,
    }
    arrays = pack_events(events) | {f"code.{name}": array for name, array in code_arrays.items()}
    write_container(path, description, arrays)


def read_spikes(path: str | os.PathLike[str]) -> SpikeFile:
    """Read spikes that `write_spikes` wrote, and the code that made them.

    Nothing in a file is run, and nothing is taken for granted: sizes, format, code, shapes and values are
    all checked first.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    SpikeFile
        With ``events``, ``spikes``, ``code``, ``dim``, ``sampling_rate`` and ``channel_names``.

    Raises
    ------
    ArgumentTypeError
        If ``path`` is no path.
    FileError
        If the file is missing, truncated, damaged, written by a later lamina, or holds no spikes.

    Examples
    --------
    >>> read_spikes("no-such-spikes.safetensors")
    Traceback (most recent call last):
        ...
    lamina.errors.FileError: cannot read no-such-spikes.safetensors: there is no such file; check the path
    """
    return read_described_spikes(path)[0]


def read_described_spikes(path: str | os.PathLike[str]) -> tuple[SpikeFile, dict[str, Any]]:
    """Read spikes, and the description of them that their file holds.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    spikes
        As `read_spikes` returns them.
    description
        As written: format, version of lamina, code.

    Raises
    ------
    ArgumentTypeError, FileError
        As `read_spikes`.
    """
    description, arrays = read_container(path, integers=True)
    source = os.fspath(path)
    try:
        return _rebuild(description, arrays, source), description
    except (NotInOrderError, ArgumentError) as error:
        raise FileError(f"cannot read {source}: {str(error)[:300]}") from error


def holds_spikes(path: str | os.PathLike[str]) -> bool:
    """Whether a file says that it holds spikes; one that cannot be read does not.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    bool
    """
    try:
        return read_container(path, integers=True)[0].get("class") == CLASS
    except FileError:
        return False


def _rebuild(description: Mapping[str, Any], arrays: Arrays, source: str) -> SpikeFile:
    if description.get("class") != CLASS:
        kind = str(description.get("class"))[:40]
        raise NotInOrderError(f"it holds no spikes, but a {kind!r}, which lamina.load reads")
    written_as = as_count("its format", description.get("format"))
    if written_as > FORMAT:
        raise NotInOrderError(
            f"it has format {str(written_as)[:20]} of spikes, written by lamina "
            f"{str(description.get('lamina'))[:40]}; this is lamina {__version__}, which reads up to format "
            f"{FORMAT}; install a newer one"
        )
    plan, inner = description.get("spikes"), description.get("code")
    if set(description) != _PARTS or not isinstance(plan, dict) or not isinstance(inner, dict):
        raise NotInOrderError("its parts are not those of a file of spikes")
    if set(plan) != {"rows", "leading", "n_steps", "dim", "dtype"}:
        raise NotInOrderError("its spikes are not described")
    rate = description["sampling_rate"]
    if rate is not None and (not isinstance(rate, float) or not 0 < rate < np.inf):
        raise NotInOrderError("its sampling rate is no positive number of hertz")
    left = dict(arrays)
    code_arrays = {name.removeprefix("code."): left.pop(name) for name in arrays if name.startswith("code.")}
    code = rebuild_code(inner, code_arrays)
    events = unpack_events(plan, left, None if rate is None else rate * code.steps_per_sample)
    if left:
        raise NotInOrderError(f"it holds an array {min(left)[:40]!r} that belongs to nothing")
    if events.rows != code.rows or (events.rows == "neurons" and events.leading[:1] != (code.n_rows,)):
        raise NotInOrderError("its spikes are not such as its code makes")
    if events.n_samples % code.steps_per_sample:
        raise NotInOrderError("its spikes end within a sample")
    shape = _signal_shape(events, code)
    dim, dtype = plan["dim"], plan["dtype"]
    if isinstance(dim, bool) or not isinstance(dim, int) or not -len(shape) - 1 <= dim <= -1:
        raise NotInOrderError("its axis of time is none that its spikes have")
    if dtype not in ("float32", "float64"):
        raise NotInOrderError("the type of its spikes is not in order")
    names = description["channel_names"]
    if names is not None:
        if not isinstance(names, list) or len(names) != count_channels(shape):
            raise NotInOrderError("its channel names do not go with its channels")
        if not all(isinstance(name, str) for name in names):
            raise NotInOrderError("its channel names are no texts")
        names = tuple(names)
    try:
        # the scaling and the parameters must be those of so many channels
        code._values(shape)
        if code.scaling is not None:
            code.scaling.per_channel(shape)
    except LaminaError as error:
        raise NotInOrderError(f"its code is of other channels than its spikes: {error}") from error
    return SpikeFile(events, code, dim, rate, names, source, dtype)


def _signal_shape(events: SpikeEvents, code: SpikeCode) -> tuple[int, ...]:
    return events.leading[1:] if code.rows == "neurons" else events.leading


def _check_names(names: Sequence[str] | None, channels: int) -> tuple[str, ...] | None:
    if names is None:
        return None
    if isinstance(names, str) or len(names) != channels:
        raise ShapeError(
            "channel_names",
            allowed=f"{channels} names, one per channel",
            got=f"{len(names)} names" if not isinstance(names, str) else "one text",
            remedy="Give one name per channel, or none.",
        )
    return tuple(str(name) for name in names)


def _without_generators(code: SpikeCode) -> SpikeCode:
    plain = copy.copy(code)
    for name in code.arguments:
        if isinstance(getattr(code, name), np.random.Generator):
            setattr(plain, name, None)
    return plain
