"""What "auto" asks of the recordings: their moments at several windows, whole and in blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from array_api_compat import array_namespace

from lamina.errors import ArgumentError
from lamina.resu.gathering import covariances_of, empty_moments, gather
from lamina.resu.selecting import select
from lamina.resu.settings import Request, Settings
from lamina.resu.sources import Source
from lamina.stats import LagCovariances, LagMoments
from lamina.stats.selection import Selection
from lamina.typing import Progress


class Readings:
    """Recordings that are read as often as a choice needs.

    Parameters
    ----------
    request
        Parameters of the unit, of which some are left to the data.
    sources
        The trials.
    channels, future_channels
        Channels of the past; and of the partner beside it, if there is one.
    weights
        One per trial.
    progress
        Told of every reading, see `gather`.
    """

    def __init__(
        self,
        request: Request,
        sources: Sequence[Source],
        channels: int,
        future_channels: int | None,
        weights: Sequence[float],
        progress: Progress | bool | None = None,
    ) -> None:
        if request.automatic and not all(source.rereadable for source in sources):
            name = next(name for name in ("memory", "horizon", "rank") if getattr(request, name) is None)
            raise ArgumentError(
                name,
                allowed="a number for chunks that can be read only once",
                got="'auto'",
                remedy="Pass a function that returns the chunks anew, a file that can be read by slices, or "
                "memory, horizon and rank as numbers.",
            )
        self.request = request
        self.sources = sources
        self.channels = channels
        self.future_channels = future_channels
        self.weights = weights
        self.progress = progress
        self._last: tuple[tuple[int, int, int], LagMoments] | None = None

    def choose(self) -> tuple[Settings, Selection]:
        """Return the settings with the open numbers chosen, and how they were."""
        request, base = self.request, self.request.settle(1, 1, 1)
        n_samples, evenness = self.count_samples()
        selection = select(
            self.gather,
            self.gather_folds,
            memory=request.memory,
            horizon=request.horizon,
            rank=request.rank,
            gap=base.gap,
            criterion=request.criterion,
            channels=self.channels,
            future_channels=self.future_channels,
            n_samples=n_samples,
            evenness=evenness,
            half_life=base.half_life,
            center=base.center,
            ridge=base.ridge,
            rcond=base.rcond,
        )
        return request.settle(selection.memory, selection.horizon, selection.rank), selection

    def moments(self, settings: Settings) -> LagMoments | None:
        """Return the moments that the choice already gathered with these settings, if it did."""
        wanted = (settings.memory, settings.horizon, settings.gap)
        return self._last[1] if self._last is not None and self._last[0] == wanted else None

    def gather(self, memory: int, horizon: int, gap: int) -> LagCovariances:
        """Return the moments of all recordings at one window."""
        settings = self._settings(memory, horizon, gap)
        moments = gather(self._empty(settings), self.sources, weights=self.weights, progress=self.progress)
        self._last = ((memory, horizon, gap), moments)
        return covariances_of(settings, moments, self.future_channels)

    def gather_folds(self, memory: int, horizon: int, gap: int, folds: int) -> list[LagMoments]:
        """Return the moments of contiguous blocks of nearly equal length; no window crosses a border."""
        settings = self._settings(memory, horizon, gap)
        # trials of weight 0 would fill blocks with nothing
        counted = [pair for pair in zip(self.sources, self.weights, strict=True) if pair[1]]
        total = sum(_length(source) for source, _ in counted)
        borders = [round(total * fold / folds) for fold in range(1, folds + 1)]
        blocks = [self._empty(settings) for _ in range(folds)]
        block = seen = 0
        for source, weight in counted:
            for chunk in source.chunks():
                done = 0
                while done < chunk.shape[0]:
                    some = min(chunk.shape[0] - done, borders[block] - seen)
                    blocks[block].update(chunk[done : done + some, :], weight=weight)
                    done, seen = done + some, seen + some
                    while block < folds - 1 and seen >= borders[block]:
                        blocks[block].end_trial()
                        block += 1
            blocks[block].end_trial()
        return blocks

    def count_samples(self) -> tuple[int, float]:
        """Count the samples in which no channel is missing, of trials that count at all.

        Returns
        -------
        samples : int
        evenness : float
            (Σω)² / (n Σω²), the share that would tell as much if all weighed the same.
        """
        counts: list[int] = []
        for source, weight in zip(self.sources, self.weights, strict=True):
            counts.append(0)
            for chunk in source.chunks() if weight else ():
                xp = array_namespace(chunk)
                whole = ~xp.any(chunk != chunk, axis=1)
                counts[-1] += int(xp.sum(xp.astype(whole, xp.int64)))
        heaviest, total = max(self.weights), sum(counts)
        shares = [weight / heaviest for weight in self.weights]
        weighed = sum(share * count for share, count in zip(shares, counts, strict=True))
        squares = sum(share**2 * count for share, count in zip(shares, counts, strict=True))
        return total, weighed**2 / squares / total if squares else 1.0

    def _settings(self, memory: int, horizon: int, gap: int) -> Settings:
        asked = replace(self.request, memory=memory, horizon=horizon)
        return replace(asked.settle(1, 1, 1), gap=gap)

    def _empty(self, settings: Settings) -> LagMoments:
        return empty_moments(settings, self.channels + (self.future_channels or 0))


def _length(source: Source) -> int:
    known = source.samples
    return sum(chunk.shape[0] for chunk in source.chunks()) if known is None else known
