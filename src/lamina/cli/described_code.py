"""Spike codes, and spikes in files, as programs and people want to read them."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina.cli.terminal import counted, printable

if TYPE_CHECKING:
    from lamina.encoding.code import SpikeCode
    from lamina.encoding.events import SpikeEvents
    from lamina.io.spikes import SpikeFile

MOST_CHANNELS = 20
"""Rows of a table of channels; the others are in the JSON."""


def code_in_words(code: SpikeCode) -> str:
    """Return a code's name, its arguments, and the parameters found, in lines of 80 columns.

    Parameters
    ----------
    code
        Any.

    Returns
    -------
    str
        One line or more; many arguments are shortened.
    """
    said = f"code: {code.name}, {code!r}"
    if len(said) > 150:
        said = f"{said[:140]}...)"
    lines = [textwrap.fill(said, 80, subsequent_indent="      ")]
    lines += [f"found: {name} {_span(value)}" for name, value in code.parameters_.items()]
    return "\n".join(lines)


def code_as_dict(code: SpikeCode) -> dict[str, Any]:
    """Return a code's arguments, and what it learned, for JSON.

    Parameters
    ----------
    code
        Any.

    Returns
    -------
    dict
        ``name``, ``class``, ``arguments``, ``parameters`` (found by `optimize`) and ``scaling``.
    """
    scaling = code.scaling_
    fields = ("minimum", "maximum", "initial")
    return {
        "name": code.name,
        "class": type(code).__name__,
        "source": code.source,
        "arguments": {name: getattr(code, name) for name in code.arguments},
        "parameters": dict(code.parameters_),
        "scaling": None if scaling is None else {name: getattr(scaling, name) for name in fields},
    }


def described_code(
    file: Path, code: SpikeCode, description: dict[str, Any]
) -> tuple[dict[str, Any], list[Any]]:
    """Describe a file with a code in it.

    Parameters
    ----------
    file
        Its path.
    code
        What was read.
    description
        What the file says of it.

    Returns
    -------
    found, shown
        For programs, and for people.
    """
    found = {"file": str(file), "kind": "code", "checksum": "ok", **code_as_dict(code)}
    found |= {"format": description["format"], "lamina": description.get("lamina")}
    writer = printable(str(description.get("lamina"))[:40])
    head = f"{file}: {type(code).__name__}, written by lamina {writer}, format {description['format']}"
    return found, [f"{head}, checksum ok", code_in_words(code), *_learned(code)]


def described_spikes(held: SpikeFile, description: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """Describe a file of spikes.

    Parameters
    ----------
    held
        What was read.
    description
        What the file says of it.

    Returns
    -------
    found, shown
        For programs, and for people.
    """
    per_channel = counts(held.events, held.code)
    found = {"file": held.source, "kind": "spikes", "checksum": "ok", "code": code_as_dict(held.code)}
    found |= {"format": description["format"], "lamina": description.get("lamina")}
    found |= {"n_samples": n_samples(held.events, held.code), "sampling_rate": held.sampling_rate}
    found |= {"channel_names": held.channel_names, "n_spikes": len(held.events), "spikes": per_channel}
    writer = printable(str(description.get("lamina"))[:40])
    return found, [
        f"{held.source}: spikes, written by lamina {writer}, format {description['format']}, checksum ok",
        extent(found["n_samples"], held.sampling_rate, len(per_channel)),
        code_in_words(held.code),
        *_learned(held.code),
        rate_in_words(len(held.events), found["n_samples"], len(per_channel), held.sampling_rate),
    ]


def n_samples(events: SpikeEvents, code: SpikeCode) -> int:
    """Count the samples of the signal that the events stand for."""
    return events.n_samples // code.steps_per_sample


def counts(events: SpikeEvents, code: SpikeCode) -> Any:
    """Count the spikes of each channel of the signal, ``(channels,)``, neurons together."""
    import numpy as np

    from lamina.encoding.layout import count_channels

    shape = events.leading[1:] if code.rows == "neurons" else events.leading
    channels = count_channels(shape)
    return np.bincount(events.channel % channels, minlength=channels)


def extent(samples: int, rate: float | None, channels: int) -> str:
    """Say how long a recording is, and how wide."""
    span = f" ({samples / rate:.4g} s at {rate:g} Hz)" if rate else ""
    return f"{counted(samples, 'sample')}{span}, {counted(channels, 'channel')}"


def rate_in_words(spikes: int, samples: int, channels: int, rate: float | None) -> str:
    """Say how many spikes there are, and how many in a second or sample."""
    per, unit = (rate, "second") if rate else (1.0, "sample")
    each = " in each channel" if channels > 1 else ""
    return f"{counted(spikes, 'spike')}, {plain(spikes / channels / samples * per)} per {unit}{each}"


def losses(measures: dict[str, Any]) -> str:
    """Say what decoding lost: means over the channels, those left out that are constant."""
    import numpy as np

    fits = measures["r_squared"]
    known = np.isfinite(fits)
    if not known.any():
        return f"RMSE {measures['rmse'].mean():.4g}"
    error, decibels = (float(measures[name][known].mean()) for name in ("rmse", "snr_db"))
    several = " (means)" if len(fits) > 1 else ""
    return f"RMSE {error:.4g}, SNR {decibels:.3g} dB, R² {float(fits[known].mean()):.4f}{several}"


def plain(value: float) -> str:
    """Write a number without a power of ten, if that is short: 0.0125, 9.871, 48200."""
    return f"{value:.0f}" if 9999.5 <= value < 1e9 else f"{value:.4g}"


def floating(dtype: Any) -> str:
    """Return the floating type in which a recording of some type is encoded."""
    return "float32" if dtype.kind == "f" and dtype.itemsize <= 4 else "float64"


def _learned(code: SpikeCode) -> list[str]:
    if code.scaling_ is None:
        return []
    least, most = float(code.scaling_.minimum.min()), float(code.scaling_.maximum.max())
    return [f"fitted to values from {least:.6g} to {most:.6g}"]


def _span(values: Any) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:.4g}" if low == high else f"from {low:.4g} to {high:.4g}, a value for each channel"
