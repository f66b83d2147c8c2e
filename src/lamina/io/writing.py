"""Recordings into files, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from lamina._checks import check_choice, check_path, check_real
from lamina.errors import ArgumentError, OutputError, ShapeError
from lamina.io.files import atomic_file
from lamina.io.tables import append_rows, write_table


def write_signal(
    path: str | os.PathLike[str], samples: np.ndarray, *, channel_names: Sequence[str] | None = None
) -> None:
    """Write an array to ``.npy`` (any number of axes) or ``.csv`` (one or two axes), whole or not at all.

    Parameters
    ----------
    path
        The file to write; an existing file is replaced. Its folder must exist.
    samples
        Array ``(time,)``, ``(time, channels)``, or for ``.npy`` of any shape, of real numbers.
    channel_names
        One name per channel, which becomes the header row of a ``.csv``; ``.npy`` holds no names.

    Raises
    ------
    ArgumentTypeError
        If ``path`` is no path.
    ArgumentError
        If the suffix is neither ``.npy`` nor ``.csv``.
    ShapeError
        If a ``.csv`` is asked for and the array has more than two axes, or the names do not match its
        channels.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_signal(Path(folder) / "z.csv", np.array([0.1, np.nan]), channel_names=["unit1"])
    ...     print((Path(folder) / "z.csv").read_text())
    unit1
    0.1
    nan
    """
    suffix = check_choice(
        "the suffix of the output file", check_path("path", path).suffix.lower(), (".npy", ".csv")
    )
    array = np.asarray(samples)
    if suffix == ".csv" and array.ndim not in (1, 2):
        raise ShapeError(
            "samples",
            allowed="of shape (time,) or (time, channels) for a .csv file",
            got=f"{array.ndim} axes, shape {array.shape}",
            remedy="Write a .npy file, which holds any shape.",
        )
    columns = 1 if array.ndim == 1 else array.shape[-1]
    if channel_names is not None and len(channel_names) != columns:
        raise ShapeError(
            "channel_names",
            allowed=f"{columns} names, one per channel",
            got=f"{len(channel_names)} names",
            remedy="Give one name per channel, or none.",
        )
    with atomic_file(path) as partial:
        if suffix == ".npy":
            with partial.open("wb") as stream:
                np.save(stream, array, allow_pickle=False)
        else:
            write_table(partial, array.reshape(-1, columns), channel_names)


def write_wav(path: str | os.PathLike[str], samples: np.ndarray, sampling_rate: float) -> None:
    """Write sound to a ``.wav`` file of 32-bit floats, whole or not at all.

    Parameters
    ----------
    path
        The file to write; an existing file is replaced. Its folder must exist.
    samples
        Array ``(time,)`` or ``(time, channels)`` of real numbers; nothing is clipped or scaled.
    sampling_rate
        Samples per second (hertz): a whole number, as such files have it.

    Raises
    ------
    ArgumentTypeError
        If ``path`` is no path.
    ArgumentError
        If the suffix is another, or the rate is no whole number from 1 to 2³² − 1.
    ShapeError
        If the array has more than two axes, or over 65535 channels, which such files cannot hold.
    OutputError
        If the file cannot be written, or would be larger than the 4 GiB that such files can be.

    Examples
    --------
    >>> import tempfile
    >>> from lamina.io import read_signal
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_wav(Path(folder) / "tone.wav", np.sin(np.arange(100.0)), 8000)
    ...     read_signal(Path(folder) / "tone.wav").sampling_rate
    8000.0
    """
    from scipy.io import wavfile

    check_choice("the suffix of the output file", check_path("path", path).suffix.lower(), (".wav",))
    rate = check_real("sampling_rate", sampling_rate, minimum=1, maximum=2**32 - 1)
    if rate != int(rate):
        raise ArgumentError(
            "sampling_rate",
            allowed="a whole number of hertz for a .wav file",
            got=f"{rate:g}",
            remedy="Write a .npy or .csv file.",
        )
    array = np.asarray(samples, dtype="<f4")
    if array.ndim not in (1, 2) or (array.ndim == 2 and not 1 <= array.shape[1] < 2**16):
        raise ShapeError(
            "samples",
            allowed="of shape (time,) or (time, channels) for a .wav file",
            got=f"shape {array.shape}",
            remedy="Write a .npy file, which holds any shape.",
        )
    if array.nbytes > 2**32 - 2**10:
        raise OutputError(
            f"cannot write {os.fspath(path)}: it would be larger than 4 GiB, which no .wav file can be; "
            "write a .npy file"
        )
    with atomic_file(path) as partial, partial.open("wb") as stream:
        wavfile.write(stream, int(rate), array)


def write_blocks(
    path: str | os.PathLike[str],
    blocks: Iterable[np.ndarray],
    shape: tuple[int, ...],
    *,
    channel_names: Sequence[str] | None = None,
) -> None:
    """Write a long array piece by piece, whole or not at all; it is in memory at no time.

    Parameters
    ----------
    path
        The file to write, ``.npy`` or ``.csv``; an existing file is replaced. Its folder must exist.
    blocks
        Pieces along the first axis, of one type.
    shape
        Of all pieces together; for a ``.csv`` of one or two axes.
    channel_names
        One name per channel, which becomes the header row of a ``.csv``; ``.npy`` holds no names.

    Raises
    ------
    ArgumentTypeError
        If ``path`` is no path.
    ArgumentError
        If the suffix is neither ``.npy`` nor ``.csv``.
    ShapeError
        If the pieces do not add up to ``shape``, or there is none.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_blocks(Path(folder) / "z.npy", (np.full((2, 3), float(k)) for k in range(4)), (8, 3))
    ...     np.load(Path(folder) / "z.npy").shape
    (8, 3)
    """
    suffix = check_choice(
        "the suffix of the output file", check_path("path", path).suffix.lower(), (".npy", ".csv")
    )
    with atomic_file(path) as partial, partial.open("wb") as stream:
        written, begun = 0, False
        for block in blocks:
            if block.shape[1:] != tuple(shape[1:]) or written + len(block) > shape[0]:
                raise _other_shape(block.shape, shape)
            if suffix == ".csv":
                append_rows(stream, block.reshape(len(block), -1), None if begun else channel_names)
            else:
                if not begun:
                    plan = {"descr": block.dtype.str, "fortran_order": False, "shape": tuple(shape)}
                    np.lib.format.write_array_header_1_0(stream, plan)
                stream.write(np.ascontiguousarray(block).tobytes())
            written, begun = written + len(block), True
        # without a piece nobody knows of what type the numbers are
        if written != shape[0] or not begun:
            raise _other_shape((written, *shape[1:]), shape)


def _other_shape(found: tuple[int, ...], shape: tuple[int, ...]) -> ShapeError:
    return ShapeError(
        "blocks",
        allowed=f"pieces of an array of shape {shape}",
        got=f"shape {found}",
        remedy="Say the shape of all pieces together.",
    )


def _check_suffix(file: Path) -> str:
    return check_choice("the suffix of the output file", file.suffix.lower(), (".npy", ".csv"))
