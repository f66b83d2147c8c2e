"""``lamina encode``: a recording as spikes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lamina.cli.options import Debug, Json, Quiet

if TYPE_CHECKING:
    from lamina.encoding.code import SpikeCode
    from lamina.encoding.events import SpikeEvents
    from lamina.io.signals import LazySignal

HELP = """
Turn a recording into spikes, and save them with the code that made them.

Every channel is encoded by itself, scaled to its own range where the code scales. --optimize finds the
parameters with which the decoded spikes come nearest to the recording. It is printed how many spikes there
are, and what is lost: the error of the signal that lamina decode makes of them.

Codes: sf, lif, pwm, bsa, tbr, mw, delta, send-on-delta, sigma-delta, rate, latency, phase, burst and
population; lamina compare tries them all. A recording larger than memory is encoded piece by piece, if the
code looks at nothing that comes later.
"""

EXAMPLE = """
Examples:

[bold]lamina encode recording.wav --code sf --optimize 100 --out spikes.safetensors[/bold]

[bold]lamina encode eeg.csv --code lif --set threshold=0.3 --out spikes.safetensors[/bold]
"""


_POOR = 0.9
"""Share of the variance explained, 10 dB, below which a better setting is advised."""


def encode(
    signal_file: Annotated[Path, typer.Argument(metavar="SIGNAL", help="A recording, as for lamina fit.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Spikes to write: .safetensors for lamina decode; .csv or .npz with bare events.",
        ),
    ],
    code_name: Annotated[
        str, typer.Option("--code", metavar="CODE", help="A short name, or a .safetensors with a code.")
    ] = "sf",
    threshold: Annotated[
        str | None, typer.Option(metavar="VALUE", help="The same as --set threshold=VALUE.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="An argument of the code; numbers with commas between are one for each channel.",
        ),
    ] = None,
    trials: Annotated[
        int,
        typer.Option(
            "--optimize", metavar="N", help="Settings to try for each channel, to find the best; 0 is none."
        ),
    ] = 0,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of that search, from 0.")] = 0,
    sampling_rate: Annotated[
        float | None, typer.Option(metavar="HERTZ", help="Samples per second; many files say theirs.")
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Encode a recording, save the spikes, print what they cost and what they lose."""
    del debug
    from lamina._checks import check_integer, check_real
    from lamina.cli import terminal
    from lamina.cli.code_options import code_from
    from lamina.cli.encoding_pieces import encode_in_pieces
    from lamina.cli.options import spelt_as_options
    from lamina.cli.recordings import check_suffix, is_large, named_after_files, opened, refuse_inputs
    from lamina.io import check_output_file

    check_suffix("--out", out, (".safetensors", ".csv", ".npz"))
    refuse_inputs(out, signal_file, *([Path(code_name)] if code_name.endswith(".safetensors") else []))
    check_output_file(out)
    check_integer("--optimize", trials, minimum=0)
    if sampling_rate is not None:
        check_real("--sampling-rate", sampling_rate, above=0.0)
    given = [*(settings or []), *([] if threshold is None else [f"threshold={threshold}"])]
    words = spelt_as_options("code", "seed", "threshold")
    with words, opened([signal_file]) as (trial,), named_after_files([trial]):
        rate = sampling_rate if sampling_rate is not None else trial.sampling_rate
        code = code_from(code_name, given, rate)
        with terminal.progress(quiet, "encoding") as progress:
            if is_large([trial]) and _in_pieces(code, trials):
                events, measures = encode_in_pieces(code, trial, progress), {}
            else:
                events, measures = _encode_whole(code, trial, trials, seed, progress)
        _write(out, events, code, trial, rate)
        result, shown = _described(code, events, measures, trial.source, rate, trial.channel_names, out)
    terminal.print_result(result, *shown, as_json=as_json, quiet=quiet)


def _in_pieces(code: SpikeCode, trials: int) -> bool:
    # statistics of changes, and searches, see the whole at once
    return code.causal and not code.random and not code.uses_changes and trials == 0


def _encode_whole(
    code: SpikeCode, trial: LazySignal, trials: int, seed: int, progress: Any
) -> tuple[SpikeEvents, dict[str, Any]]:
    import numpy as np

    from lamina.encoding.events import to_events
    from lamina.encoding.metrics import r_squared, rmse, snr_db

    signal = np.asarray(trial.samples)
    if code.scaling_ is None or trials > 0:
        code.fit(signal, 0, trials=trials, seed=seed, progress=progress or False)
    spikes = code.encode(signal, 0)
    measures: dict[str, Any] = {}
    if code.invertible:
        decoded = code.decode(spikes, 0)
        # the decibels are those of the deviation from the mean: an offset is no signal
        means = signal.mean(axis=0)
        measures = {
            "rmse": rmse(signal, decoded, 0),
            "snr_db": snr_db(signal - means, decoded - means, 0),
            "r_squared": r_squared(signal, decoded, 0),
        }
        measures = {name: np.reshape(value, -1) for name, value in measures.items()}
    return to_events(spikes, code, 0), measures


