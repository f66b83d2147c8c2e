"""Spiking Heidelberg Digits: spoken digits as spikes, downloaded once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from lamina._checks import check_choice
from lamina.datasets.cache import alone_in, cache_folder
from lamina.datasets.obtaining import check_source, check_split, discard, obtain
from lamina.datasets.spiking_digits import SpikingDigits
from lamina.datasets.unpacking import unpack_file
from lamina.typing import Progress

SHD_URL = "https://zenkelab.org/datasets/"
"""Address of the archives, as Cramer et al. publish them."""

SHD_CHECKSUMS: dict[str, str] = {
    "shd_train.h5.zip": "md5:f3252aeb598ac776c1b526422d90eecb",
    "shd_test.h5.zip": "md5:1503a5064faa34311c398fb0a1ed0a6f",
}
"""Checksums as tonic 1.7.0 and SpikingJelly 2.0.0 both state them."""

SHD_LIST = "md5sums.txt"
"""The list of checksums beside the archives, which also knows the ``.gz`` files."""


def load_shd(
    split: Literal["train", "test"] = "train",
    *,
    folder: str | Path | None = None,
    download: bool = True,
    base_url: str = SHD_URL,
    compression: Literal["zip", "gz"] = "zip",
    checksums: Mapping[str, str] | None = None,
    progress: bool | Progress = False,
) -> SpikingDigits:
    """Load the Spiking Heidelberg Digits, downloaded on the first call and read from the disk on later ones.

    12 speakers say the digits 0 to 9 in English and German; a model of the cochlea turns sound into the
    spikes of 700 units. 8156 digits are for training, 2264 for testing, two speakers among them heard
    nowhere else.

    Parameters
    ----------
    split
        "train" or "test".
    folder
        Where ``shd_train.h5`` and ``shd_test.h5`` lie or shall lie. Default: ``shd`` in the folder that the
        environment variable LAMINA_DATA names, else in ``~/.cache/lamina``. An archive that lies there
        already is used.
    download
        Whether the network may be used. What was interrupted goes on where it stopped.
    base_url
        Address of the folder on the server, for mirrors.
    compression
        "zip", whose checksums are known to lamina, or "gz", whose checksums are read from ``md5sums.txt``
        on the server.
    checksums
        Checksums by name of the archive, ``"md5:..."`` or ``"sha256:..."``, before those known.
    progress
        True for a bar on the terminal, or a function of the fraction done and a text.

    Returns
    -------
    SpikingDigits
        The recordings of this split.

    Raises
    ------
    MissingDependencyError
        If h5py is not installed (``pip install "lamina[data]"``).
    FileError
        If the data are not there and may not or cannot be downloaded, or do not have their checksum; nothing
        that is incomplete is left in place.
    OutputError
        If the disk is full or cannot be written.
    ArgumentError, ArgumentTypeError
        If an argument is none of those named.

    Notes
    -----
    B. Cramer, Y. Stradmann, J. Schemmel, F. Zenke, "The Heidelberg spiking data sets for the systematic
    evaluation of spiking neural networks", IEEE Transactions on Neural Networks and Learning Systems 33,
    2744–2757, 2022. Data: CC BY 4.0.

    `tonic <https://tonic.readthedocs.io>`_ has the same events, in whole microseconds, and a folder that it
    made (``SHD``) can be given as ``folder``. Files are not fetched through it: version 1.7.0 starts an
    interrupted download anew, turns to http where https fails, unpacks whatever paths an archive names, and
    does not have the Speech Commands.

    Examples
    --------
    >>> load_shd("test", folder="nowhere", download=False)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    lamina.errors.FileError: shd_test.h5.zip is not in nowhere, and download=False. ...
    """
    check_split(split, ("train", "test"))
    check_choice("compression", compression, ("zip", "gz"))
    check_source(download, base_url, checksums)
    place = cache_folder(folder, "shd")
    file = place / f"shd_{split}.h5"
    if not file.is_file():
        known = {**SHD_CHECKSUMS, **(checksums or {})}
        names = [
            f"{file.name}.{kind}" for kind in sorted(("zip", "gz"), key=lambda kind: kind != compression)
        ]
        # an archive that was put there by hand, of either kind
        name = next((name for name in names if (place / name).is_file()), names[0])
        if not download and not (place / name).is_file():
            # says what to do, and makes no folder
            obtain(place, name, download=False, base_url=base_url, checksums=known)
        with alone_in(place):
            # another process may have put it there in the meantime
            if not file.is_file():
                archive, ours = obtain(
                    place,
                    name,
                    download=download,
                    base_url=base_url,
                    checksums=known,
                    listed_in=SHD_LIST,
                    progress=progress,
                )
                unpack_file(archive, file)
                if ours:
                    discard(archive)
    return SpikingDigits(file)
