"""``lamina decode``: spikes as the signal that they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lamina.cli.options import Debug, Json, Quiet

if TYPE_CHECKING:
    from lamina.io.spikes import SpikeFile

HELP = """
Turn spikes that lamina encode wrote back into a signal.

The file holds the code and its scaling, so that nothing else is needed. Sound is written as 32-bit floats.
With --against the recording that was encoded, the error is printed.
"""

EXAMPLE = """
Example:

[bold]lamina decode spikes.safetensors --out back.wav --against recording.wav[/bold]
"""


def decode(
    file: Annotated[Path, typer.Argument(metavar="SPIKES", help="Spikes that lamina encode wrote.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Signal to write, .wav, .npy or .csv.")
    ],
    against: Annotated[
        Path | None, typer.Option(metavar="SIGNAL", help="The recording that was encoded, to compare with.")
    ] = None,
    sampling_rate: Annotated[
        float | None, typer.Option(metavar="HERTZ", help="Samples per second, where the file does not say.")
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Decode a file of spikes, write the signal, print what it is."""
    del debug
    from lamina._checks import check_real
    from lamina.cli import terminal
    from lamina.cli.described_code import code_as_dict, code_in_words, extent, losses, rate_in_words
    from lamina.cli.options import spelt_as_options
    from lamina.cli.recordings import check_suffix, refuse_inputs
    from lamina.io import check_output_file
    from lamina.io.spikes import read_spikes

    check_suffix("--out", out, (".wav", ".npy", ".csv"))
    refuse_inputs(out, file, *([against] if against is not None else []))
    check_output_file(out)
    if sampling_rate is not None:
        check_real("--sampling-rate", sampling_rate, above=0.0)
    held = read_spikes(file)
    rate = sampling_rate if sampling_rate is not None else held.sampling_rate
    with terminal.working("decoding", quiet):
        signal = _time_first(held.code.decode(held.spikes, held.dim), held)
    measures = {} if against is None else _compared(against, signal)
    with spelt_as_options("sampling_rate"):
        _write(out, signal, rate, held)
    channels = int(signal[0].size)
    result: dict[str, Any] = {"spikes": held.source, "out": str(out), "shape": signal.shape}
    result |= {"sampling_rate": rate, "code": code_as_dict(held.code), "n_spikes": len(held.events)}
    shown = [
        f"{held.source}: {rate_in_words(len(held.events), len(signal), channels, rate)}",
        code_in_words(held.code),
    ]
    if measures:
        shown.append(f"against {against}: {losses(measures)}")
    shown.append(f"out: {out}, {extent(len(signal), rate, channels)}")
    terminal.print_result(result | measures, *shown, as_json=as_json, quiet=quiet)


def _time_first(signal: Any, held: SpikeFile) -> Any:
    import numpy as np

    return np.moveaxis(signal, held.dim, 0)


def _compared(against: Path, signal: Any) -> dict[str, Any]:
    import numpy as np

    from lamina.encoding.metrics import r_squared, rmse, snr_db
    from lamina.errors import ShapeError
    from lamina.io import read_signal

    recording = np.asarray(read_signal(against).samples)
    if recording.shape != signal.shape:
        raise ShapeError(
            str(against),
            allowed=f"the recording that was encoded, of shape {signal.shape}",
            got=f"shape {recording.shape}",
            remedy="Name the file that lamina encode was given.",
        )
    means = recording.mean(axis=0)
    measures = {
        "rmse": rmse(recording, signal, 0),
        "snr_db": snr_db(recording - means, signal - means, 0),
        "r_squared": r_squared(recording, signal, 0),
    }
    return {name: np.reshape(value, -1) for name, value in measures.items()}


def _write(out: Path, signal: Any, rate: float | None, held: SpikeFile) -> None:
    from lamina.errors import ArgumentError
    from lamina.io import write_signal
    from lamina.io.writing import write_wav

    if out.suffix.lower() == ".wav":
        if rate is None:
            raise ArgumentError(
                "--sampling-rate",
                allowed="given for a .wav file, whose spikes do not say theirs",
                got="none",
                remedy="Give it in hertz, or write a .npy file.",
            )
        write_wav(out, signal, rate)
        return
    names = held.channel_names if out.suffix.lower() == ".csv" else None
    write_signal(out, signal, channel_names=names)
