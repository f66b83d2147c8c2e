"""Rate code: how many spikes come in a fixed time says how large a value is."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from lamina._checks import check_choice, check_integer, check_seed
from lamina.encoding.code import SpikeCode
from lamina.encoding.compiling import kernel
from lamina.encoding.hooks import Values
from lamina.encoding.parameters import Parameter
from lamina.encoding.rates import METHODS, MOST_STEPS, RateMethod, draw_tensor, spread_tensor
from lamina.encoding.scaling import ChannelScaling
from lamina.encoding.trains import count_spikes, draw_trains, generator_words, split_trains, stream_source
from lamina.encoding.unit_interval import from_unit, to_unit
from lamina.typing import Array, Seed


class RateCode(SpikeCode):
    r"""Rate code: each sample becomes a train whose spikes are counted.

    A sample :math:`s`, scaled to [0, 1], spikes at the rate :math:`r = s\,r_{\max}` for :math:`T` steps, by
    `rates_to_spikes`: evenly, with exactly :math:`\mathrm{round}(rT)` spikes, or at random. Decoding counts:
    :math:`\hat s = \mathrm{count} / (T\,r_{\max})`. Evenly spaced, that errs by at most
    :math:`1 / (2\,T\,r_{\max})` of the range; at random, it is right on average, with a standard deviation of
    :math:`\sqrt{r (1 - r) / T} / r_{\max}` of the range.

    Sample ``t`` is at the steps ``t * n_steps`` to ``(t + 1) * n_steps - 1``: the spikes are ``n_steps``
    times as large as the signal.

    Parameters
    ----------
    n_steps
        T, steps for each sample, from 1 to 2³⁰.
    method
        ``"deterministic"`` or ``"poisson"``.
    max_rate
        Spikes per step at the largest value, above 0 and at most 1; one number, or one for each channel.
    seed
        Of random draws: an integer gives the same spikes at every call of `encode`, and at every start of a
        stream; a ``numpy.random.Generator`` goes on; None is different each time.

    Raises
    ------
    ArgumentTypeError, ArgumentError
        If an argument is of another kind, or beyond its limits.

    References
    ----------
    E. D. Adrian and Y. Zotterman, "The impulses produced by sensory nerve-endings: Part II. The response of a
    single end-organ", The Journal of Physiology 61, 151–171, 1926.

    Examples
    --------
    >>> code = RateCode(n_steps=4)
    >>> spikes = code.encode(np.array([0.0, 5.0, 10.0]))
    >>> spikes.reshape(3, 4)
    array([[0., 0., 0., 0.],
           [0., 1., 0., 1.],
           [1., 1., 1., 1.]])
    >>> code.decode(spikes)
    array([ 0.,  5., 10.])
    """

    name: ClassVar[str] = "rate"
    source: ClassVar[str] = "Adrian & Zotterman 1926"
    arguments: ClassVar[tuple[str, ...]] = ("n_steps", "method", "max_rate", "seed")
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("max_rate", above=0.0, maximum=1.0),)
    rows: ClassVar[Literal["polarity", "neurons"] | None] = None
    interval: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    outside: ClassVar[str] = "clip"

    def __init__(
        self,
        n_steps: int = 10,
        method: RateMethod = "deterministic",
        max_rate: float | Array = 1.0,
        seed: Seed | None = None,
    ) -> None:
        self.n_steps = check_integer("n_steps", n_steps, minimum=1, maximum=MOST_STEPS)
        self.method = check_choice("method", method, METHODS)
        self.max_rate = max_rate
        self.seed = seed
        if seed is not None:
            check_seed("seed", seed)
        # one method draws and the other does not; the class itself answers for the default
        self.random = method == "poisson"
        super().__init__()

    @property
    def steps_per_sample(self) -> int:
        """How many time steps of spikes stand for one sample of the signal: ``n_steps``."""
        return self.n_steps

    def _start(self, channels: int, dtype: np.dtype) -> Values:
        del dtype
        if not self.random:
            return {}
        return {"generator": np.tile(generator_words(stream_source(self.seed)), (channels, 1))}

    def _encode(
        self, signal: np.ndarray, values: Values, ranges: ChannelScaling | None, carry: Values
    ) -> np.ndarray:
        rates = to_unit(signal, ranges)
        rates *= values["max_rate"].astype(signal.dtype)[:, None]
        spikes = np.empty((*signal.shape, self.n_steps), signal.dtype)
        if self.random:
            draw_trains(rates[None], spikes[None], carry["generator"])
        else:
            rates *= signal.dtype.type(self.n_steps)
            counts = np.rint(rates, out=rates).astype(np.int32)
            _write_trains.over_channels((len(signal), spikes[0].size), counts, np.int32(self.n_steps), spikes)
        return spikes.reshape(len(signal), -1)

    def _encode_tensor(self, signal: Array, values: Values, ranges: ChannelScaling | None) -> Array:
        rates = to_unit(signal, ranges) * signal.new_tensor(values["max_rate"])[:, None]
        spikes = signal.new_empty((*signal.shape, self.n_steps))
        steps_first = spikes.movedim(-1, 0)
        if self.random:
            draw_tensor(rates, steps_first, stream_source(self.seed))
        else:
            spread_tensor(rates, steps_first)
        return spikes.reshape(len(signal), -1)

    def _decode(
        self, spikes: np.ndarray, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> np.ndarray:
        del initial
        trains = split_trains(spikes, self.n_steps)
        decoded = np.empty(trains.shape[:2], spikes.dtype)
        count_spikes.over_channels((len(spikes), spikes.shape[1]), trains, decoded)
        full = spikes.dtype.type(self.n_steps) * values["max_rate"].astype(spikes.dtype)
        decoded /= full[:, None]
        return from_unit(decoded, ranges)

    def _decode_tensor(
        self, spikes: Array, values: Values, ranges: ChannelScaling | None, initial: np.ndarray | None
    ) -> Array:
        del initial
        counts = split_trains(spikes, self.n_steps).sum(-1)
        return from_unit(counts / (spikes.new_tensor(values["max_rate"]) * self.n_steps)[:, None], ranges)


@kernel
def _write_trains(first: int, last: int, counts: np.ndarray, steps: np.int32, spikes: np.ndarray) -> None:
    # as in rates_to_spikes: step t holds a spike if a multiple of T lies in (t n, (t + 1) n]
    for c in range(first, last):
        for t in range(counts.shape[1]):
            count = counts[c, t]
            reached = np.int32(0)
            for step in range(steps):
                level = reached + count
                fires = level >= steps
                spikes[c, t, step] = fires
                reached = level - steps if fires else level
