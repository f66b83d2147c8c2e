"""Units stacked over space: a greedy, feed-forward network on a one-dimensional retina."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from array_api_compat import array_namespace, device
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from lamina._checks import check_integer, check_trials
from lamina.errors import ArgumentTypeError, DataError, ShapeError
from lamina.resu.admission import is_list_of_trials, like
from lamina.resu.estimator import ReSU
from lamina.resu.layer import ReSULayer
from lamina.resu.projection import project
from lamina.resu.rectification import rectify
from lamina.stats import LagMoments
from lamina.typing import Array, Progress, Trials

_TOGETHER = 2**20  # samples that go through the layers in one pass: enough to be fast, little enough to hold


class ReSUNetwork(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Layers of Rectified Spectral Units over a row of pixels, each learned on the outputs of the one below.

    Every position of a layer holds the same units, looking at its own stretch of the layer below. In learning
    positions are trials of the same moments. Layers are learned in turn, each in one pass over the movies.

    Parameters
    ----------
    layers
        One `ReSULayer` each, from the pixels upwards.

    Attributes
    ----------
    layers_ : list of ReSU
        The fitted units of each layer.
    plan_ : list of ReSULayer
        What they were fitted by; `transform` goes by it, whatever ``layers`` has become since.
    valid_from_ : list of int
        For each layer the first sample that depends on no missing history, Σ (memory − 1) so far.

    Notes
    -----
    Outputs before the lower layer's ``valid_from_`` are not learned from. A NaN pixel is a gap for the
    positions that see it, and for no others.

    References
    ----------
    Qin et al. 2025, arXiv:2512.23146, Fig. 5: two layers, the second with gap 5 and uncentred.

    Examples
    --------
    >>> import numpy as np
    >>> pattern = np.convolve(np.random.default_rng(0).standard_normal(600), np.ones(5), mode="valid")
    >>> movie = np.stack([np.roll(pattern, 2 * pixel) for pixel in range(6)], axis=1)  # moving right
    >>> photoreceptors = ReSULayer(memory=6, horizon=6, rank=2, rectify=["none", "on"])
    >>> motion = ReSULayer(memory=1, horizon=1, rank=2, gap=3, width=3, center=False, rectify="split")
    >>> network = ReSUNetwork([photoreceptors, motion]).fit(movie)
    >>> network.transform(movie).shape
    (596, 4, 4)
    """

    def __init__(self, layers: Sequence[ReSULayer]) -> None:
        self.layers = layers

    def fit(self, movies: Trials, y: None = None, *, progress: Progress | None = None) -> Self:
        """Learn the layers greedily, from the pixels upwards.

        Parameters
        ----------
        movies
            One (time, pixels) array or a list of them, of any lengths and widths; NaN marks a gap.
        y
            Ignored.
        progress
            Called now and then with the fraction done and what is being done.

        Returns
        -------
        ReSUNetwork
            The network itself.

        Raises
        ------
        ArgumentError
            ``layers`` is empty or holds something else, a rank exceeds what its layer's inputs allow, or
            ``inputs`` names an output that does not exist.
        ShapeError
            A movie has another number of axes, or is narrower than a receptive field.
        DataError
            Infinite, too short for a layer's window, or constant.

        Warns
        -----
        RankDeficientWarning
            A layer's inputs hold fewer directions than its rank.
        """
        layers = self._check_layers()
        stacks = [_as_stack(movie) for movie in _check_movies("movies", movies)]
        self._check_plan(layers, min(stack.shape[0] for stack in stacks))
        _check_length(layers[0], max(stack.shape[1] for stack in stacks))
        fitted: list[ReSU] = []
        first_valid, outputs = 0, 1
        for depth, layer in enumerate(layers):
            moments = LagMoments(layer.memory, layer.horizon, layer.gap, layer.n_channels(outputs))
            done_movies = 0
            for members in _alike(stacks):
                if progress is not None:
                    done = (depth + done_movies / len(stacks)) / len(layers)
                    progress(done, f"learning layer {depth + 1} of {len(layers)}")
                done_movies += len(members)
                below = _ascend(_together(stacks, members), layers[:depth], fitted)
                fields = layer.receptive_fields(below[:, :, first_valid:, :])
                if fields.shape[2] == 0:
                    continue
                for movie in range(fields.shape[1]):
                    for position in range(fields.shape[0]):
                        moments.update(fields[position, movie, :, :]).end_trial()
            fitted.append(_learn(layer, moments, depth))
            first_valid += layer.memory - 1
            outputs = len(fitted[-1].get_feature_names_out())
        if progress is not None:
            progress(1.0, "learned")
        self.layers_, self.plan_ = fitted, layers
        self.valid_from_ = [int(n) for n in np.cumsum([layer.memory - 1 for layer in layers])]
        return self

    def transform(self, movies: Trials, *, layer: int = -1) -> Array | list[Array]:
        """Compute the outputs of a layer at every position, causal, one row per sample.

        Parameters
        ----------
        movies
            One (time, pixels) array or a list of them.
        layer
            Which layer, counted from 0 at the pixels; negative counts from the top.

        Returns
        -------
        Array or list of Array
            (time, positions, outputs), of the library, device and floating type of the movie; a list for a
            list. Missing history counts as the mean at every layer; NaN where a window touches a gap.

        Raises
        ------
        NotFittedError
            Not fitted yet.
        ArgumentError
            There is no such layer.
        ShapeError, DataError
            A movie is narrower than a receptive field, or infinite.
        """
        check_is_fitted(self)
        depth = len(self.layers_)
        layer = check_integer("layer", layer, minimum=-depth, maximum=depth - 1) % depth
        layers = self.plan_[: layer + 1]
        stacks = [_as_stack(movie) for movie in _check_movies("movies", movies)]
        for stack in stacks:
            self._check_plan(layers, stack.shape[0])
        answers: dict[int, Array] = {}
        for members in _alike(stacks):
            outputs = _ascend(_together(stacks, members), layers, self.layers_)
            xp = array_namespace(outputs)
            for place, member in enumerate(members):
                answer = xp.permute_dims(outputs[:, place, :, :], (1, 0, 2))
                answers[member] = xp.astype(answer, stacks[member].dtype)
        results = [answers[member] for member in range(len(stacks))]
        return results if is_list_of_trials(movies) else results[0]

    def positions(self, n_pixels: int) -> list[int]:
        """Count the positions of every layer above ``n_pixels`` pixels.

        Parameters
        ----------
        n_pixels
            Width of the retina, ≥ 1.

        Returns
        -------
        list of int
            One number per layer.

        Raises
        ------
        ShapeError
            The retina is narrower than a receptive field.

        Examples
        --------
        >>> ReSUNetwork([ReSULayer(5, 5, 1), ReSULayer(1, 1, 1, width=3, spacing=2)]).positions(10)
        [10, 6]
        """
        return self._check_plan(self._check_layers(), check_integer("n_pixels", n_pixels, minimum=1))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _check_layers(self) -> list[ReSULayer]:
        if not isinstance(self.layers, Sequence) or not self.layers:
            raise ArgumentTypeError(
                "layers",
                allowed="a sequence of at least one ReSULayer",
                got=repr(self.layers),
                remedy="Write ReSUNetwork([ReSULayer(...), ...]).",
            )
        for index, layer in enumerate(self.layers):
            if not isinstance(layer, ReSULayer):
                raise ArgumentTypeError(
                    f"layers[{index}]",
                    allowed="a ReSULayer",
                    got=type(layer).__name__,
                    remedy="Describe each layer by a ReSULayer.",
                )
        return list(self.layers)

    def _check_plan(self, layers: list[ReSULayer], n_pixels: int) -> list[int]:
        """See that every layer fits on the one below, and return their positions."""
        counts: list[int] = []
        positions, outputs = n_pixels, 1
        for index, layer in enumerate(layers):
            channels = layer.n_channels(outputs)
            layer.settings().check_rank(channels, channels)
            positions, outputs = layer.n_positions(positions), layer.n_outputs
            if positions < 1:
                raise ShapeError(
                    "movies",
                    allowed=f"at least {n_pixels + 1 - positions} pixels wide, for the receptive fields up "
                    f"to layer {index}",
                    got=f"{n_pixels} pixel(s)",
                    remedy="Use more pixels, or a smaller width or spacing.",
                )
            counts.append(positions)
        return counts


