"""``lamina transform``: what a fitted model makes of a recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lamina.cli.options import Debug, Json, Quiet

if TYPE_CHECKING:
    from lamina.io.signals import LazySignal
    from lamina.typing import Progress

HELP = """
Run a recording through a fitted model, and write the units' outputs.

The outputs have one row per sample of the recording and one column per output. The first memory - 1 rows see
less than a whole window: what came before the recording counts as its mean. Where a window touches a gap
(NaN), the output is NaN. A recording larger than memory is read, and its outputs written, piece by piece.
"""

EXAMPLE = """
Example:

[bold]lamina transform model.safetensors recording.wav --out z.npy[/bold]
"""


def transform(
    model_file: Annotated[Path, typer.Argument(metavar="MODEL", help="A model that lamina fit wrote.")],
    signal_file: Annotated[Path, typer.Argument(metavar="SIGNAL", help="The recording, as for lamina fit.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Outputs to write, .npy or .csv.")],
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Load a model, transform a recording, write the result."""
    del debug
    from lamina.cli import terminal
    from lamina.cli.recordings import (
        check_suffix,
        is_large,
        load_units,
        named_after_files,
        opened,
        refuse_inputs,
        warn_of_other_rate,
    )
    from lamina.io import check_output_file, write_signal
    from lamina.io.writing import write_blocks
    from lamina.resu import ReSU, ReSUNetwork

    refuse_inputs(out, model_file, signal_file)
    check_suffix("--out", out, (".npy", ".csv"))
    check_output_file(out)
    model = load_units(model_file)
    named = None if isinstance(model, ReSUNetwork) else model.get_feature_names_out()
    names = None if named is None else [str(name) for name in named]
    with opened([signal_file]) as trials:
        warn_of_other_rate(model, trials[0])
        if isinstance(model, ReSU) and is_large(trials) and names is not None:
            shape = (len(trials[0].samples), len(names))
            with terminal.progress(quiet, "transforming") as progress, named_after_files(trials):
                write_blocks(out, _outputs(model, trials[0], progress), shape, channel_names=names)
        else:
            with terminal.working("transforming", quiet), named_after_files(trials):
                outputs: Any = model.transform(_whole(trials[0]))
            shape = outputs.shape
            write_signal(out, outputs, channel_names=names)
    result = {"model": str(model_file), "signal": trials[0].source, "out": str(out), "shape": shape}
    axes = "time x outputs" if len(shape) == 2 else "time x positions x outputs"
    terminal.print_result(
        result, f"{out}: {' x '.join(map(str, shape))} ({axes})", as_json=as_json, quiet=quiet
    )


def _whole(trial: LazySignal) -> Any:
    import numpy as np

    return np.asarray(trial.samples)


def _outputs(model: Any, trial: LazySignal, progress: Progress | None) -> Iterator[Any]:
    from lamina.resu.stream import ReSUStream

    stream, done, total = ReSUStream(model), 0, len(trial.samples)
    for block in trial.blocks():
        yield stream.transform(block)
        done += len(block)
        if progress is not None:
            progress(done / total, f"{done:,} of {total:,} samples")
