"""Spikes as sparse matrices of SciPy, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.encoding.events import SpikeEvents, from_events, to_events
from lamina.encoding.layout import Rows, RowsOrCode, check_leading, check_rows, count_channels
from lamina.errors import ArgumentTypeError, DataError, ShapeError
from lamina.typing import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def to_sparse(spikes: Array, rows: RowsOrCode = "polarity", dim: int = -1) -> csr_array:
    """Give spikes as a sparse matrix of channels by time steps.

    Parameters
    ----------
    spikes
        As `SpikeCode.encode` returns them; NumPy or torch.
    rows
        What their first axis is: ``"polarity"``, ``"neurons"``, None for none, or the code that made them.
    dim
        The axis of time in the signal, as in `SpikeCode.decode`.

    Returns
    -------
    scipy.sparse.csr_array
        ``(channels, time)`` of int8: 1 for up spikes, −1 for down spikes. The channels are the flattened
        leading axes, the last fastest; with neurons, theirs comes first.

    Raises
    ------
    ArgumentTypeError, ArgumentError, ShapeError
        If these are no spikes.
    DataError
        If they are not such as ``rows`` says, or a channel has an up and a down spike at one time, which one
        number cannot hold.

    Examples
    --------
    >>> to_sparse(np.array([[0, 1, 0, 0], [0, 0, 0, -1]])).toarray()
    array([[ 0,  1,  0, -1]], dtype=int8)
    """
    from scipy.sparse import csr_array

    events = to_events(spikes, rows, dim)
    # sorted by time, channel: both polarities of one place follow each other
    both = np.flatnonzero((np.diff(events.time) == 0) & (np.diff(events.channel) == 0))
    if both.size:
        raise DataError(
            "spikes",
            allowed="up or down at one time, to be held by one number",
            got=f"both in channel {events.channel[both[0]]} at time step {events.time[both[0]]}",
            remedy="Use to_events, which keeps them apart.",
        )
    shape = (count_channels(events.leading), events.n_samples)
    return csr_array((events.polarity, (events.channel, events.time)), shape=shape)


def from_sparse(
    matrix: Any, leading: tuple[int, ...] | None = None, rows: Rows = "polarity", dtype: Any = np.float32
) -> np.ndarray:
    """Turn a sparse matrix into spikes, as `SpikeCode.decode` takes them.

    Parameters
    ----------
    matrix
        Any sparse array or matrix of SciPy, ``(channels, time)``, of 0, 1 and (with polarities) −1.
    leading
        The shape of the channels; with neurons, theirs first. Default: one axis.
    rows
        What the first axis of the spikes is to be: ``"polarity"``, ``"neurons"``, or None.
    dtype
        Of the spikes.

    Returns
    -------
    numpy.ndarray
        ``(2, ..., time)`` for ``rows="polarity"``, else ``(..., time)``, where the dots are ``leading``.

    Raises
    ------
    ArgumentTypeError
        If it is no sparse matrix of real numbers.
    ShapeError
        If its rows are not the channels of ``leading``.
    DataError
        If it holds other values.

    Examples
    --------
    >>> from_sparse(to_sparse(np.array([[0, 1, 0, 0], [0, 0, 0, -1]])), leading=())
    array([[ 0.,  1.,  0.,  0.], [ 0.,  0.,  0., -1.]], dtype=float32)
    """
    from scipy.sparse import coo_array, issparse

    if not issparse(matrix) or matrix.ndim != 2:
        raise ArgumentTypeError(
            "matrix",
            allowed="a sparse matrix of SciPy with two axes",
            got=f"a {type(matrix).__name__}",
            remedy="Pass what to_sparse returned; dense spikes need no conversion.",
        )
    kind = check_rows(rows)
    shape = (int(matrix.shape[0]),) if leading is None else check_leading("leading", leading)
    if count_channels(shape) != matrix.shape[0]:
        raise ShapeError(
            "leading",
            allowed=f"the shape of the matrix's {matrix.shape[0]} channels",
            got=str(shape),
            remedy="Give the leading shape of the signal, the neurons first if there are any.",
        )
    if matrix.dtype.kind not in "biuf":
        raise ArgumentTypeError(
            "matrix",
            allowed="of real numbers",
            got=f"dtype {matrix.dtype}",
            remedy="Pass what to_sparse returned.",
        )
    # summing doubles is what a sparse matrix means by them, and a narrow type would wrap
    entries = coo_array(matrix.astype(np.float64).tocsr())
    held = entries.data != 0
    values = entries.data[held]
    if not np.isin(values, (1,) if kind != "polarity" else (1, -1)).all():
        raise DataError(
            "matrix",
            allowed="of 0, 1 and −1" if kind == "polarity" else "of 0 and 1, where spikes have no polarity",
            got="other values",
            remedy="Pass what to_sparse returned, with its rows.",
        )
    time, channel = entries.col[held], entries.row[held]
    return from_events(SpikeEvents(time, channel, values, int(matrix.shape[1]), shape, kind), dtype)