def _check_movies(name: str, movies: Any) -> list[Array]:
    """Return movies as (time, pixels) arrays; unlike trials, they may differ in width."""
    if hasattr(movies, "toarray"):
        got = f"a sparse {type(movies).__name__}"
        raise ArgumentTypeError(name, allowed="a dense array", got=got, remedy="Use its toarray().")
    if not is_list_of_trials(movies):
        return check_trials(name, movies)
    return [check_trials(f"{name}[{index}]", movie)[0] for index, movie in enumerate(movies)]


def _check_length(layer: ReSULayer, samples: int) -> None:
    window = layer.settings().window
    if samples < window:
        raise DataError(
            "movies",
            allowed=f"at least {window} samples long, the window of layer 0 (memory + gap + horizon - 1)",
            got=f"{samples} sample(s) at most",
            remedy="Give longer movies, or a shorter memory, horizon or gap.",
        )


def _learn(layer: ReSULayer, moments: LagMoments, depth: int) -> ReSU:
    try:
        return ReSU.from_moments(
            moments,
            layer.rank,
            center=layer.center,
            rectify=layer.rectify,
            objective=layer.objective,
            ridge=layer.ridge,
        )
    except DataError as error:
        got = f"{error.got} at the input of layer {depth}"
        raise DataError("movies", allowed=error.allowed, got=got, remedy=error.remedy) from error


def _as_stack(movie: Array) -> Array:
    """Turn (time, pixels) into (positions, time, 1)."""
    xp = array_namespace(movie)
    return xp.permute_dims(movie, (1, 0))[..., None]


def _alike(stacks: Sequence[Array]) -> list[list[int]]:
    """Group movies of one shape and kind, which can go through the layers in one pass, as indices."""
    groups: list[list[int]] = []
    open_groups: dict[Any, list[int]] = {}
    for index, stack in enumerate(stacks):
        kind = (type(stack), stack.shape, str(stack.dtype), str(device(stack)))
        group = open_groups.get(kind)
        if group is None or (len(group) + 1) * stack.shape[0] * stack.shape[1] > _TOGETHER:
            group = open_groups[kind] = []
            groups.append(group)
        group.append(index)
    return groups


def _together(stacks: Sequence[Array], members: Sequence[int]) -> Array:
    """Stack movies of one shape as (positions, movies, time, 1)."""
    xp = array_namespace(stacks[members[0]])
    return xp.stack([stacks[member] for member in members], axis=1)


def _ascend(stack: Array, layers: Sequence[ReSULayer], units: Sequence[ReSU]) -> Array:
    """Send (positions, movies, time, 1) up through the layers."""
    for layer, unit in zip(layers, units, strict=False):
        fields = layer.receptive_fields(stack)
        xp = array_namespace(fields)
        trials = xp.reshape(fields, (-1, *fields.shape[2:]))
        z = project(trials, like(unit.filters_, fields), like(unit.past_mean_, fields))
        stack = rectify(z, unit.modes_)
        stack = xp.reshape(stack, (*fields.shape[:3], -1))
    return stack