def _write(out: Path, events: SpikeEvents, code: SpikeCode, trial: LazySignal, rate: float | None) -> None:
    from dataclasses import replace

    from lamina.cli.described_code import floating
    from lamina.io.events import write_events
    from lamina.io.spikes import write_encoded

    if out.suffix.lower() != ".safetensors":
        steps = None if rate is None else rate * code.steps_per_sample
        write_events(out, replace(events, sampling_rate=steps))
        return
    # recordings in files have time first
    dim = -trial.samples.ndim
    dtype = floating(trial.samples.dtype)
    write_encoded(out, events, code, dim, dtype, sampling_rate=rate, channel_names=trial.channel_names)


def _described(
    code: SpikeCode,
    events: SpikeEvents,
    measures: dict[str, Any],
    source: str,
    rate: float | None,
    names: tuple[str, ...] | None,
    out: Path,
) -> tuple[dict[str, Any], list[Any]]:
    from lamina.cli.described_code import (
        code_as_dict,
        code_in_words,
        counts,
        extent,
        losses,
        n_samples,
        rate_in_words,
    )

    per_channel, samples = counts(events, code), n_samples(events, code)
    silent = _silent(events, code, len(per_channel))
    size = out.stat().st_size
    result = {
        "signal": source,
        "n_samples": samples,
        "sampling_rate": rate,
        "channel_names": names,
        "code": code_as_dict(code),
        "n_spikes": len(events),
        "spikes": per_channel,
        "spikes_per_sample": per_channel / samples,
        "spikes_per_second": None if rate is None else per_channel / samples * rate,
        "sparsity": silent,
        **measures,
        "out": str(out),
        "bytes": size,
    }
    summary = rate_in_words(len(events), samples, len(per_channel), rate)
    shown = [
        f"{source}: {extent(samples, rate, len(per_channel))}",
        code_in_words(code),
        f"{summary}; silent {silent.mean():.1%} of the time",
    ]
    if measures:
        shown.append(f"decoded: {losses(measures)}{_worst(measures['r_squared'], names)}")
    else:
        reason = "read and encoded in pieces" if code.invertible else f"{code.source} has no inverse"
        shown.append(f"decoded: not compared ({reason})")
    advice = _advice(code, len(events), measures)
    table = _table(result, names, rate) if len(per_channel) > 1 else []
    return result, [*shown, *table, f"out: {out}, {_bytes(size)}", *advice]


def _worst(fits: Any, names: tuple[str, ...] | None) -> str:
    """Name the channel that fits worst, where there are several."""
    import numpy as np

    known = np.isfinite(fits)
    if len(fits) == 1 or not known.any():
        return ""
    return f"; worst in {_name(int(np.where(known, fits, np.inf).argmin()), names)}"


def _advice(code: SpikeCode, spikes: int, measures: dict[str, Any]) -> list[str]:
    """Say what to do about a setting that loses much; the defaults suit no signal in particular."""
    import numpy as np

    # a constant signal loses nothing
    fits = measures.get("r_squared", np.zeros(1))
    fits = fits[np.isfinite(fits)]
    if not code.tuned or code.parameters_ or fits.size == 0 or (fits.min() >= _POOR and spikes):
        return []
    if measures or not spikes:
        said = "this setting loses much" if spikes else "nothing crosses the threshold"
        return [f"hint: {said}; --optimize 100 looks for a better one"]
    return []


def _silent(events: SpikeEvents, code: SpikeCode, channels: int) -> Any:
    """Share of time steps at which no train of a channel has a spike."""
    import numpy as np

    # events of one channel and step may be of two polarities, or several neurons
    steps = np.unique(events.time * channels + events.channel % channels)
    return 1.0 - np.bincount(steps % channels, minlength=channels) / events.n_samples


def _table(result: dict[str, Any], names: tuple[str, ...] | None, rate: float | None) -> list[Any]:
    from rich.table import Table

    from lamina.cli.described_code import MOST_CHANNELS, plain

    total = len(result["spikes"])
    parameters = {name: value.reshape(-1) for name, value in result["code"]["parameters"].items()}
    table = Table(box=None, pad_edge=False)
    table.add_column("channel")
    per = "per s" if rate else "per sample"
    measured = [
        (title, key)
        for title, key in (("RMSE", "rmse"), ("SNR dB", "snr_db"), ("R²", "r_squared"))
        if key in result
    ]
    for title in (*parameters, "spikes", per, "silent", *(title for title, _ in measured)):
        table.add_column(title.replace("_", " "), justify="right")
    for index in range(min(total, MOST_CHANNELS)):
        rates = result["spikes_per_second" if rate else "spikes_per_sample"]
        table.add_row(
            _name(index, names),
            *(f"{float(value[index if len(value) > 1 else 0]):.4g}" for value in parameters.values()),
            str(int(result["spikes"][index])),
            plain(float(rates[index])),
            f"{float(result['sparsity'][index]):.1%}",
            *(f"{float(result[key][index]):.4g}" for _, key in measured),
        )
    more = [f"... and {total - MOST_CHANNELS} more (--json has all)"] if total > MOST_CHANNELS else []
    return ["", table, *more, ""]


def _name(index: int, names: tuple[str, ...] | None) -> str:
    from lamina.cli.terminal import printable

    return f"ch{index}" if names is None else printable(names[index])


def _bytes(size: int) -> str:
    return (
        f"{size} bytes"
        if size < 10_000
        else f"{size / 1000:.4g} kB"
        if size < 1e7
        else f"{size / 1e6:.4g} MB"
    )
