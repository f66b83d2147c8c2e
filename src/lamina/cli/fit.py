"""``lamina fit``: learn predictive filters from a recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lamina.cli.options import Debug, Json, Quiet

if TYPE_CHECKING:
    from lamina.io import Signal
    from lamina.resu import ReSU

HELP = """
Learn the filters of a recording that tell most about its future, and save them.

A recording is a .npy, .npz, .csv, .tsv, .txt or .wav file: one row per sample, one column per channel. NaN
and empty cells are gaps, which no window touches. Several recordings are trials, which no window crosses.

A unit weighs the last --memory samples to foretell the --horizon samples that begin --gap steps later. Its
canonical correlation says how well it can: 0 is not at all, 1 is perfectly.
"""

EXAMPLE = """
Example:

[bold]lamina fit recording.wav --memory 50 --rank 2 --out model.safetensors[/bold]
"""


def fit(
    signals: Annotated[
        list[Path], typer.Argument(metavar="SIGNAL", help="The recording, or several as trials.")
    ],
    memory: Annotated[int, typer.Option(metavar="SAMPLES", help="Length of the past, from 1.")],
    horizon: Annotated[
        int | None,
        typer.Option(metavar="SAMPLES", help="Length of the future, from 1; as the memory if not given."),
    ] = None,
    rank: Annotated[int, typer.Option(metavar="UNITS", help="Number of units, from 1.")] = 1,
    gap: Annotated[
        int,
        typer.Option(
            metavar="SAMPLES", help="Steps from the newest past to the nearest future sample, from 1."
        ),
    ] = 1,
    rectify: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="none: outputs as they are; on, off: the positive, negative part; split: both.",
        ),
    ] = "none",
    sampling_rate: Annotated[
        float | None, typer.Option(metavar="HERTZ", help="Samples per second; .wav files say theirs.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Model to write, .safetensors.")
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Fit a ReSU to recordings, print how predictable they are, save the model."""
    del debug
    from lamina.cli import terminal
    from lamina.cli.recordings import check_suffix, named_after_files, read_trials
    from lamina.io import check_output_file, save
    from lamina.resu import ReSU

    if out is not None:
        check_suffix("--out", out, (".safetensors",))
        check_output_file(out)
    trials = read_trials(signals)
    rate = _sampling_rate(trials, sampling_rate)
    words: Any = rectify
    unit = ReSU(
        memory, memory if horizon is None else horizon, rank, gap=gap, rectify=words, sampling_rate=rate
    )
    with terminal.working("fitting", quiet), named_after_files(trials):
        unit.fit([trial.samples for trial in trials] if len(trials) > 1 else trials[0].samples)
    if out is not None:
        save(unit, out)
    terminal.print_result(
        _result(unit, trials, out), *_pictured(unit, trials, out), as_json=as_json, quiet=quiet
    )


def _sampling_rate(trials: list[Signal], given: float | None) -> float | None:
    from lamina.errors import ArgumentError

    stated = {trial.sampling_rate for trial in trials if trial.sampling_rate is not None}
    if given is not None or not stated:
        return given
    if len(stated) > 1:
        raise ArgumentError(
            "the recordings' sampling rates",
            allowed="one and the same",
            got=", ".join(f"{rate:g} Hz" for rate in sorted(stated)),
            remedy="Resample the recordings, or give --sampling-rate.",
        )
    return stated.pop()


def _result(unit: ReSU, trials: list[Signal], out: Path | None) -> dict[str, Any]:
    return {
        "signals": [trial.source for trial in trials],
        "n_samples": sum(len(trial.samples) for trial in trials),
        "n_windows": unit.n_windows_,
        "parameters": unit.get_params(),
        "canonical_correlations": vars(unit)["canonical_correlations_"],
        "predictive_information_nats": vars(unit)["predictive_information_"],
        "model": None if out is None else str(out),
    }


def _pictured(unit: ReSU, trials: list[Signal], out: Path | None) -> list[Any]:
    from rich.table import Table

    from lamina.cli.terminal import counted

    samples = sum(len(trial.samples) for trial in trials)
    channels = 1 if trials[0].samples.ndim == 1 else trials[0].samples.shape[1]
    source = trials[0].source if len(trials) == 1 else counted(len(trials), "trial")
    span = f" ({unit.memory / unit.sampling_rate:.4g} s)" if unit.sampling_rate else ""
    table = Table(box=None, pad_edge=False)
    table.add_column("unit", justify="right")
    table.add_column("canonical correlation", justify="right")
    for index, correlation in enumerate(vars(unit)["canonical_correlations_"], start=1):
        table.add_row(str(index), f"{float(correlation):.4f}")
    return [
        f"{source}: {counted(samples, 'sample')}, {counted(channels, 'channel')}, "
        f"{counted(int(unit.n_windows_), 'window')}",
        f"memory {unit.memory}{span}, horizon {unit.horizon}, gap {unit.gap}",
        "",
        table,
        "",
        f"predictive information: {float(vars(unit)['predictive_information_']):.4g} nats",
        f"model: {out}" if out is not None else "model: not saved (give --out model.safetensors to keep it)",
    ]
