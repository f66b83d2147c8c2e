"""``lamina fit``: learn predictive filters from a recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lamina.cli.options import Debug, Json, Quiet, whole_or_auto

if TYPE_CHECKING:
    from lamina.io.signals import LazySignal
    from lamina.resu import ReSU

HELP = """
Learn the filters of a recording that tell most about its future, and save them.

A recording is a file of numbers (.npy, .npz, .csv, .tsv, .txt, .parquet, .h5, .zarr) or of sound (.wav,
.flac, .ogg, .aiff): one row per sample, one column per channel. FILE:NAME is one array of several in a .npz,
.h5 or .zarr. NaN and empty cells are gaps, which no window touches. Several recordings are trials, which no
window crosses. What is larger than memory is read piece by piece.

A unit weighs the last --memory samples to foretell the --horizon samples that begin --gap steps later. What
is left at auto, the recording decides, and it is said why. The canonical correlation of a unit says how well
it foretells: 0 is not at all, 1 is perfectly.
"""

EXAMPLE = """
Examples:

[bold]lamina fit recording.wav --out model.safetensors[/bold]

[bold]lamina fit data.h5:trials/left --memory 50 --rank 2 --surrogates 200[/bold]
"""


def fit(
    signals: Annotated[
        list[Path], typer.Argument(metavar="SIGNAL", help="The recording, or several as trials.")
    ],
    memory: Annotated[
        str,
        typer.Option(metavar="SAMPLES", parser=whole_or_auto, help="Length of the past, from 1, or auto."),
    ] = "auto",
    horizon: Annotated[
        str,
        typer.Option(metavar="SAMPLES", parser=whole_or_auto, help="Length of the future, from 1, or auto."),
    ] = "auto",
    rank: Annotated[
        str, typer.Option(metavar="UNITS", parser=whole_or_auto, help="Number of units, from 1, or auto.")
    ] = "auto",
    gap: Annotated[
        int,
        typer.Option(
            metavar="SAMPLES", help="Steps from the newest past to the nearest future sample, from 1."
        ),
    ] = 1,
    criterion: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="How auto chooses the rank: svc, singular values; bic, likelihood; cv, cross-validation.",
        ),
    ] = "svc",
    rectify: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="none: outputs as they are; on, off: the positive, negative part; split: both.",
        ),
    ] = "none",
    objective: Annotated[
        str,
        typer.Option(metavar="WHAT", help="cca; rrr, reduced-rank regression; pca of the cross-covariance."),
    ] = "cca",
    center: Annotated[
        bool, typer.Option("--center/--no-center", help="Take the means off first, or leave them in.")
    ] = True,
    ridge: Annotated[
        float, typer.Option(metavar="SHARE", help="Added to the variances, as a share of their mean, from 0.")
    ] = 0.0,
    half_life: Annotated[
        float | None,
        typer.Option(metavar="SAMPLES", help="Samples after which one counts half; never if not given."),
    ] = None,
    sampling_rate: Annotated[
        float | None, typer.Option(metavar="HERTZ", help="Samples per second; many files say theirs.")
    ] = None,
    surrogates: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Test the units against N surrogates without relation of past and future; from 19.",
        ),
    ] = 0,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the surrogates, from 0.")] = 0,
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep the state of a long fit here, and go on from it."),
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
    from lamina.cli.options import spelt_as_options
    from lamina.cli.recordings import check_suffix, named_after_files, opened, refuse_inputs
    from lamina.io import check_output_file, save
    from lamina.resu import ReSU

    if out is not None:
        check_suffix("--out", out, (".safetensors",))
        refuse_inputs(out, *signals)
        check_output_file(out)
    if checkpoint is not None:
        refuse_inputs(checkpoint, *signals)
        _refuse_one_file_for_both(checkpoint, out)
    words: dict[str, Any] = {"memory": memory, "horizon": horizon, "rank": rank, "criterion": criterion}
    words |= {"gap": gap, "center": center, "rectify": rectify, "objective": objective, "ridge": ridge}
    words |= {"half_life": half_life, "n_surrogates": surrogates, "seed": seed}
    with spelt_as_options("n_surrogates", "half_life", "sampling_rate"), opened(signals) as trials:
        unit = ReSU(**words, sampling_rate=_sampling_rate(trials, sampling_rate))
        samples: Any = [trial.samples for trial in trials]
        with terminal.progress(quiet, "fitting") as progress, named_after_files(trials):
            unit.fit(
                samples if len(samples) > 1 else samples[0],
                progress=progress or False,
                checkpoint=_checkpoint(checkpoint),
            )
        if out is not None:
            save(unit, out)
        terminal.print_result(
            _result(unit, trials, out), *_pictured(unit, trials, out), as_json=as_json, quiet=quiet
        )


def _refuse_one_file_for_both(checkpoint: Path, out: Path | None) -> None:
    from lamina.errors import OutputError

    if out is not None and checkpoint.resolve() == out.resolve():
        raise OutputError(
            f"cannot write {checkpoint}: it is both --checkpoint and --out; give each a file of its own"
        )


def _checkpoint(file: Path | None) -> Any:
    if file is None:
        return None
    from lamina.io.checkpoints import Checkpoint
    from lamina.io.files import check_output_file

    check_output_file(file)
    return Checkpoint(file)


def _sampling_rate(trials: list[LazySignal], given: float | None) -> float | None:
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


def _result(unit: ReSU, trials: list[LazySignal], out: Path | None) -> dict[str, Any]:
    from lamina.cli.described import described_unit

    return {
        "signals": [trial.source for trial in trials],
        "n_samples": sum(len(trial.samples) for trial in trials),
        **described_unit(unit),
        "model": None if out is None else str(out),
    }


def _pictured(unit: ReSU, trials: list[LazySignal], out: Path | None) -> list[Any]:
    from lamina.cli.described import pictured_unit
    from lamina.cli.terminal import counted

    samples = sum(len(trial.samples) for trial in trials)
    channels = 1 if trials[0].samples.ndim == 1 else trials[0].samples.shape[1]
    source = trials[0].source if len(trials) == 1 else counted(len(trials), "trial")
    return [
        f"{source}: {counted(samples, 'sample')}, {counted(channels, 'channel')}, "
        f"{counted(int(unit.n_windows_), 'window')}",
        *pictured_unit(unit),
        f"model: {out}" if out is not None else "model: not saved (give --out model.safetensors to keep it)",
    ]
