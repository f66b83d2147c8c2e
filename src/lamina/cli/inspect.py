"""``lamina inspect``: what is in a file, a model or a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lamina.cli.options import Debug, Json, Quiet

HELP = """
Say what is in a file, after checking all of it: a model that lamina wrote, or a recording.

Of a model: its class, who wrote it, its parameters with their units, how it was fitted, and what it found. Of
a recording: its format, length, channels, sampling rate, gaps, and the range of every channel. A damaged file
is an error.
"""

EXAMPLE = """
Examples:

[bold]lamina inspect model.safetensors --json[/bold]

[bold]lamina inspect recording.wav --json[/bold]
"""

_MOST_CHANNELS = 20


def inspect(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A model, spikes, or a recording as for lamina fit.")
    ],
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Describe a model or a recording."""
    del debug
    from lamina.cli import terminal
    from lamina.io.models import SUFFIX

    found, shown = _model(file) if file.suffix.lower() == SUFFIX else _signal(file, quiet)
    terminal.print_result(found, *shown, as_json=as_json, quiet=quiet)


def _model(file: Path) -> tuple[dict[str, Any], list[Any]]:
    from lamina.cli.described import described_unit, pictured_unit
    from lamina.cli.described_code import described_code, described_spikes
    from lamina.cli.terminal import counted, printable
    from lamina.encoding.code import SpikeCode
    from lamina.io.models import read_model
    from lamina.io.spikes import holds_spikes, read_described_spikes
    from lamina.resu import ReSU

    if holds_spikes(file):
        return described_spikes(*read_described_spikes(file))
    model, description = read_model(file)
    if isinstance(model, SpikeCode):
        return described_code(file, model, description)
    kind = type(model).__name__
    found: dict[str, Any] = {"file": str(file), "kind": "model", "class": kind, "checksum": "ok"}
    found |= {"format": description["format"], "lamina": description.get("lamina")}
    writer = printable(str(description.get("lamina"))[:40])
    head = f"{file}: {kind}, written by lamina {writer}, format {description['format']}"
    units = _units(description)
    shown: list[Any] = [f"{head}, checksum ok"]
    if not isinstance(model, ReSU):
        layers = getattr(model, "layers_", None)
        if layers is None:
            seen = description["fitted"]
            found |= {"parameters": model.get_params(), "units": units, "fitted": seen}
            found["canonical_correlations"] = vars(type(model))["canonical_correlations_"].fget(model)
            return found, [
                *shown,
                f"learned from {counted(seen['n_samples'], 'sample')} in {counted(seen['n_steps'], 'step')}, "
                f"{counted(seen['channels'], 'channel')}",
                "",
                *_parameters(model.get_params(), units),
                "",
                _correlations(found["canonical_correlations"]),
            ]
        found["layers"] = [described_unit(unit) for unit in layers]
        for depth, unit in enumerate(layers, start=1):
            shown += ["", f"layer {depth}: {counted(int(unit.n_features_in_), 'channel')} per unit"]
            shown += pictured_unit(unit)
        return found, shown
    fitted = description["fitted"]
    future = fitted["future_channels"]
    found |= {
        "channels": fitted["channels"],
        "future_channels": future,
        "channel_names": fitted["feature_names"],
        "n_trials": fitted["n_trials"],
        "units": units,
        **described_unit(model),
    }
    partner = "" if future is None else f" to the future of {counted(future, 'other channel')}"
    return found, [
        *shown,
        f"learned from {counted(fitted['n_windows'], 'window')} of {counted(fitted['n_trials'], 'trial')}, "
        f"{counted(fitted['channels'], 'channel')}{partner}",
        "",
        *_parameters(model.get_params(), units),
        "",
        *pictured_unit(model),
    ]


def _units(description: dict[str, Any]) -> dict[str, str]:
    # they are for readers: what a file says in their place moves no number
    said = description.get("units")
    if not isinstance(said, dict):
        return {}
    return {name: unit for name, unit in said.items() if isinstance(unit, str) and unit.isprintable()}


def _parameters(parameters: dict[str, Any], units: dict[str, str]) -> list[Any]:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("parameter", "value", "unit"):
        table.add_column(title)
    for name, value in parameters.items():
        words = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        table.add_row(name, words, units.get(name, "") if isinstance(value, (int, float)) else "")
    return [table]


def _correlations(values: Any) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("unit", justify="right")
    table.add_column("canonical correlation", justify="right")
    for index, value in enumerate(values, start=1):
        table.add_row(str(index), f"{float(value):.4f}")
    return table


def _signal(file: Path, quiet: bool) -> tuple[dict[str, Any], list[Any]]:
    from rich.table import Table

    from lamina.cli import terminal
    from lamina.cli.statistics import ChannelStatistics
    from lamina.io.signals import open_signal

    with open_signal(file) as signal:
        shape, dtype = signal.samples.shape, str(signal.samples.dtype)
        channels = 1 if len(shape) == 1 else shape[1]
        statistics = ChannelStatistics(channels)
        with terminal.progress(quiet, "reading") as progress:
            for block in signal.blocks():
                statistics.update(block)
                if progress is not None:
                    progress(statistics.samples / shape[0], f"{statistics.samples:,} samples")
        rate, names, detail = signal.sampling_rate, signal.channel_names, signal.detail
    found: dict[str, Any] = {"file": str(file), "kind": "recording", "format": detail, "shape": shape}
    found |= {"dtype": dtype, "sampling_rate": rate, "channel_names": names, **statistics.as_dict()}
    span = f" ({shape[0] / rate:.4g} s at {rate:g} Hz)" if rate else ""
    table = Table(box=None, pad_edge=False)
    table.add_column("channel")
    for title in ("least", "greatest", "mean", "deviation", "missing"):
        table.add_column(title, justify="right")
    numbers = (statistics.least, statistics.greatest, statistics.mean, statistics.deviation)
    for index in range(min(channels, _MOST_CHANNELS)):
        name = terminal.printable(names[index]) if names is not None else f"ch{index}"
        table.add_row(name, *(f"{float(n[index]):.5g}" for n in numbers), str(int(statistics.missing[index])))
    more = [f"... and {channels - _MOST_CHANNELS} more (--json has all)"] if channels > _MOST_CHANNELS else []
    infinite = int(statistics.infinite.sum())
    return found, [
        f"{file}: {detail}",
        f"{terminal.counted(shape[0], 'sample')}{span}, {terminal.counted(channels, 'channel')}, {dtype}",
        _gaps(statistics.gaps, statistics.rows_missing, shape[0]),
        *([f"infinite: {terminal.counted(infinite, 'value')}, which no fit accepts"] if infinite else []),
        "",
        table,
        *more,
    ]


def _gaps(gaps: int, missing: int, samples: int) -> str:
    if not gaps:
        return "gaps: none"
    stretches = "1 stretch" if gaps == 1 else f"{gaps} stretches"
    return f"gaps: {stretches}, {missing} of {samples} samples ({missing / samples:.2g} of the time)"
