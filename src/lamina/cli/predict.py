"""``lamina predict``: what a fitted model expects to come next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lamina.cli.options import Debug, Json, Quiet

if TYPE_CHECKING:
    from lamina.io.signals import LazySignal
    from lamina.resu import ReSU
    from lamina.typing import Progress

HELP = """
Forecast a recording with a fitted model.

With --last: what follows the end of the recording, one row per step ahead, printed as a table and written if
--out is given. Without: a forecast from every sample on, (time, horizon, channels) in a .npy file; in a .csv
one row per sample, with a column CHANNEL+STEPS for every channel and step ahead.

The first step ahead is --gap of the fit. A forecast is NaN where a window touches a gap (NaN), and before the
memory is full what came before the recording counts as its mean.
"""

EXAMPLE = """
Examples:

[bold]lamina predict model.safetensors recording.csv --last[/bold]

[bold]lamina predict model.safetensors recording.csv --out forecast.npy[/bold]
"""

_MOST_ROWS = 40

_BLOCK_BYTES = 2**22


def predict(
    model_file: Annotated[Path, typer.Argument(metavar="MODEL", help="A model that lamina fit wrote.")],
    signal_file: Annotated[Path, typer.Argument(metavar="SIGNAL", help="The recording, as for lamina fit.")],
    last: Annotated[
        bool, typer.Option("--last", metavar=" ", help="Forecast what follows the end of the recording.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Forecast to write, .npy or .csv.")
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Load a model, forecast a recording, print or write the result."""
    del debug
    from lamina.cli import terminal
    from lamina.cli.recordings import (
        check_suffix,
        load_units,
        named_after_files,
        opened,
        refuse_inputs,
        warn_of_other_rate,
    )
    from lamina.errors import ArgumentError
    from lamina.io import check_output_file
    from lamina.resu import ReSU

    if out is None and not last:
        raise ArgumentError(
            "--out",
            allowed="the name of a .npy or .csv file",
            got="none",
            remedy="Give one, or --last for what follows the end of the recording.",
        )
    if out is not None:
        refuse_inputs(out, model_file, signal_file)
        check_suffix("--out", out, (".npy", ".csv"))
        check_output_file(out)
    model = load_units(model_file)
    if not isinstance(model, ReSU):
        raise ArgumentError(
            str(model_file),
            allowed="a ReSU",
            got=f"a {type(model).__name__}",
            remedy="Fit a ReSU, whose units forecast; lamina transform runs this model.",
        )
    with opened([signal_file]) as trials:
        warn_of_other_rate(model, trials[0])
        with named_after_files(trials):
            _check_not_empty(trials[0])
            result: dict[str, Any]
            if last:
                result, shown = _forecast_end(model, trials[0], out)
            else:
                result, shown = _forecast_all(model, trials[0], str(out), quiet)
    files = {"model": str(model_file), "signal": trials[0].source, "out": None if out is None else str(out)}
    terminal.print_result(files | result, *shown, as_json=as_json, quiet=quiet)


def _check_not_empty(trial: LazySignal) -> None:
    from lamina.errors import DataError

    if len(trial.samples) == 0:
        raise DataError(
            "X", allowed="at least 1 sample long", got="0 samples", remedy="Give a longer recording."
        )


def _forecast_all(model: ReSU, trial: LazySignal, out: str, quiet: bool) -> tuple[dict[str, Any], list[Any]]:
    from lamina.cli import terminal
    from lamina.io.writing import write_blocks

    channels = _channels(model, trial)
    names = [f"{name}+{model.gap + step}" for step in range(model.horizon_) for name in channels]
    shape = (len(trial.samples), model.horizon_, len(channels))
    written = shape if out.lower().endswith(".npy") else (shape[0], len(names))
    with terminal.progress(quiet, "forecasting") as progress:
        blocks = (block.reshape(-1, *written[1:]) for block in _forecasts(model, trial, progress))
        write_blocks(out, blocks, written, channel_names=names)
    axes = "time x horizon x channels" if written == shape else "time x (steps ahead and channels)"
    return {"shape": written}, [f"{out}: {' x '.join(map(str, written))} ({axes})"]


def _forecast_end(model: ReSU, trial: LazySignal, out: Path | None) -> tuple[dict[str, Any], list[Any]]:
    from lamina.io import write_signal

    channels, forecast = _channels(model, trial), _last(model, trial)
    if out is not None:
        write_signal(out, forecast, channel_names=channels)
    steps = [model.gap + step for step in range(model.horizon_)]
    shown = _pictured(model, trial, channels, forecast)
    return (
        {"channels": channels, "steps_ahead": steps, "forecast": forecast},
        shown if out is None else [*shown, "", f"forecast: {out}"],
    )


def _channels(model: ReSU, trial: LazySignal) -> list[str]:
    count = vars(model)["future_mean_"].shape[1]
    # of one recording's past to another's future, the file holds the past only
    if (
        trial.channel_names is not None
        and model.future_channels_ is None
        and len(trial.channel_names) == count
    ):
        return list(trial.channel_names)
    return [f"ch{index}" for index in range(count)]


def _last(model: ReSU, trial: LazySignal) -> Any:
    import numpy as np

    from lamina.errors import DataError

    # what lies further back than the memory does not count
    forecast = np.asarray(model.predict(np.asarray(trial.samples[-model.memory_ :])))[-1]
    if np.isnan(forecast).any():
        raise DataError(
            "X",
            allowed=f"without gaps (NaN) among its last {model.memory_} samples",
            got="a gap there",
            remedy="Cut the recording off before the gap, or fill it.",
        )
    return forecast


def _forecasts(model: ReSU, trial: LazySignal, progress: Progress | None) -> Iterator[Any]:
    import numpy as np

    before = model.memory_ - 1
    done, total, kept = 0, len(trial.samples), None
    # a forecast takes up horizon times the room of its sample
    for block in trial.blocks(max(1, _BLOCK_BYTES // model.horizon_)):
        joined = block if kept is None else np.concatenate([kept, block])
        yield model.predict(joined)[len(joined) - len(block) :]
        kept = joined[len(joined) - min(before, len(joined)) :]
        done += len(block)
        if progress is not None:
            progress(done / total, f"{done:,} of {total:,} samples")


def _pictured(model: ReSU, trial: LazySignal, channels: list[str], forecast: Any) -> list[Any]:
    from rich.table import Table

    from lamina.cli.terminal import printable

    table = Table(box=None, pad_edge=False)
    table.add_column("steps ahead", justify="right")
    if model.sampling_rate:
        table.add_column("seconds", justify="right")
    shown = channels[:6]
    for name in shown:
        table.add_column(printable(name), justify="right")
    for index, row in enumerate(forecast[:_MOST_ROWS]):
        steps = model.gap + index
        seconds = [f"{steps / model.sampling_rate:.4g}"] if model.sampling_rate else []
        table.add_row(str(steps), *seconds, *(f"{float(value):.5g}" for value in row[: len(shown)]))
    left_out = []
    if len(channels) > len(shown) or len(forecast) > _MOST_ROWS:
        left_out = [f"(all {len(forecast)} steps of {len(channels)} channels: --json, or --out FILE)"]
    return [f"{trial.source}: forecast after sample {len(trial.samples) - 1}, the last", "", table, *left_out]
