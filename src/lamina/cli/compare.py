"""``lamina compare``: what each spike code makes of a recording."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lamina.cli.options import Debug, Json, Quiet

if TYPE_CHECKING:
    from lamina.encoding.comparison import CodeResult, Comparison
    from lamina.io.signals import LazySignal

HELP = """
Fit every spike code to a recording, and print what each makes of it.

Each code finds the parameters with which its spikes, decoded, come nearest to the signal. The table has the
error, the signal-to-noise ratio, the share of variance explained, the spikes, the silent share of time steps,
the bits per sample and the time it took; --plot draws the error against the spike rate for all settings.

Of a long recording the first 10000 samples of the first 8 channels are taken, which is said; --samples or
--seconds and --channel take others.
"""

EXAMPLE = """
Examples:

[bold]lamina compare recording.wav --plot comparison.png[/bold]

[bold]lamina compare eeg.csv --codes sf,lif --channel 2 --seconds 5..15[/bold]
"""

_MOST_SAMPLES = 10_000
_MOST_CHANNELS = 8

Range = tuple[float | None, float | None]


def span(text: str | Range) -> Range:
    """Read FROM..TO, of which either may be left out.

    Parameters
    ----------
    text
        As written on the command line.

    Returns
    -------
    tuple
        Both numbers, None for what was left out.

    Raises
    ------
    typer.BadParameter
        If it is no range.

    Examples
    --------
    >>> span("0.5..2"), span("100.."), span("..50")
    ((0.5, 2.0), (100.0, None), (None, 50.0))
    """
    if isinstance(text, tuple):
        return text
    number = r"[0-9]{1,15}(?:\.[0-9]{1,9})?"
    match = re.fullmatch(rf"({number})?\.\.({number})?", text)
    if match is None:
        raise typer.BadParameter(f"{text[:40]!r} is no range such as 5..15.")
    low, high = (None if part is None else float(part) for part in match.groups())
    return low, high


def compare(
    file: Annotated[Path, typer.Argument(metavar="SIGNAL", help="A recording, as for lamina fit.")],
    codes: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Short names with commas between; all that decode if not given."),
    ] = None,
    trials: Annotated[
        int, typer.Option(metavar="N", help="Settings that each code tries for each channel, from 1.")
    ] = 100,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the searches, from 0.")] = 0,
    channel: Annotated[
        str | None, typer.Option(metavar="CHANNEL", help="One channel by name or number, counted from 0.")
    ] = None,
    seconds: Annotated[
        Any,
        typer.Option(metavar="FROM..TO", parser=span, help="Time to take; needs a known sampling rate."),
    ] = None,
    samples: Annotated[
        Any, typer.Option(metavar="FROM..TO", parser=span, help="Samples to take, counted from 0.")
    ] = None,
    sampling_rate: Annotated[
        float | None, typer.Option(metavar="HERTZ", help="Samples per second; many files say theirs.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Table to write, .csv: a row per code and channel."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Picture to write, .png or .svg.")] = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare spike codes on a recording, print the table, write table and picture."""
    del debug
    from lamina.cli import terminal
    from lamina.cli.options import spelt_as_options
    from lamina.cli.recordings import check_suffix, opened, refuse_inputs
    from lamina.encoding.comparing import compare as compare_codes
    from lamina.io import check_output_file

    for option, target, suffixes in (("--out", out, (".csv",)), ("--plot", plot, (".png", ".svg"))):
        if target is not None:
            refuse_inputs(target, file)
            check_suffix(option, target, suffixes)
            check_output_file(target)
    with opened([file]) as (trial,):
        rate = sampling_rate if sampling_rate is not None else trial.sampling_rate
        first, last = _span(trial, rate, seconds, samples)
        numbers, names = _channels(trial, channel)
        signal = _taken(trial, first, last, numbers)
    chosen = None if codes is None else [name.strip() for name in codes.split(",") if name.strip()]
    with (
        terminal.progress(quiet, "comparing") as progress,
        spelt_as_options("trials", "seed", "sampling_rate"),
        _renamed({"signal": trial.source, "code": "--codes", "codes": "--codes"}),
    ):
        found = compare_codes(
            signal, codes=chosen, trials=trials, seed=seed, sampling_rate=rate, progress=progress or False
        )
    if out is not None:
        _write_table(out, found, names)
    if plot is not None:
        _write_picture(plot, found)
    taken = {"signal": trial.source, "first_sample": first, "n_samples": last - first}
    taken |= {"channels": names, "sampling_rate": rate, "trials": trials, "seed": seed}
    written = {"out": None if out is None else str(out), "plot": None if plot is None else str(plot)}
    result = taken | {"codes": [_as_dict(one) for one in found.results]} | written
    said = [f"{'table' if name == 'out' else 'picture'}: {value}" for name, value in written.items() if value]
    head = _head(trial, first, last, numbers, names, rate)
    terminal.print_result(result, head, *str(found).splitlines(), *said, as_json=as_json, quiet=quiet)


