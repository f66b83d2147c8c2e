"""Codes that turn each value into a train, beside those of snntorch, SpikingJelly and spike-encoding.

All get the same float32 values in [0, 1], 16 channels of them, and write float32 spikes; theirs put the steps
of a train first, ours beside each other. One thread. Called by ``benchmarks/encoding.py``; on its own:

    PYTHONPATH=benchmarks python -m parts.encoding_values
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from parts.tables import Table
from parts.timing import in_turns

CHANNELS, STEPS, NEURONS = 16, 10, 8
Work = Callable[[], object]


def works(samples: int) -> dict[str, dict[str, tuple[Work, int]]]:
    """For each code: who computes it, how, and for how many values."""
    import torch

    from lamina.encoding import Scaling
    from lamina.encoding.burst_code import BurstCode
    from lamina.encoding.latency_code import LatencyCode
    from lamina.encoding.phase_code import PhaseCode
    from lamina.encoding.population_code import PopulationCode
    from lamina.encoding.rate_code import RateCode
    from lamina.encoding.rates import rates_to_spikes
    from lamina.encoding.receptive_fields import field_centres, field_spacing

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from snntorch import spikegen
        from spike_encoding import encoder_common
        from spikingjelly.activation_based import encoding, functional

    signal = np.random.default_rng(0).random((CHANNELS, samples)).astype(np.float32)
    # one digit less than 1, which SpikingJelly's phases cannot encode
    signal *= np.float32(1 - 2.0**-8)
    unit, tensor, n = Scaling(minimum=0.0, maximum=1.0), torch.from_numpy(signal), signal.size
    # the released package goes over the values in Python: a few of them tell its pace
    few = signal[:, : max(1, samples // 20)].astype(np.float64)

    def ours(code: Any) -> tuple[Work, int]:
        return lambda: code.encode(signal, scaling=unit), n

    def back(code: Any) -> tuple[Work, int]:
        spikes = code.encode(signal, scaling=unit)
        return lambda: code.decode(spikes, scaling=unit), n

    def jelly(encoder: Any) -> tuple[Work, int]:
        return lambda: encoder.single_step_encode(tensor), n

    poisson = encoding.PoissonEncoder()
    linear, log = LatencyCode(STEPS), LatencyCode(STEPS, method="log", threshold=0.2, tau=8.0, below="silent")
    centres = field_centres(NEURONS)
    ranges = (float(centres[0]), float(centres[-1]))
    fields = encoding.PopSpikeEncoderDeterministic(1, NEURONS, STEPS, ranges, field_spacing(NEURONS) / 1.5)

    def integrate_and_fire() -> object:
        functional.reset_net(fields)
        with torch.no_grad():
            return fields(tensor.reshape(-1, 1))

    return {
        f"rates to even trains, {STEPS} steps": {
            "lamina": (lambda: rates_to_spikes(signal, STEPS), n),
            "spike-encoding": (lambda: encoder_common.rate(few, STEPS), few.size),
        },
        "rate code, even": {
            "lamina": ours(RateCode(STEPS)),
            "lamina, decode": back(RateCode(STEPS)),
        },
        "rate code, Poisson": {
            "lamina": ours(RateCode(STEPS, method="poisson", seed=0)),
            "snntorch": (lambda: spikegen.rate(tensor, num_steps=STEPS), n),
            "SpikingJelly": (lambda: torch.stack([poisson(tensor) for _ in range(STEPS)]), n),
        },
        "latency, linear": {
            "lamina": ours(linear),
            "lamina, decode": back(linear),
            "snntorch": (
                lambda: spikegen.latency(tensor, num_steps=STEPS, normalize=True, linear=True),
                n,
            ),
            "SpikingJelly": jelly(encoding.LatencyEncoder(STEPS)),
        },
        "latency, logarithmic": {
            "lamina": ours(log),
            "snntorch": (
                lambda: spikegen.latency(
                    tensor, num_steps=STEPS, tau=8.0, threshold=0.2, clip=True, bypass=True
                ),
                n,
            ),
        },
        "phase, 8 phases": {
            "lamina": ours(PhaseCode(8)),
            "lamina, decode": back(PhaseCode(8)),
            "SpikingJelly": jelly(encoding.WeightedPhaseEncoder(8)),
        },
        "burst, 13 steps": {"lamina": ours(BurstCode()), "lamina, decode": back(BurstCode())},
        f"population, {NEURONS} neurons": {
            "lamina": ours(PopulationCode(NEURONS, STEPS)),
            "lamina, decode": back(PopulationCode(NEURONS, STEPS)),
            "SpikingJelly": (integrate_and_fire, n),
        },
    }


def values_table(*, samples: int = 5000, rounds: int = 7) -> Table:
    """Measure all of them, in turns and in one thread."""
    import numba
    import torch

    before = numba.get_num_threads(), torch.get_num_threads()
    numba.set_num_threads(1)
    torch.set_num_threads(1)
    table = Table(
        "encoding values",
        f"Each value to a train: {CHANNELS} channels x {samples} values, {STEPS} steps, float32, one thread",
        ("code", "by", "ns per value", "median", "longest", "beside lamina"),
        remark="Best of interleaved rounds, and ratios of the best.",
    )
    try:
        for code, by in works(samples).items():
            sizes = {name: size for name, (_, size) in by.items()}
            taken = in_turns({name: work for name, (work, _) in by.items()}, rounds, dict.fromkeys(by, 1))
            own = taken["lamina"].shortest / sizes["lamina"]
            for name, seconds in taken.items():
                each = [
                    1e9 * part / sizes[name] for part in (seconds.shortest, seconds.median, seconds.longest)
                ]
                rival = not name.startswith("lamina")
                ratio = f"{1e-9 * each[0] / own:.3g} x" if rival else "–"
                table.add(code, name, *(f"{part:.3g}" for part in each), ratio)
    finally:
        numba.set_num_threads(before[0])
        torch.set_num_threads(before[1])
    return table


if __name__ == "__main__":
    print(values_table().text())