def _span(trial: LazySignal, rate: float | None, seconds: Any, samples: Any) -> tuple[int, int]:
    from lamina.errors import ArgumentError

    total = len(trial.samples)
    if seconds is None and samples is None:
        return 0, min(total, _MOST_SAMPLES)
    option, wanted, scale = "--samples", samples, 1.0
    if seconds is not None:
        if samples is not None or rate is None:
            raise ArgumentError(
                "--seconds",
                allowed="given without --samples, for a recording whose sampling rate is known",
                got="--samples as well" if samples is not None else f"{trial.source}, which does not say it",
                remedy="Give one of the two." if samples is not None else "Give --sampling-rate HERTZ, too.",
            )
        option, wanted, scale = "--seconds", seconds, rate
    low, high = wanted
    first = 0 if low is None else round(low * scale)
    last = total if high is None else min(round(high * scale), total)
    if not 0 <= first < last:
        raise ArgumentError(
            option,
            allowed=f"a range within the recording, 0..{total / scale:g}",
            got=f"{'' if low is None else f'{low:g}'}..{'' if high is None else f'{high:g}'}",
            remedy="Take at least one sample.",
        )
    return first, last


def _channels(trial: LazySignal, channel: str | None) -> tuple[list[int], list[str]]:
    from lamina.errors import ArgumentError

    total = 1 if trial.samples.ndim == 1 else trial.samples.shape[1]
    known = trial.channel_names
    names = list(known) if known is not None and len(known) == total else [f"ch{i}" for i in range(total)]
    if channel is None:
        numbers = list(range(min(total, _MOST_CHANNELS)))
    elif channel in names:
        numbers = [names.index(channel)]
    elif re.fullmatch("[0-9]{1,9}", channel) and int(channel) < total:
        numbers = [int(channel)]
    else:
        listed = ", ".join(names[:_MOST_CHANNELS]) + (", ..." if total > _MOST_CHANNELS else "")
        raise ArgumentError(
            "--channel",
            allowed=f"a name or a number from 0 to {total - 1}",
            got=repr(channel),
            remedy=f"The channels are {listed}.",
        )
    return numbers, [names[number] for number in numbers]


def _taken(trial: LazySignal, first: int, last: int, numbers: list[int]) -> Any:
    import numpy as np

    block = np.asarray(trial.samples[first:last])
    # time comes first in files, and last in what is encoded
    return block if block.ndim == 1 else np.ascontiguousarray(block[:, numbers].T)


def _head(
    trial: LazySignal, first: int, last: int, numbers: list[int], names: list[str], rate: float | None
) -> str:
    from lamina.cli.terminal import printable

    total = len(trial.samples)
    channels = 1 if trial.samples.ndim == 1 else trial.samples.shape[1]
    whole = (first, last) == (0, total)
    said = (
        f"all {total} samples"
        if whole and total > 1
        else "the only sample"
        if whole
        else f"samples {first} to {last - 1} of {total}"
    )
    if rate:
        said += f" ({first / rate:.4g} to {last / rate:.4g} s)"
    if len(numbers) < channels:
        which = (
            f"channel {printable(names[0])}" if len(numbers) == 1 else f"the first {len(numbers)} channels"
        )
        said += f", {which} of {channels}"
    return f"{trial.source}: {said}"


@contextmanager
def _renamed(words: dict[str, str]) -> Iterator[None]:
    """Let errors about arguments of the library speak of the file and the options instead."""
    from lamina.errors import ArgumentError

    try:
        yield
    except ArgumentError as error:
        if error.argument not in words:
            raise
        name = words[error.argument]
        raise type(error)(name, allowed=error.allowed, got=error.got, remedy=error.remedy) from error


def _as_dict(result: CodeResult) -> dict[str, Any]:
    curve = result.curve
    return {
        "code": result.name,
        "parameters": result.parameters,
        **result.measures,
        "seconds": result.seconds,
        "reason": result.reason,
        "curve": None if curve is None else {"spike_rate": curve.spike_rate, "error": curve.error},
    }


def _write_table(out: Path, found: Comparison, names: list[str]) -> None:
    import csv

    from lamina.encoding.comparison import MEASURES
    from lamina.io.files import atomic_file

    with atomic_file(out) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["code", "channel", *MEASURES, "seconds", "parameters", "reason"])
        for result in found.results:
            for index, name in enumerate(names):
                of_channel = [float(result.measures[key].reshape(-1)[index]) for key in result.measures]
                cells = [repr(value) for value in of_channel] or [""] * len(MEASURES)
                best = {key: value.reshape(-1)[index].item() for key, value in result.parameters.items()}
                said = "; ".join(f"{key}={value!r}" for key, value in best.items())
                seconds = "" if result.reason else repr(result.seconds)
                writer.writerow([result.name, name, *cells, seconds, said, result.reason or ""])


def _write_picture(plot: Path, found: Comparison) -> None:
    import shutil
    import tempfile

    from lamina.io.files import atomic_file
    from lamina.plotting.comparison import plot_comparison
    from lamina.plotting.saving import save_figure

    ax = plot_comparison(found)
    with tempfile.TemporaryDirectory() as folder, atomic_file(plot) as partial:
        files = {file.suffix: file for file in save_figure(ax, folder, "comparison")}
        shutil.copyfile(files[plot.suffix.lower()], partial)
